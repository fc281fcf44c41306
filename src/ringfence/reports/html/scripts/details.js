// The explanation of one pair, of two namespaces, or of one end. Names only ever become text.
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") for (const [event, handler] of Object.entries(value)) made.addEventListener(event, handler);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  for (const child of children.flat(Infinity)) if (child !== null && child !== undefined) made.append(child);
  return made;
}

const SHOWN_OBJECTS = 6;
const SHOWN_BLOCKS = 10;
const SHOWN_PAIRS = 14;
const VERDICT_ORDER = [ALLOWED, MIXED, UNKNOWN, DENIED];

function counted(number, one, many) {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}

// "allowed on TCP 5432; denied otherwise", and where a mesh has a say "· mtls as spiffe://… · denied by mTLS"
function cellWords(cell, asked, layer = -1, identity = "") {
  if (!cell) return "not there";
  if (NO_FLOW_WORDS.has(cell.closed) && !cell.lines.length) return cell.closed;
  const lines = linesOf(cell.lines, layer);
  const { seals, limits } = layerWords(lines, asked, identity);
  return [verdictWords(lines, asked), ...seals, ...(layer < 0 ? limits : [])].join(" · ");
}

function verdictWords(lines, asked) {
  const ports = portsByVerdict(lines, asked);
  const whole = asked || EVERY_PORT;
  const words = [];
  for (const verdict of VERDICT_ORDER) {
    const own = ports[verdict];
    if (!own.length) continue;
    if (samePorts(own, whole)) return `${VERDICT_WORDS[verdict]} on ${portsText(own)}`;
    if (verdict === DENIED) words.push("denied otherwise");
    else words.push(`${VERDICT_WORDS[verdict]} on ${portsText(own)}`);
  }
  return words.join("; ");
}

// Ports in pieces of which each has one verdict and one answer of either side.
function piecesOf(lines, egress, ingress) {
  const named = joinedPorts(lines.map((line) => line.ports));
  const rest = portsWithout(EVERY_PORT, named);
  const every = rest.length ? [...lines, { ports: rest, verdict: DENIED, reason: null }] : lines;
  const found = [];
  const open = [{ ports: EVERY_PORT, none: true }];
  for (const line of every) {
    for (const out of egress ? egress.segments : open) {
      for (const into of ingress ? ingress.segments : open) {
        const ports = commonPorts(line.ports, commonPorts(out.ports, into.ports));
        if (ports.length) found.push({ ports, verdict: line.verdict, reason: line.reason, out, into });
      }
    }
  }
  const width = (ports) => ports.reduce((sum, key, index) => sum + (index % 2 ? key + 1 : -key), 0);
  found.sort(
    (left, right) =>
      VERDICT_ORDER.indexOf(left.verdict) - VERDICT_ORDER.indexOf(right.verdict) || width(left.ports) - width(right.ports),
  );
  const last = found[found.length - 1];
  if (found.length > 1 && last.ports.length > 4) last.words = "every other port";
  return found;
}

// What a pod's own node sends it, or gets from it, passes although the policies would not let it.
function passesAsOwnNode(segment, side, verdict) {
  return verdict === ALLOWED && side.ownNode !== 0 && segment.outcome !== ALLOWED;
}

class Details {
  constructor(data, aside, on) {
    this.data = data;
    this.aside = aside;
    this.on = on;
    this.layerCards = new LayerCards(data, this);
  }

  close() {
    this.aside.hidden = true;
    this.aside.replaceChildren();
  }

