"""Which end of one state of a cluster is which end of another.

A pod is the pod of the same namespace and name. What is left of a workload that both states have is compared replica by
replica: a rollout gives every pod a new name, and they are the same workload. Replicas stand for each other, so that a
workload that was scaled has neither new nor gone ends. A workload that only one state has is *moved* where exactly one
workload of the other state has its name, its pods' labels and their named ports, and either its kind or its namespace,
and neither of the two has another such partner; else it is new, or gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringfence.layers.network.facts import Taken
from ringfence.layers.network.universe import Universe
from ringfence.model.cluster import PER_POD_LABELS, Pod, WorkloadRef
from ringfence.sets.ports import Intervals, canonical, size
from ringfence.values import Value

NOWHERE = -1
"""In place of a pod or a column that one of the states lacks."""

Pair = tuple[int, int]
"""Indexes of a pod before and after."""


class Pairing(Value):
    """Pods of both states. Every pod stands in at least one pair; NOWHERE stands for a pod of a workload that is new
    (before) or gone (after)."""

    pairs: tuple[Pair, ...]
    new: tuple[WorkloadRef, ...]
    gone: tuple[WorkloadRef, ...]
    moved: tuple[tuple[WorkloadRef, WorkloadRef], ...]
    extra: frozenset[Pair] = frozenset()
    """Pairs of a replica that went and one that has a partner of its own: they are called as the first was."""


def pair_pods(before: Sequence[Pod], after: Sequence[Pod]) -> Pairing:
    """The pairing of two lists of pods."""
    if before is after:
        return Pairing(tuple((index, index) for index in range(len(before))), (), (), ())
    if len(before) == len(after) and all(
        one.name == other.name
        and one.namespace == other.namespace
        and one.template == other.template
        and (not one.template or one.workload.kind == other.workload.kind)
        for one, other in zip(before, after, strict=True)
    ):
        return Pairing(tuple((index, index) for index in range(len(before))), (), (), ())
    places: dict[tuple[str, ...], int] = {}
    for index, pod in enumerate(after):
        places.setdefault(_name(pod), index)
    pairs: list[Pair] = []
    left: list[int] = []
    taken = bytearray(len(after))
    for index, pod in enumerate(before):
        found = places.get(_name(pod), NOWHERE)
        if found >= 0 and not taken[found]:
            taken[found] = 1
            pairs.append((index, found))
        else:
            left.append(index)
    right = [index for index in range(len(after)) if not taken[index]]
    if not left and not right:
        return Pairing(tuple(pairs), (), (), ())
    return _Workloads(before, after, pairs, left, right).pairing()


def _name(pod: Pod) -> tuple[str, ...]:
    """What makes a pod the same one. Replicas of a template have no names of their own: theirs is the workload's."""
    return (pod.namespace, pod.name, pod.workload.kind) if pod.template else (pod.namespace, pod.name)


def _labels(pod: Pod) -> frozenset[tuple[str, str]]:
    return frozenset(item for item in pod.labels.items() if item[0] not in PER_POD_LABELS)


def _kind_of_pod(pod: Pod) -> tuple[object, ...]:
    """What replicas of one workload have in common."""
    return _labels(pod), pod.ports, pod.host_network


def _whole_pod(pod: Pod) -> tuple[object, ...]:
    return (*_kind_of_pod(pod), pod.addresses, pod.node)


