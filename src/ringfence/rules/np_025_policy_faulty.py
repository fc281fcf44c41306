"""The policy is not what it looks like: a fault in how it is written.

## What is checked

Everything that reading a policy object has to say: what the API server would reject (an invalid CIDR, operator, port or
peer, a missing field), fields that it does not know and drops, keys that are given twice, an apiVersion or kind that
does not exist. And one fault that is valid YAML: a dash too many, which makes two rules of one.

## Why this is bad

A rejected policy protects nothing, and whoever applied it with others may not have seen the message. A dropped field is
worse: `podselector` for `podSelector` makes a policy of one workload one for the whole namespace. A dash before
`ports` makes "from the gateway, on port 5432" into two rules: "from the gateway, on every port" and "from everybody, on
port 5432".

## Example

```yaml
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
  - ports:
    - port: 5432
```

Use instead:

```yaml
  ingress:
  - from:
    - podSelector: {matchLabels: {app: gateway}}
    ports:
    - port: 5432
```

## How to fix it

The finding says what to write. `kubectl apply --dry-run=server --validate=strict` says the same of all but the dash.

## Limits

Two such rules side by side may be meant: they are found only where the first one names pods by labels or addresses, as
a finding of medium severity. Whether two entries of `from` were meant to be one is the question of NP-011.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.policy import AnyPeer, Direction, PodPeer, Tier
from ringfence.rules.examples import STRANGER, addresses, confirmed, subject_texts
from ringfence.rules.faulty_objects import faults
from ringfence.rules.finding import Finding, Related, Severity, Subject, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import labels_text, policy_subject
from ringfence.sets import addresses as ip
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model import policy as model
    from ringfence.model.problems import Problem
    from ringfence.model.provenance import Manifest
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-025",
    slug="policy-faulty",
    title="The policy is not what it looks like",
    severity=Severity.HIGH,
    precision=Precision.VERY_HIGH,
    needs=Needs.OBJECT,
    aliases=("kube-linter:schema-validation",),
)

SPELLING = frozenset(("sloppy-cidr", "removed-api"))
"""Faults that change nothing yet."""


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each fault of a policy object."""
    yield from _problems(situation)
    for compiled in situation.policies:
        if compiled.policy.tier is Tier.NETWORK_POLICY:
            for direction in Direction:
                rules = compiled.policy.rules(direction) or ()
                for at, rule in enumerate(rules[1:]):
                    if _split(rules[at], rule):
                        yield _dash(situation, compiled, direction, rules[at], rule)


def _problems(situation: Situation) -> Iterator[Finding]:
    policies = {(one.api_version, one.kind) for one in situation.cluster.manifests}
    seen = set()
    for manifest, problem in faults(situation):
        if not ((manifest.api_version, manifest.kind) in policies or _would_be(manifest, problem)):
            continue
        subject = Subject(manifest.kind, manifest.namespace or "", manifest.name)
        evidence = (problem.code, problem.message)
        if (subject, evidence) in seen:
            continue
        seen.add((subject, evidence))
        severity = Severity.LOW if problem.code in SPELLING else None
        yield Finding(RULE.id, problem.message, problem.place, subject, evidence, fix=problem.hint, severity=severity)


def _would_be(manifest: Manifest, problem: Problem) -> bool:
    """Whether an object was meant to be a policy, and is of no kind that there is."""
    mesh = manifest.api_version.partition("/")[0].endswith(".istio.io")
    return problem.code == "unknown-kind" and "pol" in manifest.kind.lower() and not mesh


def _split(first: model.Rule, second: model.Rule) -> bool:
    """Whether two neighbours are one rule with a dash too many: peers on every port, then ports for everybody."""
    return (
        first.ports is None
        and second.ports is not None
        and all(_singled_out(peer) for peer in first.peers)
        and all(isinstance(peer, AnyPeer) for peer in second.peers)
    )


def _singled_out(peer: model.Peer) -> bool:
    """Whether a peer is somebody: all pods of a namespace on every port are often meant."""
    return not isinstance(peer, AnyPeer) and not (isinstance(peer, PodPeer) and not peer.selection.pods.requirements)


def _dash(
    situation: Situation, compiled: CompiledPolicy, direction: Direction, first: model.Rule, second: model.Rule
) -> Finding:
    subject = policy_subject(compiled.policy)
    side, everybody = ("from", "from everybody") if direction is Direction.INGRESS else ("to", "to everybody")
    return Finding(
        RULE.id,
        f"{subject} {direction.value} rule {first.index} names peers and no ports, rule {second.index} ports and no "
        f"peers: it allows these peers on every port, and these ports {everybody}",
        second.place,
        subject,
        ("dash", direction.value, str(second.index)),
        (Related(first.place, f"the {side} that the ports may belong to"),),
        _witness(situation, compiled, direction, second),
        f"take the dash before ports away, so that {side} and ports are one rule",
        Severity.MEDIUM,
    )


def _witness(situation: Situation, compiled: CompiledPolicy, direction: Direction, rule: model.Rule) -> Witness | None:
    """A stranger with whom the second rule allows a connection."""
    match = next((match for match in rule.ports or () if match.name is None and match.protocol is not None), None)
    if match is None:
        return None
    strangers = [labels_text({}, STRANGER), *addresses(situation, ip.INTERNET[:1])]
    return confirmed(
        situation,
        (
            Witness(*ends, match.first, match.protocol, Verdict.ALLOWED)
            for pod in subject_texts(situation, compiled, direction)
            for stranger in strangers
            for ends in [(stranger, pod) if direction is Direction.INGRESS else (pod, stranger)]
        ),
    )
