"""An except takes nothing away: another rule allows the addresses again.

## What is checked

Each `except` of an ipBlock is held against every other rule of the same direction for the same pods, of this policy and
of the other policies that select them: CIDR by CIDR, port by port. The finding names the rule that opens the excepted
addresses again, and a flow that shows it. An `except` that lies in another one of the same ipBlock is found too.

## Why this is bad

Rules only ever add. `except` takes addresses out of its own ipBlock and forbids nothing: as soon as any rule for the
same pods allows the addresses, they are allowed. Who reads the policy with the `except` believes otherwise.

## Example

```yaml
  egress:
  - to:
    - ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}
```

and in another policy for the same pods

```yaml
  egress:
  - to:
    - ipBlock: {cidr: 169.254.0.0/16}
```

Use instead the same `except` in both, or a ClusterNetworkPolicy that denies the address: its Deny comes first.

## How to fix it

Repeat the `except` wherever the addresses are allowed, narrow the other rule, or deny them in the Admin tier.

## Limits

Where only a part of the excepted addresses is allowed again, and by the same policy, somebody meant it: it is not
found. Allow rules of admin policies are not looked at. For a namespace without workloads in the input, only policies
for all pods and for the same pods are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ringfence.dialects.fields import cidrs
from ringfence.layers.network.facts import ALWAYS
from ringfence.model.policy import AddressPeer, AnyPeer, Direction, Peer, Tier
from ringfence.rules.examples import addresses, representatives, selection_text, verdict_of
from ringfence.rules.finding import Finding, Related, Severity, Witness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets import addresses as ip
from ringfence.sets import ports as port_sets
from ringfence.sets.addresses import Intervals
from ringfence.values import Value
from ringfence.verdict.answers import Verdict

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model import policy as model
    from ringfence.model.provenance import FieldPath
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation

RULE = Rule(
    id="NP-018",
    slug="except-reopened",
    title="An except takes nothing away",
    severity=Severity.MEDIUM,
    precision=Precision.HIGH,
    needs=Needs.REACH,
)


class _Opening(Value):
    """A peer of addresses, and the ports on which its rule allows them."""

    compiled: CompiledPolicy
    rule: model.Rule
    peer: Peer
    addresses: Intervals
    ports: Intervals


class _Except(Value):
    """One entry of an except, and the peer that it belongs to."""

    compiled: CompiledPolicy
    direction: Direction
    rule: model.Rule
    peer: AddressPeer
    text: str
    addresses: Intervals
    path: FieldPath


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each except that takes nothing, or less than it says, away."""
    openings: dict[tuple[str, Direction], _Openings] = {}
    for compiled in situation.policies:
        policy = compiled.policy
        if policy.tier is not Tier.NETWORK_POLICY:
            continue
        for direction in Direction:
            for rule in policy.rules(direction) or ():
                for at, peer in enumerate(rule.peers):
                    if not isinstance(peer, AddressPeer) or " except " not in peer.text:
                        continue
                    key = (policy.namespace or "", direction)
                    if key not in openings:
                        openings[key] = _Openings(situation, *key)
                    for one in _excepts(situation, compiled, direction, rule, at, peer):
                        if isinstance(one, Finding):
                            yield one
                        else:
                            yield from _reopened(situation, one, openings[key].meeting(one.addresses))


class _Openings:
    """What the policies of a namespace open in a direction, by addresses: most policies name the same few."""

    def __init__(self, situation: Situation, namespace: str, direction: Direction) -> None:
        self._groups: dict[Intervals, list[_Opening]] = {}
        for opening in _openings(situation, namespace, direction):
            self._groups.setdefault(opening.addresses, []).append(opening)
        self._meeting: dict[Intervals, list[_Opening]] = {}

    def meeting(self, wanted: Intervals) -> Sequence[_Opening]:
        """Those that have any of some addresses."""
        found = self._meeting.get(wanted)
        if found is None:
            found = self._meeting[wanted] = [
                opening for held, group in self._groups.items() if ip.intersect(held, wanted) for opening in group
            ]
        return found


def _openings(situation: Situation, namespace: str, direction: Direction) -> Iterator[_Opening]:
    for compiled in situation.policies_by_namespace.get(namespace, ()):
        if compiled.policy.tier is not Tier.NETWORK_POLICY:
            continue
        for rule in compiled.policy.rules(direction) or ():
            numbers = _ports(rule)
            for peer in rule.peers if numbers else ():
                if isinstance(peer, AnyPeer):
                    yield _Opening(compiled, rule, peer, ip.EVERY_ADDRESS, numbers)
                elif isinstance(peer, AddressPeer):
                    yield _Opening(compiled, rule, peer, peer.addresses, numbers)


def _ports(rule: model.Rule) -> Intervals:
    """The numbers of a rule: names mean nothing outside the cluster."""
    if rule.ports is None:
        return port_sets.EVERYTHING
    return port_sets.canonical(
        (port_sets.port_key(match.protocol, match.first), port_sets.port_key(match.protocol, match.last))
        for match in rule.ports
        if match.name is None and match.protocol is not None
    )


