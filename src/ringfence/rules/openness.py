"""Is a pod of the input closed in a direction, and to what? As the engine sees it: tier by tier, by what the policies
say and not by how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ringfence.layers.network.facts import ALWAYS, Condition
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.layers.network.rows import Selected
from ringfence.model.policy import Action, AddressPeer, AnyPeer, Direction, NetworkPolicyRules, PodPeer, Rule, Tier
from ringfence.rules.situation import Situation
from ringfence.sets import addresses as ip
from ringfence.sets.label_search import UndecidedError, escaping
from ringfence.sets.labels import Selector
from ringfence.sets.ports import EVERYTHING, Intervals, canonical, port_key
from ringfence.values import Value


class Open(Value):
    """A pod that is not closed. ``openers``: the policies that select it and together let every pod pass on every port;
    empty: nothing closes it. ``outside_only``: admin policies keep pods away, not addresses."""

    openers: tuple[NetworkPolicyRules, ...] = ()
    outside_only: bool = False


class Doubt(Value):
    """It cannot be decided; why."""

    why: str


State = Open | Doubt | None
"""None: it is closed."""


class Openness:
    """The states of all pods in one direction. Pods that the same policies select share one."""

    def __init__(self, situation: Situation, direction: Direction) -> None:
        self.situation = situation
        self.direction = direction
        self._states: dict[tuple[Selected, ...], State] = {}
        self._by_class: dict[int, State] = {}

    def of(self, pod: int) -> State:
        """The state of a pod (its index in ``cluster.pods``)."""
        relation = self.situation.relation
        column = relation.universe.class_of_pod[pod]
        if column not in self._by_class:
            key = tuple(relation.selected(column, self.direction, tier) for tier in Tier)
            if key not in self._states:
                self._states[key] = self._state(*key)
            self._by_class[column] = self._states[key]
        return self._by_class[column]

    def _state(self, admin: Selected, own: Selected, baseline: Selected) -> State:
        first = self._tier(admin)
        if isinstance(first, Doubt):
            return first
        if first is not None and first[0] is Action.ALLOW:
            return Open((first[2],))
        shut_to_pods = first is not None and first[0] is Action.DENY
        if first is not None and shut_to_pods and not first[1]:
            return None
        state = self._network_policies(own, baseline)
        if shut_to_pods and isinstance(state, Open):
            return Open(outside_only=True)
        return state

    def _network_policies(self, selected: Selected, baseline: Selected) -> State:
        sure, perhaps = self._sorted(selected)
        if sure:
            if everything_passes(self.direction, sure):
                return Open(tuple(one.policy for one in openers(self.direction, sure)))
            if perhaps and everything_passes(self.direction, [*sure, *(one for one, _ in perhaps)]):
                return Doubt(self._doubt(perhaps))
            return None
        if perhaps:
            return Doubt(self._doubt(perhaps))
        last = self._tier(baseline)
        if isinstance(last, Doubt):
            return last
        if last is None or last[0] is not Action.DENY:
            return Open()
        return Open(outside_only=True) if last[1] else None

    def _sorted(self, selected: Selected) -> tuple[list[CompiledPolicy], list[tuple[CompiledPolicy, Condition]]]:
        policies = self.situation.relation.policies
        sure: dict[int, CompiledPolicy] = {}
        perhaps: dict[int, tuple[CompiledPolicy, Condition]] = {}
        for index, condition in selected:
            compiled = policies[index]
            if condition == ALWAYS and self.direction not in compiled.policy.broken:
                sure[index] = compiled
            else:
                perhaps[index] = (compiled, condition)
        return list(sure.values()), [item for index, item in perhaps.items() if index not in sure]

    def _doubt(self, perhaps: Sequence[tuple[CompiledPolicy, Condition]]) -> str:
        compiled, condition = perhaps[0]
        name = f"{compiled.policy.kind} {compiled.policy.full_name}"
        if self.direction in compiled.policy.broken:
            return f"the API server rejects {name} as it is written"
        return f"whether {name} selects it hangs on {hanging_on(condition)}"

    def _tier(self, selected: Selected) -> tuple[Action, bool, NetworkPolicyRules] | Doubt | None:
        """What the first rule of an ordered tier does that holds for every pod on every port, whether it holds for
        pods only, and whose it is. Rules before it are exceptions that somebody meant."""
        doubt: Doubt | None = None
        for index, condition in selected:
            compiled = self.situation.relation.policies[index]
            policy = compiled.policy
            if self.direction in policy.broken:
                return Doubt(self._doubt([(compiled, condition)]))
            for rule in policy.rules(self.direction) or ():
                if rule.ports is None and holds_every_pod(rule):
                    if condition != ALWAYS:
                        doubt = doubt or Doubt(self._doubt([(compiled, condition)]))
                        break
                    return doubt or (rule.action, not _holds_every_address(rule), policy)
        return doubt


def hanging_on(condition: Condition) -> str:
    """What a condition hangs on, in words."""
    kinds = {literal.variable.kind for literal in condition}
    if "namespace-label" in kinds:
        return "labels of its namespace, and the input has no Namespace object for it"
    if "cni" in kinds:
        return "what the network plugin does with hostNetwork pods"
    return "labels that the input does not give"


def is_every_pod(peer: object) -> bool:
    """Whether a peer means all pods of all namespaces."""
    if not isinstance(peer, PodPeer):
        return isinstance(peer, AnyPeer)
    selection = peer.selection
    everywhere = selection.namespaces is not None and not selection.namespaces.requirements
    return everywhere and not selection.pods.requirements


def holds_every_pod(rule: Rule) -> bool:
    """Whether a rule matches all pods."""
    return any(is_every_pod(peer) for peer in rule.peers)


def _holds_every_address(rule: Rule) -> bool:
    if any(isinstance(peer, AnyPeer) for peer in rule.peers):
        return True
    blocks = ip.merge(peer.addresses for peer in rule.peers if isinstance(peer, AddressPeer))
    return not ip.subtract(ip.EVERY_ADDRESS, blocks)


def fixed_ports(rule: Rule) -> Intervals:
    """The ports of a rule that are the same on every destination: named ones left out."""
    if rule.ports is None:
        return EVERYTHING
    return canonical(
        (port_key(match.protocol, match.first), port_key(match.protocol, match.last))
        for match in rule.ports
        if match.name is None and match.protocol is not None
    )


def _rules(direction: Direction, policies: Iterable[CompiledPolicy]) -> Iterator[Rule]:
    for compiled in policies:
        yield from compiled.policy.rules(direction) or ()


def everything_passes(direction: Direction, policies: Sequence[CompiledPolicy]) -> bool:
    """Whether NetworkPolicies together let every pod, whatever its labels, pass on every port."""
    ports: list[tuple[int, int]] = []
    by_labels: list[Selector] = []
    for rule in _rules(direction, policies):
        if holds_every_pod(rule):
            if rule.ports is None:
                return True
            ports.extend(fixed_ports(rule))
        elif rule.ports is None:
            by_labels.extend(
                peer.selection.pods
                for peer in rule.peers
                if isinstance(peer, PodPeer)
                and peer.selection.namespaces is not None
                and not peer.selection.namespaces.requirements
            )
    if ports and canonical(ports) == EVERYTHING:
        return True
    try:
        return len(by_labels) > 1 and escaping(by_labels) is None
    except UndecidedError:
        return False


def openers(direction: Direction, policies: Sequence[CompiledPolicy]) -> list[CompiledPolicy]:
    """Few of these policies that do it: one alone if one is enough."""
    for compiled in policies:
        if everything_passes(direction, [compiled]):
            return [compiled]
    needed = list(policies)
    for compiled in policies:
        rest = [one for one in needed if one is not compiled]
        if everything_passes(direction, rest):
            needed = rest
    return needed
