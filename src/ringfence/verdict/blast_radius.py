"""Blast radius: what somebody reaches who holds an end and every workload that he reaches from there; the shortest ways
to what is sensitive; and the cheapest steps to cut so that no way is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.ends import EndClass
from ringfence.sets.ports import Intervals
from ringfence.values import Value
from ringfence.verdict.answers import LAYERS, Answer, Edit, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import EndError, Member, Target
from ringfence.verdict.flow import Asked, asked
from ringfence.verdict.spreading import RELAY, START, Reached, Somewhere, Spreader, Start
from ringfence.verdict.ways_in.values import WayIn
from ringfence.verdict.workloads import Workloads

RELAY_NAME = "an ingress controller (not in the input)"


@dataclass(frozen=True, slots=True)
class Hop:
    """One step: from one kind of pod to another. ``verdict`` unknown: possibly. ``why`` finds the reasons. ``ways``:
    the ways in that the step is, where it is no single flow."""

    source: str
    destination: str
    ports: Intervals
    verdict: Verdict
    why: Callable[[], Answer | None] | None = field(default=None, compare=False, repr=False)
    ways: tuple[WayIn, ...] = ()

    @property
    def because(self) -> Answer | None:
        """Why, as ``can`` answers for the first port; None: the step is a way through something else."""
        return None if self.why is None else self.why()


class Fallen(Value):
    """Something that is reached: by ``hop``, in ``depth`` steps, through the entry with the number ``parent`` (None:
    from the start). ``possibly``: no way is sure."""

    name: str
    depth: int
    parent: int | None
    hop: Hop
    possibly: bool
    sensitive: bool = False


class ShortestWay(Value):
    """A shortest way to a target."""

    target: str
    hops: tuple[Hop, ...]
    possibly: bool


class CutStep(Value):
    """A step of the cut. ``flows``: how many single flows (pairs of pods times ports) it is. ``edit``: the smallest
    that removes this step, None where none was found; it says what else it would cut."""

    hop: Hop
    flows: int
    edit: Edit | None


class Cut(Value):
    """Steps that, taken away, leave no way to a target; no other such set has fewer flows in sum (``weight``).
    ``verified``: the edits together were tried, and no way is left (None: not all steps have an edit, or two edits
    change one object). ``uncuttable``: there is no cut, as no policy can close any step of this way."""

    steps: tuple[CutStep, ...]
    weight: int
    verified: bool | None
    note: str = ""
    uncuttable: tuple[Hop, ...] = ()


class Bought(Value):
    """What only a stolen identity opens: ports that are surely reached with it, and by no pod that proves nothing."""

    name: str
    ports: Intervals


class BlastRadius(Value):
    """Everything that is reached from ``source``; ``fallen`` is a tree, parents before children. ``left_out``: entries
    that a limit cut off. ``total``: workloads of the cluster that could be reached. ``bought``: of a stolen identity,
    in one step."""

    source: str
    fallen: tuple[Fallen, ...]
    left_out: int
    targets: tuple[str, ...]
    ways: tuple[ShortestWay, ...]
    cut: Cut | None
    counts: Mapping[str, int]
    total: int
    notes: tuple[str, ...] = ()
    partial: bool = False
    layers: tuple[str, ...] = LAYERS
    bought: tuple[Bought, ...] = ()

    @property
    def path_to_target(self) -> bool:
        """Whether a target is reached, if only possibly."""
        return bool(self.ways)


class ShortestWays(Value):
    """The shortest ways from one end to another; ``left_out`` more are as short."""

    source: str
    destination: str
    ways: tuple[ShortestWay, ...]
    left_out: int
    partial: bool = False
    layers: tuple[str, ...] = LAYERS


Openings = Callable[[Target, Target, Asked, bool], Answer]
"""Says why one end gets through to another: all that is in the way of it, layer by layer. The flag: it is the first
step of a start that is no column."""


class Tracer:
    """Follows steps from one start. ``asker``, ``workloads`` and ``spreader`` are of one relation."""

    def __init__(
        self,
        asker: Asker,
        workloads: Workloads,
        spreader: Spreader,
        source: Target,
        start: Start | None = None,
        openings: Openings | None = None,
    ) -> None:
        """``start``: where it starts, if the source does not tell; ``openings`` says why a step is open, where it is
        not the network alone."""
        self.asker = asker
        self.openings = openings
        self.workloads = workloads
        self.spreader = spreader
        self.universe = spreader.universe
        self.source = source
        self.start: Start = start_of(source) if start is None else start
        self.found = spreader.spread(self.start)
        self._first: set[int] | None = None
        self._names: dict[int, str] = {}
        self._members: dict[int, Member] = {}
        self._reasons: dict[tuple[int, int, Intervals], Answer | None] = {}

    def name(self, column: int) -> str:
        """Of a class the workloads, or some of their pods, that it is."""
        found = self._names.get(column)
        if found is None:
            found = self._names[column] = self._named(column)
        return found

    def _named(self, column: int) -> str:
        if column == START:
            return self.source.text
        if column >= self.universe.pods:
            return self.asker.directory.other_name(column)
        numbers = self.workloads.by_column[column]
        texts = [self.workloads.texts[number] for number in numbers]
        if len(numbers) == 1 and self.workloads.masks[numbers[0]] == 1 << column:
            return texts[0]
        if len(numbers) > 1:
            return ", ".join(texts[:3]) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
        pods = self.spreader.relation.cluster.pods
        members = self.universe.members[column]
        more = f" and {len(members) - 1} more" if len(members) > 1 else ""
        return f"{pods[members[0]].namespace}/{pods[members[0]].name}{more}"

    def member(self, column: int) -> Member:
        """A column as an end of a question."""
        if column == START:
            return self.source.members[0]
        found = self._members.get(column)
        if found is None:
            if column < self.universe.pods:
                found = next(iter(self.asker.directory.members(self.universe.members[column])))
            else:
                end = self.universe.ends[column]
                name = self.asker.directory.other_name(column)
                found = Member(column, name, node=end.name if end.sort == "node" else None)
                if end.sort == "outside":
                    there = self.asker.directory.outside_members(end.space)
                    found = next((one for one in there if one.end == column), found)
            self._members[column] = found
        return found

    def hop(self, source: int, destination: int, ports: int, unsure: bool) -> Hop:
        """A step; its reasons are looked for when they are first read."""
        intervals = self.spreader.relation.ports.intervals(ports)
        verdict = Verdict.UNKNOWN if unsure else Verdict.ALLOWED
        if source == RELAY:
            return Hop(RELAY_NAME, self.name(destination), intervals, verdict)
        if destination == RELAY:
            return Hop(self.name(source), RELAY_NAME, intervals, verdict)
        passage = self.spreader.passage(source, destination, ports, unsure)
        if passage is not None and (source != START or self._only_relayed(destination)):
            outside = source >= self.universe.outside and source not in self.universe.machines
            name = self.source.text if outside else self.name(source)
            return Hop(name, self.name(destination), intervals, verdict, None, passage.ways)
        why = partial(self._because, source, destination, intervals)
        return Hop(self.name(source), self.name(destination), intervals, verdict, why)

    def _only_relayed(self, destination: int) -> bool:
        """Whether the first step of an end that is no column goes through a controller."""
        if self._first is None:
            self._first = {column for column, step in self.spreader.first_steps(self.start).items() if step.relayed}
        return destination in self._first

    def _because(self, source: int, destination: int, ports: Intervals) -> Answer | None:
        step = (source, destination, ports)
        if step not in self._reasons:
            self._reasons[step] = self._asked(*step)
        return self._reasons[step]

    def _asked(self, source: int, destination: int, ports: Intervals) -> Answer | None:
        key = ports[0][0]
        begins = source == START
        if begins and isinstance(self.start, Somewhere):
            source = self.start.place(destination, key)
            if source < 0:
                return None
        left = Target(self.name(source), (self.member(source),))
        right = Target(self.name(destination), (self.member(destination),))
        question = asked(key & 0xFFFF, ("TCP", "UDP", "SCTP")[key >> 16])
        try:
            if self.openings is not None:
                return self.openings(left, right, question, begins)
            return self.asker.can(left, right, question)
        except EndError:
            return None

    def fallen(self, limit: int | None, sensitive: int) -> tuple[list[Fallen], int]:
        """The tree, depth first, and how many entries a limit cut off."""
        children: dict[int, list[int]] = {}
        roots: list[int] = []
        told = [column for column in self.found if not self._inside(column)]
        for column in told:
            reached = self.found[column]
            if reached.depth == 1:
                roots.append(column)
            else:
                children.setdefault(reached.parent, []).append(column)
        entries: list[Fallen] = []
        numbers: dict[int, int] = {}
        pending = sorted(roots, key=self._order, reverse=True)
        while pending:
            column = pending.pop()
            if limit is not None and len(entries) >= limit:
                break
            reached = self.found[column]
            numbers[column] = len(entries)
            hop = self.hop(reached.parent, column, reached.ports, reached.step_possibly)
            entries.append(
                Fallen(
                    self.name(column),
                    reached.depth,
                    None if reached.depth == 1 else numbers[reached.parent],
                    hop,
                    reached.possibly,
                    bool(sensitive >> column & 1),
                )
            )
            pending.extend(sorted(children.get(column, ()), key=self._order, reverse=True))
        return entries, len(told) - len(entries)

    def _inside(self, column: int) -> bool:
        """Whether a class of addresses outside has none but those of pods, nodes and Services, which are told of by
        their names."""
        if column < self.universe.outside or column in self.universe.machines:
            return False
        return self.asker.directory.inhabited(self.universe.ends[column].space)

    def _order(self, column: int) -> tuple[object, ...]:
        reached: Reached = self.found[column]
        return reached.possibly, not self.spreader.workloads >> column & 1, self.name(column)

    def ways(self, target: str, columns: int, limit: int) -> tuple[list[ShortestWay], int]:
        """The shortest ways to one of the columns, and how many more there are."""
        edges = self.spreader.all_shortest(self.found, self.start, columns)
        goals = [column for column in columns_of(columns) if column in edges]
        if not goals:
            return [], 0
        counts: dict[int, int] = {}
        for column in sorted(edges, key=lambda column: self.found[column].depth):
            counts[column] = sum(1 if parent not in edges else counts[parent] for parent, _, _ in edges[column])
        found: list[ShortestWay] = []
        stack: list[tuple[int, tuple[tuple[int, int, int, bool], ...]]] = [(goal, ()) for goal in reversed(goals)]
        while stack and len(found) < limit:
            column, later = stack.pop()
            if column not in edges:
                hops = tuple(self.hop(*step) for step in later)
                found.append(ShortestWay(target, hops, any(hop.verdict is Verdict.UNKNOWN for hop in hops)))
                continue
            for parent, ports, unsure in reversed(edges[column]):
                stack.append((parent, ((parent, column, ports, unsure), *later)))
        return found, sum(counts[goal] for goal in goals) - len(found)

    def counts(self) -> dict[str, int]:
        """How many workloads are reached surely and possibly, in one step and in all; nodes; machines of a mesh; and
        whether addresses outside are."""
        pods = [column for column in self.found if column < self.universe.pods]
        own = set(self.workloads.of(self.start & self.spreader.grid.pods)) if isinstance(self.start, int) else set()

        def workloads(columns: Iterable[int]) -> int:
            mask = 0
            for column in columns:
                mask |= 1 << column
            return len(set(self.workloads.of(mask)) - own)

        sure = [column for column in pods if not self.found[column].possibly]
        return {
            "direct": workloads(column for column in sure if self.found[column].depth == 1),
            "reached": workloads(sure),
            "possibly": workloads(pods) - workloads(sure),
            "nodes": sum(self.universe.pods <= column < self.universe.outside for column in self.found),
            "machines": sum(column in self.universe.machines for column in self.found),
            "outside": sum(
                column >= self.universe.outside and column not in self.universe.machines and not self._inside(column)
                for column in self.found
            ),
        }


def start_of(source: Target) -> int | EndClass:
    """The columns of a source, or its end where it is none. Raises EndError for what cannot start a step."""
    if source.service is not None:
        raise EndError(f"{source.text} is a Service: it only receives", "name the pods behind it as the source")
    mask = 0
    for member in source.members:
        if member.mystery or member.alternatives:
            raise EndError(f"nothing is known of {source.text}", "name a pod, a workload or key=value@NAMESPACE")
        if isinstance(member.end, EndClass):
            return member.end
        mask |= 1 << member.end
    if not mask:
        raise EndError(f"{source.text} names no end", "")
    return mask


def columns_of_target(target: Target) -> int:
    """The columns of a destination. Raises EndError where it has none."""
    mask = 0
    for member in target.members:
        if not isinstance(member.end, int):
            raise EndError(f"{target.text} does not exist", "name a workload, a pod, a node or an address")
        mask |= 1 << member.end
    if not mask:
        raise EndError(f"{target.text} has no pods of its own", "name the workload behind it")
    return mask


def sensitive_mask(targets: Sequence[tuple[str, int]]) -> int:
    """All columns of the targets."""
    mask = 0
    for _, columns in targets:
        mask |= columns
    return mask
