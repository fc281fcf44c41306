"""Policies made ready for folding: for every rule the columns that it matches, and for every policy its subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ringfence.layers.network.columns import Columns, MatchMap, add
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.enforcement import effect
from ringfence.layers.network.facts import ALWAYS, Condition, Literal, Role, Variable
from ringfence.model.policy import Action, Direction, NetworkPolicyRules, Rule, Tier
from ringfence.sets.ports import PortTable

SUBJECT_ROLE: dict[Direction, Role] = {Direction.INGRESS: "dst", Direction.EGRESS: "src"}
PEER_ROLE: dict[Direction, Role] = {Direction.INGRESS: "src", Direction.EGRESS: "dst"}

ABSENT, ISOLATES, ALLOWS, DENIES, PASSES = "absent", "isolates", "allows", "denies", "passes"
BROKEN_NETWORK_POLICY = frozenset((ABSENT, ISOLATES, ALLOWS))
BROKEN_ADMIN_POLICY = frozenset((ABSENT, ALLOWS, DENIES, PASSES))


def broken_variable(policy: NetworkPolicyRules, direction: Direction) -> Variable:
    """What a policy would do that the API server would reject as it is written, or that the plugin reads nobody knows
    how."""
    domain = BROKEN_NETWORK_POLICY if policy.tier is Tier.NETWORK_POLICY else BROKEN_ADMIN_POLICY
    return Variable(
        "unclear" if policy.unclear else "broken", None, f"{policy.kind} {policy.full_name} {direction.value}", domain
    )


def broken_literal(policy: NetworkPolicyRules, direction: Direction, *values: str) -> Condition:
    """The policy, put right, would do one of these."""
    return frozenset((Literal(broken_variable(policy, direction), frozenset(values)),))


BROKEN_ACTIONS = ((Action.ALLOW, ALLOWS), (Action.DENY, DENIES), (Action.PASS, PASSES))


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its match map. ``entries`` (condition, columns, ports) where the ports are the same for every
    subject, else ``peers`` and the rule's named ports, to be resolved on the subject (ingress)."""

    rule: Rule
    entries: tuple[tuple[Condition, int, int], ...] | None
    peers: MatchMap


class CompiledPolicy:
    """One policy: its subjects and rules as columns, worked out when first asked for."""

    __slots__ = ("_effects", "_rules", "_subjects", "columns", "index", "named_ingress_ports", "policy")

    def __init__(self, index: int, policy: NetworkPolicyRules, columns: Columns) -> None:
        self.index = index
        self.policy = policy
        self.columns = columns
        self._subjects: dict[Direction, MatchMap] = {}
        self._rules: dict[Direction, tuple[CompiledRule, ...]] = {}
        self._effects: dict[Direction, Condition | None] = {}
        self.named_ingress_ports = any(
            match.name is not None or match.readings for rule in policy.ingress or () for match in rule.ports or ()
        )

    def adopt(self, other: CompiledPolicy) -> None:
        """Take over what was worked out for the same policy and columns."""
        self._subjects, self._rules = other._subjects, other._rules

    @property
    def admin(self) -> bool:
        """Whether it belongs to a tier of cluster administrators."""
        return self.policy.tier is not Tier.NETWORK_POLICY

    def governs(self, direction: Direction) -> bool:
        """Whether it says anything of this direction that the plugin may enforce."""
        said = self.policy.rules(direction) is not None or direction in self.policy.broken
        return said and self.effect(direction) is not None

    def effect(self, direction: Direction) -> Condition | None:
        """Under which answers of the plugin it has an effect on a direction; None for never."""
        if self.columns.conditions.all_kinds:
            return ALWAYS
        if direction not in self._effects:
            self._effects[direction] = effect(self.policy, direction, self.columns.conditions.profile)
        return self._effects[direction]

    def selects(self, end: EndClass, direction: Direction) -> Condition | None:
        """When it governs a direction of one pod; None for never."""
        own = self.effect(direction)
        conditions, role = self.columns.conditions, SUBJECT_ROLE[direction]
        if own is None:
            return None
        selected = conditions.selects(self.policy.subject, end, role, self.admin)
        if selected is None:
            return None
        enforced = conditions.enforced(end, role)
        return None if enforced is None else own | selected | enforced

    def subjects(self, direction: Direction) -> MatchMap:
        """The pod classes that it selects."""
        found = self._subjects.get(direction)
        if found is None:
            found = self.columns.subjects(self.policy.subject, SUBJECT_ROLE[direction], self.admin)
            own = self.effect(direction)
            if own is None:
                found = {}
            elif own:
                found = {condition | own: mask for condition, mask in found.items()}
            self._subjects[direction] = found
        return found

    def rules(self, direction: Direction) -> tuple[CompiledRule, ...]:
        """Its rules of one direction."""
        found = self._rules.get(direction)
        if found is None:
            found = tuple(self._compile(rule, direction) for rule in self.policy.rules(direction) or ())
            self._rules[direction] = found
        return found

    def _compile(self, rule: Rule, direction: Direction) -> CompiledRule:
        role = PEER_ROLE[direction]
        peers: MatchMap = {}
        if len(rule.peers) == 1:
            peers = self.columns.peer(rule.peers[0], role, self.admin)
        else:
            for peer in rule.peers:
                for condition, mask in self.columns.peer(peer, role, self.admin).items():
                    peers[condition] = peers.get(condition, 0) | mask
        ports = self.columns.fixed_ports(rule.ports)
        if ports is not None:
            return CompiledRule(rule, tuple((condition, mask, ports) for condition, mask in peers.items()), peers)
        if direction is Direction.INGRESS:
            return CompiledRule(rule, None, peers)
        assert rule.ports is not None
        merged: dict[tuple[Condition, int], int] = {}
        for columns, meanings in self.columns.ports_by_destination(rule.ports, self.admin):
            for named, numbers in meanings:
                for condition, mask in peers.items():
                    if mask & columns:
                        key = (condition | named, numbers)
                        merged[key] = merged.get(key, 0) | (mask & columns)
        entries = tuple((condition, mask, numbers) for (condition, numbers), mask in merged.items())
        return CompiledRule(rule, entries, peers)


def rule_entries(
    compiled: CompiledRule, subject: EndClass, conditions: Conditions, table: PortTable, admin: bool
) -> Sequence[tuple[Condition, int, int]]:
    """(condition, columns, ports) of a rule for one subject."""
    if compiled.entries is not None:
        return compiled.entries
    found: list[tuple[Condition, int, int]] = []
    for named, numbers in conditions.ports(table, compiled.rule.ports, subject, admin):
        for condition, mask in compiled.peers.items():
            found.append((condition | named, mask, numbers))
    return found


def merge_subjects(first: MatchMap, second: MatchMap) -> MatchMap:
    """Both match maps as one."""
    result = dict(first)
    for condition, mask in second.items():
        add(result, condition, mask)
    return result
