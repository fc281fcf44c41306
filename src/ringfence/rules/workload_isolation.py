"""What NP-003 and NP-004 share: every workload that is not closed in one direction, with a witness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction, NetworkPolicyRules
from ringfence.rules.ends import INTERNET_ADDRESSES, STRANGER, first_confirmed, pod_end, workload_end
from ringfence.rules.finding import Finding, NotEvaluable, Related, Result, Severity, Subject, Witness
from ringfence.rules.openness import Doubt, Open, Openness, State, holds_every_pod
from ringfence.rules.situation import Situation, Workload, policy_subject
from ringfence.verdict.answers import Verdict
from ringfence.verdict.default_deny import one_way
from ringfence.verdict.ends import EndError

if TYPE_CHECKING:
    from ringfence.rules.rule import Rule


def check_workloads(situation: Situation, rule: Rule, direction: Direction) -> Iterator[Result]:
    """A finding for each workload of which a pod is open in this direction."""
    blind = situation.relation.blind_namespaces
    openness = Openness(situation, direction)
    witnesses = _Witnesses(situation, direction)
    for workload in situation.workloads:
        namespace = workload.ref.namespace
        if blind is None or namespace in blind:
            why = "policies of a kind that is not modelled may close its workloads"
            yield NotEvaluable(rule.id, Subject("Namespace", "", namespace), why)
            continue
        doubt: Doubt | None = None
        for pod in workload.pods:
            state = openness.of(pod)
            if isinstance(state, Open) and not witnesses.lets_strangers_pass(pod, state):
                doubt = doubt or Doubt("admin policies deny what was tried, rule by rule, or it hangs on open facts")
                continue
            if isinstance(state, Open):
                yield _finding(situation, rule, direction, workload, pod, state, witnesses.of(workload, pod, state))
                break
            doubt = doubt or state
        else:
            if doubt is not None:
                yield NotEvaluable(rule.id, workload.subject, doubt.why, workload.place)


def _finding(
    situation: Situation,
    rule: Rule,
    direction: Direction,
    workload: Workload,
    pod: int,
    state: Open,
    witness: Witness | None,
) -> Finding:
    ingress = direction is Direction.INGRESS
    # Inflections of the message, so that both directions read like sentences.
    opens = "accepts connections from" if ingress else "may connect to"
    word = direction.value
    everywhere = (
        "everywhere" if None not in situation.policies_by_namespace else "everywhere that no admin policy denies"
    )
    severity: Severity | None = None
    related: tuple[Related, ...] = ()
    if state.openers:
        names = " and ".join(str(policy_subject(policy)) for policy in state.openers)
        lets = "lets" if len(state.openers) == 1 else "together let"
        message = (
            f"{workload.subject} {opens} every pod: {names} {lets} all of them {'in' if ingress else 'be reached'}"
        )
        evidence: tuple[str, ...] = ("opened", *sorted(str(policy_subject(policy)) for policy in state.openers))
        related = tuple(_opening(policy, direction) for policy in state.openers)
        fix = "name the peers that are meant in these rules"
    elif state.outside_only:
        message = f"{workload.subject} {opens} addresses outside the cluster: admin policies only keep pods apart"
        evidence, severity = ("outside",), Severity.LOW
        fix = f"select it with a NetworkPolicy that has {direction.value.capitalize()} in its policyTypes"
    elif situation.cluster.pods[pod].host_network:
        message = (
            f"{workload.subject} {opens} {everywhere}: its pods use the network of their node, and no policy closes it"
        )
        evidence, severity = ("host-network",), Severity.LOW
        fix = "run it without hostNetwork, or guard its ports on the nodes"
    else:
        message = f"{workload.subject} {opens} {everywhere}: no policy closes its {word}"
        evidence = ("open",)
        fix = f"select it with a NetworkPolicy that has {word.capitalize()} in its policyTypes, and allow what it needs"
    return Finding(
        rule.id,
        message,
        workload.place,
        workload.subject,
        evidence,
        related,
        witness,
        fix,
        severity,
    )


def _opening(policy: NetworkPolicyRules, direction: Direction) -> Related:
    rules = policy.rules(direction) or ()
    widest = next((rule for rule in rules if holds_every_pod(rule)), rules[0] if rules else None)
    return Related(policy.place if widest is None else widest.place, "this rule lets every pod pass")


class _Witnesses:
    """Flows of open pods that the engine allows. Where no admin policies are, a stranger reaches all pods that are open
    in the same way, so the engine is asked for the first of them only."""

    def __init__(self, situation: Situation, direction: Direction) -> None:
        self.situation = situation
        self.direction = direction
        self._plain = None not in situation.policies_by_namespace
        self._known: dict[tuple[State, bool, tuple[int, ...]], str] = {}

    def lets_strangers_pass(self, pod: int, state: Open) -> bool:
        """Whether the engine lets some stranger through in this direction, whatever the stranger's own policies say:
        admin policies may deny everything without one rule that does."""
        if self._plain:
            return True
        try:
            own = pod_end(self.situation, pod)
            namespace = self.situation.cluster.pods[pod].namespace
            others = ("internet",) if state.outside_only else (STRANGER, f"@{namespace}", "internet")
            return any(surely for other in others for surely, _ in one_way(self.situation, own, other, self.direction))
        except EndError:
            return False

    def of(self, workload: Workload, pod: int, state: Open) -> Witness | None:
        """A flow of this pod; None where the other end would stop every one that was tried."""
        universe = self.situation.relation.universe
        classes = universe.class_of_pod
        alike = all(classes[one] == classes[pod] for one in workload.pods)
        own = workload_end(self.situation, workload) if alike else pod_end(self.situation, pod)
        end = universe.ends[classes[pod]]
        key = (state, end.host_network, end.families)
        if self._plain and key in self._known:
            return Witness(*self._flow(own, self._known[key]), 443, "TCP", Verdict.ALLOWED)
        for other in (INTERNET_ADDRESSES[0],) if state.outside_only else (STRANGER, INTERNET_ADDRESSES[0]):
            witness = first_confirmed(self.situation, [self._flow(own, other)])
            if witness is not None:
                self._known[key] = other
                return witness
        return None

    def _flow(self, own: str, other: str) -> tuple[str, str]:
        return (other, own) if self.direction is Direction.INGRESS else (own, other)
