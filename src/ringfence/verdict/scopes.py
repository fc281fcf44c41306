"""A question about every possible cluster in parts that are decided one by one.

A policy of a namespace says nothing of flows between pods of other namespaces. So two sets of policies are the same
everywhere if and only if they are for every pair of namespaces, and for a pair only the egress of the one, the ingress
of the other, and what has no namespace counts. All namespaces without such policies are alike here: with what is in no
namespace they are one part. Where neither side of a pair differs, the pair does not; and a flow has to pass both sides,
so that where each side of one set allows no more than that of the other, the pair allows no more.

Beside Baseline policies this is not so: whether a pod is isolated in one direction may then matter to the other one,
and both directions of both namespaces are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ringfence.model.policy import Direction, NetworkPolicyRules, Rule, Tier
from ringfence.model.provenance import Place
from ringfence.values import replace
from ringfence.verdict.witnesses import Homes

Policies = tuple[NetworkPolicyRules, ...]
Pair = tuple[Policies, Policies]
"""Policies before and after."""
Sides = tuple[list[NetworkPolicyRules], list[NetworkPolicyRules]]
NOWHERE = Place("")


@dataclass(frozen=True, slots=True)
class Scope:
    """Flows from some namespaces to others, and the policies that can matter to them."""

    sources: Homes
    destinations: Homes
    policies: Pair
    by_role: bool = True


@dataclass(frozen=True, slots=True)
class Proved:
    """What is proved of two sets of policies: that the first allows no more than the second (``forth``), and the other
    way round (``back``)."""

    forth: bool
    back: bool


NOTHING, EVERYTHING = Proved(False, False), Proved(True, True)


def home(policy: NetworkPolicyRules) -> str | None:
    """The namespace to whose pods alone a policy can matter; None: to all."""
    return policy.subject.namespace if policy.subject.namespaces is None else None


def only(policy: NetworkPolicyRules, direction: Direction) -> NetworkPolicyRules | None:
    """One direction of a policy."""
    if policy.rules(direction) is None:
        return None
    return replace(policy, egress=None) if direction is Direction.INGRESS else replace(policy, ingress=None)


def meaning(policy: NetworkPolicyRules) -> object:
    """What a policy says, without its name and the places where it stands."""

    def rules(every: tuple[Rule, ...] | None) -> object:
        if every is None:
            return None
        return tuple(
            (
                rule.action,
                tuple(replace(peer, place=NOWHERE) for peer in rule.peers),
                None if rule.ports is None else tuple(replace(match, place=None) for match in rule.ports),
            )
            for rule in every
        )

    return policy.tier, policy.priority, policy.kind, policy.subject, rules(policy.ingress), rules(policy.egress)


def apart(before: Iterable[NetworkPolicyRules], after: Iterable[NetworkPolicyRules]) -> Pair:
    """The policies of each side that the other one lacks."""
    left, right = [(meaning(one), one) for one in before], [(meaning(one), one) for one in after]
    common = Counter(key for key, _ in left) & Counter(key for key, _ in right)
    return _without(left, common), _without(right, common)


def _without(policies: Iterable[tuple[object, NetworkPolicyRules]], common: Counter[object]) -> Policies:
    rest = Counter(common)
    found: list[NetworkPolicyRules] = []
    for key, policy in policies:
        if rest[key]:
            rest[key] -= 1
        else:
            found.append(policy)
    return tuple(found)


class Split:
    """Two sets of policies by namespace and direction."""

    def __init__(self, before: Sequence[NetworkPolicyRules], after: Sequence[NetworkPolicyRules]) -> None:
        self.by_role = all(policy.tier is not Tier.BASELINE for policy in (*before, *after))
        everywhere: Sides = ([], [])
        whole: dict[str, Sides] = {}
        homes: dict[Direction, dict[str, Sides]] = {direction: {} for direction in Direction}
        for side, policies in enumerate((before, after)):
            for policy in policies:
                name = home(policy)
                if name is None:
                    everywhere[side].append(policy)
                    continue
                whole.setdefault(name, ([], []))[side].append(policy)
                for direction in Direction:
                    own = only(policy, direction)
                    if own is not None:
                        homes[direction].setdefault(name, ([], []))[side].append(own)
        self.everywhere = _pair(everywhere)
        self.homes = {
            direction: {name: _pair(own) for name, own in sorted(found.items())} for direction, found in homes.items()
        }
        """By direction, the policies of each namespace that has any: that direction of them."""
        self._whole = {name: _pair(own) for name, own in sorted(whole.items())}

    def scopes(self, proved: Callable[[Direction, str], Proved]) -> list[tuple[Scope, Proved]]:
        """The pairs of namespaces between which flows may differ, the smallest first, each with what is proved of it.
        ``proved``: what is, of a direction of a namespace."""
        different = any(apart(*self.everywhere))

        def known(name: str | None, direction: Direction) -> Proved:
            if different:
                return NOTHING
            if name is None:
                return EVERYTHING
            # Beside Baseline policies a direction may matter to the other one.
            directions = (direction,) if self.by_role else tuple(Direction)
            each = [proved(one, name) for one in directions if name in self.homes[one]]
            return Proved(all(one.forth for one in each), all(one.back for one in each))

        found: list[tuple[Scope, Proved]] = []
        destinations = {name: known(name, Direction.INGRESS) for name in self._groups(Direction.INGRESS)}
        for source in self._groups(Direction.EGRESS):
            left = known(source, Direction.EGRESS)
            for destination, right in destinations.items():
                pair = Proved(left.forth and right.forth, left.back and right.back)
                if pair != EVERYTHING:
                    found.append((self._scope(source, destination), pair))
        return sorted(found, key=lambda one: len(one[0].policies[0]) + len(one[0].policies[1]))

    def _names(self, direction: Direction) -> Iterable[str]:
        return self.homes[direction] if self.by_role else self._whole

    def _groups(self, direction: Direction) -> tuple[str | None, ...]:
        """Namespaces by name; None for all that have no policies of a direction."""
        return None, *self._names(direction)

    def _scope(self, source: str | None, destination: str | None) -> Scope:
        ends = [
            Homes(frozenset(self._names(direction))) if name is None else Homes(frozenset((name,)), all_but=False)
            for name, direction in ((source, Direction.EGRESS), (destination, Direction.INGRESS))
        ]
        parts: list[Pair]
        if not self.by_role or source == destination:
            parts = [self._whole[name] for name in dict.fromkeys((source, destination)) if name is not None]
        else:
            parts = [
                self.homes[direction][name]
                for name, direction in ((source, Direction.EGRESS), (destination, Direction.INGRESS))
                if name is not None
            ]
        policies = tuple(tuple(one for part in (self.everywhere, *parts) for one in part[side]) for side in (0, 1))
        return Scope(ends[0], ends[1], (policies[0], policies[1]), self.by_role)


def _pair(sides: Sides) -> Pair:
    return tuple(sides[0]), tuple(sides[1])
