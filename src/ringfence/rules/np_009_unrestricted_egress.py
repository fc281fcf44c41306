"""The workload may reach every address of the internet on every port.

## What is checked

Whether a workload whose egress policies close something may still connect to every public address of an address family
on every port and protocol. The engine decides it over the whole address space: a rule without `to`, `0.0.0.0/0`, or
several CIDRs and several rules that only together leave nothing out.

A workload whose egress nothing closes at all is found by NP-004 and not by this rule.

## Why this is bad

A compromised workload fetches tools from anywhere, talks to whoever controls it, and sends out what it finds, on any
port. The policy looks like a limit and is none: mostly somebody allowed everything to end an outage.

## Example

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to:
    - ipBlock: {cidr: 0.0.0.0/1}
    - ipBlock: {cidr: 128.0.0.0/1}
```

Use instead:

```yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Egress]
  egress:
  - to:
    - ipBlock: {cidr: 203.0.113.0/24}
    ports:
    - port: 443
```

## How to fix it

Name the addresses and ports that the workload calls. If they change too often, send it through an egress gateway or
proxy and allow that one.

## Limits

Private, link-local and multicast addresses are not asked about. One port that stays closed, or one CIDR that is left
out, is a limit for this rule: it finds what is surely unrestricted. Ranges of the cluster's own pods, Services and
nodes do not count as internet, where the input gives them. Where a policy of a kind that is not modelled may decide,
the rule cannot be evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.programs import ALL, NONE
from ringfence.model.policy import Action, AddressPeer, AnyPeer, Direction, Tier
from ringfence.rules.ends import INTERNET_ADDRESSES, first_confirmed, pod_end, workload_end
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity
from ringfence.rules.openness import Open, Openness
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.rules.situation import policy_subject
from ringfence.sets import addresses as ip

if TYPE_CHECKING:
    from ringfence.layers.network.policies import CompiledPolicy
    from ringfence.model.policy import Rule as PolicyRule
    from ringfence.rules.finding import Result
    from ringfence.rules.situation import Situation, Workload

RULE = Rule(
    id="NP-009",
    slug="unrestricted-egress",
    title="The workload may reach every address of the internet on every port",
    severity=Severity.HIGH,
    precision=Precision.HIGH,
    needs=Needs.REACH,
    frameworks=("NSA-CISA network separation",),
    aliases=("kubescape:C-0301",),
)

_RULES_NAMED = 5
_LINES = {4: ip.EVERY_IPV4, 6: ip.EVERY_IPV6}


def check(situation: Situation) -> Iterator[Result]:
    """A finding for each workload that is closed to something and open to the whole internet."""
    internet = _Internet(situation)
    openness = Openness(situation, Direction.EGRESS)
    for workload in situation.workloads:
        perhaps = False
        for pod in workload.pods:
            families = internet.open_families(pod)
            if families and not isinstance(openness.of(pod), Open):
                yield _finding(situation, workload, pod, families)
                break
            perhaps = perhaps or families is None
        else:
            if perhaps:
                why = "what decides whether it reaches the whole internet is not in the input"
                yield NotEvaluable(RULE.id, workload.subject, why, workload.place)


class _Internet:
    """Which pods reach all of it. Pods of one kind share an answer."""

    def __init__(self, situation: Situation) -> None:
        self.situation = situation
        universe = situation.relation.universe
        self._columns: dict[int, int] = {}
        for column in range(universe.outside, len(universe.ends)):
            space = universe.ends[column].space
            if ip.intersect(space, ip.INTERNET):
                number = ip.family(space[0][0])
                self._columns[number] = self._columns.get(number, 0) | 1 << column
        self._found: dict[int, tuple[int, ...] | None] = {}

    def open_families(self, pod: int) -> tuple[int, ...] | None:
        """The address families of which every public address is open on every port; None: perhaps one."""
        column = self.situation.relation.universe.class_of_pod[pod]
        if column not in self._found:
            self._found[column] = self._families(column)
        return self._found[column]

    def _families(self, column: int) -> tuple[int, ...] | None:
        relation = self.situation.relation
        if not self._names_addresses(column):
            return ()
        end = relation.universe.ends[column]
        if relation.opaque(end, end):
            return None
        plain = relation.programs.plain
        surely = possibly = 0
        for mask, program in relation.row(column, Direction.EGRESS).parts:
            bounds = plain(program)
            if bounds is None:
                possibly |= mask
            elif bounds == (ALL, NONE):
                surely |= mask
        bits = relation.universe.family_bits[column]
        own = {number: mask for number, mask in self._columns.items() if bits & (1 if number == 4 else 2)}
        found = tuple(number for number, mask in own.items() if not mask & ~surely)
        if found or not any(not mask & ~(surely | possibly) for mask in own.values()):
            return found
        return None

    def _names_addresses(self, column: int) -> bool:
        """Whether an egress rule that selects the pod allows addresses: else nothing closed is opened again."""
        relation = self.situation.relation
        return any(
            any(_allows_addresses(rule) for rule in relation.policies[index].policy.egress or ())
            for tier in Tier
            for index, _ in relation.selected(column, Direction.EGRESS, tier)
        )


def _allows_addresses(rule: PolicyRule) -> bool:
    return rule.action is Action.ALLOW and any(isinstance(peer, AddressPeer | AnyPeer) for peer in rule.peers)


def _finding(situation: Situation, workload: Workload, pod: int, families: tuple[int, ...]) -> Finding:
    classes = situation.relation.universe.class_of_pod
    alike = all(classes[one] == classes[pod] for one in workload.pods)
    own = workload_end(situation, workload) if alike else pod_end(situation, pod)
    address = INTERNET_ADDRESSES[0 if 4 in families else 1]
    which = "every address" if len(families) == 2 else f"every IPv{families[0]} address"
    rules = list(_opening(situation, pod, families))
    names = ", ".join(dict.fromkeys(str(policy_subject(compiled.policy)) for compiled, _ in rules))
    return Finding(
        RULE.id,
        f"{workload.subject} may connect to {which} of the internet on every port: {names} allows it",
        workload.place,
        workload.subject,
        related=tuple(
            Related(rule.place, f"egress rule {rule.index + 1} of {policy_subject(compiled.policy)}")
            for compiled, rule in rules[:_RULES_NAMED]
        ),
        witness=first_confirmed(situation, [(own, address)], port=None, protocol=None),
        fix="name the addresses and ports that it calls, or allow an egress gateway only",
    )


def _opening(situation: Situation, pod: int, families: tuple[int, ...]) -> Iterator[tuple[CompiledPolicy, PolicyRule]]:
    """The rules that allow addresses of the internet; those alone that need no others, where there are such."""
    relation = situation.relation
    wanted = ip.merge(ip.intersect(ip.INTERNET, _LINES[number]) for number in families)
    found: list[tuple[CompiledPolicy, PolicyRule]] = []
    for tier in Tier:
        for index, condition in relation.selected(relation.universe.class_of_pod[pod], Direction.EGRESS, tier):
            compiled = relation.policies[index]
            if condition == ALWAYS:
                found += [(compiled, rule) for rule in compiled.policy.egress or () if _allows_addresses(rule)]
    alone = [item for item in found if item[1].ports is None and not ip.subtract(wanted, _addresses(item[1]))]
    yield from alone or [item for item in found if ip.intersect(wanted, _addresses(item[1]))]


def _addresses(rule: PolicyRule) -> ip.Intervals:
    if any(isinstance(peer, AnyPeer) for peer in rule.peers):
        return ip.EVERY_ADDRESS
    return ip.merge(peer.addresses for peer in rule.peers if isinstance(peer, AddressPeer))
