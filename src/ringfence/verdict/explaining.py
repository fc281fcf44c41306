"""``explain``: how one flow is decided, tier by tier, policy by policy, rule by rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.policies import PEER_ROLE, CompiledPolicy
from ringfence.layers.network.relation import End, Relation
from ringfence.layers.network.rows import Selected
from ringfence.model.policy import (
    Action,
    AddressPeer,
    AnyPeer,
    Direction,
    DomainPeer,
    NodePeer,
    Peer,
    PodPeer,
    Rule,
    Tier,
)
from ringfence.model.text import printable
from ringfence.sets.ports import PROTOCOLS
from ringfence.verdict.answers import (
    Answer,
    DirectionTrace,
    Explanation,
    PolicyTrace,
    RuleTrace,
    TierTrace,
    Trace,
    Verdict,
)
from ringfence.verdict.asking import Asker, port_text
from ringfence.verdict.flow import Flow
from ringfence.verdict.judging import Known

Thing = TypeVar("Thing", Rule, Peer)

TRACES = 8
"""At most so many kinds of flow are traced in one explanation."""


class Explainer:
    """Explains answers of one asker."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker
        self.relation: Relation = asker.relation
        self._said: dict[tuple[int, object], str] = {}

    def explain(self, answer: Answer, flows: list[Flow]) -> Explanation:
        """The answer with a trace for each different kind of flow in it."""
        traces: list[Trace] = []
        seen: set[object] = set()
        for flow in flows:
            for verdict, ports in self.asker.regions_by_number(flow):
                if len(traces) < TRACES:
                    trace = self.trace(flow, verdict, ports[0][0])
                    key = (trace.verdict, trace.reason.code, trace.decided_by, flow.closed)
                    if key not in seen:
                        seen.add(key)
                        traces.append(trace)
        return Explanation(answer, tuple(traces), None)

    def trace(self, flow: Flow, verdict: Verdict, port: int) -> Trace:
        """One concrete flow."""
        reason, decided = self.asker.why(flow, verdict, port)
        names = self.asker.names(flow)
        directions: tuple[DirectionTrace, ...] = ()
        if not (flow.closed or flow.passes or flow.mystery):
            directions = (
                self._direction(flow, Direction.EGRESS, port, names),
                self._direction(flow, Direction.INGRESS, port, names),
            )
        text = port_text(port)
        if flow.asked and flow.asked != text:
            text = flow.asked if flow.closed else f"{text} (Service port {flow.asked})"
        return Trace(names[0], names[1], text, verdict, reason, decided, directions)

    def _direction(self, flow: Flow, direction: Direction, port: int, names: tuple[str, str]) -> DirectionTrace:
        relation = self.relation
        egress = direction is Direction.EGRESS
        subject, peer = (flow.source.end, flow.destination.end) if egress else (flow.destination.end, flow.source.end)
        name = names[0] if egress else names[1]
        other = names[1] if egress else names[0]
        subject_class = relation.end_class(subject)
        if subject_class.sort != "pod":
            return DirectionTrace(direction.value, name, Verdict.ALLOWED, "policies of pods do not govern this end", ())
        verdict = self._verdict(flow, direction, port)
        known = self.asker.judge.known(flow.meeting)
        for condition in relation.rows.own_node(direction, relation.end_class(peer))[0]:
            if known(condition) is True:
                return DirectionTrace(direction.value, name, Verdict.ALLOWED, "a pod's own node always reaches it", ())
        judgement = self.asker.judgements(flow, port)[0 if egress else 1]
        if judgement.unseen:
            return DirectionTrace(direction.value, name, Verdict.ALLOWED, judgement.unseen, ())
        key = relation.subject_key(subject, direction)
        tiers: list[TierTrace] = []
        if key.admin:
            policies = self._policies(key.admin, subject, peer, direction, known, port, other)
            tiers.append(TierTrace("Admin", _ordered_outcome(policies, judgement.admin_decided), policies))
        if key.network_policy:
            policies = self._policies(key.network_policy, subject, peer, direction, known, port, other)
            outcome = "not reached" if judgement.admin_decided else _union_outcome(policies, judgement.isolated)
            tiers.append(TierTrace("NetworkPolicy", outcome, policies))
        if key.baseline:
            policies = self._policies(key.baseline, subject, peer, direction, known, port, other)
            reached = not judgement.admin_decided and not judgement.isolated
            tiers.append(
                TierTrace("Baseline", _ordered_outcome(policies, False) if reached else "not reached", policies)
            )
        summary = self._summary(verdict, tiers, direction)
        idle = self._idle(subject, direction)
        if idle:
            summary = summary if tiers else f"no policy in force governs its {direction.value}"
            tiers.append(TierTrace("Not in force", "no effect", idle))
        return DirectionTrace(direction.value, name, verdict, summary, tuple(tiers))

    def _idle(self, subject: End, direction: Direction) -> tuple[PolicyTrace, ...]:
        """The policies that select the pod and have no effect under the profile."""
        return tuple(
            PolicyTrace(
                compiled.policy.kind,
                compiled.policy.namespace,
                compiled.policy.name,
                compiled.policy.place,
                True,
                f"no effect: {why}",
                (),
            )
            for compiled, why in self.asker.judge.without_effect(subject, direction)
        )

    def _verdict(self, flow: Flow, direction: Direction, port: int) -> Verdict:
        cell = self.asker.one_direction(flow, direction)
        contains = self.relation.ports.contains
        if contains(cell.sure, port):
            return Verdict.ALLOWED
        return Verdict.UNKNOWN if contains(cell.possible, port) else Verdict.DENIED

    @staticmethod
    def _summary(verdict: Verdict, tiers: list[TierTrace], direction: Direction) -> str:
        if not tiers:
            return f"no policy governs its {direction.value}"
        last = next((tier for tier in reversed(tiers) if tier.outcome != "not reached"), tiers[-1])
        return f"{last.tier}: {last.outcome}"

    def _policies(
        self, selected: Selected, subject: End, peer: End, direction: Direction, known: Known, port: int, other: str
    ) -> tuple[PolicyTrace, ...]:
        found: list[PolicyTrace] = []
        relation = self.relation
        for index, condition in selected:
            value = known(condition)
            if value is not False:
                compiled = relation.policies[index]
                found.append(self._policy(compiled, value, subject, peer, direction, known, port, other))
        return tuple(found)

    def _policy(
        self,
        compiled: CompiledPolicy,
        selects: bool | None,
        subject: End,
        peer: End,
        direction: Direction,
        known: Known,
        port: int,
        other: str,
    ) -> PolicyTrace:
        policy = compiled.policy
        relation = self.relation
        first, second = relation.end_class(subject), relation.end_class(peer)
        rules = tuple(
            self._rule(rule, compiled, first, second, direction, known, port, other)
            for rule in policy.rules(direction) or ()
        )
        if direction in policy.broken:
            outcome = f"unknown: {policy.unclear or 'the API server would reject this object'}"
        else:
            first_hit = next((rule for rule in rules if rule.matches is not False), None)
            if first_hit is None:
                outcome = "no match" if policy.tier is not Tier.NETWORK_POLICY else "isolates, no rule matches"
            else:
                outcome = first_hit.action if first_hit.matches and selects else "unknown"
                if policy.tier is Tier.NETWORK_POLICY and any(rule.matches for rule in rules) and selects:
                    outcome = "allow"
        return PolicyTrace(policy.kind, policy.namespace, policy.name, policy.place, selects, outcome, rules)

    def _rule(
        self,
        rule: Rule,
        compiled: CompiledPolicy,
        subject: EndClass,
        peer: EndClass,
        direction: Direction,
        known: Known,
        port: int,
        other: str,
    ) -> RuleTrace:
        relation = self.relation
        destination = subject if direction is Direction.INGRESS else peer
        at_port: bool | None = False
        for named, numbers in relation.conditions.ports(relation.ports, rule.ports, destination, compiled.admin):
            if relation.ports.contains(numbers, port):
                at_port = _either(at_port, known(named))
        best: bool | None = False
        which: Peer | None = None
        for one in rule.peers:
            for condition in relation.conditions.peer(one, peer, PEER_ROLE[direction], compiled.admin):
                value = known(condition)
                if value is not False and (which is None or (best is None and value is True)):
                    which = one
                best = _either(best, value)
        matches: bool | None = False if at_port is False or best is False else (True if at_port and best else None)
        if best is False:
            criterion = f"no peer of it is {printable(other)}: {self._words(rule, _peers)}"
        elif at_port is False:
            criterion = f"port {port_text(port)} is not among {self._words(rule, _ports)}"
        else:
            assert which is not None
            criterion = f"{self._words(which, _peer)}, {self._words(rule, _ports)}"
        return RuleTrace(rule.index, rule.name, rule.action.value, matches, criterion, rule.place)

    def _words(self, thing: Thing, say: Callable[[Thing], str]) -> str:
        """What a rule or a peer says, worked out once: the relation keeps both as long as this."""
        key = (id(thing), say)
        found = self._said.get(key)
        if found is None:
            found = self._said[key] = say(thing)
        return found


