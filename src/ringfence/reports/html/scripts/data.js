// The data of the page, ready to ask: ends by number, and for every pair of ends its cell in each state.
const DENIED = 0;
const ALLOWED = 1;
const UNKNOWN = 2;
const MIXED = 3;
const VERDICT_WORDS = ["denied", "allowed", "unknown", "mixed"];
const NODES = -1;
const ADDRESSES = -2;

async function inflated(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Byte planes as numbers: rows one after the other.
async function unpacked(table) {
  const bytes = await inflated(table.packed);
  const length = table.rows * table.size;
  if (table.planes === 1) return bytes;
  const numbers = table.planes === 2 ? new Uint16Array(length) : new Uint32Array(length);
  for (let plane = 0; plane < table.planes; plane++) {
    const from = plane * length;
    const shift = 8 * plane;
    for (let index = 0; index < length; index++) numbers[index] |= bytes[from + index] << shift;
  }
  return numbers;
}

class State {
  static async of(raw) {
    const state = new State();
    [state.numbers, state.sideNumbers] = await Promise.all([unpacked(raw.rows), unpacked(raw.sideNumbers)]);
    state.raw = raw;
    state.tolds = (raw.layers ? raw.layers.tolds : []).map((told) => state.#told(told));
    state.label = raw.label;
    state.units = raw.units;
    state.unitOf = Int32Array.from(raw.unitOf);
    state.itself = Int32Array.from(raw.itself);
    state.rowStart = Float64Array.from(raw.rowOf, (row) => row * raw.units);
    state.cells = raw.cells.map(([lines, apart, closed], number) => ({
      number,
      lines: state.#lines(lines),
      apart: apart.map(([words, own]) => ({ words, lines: state.#lines(own) })),
      closed,
    }));
    return state;
  }

  #lines(lines) {
    return lines.map(([ports, verdict, reason, told]) => ({
      ports: this.raw.ports[ports],
      verdict,
      reason: this.#reason(reason),
      told: told === undefined ? null : this.tolds[told],
    }));
  }

  #reason(number) {
    return number < 0 ? null : { text: this.raw.reasons[number][0], decide: this.raw.reasons[number][1] };
  }

  // What each layer says of some ports, and the hops that the network was asked of.
  #told([verdicts, layer, encryption, proven, allows, transport, requests, open, stories, why]) {
    const { layers } = this.raw;
    const said = ([reason, decisions]) => ({
      reason: this.#reason(reason) || { text: "", decide: "" },
      decisions: decisions.map((number) => this.#decision(number)),
    });
    return {
      verdicts,
      layer,
      encryption: layers.encryptions[encryption],
      proven,
      allows: layers.allows[allows],
      why: layers.allows[why],
      transport: said(transport),
      requests: said(requests),
      open: this.#reason(open),
      stories: stories.map(([fact, hops]) => ({ fact, hops })),
    };
  }

  // Who a unit is in the mesh; "" where it is nobody, or that is not known.
  identityOfUnit(unit) {
    const { layers } = this.raw;
    const number = layers && unit < layers.identityOf.length ? layers.identityOf[unit] : -1;
    return number < 0 ? "" : layers.identities[number];
  }

  identityOf(end) {
    const found = new Set(this.parts(end).map((part) => this.identityOfUnit(part.unit)));
    return found.size === 1 ? [...found][0] : "";
  }

  has(end) {
    return this.unitOf[end] >= 0;
  }

  // The number of the cell of two ends; -1 where this state lacks one of them.
  cellNumber(source, destination) {
    const from = this.unitOf[source];
    const to = this.unitOf[destination];
    if (from < 0 || to < 0) return -1;
    return source === destination ? this.itself[source] : this.numbers[this.rowStart[to] + from];
  }

  cell(source, destination) {
    const number = this.cellNumber(source, destination);
    return number < 0 ? null : this.cells[number];
  }

  cellOfUnits(from, to) {
    return this.cells[this.numbers[this.rowStart[to] + from]];
  }

  // One direction between two base units; null where policies do not govern it.
  side(from, to, egress) {
    const raw = this.raw;
    const row = egress ? raw.egress[from] : raw.ingress[to];
    if (row < 0) return null;
    const local = this.sideNumbers[row * raw.base + (egress ? to : from)];
    const number = raw.sideRows[row][local];
    const [ownNode, segments] = raw.sides[number];
    return {
      number,
      ownNode,
      segments: segments.map(([ports, outcome, passed, decisions, unseen]) => ({
        ports: raw.ports[ports],
        outcome,
        passed: passed === 1,
        unseen: unseen < 0 ? "" : raw.reasons[unseen][0],
        decisions: decisions.map((number) => this.#decision(number)),
      })),
    };
  }

  #decision(number) {
    const [thing, rule, file, line] = this.raw.decisions[number];
    const [kind, namespace, name] = this.raw.objects[thing];
    const place = this.raw.files[file];
    return {
      text: `${kind} ${namespace ? `${namespace}/` : ""}${name}`,
      rule,
      place: place && line ? `${place}:${line}` : place,
    };
  }

  // The parts of an end: pods that share a unit. An end without differing pods is one part.
  parts(end) {
    const own = this.raw.parts[end];
    if (!own) return [{ unit: this.unitOf[end], count: 0, names: [] }];
    return own.map(([unit, count, names]) => ({ unit, count, names }));
  }
}

// What diff says of the two states: rows of sources, destinations and ports, and the objects that caused each.
class Difference {
  static async of(raw) {
    const found = new Difference();
    found.verdict = raw.verdict;
    found.leftOut = raw.leftOut;
    found.otherCauses = raw.otherCauses;
    found.width = raw.sets.size;
    found.sets = await unpacked(raw.sets);
    found.rows = raw.rows.map(([sources, destinations, ports, change, before, after, causes, more, explained, family, witness, some, told]) => ({
      sources,
      destinations,
      ports: raw.ports[ports],
      change: raw.changes[change],
      before,
      after,
      causes: causes.map((cause) => raw.causes[cause]),
      more,
      explained: explained === 1,
      family,
      witness,
      some: some === 1,
      told: told || "",
    }));
    found.known = new Map();
    return found;
  }

  has(set, end) {
    return ((this.sets[set * this.width + (end >> 3)] >> (end & 7)) & 1) === 1;
  }

  members(set) {
    if (!this.known.has(set)) {
      const found = [];
      for (let end = 0; end < 8 * this.width; end++) if (this.has(set, end)) found.push(end);
      this.known.set(set, found);
    }
    return this.known.get(set);
  }

  // The rows that hold a pair.
  of(source, destination) {
    return this.rows.filter((row) => this.has(row.sources, source) && this.has(row.destinations, destination));
  }
}

class Data {
  static async of(raw) {
    const data = new Data();
    data.raw = raw;
    data.size = raw.ends.length;
    data.names = raw.ends.map((end) => end[0]);
    data.lower = data.names.map((name) => name.toLowerCase());
    data.kinds = raw.ends.map((end) => raw.kinds[end[2]]);
    data.pods = raw.ends.map((end) => end[3]);
    data.former = raw.ends.map((end) => end[4] || "");
    data.groups = [];
    data.groupOf = new Int32Array(data.size);
    let last = null;
    raw.ends.forEach((end, index) => {
      if (end[1] !== last) {
        last = end[1];
        const name = last === NODES ? "nodes" : last === ADDRESSES ? "addresses outside" : raw.namespaces[last];
        data.groups.push({ name, sort: last < 0 ? last : 0, first: index, last: index });
      }
      data.groups[data.groups.length - 1].last = index;
      data.groupOf[index] = data.groups.length - 1;
    });
    data.states = await Promise.all(raw.states.map((state) => State.of(state)));
    data.layered = data.states.every((state) => state.tolds.length > 0);
    data.difference = raw.difference ? await Difference.of(raw.difference) : null;
    data.byName = new Map();
    data.names.forEach((name, index) => data.byName.set(name, data.byName.has(name) ? -1 : index));
    return data;
  }

  // What names an end in the address of the page; and back.
  reference(end) {
    return this.byName.get(this.names[end]) === end ? this.names[end] : `#${end}`;
  }

  referred(text) {
    const known = this.byName.get(text);
    if (known >= 0) return known;
    const number = /^#(\d+)$/.exec(text);
    return number && Number(number[1]) < this.size ? Number(number[1]) : -1;
  }

  // A name within its group: the namespace is said once.
  shortName(end) {
    const group = this.groups[this.groupOf[end]];
    const name = this.names[end];
    if (group.sort === NODES) return name.replace(/^node\//, "");
    return group.sort === 0 && name.startsWith(`${group.name}/`) ? name.slice(group.name.length + 1) : name;
  }
}
