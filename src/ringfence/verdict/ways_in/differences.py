"""What differs between the ways in of two states: ways that came or went, and ways whose hops let more or less through.

A way is the same in both where the same object opens it in the same manner to the same pods and ports. The objects that
caused a difference are those that differ among all that the way hangs on: what opens it, who decides its hops, the
workload at its end; where none of these does, the objects of the kinds that make routes (classes, gateways, grants,
endpoints).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from ringfence.model.cluster import Cluster
from ringfence.model.entries import ENTRY_KINDS, ROUTE_KINDS
from ringfence.values import replace
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Decision, Part, Verdict
from ringfence.verdict.changes import Cause, Change, Diff, WayChange, Witness, change_of
from ringfence.verdict.ways_in.values import WayIn, WaysIn

ROUTING_KINDS = (
    *(kind for kind in ENTRY_KINDS if kind not in ROUTE_KINDS),
    *("EndpointSlice", "Endpoints", "Namespace", "Node"),
)
"""Objects that a way hangs on without naming them."""
WAY_KINDS = (
    *(
        "Service",
        "Deployment",
        "StatefulSet",
        "DaemonSet",
        "ReplicaSet",
        "ReplicationController",
        "Job",
        "CronJob",
        "Pod",
    ),
    *ROUTE_KINDS,
    *ROUTING_KINDS,
)

Key = tuple[str, ...]
Identity = tuple[str, str | None, str]
_ORDER = (Verdict.ALLOWED, Verdict.MIXED, Verdict.UNKNOWN, Verdict.DENIED)


class Side:
    """The ways in of one state, by what they are."""

    def __init__(self, ways: WaysIn, cluster: Cluster) -> None:
        self.cluster = cluster
        self.ways: dict[Key, WayIn] = {}
        for way in ways.ways:
            opening = way.openings[0]
            key = (
                *(opening.how, opening.kind, opening.namespace, opening.name, opening.text),
                *(way.path, way.destination, way.port),
            )
            known = self.ways.get(key)
            # Through any of several controllers.
            if known is None or _ORDER.index(way.verdict) < _ORDER.index(known.verdict):
                self.ways[key] = way

    def hangs_on(self, way: WayIn) -> Iterator[Identity]:
        """The objects that a way hangs on."""
        for opening in way.openings:
            yield opening.kind, opening.namespace, opening.name
        for hop in way.hops:
            for one in hop.decided_by:
                yield one.kind, one.namespace, one.name
        if way.service is not None:
            yield "Service", *way.service
        for index in way.pods:
            pod = self.cluster.pods[index]
            yield pod.workload.kind, pod.workload.namespace, pod.workload.name
            yield "Pod", pod.namespace, pod.name


class WayDifferences:
    """The differences between two sides. ``altered`` finds the objects that differ; it is asked only if there are any.
    ``new`` and ``gone``: ends that only one of the states has."""

    def __init__(
        self,
        before: Side,
        after: Side,
        altered: Callable[[], Iterable[Altered]],
        new: Iterable[str],
        gone: Iterable[str],
    ) -> None:
        self.before, self.after = before, after
        self._altered = altered
        self._known: Mapping[Identity, Altered] | None = None
        self.new, self.gone = frozenset(new), frozenset(gone)

    def rows(self) -> list[WayChange]:
        """The rows, folded: those of one object that changed alike are one."""
        folded: dict[object, WayChange] = {}
        for key in sorted({*self.before.ways, *self.after.ways}):
            row = self._row(self.before.ways.get(key), self.after.ways.get(key))
            if row is None:
                continue
            opening = row.opening
            group = (row.change, opening.how, opening.kind, opening.namespace, opening.name, row.before, row.after)
            same = (group, row.causes, row.explained)
            other = folded.get(same)
            folded[same] = row if other is None else _together(other, row)
        return sorted(folded.values(), key=lambda row: (list(Change).index(row.change), row.openings, row.destinations))

    def _row(self, old: WayIn | None, new: WayIn | None) -> WayChange | None:
        before = None if old is None else old.verdict
        after = None if new is None else new.verdict
        if (before or Verdict.DENIED) is (after or Verdict.DENIED):
            return None
        way = new or old
        assert way is not None
        change = change_of(before or Verdict.DENIED, after or Verdict.DENIED)
        if old is None and way.destination in self.new:
            change = Change.NEW
        if new is None and way.destination in self.gone:
            change = Change.GONE
        causes, explained = self._causes(old, new)
        return WayChange(
            change,
            way.openings[0],
            (way.openings[0].text,),
            way.hosts,
            (way.path,) if way.path else (),
            tuple(dict.fromkeys((way.hops[0].source, *(hop.destination for hop in way.hops)))),
            (way.destination,),
            (way.port,),
            before,
            after,
            causes,
            _witness(old, new),
            _decisions(old),
            _decisions(new),
            None if old is None else old.reason,
            None if new is None else new.reason,
            explained,
        )

    def _causes(self, old: WayIn | None, new: WayIn | None) -> tuple[tuple[Cause, ...], bool]:
        if self._known is None:
            self._known = {(one.kind, one.namespace, one.name): one for one in self._altered()}
        found: dict[Identity, Altered] = {}
        decided: dict[Identity, Decision] = {}
        for side, way in ((self.after, new), (self.before, old)):
            if way is None:
                continue
            for identity in side.hangs_on(way):
                if identity in self._known:
                    found.setdefault(identity, self._known[identity])
            for one in _decisions(way):
                decided.setdefault((one.kind, one.namespace, one.name), one)
        if not found:
            found = {key: one for key, one in self._known.items() if one.kind in ROUTING_KINDS}
        causes = tuple(
            Cause(one, decided[key].rule, decided[key].direction, decided[key].place or one.place)
            if key in decided and one.how != "removed"
            else Cause(one, None, "", one.place)
            for key, one in found.items()
        )
        return causes, bool(causes)


def _decisions(way: WayIn | None) -> tuple[Decision, ...]:
    if way is None:
        return ()
    return tuple(dict.fromkeys(one for hop in way.hops for one in hop.decided_by))


def _witness(old: WayIn | None, new: WayIn | None) -> Witness:
    """A packet at the last hop, as policy sees it."""
    first, second = _part(old), _part(new)
    either = second or first
    return Witness(
        first.witness_source if first else "",
        first.witness_destination if first else "",
        second.witness_source if second else "",
        second.witness_destination if second else "",
        either.witness_port if either else "",
    )


def _part(way: WayIn | None) -> Part | None:
    if way is None:
        return None
    hop = way.hops[-1]
    parts = [part for answer in hop.answers for part in answer.parts]
    return next((part for part in parts if part.verdict is hop.verdict), parts[0] if parts else None)


def _together(one: WayChange, other: WayChange) -> WayChange:
    def both(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*left, *right)))

    return replace(
        one,
        openings=both(one.openings, other.openings),
        hosts=both(one.hosts, other.hosts) if one.hosts and other.hosts else (),
        paths=both(one.paths, other.paths),
        through=both(one.through, other.through),
        destinations=both(one.destinations, other.destinations),
        ports=both(one.ports, other.ports),
    )


def with_ways(found: Diff, rows: list[WayChange], limit: int | None) -> Diff:
    """The difference with its ways in; what caused one of them is not without effect. ``limit``: at most so many."""
    shown = rows if limit is None else rows[:limit]
    counts: dict[Change, int] = {}
    for row in rows:
        counts[row.change] = counts.get(row.change, 0) + 1
    causes = {(cause.altered.kind, cause.altered.namespace, cause.altered.name) for row in rows for cause in row.causes}
    silent = tuple(one for one in found.without_effect if (one.kind, one.namespace, one.name) not in causes)
    return replace(
        found,
        ways=tuple(shown),
        way_counts=counts,
        ways_left_out=len(rows) - len(shown),
        without_effect=silent,
    )
