// What each layer says of the ports of a cell, where a mesh has a say: network, mTLS and requests, apart and together.
const LAYER_VIEWS = [
  { key: "", word: "Together", title: "what all layers together allow" },
  { key: "network", word: "Network", title: "what the network alone allows, on the ports that are on the wire" },
  { key: "transport", word: "mTLS", title: "which connections the servers' side alone accepts" },
  { key: "requests", word: "Requests", title: "what the policies of requests alone allow" },
];
const COLOUR_VIEWS = [
  { key: "", word: "Verdict", title: "cells show verdicts" },
  { key: "encryption", word: "Encryption", title: "cells show how what passes is encrypted, and whether the source is known" },
];
const ENCRYPTION_CATEGORIES = [
  { key: "proven", word: "encrypted, source known", color: "--proven", shape: "lock" },
  { key: "sealed", word: "encrypted, source not known", color: "--sealed", shape: "seal" },
  { key: "partly", word: "some ports encrypted", color: "--partly", shape: "half" },
  { key: "plain", word: "not encrypted", color: "--plain", shape: "unlocked" },
  { key: "unsure", word: "encryption unknown", color: "--unknown", shape: "ring" },
  { key: "denied", word: "denied", color: "--denied", shape: "dot" },
  { key: "none", word: "no flow", color: "--none", shape: "none" },
];
const NETWORK_LAYER = 0;
const FROM_SOURCE = -1;
const TO_DESTINATION = -2;
const SHOWN_SEGMENTS = 6;

// The number of a layer among what is told; -1: all together.
function layerNumber(key) {
  return LAYER_VIEWS.findIndex((view) => view.key === key) - 1;
}

// The lines of a cell as one layer has them.
function linesOf(lines, layer) {
  if (layer < 0) return lines;
  return lines.map((line) => {
    if (!line.told) return line;
    const { verdicts, transport, requests } = line.told;
    const own = [line.told.layer === NETWORK_LAYER ? line.reason : null, transport.reason, requests.reason][layer];
    return { ...line, verdict: verdicts[layer], reason: own };
  });
}

function sealOf(told) {
  if (told.encryption === "") return "partly";
  if (told.encryption === "unknown") return "unsure";
  if (told.encryption === "none") return "plain";
  return told.proven === 1 ? "proven" : "sealed";
}

function encryptionCategory(cell, asked, layer) {
  const number = (key) => ENCRYPTION_CATEGORIES.findIndex((category) => category.key === key);
  if (NO_FLOW_WORDS.has(cell.closed)) return number("none");
  const found = new Set();
  for (const line of linesOf(cell.lines, layer)) {
    if (line.verdict === DENIED || (asked && !commonPorts(line.ports, asked).length)) continue;
    found.add(line.told ? sealOf(line.told) : "unsure");
  }
  if (!found.size) return number("denied");
  return number(found.size === 1 ? [...found][0] : found.has("unsure") && !found.has("plain") && found.size === 2 ? "unsure" : "partly");
}

function sealWords(told, identity) {
  const words = told.encryption === "none" ? "not encrypted" : told.encryption === "" ? "not all encrypted alike" : told.encryption === "unknown" ? "encryption unknown" : told.encryption;
  return told.proven === 1 ? `${words} as ${identity || "its identity"}` : words;
}

// What a cell's words end with: how it is encrypted, and which layer is in the way.
function layerWords(lines, asked, identity) {
  const seals = new Set();
  const limits = new Set();
  for (const line of lines) {
    if (!line.told || (asked && !commonPorts(line.ports, asked).length)) continue;
    if (line.verdict !== DENIED) seals.add(sealWords(line.told, identity));
    if (line.told.layer >= 0) limits.add(`${VERDICT_WORDS[line.verdict]} by ${LAYER_VIEWS[line.told.layer + 1].word}`);
  }
  return { seals: [...seals], limits: [...limits] };
}

// The cards of a kind of pairs: for each verdict on some ports what every layer says, and who says it.
class LayerCards {
  constructor(data, details) {
    this.data = data;
    this.details = details;
  }

  // What each layer says of all ports of a cell, one line a layer.
  summary(cell, layer) {
    const rows = LAYER_VIEWS.map((view, index) => {
      const lines = linesOf(cell.lines, index - 1);
      const ports = portsByVerdict(lines, null);
      const others = VERDICT_ORDER.filter((verdict) => ports[verdict].length);
      const chips = others.map((verdict) => {
        const word = verdict === DENIED && others.length > 1 ? "otherwise" : portsText(ports[verdict]);
        return element("span", { class: "said" }, chipOf(verdict), " ", element("span", { class: "name" }, word));
      });
      return element("tr", { class: index - 1 === layer ? "chosen" : null }, element("th", { scope: "row" }, view.word), element("td", {}, chips));
    });
    return element("table", { class: "layers" }, element("tbody", {}, rows));
  }

