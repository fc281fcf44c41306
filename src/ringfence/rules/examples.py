"""Ends to ask the engine about: the words that ``can`` takes for a workload, a pod, a pod that a selector matches, or a
member of a peer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import PEER_ROLE, CompiledPolicy
from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import AddressPeer, AnyPeer, Direction, Peer, PodPeer, PodSelection
from ringfence.rules.finding import Witness
from ringfence.rules.situation import Situation, Workload, labels_text
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.sets.label_search import STAND_IN, example
from ringfence.sets.labels import ANY_VALUE, Selector, ValueSet
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

STRANGER = "stranger"
"""A namespace that the input does not have; nobody knows its labels."""


def workload_text(situation: Situation, workload: Workload) -> str:
    """``shop/web``, or ``shop/deployment/web`` where the short name means something else."""
    try:
        members = situation.target(workload.name).members
        if {index for member in members for index in member.pods} == set(workload.pods):
            return workload.name
    except EndError:
        pass
    return f"{workload.ref.namespace}/{workload.ref.kind.lower()}/{workload.ref.name}"


def stand_in(selector: Selector) -> dict[str, str] | None:
    """Labels that a selector matches, as few as it takes; None: it matches nothing."""
    wanted: dict[str, ValueSet] = {}
    for requirement in selector.requirements:
        wanted[requirement.key] = wanted.get(requirement.key, ANY_VALUE).intersection(requirement.allowed())
    if any(values.empty() for values in wanted.values()):
        return None
    return {key: value for key, values in wanted.items() if (value := example(values)) is not None}


def any_namespace(selector: Selector) -> bool:
    """Whether a selector of namespaces matches one that nobody has labelled: anybody's."""
    return selector.matches({NAME_LABEL: STAND_IN})


def selection_text(situation: Situation, selection: PodSelection, direction: Direction) -> str | None:
    """A pod that does not exist and that a selection surely includes; None where there is none. ``direction``: that of
    the rule of which the selection is a peer."""
    labels = stand_in(selection.pods)
    if labels is None:
        return None
    if selection.namespaces is None:
        return labels_text(labels, selection.namespace or STRANGER)
    if not selection.namespaces.requirements:
        return labels_text(labels, STRANGER)
    for name in sorted(situation.cluster.namespaces):
        if situation.relation.conditions.namespace(selection.namespaces, name, PEER_ROLE[direction]) == ALWAYS:
            return labels_text(labels, name)
    return labels_text(labels, STRANGER) if any_namespace(selection.namespaces) else None


def peer_text(situation: Situation, peer: Peer, direction: Direction) -> str | None:
    """A member of a peer; None where none can be named."""
    if isinstance(peer, PodPeer):
        return selection_text(situation, peer.selection, direction)
    if isinstance(peer, AddressPeer):
        return next(addresses(situation, peer.addresses), None)
    return "internet" if isinstance(peer, AnyPeer) else None


def addresses(situation: Situation, intervals: Intervals) -> Iterator[str]:
    """A few addresses of a set, those first that no object of the cluster can have."""
    ranges = situation.cluster.ranges
    inside = ip.merge((ranges.pods, ranges.services, ranges.nodes))
    for part in (ip.subtract(intervals, inside), ip.intersect(intervals, inside)):
        for first, last in part[:3]:
            yield ip.address_text(min(first + 1, last))


def subject_texts(situation: Situation, compiled: CompiledPolicy, direction: Direction) -> Iterator[str]:
    """Pods that a policy surely selects, one for each set of policies that decide their direction; a pod that does not
    exist where the input has no workloads of the namespace."""
    policy = compiled.policy
    if policy.namespace is not None and not situation.has_workloads(policy.namespace):
        text = selection_text(situation, policy.subject, direction)
        if text is not None:
            yield text
        return
    for pod in representatives(situation, compiled, direction):
        one = situation.cluster.pods[pod]
        yield f"{one.namespace}/{one.name}"


def representatives(situation: Situation, compiled: CompiledPolicy, direction: Direction) -> Iterator[int]:
    """The same as indexes in ``cluster.pods``, of pods that exist."""
    universe = situation.relation.universe
    seen: set[int] = set()
    for pod, surely in situation.subjects(compiled).items():
        if surely and not situation.cluster.pods[pod].host_network:
            row = id(situation.relation.row(universe.class_of_pod[pod], direction))
            if row not in seen:
                seen.add(row)
                yield pod


def verdict_of(situation: Situation, source: str, destination: str, port: int | str, protocol: str) -> Verdict | None:
    """What the engine says; None where the flow cannot be asked for."""
    try:
        return situation.can(source, destination, port, protocol)
    except EndError:
        return None


def confirmed(situation: Situation, witnesses: Iterable[Witness]) -> Witness | None:
    """The first witness to which the engine agrees."""
    for witness in witnesses:
        if verdict_of(
            situation, witness.source, witness.destination, witness.port or 443, witness.protocol or "TCP"
        ) is (witness.expected):
            return witness
    return None
