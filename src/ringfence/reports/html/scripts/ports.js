// Sets of ports: flat lists [first, last, first, last, ...] of keys, protocol * 65536 + port; sorted and disjoint.
const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const EVERY_PORT = PROTOCOLS.flatMap((_, protocol) => [protocol * 65536 + 1, protocol * 65536 + 65535]);

function commonPorts(left, right) {
  const found = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    const first = Math.max(left[i], right[j]);
    const last = Math.min(left[i + 1], right[j + 1]);
    if (first <= last) found.push(first, last);
    if (left[i + 1] < right[j + 1]) i += 2;
    else j += 2;
  }
  return found;
}

function portsWithout(ports, gone) {
  const found = [];
  for (let i = 0; i < ports.length; i += 2) {
    let first = ports[i];
    const last = ports[i + 1];
    for (let j = 0; j < gone.length && first <= last; j += 2) {
      if (gone[j + 1] < first) continue;
      if (gone[j] > last) break;
      if (gone[j] > first) found.push(first, gone[j] - 1);
      first = gone[j + 1] + 1;
    }
    if (first <= last) found.push(first, last);
  }
  return found;
}

function joinedPorts(sets) {
  const pairs = [];
  for (const ports of sets) for (let i = 0; i < ports.length; i += 2) pairs.push([ports[i], ports[i + 1]]);
  pairs.sort((left, right) => left[0] - right[0]);
  const found = [];
  for (const [first, last] of pairs) {
    const end = found.length - 1;
    if (end > 0 && first <= found[end] + 1) found[end] = Math.max(found[end], last);
    else found.push(first, last);
  }
  return found;
}

function samePorts(left, right) {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}

function portsText(ports) {
  if (!ports.length) return "no port";
  if (samePorts(ports, EVERY_PORT)) return "any port";
  const words = [];
  let said = -1;
  for (let i = 0; i < ports.length; i += 2) {
    const protocol = ports[i] >> 16;
    const first = ports[i] & 65535;
    const last = ports[i + 1] & 65535;
    const span = first === 1 && last === 65535 ? "any" : first === last ? String(first) : `${first}-${last}`;
    words.push(protocol === said ? span : `${PROTOCOLS[protocol]} ${span}`);
    said = protocol;
  }
  return words.join(", ");
}

// One port as the command line takes it.
function portArgument(key) {
  return `${key & 65535}/${PROTOCOLS[key >> 16]}`;
}

// "5432", "53/UDP", "UDP 53", "TCP 8000-9000", several with commas; null for words that are none. A bare number is TCP.
function parsedPorts(text) {
  const sets = [];
  for (const word of text.split(",")) {
    const trimmed = word.trim();
    if (!trimmed) continue;
    const before = /^(?:(tcp|udp|sctp)\s*)?(?:(\d{1,5})(?:\s*-\s*(\d{1,5}))?)?$/i.exec(trimmed);
    const after = /^(\d{1,5})(?:-(\d{1,5}))?\/(tcp|udp|sctp)$/i.exec(trimmed);
    if (!before && !after) return null;
    const name = (before ? before[1] : after[3]) || "TCP";
    const first = Number((before ? before[2] : after[1]) || 1);
    const given = before ? before[2] : after[1];
    const last = Number((before ? before[3] : after[2]) || (given ? first : 65535));
    if (first < 1 || last > 65535 || first > last) return null;
    const base = PROTOCOLS.indexOf(name.toUpperCase()) * 65536;
    sets.push([base + first, base + last]);
  }
  return sets.length ? joinedPorts(sets) : null;
}
