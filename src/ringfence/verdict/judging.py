"""Which policies and rules decide one concrete flow, direction by direction.

The relation says what the verdict is; this says by whom. Both read the same match maps and conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.layers.network.cells import Meeting
from ringfence.layers.network.conditions import FAMILY, named_port
from ringfence.layers.network.enforcement import deciding, governs
from ringfence.layers.network.facts import TRUE, Condition, Domain, Literal, Variable, both, holds
from ringfence.layers.network.policies import BROKEN_ACTIONS, SUBJECT_ROLE, CompiledPolicy, entries_at
from ringfence.layers.network.relation import End, Relation
from ringfence.layers.network.rows import Order, Rivals, Selected, SubjectKey
from ringfence.layers.network.single import rule_matches
from ringfence.layers.profiles import Fact
from ringfence.model.policy import Action, Direction, Rule
from ringfence.sets.addresses import EVERY_IPV4, EVERY_IPV6
from ringfence.sets.ports import PortTable
from ringfence.values import Draft, Value, field
from ringfence.verdict.answers import Decision

Known = Callable[[Condition], bool | None]


class Hit(Value):
    """A rule that matches the flow (``surely`` False: perhaps). ``rule`` None: a broken object that might."""

    compiled: CompiledPolicy
    rule: Rule | None
    action: Action
    surely: bool

    def decision(self, direction: Direction) -> Decision:
        """The rule as a deciding object."""
        return decision(self.compiled, direction, self.rule)


class Judgement(Draft):
    """One direction of one flow. ``admin`` and ``baseline`` hits are in order, up to the first that decides for certain
    (all of an equal priority); ``isolating`` are the NetworkPolicies that isolate, surely or perhaps."""

    direction: Direction
    admin: list[Hit] = field(default_factory=list)
    admin_decided: bool = False
    isolating: list[tuple[CompiledPolicy, bool]] = field(default_factory=list)
    allowing: list[Hit] = field(default_factory=list)
    baseline: list[Hit] = field(default_factory=list)
    unseen: str = ""
    """Not empty: the plugin does not filter such traffic at all, and why."""
    isolated: bool = False
    """Whether some NetworkPolicy surely isolates."""

    @property
    def only_passes(self) -> bool:
        """Whether the direction is open only because a Pass rule ended its tier and nothing came after."""
        allows = [hit for hit in self.hits() if hit.action is Action.ALLOW]
        return not allows and any(hit.action is Action.PASS for hit in self.admin)

    def hits(self) -> list[Hit]:
        """Every rule that has a say, surely or perhaps, in order."""
        found = list(self.admin)
        if not self.admin_decided:
            found += self.allowing
            if not self.isolated:
                found += self.baseline
        return found

    def decisions(self, allowed: bool) -> list[Decision]:
        """Who decides that the direction allows, or denies."""
        wanted = Action.ALLOW if allowed else Action.DENY
        found = [hit.decision(self.direction) for hit in self.admin if hit.action is wanted] if self.admin else []
        if self.admin_decided:
            return found
        passes = [hit.decision(self.direction) for hit in self.admin if hit.action is Action.PASS and hit.surely]
        if allowed:
            found += [hit.decision(self.direction) for hit in self.allowing if hit.surely][:1] or (
                [hit.decision(self.direction) for hit in self.allowing]
            )
        elif self.isolating and not any(hit.surely for hit in self.allowing):
            found += [decision(compiled, self.direction, None) for compiled, _ in self.isolating]
        if not self.isolated:
            found += [hit.decision(self.direction) for hit in self.baseline if hit.action is wanted]
        return found or passes

    def everyone(self) -> list[Decision]:
        """Every object that has a say: what an UNKNOWN hangs on."""
        found = [hit.decision(self.direction) for hit in self.hits()]
        if not self.admin_decided and not any(hit.surely for hit in self.allowing):
            found += [decision(compiled, self.direction, None) for compiled, _ in self.isolating]
        return found


def decision(compiled: CompiledPolicy, direction: Direction, rule: Rule | None) -> Decision:
    """An object, or one of its rules, as a decision."""
    policy = compiled.policy
    return Decision(
        "network",
        direction.value,
        policy.kind,
        policy.namespace,
        policy.name,
        None if rule is None else rule.index,
        policy.place if rule is None else rule.place,
    )


def known_facts(relation: Relation, meeting: Meeting) -> Known:
    """Three-valued truth of conditions for ends that meet like this, all open facts open."""
    facts: dict[Variable, Domain] = {}
    if len(meeting.families) == 1:
        facts[FAMILY] = frozenset((str(meeting.families[0]),))
    if meeting.named:
        facts[named_port(meeting.named)] = TRUE
    lines = {4: EVERY_IPV4, 6: EVERY_IPV6}
    taken = relation.universe.taken
    memo: dict[Condition, bool | None] = {}

    def shared(literal: Literal) -> Literal:
        variable = literal.variable
        if variable.kind == "address" and len(meeting.families) == 1 and variable not in facts:
            facts[variable] = both(variable.domain, lines[meeting.families[0]])
        if variable.kind == "same-node" and isinstance(meeting.same_node, bool) and variable not in facts:
            facts[variable] = frozenset(("yes" if meeting.same_node else "no",))
        return literal

    def known(condition: Condition) -> bool | None:
        if not condition:
            return True
        if condition not in memo:
            memo[condition] = holds(frozenset(map(shared, condition)), facts, taken)
        return memo[condition]

    return known


class Judge:
    """Judges flows between two ends of a relation."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self._known: tuple[Meeting, Known] | None = None

    def known(self, meeting: Meeting) -> Known:
        """What is known where ends meet like this. The last answer is remembered."""
        last = self._known
        if last is None or last[0] is not meeting:
            last = self._known = meeting, known_facts(self.relation, meeting)
        return last[1]

    def direction(self, subject: End, peer: End, direction: Direction, meeting: Meeting, port: int) -> Judgement:
        """Who has a say over one destination port."""
        found = Judgement(direction)
        relation = self.relation
        if relation.end_class(subject).sort != "pod":
            return found
        known = self.known(meeting)
        key = relation.subject_key(subject, direction)
        for condition in relation.rows.own_node(direction, relation.end_class(peer))[0]:
            if known(condition) is True:
                found.admin_decided = True
                return found
        found.unseen = self.unseen(key, known, port)
        if found.unseen:
            found.admin_decided = True
            return found
        found.admin, found.admin_decided = self._ordered(key.admin, subject, peer, direction, known, port)
        if found.admin_decided:
            return found
        for index, condition in key.network_policy:
            compiled = relation.policies[index]
            broken = direction in compiled.policy.broken
            value = known(condition)
            if value is False:
                continue
            surely = value is True and not broken
            found.isolating.append((compiled, surely))
            found.isolated = found.isolated or surely
            if broken:
                found.allowing.append(Hit(compiled, None, Action.ALLOW, False))
                continue
            for rule, matched in self._rules(compiled, subject, peer, direction, known, port):
                found.allowing.append(Hit(compiled, rule, Action.ALLOW, matched and value is True))
        if not found.isolated:
            found.baseline, _ = self._ordered(key.baseline, subject, peer, direction, known, port)
        return found

    def unseen(self, key: SubjectKey, known: Known, port: int) -> str:
        """Why the plugin surely does not filter such traffic; empty where it may, or where no policy selects the
        pod."""
        relation = self.relation
        if not (key.admin or key.network_policy or key.baseline):
            return ""
        for condition, ports in relation.rows.unseen:
            if relation.ports.contains(ports, port) and known(condition) is True:
                what = "SCTP" if ports != PortTable.ALL else "IPv6"
                return f"profile {relation.profile.full_name} does not filter {what}"
        return ""

    def without_effect(self, end: End, direction: Direction) -> list[tuple[CompiledPolicy, str]]:
        """The policies that select a pod and have no effect on it under the profile, each with why."""
        relation = self.relation
        known = relation.end_class(end)
        profile = relation.profile
        if known.sort != "pod" or not relation.some_without_effect:
            return []
        found = []
        for compiled in relation.candidates(known.namespace):
            policy = compiled.policy
            if direction not in governs(policy) or compiled.selects(known, direction) is not None:
                continue
            if relation.conditions.selects(policy.subject, known, SUBJECT_ROLE[direction], compiled.admin) is None:
                continue
            facts = [fact for fact in deciding(policy, direction) if profile.answer(fact) is False]
            if facts:
                why = profile.facts[facts[0]].why or f"{facts[0]} is not enforced"
            elif known.where is False:
                why = "the pod's node does not enforce policy"
            else:
                why = profile.facts[Fact.STANDALONE_PODS].why or "no controller owns the pod"
            found.append((compiled, f"profile {profile.full_name}: {why}"))
        return found

    def _rules(
        self, compiled: CompiledPolicy, subject: End, peer: End, direction: Direction, known: Known, port: int
    ) -> Iterator[tuple[Rule, bool]]:
        """Rules that match the port and the peer: (rule, surely)."""
        relation = self.relation
        contains = relation.ports.contains
        if isinstance(peer, int):
            end = relation.end_class(subject)
            for one in compiled.rules(direction):
                best: bool | None = None
                for condition, numbers in entries_at(
                    one, peer, end, relation.conditions, relation.ports, compiled.admin
                ):
                    if contains(numbers, port):
                        value = known(condition)
                        if value is not False:
                            best = bool(best) or value is True
                if best is not None:
                    yield one.rule, best
            return
        first, second = relation.end_class(subject), relation.end_class(peer)
        for rule in compiled.policy.rules(direction) or ():
            values = [
                known(condition)
                for condition, numbers in rule_matches(relation.rows, compiled, rule, first, second, direction)
                if contains(numbers, port)
            ]
            if any(value is not False for value in values):
                yield rule, any(value is True for value in values)

    def _ordered(
        self, selected: Selected, subject: End, peer: End, direction: Direction, known: Known, port: int
    ) -> tuple[list[Hit], bool]:
        """Hits in order, and whether Accept or Deny is certain."""
        order = self.relation.rows.order(selected)
        found, sure = self._sequence(order, subject, peer, direction, known, port)
        return found, bool(sure) and all(hit.action is not Action.PASS for hit in sure)

    def _sequence(
        self, order: Order, subject: End, peer: End, direction: Direction, known: Known, port: int
    ) -> tuple[list[Hit], list[Hit]]:
        """Hits in order up to those that surely decide, and the latter: one, or one of each rival."""
        found: list[Hit] = []
        for item in order:
            sure: list[Hit] = []
            if isinstance(item, Rivals):
                for sequence in item.sequences:
                    hits, decided = self._sequence(sequence, subject, peer, direction, known, port)
                    found += hits
                    sure += decided
            else:
                hits = list(self._first_hits(item, subject, peer, direction, known, port))
                found += hits
                sure = [hit for hit in hits if hit.surely]
            if sure:
                return found, sure
        return found, []

    def _first_hits(
        self, item: tuple[int, Condition], subject: End, peer: End, direction: Direction, known: Known, port: int
    ) -> Iterator[Hit]:
        """The rules of a policy that match, in order, up to the first that surely does."""
        relation = self.relation
        index, condition = item
        compiled = relation.policies[index]
        value = known(condition)
        if value is False:
            return
        if direction in compiled.policy.broken:
            where = relation.rows.admin_reaches(direction, relation.end_class(peer))
            if where is not None and known(where) is not False:
                for action, _ in BROKEN_ACTIONS:
                    yield Hit(compiled, None, action, False)
            return
        for rule, matched in self._rules(compiled, subject, peer, direction, known, port):
            hit = Hit(compiled, rule, rule.action, matched and value is True)
            yield hit
            if hit.surely:
                return


__all__ = ["Hit", "Judge", "Judgement", "decision", "known_facts"]