  #open(label, ...children) {
    const close = element("button", { type: "button", class: "close", "aria-label": "Close", on: { click: () => this.on.close() } }, "×");
    this.aside.replaceChildren(close, ...children.flat().filter(Boolean));
    this.aside.setAttribute("aria-label", label);
    this.aside.hidden = false;
    this.aside.scrollTop = 0;
    if (this.aside.offsetTop > innerHeight - 120) this.aside.scrollIntoView({ block: "nearest" });
  }

  #title(source, destination) {
    const arrow = element("span", { class: "arrow" }, " → ");
    return element("h2", {}, source, arrow, destination);
  }

  // Every port between two ends.
  pair(source, destination, categories) {
    const { names, kinds, states } = this.data;
    const title = this.#title(names[source], names[destination]);
    const sub = element("p", { class: "sub" }, `${this.#kind(source)} to ${this.#kind(destination)}`);
    const category = categories.list[categories.of(source, destination)];
    const body = [title, sub];
    if (states.length > 1) {
      const view = new Categories(this.data, "change", null);
      const change = view.list[view.of(source, destination)];
      body.push(element("p", { class: "verdict" }, element("span", { class: `chip ${change.key}` }, change.word)));
      body.push(...this.#moved(source, destination), ...this.#changes(source, destination));
      for (const state of [...states].reverse()) {
        body.push(element("h3", {}, state.label), ...this.#ofState(state, source, destination, categories.layer));
      }
    } else body.push(...this.#ofState(states[0], source, destination, categories.layer));
    body.push(...this.#command(source, destination));
    this.#open(`${names[source]} to ${names[destination]}: ${category.word}`, body);
    return kinds[source];
  }

  #kind(end) {
    const { kinds, pods, groups, groupOf } = this.data;
    if (groups[groupOf[end]].sort < 0) return kinds[end].toLowerCase();
    return pods[end] === 1 ? kinds[end] : `${kinds[end]} of ${pods[end]} pods`;
  }

  #moved(...ends) {
    return [...new Set(ends)]
      .filter((end) => this.data.former[end])
      .map((end) => element("p", { class: "sub" }, element("span", { class: "name" }, this.data.names[end]), " was ", element("span", { class: "name" }, this.data.former[end])));
  }

  // What diff says of the pair: what changed on which ports, and the objects that caused it.
  #changes(source, destination) {
    const { difference } = this.data;
    if (!difference) return [];
    const rows = difference.of(source, destination);
    const cards = rows.slice(0, SHOWN_BLOCKS).map((row) => this.#change(row));
    const notes = [];
    if (rows.length > SHOWN_BLOCKS) notes.push(`${counted(rows.length - SHOWN_BLOCKS, "more change of this pair is", "more changes of this pair are")} not shown.`);
    if (difference.leftOut) notes.push(`${counted(difference.leftOut, "row of the difference is", "rows of the difference are")} not on this page; ringfence diff -o json has all.`);
    if (!cards.length && !notes.length) return [];
    return [element("h3", {}, "What changed it"), ...cards, ...notes.map((words) => element("p", { class: "sub" }, words))];
  }

  #change(row) {
    const key = { changed: "both", new: "fresh", weakened: "widened", strengthened: "narrowed", otherwise: "both" }[row.change] || row.change;
    const family = row.family ? ` (IPv${row.family})` : "";
    const words = [row.before, row.after].map((verdict) => (verdict < 0 ? "no such end" : VERDICT_WORDS[verdict]));
    const alike = [row.sources, row.destinations].reduce((product, set) => product * this.data.difference.members(set).length, 1);
    const causes = row.causes.map(([text, how, place]) =>
      element("dd", {}, element("span", { class: "name" }, text), ` ${how}`, place ? element("span", { class: "place" }, place) : null),
    );
    if (row.more) causes.push(element("dd", { class: "more" }, `and ${row.more} more`));
    if (!row.explained) causes.push(element("dd", { class: "more" }, this.data.difference.otherCauses));
    return element(
      "div",
      { class: "card cause" },
      element("div", { class: "head" }, element("span", { class: `chip ${key}` }, row.change), element("span", { class: "ports" }, portsText(row.ports) + family)),
      element("p", { class: "why" }, `${words[0]} before, ${words[1]} after${row.some ? ", for some of the pods" : ""}`),
      row.told ? element("p", { class: "why" }, row.told) : null,
      causes.length ? element("dl", {}, element("dt", {}, "Caused by"), causes) : null,
      element("p", { class: "why" }, alike > 1 ? `The same in ${alike.toLocaleString("en")} pairs, for example ` : "For example ", element("span", { class: "name" }, row.witness)),
    );
  }

  #ofState(state, source, destination, layer = -1) {
    const cell = state.cell(source, destination);
    if (!cell) {
      const lacking = [source, destination].filter((end) => !state.has(end)).map((end) => this.data.names[end]);
      return [element("p", { class: "sub" }, `There is no ${lacking.join(" and no ")}.`)];
    }
    const layered = cell.lines.some((line) => line.told);
    const found = [layered ? this.layerCards.summary(cell, layer) : this.#verdict(cell)];
    if (cell.closed && !cell.lines.length) return found;
    const blocks = this.#blocks(state, source, destination);
    if (blocks.length > 1) {
      found.push(element("p", { class: "sub" }, "The pods of a workload differ here; each kind of pair stands for itself."));
    }
    for (const block of blocks.slice(0, SHOWN_BLOCKS)) {
      if (blocks.length > 1) found.push(element("h3", {}, block.names.slice(0, 3).join("; ") + (block.names.length > 3 ? `; and ${block.names.length - 3} more kinds` : "")));
      found.push(...this.#cards(state, block, source, destination));
    }
    if (blocks.length > SHOWN_BLOCKS) found.push(element("p", { class: "sub" }, `${blocks.length - SHOWN_BLOCKS} more kinds of pairs are not shown.`));
    return found;
  }

  #verdict(cell) {
    if (cell.closed) {
      const words = cell.closed + (cell.lines.length ? `; ${cellWords({ lines: cell.lines, closed: "" }, null).replace(/;? ?denied otherwise$/, "")}` : "");
      return element("p", { class: "verdict" }, element("span", { class: `chip ${NO_FLOW_WORDS.has(cell.closed) ? "" : "denied"}` }, NO_FLOW_WORDS.has(cell.closed) ? "no flow" : "denied"), element("span", {}, words));
    }
    const ports = portsByVerdict(cell.lines, null);
    const chips = VERDICT_ORDER.filter((verdict) => ports[verdict].length).map((verdict) => {
      const word = verdict === DENIED && cell.lines.length ? "otherwise" : portsText(ports[verdict]);
      return [element("span", { class: `chip ${VERDICT_WORDS[verdict]}` }, VERDICT_WORDS[verdict]), element("span", { class: "name" }, word)];
    });
    return element("p", { class: "verdict" }, chips);
  }

  // Kinds of pairs of pods of two ends, those alike together.
  #blocks(state, source, destination) {
    const found = new Map();
    for (const from of state.parts(source)) {
      for (const to of state.parts(destination)) {
        if (source === destination && from.unit === to.unit && from.count === 1) continue;
        const cell = state.cellOfUnits(from.unit, to.unit);
        const egress = state.side(from.unit, to.unit, true);
        const ingress = state.side(from.unit, to.unit, false);
        const key = [cell.number, egress ? egress.number : -1, ingress ? ingress.number : -1].join();
        if (!found.has(key)) found.set(key, { cell, egress, ingress, from: from.unit, to: to.unit, names: [] });
        found.get(key).names.push(`${this.#podNames(source, from)} → ${this.#podNames(destination, to)}`);
      }
    }
    return [...found.values()];
  }

  #podNames(end, part) {
    if (!part.names.length) return this.data.shortName(end);
    return part.count > 3 || part.names.length > 3
      ? `${part.names.slice(0, 2).join(", ")} and ${part.count - 2} more`
      : part.names.join(", ");
  }

  #cards(state, block, source, destination) {
    const names = [this.data.names[source], this.data.names[destination]];
    if (!block.cell.apart.length) return this.#lines(state, block.cell.lines, block, names);
    return block.cell.apart.flatMap(({ words, lines }) => [
      element("h3", {}, words.startsWith("on ") ? `Where both are ${words}` : words[0].toUpperCase() + words.slice(1)),
      ...this.#lines(state, lines, block, names),
    ]);
  }

  #lines(state, lines, block, names) {
    if (lines.some((line) => line.told)) return this.layerCards.cards(state, lines, block, names);
    const { egress, ingress } = block;
    return piecesOf(lines, egress, ingress).map((piece) => {
      const head = element("div", { class: "head" }, element("span", { class: `chip ${VERDICT_WORDS[piece.verdict]}` }, VERDICT_WORDS[piece.verdict]), element("span", { class: "ports", title: piece.words ? portsText(piece.ports) : null }, piece.words || portsText(piece.ports)));
      const why = piece.reason
        ? element("p", { class: "why" }, piece.reason.text, piece.reason.decide ? element("span", { class: "decide" }, `would decide it: ${piece.reason.decide}`) : null)
        : null;
      const list = element("dl", {}, this.side("Egress", names[0], piece.out, egress, piece.verdict), this.side("Ingress", names[1], piece.into, ingress, piece.verdict));
      return element("div", { class: "card" }, head, why, list);
    });
  }

  // What one direction says of these ports, and the objects that say it.
  side(word, name, segment, side, verdict) {
    const what = element("dt", {}, element("b", {}, word), " of ", element("span", { class: "name" }, name), ": ", this.#outcome(segment, side, verdict));
    if (segment.none || passesAsOwnNode(segment, side, verdict)) return [what];
    const objects = segment.decisions.slice(0, SHOWN_OBJECTS).map((decision) => objectOf(decision));
    const rest = segment.decisions.length - SHOWN_OBJECTS;
    if (rest > 0) objects.push(element("dd", { class: "more" }, `and ${rest} more`));
    if (side.ownNode && !(verdict === DENIED && side.ownNode === 2)) {
      objects.push(element("dd", { class: "more" }, side.ownNode === 1 ? "its own node passes nevertheless" : "some network plugins let its own node pass"));
    }
    return [what, ...objects];
  }

  #outcome(segment, side, verdict) {
    if (segment.none) return "policies of pods do not govern this end";
    if (passesAsOwnNode(segment, side, verdict)) return "open to the pod's own node, whatever its policies say";
    if (segment.unseen) return `open: ${segment.unseen}`;
    if (segment.outcome === MIXED) return "differs between IPv4 and IPv6; these have a say";
    if (segment.outcome === ALLOWED) {
      if (!segment.decisions.length) return "open, no policy governs it";
      return segment.passed ? "open, passed on by" : "allowed by";
    }
    if (segment.outcome === UNKNOWN) return segment.decisions.length ? "not known; these have a say" : "not known";
    if (!segment.decisions.length) return "denied";
    return segment.decisions.every((decision) => decision.rule < 0) ? "denied: isolated, and no rule allows it, by" : "denied by";
  }

  #command(source, destination) {
    const names = [source, destination].map((end) => this.data.names[end]);
    if (!names.every((name) => /^[\w.-]+\/[\w./-]+$/.test(name))) return [];
    const text = `ringfence explain ${names.join(" ")}`;
    const code = element("code", {}, text);
    const copy = element("button", { type: "button", class: "plain", on: { click: () => copied(text, copy) } }, "Copy");
    return [element("h3", {}, "The same in a terminal"), element("div", { class: "command" }, code, copy)];
  }

  // Two items of which at least one is a whole group.
  group(row, column, survey) {
    const names = [row, column].map((item) => (item.end < 0 ? this.data.groups[item.group].name : this.data.names[item.end]));
    const counts = survey.counts(row, column);
    const sum = counts.reduce((total, count) => total + count, 0);
    const list = survey.categories.list;
    const bars = list.flatMap((category, index) => {
      if (!counts[index]) return [];
      const bar = element("i", {});
      bar.style.width = `${(100 * counts[index]) / sum}%`;
      bar.style.setProperty("--mark", `var(${category.color})`);
      return [element("li", {}, element("span", {}, category.word), element("span", { class: "bar" }, bar), element("span", {}, counts[index].toLocaleString("en")))];
    });
    const pairs = [];
    for (const source of survey.members(row)) {
      for (const destination of survey.members(column)) {
        const category = survey.categories.of(source, destination);
        if (!survey.keeps(source, destination) || !survey.shown[category]) continue;
        const key = list[category].key;
        if (key !== "denied" && key !== "none" && key !== "same") pairs.push([source, destination]);
      }
    }
    const shown = pairs.slice(0, SHOWN_PAIRS).map(([source, destination]) => element("li", {}, this.#link(source, destination)));
    const toggle = element("button", { type: "button", class: "plain", on: { click: () => this.on.toggle([...new Set([row, column].filter((item) => item.end < 0).map((item) => item.group))]) } }, "Open or close");
    this.#open(
      `${names[0]} to ${names[1]}`,
      this.#title(...names),
      element("p", { class: "sub" }, counted(sum, "pair of ends", "pairs of ends")),
      element("ul", { class: "bars" }, bars),
      element("div", { class: "buttons" }, toggle),
      shown.length ? element("h3", {}, this.data.states.length > 1 && survey.categories.view === "change" ? "Changed" : "Not denied") : null,
      shown.length ? element("ul", { class: "pairs" }, shown) : null,
      pairs.length > SHOWN_PAIRS ? element("p", { class: "sub" }, `and ${counted(pairs.length - SHOWN_PAIRS, "more pair", "more pairs")}`) : null,
    );
  }

  #link(source, destination) {
    const { names } = this.data;
    return element("button", { type: "button", class: "link name", on: { click: () => this.on.pair(source, destination) } }, `${names[source]} → ${names[destination]}`);
  }

  // One end: how many it reaches, and how many reach it.
  end(end, survey) {
    const { names, groups, groupOf } = this.data;
    const list = survey.categories.list;
    const sums = [new Float64Array(list.length), new Float64Array(list.length)];
    for (let other = 0; other < this.data.size; other++) {
      sums[0][survey.categories.of(end, other)]++;
      sums[1][survey.categories.of(other, end)]++;
    }
    const words = (counts) => list.map((category, index) => ({ category, count: counts[index] })).filter((one) => one.count && one.category.key !== "none");
    const part = (title, counts) => [
      element("h3", {}, title),
      element("ul", { class: "pairs" }, words(counts).map(({ category, count }) => element("li", {}, `${count.toLocaleString("en")} ${category.word}`))),
    ];
    const group = groups[groupOf[end]];
    const filter = (key, word) => element("button", { type: "button", class: "plain", on: { click: () => this.on.filter(key, this.data.reference(end)) } }, word);
    this.#open(
      names[end],
      element("h2", {}, names[end]),
      element("p", { class: "sub" }, group.sort < 0 ? this.#kind(end) : `${this.#kind(end)} in namespace ${group.name}`),
      this.#moved(end),
      part("As a source", sums[0]),
      part("As a destination", sums[1]),
      element("div", { class: "buttons" }, filter("from", "Only from it"), filter("to", "Only to it"), filter("with", "Only with it")),
    );
  }
}

async function copied(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Select it";
  }
}
