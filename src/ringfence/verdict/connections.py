"""The list of all connections, as few readable rows: full rectangles of sources, destinations and ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from ringfence.layers.network.cells import OPEN_CELL, Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.sets import addresses as ip
from ringfence.sets.ports import Intervals, PortTable
from ringfence.values import Value, replace
from ringfence.verdict import reasons
from ringfence.verdict.answers import NODE_PORT, Connections, Reason, Row, RowLayers, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import EndError, Target
from ringfence.verdict.flow import Asked, Flow, asked
from ringfence.verdict.grid import Grid, Result
from ringfence.verdict.openness import atoms
from ringfence.verdict.places import Group
from ringfence.verdict.workloads import Workloads

LEVELS = ("workload", "pod", "namespace")

MIXED = Reason("mixed", "allowed for some of the pods, or in one address family, only")


class Rectangle(Value):
    """Columns as masks; ``ports`` a port set number."""

    sources: int
    destinations: int
    ports: int
    verdict: Verdict
    reason: Reason | None
    layers: RowLayers | None = None


Entry = tuple[int, Verdict, Reason | None, RowLayers | None]
"""Ports of one result as a number, what becomes of them and why, and what each layer says where a mesh has a say."""

Outcome = tuple[Verdict, Reason | None, RowLayers | None]
Apart = dict[tuple[int, Group, Entry], list[tuple[int, Group]]]
"""(source column, its pods, ports with their verdict) → destination columns with the pods that are meant."""


class Lister:
    """Lists connections of one relation. ``denied``: also what is denied."""

    layered = False
    """Whether the rows tell what each layer says."""

    def __init__(self, asker: Asker, grid: Callable[[], Grid], denied: bool = False) -> None:
        self.asker = asker
        self.denied = denied
        self.layers: Grid | None = None
        """The grid of a lister that tells what each layer says, once it was needed."""
        self._joined = grid
        self.relation: Relation = asker.relation
        self.universe = self.relation.universe
        self._reasons: dict[object, Reason] = {}
        self._pod_texts: list[str] = []
        self._lonely_columns: int | None = None

    @property
    def grid(self) -> Grid:
        """All rows joined; made when first needed."""
        return self._joined()

    @property
    def spoken(self) -> tuple[str, ...]:
        """The layers of which the verdicts speak."""
        return self.grid.layers

    def of_network(self) -> Lister:
        """A lister of the network layer alone."""
        if type(self.grid) is Grid:
            return self
        alone = Grid(self.relation)
        return Lister(self.asker, lambda: alone)

    def rectangles(
        self, sources: int, destinations: int, apart: Apart | None = None, denied: bool = False
    ) -> list[Rectangle]:
        """Every flow of the list between two sets of columns, in few rectangles. Pairs of columns whose pods
        must be told apart by their nodes go to ``apart``, where one is given. ``denied``: all others, too."""
        by_sources: dict[tuple[int, Entry], int] = {}
        for destination in columns_of(destinations):
            bit = 1 << destination
            lines: dict[Entry, int] = {}
            for mask, result in self.grid.column(destination):
                mask &= sources
                if destination >= self.universe.pods:
                    mask &= self.grid.pods
                if mask and result.split and apart is not None:
                    for source in columns_of(mask):
                        self._apart(apart, source, destination, denied)
                elif mask:
                    self._lines(lines, mask, result, destination, denied)
            for entry, mask in lines.items():
                by_sources[mask, entry] = by_sources.get((mask, entry), 0) | bit
        by_destinations: dict[tuple[int, Entry], int] = {}
        for (mask, entry), columns in by_sources.items():
            by_destinations[columns, entry] = by_destinations.get((columns, entry), 0) | mask
        return [Rectangle(mask, columns, *entry) for (columns, entry), mask in by_destinations.items()]

    def lines(self, mask: int, result: Result, destination: int) -> list[Entry]:
        """All that is not denied from some sources of one result."""
        found: dict[Entry, int] = {}
        self._lines(found, mask, result, destination)
        return list(found)

    def _lines(
        self, lines: dict[Entry, int], mask: int, result: Result, destination: int, denied: bool = False
    ) -> None:
        if denied:
            table = self.relation.ports
            listed = table.union(result.allowed, table.union(result.mixed, result.unknown))
            rest = table.difference(PortTable.ALL, listed)
            if rest:
                key: Entry = (rest, Verdict.DENIED, None, None)
                lines[key] = lines.get(key, 0) | mask
        if result.allowed:
            key = (result.allowed, Verdict.ALLOWED, None, None)
            lines[key] = lines.get(key, 0) | mask
        if result.mixed:
            key = (result.mixed, Verdict.MIXED, MIXED, None)
            lines[key] = lines.get(key, 0) | mask
        unknown = result.unknown
        end = self.universe.ends[destination]
        if unknown and not result.opaque and (end.sort == "node" or end.host_network):
            handed_on = self.relation.ports.intersection(unknown, self.grid.handed_on)
            if handed_on:
                key = (handed_on, Verdict.UNKNOWN, NODE_PORT, None)
                lines[key] = lines.get(key, 0) | mask
                unknown = self.relation.ports.difference(unknown, handed_on)
        if unknown:
            key = (unknown, Verdict.UNKNOWN, self.reason(mask, replace(result, unknown=unknown), destination), None)
            lines[key] = lines.get(key, 0) | mask

    def _apart(self, apart: Apart, source: int, destination: int, denied: bool) -> None:
        for left, right, result in self.grid.taken_apart(source, destination):
            lines: dict[Entry, int] = {}
            self._lines(lines, 1 << source, result, destination, denied)
            for entry in lines:
                apart.setdefault((source, left, entry), []).append((destination, right))

    def _apart_rows(self, apart: Apart, level: str) -> Iterable[Row]:
        for (source, left, (ports, verdict, reason, layers)), rights in apart.items():
            yield Row(
                self._group_names([(source, left)], level),
                self._group_names(rights, level),
                self.relation.ports.intervals(ports),
                verdict,
                reason,
                layers,
            )

    def _group_names(self, groups: Iterable[tuple[int, Group]], level: str) -> tuple[str, ...]:
        """Pods of some columns by name; a workload's name where they are all of its pods."""
        names: set[str] = set()
        indexes: set[int] = set()
        for column, group in groups:
            if column >= self.universe.pods:
                names.add(self.asker.directory.other_name(column))
            else:
                indexes.update(group)
        pods = self.relation.cluster.pods
        if level == "workload":
            texts, _ = self._workload_table()
            by_workload: dict[int, set[int]] = {}
            for index in indexes:
                by_workload.setdefault(self.workloads.numbers[index], set()).add(index)
            for workload, own in by_workload.items():
                if len(own) == self.workloads.sizes[workload]:
                    names.add(texts[workload])
                    indexes -= own
        names.update(f"{pods[index].namespace}/{pods[index].name}" for index in indexes)
        return tuple(sorted(names, key=name_order))

    def reason(self, mask: int, result: Result, destination: int) -> Reason:
        """Why ports are unknown, in words that fit every source of the group."""
        if result.because is not None:
            return result.because
        source = (mask & -mask).bit_length() - 1
        first, second = self.universe.ends[source], self.universe.ends[destination]
        port = self.relation.ports.intervals(result.unknown)[0][0]
        needs = self.relation.cells.needs(*result.programs)
        homes = (first.namespace, second.namespace) if result.opaque or "namespace-label" in needs else None
        key = (result.programs, result.meeting, result.opaque, homes, port)
        found = self._reasons.get(key)
        if found is None:
            if result.opaque:
                flow = self._flow(source, destination)
                found = self.asker.why(flow, Verdict.UNKNOWN, port)[0]
            elif result.meeting is None:
                found = reasons.NOT_DECIDED
            else:
                found = reasons.unknown(
                    self.relation,
                    *result.programs,
                    result.meeting,
                    port,
                    first,
                    second,
                    ("the source", "the destination"),
                )
            self._reasons[key] = found
        return found

    def _flow(self, source: int, destination: int) -> Flow:
        members = [
            next(iter(self.asker.directory.members(self.universe.members[column][:1])))
            for column in (source, destination)
            if column < self.universe.pods
        ]
        return Flow(members[0], members[-1], Meeting((4,), False, None), OPEN_CELL, (), opaque=True)

    def connections(
        self,
        level: str = "workload",
        source: Target | None = None,
        destination: Target | None = None,
        namespace: str | None = None,
        limit: int | None = None,
        partial: bool = False,
    ) -> Connections:
        """The connections at a level. Raises EndError for an unknown level."""
        if level not in LEVELS:
            raise EndError(f"{level!r} is no level", f"levels: {', '.join(LEVELS)}")
        if self._strange(source) or self._strange(destination):
            return self._of_strangers(level, source, destination, limit, partial)
        everything = self.universe.everything
        sources = everything if source is None else self._columns(source)
        destinations = everything if destination is None else self._columns(destination)
        if level == "namespace":
            rows = self._namespace_rows(sources, destinations, namespace)
        else:
            rows = self._rows(level, sources, destinations, namespace)
        names = self._ends(level)
        left_out = 0
        if limit is not None and len(rows) > limit:
            left_out = len(rows) - limit
            rows = rows[:limit]
        identities = {} if level == "namespace" else self.identities(level, names)
        return Connections(level, tuple(rows), left_out, names, (), partial, self.spoken, identities)

    def identities(self, level: str, names: Iterable[str]) -> dict[str, str]:
        """Of some ends of a list those that have an identity in a mesh; the network knows none."""
        return {}

    def _columns(self, target: Target) -> int:
        if target.service is not None:
            raise EndError(f"{target.text} is a Service", "name the pods behind it, or ask: can SRC SERVICE PORT")
        mask = 0
        for member in target.members:
            assert isinstance(member.end, int)
            mask |= 1 << member.end
        return mask

    @staticmethod
    def _strange(target: Target | None) -> bool:
        return target is not None and any(
            not isinstance(member.end, int) or member.alternatives for member in target.members
        )

    def _rows(self, level: str, sources: int, destinations: int, namespace: str | None) -> list[Row]:
        naming = self._pod_names if level == "pod" else self._workload_names
        memo: dict[int, tuple[str, ...]] = {}
        own = 0 if namespace is None else self.universe.of_namespace(namespace)
        apart: Apart = {}
        rows: list[Row] = []
        for rectangle in self.rectangles(sources, destinations, apart, self.denied):
            pieces = [(rectangle.sources, rectangle.destinations)]
            if namespace is not None:
                pieces = [
                    (rectangle.sources & own, rectangle.destinations),
                    (rectangle.sources & ~own, rectangle.destinations & own),
                ]
            for left, right in pieces:
                if not left or not right:
                    continue
                if left == right and left.bit_count() == 1 and self._lonely(left.bit_length() - 1):
                    continue
                rows.append(
                    Row(
                        _named(left, naming, memo),
                        _named(right, naming, memo),
                        self.relation.ports.intervals(rectangle.ports),
                        rectangle.verdict,
                        rectangle.reason,
                        rectangle.layers,
                    )
                )
        for row in self._apart_rows(apart, level):
            if namespace is None or _inside(row, namespace):
                rows.append(row)
        rows.sort(key=_row_order)
        return rows

    def _lonely(self, column: int) -> bool:
        """A class of one real pod, which has no flow to itself."""
        if column >= self.universe.pods:
            return True
        return self.universe.count(column) == 1

    def _pairs(self, left: int, right: int) -> int:
        """Pairs of classes that have a flow: a class of one pod has none to itself."""
        if self._lonely_columns is None:
            self._lonely_columns = sum(1 << column for column in range(self.universe.pods) if self._lonely(column))
        return left.bit_count() * right.bit_count() - (left & right & self._lonely_columns).bit_count()

    def _pod_names(self, mask: int) -> list[str]:
        """Pods by name, in the order of the cluster (namespace, name), then other ends."""
        if not self._pod_texts:
            self._pod_texts = [f"{pod.namespace}/{pod.name}" for pod in self.relation.cluster.pods]
        members = self.universe.members
        indexes: list[int] = []
        for column in columns_of(mask & self.grid.pods):
            indexes.extend(members[column])
        indexes.sort()
        texts = self._pod_texts
        others = [self.asker.directory.other_name(column) for column in columns_of(mask & self.grid.others)]
        return [texts[index] for index in indexes] + sorted(others, key=name_order)

    def _workload_names(self, mask: int) -> list[str]:
        """Workloads by name where all their replicas are meant, else the pods."""
        names: list[str] = []
        pods = self.relation.cluster.pods
        texts, columns_by_workload = self._workload_table()
        seen: set[int] = set()
        for column in columns_of(mask):
            if column >= self.universe.pods:
                names.append(self.asker.directory.other_name(column))
                continue
            for workload, indexes in self._of_column(column):
                if columns_by_workload[workload] & ~mask:
                    names.extend(f"{pods[index].namespace}/{pods[index].name}" for index in indexes)
                elif workload not in seen:
                    seen.add(workload)
                    names.append(texts[workload])
        return sorted(names, key=name_order)

    def _of_column(self, column: int) -> list[tuple[int, list[int]]]:
        """The workloads with pods in a class, each with those pods."""
        numbers = self.workloads.numbers
        found: dict[int, list[int]] = {}
        for index in self.universe.members[column]:
            found.setdefault(numbers[index], []).append(index)
        return list(found.items())

    def _workload_table(self) -> tuple[list[str], list[int]]:
        return self.workloads.texts, self.workloads.masks

    @cached_property
    def workloads(self) -> Workloads:
        """The workloads of the relation."""
        return Workloads(self.relation)

    def _ends(self, level: str) -> tuple[str, ...]:
        if level == "namespace":
            texts = sorted(self.universe.namespaces)
        elif level == "workload":
            texts = sorted(self._workload_table()[0], key=name_order)
        else:
            texts = self._pod_names((1 << self.universe.pods) - 1)
        others = range(self.universe.pods, len(self.universe.ends))
        return (*texts, *(self.asker.directory.other_name(column) for column in others))

    def _namespace_rows(self, sources: int, destinations: int, namespace: str | None) -> list[Row]:
        """Between namespaces: ports that every pair of pods may use, and those that only some may."""
        spans = {name: ((1 << (stop - start)) - 1) << start for name, (start, stop) in self.universe.namespaces.items()}
        others = {
            self.asker.directory.other_name(column): 1 << column
            for column in range(self.universe.pods, len(self.universe.ends))
        }
        every = {**spans, **others}
        ports = self.relation.ports
        rows: list[Row] = []
        found: dict[tuple[str, str], list[tuple[int, Rectangle]]] = {}
        for rectangle in self.rectangles(sources, destinations, None, self.denied or self.layered):
            lefts = [(name, rectangle.sources & mask) for name, mask in every.items() if rectangle.sources & mask]
            rights = [
                (name, rectangle.destinations & mask) for name, mask in every.items() if rectangle.destinations & mask
            ]
            for left, left_mask in lefts:
                for right, right_mask in rights:
                    if (left in spans or right in spans) and namespace in (None, left, right):
                        found.setdefault((left, right), []).append((self._pairs(left_mask, right_mask), rectangle))
        for (left, right), pieces in found.items():
            whole = self._pairs(every[left] & sources, every[right] & destinations)
            if not whole:
                continue
            for atom in atoms(ports, [rectangle.ports for _, rectangle in pieces]):
                key = ports.intervals(atom)[0][0]
                own = [(pairs, one) for pairs, one in pieces if pairs and ports.contains(one.ports, key)]
                row = _of_pairs(own, whole)
                if row is not None and (self.denied or row[0] is not Verdict.DENIED):
                    rows.append(Row((left,), (right,), ports.intervals(atom), *row))
        return sorted(_folded(rows), key=_row_order)

    def _of_strangers(
        self, level: str, source: Target | None, destination: Target | None, limit: int | None, partial: bool
    ) -> Connections:
        """Connections of ends that are no columns (a pod that does not exist), asked one by one."""
        everything = self._everything()
        question = asked(None, None)
        rows: list[Row] = []
        for flow_source, flow_destination in (
            [(source, other) for other in everything]
            if source is not None and destination is None
            else [(other, destination) for other in everything]
            if destination is not None and source is None
            else [(source, destination)]
        ):
            assert flow_source is not None
            assert flow_destination is not None
            rows.extend(self._stranger_rows(flow_source, flow_destination, question))
        merged: dict[object, Row] = {}
        for row in rows:
            key = (row.sources, row.ports, row.verdict, row.reason, row.layers)
            old = merged.get(key)
            merged[key] = (
                row
                if old is None
                else replace(old, destinations=tuple(dict.fromkeys((*old.destinations, *row.destinations))))
            )
        result = sorted(merged.values(), key=_row_order)
        left_out = max(0, len(result) - limit) if limit is not None else 0
        names = self._ends(level)
        layers, identities = self.spoken, self.identities(level, names)
        rows = result[: len(result) - left_out]
        return Connections(level, tuple(rows), left_out, names, (), partial, layers, identities)

    def _stranger_rows(self, source: Target, destination: Target, question: Asked) -> Iterable[Row]:
        """The rows between two ends of which one is no column."""
        for part in self.asker.parts(self.asker.flows.between(source, destination, question)):
            if self.denied or part.verdict is not Verdict.DENIED:
                reason = part.reason if part.verdict is Verdict.UNKNOWN else None
                yield Row(part.sources, part.destinations, part.ports, part.verdict, reason)

    def _everything(self) -> Iterable[Target]:
        texts, _ = self._workload_table()
        for number, text in enumerate(texts):
            indexes = [index for index, own in enumerate(self.workloads.numbers) if own == number]
            yield Target(text, tuple(self.asker.directory.members(indexes)))
        for name in self.universe.nodes:
            yield self.asker.directory.find(f"node/{name}")
        yield from self.asker.directory.machines()
        yield self.asker.directory.everywhere()


