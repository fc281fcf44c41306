"""How far somebody gets who holds every pod that he reaches, and what pods can be made to reach: plain enumeration."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations, product

from tests.oracle.evaluator import FRESH, mentioned, numbers_apart
from tests.oracle.objects import NAME_LABEL, Cluster, End, Pod
from tests.oracle.questions import node_ports, to_number

PROTOCOLS = ("TCP", "UDP", "SCTP")
NEW_SPACE = "a-new-namespace"


def telling_ports(cluster: Cluster, protocol: str) -> list[int]:
    """Port numbers of which every other is like one: to the rules, to names of ports, to nodes that hand on."""
    named = {number for pod in cluster.pods for _, own, number in pod.ports or () if own == protocol}
    single = named | node_ports(cluster, protocol)
    return sorted({*numbers_apart(cluster, protocol), *single, *(number + 1 for number in single if number < 65535)})


def step(cluster: Cluster, one: End, other: End) -> str:
    """Whether anything gets from one end to another: allowed if one port surely is, else unknown if one possibly is."""
    found = "denied"
    for protocol in PROTOCOLS:
        for number in telling_ports(cluster, protocol):
            verdicts = {part.verdict for part in to_number(cluster, one, other, protocol, number)}
            if "allowed" in verdicts:
                return "allowed"
            found = "unknown" if "unknown" in verdicts else found
    return found


@dataclass(frozen=True)
class Reached:
    """In how many steps, and whether one of them is not decided."""

    steps: int
    possibly: bool


def spread(
    cluster: Cluster, start: Iterable[End], others: Iterable[End], kind: Callable[[End], Hashable]
) -> dict[Hashable, Reached]:
    """Every kind that is reached from some ends. Who reaches one of a kind holds all of it; only pods lead on. What is
    surely reached counts with its surely taken steps, however few possible ones would do."""
    members: dict[Hashable, list[End]] = {}
    for end in {
        **{pod.identity: pod for pod in cluster.pods},
        **{end.identity: end for end in (*others, *start)},
    }.values():
        members.setdefault(kind(end), []).append(end)
    begun = {kind(end) for end in start}
    known: dict[tuple[Hashable, Hashable], str] = {}

    def between(one: Hashable, other: Hashable) -> str:
        if (one, other) not in known:
            found = {step(cluster, a, b) for a, b in product(members[one], members[other]) if a.identity != b.identity}
            known[one, other] = next((word for word in ("allowed", "unknown") if word in found), "denied")
        return known[one, other]

    def leads_on(one: Hashable) -> bool:
        return one in begun or isinstance(members[one][0], Pod)

    reached: dict[Hashable, Reached] = {}
    for words, possibly in ((("allowed",), False), (("allowed", "unknown"), True)):
        steps = 0
        while steps <= max((one.steps for one in reached.values()), default=0):
            here = [
                one
                for one in (*begun, *reached)
                if leads_on(one) and (0 if one in begun else reached[one].steps) == steps
            ]
            new = {
                other
                for one in here
                for other in members
                if other not in begun and other not in reached and between(one, other) in words
            }
            reached |= {other: Reached(steps + 1, possibly) for other in new}
            steps += 1
    return reached


# pods that do not exist


def new_pods(cluster: Cluster, space: str, protocol: str, number: int) -> Iterator[tuple[Cluster, Pod]]:
    """A pod of each choice that somebody has who makes one in a namespace: its labels, the names of its ports, and the
    name and labels of the namespace, where that is new as well (NEW_SPACE)."""
    for within, name in spaces(cluster, space):
        for own in label_sets(values_by_key(cluster, "pod"), ()):
            for ports in named(cluster, protocol, number):
                pod = Pod(name, "new", own, ("", name, "a pod that does not exist"), ports=ports)
                yield within, pod


def spaces(cluster: Cluster, space: str) -> Iterator[tuple[Cluster, str]]:
    """The namespace, or every one that could be made."""
    if space != NEW_SPACE:
        yield cluster, space
        return
    values = values_by_key(cluster, "namespace")
    for name in (NEW_SPACE, *(text for text in values.get(NAME_LABEL, ()) if text not in cluster.namespaces)):
        for own in label_sets(values, (NAME_LABEL,)):
            yield replace(cluster, namespaces={**cluster.namespaces, name: {**own, NAME_LABEL: name}}), name


def values_by_key(cluster: Cluster, kind: str) -> Mapping[str, Sequence[str]]:
    """The keys that selectors name, also those without values (Exists, DoesNotExist)."""
    peers = [
        peer for policy in cluster.policies for rules in policy.rules.values() for one in rules for peer in one.peers
    ]
    selectors = {
        "namespace": [*(policy.namespaces for policy in cluster.policies), *(peer.namespaces for peer in peers)],
        "pod": [*(policy.pods for policy in cluster.policies), *(peer.pods for peer in peers)],
    }
    keys = {requirement.key: () for selector in selectors[kind] for requirement in selector or ()}
    return {**keys, **mentioned(cluster, kind)}


def label_sets(values: Mapping[str, Sequence[str]], without: Collection[str]) -> Iterator[dict[str, str]]:
    """For each key that policies name: absent, one of its values, or one that no policy names."""
    keys = [key for key in values if key not in without]
    for chosen in product(*([None, FRESH, *values[key]] for key in keys)):
        yield {key: value for key, value in zip(keys, chosen, strict=True) if value is not None}


def named(cluster: Cluster, protocol: str, number: int) -> list[tuple[tuple[str, str, int], ...]]:
    """The port of the flow under every set of the names that policies use."""
    names = sorted({
        port.name
        for policy in cluster.policies
        for rules in policy.rules.values()
        for rule in rules
        for port in rule.ports or ()
        if port.name
    })  # fmt: skip
    sets = chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))
    return [tuple((name, protocol, number) for name in chosen) for chosen in sets]


def made_to_reach(
    cluster: Cluster, space: str, workload: Sequence[Pod], protocol: str, number: int, inwards: bool
) -> str:
    """Whether a new pod of the best choice gets through to some pod of a workload (``inwards``), or that to it."""
    found = "denied"
    for within, pod in new_pods(cluster, space, protocol, number):
        for one in workload:
            ends = (pod, one) if inwards else (one, pod)
            verdicts = {part.verdict for part in to_number(within, *ends, protocol, number)}
            if "allowed" in verdicts:
                return "allowed"
            found = "unknown" if "unknown" in verdicts else found
    return found