  cards(state, lines, block, names) {
    const width = (ports) => ports.reduce((sum, key, index) => sum + (index % 2 ? key + 1 : -key), 0);
    // First what passes in part or is open, then what passes, then what the upper layers deny.
    const rank = ({ verdict, told }) => 4 * [MIXED, UNKNOWN, ALLOWED, DENIED].indexOf(verdict) + (verdict === DENIED ? 2 - told.layer : 0);
    const sorted = [...lines].sort((left, right) => rank(left) - rank(right) || width(left.ports) - width(right.ports));
    return sorted.map((line) => this.#card(state, line, block, names));
  }

  #card(state, line, block, names) {
    const { told } = line;
    const limiting = told.layer >= 0 ? ` by ${LAYER_VIEWS[told.layer + 1].word}` : "";
    const head = element("div", { class: "head" }, element("span", { class: `chip ${VERDICT_WORDS[line.verdict]}` }, VERDICT_WORDS[line.verdict] + limiting), element("span", { class: "ports" }, portsText(line.ports)));
    const why = line.reason ? element("p", { class: "why" }, line.reason.text, line.reason.decide ? element("span", { class: "decide" }, `would decide it: ${line.reason.decide}`) : null) : null;
    const layers = element(
      "dl",
      {},
      this.#title(told, 0, told.stories.some((story) => story.hops.length) ? "" : "nothing is sent"),
      this.#network(state, line, block, names),
      this.#title(told, 1, told.transport.reason.text),
      this.#decisions(told.transport.decisions),
      this.#title(told, 2, told.requests.reason.text),
      told.allows ? element("dd", { class: "passing" }, "passing: ", element("span", { class: "name" }, told.allows)) : null,
      this.#decisions(told.requests.decisions),
    );
    return element("div", { class: "card" }, head, this.#seal(state, told, block), why, layers);
  }

  #seal(state, told, block) {
    const key = sealOf(told);
    const identity = state.identityOfUnit(block.from);
    const known = {
      0: "the destination does not know who it is",
      1: ["known as ", element("span", { class: "name" }, identity || "an identity that is not known")],
      2: "it is not known whether the destination knows who it is",
    }[told.proven];
    const word = { "": "differs", none: "not encrypted", unknown: "encryption unknown" }[told.encryption] || told.encryption;
    const because = told.open ? told.open.text : told.why;
    return element("p", { class: "why seal" }, element("span", { class: `chip ${key}` }, word), " ", known, because ? element("span", { class: "decide" }, because) : null);
  }

  #title(told, layer, words) {
    const verdict = told.verdicts[layer];
    const first = told.layer === layer && verdict === DENIED ? " first" : "";
    return element("dt", {}, chipOf(verdict), " ", element("b", {}, LAYER_VIEWS[layer + 1].word), first ? " denies first" : "", words ? `: ${words}` : "");
  }

  #decisions(decisions) {
    const rest = decisions.length - SHOWN_OBJECTS;
    return [
      ...decisions.slice(0, SHOWN_OBJECTS).map((decision) => objectOf(decision)),
      rest > 0 ? element("dd", { class: "more" }, `and ${rest} more`) : null,
    ];
  }

  // Hop by hop what egress of the one and ingress of the other say of the ports on the wire.
  #network(state, line, block, names) {
    const { stories } = line.told;
    return stories.map((story) => {
      const several = stories.length > 1 && story.fact ? element("dd", { class: "more" }, `if ${story.fact}:`) : null;
      const hops = story.hops.map(([from, to, wire]) => {
        const [left, right] = [from, to].map((place) => this.#place(state, place, block, names));
        const alone = story.hops.length === 1 && !wire;
        const over = alone ? null : element("dd", { class: "hop" }, element("span", { class: "name" }, `${left.name} → ${right.name}`), ` on ${wire ? `TCP ${wire}` : portsText(line.ports)}`);
        return [over, left.units.slice(0, 1).map((one) => right.units.slice(0, 1).map((other) => this.#sides(state, one, other, left.name, right.name, wire ? [wire, wire] : line.ports, line.told.verdicts[0])))];
      });
      return [several, hops];
    });
  }

  #place(state, place, block, names) {
    if (place === FROM_SOURCE) return { name: names[0], units: [block.from] };
    if (place === TO_DESTINATION) return { name: names[1], units: [block.to] };
    const [name, units] = state.raw.layers.ways[place];
    return { name, units };
  }

  #sides(state, from, to, left, right, ports, verdict) {
    return [
      ["Egress", left, state.side(from, to, true)],
      ["Ingress", right, state.side(from, to, false)],
    ].map(([word, name, side]) => {
      if (!side) return element("dd", {}, element("b", {}, word), " of ", element("span", { class: "name" }, name), ": policies of pods do not govern this end");
      const own = side.segments.filter((segment) => commonPorts(segment.ports, ports).length);
      return own.slice(0, SHOWN_SEGMENTS).map((segment) => {
        const some = own.length > 1 ? ` (${portsText(commonPorts(segment.ports, ports))})` : "";
        return element("dd", {}, element("dl", { class: "side" }, this.details.side(word, name + some, segment, side, verdict)));
      });
    });
  }
}

function chipOf(verdict) {
  return element("span", { class: `chip ${VERDICT_WORDS[verdict]}` }, VERDICT_WORDS[verdict]);
}

function objectOf(decision) {
  const rule = decision.rule < 0 ? "" : ` rule ${decision.rule}`;
  return element("dd", {}, element("span", { class: "name" }, decision.text + rule), decision.place ? element("span", { class: "place" }, decision.place) : null);
}
