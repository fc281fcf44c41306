"""Policies made ready for folding: for every rule the columns that it matches, and for every policy its subjects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ringfence.layers.network.columns import Columns, MatchMap, SpanMap, Spans, add, mask_of
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.enforcement import effect
from ringfence.layers.network.facts import ALWAYS, Condition, Literal, Role, Variable
from ringfence.model.policy import Action, Direction, NetworkPolicyRules, PortMatch, Rule, Tier
from ringfence.sets.ports import PortTable
from ringfence.values import Value

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


NearEntry = tuple[Condition, Spans, int]
"""(condition, columns, ports) of a rule, the columns as spans; in a ``WideEntry`` they are a mask."""
WideEntry = tuple[Condition, int, int]

BY_SUBJECT = -1
"""In the place of ports: those of a rule with named ports, which the subject's own ports decide (ingress)."""


class CompiledRule(Value):
    """A rule with what it matches: ``near`` columns as spans, ``wide`` ones as masks."""

    rule: Rule
    near: tuple[NearEntry, ...]
    wide: tuple[WideEntry, ...]
    by_subject: bool = False
    """The ports of every entry are ``BY_SUBJECT``."""
    given: tuple[tuple[NearEntry, ...], tuple[WideEntry, ...]] | None = None
    """The entries before named ports divided them, where they did."""

    @property
    def peers(self) -> MatchMap:
        """The columns that its peers match, whatever the ports."""
        near, wide = self.given or (self.near, self.wide)
        found: MatchMap = {}
        for condition, spans, _ in near:
            add(found, condition, mask_of(spans))
        for condition, mask, _ in wide:
            add(found, condition, mask)
        return found


class CompiledPolicy:
    """One policy: its subjects and rules as columns, worked out when first asked for."""

    __slots__ = ("_effects", "_rules", "columns", "index", "named_ingress_ports", "policy")

    def __init__(self, index: int, policy: NetworkPolicyRules, columns: Columns) -> None:
        self.index = index
        self.policy = policy
        self.columns = columns
        self._rules: dict[Direction, tuple[CompiledRule, ...]] = {}
        self._effects: dict[Direction, Condition | None] = {}
        self.named_ingress_ports = any(
            match.name is not None or match.readings for rule in policy.ingress or () for match in rule.ports or ()
        )

    def adopt(self, other: CompiledPolicy) -> None:
        """Take over what was worked out for the same policy and columns."""
        self._rules = other._rules

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
        found = self.columns.subjects(self.policy.subject, SUBJECT_ROLE[direction], self.admin)
        own = self.effect(direction)
        if own is None:
            return {}
        return {condition | own: mask for condition, mask in found.items()} if own else found

    def near_subjects(self, direction: Direction) -> SpanMap | None:
        """The same as spans; None where they may be too many for that."""
        own = self.effect(direction)
        if own is None:
            return {}
        found = self.columns.near_subjects(self.policy.subject, SUBJECT_ROLE[direction], self.admin)
        return {condition | own: spans for condition, spans in found.items()} if own and found else found

    def rules(self, direction: Direction) -> tuple[CompiledRule, ...]:
        """Its rules of one direction."""
        found = self._rules.get(direction)
        if found is None:
            found = tuple(self._compile(rule, direction) for rule in self.policy.rules(direction) or ())
            self._rules[direction] = found
        return found

    def _compile(self, rule: Rule, direction: Direction) -> CompiledRule:
        role = PEER_ROLE[direction]
        near: dict[Condition, dict[int, int]] = {}
        wide: list[tuple[Condition, int]] = []
        for peer in rule.peers:
            spans, masks = self.columns.reach(peer, role, self.admin)
            for condition, blocks in spans.items():
                merged = near.setdefault(condition, {})
                for start, bits in blocks:
                    merged[start] = merged.get(start, 0) | bits
            wide.extend(masks.items())
        peers = [(condition, tuple(blocks.items())) for condition, blocks in near.items()]
        ports = self.columns.fixed_ports(rule.ports)
        numbers = BY_SUBJECT if ports is None else ports
        near_entries = tuple((condition, spans, numbers) for condition, spans in peers)
        wide_entries = tuple((condition, mask, numbers) for condition, mask in wide)
        if ports is None and direction is Direction.EGRESS:
            assert rule.ports is not None
            return CompiledRule(rule, *self._named(rule.ports, peers, wide), given=(near_entries, wide_entries))
        return CompiledRule(rule, near_entries, wide_entries, ports is None)

    def _named(
        self, matches: tuple[PortMatch, ...], near: list[tuple[Condition, Spans]], wide: list[tuple[Condition, int]]
    ) -> tuple[tuple[NearEntry, ...], tuple[WideEntry, ...]]:
        """The entries of a rule of egress with named ports, which the destinations decide."""
        near_found: dict[tuple[Condition, int], dict[int, int]] = {}
        wide_found: dict[tuple[Condition, int], int] = {}
        blocks = self.columns.blocks
        for columns, meanings in self.columns.ports_by_destination(matches, self.admin):
            for named, numbers in meanings:
                for condition, spans in near:
                    for start, bits in spans:
                        own = columns >> start & ((1 << blocks[start]) - 1) & bits
                        if own:
                            found = near_found.setdefault((condition | named, numbers), {})
                            found[start] = found.get(start, 0) | own
                for condition, mask in wide:
                    if mask & columns:
                        key = (condition | named, numbers)
                        wide_found[key] = wide_found.get(key, 0) | (mask & columns)
        return (
            tuple((condition, tuple(spans.items()), numbers) for (condition, numbers), spans in near_found.items()),
            tuple((condition, mask, numbers) for (condition, numbers), mask in wide_found.items()),
        )