def _of_pairs(
    pieces: list[tuple[int, Rectangle]], whole: int
) -> tuple[Verdict, Reason | None, RowLayers | None] | None:
    """What some rectangles that share a port say of ``whole`` pairs: (verdict, reason, layers); what is in none of them
    is denied."""
    if not pieces:
        return None
    counts: dict[Verdict, int] = {}
    reason: Reason | None = None
    for pairs, one in pieces:
        counts[one.verdict] = counts.get(one.verdict, 0) + pairs
        if one.reason is not None and one.verdict is not Verdict.DENIED:
            reason = one.reason
    layers = _common([one.layers for _, one in pieces])
    for verdict, count in counts.items():
        if count >= whole:
            return verdict, None if verdict is Verdict.ALLOWED else reason, layers
    if set(counts) == {Verdict.DENIED}:
        return Verdict.DENIED, None, layers
    return Verdict.MIXED, reason or MIXED, layers


def _common(said: list[RowLayers | None]) -> RowLayers | None:
    """What each layer says of several kinds of pairs together."""
    known = list(dict.fromkeys(one for one in said if one is not None))
    if len(known) < 2:
        return known[0] if known else None
    first = known[0]

    def same(values: set[Any], otherwise: Any) -> Any:
        return next(iter(values)) if len(values) == 1 else otherwise

    return RowLayers(
        tuple((name, same({one.of(name) for one in known}, Verdict.MIXED)) for name, _ in first.verdicts),
        same({one.encryption for one in known}, None),
        same({one.proven for one in known}, None),
        same({one.allows for one in known}, ""),
        same({one.layer for one in known}, ""),
        same({one.open for one in known}, None),
    )