def _either(left: bool | None, right: bool | None) -> bool | None:
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _ordered_outcome(policies: tuple[PolicyTrace, ...], decided: bool) -> str:
    for policy in policies:
        if policy.outcome in (Action.ALLOW.value, Action.DENY.value):
            return f"{policy.outcome} by {policy.kind} {policy.name}"
        if policy.outcome == Action.PASS.value:
            return f"passed on by {policy.kind} {policy.name}"
        if policy.outcome.startswith("unknown"):
            return f"unknown: {policy.kind} {policy.name} may match"
    return "no rule matches"


def _union_outcome(policies: tuple[PolicyTrace, ...], isolated: bool) -> str:
    for policy in policies:
        if policy.outcome == Action.ALLOW.value:
            return f"allowed by {policy.name}"
    if any(policy.outcome.startswith("unknown") for policy in policies):
        return "unknown: a rule may match"
    return "isolated, and no rule allows the flow" if isolated else "perhaps isolated, and no rule allows the flow"


def _peers(rule: Rule) -> str:
    texts = [_peer(peer) for peer in rule.peers]
    return " or ".join(texts[:4]) + (f" or {len(texts) - 4} more" if len(texts) > 4 else "")


def _peer(peer: Peer) -> str:
    if isinstance(peer, AnyPeer):
        return "anyone"
    if isinstance(peer, PodPeer):
        selection = peer.selection
        pods = "any pod" if not selection.pods.requirements else f"pods with {selection.pods}"
        if selection.namespaces is None:
            return printable(f"{pods} in namespace {selection.namespace}")
        if not selection.namespaces.requirements:
            return printable(f"{pods} in any namespace")
        return printable(f"{pods} in namespaces with {selection.namespaces}")
    if isinstance(peer, AddressPeer):
        return printable(f"addresses {peer.text}")
    if isinstance(peer, NodePeer):
        return printable(f"nodes with {peer.nodes}" if peer.nodes.requirements else "any node")
    assert isinstance(peer, DomainPeer)
    return printable(f"domain {', '.join(peer.names)}")


def _ports(rule: Rule) -> str:
    if rule.ports is None:
        return "any port"
    words = []
    for match in rule.ports:
        if match.name is not None:
            words.append(f"{match.name}/{match.protocol}" if match.protocol else f"the port named {match.name}")
        elif (match.first, match.last) == (1, 65535):
            words.append(f"any {match.protocol} port")
        else:
            span = str(match.first) if match.first == match.last else f"{match.first}-{match.last}"
            words.append(f"{span}/{match.protocol}")
    return printable(", ".join(words)) if words else f"no {'/'.join(PROTOCOLS)} port"