def _excepts(
    situation: Situation,
    compiled: CompiledPolicy,
    direction: Direction,
    rule: model.Rule,
    at: int,
    peer: AddressPeer,
) -> Iterator[_Except | Finding]:
    """The entries as written, each once; a finding for those that another entry holds."""
    subject = policy_subject(compiled.policy)
    manifest = situation.manifest(subject)
    path = ("spec", direction.value, rule.index, "from" if direction is Direction.INGRESS else "to", at, "ipBlock")
    texts = _written(manifest.data, path) if manifest is not None else ()
    networks = [(text, network) for text in texts if not isinstance(network := cidrs.parse(text), str)]
    earlier: set[str] = set()
    for number, (text, network) in enumerate(networks):
        own: Intervals = ((network.first, network.last),)
        field = (*path, "except", number)
        holder = next(
            (
                other_text
                for other, (other_text, wider) in enumerate(networks)
                if wider.first <= network.first
                and network.last <= wider.last
                and (wider.length < network.length or (wider.length == network.length and other < number))
            ),
            None,
        )
        if holder is None:
            yield _Except(compiled, direction, rule, peer, text, own, field)
        elif text not in earlier:
            yield Finding(
                RULE.id,
                f"{subject} {direction.value} rule {rule.index}: except {text} adds nothing, {holder} is excepted too",
                situation.place_of(subject, field),
                subject,
                (direction.value, str(rule.index), str(at), text, "within"),
                fix=f"take {text} out",
                severity=Severity.LOW,
            )
        earlier.add(text)


def _written(data: Any, path: Sequence[str | int]) -> Sequence[str]:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return ()
    found = data.get("except") if isinstance(data, Mapping) else None
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else ()


def _reopened(situation: Situation, one: _Except, openings: Sequence[_Opening]) -> Iterator[Finding]:
    ports = _ports(one.rule)
    near = [
        opening for opening in openings if opening.peer is not one.peer and port_sets.intersect(opening.ports, ports)
    ]
    if not near:
        return
    best: Finding | None = None
    for text, fitting in _by_subject(situation, one, near):
        found = _judge(situation, one, ports, text, fitting)
        if found is not None and found.severity is None:
            yield found
            return
        best = best or found
    if best is not None:
        yield best


def _by_subject(
    situation: Situation, one: _Except, near: Sequence[_Opening]
) -> Iterator[tuple[str, Sequence[_Opening]]]:
    """Pods that the policy selects, and which of the rules are for them too."""
    policy = one.compiled.policy
    if policy.namespace and not situation.has_workloads(policy.namespace):
        text = selection_text(situation, policy.subject, one.direction)
        fitting = [
            opening
            for opening in near
            if not opening.compiled.policy.subject.pods.requirements
            or opening.compiled.policy.subject == policy.subject
        ]
        if text is not None and fitting:
            yield text, fitting
        return
    for index in representatives(situation, one.compiled, one.direction):
        pod = situation.cluster.pods[index]
        column = situation.relation.universe.class_of_pod[index]
        fitting = [opening for opening in near if opening.compiled.subjects(one.direction).get(ALWAYS, 0) >> column & 1]
        if fitting:
            yield f"{pod.namespace}/{pod.name}", fitting


def _judge(
    situation: Situation, one: _Except, ports: Intervals, pod: str, openings: Sequence[_Opening]
) -> Finding | None:
    whole = _covers(one, [opening for opening in openings if not port_sets.subtract(ports, opening.ports)])
    chosen = whole or [opening for opening in openings if opening.compiled is not one.compiled]
    if not chosen:
        return None
    opened = ip.merge(ip.intersect(opening.addresses, one.addresses) for opening in chosen)
    shared = port_sets.intersect(chosen[0].ports, ports)
    verdict, witness = _witness(situation, one, pod, ip.intersect(chosen[0].addresses, one.addresses), shared)
    if verdict is Verdict.DENIED:
        return None
    policy = policy_subject(one.compiled.policy)
    names = ", ".join(dict.fromkeys(_called(one, opening) for opening in chosen[:3]))
    what = "" if whole else f" in part ({ip.describe(opened[:2])}, {port_sets.describe(shared)})"
    return Finding(
        RULE.id,
        f"{policy} {one.direction.value} rule {one.rule.index}: except {one.text} is open again{what} for {pod}, "
        f"by {names}",
        situation.place_of(policy, one.path),
        policy,
        (one.direction.value, str(one.rule.index), str(one.rule.peers.index(one.peer)), one.text),
        tuple(Related(opening.peer.place, "this allows the excepted addresses") for opening in chosen[:3]),
        witness,
        f"except {one.text} there as well, or deny it in an admin policy",
        None if whole else Severity.LOW,
    )


def _covers(one: _Except, openings: Sequence[_Opening]) -> list[_Opening]:
    """Rules that together allow every address of the except, as few as come to hand; empty: they do not."""
    for opening in openings:
        if not ip.subtract(one.addresses, opening.addresses):
            return [opening]
    left = one.addresses
    chosen = []
    for opening in openings:
        rest = ip.subtract(left, opening.addresses)
        if rest != left:
            chosen.append(opening)
            left = rest
    return [] if left else chosen


def _called(one: _Except, opening: _Opening) -> str:
    if opening.rule is one.rule:
        return "another peer of the rule"
    if opening.compiled is one.compiled:
        return f"its rule {opening.rule.index}"
    return f"{policy_subject(opening.compiled.policy)} rule {opening.rule.index}"


def _witness(
    situation: Situation, one: _Except, pod: str, opened: Intervals, ports: Intervals
) -> tuple[Verdict | None, Witness | None]:
    protocol, number, _ = next(port_sets.members_by_protocol(ports))
    worst: Verdict | None = None
    for address in addresses(situation, opened):
        source, destination = (address, pod) if one.direction is Direction.INGRESS else (pod, address)
        verdict = verdict_of(situation, source, destination, number, protocol)
        if verdict is Verdict.ALLOWED:
            return verdict, Witness(source, destination, number, protocol, verdict)
        worst = verdict if worst in (None, Verdict.DENIED) else worst
    return worst, None
