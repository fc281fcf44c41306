"""The list of all connections, as few readable rows: full rectangles of sources, destinations and ports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from ringfence.layers.network.cells import OPEN_CELL, Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.relation import Relation
from ringfence.sets import addresses as ip
from ringfence.sets.ports import Intervals
from ringfence.values import Value, replace
from ringfence.verdict import reasons
from ringfence.verdict.answers import NODE_PORT, Connections, Reason, Row, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import EndError, Target
from ringfence.verdict.flow import Flow, asked
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


Apart = dict[tuple[int, Group, int, Verdict, Reason | None], list[tuple[int, Group]]]
"""(source column, its pods, ports, verdict, reason) → destination columns with the pods that are meant."""


class Lister:
    """Lists connections of one relation."""

    def __init__(self, asker: Asker, grid: Callable[[], Grid]) -> None:
        self.asker = asker
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

    def of_network(self) -> Lister:
        """A lister of the network layer alone."""
        if type(self.grid) is Grid:
            return self
        alone = Grid(self.relation)
        return Lister(self.asker, lambda: alone)

    def rectangles(self, sources: int, destinations: int, apart: Apart | None = None) -> list[Rectangle]:
        """Every allowed or unknown flow between two sets of columns, in few rectangles. Pairs of columns whose pods
        must be told apart by their nodes go to ``apart``, where one is given."""
        by_sources: dict[tuple[int, int, Verdict, Reason | None], int] = {}
        for destination in columns_of(destinations):
            bit = 1 << destination
            lines: dict[tuple[int, Verdict, Reason | None], int] = {}
            for mask, result in self.grid.column(destination):
                mask &= sources
                if destination >= self.universe.pods:
                    mask &= self.grid.pods
                if mask and result.split and apart is not None:
                    for source in columns_of(mask):
                        self._apart(apart, source, destination)
                elif mask:
                    self._lines(lines, mask, result, destination)
            for (ports, verdict, reason), mask in lines.items():
                key = (mask, ports, verdict, reason)
                by_sources[key] = by_sources.get(key, 0) | bit
        by_destinations: dict[tuple[int, int, Verdict, Reason | None], int] = {}
        for (mask, ports, verdict, reason), columns in by_sources.items():
            other = (columns, ports, verdict, reason)
            by_destinations[other] = by_destinations.get(other, 0) | mask
        return [
            Rectangle(mask, columns, ports, verdict, reason)
            for (columns, ports, verdict, reason), mask in by_destinations.items()
        ]

    def lines(self, mask: int, result: Result, destination: int) -> list[tuple[int, Verdict, Reason | None]]:
        """(ports, verdict, reason) of all that is not denied from some sources of one result; ports as a number."""
        found: dict[tuple[int, Verdict, Reason | None], int] = {}
        self._lines(found, mask, result, destination)
        return list(found)

    def _lines(
        self, lines: dict[tuple[int, Verdict, Reason | None], int], mask: int, result: Result, destination: int
    ) -> None:
        if result.allowed:
            key: tuple[int, Verdict, Reason | None] = (result.allowed, Verdict.ALLOWED, None)
            lines[key] = lines.get(key, 0) | mask
        if result.mixed:
            key = (result.mixed, Verdict.MIXED, MIXED)
            lines[key] = lines.get(key, 0) | mask
        unknown = result.unknown
        end = self.universe.ends[destination]
        if unknown and not result.opaque and (end.sort == "node" or end.host_network):
            handed_on = self.relation.ports.intersection(unknown, self.grid.handed_on)
            if handed_on:
                key = (handed_on, Verdict.UNKNOWN, NODE_PORT)
                lines[key] = lines.get(key, 0) | mask
                unknown = self.relation.ports.difference(unknown, handed_on)
        if unknown:
            key = (unknown, Verdict.UNKNOWN, self.reason(mask, replace(result, unknown=unknown), destination))
            lines[key] = lines.get(key, 0) | mask

    def _apart(self, apart: Apart, source: int, destination: int) -> None:
        for left, right, result in self.grid.taken_apart(source, destination):
            lines: dict[tuple[int, Verdict, Reason | None], int] = {}
            self._lines(lines, 1 << source, result, destination)
            for ports, verdict, reason in lines:
                apart.setdefault((source, left, ports, verdict, reason), []).append((destination, right))

    def _apart_rows(self, apart: Apart, level: str) -> Iterable[Row]:
        for (source, left, ports, verdict, reason), rights in apart.items():
            yield Row(
                self._group_names([(source, left)], level),
                self._group_names(rights, level),
                self.relation.ports.intervals(ports),
                verdict,
                reason,
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
        return Connections(level, tuple(rows), left_out, names, (), partial, self.grid.layers)

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
        own = 0
        if namespace is not None:
            start, stop = self.universe.namespaces.get(namespace, (0, 0))
            own = ((1 << (stop - start)) - 1) << start
        apart: Apart = {}
        rows: list[Row] = []
        for rectangle in self.rectangles(sources, destinations, apart):
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
        found: dict[tuple[str, str], list[tuple[int, int, int, Reason | None]]] = {}
        for rectangle in self.rectangles(sources, destinations):
            lefts = [(name, rectangle.sources & mask) for name, mask in every.items() if rectangle.sources & mask]
            rights = [
                (name, rectangle.destinations & mask) for name, mask in every.items() if rectangle.destinations & mask
            ]
            number = rectangle.ports if rectangle.verdict is Verdict.ALLOWED else -rectangle.ports
            for left, left_mask in lefts:
                for right, right_mask in rights:
                    if (left in spans or right in spans) and namespace in (None, left, right):
                        found.setdefault((left, right), []).append((left_mask, right_mask, number, rectangle.reason))
        for (left, right), pieces in found.items():
            whole = self._pairs(every[left] & sources, every[right] & destinations)
            if not whole:
                continue
            for atom in atoms(ports, [abs(number) for _, _, number, _ in pieces]):
                allowed = unknown = 0
                reason: Reason | None = None
                for left_mask, right_mask, number, why in pieces:
                    if ports.contains(abs(number), ports.intervals(atom)[0][0]):
                        if number > 0:
                            allowed += self._pairs(left_mask, right_mask)
                        else:
                            unknown += self._pairs(left_mask, right_mask)
                            reason = why
                if allowed >= whole:
                    verdict, reason = Verdict.ALLOWED, None
                elif unknown >= whole:
                    verdict = Verdict.UNKNOWN
                else:
                    verdict, reason = Verdict.MIXED, reason or MIXED
                rows.append(Row((left,), (right,), ports.intervals(atom), verdict, reason))
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
            for part in self.asker.parts(self.asker.flows.between(flow_source, flow_destination, question)):
                if part.verdict is not Verdict.DENIED:
                    rows.append(
                        Row(
                            part.sources,
                            part.destinations,
                            part.ports,
                            part.verdict,
                            part.reason if part.verdict is Verdict.UNKNOWN else None,
                        )
                    )
        merged: dict[object, Row] = {}
        for row in rows:
            key = (row.sources, row.ports, row.verdict, row.reason)
            old = merged.get(key)
            merged[key] = (
                row
                if old is None
                else Row(
                    row.sources,
                    tuple(dict.fromkeys((*old.destinations, *row.destinations))),
                    row.ports,
                    row.verdict,
                    row.reason,
                )
            )
        result = sorted(merged.values(), key=_row_order)
        left_out = max(0, len(result) - limit) if limit is not None else 0
        return Connections(level, tuple(result[: len(result) - left_out]), left_out, self._ends(level), (), partial)

    def _everything(self) -> Iterable[Target]:
        texts, _ = self._workload_table()
        for number, text in enumerate(texts):
            indexes = [index for index, own in enumerate(self.workloads.numbers) if own == number]
            yield Target(text, tuple(self.asker.directory.members(indexes)))
        for name in self.universe.nodes:
            yield self.asker.directory.find(f"node/{name}")
        yield self.asker.directory.everywhere()


def _folded(rows: Iterable[Row]) -> list[Row]:
    """Rows of single pairs put together: first their ports, then their sources, then their destinations."""
    ports: dict[tuple[tuple[str, ...], tuple[str, ...], Verdict, Reason | None], Intervals] = {}
    for row in rows:
        pair = (row.sources, row.destinations, row.verdict, row.reason)
        ports[pair] = ip.canonical(ports.get(pair, ()) + row.ports)
    sources: dict[tuple[tuple[str, ...], Intervals, Verdict, Reason | None], list[str]] = {}
    for (left, right, verdict, reason), intervals in ports.items():
        sources.setdefault((right, intervals, verdict, reason), []).extend(left)
    destinations: dict[tuple[tuple[str, ...], Intervals, Verdict, Reason | None], list[str]] = {}
    for (right, intervals, verdict, reason), lefts in sources.items():
        key = (tuple(sorted(lefts, key=name_order)), intervals, verdict, reason)
        destinations.setdefault(key, []).extend(right)
    return [
        Row(left, tuple(sorted(rights, key=name_order)), intervals, verdict, reason)
        for (left, intervals, verdict, reason), rights in destinations.items()
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
