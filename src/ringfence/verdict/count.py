"""The exact count of what is allowed between pods, without looking at every pair.

For destinations of one zone whose rows have one base, the sum over all sources is the same but for a few columns: those
of the overrides. It is worked out once, and put right in the blocks that have overrides. A destination whose flows hang
on more than two programs (open facts, addresses, nodes) is summed up by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.layers.network.columns import columns_of, mask_of_columns
from ringfence.layers.network.row import Base, Row, at_column, cut
from ringfence.model.policy import Direction

if TYPE_CHECKING:
    from ringfence.verdict.grid import Grid

Shares = list[tuple[int, int]]
"""(program, sources of a block that run it), disjoint."""


class Count:
    """One count over one grid."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.relation = grid.relation
        self.universe = grid.universe
        self.weights = [self.universe.count(column) for column in range(self.universe.pods)]
        by_bit: dict[int, list[int]] = {}
        for column, weight in enumerate(self.weights):
            for bit in columns_of(weight):
                by_bit.setdefault(bit, []).append(column)
        self.planes = [(mask_of_columns(columns), bit) for bit, columns in by_bit.items()]
        self._blocks = self.relation.columns.blocks
        self._planes_at: dict[int, list[tuple[int, int]]] = {}
        self._sizes: dict[tuple[int, int], int | None] = {}
        self._wholes: dict[tuple[int, int], int | None] = {}
        self._texts: dict[int, list[tuple[bytes, int]]] = {}
        self._zones_at: dict[tuple[int, int], Shares] = {}

    def total(self) -> int:
        """The count."""
        total = 0
        simple = not self.grid.turned.any_loose
        for destination in range(self.universe.pods):
            found = self._towards(destination) if simple and self.grid.uniform(destination) else None
            total += self._one_by_one(destination) if found is None else found
        return total

    def _one_by_one(self, destination: int) -> int:
        ports, weight, own = self.relation.ports, self.weights[destination], 1 << destination
        total = 0
        for sources, result in self.grid.column(destination, self.grid.pods):
            if result.split:
                total += sum(self.grid.count_apart(source, destination) for source in columns_of(sources))
                continue
            size = ports.size(result.allowed)
            if size:
                pairs = self._pods(sources)
                total += size * (pairs * weight - (weight if sources & own else 0))
        return total

    def _pods(self, sources: int) -> int:
        return sum((sources & plane).bit_count() << bit for plane, bit in self.planes)

    def _pods_at(self, start: int, sources: int) -> int:
        """The same for sources of one block."""
        planes = self._planes_at.get(start)
        if planes is None:
            whole = (1 << self._blocks[start]) - 1
            planes = self._planes_at[start] = [
                (mask, bit) for plane, bit in self.planes if (mask := plane >> start & whole)
            ]
        return sum((sources & plane).bit_count() << bit for plane, bit in planes)

    def _size(self, egress: int, ingress: int) -> int | None:
        """How many ports two programs surely allow; None where that hangs on facts."""
        key = (egress, ingress)
        if key not in self._sizes:
            allowed = self.relation.cells.plainly_allowed(egress, ingress)
            if allowed is None:
                result = self.grid.plain(egress, ingress)
                allowed = None if result is None else result.allowed
            self._sizes[key] = None if allowed is None else self.relation.ports.size(allowed)
        return self._sizes[key]

    def _towards(self, destination: int) -> int | None:
        """The count for one destination; None where it has to be summed up one by one."""
        turned = self.grid.turned
        zone = turned.zone_of[destination]
        row = self.relation.row(destination, Direction.INGRESS)
        found = self._whole(zone, row.base)
        if found is None:
            return None
        senders: dict[int, Shares] = {}
        for program, _, start, sources in turned.exceptions.get(destination, ()):
            senders.setdefault(start, []).append((program, sources))
        receivers: dict[int, Shares] = {start: [] for start in senders}
        for start, sources, program, usual in row.overrides:
            if start in senders:
                receivers[start].append((program, sources))
            elif start < self.universe.pods:
                change = self._received(start, zone, sources, program, usual)
                if change is None:
                    return None
                found += change
        for start, shares in senders.items():
            change = self._change(start, zone, row.base, shares, receivers[start])
            if change is None:
                return None
            found += change
        itself = self._itself(destination, row)
        return None if itself is None else (found - itself) * self.weights[destination]

    def _itself(self, destination: int, row: Row) -> int | None:
        start = self.relation.columns.block_of(destination)
        egress = self.relation.row(destination, Direction.EGRESS)
        return self._size(egress.program_in(start, destination), row.program_in(start, destination))

    def _whole(self, zone: int, base: Base) -> int | None:
        """The sum over all source pods for a destination without overrides."""
        key = (zone, id(base))
        if key in self._wholes:
            return self._wholes[key]
        by_size: dict[int, int] = {}
        total: int | None = 0
        for egress, sources in self.grid.turned.zones[zone].items():
            for mask, ingress in base.parts:
                both = sources & mask
                if both and total is not None:
                    size = self._size(egress, ingress)
                    if size is None:
                        total = None
                    elif size:
                        by_size[size] = by_size.get(size, 0) | both
        if total is not None:
            total = sum(size * self._pods(sources) for size, sources in by_size.items())
        self._wholes[key] = total
        return total

    def _zone_texts(self, zone: int) -> list[tuple[bytes, int]]:
        texts = self._texts.get(zone)
        if texts is None:
            size = (self.universe.pods >> 3) + 1
            shares = self.grid.turned.zones[zone].items()
            texts = self._texts[zone] = [(sources.to_bytes(size, "little"), program) for program, sources in shares]
        return texts

    def _zone_at(self, zone: int, start: int) -> Shares:
        key = (zone, start)
        found = self._zones_at.get(key)
        if found is None:
            cuts = cut(self._zone_texts(zone), start, self._blocks[start])
            found = self._zones_at[key] = [(program, bits) for bits, program in cuts]
        return found

    def _received(self, start: int, zone: int, sources: int, program: int, usual: int) -> int | None:
        """What an override of ingress changes in a block of which egress is as the zone says."""
        if not sources & (sources - 1):
            column = start + sources.bit_length() - 1
            sent = at_column(self._zone_texts(zone), column)
            return 0 if sent is None else self._changed(sent, program, usual, self.weights[column])
        total = 0
        for egress, share in self._zone_at(zone, start):
            both = sources & share
            if both:
                change = self._changed(egress, program, usual, self._pods_at(start, both))
                if change is None:
                    return None
                total += change
        return total

    def _changed(self, egress: int, program: int, usual: int, pods: int) -> int | None:
        now, before = self._size(egress, program), self._size(egress, usual)
        return None if now is None or before is None else (now - before) * pods

    def _change(self, start: int, zone: int, base: Base, senders: Shares, receivers: Shares) -> int | None:
        """What overrides change in one block."""
        touched = 0
        for _, sources in (*senders, *receivers):
            touched |= sources
        egress = self._zone_at(zone, start)
        ingress = [(piece.program, bits) for bits, piece in base.at(start)]
        before = self._sum(start, egress, ingress, touched)
        after = self._sum(start, _over(senders, egress), _over(receivers, ingress), touched)
        return None if before is None or after is None else after - before

    def _sum(self, start: int, egress: Shares, ingress: Shares, within: int) -> int | None:
        total = 0
        for first, sources in egress:
            sources &= within
            if not sources:
                continue
            for second, others in ingress:
                both = sources & others
                if both:
                    size = self._size(first, second)
                    if size is None:
                        return None
                    if size:
                        total += size * self._pods_at(start, both)
        return total


def _over(upper: Shares, lower: Shares) -> Shares:
    """``lower`` where ``upper`` says nothing."""
    if not upper:
        return lower
    covered = 0
    for _, sources in upper:
        covered |= sources
    return [*upper, *((program, rest) for program, sources in lower if (rest := sources & ~covered))]
