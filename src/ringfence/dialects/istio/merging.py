"""Several DestinationRules for one host, which istiod makes one of.

Source: istio ``pilot/pkg/model/destination_rule.go`` (mergeDestinationRule): the oldest that has a policy gives the
policy, and the subsets are those of all rules; of two subsets of one name that of the older rule counts. Rules for
different clients (``workloadSelector``) are not merged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod

from ringfence.dialects.istio.ages import oldest, oldest_fact
from ringfence.dialects.istio.objects import DestinationRule, Subset
from ringfence.model.mesh import AGES, Option
from ringfence.values import replace

_MOST = 16
_SAME_NAMES = "it and others for its host have subsets of the same names, and which are the older is not known"


def merged(rules: Sequence[DestinationRule]) -> Iterator[Option[DestinationRule]]:
    """The rule that these make for a client: several where ages decide that the input does not give."""
    heads = oldest(rules) if any(one.selector != rules[0].selector for one in rules) else list(rules[:1])
    for head in heads:
        age, ages = oldest_fact(head, heads)
        alike = [one for one in rules if one.selector == head.selector]
        with_policy = [one for one in alike if one.policy is not None or one.broken]
        among = oldest(with_policy) or alike[:1]
        for one in among:
            told, tells = oldest_fact(one, among)
            for option in _with_subsets(one, alike):
                fact = ", and ".join(filter(None, (age, told, option.fact)))
                yield Option(option.value, fact, ages or tells or option.decide)


def _with_subsets(one: DestinationRule, rules: Sequence[DestinationRule]) -> Iterator[Option[DestinationRule]]:
    """A rule with the subsets of all."""
    if len(rules) == 1:
        yield Option(one)
        return
    names = dict.fromkeys(subset.name for rule in rules for subset in rule.subsets)
    choices = [_of_name(name, rules) for name in names]
    if prod(map(len, choices)) > _MOST:
        yield Option(replace(one, broken=one.broken or _SAME_NAMES))
        return
    for chosen in product(*choices):
        facts = ", and ".join(filter(None, (fact for _, fact in chosen)))
        yield Option(replace(one, subsets=tuple(subset for subset, _ in chosen)), facts, AGES if facts else "")


def _of_name(name: str, rules: Sequence[DestinationRule]) -> list[tuple[Subset, str]]:
    """The subsets of a name that may be the oldest, each with what makes it so."""
    having = oldest([rule for rule in rules if any(subset.name == name for subset in rule.subsets)])
    found: list[tuple[Subset, DestinationRule]] = []
    for rule in having:
        subset = next(subset for subset in rule.subsets if subset.name == name)
        if all((subset.labels, subset.policy) != (other.labels, other.policy) for other, _ in found):
            found.append((subset, rule))
    several = len(found) > 1
    return [
        (replace(subset, named=rule.named), f"{rule.named} is the oldest that has subset {name}" if several else "")
        for subset, rule in found
    ]


__all__ = ["merged"]
