// What the page shows, kept in its address: filters, open namespaces, the chosen cell, the view.
class Filters {
  constructor(data) {
    this.data = data;
    this.reset();
  }

  reset() {
    this.with = "";
    this.from = "";
    this.to = "";
    this.port = "";
    this.hidden = new Set();
    this.open = null; // null: by itself; "all"; or a set of names of groups
    this.chosen = null; // [source, destination]
    this.list = false;
    this.show = this.data.states.length > 1 ? "change" : 0;
    this.layer = ""; // one layer alone; "": all together
    this.colour = ""; // "encryption": how what passes is encrypted
    this.size = 0; // 0: what fits
    this.theme = "";
  }

  read(hash) {
    this.reset();
    const given = new URLSearchParams(hash.replace(/^#/, ""));
    const words = [...given.keys()].length ? given : new URLSearchParams(this.data.raw.opened);
    this.with = words.get("with") || "";
    this.from = words.get("from") || "";
    this.to = words.get("to") || "";
    this.port = words.get("port") || "";
    this.hidden = new Set((words.get("hide") || "").split(",").filter(Boolean));
    const open = words.get("open");
    if (open === "*") this.open = "all";
    else if (open !== null) this.open = new Set(words.getAll("open").filter(Boolean));
    const source = this.data.referred(words.get("source") || "");
    const destination = this.data.referred(words.get("destination") || "");
    if (source >= 0 && destination >= 0) this.chosen = [source, destination];
    this.list = words.get("view") === "list";
    const show = words.get("show");
    if (this.data.states.length > 1 && (show === "before" || show === "after")) this.show = show === "before" ? 0 : 1;
    if (this.data.layered) {
      if (layerNumber(words.get("layer")) >= 0) this.layer = words.get("layer");
      if (words.get("colour") === "encryption") this.colour = "encryption";
    }
    const size = Number(words.get("size"));
    this.size = SIZES.includes(size) ? size : 0;
    this.theme = ["light", "dark"].includes(words.get("theme")) ? words.get("theme") : "";
  }

  // The address that read() understands.
  hash() {
    const words = new URLSearchParams();
    for (const key of ["with", "from", "to", "port"]) if (this[key]) words.set(key, this[key]);
    if (this.hidden.size) words.set("hide", [...this.hidden].join(","));
    if (this.open === "all") words.set("open", "*");
    else if (this.open) for (const name of this.open.size ? this.open : [""]) words.append("open", name);
    if (this.chosen) {
      words.set("source", this.data.reference(this.chosen[0]));
      words.set("destination", this.data.reference(this.chosen[1]));
    }
    if (this.list) words.set("view", "list");
    if (this.data.states.length > 1 && this.show !== "change") words.set("show", this.show ? "after" : "before");
    if (this.layer) words.set("layer", this.layer);
    if (this.colour) words.set("colour", this.colour);
    if (this.size) words.set("size", String(this.size));
    if (this.theme) words.set("theme", this.theme);
    const text = words.toString();
    // An empty address means the filters that the page came with.
    return text || (Object.keys(this.data.raw.opened).length ? "open=" : "");
  }

  // The ports asked for; null for all, and undefined where the words are no ports.
  get asked() {
    if (!this.port.trim()) return null;
    return parsedPorts(this.port) || undefined;
  }
}

const SIZES = [1, 2, 3, 4, 6, 8, 11, 14, 18, 22, 28, 34];
const SORT_WORDS = { node: NODES, nodes: NODES, address: ADDRESSES, addresses: ADDRESSES };

// For every end 1 where it matches a query, else 0; null where the query asks for nothing.
function matching(data, query) {
  const words = query.trim().split(/\s+/).filter(Boolean);
  if (!words.length) return null;
  const tests = words.map((word) => {
    const not = word.startsWith("!") && word.length > 1;
    const text = not ? word.slice(1) : word;
    let test;
    if (/^=.*\*$/.test(text)) {
      const start = text.slice(1, -1);
      test = (index) => data.names[index].startsWith(start);
    } else if (/^[=#]./.test(text)) {
      const end = data.referred(text[0] === "=" ? text.slice(1) : text);
      test = (index) => index === end;
    } else {
      const part = text.toLowerCase();
      const sort = SORT_WORDS[part];
      test = (index) =>
        data.lower[index].includes(part) || (sort !== undefined && data.groups[data.groupOf[index]].sort === sort);
    }
    return { not, test };
  });
  const wanted = tests.filter((one) => !one.not);
  const unwanted = tests.filter((one) => one.not);
  return Uint8Array.from(data.names, (_, index) =>
    (!wanted.length || wanted.some((one) => one.test(index))) && !unwanted.some((one) => one.test(index)) ? 1 : 0,
  );
}
