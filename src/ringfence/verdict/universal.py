"""Whether two sets of policies do the same in every possible cluster: decided on a cluster of witnesses.

A selector is a conjunction of value sets, one a label key, and labels are free. So which selectors an object matches is
one of finitely many sets, and each of these sets is found by going through the keys one after the other, keeping for
each choice of values which selectors are still alive. The cluster of witnesses has a namespace for each set of
namespace selectors under each name that a policy mentions (and one that none does), in it a pod for each set of pod
selectors, each at an address in every piece into which the CIDRs cut the address line, on the network of a node too,
and with every subset of the named ports; nodes likewise. Every end of every cluster is treated as one of these.

A flow depends on its two ends alone, so the two sets are the same everywhere if and only if they are the same between
any two witnesses that can be in one cluster: one name has one set of labels there, one address one owner. Namespaces
of one name are apart in the cluster of witnesses, each with its own copy of the policies of that name. Facts that the
profile leaves open are tried in every combination.

A flow between two namespaces hangs on few of the policies, so each pair of namespaces has its own cluster of witnesses
(``scopes``), in which sources and destinations are pods of their own; pairs of which enough is proved are left out.

What this does not cover is refused: domain names, objects that the API server would reject, policies of kinds that are
not modelled, and sets of policies with too many kinds of ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from ringfence.layers.network.enforcement import QUIRKS
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import Fact, Profile
from ringfence.layers.profiles.profile import Reading
from ringfence.model.cluster import NAME_LABEL, Cluster
from ringfence.model.policy import (
    Direction,
    DomainPeer,
    NetworkPolicyRules,
    PodSelection,
    Tier,
)
from ringfence.sets.labels import EVERYTHING
from ringfence.values import replace
from ringfence.verdict.changes import NotCompared
from ringfence.verdict.comparing import Comparison
from ringfence.verdict.equivalence import Equivalence, Order, Ordering, Within, Witness, both, order_of
from ringfence.verdict.scopes import EVERYTHING as PROVED
from ringfence.verdict.scopes import NOTHING, NOWHERE, Proved, Scope, Split, apart, home
from ringfence.verdict.witnesses import ALL, MOST_ENDS, Homes, TooManyError, Witnesses, rules_of

MOST_OPEN_FACTS = 6
"""Facts of the profile that are tried in every combination."""


def refused(policies: Iterable[NetworkPolicyRules]) -> Iterator[NotCompared]:
    """What cannot be decided for every cluster."""
    for policy in policies:
        called = f"{policy.kind} {policy.full_name}"
        if policy.broken & frozenset(Direction):
            why = policy.unclear or "the API server would reject it as written"
            yield NotCompared(called, why, policy.place, blocking=True)
        for rule in rules_of(policy):
            for peer in rule.peers:
                if isinstance(peer, DomainPeer):
                    yield NotCompared(called, "it names domains, which only DNS resolves", peer.place, blocking=True)


def completions(profile: Profile, relations: Iterable[Relation]) -> Iterator[Profile]:
    """The profile with every open fact decided on which any program hangs, in every combination. Nothing where one of
    them is a fact that changed the policies before they came here, or where there are too many."""
    found = {
        literal.variable.name
        for relation in relations
        for program in relation.programs.programs
        for condition in program.conditions()
        for literal in condition
        if literal.variable.kind == "cni"
    }
    names = {fact.value: fact for fact in Fact}
    if len(found) > MOST_OPEN_FACTS or not found <= names.keys() or any(names[name] in QUIRKS for name in found):
        return
    facts = [names[name] for name in sorted(found)]
    for values in product((False, True), repeat=len(facts)):
        yield profile.with_answers({fact: Reading(value, "tried") for fact, value in zip(facts, values, strict=True)})


def universal(before: Cluster, after: Cluster, profile: Profile) -> Equivalence:
    """The order of two sets of policies over every possible cluster, under one profile."""
    opaque = tuple(
        NotCompared(f"{one.kind} {one.name}", "this kind is not modelled", one.place, blocking=True)
        for cluster in (before, after)
        for one in cluster.opaque
    )
    left, right = apart(before.policies, after.policies)
    if not opaque and not left and not right:
        return Equivalence(Order.EQUAL, universal=True)
    if profile.partial_nodes:
        why = NotCompared("the profile", "not every node of this cluster enforces policy", None, blocking=True)
        return Equivalence(Order.UNDECIDED, universal=True, why=(why,))
    split = Split(before.policies, after.policies)
    proof = Proof(split, profile)
    if not opaque and proof.equal((*left, *right)):
        return Equivalence(Order.EQUAL, universal=True)
    refusals = (*refused((*before.policies, *after.policies)), *opaque)
    if refusals:
        return Equivalence(Order.UNDECIDED, universal=True, why=tuple(dict.fromkeys(refusals)))
    return _over(split.scopes(proof.of), profile)


def _over(scopes: Iterable[tuple[Scope, Proved]], profile: Profile) -> Equivalence:
    """The order over all scopes: what holds in every one."""
    forth: Within = True
    back: Within = True
    result = Equivalence(Order.UNDECIDED, universal=True)
    for scope, proved in scopes:
        if (forth is False or proved.forth) and (back is False or proved.back):
            continue
        found = compared(scope, profile)
        forth = both(forth, proved.forth or _forth(found.order))
        back = both(back, proved.back or _forth(_MIRROR[found.order]))
        result = replace(
            result,
            more=result.more or found.more,
            less=result.less or found.less,
            unclear=result.unclear or found.unclear,
            why=result.why or found.why,
        )
    order = order_of(forth, back)
    if order is not Order.UNDECIDED:
        return replace(result, order=order, unclear=None, why=())
    return result


class Proof:
    """What is proved of each direction of each namespace by itself, whatever else there is."""

    def __init__(self, split: Split, profile: Profile) -> None:
        self.split = split
        self.profile = profile
        self._known: dict[tuple[Direction, str], Proved] = {}

    def equal(self, different: Sequence[NetworkPolicyRules]) -> bool:
        """Whether all policies that differ are of directions of namespaces that are proved to be the same."""
        if any(policy.tier is not Tier.NETWORK_POLICY or home(policy) is None for policy in different):
            return False
        if any(refused(different)):
            return False
        return all(
            self.of(direction, name) == PROVED for direction in Direction for name in self.split.homes[direction]
        )

    def of(self, direction: Direction, name: str) -> Proved:
        """What is proved of one direction of a namespace."""
        key = (direction, name)
        if key not in self._known:
            self._known[key] = self._of(direction, name)
        return self._known[key]

    def _of(self, direction: Direction, name: str) -> Proved:
        whole = self.split.homes[direction][name]
        left, right = apart(*whole)
        if not left and not right:
            return PROVED
        different = (*left, *right)
        if any(policy.tier is not Tier.NETWORK_POLICY for policy in different) or any(refused(different)):
            return NOTHING
        here = Homes(frozenset((name,)), all_but=False)
        ends = (ALL, here) if direction is Direction.INGRESS else (here, ALL)
        if self.split.by_role and not any(refused((*whole[0], *whole[1]))):
            order = compared(Scope(*ends, whole), self.profile).order
            if order is not Order.UNDECIDED:
                return Proved(order in (Order.EQUAL, Order.WITHIN), order in (Order.EQUAL, Order.CONTAINS))
        # NetworkPolicies only add to each other: equal parts make equal sums.
        isolating = (tuple(map(_emptied, left)), tuple(map(_emptied, right)))
        everywhere = _everywhere(direction)
        admitting = ((*left, everywhere), (*right, everywhere))
        for part in (isolating, admitting):
            if compared(Scope(*ends, part), self.profile).order is not Order.EQUAL:
                return NOTHING
        return PROVED


def _emptied(policy: NetworkPolicyRules) -> NetworkPolicyRules:
    """The isolation of a policy without its rules."""
    return replace(
        policy,
        ingress=None if policy.ingress is None else (),
        egress=None if policy.egress is None else (),
    )


def _everywhere(direction: Direction) -> NetworkPolicyRules:
    """What isolates every pod, so that only what rules admit remains."""
    return NetworkPolicyRules(
        "",
        "NetworkPolicy",
        None,
        "everywhere",
        Tier.NETWORK_POLICY,
        PodSelection(namespaces=EVERYTHING),
        () if direction is Direction.INGRESS else None,
        () if direction is Direction.EGRESS else None,
        NOWHERE,
    )


def compared(scope: Scope, profile: Profile) -> Equivalence:
    """The order of two sets of policies within a scope, on a cluster of witnesses."""
    before, after = scope.policies
    owners = profile.answer(Fact.STANDALONE_PODS) is not True
    witnesses = Witnesses(before + after, owners, scope.sources, scope.destinations, scope.by_role)
    try:
        cluster = witnesses.make()
    except TooManyError:
        return _too_many()
    sides = [replace(cluster, policies=witnesses.copies(own)) for own in (before, after)]
    relations = [Relation(side, profile) for side in sides]
    found = _between(relations, witnesses)
    if found is None:
        return _too_many()
    if found.order is not Order.UNDECIDED:
        # No open fact could turn it.
        return _told_apart(found, witnesses)
    forth: bool | None = True
    back: bool | None = True
    result = Equivalence(Order.UNDECIDED, unclear=found.unclear)
    tried = False
    for one in completions(profile, relations):
        tried = True
        found = _between([Relation(side, one) for side in sides], witnesses)
        if found is None:
            return _too_many()
        forth = both(forth, _forth(found.order))
        back = both(back, _forth(_MIRROR[found.order]))
        result = replace(
            result,
            more=result.more or found.more,
            less=result.less or found.less,
            unclear=result.unclear or found.unclear,
        )
        if forth is False and back is False:
            break
    order = order_of(forth, back) if tried else Order.UNDECIDED
    return _told_apart(replace(result, order=order), witnesses)


def _between(relations: Sequence[Relation], witnesses: Witnesses) -> Equivalence | None:
    """The order of two relations of witnesses; None where they are too many."""
    comparison = Comparison(relations[0], relations[1])
    if len(comparison.kinds) > MOST_ENDS:
        return None
    return Ordering(comparison, *witnesses.looked_at(comparison)).compare()


def _told_apart(found: Equivalence, witnesses: Witnesses) -> Equivalence:
    """With the witnesses in words."""
    more, less, unclear = (_described(flow, witnesses) for flow in (found.more, found.less, found.unclear))
    return Equivalence(found.order, more, less, unclear if found.order is Order.UNDECIDED else None, True)


def _too_many() -> Equivalence:
    words = NotCompared("the policies", f"they tell more than {MOST_ENDS} kinds of ends apart", None, blocking=True)
    return Equivalence(Order.UNDECIDED, universal=True, why=(words,))


def _described(flow: Witness | None, witnesses: Witnesses) -> Witness | None:
    if flow is None:
        return None
    return replace(flow, source=_told(flow.source, witnesses), destination=_told(flow.destination, witnesses))


_MIRROR = {
    Order.EQUAL: Order.EQUAL,
    Order.WITHIN: Order.CONTAINS,
    Order.CONTAINS: Order.WITHIN,
    Order.NEITHER: Order.NEITHER,
    Order.UNDECIDED: Order.UNDECIDED,
}


def _forth(order: Order) -> bool | None:
    """Whether the first is within the second."""
    if order is Order.UNDECIDED:
        return None
    return order in (Order.EQUAL, Order.WITHIN)


def _told(end: str, witnesses: Witnesses) -> str:
    """A witness in words: ``a pod app=web in namespace shop (team=a)``."""
    home, _, name = end.partition("/")
    pod = next((one for one in witnesses.pods if (one.namespace, one.name) == (home, name)), None)
    if pod is None:
        node = witnesses.nodes.get(name) if home == "node" else None
        labels = ",".join(f"{key}={value}" for key, value in node.labels.items()) if node else ""
        return f"a node {labels}".strip() if node else end
    labels = ",".join(f"{key}={value}" for key, value in sorted(pod.labels.items())) or "without labels"
    space = witnesses.namespaces[home]
    outer = ",".join(f"{key}={value}" for key, value in sorted(space.labels.items()) if key != NAME_LABEL)
    host = " on its node's network" if pod.host_network else ""
    return f"a pod {labels}{host} in namespace {space.labels[NAME_LABEL]}" + (f" ({outer})" if outer else "")
