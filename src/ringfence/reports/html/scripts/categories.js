// What a cell is drawn as. In a page of two states a cell says how the verdict changed: as the rows of the difference
// say, or, where not all of them are on the page, as the two cells do.
const VERDICT_CATEGORIES = [
  { key: "all", word: "allowed, any port", color: "--all", shape: "full" },
  { key: "some", word: "allowed, some ports", color: "--some", shape: "small" },
  { key: "mixed", word: "mixed", color: "--mixed", shape: "half" },
  { key: "unknown", word: "unknown", color: "--unknown", shape: "ring" },
  { key: "denied", word: "denied", color: "--denied", shape: "dot" },
  { key: "none", word: "no flow", color: "--none", shape: "none" },
];
const CHANGE_CATEGORIES = [
  { key: "widened", word: "widened", color: "--widened", shape: "full" },
  { key: "narrowed", word: "narrowed", color: "--narrowed", shape: "small" },
  { key: "both", word: "widened and narrowed", color: "--both", shape: "half" },
  { key: "fresh", word: "new end", color: "--fresh", shape: "ring" },
  { key: "gone", word: "end gone", color: "--gone", shape: "ring" },
  { key: "same", word: "same, not denied", color: "--same", shape: "tiny" },
  { key: "denied", word: "same, denied", color: "--denied", shape: "dot" },
  { key: "none", word: "no flow", color: "--none", shape: "none" },
];
const NO_FLOW_WORDS = new Set(["no pod is at either end", "a pod always reaches its own address"]);
const RANKS = [0, 2, 1, 1];

// Verdict by verdict the ports of a cell, of `asked` only where that is not null.
function portsByVerdict(lines, asked) {
  const found = [[], [], [], []];
  const named = [];
  for (const line of lines) {
    found[line.verdict].push(asked ? commonPorts(line.ports, asked) : line.ports);
    named.push(line.ports);
  }
  const joined = found.map((sets) => joinedPorts(sets));
  joined[DENIED] = joinedPorts([joined[DENIED], portsWithout(asked || EVERY_PORT, joinedPorts(named))]);
  return joined;
}

function verdictCategory(cell, asked, layer = -1) {
  if (NO_FLOW_WORDS.has(cell.closed)) return 5;
  const ports = portsByVerdict(linesOf(cell.lines, layer), asked);
  if (ports[MIXED].length) return 2;
  if (ports[UNKNOWN].length) return 3;
  if (!ports[ALLOWED].length) return 4;
  return ports[DENIED].length ? 1 : 0;
}

function changeCategory(before, after, asked) {
  if (!before && !after) return 7;
  // A workload of one pod that became several, or the other way round: no flow that both states have.
  const lone = before && after && (NO_FLOW_WORDS.has(before.closed) || NO_FLOW_WORDS.has(after.closed));
  if (lone) return sameCategory(after, asked);
  if (!before || !after) {
    const own = verdictCategory(before || after, asked);
    return own >= 4 ? own + 2 : before ? 4 : 3;
  }
  const old = portsByVerdict(before.lines, asked);
  const now = portsByVerdict(after.lines, asked);
  let wider = false;
  let narrower = false;
  let other = false;
  for (let first = 0; first < 4; first++) {
    for (let second = 0; second < 4; second++) {
      if (first === second || !commonPorts(old[first], now[second]).length) continue;
      if (RANKS[second] > RANKS[first]) wider = true;
      else if (RANKS[second] < RANKS[first]) narrower = true;
      else other = true;
    }
  }
  if (other || (wider && narrower)) return 2;
  if (wider) return 0;
  if (narrower) return 1;
  return sameCategory(after, asked);
}

function sameCategory(cell, asked) {
  const own = cell ? verdictCategory(cell, asked) : 5;
  return own >= 4 ? own + 2 : 5;
}

const MOST_MARKS = 40_000_000;
const CHANGE_OF = { widened: 1, narrowed: 2, changed: 3, new: 4, gone: 8, weakened: 3, strengthened: 3, otherwise: 3 };

// For each pair what the rows of the difference say of it, as bits; null where they do not say all.
function marksOf(data, asked) {
  const { difference, size } = data;
  if (!difference || difference.leftOut) return null;
  const rows = difference.rows.filter((row) => !asked || commonPorts(row.ports, asked).length);
  const sides = rows.map((row) => [difference.members(row.sources), difference.members(row.destinations)]);
  if (sides.reduce((sum, [from, to]) => sum + from.length * to.length, 0) > MOST_MARKS) return null;
  const marks = new Uint8Array(size * size);
  rows.forEach((row, index) => {
    const bit = CHANGE_OF[row.change];
    for (const source of sides[index][0]) for (const destination of sides[index][1]) marks[source * size + destination] |= bit;
  });
  return marks;
}

function markedCategory(mark) {
  if ((mark & 3) === 3) return 2;
  if (mark & 3) return (mark & 3) - 1;
  return mark & 4 ? 3 : 4;
}

// Categories of all pairs under one view ("change", or the number of a state), one set of ports, and one layer by its
// number (-1: all together). Of a state `sealed` says that they are categories of encryption.
class Categories {
  constructor(data, view, asked, layer = -1, sealed = false) {
    this.data = data;
    this.view = view;
    this.asked = asked;
    this.layer = layer;
    this.sealed = sealed && view !== "change";
    this.list = view === "change" ? CHANGE_CATEGORIES : this.sealed ? ENCRYPTION_CATEGORIES : VERDICT_CATEGORIES;
    this.none = this.list.length - 1;
    if (view === "change") {
      const [before, after] = data.states;
      // The rows of the difference speak of all layers together.
      this.marks = layer < 0 ? marksOf(data, asked) : null;
      this.width = after.cells.length + 1;
      const places = (before.cells.length + 1) * this.width;
      // By place; where there are too many of them, only those that are asked for.
      this.table = places <= 1 << 24 ? new Uint8Array(places).fill(255) : null;
      this.sparse = new Map();
    } else {
      const state = data.states[view];
      this.table = Uint8Array.from(state.cells, (cell) => (this.sealed ? encryptionCategory(cell, asked, this.layer) : verdictCategory(cell, asked, this.layer)));
    }
  }

  of(source, destination) {
    if (this.view !== "change") {
      const number = this.data.states[this.view].cellNumber(source, destination);
      return number < 0 ? this.none : this.table[number];
    }
    const [before, after] = this.data.states;
    const mark = this.marks ? this.marks[source * this.data.size + destination] : 0;
    if (mark) return markedCategory(mark);
    const old = before.cellNumber(source, destination);
    const now = after.cellNumber(source, destination);
    const place = (old + 1) * this.width + now + 1;
    let found = this.table ? this.table[place] : (this.sparse.get(place) ?? 255);
    if (found === 255) {
      const cells = [before.cells[old], after.cells[now]].map((cell) => cell && { ...cell, lines: linesOf(cell.lines, this.layer) });
      found = this.marks ? sameCategory(cells[1] || cells[0], this.asked) : changeCategory(...cells, this.asked);
      if (this.table) this.table[place] = found;
      else this.sparse.set(place, found);
    }
    return found;
  }
}