def rule_entries(
    compiled: CompiledRule, subject: EndClass, conditions: Conditions, table: PortTable, admin: bool
) -> tuple[Sequence[NearEntry], Sequence[WideEntry]]:
    """(condition, columns, ports) of a rule for one subject: near columns, and wide ones."""
    if not compiled.by_subject:
        return compiled.near, compiled.wide
    resolved = conditions.ports(table, compiled.rule.ports, subject, admin)
    return (
        [(condition | named, spans, numbers) for named, numbers in resolved for condition, spans, _ in compiled.near],
        [(condition | named, mask, numbers) for named, numbers in resolved for condition, mask, _ in compiled.wide],
    )


def entries_at(
    compiled: CompiledRule, column: int, subject: EndClass, conditions: Conditions, table: PortTable, admin: bool
) -> Iterator[tuple[Condition, int]]:
    """(condition, ports) of a rule for one subject and one column."""
    near, wide = rule_entries(compiled, subject, conditions, table, admin)
    for condition, spans, numbers in near:
        if any(column >= start and bits >> (column - start) & 1 for start, bits in spans):
            yield condition, numbers
    for condition, mask, numbers in wide:
        if mask >> column & 1:
            yield condition, numbers


def rule_masks(
    compiled: CompiledRule, subject: EndClass, conditions: Conditions, table: PortTable, admin: bool
) -> list[WideEntry]:
    """The same as masks, one for each condition and ports."""
    near, wide = rule_entries(compiled, subject, conditions, table, admin)
    found: dict[tuple[Condition, int], int] = {}
    for condition, spans, numbers in near:
        found[condition, numbers] = found.get((condition, numbers), 0) | mask_of(spans)
    for condition, mask, numbers in wide:
        found[condition, numbers] = found.get((condition, numbers), 0) | mask
    # All of one rule do the same: what surely matches goes first, so that nothing after it hangs on a fact needlessly.
    entries = sorted(found.items(), key=lambda entry: bool(entry[0][0]))
    return [(condition, mask, numbers) for (condition, numbers), mask in entries]
