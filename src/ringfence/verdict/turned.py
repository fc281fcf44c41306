"""Egress turned over: rows of egress are by source; for each destination, which sources run which program?

What many sources share is kept by zone: destinations that every shared base treats alike. On top of it come the
overrides of single rows, as spans, and bases of few sources that cut far through the columns. The latter are the costly
ones where every policy reaches everywhere; they are turned over together, as one matrix of bits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.network.columns import columns_of, mask_of_columns
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.row import Base, Row
from ringfence.model.policy import Direction

BAND = 256
"""Sources that are turned over at a time: the text of a band fits into the processor's cache."""
Override = tuple[int, int, int, int]
"""(program, program that the zone says, first source of a block, sources from there)."""
Zones = list[tuple[int, tuple[int, ...]]]
"""(destinations, the program of each shared base there)."""
Loose = tuple[int, int, int]
"""(program, program that the zone says, sources)."""


class Turned:
    """The egress of every destination of one relation."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        universe = relation.universe
        self.columns = len(universe.ends)
        self.form = relation.form
        rows: dict[int, tuple[Row, list[int]]] = {}
        for column in range(universe.pods):
            row = relation.row(column, Direction.EGRESS)
            rows.setdefault(id(row), (row, []))[1].append(column)
        self._override(rows.values())
        users: dict[int, tuple[Base, list[int]]] = {}
        for row, sources in rows.values():
            users.setdefault(id(row.base), (row.base, []))[1].extend(sources)
        used = [(base, mask_of_columns(sources)) for base, sources in users.values()]
        used.sort(key=lambda one: -one[1].bit_count())
        self._make_zones(used)

    def _override(self, rows: Iterable[tuple[Row, list[int]]]) -> None:
        block_of = self.relation.columns.block_of
        merged: dict[tuple[int, int, int, int, int], int] = {}
        for row, sources in rows:
            if not row.overrides:
                continue
            spans: dict[int, int] = {}
            for source in sources:
                block = block_of(source)
                spans[block] = spans.get(block, 0) | 1 << (source - block)
            for start, bits, program, usual in row.overrides:
                for block, own in spans.items():
                    key = (start, bits, program, usual, block)
                    merged[key] = merged.get(key, 0) | own
        self.exceptions: dict[int, list[Override]] = {}
        for (start, bits, program, usual, block), own in merged.items():
            entry = (program, usual, block, own)
            for offset in columns_of(bits):
                self.exceptions.setdefault(start + offset, []).append(entry)

    def _make_zones(self, used: list[tuple[Base, int]]) -> None:
        everything = self.relation.universe.everything
        zones: Zones = [(everything, ())]
        shared: list[int] = []
        loose: list[tuple[Base, int]] = []
        tried = 0
        for base, sources in used:
            if len(base.parts) > 1:
                tried += 1
                cut = _refined(zones, base, self.form.zones) if tried <= self.form.shared_bases else None
                if cut is None:
                    loose.append((base, sources))
                    continue
                zones = cut
            else:
                zones = [(mask, (*signature, base.parts[0][1])) for mask, signature in zones]
            shared.append(sources)
        background: dict[int, int] = {}
        for base, sources in loose:
            usual = base.parts[0][1]
            background[usual] = background.get(usual, 0) | sources
        self.zones: list[dict[int, int]] = []
        self.zone_of = [0] * self.columns
        for number, (mask, signature) in enumerate(zones):
            programs = dict(background)
            for program, sources in zip(signature, shared, strict=True):
                programs[program] = programs.get(program, 0) | sources
            self.zones.append(programs)
            if number:
                for column in columns_of(mask):
                    self.zone_of[column] = number
        self._turn_loose(loose)

    def _turn_loose(self, loose: list[tuple[Base, int]]) -> None:
        rectangles: dict[tuple[int, int, int], int] = {}
        for base, sources in loose:
            usual = base.parts[0][1]
            for destinations, program in base.parts[1:]:
                key = (destinations, program, usual)
                rectangles[key] = rectangles.get(key, 0) | sources
        self.loose: dict[int, list[Loose]] = {}
        self.layers: list[tuple[list[int], list[Loose]]] = []
        self.any_loose = bool(rectangles)
        cells = sum(destinations.bit_count() for destinations, _, _ in rectangles)
        rest = list(rectangles.items())
        if cells * self.form.sparse > self.relation.universe.pods * self.columns:
            rest = self._turn_layers(rest)
        for (destinations, program, usual), sources in rest:
            entry = (program, usual, sources)
            for column in columns_of(destinations):
                self.loose.setdefault(column, []).append(entry)

    def _turn_layers(
        self, rectangles: list[tuple[tuple[int, int, int], int]]
    ) -> list[tuple[tuple[int, int, int], int]]:
        """Turns rectangles over as matrices in which each source has one line; gives back those that are few."""
        layers: list[tuple[int, list[tuple[tuple[int, int, int], int]]]] = []
        for rectangle in rectangles:
            sources = rectangle[1]
            for number, (taken, members) in enumerate(layers):
                if not taken & sources:
                    members.append(rectangle)
                    layers[number] = (taken | sources, members)
                    break
            else:
                layers.append((sources, [rectangle]))
        rest: list[tuple[tuple[int, int, int], int]] = []
        for _, members in layers:
            cells = sum(destinations.bit_count() for (destinations, _, _), _ in members)
            if cells * self.form.sparse <= self.relation.universe.pods * self.columns:
                rest.extend(members)
                continue
            lines: dict[int, int] = {}
            groups: dict[tuple[int, int], int] = {}
            for (destinations, program, usual), sources in members:
                groups[program, usual] = groups.get((program, usual), 0) | sources
                for source in columns_of(sources):
                    lines[source] = destinations
            turned = transposed(lines, self.columns)
            self.layers.append((turned, [(program, usual, mask) for (program, usual), mask in groups.items()]))
        return rest

    def egress(self, destination: int) -> dict[int, int]:
        """Egress program → the pods that run it towards a destination, disjoint, together all pods."""
        found = dict(self.zones[self.zone_of[destination]])
        for program, usual, sources in self._loose_at(destination):
            found[usual] ^= sources
            found[program] = found.get(program, 0) | sources
        for program, usual, block, own in self.exceptions.get(destination, ()):
            sources = own << block
            found[usual] ^= sources
            found[program] = found.get(program, 0) | sources
        return found

    def _loose_at(self, destination: int) -> Iterator[Loose]:
        for turned, groups in self.layers:
            line = turned[destination]
            if line:
                for program, usual, mask in groups:
                    sources = line & mask
                    if sources:
                        yield program, usual, sources
        yield from self.loose.get(destination, ())


def _refined(
    zones: list[tuple[int, tuple[int, ...]]], base: Base, most: int
) -> list[tuple[int, tuple[int, ...]]] | None:
    """The zones cut at a base; None where that makes more than ``most``."""
    found: Zones = []
    for mask, signature in zones:
        for columns, program in base.parts:
            both = mask & columns
            if both:
                found.append((both, (*signature, program)))
        if len(found) > most:
            return None
    return found


def transposed(lines: dict[int, int], columns: int) -> list[int]:
    """A matrix of bits turned over: ``lines`` gives masks by line, the result by column masks of lines."""
    empty = "0" * columns
    highest = max(lines, default=-1)
    bands: list[list[str]] = []
    for top in range(highest | (BAND - 1), -1, -BAND):
        text = [
            format(lines[line], f"0{columns}b") if lines.get(line) else empty for line in range(top, top - BAND, -1)
        ]
        joined = "".join(text)
        bands.append([joined[at::columns] for at in range(columns - 1, -1, -1)])
    return [int("".join(parts), 2) for parts in zip(*bands, strict=True)] if bands else [0] * columns