def _folded(rows: Iterable[Row]) -> list[Row]:
    """Rows of single pairs put together: first their ports, then their sources, then their destinations."""
    ports: dict[tuple[tuple[str, ...], tuple[str, ...], Outcome], Intervals] = {}
    for row in rows:
        pair = (row.sources, row.destinations, (row.verdict, row.reason, row.layers))
        ports[pair] = ip.canonical(ports.get(pair, ()) + row.ports)
    sources: dict[tuple[tuple[str, ...], Intervals, Outcome], list[str]] = {}
    for (left, right, outcome), intervals in ports.items():
        sources.setdefault((right, intervals, outcome), []).extend(left)
    destinations: dict[tuple[tuple[str, ...], Intervals, Outcome], list[str]] = {}
    for (right, intervals, outcome), lefts in sources.items():
        key = (tuple(sorted(lefts, key=name_order)), intervals, outcome)
        destinations.setdefault(key, []).extend(right)
    return [
        Row(left, tuple(sorted(rights, key=name_order)), intervals, *outcome)
        for (left, intervals, outcome), rights in destinations.items()
    ]


def _inside(row: Row, namespace: str) -> bool:
    return any(name.startswith(f"{namespace}/") for name in (*row.sources, *row.destinations))


def _named(mask: int, naming: Callable[[int], list[str]], memo: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
    found = memo.get(mask)
    if found is None:
        found = memo[mask] = tuple(naming(mask))
    return found


def name_order(text: str) -> tuple[int, str]:
    """Workloads, then nodes, then addresses."""
    return (
        2 if text[:1].isdigit() or ":" in text or text == "any address" else 1 if text.startswith("node/") else 0,
        text,
    )


def _row_order(row: Row) -> tuple[object, ...]:
    """Names within a row are in order already, so the kind of its first name decides."""
    return (
        name_order(row.sources[0]),
        row.sources,
        name_order(row.destinations[0]),
        row.destinations,
        row.ports,
        row.verdict,
    )


__all__ = ["LEVELS", "Lister", "Rectangle"]
