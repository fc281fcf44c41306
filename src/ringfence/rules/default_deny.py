"""What NP-001 and NP-002 share: the default of every namespace in one direction, with a witness."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import Direction
from ringfence.model.provenance import Place
from ringfence.rules.finding import Finding, NotEvaluable, Related, Result, Severity, Subject, Witness
from ringfence.rules.situation import NOWHERE, Situation, labels_text, policy_subject
from ringfence.verdict.answers import Verdict
from ringfence.verdict.default_deny import Doubt, Gap, gap
from ringfence.verdict.ends import EndError
from ringfence.verdict.sweeping import opens_everything

if TYPE_CHECKING:
    from ringfence.rules.rule import Rule

_STRANGER = "stranger"
"""A namespace that the input does not have, for the other end of a witness."""
_NEIGHBOURS = 5
"""How many namespaces of the input are tried where it matters which labels that namespace has."""

OUTSIDE = "internet"


def check_direction(situation: Situation, rule: Rule, direction: Direction) -> Iterator[Result]:
    """A finding for each namespace in which a pod could be open in this direction."""
    for namespace in sorted(situation.cluster.namespaces):
        found = gap(situation, namespace, direction)
        subject = Subject("Namespace", "", namespace)
        place = namespace_place(situation, namespace)
        if isinstance(found, Doubt):
            yield NotEvaluable(rule.id, subject, found.why, place)
        elif found is not None:
            yield _finding(situation, rule, direction, subject, place, found)


def namespace_place(situation: Situation, namespace: str) -> Place:
    """Where a namespace is best shown: its object, else the first policy or workload in it."""
    known = situation.cluster.namespaces.get(namespace)
    if known is not None and known.place is not None:
        return known.place
    policies = situation.policies_by_namespace.get(namespace)
    if policies:
        return policies[0].policy.place
    workloads = situation.workloads_by_namespace.get(namespace)
    return workloads[0].place if workloads else NOWHERE


def _finding(
    situation: Situation, rule: Rule, direction: Direction, subject: Subject, place: Place, found: Gap
) -> Finding:
    ingress = direction is Direction.INGRESS
    namespace = subject.name
    # Inflections of the message, so that both directions read like sentences.
    open_to = "accepts connections from" if ingress else "may connect to"
    pod = f"a pod of {namespace} with {_labels(found)}"
    related: tuple[Related, ...] = ()
    severity = None
    if found.opener is not None:
        opener = policy_subject(found.opener)
        rules = found.opener.rules(direction) or ()
        opening = opens_everything(found.opener, direction) or (rules[0] if rules else None)
        message = f"{opener} lets everything {'in to' if ingress else 'out of'} {pod}: the default is open"
        if found.outside_only:
            message += " for addresses outside the cluster and nodes"
            severity = Severity.LOW
        if opening is not None:
            related = (Related(opening.place, "this rule lets everything pass"),)
        evidence: tuple[str, ...] = ("opened", str(opener))
        fix = f"let {opener} name the peers that are meant, or select only the pods that it is for"
    elif found.outside_only:
        message = f"{pod} {open_to} addresses outside the cluster and nodes: admin policies only keep pods apart"
        evidence, severity = ("outside",), Severity.LOW
        fix = _default_deny(direction, namespace)
    else:
        message = f"no policy closes {direction.value} of {pod}: it {open_to} everywhere"
        evidence = ("open",)
        fix = _default_deny(direction, namespace)
    return Finding(
        rule.id,
        message,
        place,
        subject,
        evidence,
        related,
        _witness(situation, direction, namespace, found),
        fix,
        severity,
    )


def _labels(found: Gap) -> str:
    if not found.labels:
        return "no labels"
    return "labels " + ",".join(f"{key}={value}" for key, value in sorted(found.labels.items()))


def _default_deny(direction: Direction, namespace: str) -> str:
    word = direction.value
    return (
        f"add a default deny, then allow what is needed:\n"
        f"apiVersion: networking.k8s.io/v1\n"
        f"kind: NetworkPolicy\n"
        f"metadata: {{name: default-deny-{word}, namespace: {namespace}}}\n"
        f"spec: {{podSelector: {{}}, policyTypes: [{word.capitalize()}]}}"
    )


def _witness(situation: Situation, direction: Direction, namespace: str, found: Gap) -> Witness | None:
    """A flow of the open pod that the engine allows; None where the other end would stop every one that was tried."""
    pod = labels_text(found.labels, namespace)
    neighbours = [name for name in sorted(situation.cluster.namespaces) if name != namespace][:_NEIGHBOURS]
    pods = [*(labels_text({}, name) for name in (_STRANGER, *neighbours)), pod]
    others = [OUTSIDE] if found.outside_only else [*pods, OUTSIDE]
    for other in others:
        source, destination = (other, pod) if direction is Direction.INGRESS else (pod, other)
        witness = Witness(source, destination, 443, "TCP", Verdict.ALLOWED)
        try:
            if situation.confirms(witness):
                return witness
        except EndError:
            continue
    return None