class _Workloads:
    """Pairs what has no partner by its name."""

    def __init__(
        self, before: Sequence[Pod], after: Sequence[Pod], pairs: list[Pair], left: list[int], right: list[int]
    ) -> None:
        self.before, self.after = before, after
        self.pairs = pairs
        self.extra: list[Pair] = []
        self.left, self.right = _by_workload(before, left), _by_workload(after, right)
        self.every_left, self.every_right = _by_workload(before), _by_workload(after)

    def pairing(self) -> Pairing:
        gone = [ref for ref in self.left if ref not in self.every_right]
        new = [ref for ref in self.right if ref not in self.every_left]
        for ref in dict.fromkeys((*self.left, *self.right)):
            if ref in self.every_left and ref in self.every_right:
                self._replicas(
                    self.left.get(ref, []), self.right.get(ref, []), self.every_left[ref], self.every_right[ref]
                )
        moved = self._moved(gone, new)
        for old, ref in moved:
            self._replicas(self.left[old], self.right[ref], self.left[old], self.right[ref])
        known_before, known_after = {old for old, _ in moved}, {ref for _, ref in moved}
        left = [index for ref in gone if ref not in known_before for index in self.left[ref]]
        right = [index for ref in new if ref not in known_after for index in self.right[ref]]
        self.pairs.extend((index, NOWHERE) for index in left)
        self.pairs.extend((NOWHERE, index) for index in right)
        return Pairing(
            tuple(self.pairs),
            tuple(sorted({self.after[index].workload for index in right}, key=str)),
            tuple(sorted({self.before[index].workload for index in left}, key=str)),
            tuple(moved),
            frozenset(self.extra),
        )

    def _replicas(self, left: list[int], right: list[int], all_left: list[int], all_right: list[int]) -> None:
        """Pairs of replicas: those that are alike in everything, then in labels and ports, then in order. Who is left
        over is compared with a replica that has a partner already."""
        for likeness in (_whole_pod, _kind_of_pod):
            waiting: dict[tuple[object, ...], list[int]] = {}
            for index in reversed(right):
                waiting.setdefault(likeness(self.after[index]), []).append(index)
            rest: list[int] = []
            for index in left:
                found = waiting.get(likeness(self.before[index]))
                if found:
                    self.pairs.append((index, found.pop()))
                else:
                    rest.append(index)
            left = rest
            right = sorted(index for group in waiting.values() for index in group)
        count = min(len(left), len(right))
        self.pairs.extend(zip(left[:count], right[:count], strict=True))
        for index in left[count:]:
            pair = index, _alike(self.before[index], self.after, all_right)
            self.extra.append(pair)
            self.pairs.append(pair)
        for index in right[count:]:
            self.pairs.append((_alike(self.after[index], self.before, all_left), index))

    def _moved(self, gone: list[WorkloadRef], new: list[WorkloadRef]) -> list[tuple[WorkloadRef, WorkloadRef]]:
        alike: dict[tuple[object, ...], tuple[list[WorkloadRef], list[WorkloadRef]]] = {}
        for side, refs, groups, pods in ((0, gone, self.left, self.before), (1, new, self.right, self.after)):
            for ref in refs:
                look = frozenset((_labels(pods[index]), pods[index].ports) for index in groups[ref])
                alike.setdefault((ref.name, look), ([], []))[side].append(ref)
        return sorted(
            (
                (olds[0], refs[0])
                for olds, refs in alike.values()
                if len(olds) == len(refs) == 1
                and (olds[0].kind == refs[0].kind or olds[0].namespace == refs[0].namespace)
            ),
            key=str,
        )


def _by_workload(pods: Sequence[Pod], indexes: Iterable[int] | None = None) -> dict[WorkloadRef, list[int]]:
    found: dict[WorkloadRef, list[int]] = {}
    numbers: dict[int, list[int]] = {}
    for index in range(len(pods)) if indexes is None else indexes:
        ref = pods[index].workload
        group = numbers.get(id(ref))
        if group is None:
            group = numbers[id(ref)] = found.setdefault(_home(pods[index]), [])
        group.append(index)
    return found


def _home(pod: Pod) -> WorkloadRef:
    """The workload of a pod. A ReplicaSet of a Deployment that the input lacks has the name of the Deployment and the
    hash of one revision: the Deployment is meant."""
    ref = pod.workload
    revision = pod.labels.get("pod-template-hash")
    if ref.kind == "ReplicaSet" and revision and ref.name.endswith(f"-{revision}"):
        return WorkloadRef(ref.kind, ref.namespace, ref.name.removesuffix(f"-{revision}"))
    return ref


def _alike(pod: Pod, others: Sequence[Pod], candidates: list[int]) -> int:
    wanted = _kind_of_pod(pod)
    return next((index for index in candidates if _kind_of_pod(others[index]) == wanted), candidates[0])


class Kind(Value):
    """Ends that neither state tells apart: the common refinement of the classes of both.

    ``before`` and ``after`` are columns (NOWHERE: an end of one state only), ``pairs`` its pods, empty for a node or
    for addresses outside (``space``).
    """

    before: int
    after: int
    pairs: tuple[Pair, ...] = ()
    space: Intervals = ()

    @property
    def common(self) -> bool:
        """Whether both states have it."""
        return self.before >= 0 and self.after >= 0


class Refinement(Value):
    """The kinds of both states, numbered: pods first, then nodes, then addresses outside."""

    kinds: tuple[Kind, ...]
    pods: int
    pairing: Pairing

    @property
    def common(self) -> int:
        """All kinds that both states have, as a mask."""
        return mask_of(number for number, kind in enumerate(self.kinds) if kind.common)


def mask_of(numbers: Iterable[int]) -> int:
    """A set of numbers as one integer, a bit a number."""
    bits = bytearray()
    for number in numbers:
        byte = number >> 3
        if byte >= len(bits):
            bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << (number & 7)
    return int.from_bytes(bits, "little")


def refine(before: Universe, after: Universe, free: bool = False) -> Refinement:
    """The common refinement of two universes. ``free``: without addresses outside that objects of a cluster have."""
    pairing = pair_pods(before.cluster.pods, after.cluster.pods)
    groups: dict[Pair, list[Pair]] = {}
    left, right = before.class_of_pod, after.class_of_pod
    for pair in pairing.pairs:
        first, second = pair
        key = (left[first] if first >= 0 else NOWHERE, right[second] if second >= 0 else NOWHERE)
        group = groups.get(key)
        if group is None:
            groups[key] = [pair]
        else:
            group.append(pair)
    kinds = [Kind(*key, tuple(groups[key])) for key in sorted(groups, key=_order)]
    pods = len(kinds)
    nodes = {
        name: (before.nodes.get(name, NOWHERE), after.nodes.get(name, NOWHERE))
        for name in sorted({*before.nodes, *after.nodes})
    }
    kinds.extend(Kind(*columns) for columns in sorted(nodes.values(), key=_order))
    spaces = outside_pieces(_outside(before), _outside(after))
    own = [] if not free else [*before.taken.addresses, *after.taken.addresses]
    taken: Taken | None = None
    for columns in sorted(spaces, key=_order):
        space = spaces[columns]
        if free and size(space) <= len(own):
            # Nobody is there where the cluster's own ends have all the addresses, wherever its ranges are.
            taken = Taken(own) if taken is None else taken
            if taken.first_free(space) is None:
                continue
        kinds.append(Kind(*columns, space=space))
    return Refinement(tuple(kinds), pods, pairing)


def _order(columns: Pair) -> tuple[bool, int, int]:
    """In the order of the columns before; what is new comes last."""
    return columns[0] < 0, columns[0], columns[1]


def _outside(universe: Universe) -> list[tuple[int, int, int]]:
    return sorted(
        (first, last, column)
        for column in range(universe.outside, len(universe.ends))
        for first, last in universe.ends[column].space
    )


def outside_pieces(
    left: Sequence[tuple[int, int, int]], right: Sequence[tuple[int, int, int]]
) -> dict[Pair, Intervals]:
    """(column before, column after) → addresses, from intervals (first, last, column) in order."""
    events: list[tuple[int, int, int]] = []
    for side, intervals in enumerate((left, right)):
        for first, last, column in intervals:
            events.append((first, side, column + 1))
            events.append((last + 1, side, -(column + 1)))
    found: dict[Pair, list[tuple[int, int]]] = {}
    current = [NOWHERE, NOWHERE]
    start = 0
    for at, side, number in sorted(events):
        if at > start and (current[0] >= 0 or current[1] >= 0):
            found.setdefault((current[0], current[1]), []).append((start, at - 1))
        start = at
        if number > 0:
            current[side] = number - 1
        elif current[side] == -number - 1:
            current[side] = NOWHERE
    return {columns: canonical(intervals) for columns, intervals in found.items()}
