"""Whether two worlds allow the same: of their policies everywhere, also by the clusters that they are of.

What a mesh does in every possible cluster is not decided. But the two clusters of the input are possible ones, and on
each of them both sets of policies can be tried: a flow that only one set allows shows that they are not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Protocol, TypeVar

from ringfence.sources.changes import Given
from ringfence.sources.mixing import Mixing, Thing, altered_of_mesh, of_mesh
from ringfence.sources.pods import PodFacts
from ringfence.sources.workloads import WORKLOAD_KINDS
from ringfence.values import replace
from ringfence.verdict.equivalence import Equivalence, Order, Witness
from ringfence.verdict.states import State, States
from ringfence.verdict.states import equivalent as order_of

OF_CLUSTERS = frozenset((
    "CustomResourceDefinition", "Endpoints", "EndpointSlice", "Ingress", "IngressClass", "Namespace", "Node", "Pod",
    "Service", "ServiceAccount", *WORKLOAD_KINDS,
))  # fmt: skip
"""Kinds of objects that policies are about, and that are none."""


class Compared(Protocol):
    """A world."""

    @property
    def given(self) -> Given:
        """Its input."""


W = TypeVar("W", bound=Compared)


def equivalent(
    before: W, after: W, universal: bool, anew: Callable[[W, Given], W], beside: Callable[[W, W], State]
) -> Equivalence:
    """The order of two worlds. ``anew``: a world under the profile of another one; ``beside``: the state of a world, as
    it is compared with another."""
    differing = partial(altered_of_mesh, before.given, after.given)
    states = beside(before, after), beside(after, before)
    found = order_of(*states, universal, differing)
    of_nodes = states[0].relation.profile.partial_nodes
    if not universal or not found.layered or found.order is not Order.UNDECIDED or of_nodes or not differing():
        return found
    more: Witness | None = None
    less: Witness | None = None
    for one, two in _crossed(before, after, anew):
        told = States(beside(one, two), beside(two, one)).equivalent()
        more, less = more or told.more, less or told.less
        if more and less:
            return replace(found, order=Order.NEITHER, more=more, less=less, why=())
    return replace(found, order=Order.DIFFERENT, more=more, less=less) if more or less else found


def _crossed(before: W, after: W, anew: Callable[[W, Given], W]) -> Iterator[tuple[W, W]]:
    """Each of the two clusters, under the policies of the one and under those of the other."""
    yield before, anew(before, with_policies_of(before.given, after.given))
    yield anew(before, with_policies_of(after.given, before.given)), anew(before, after.given)


def with_policies_of(cluster: Given, policies: Given) -> Given:
    """The input of a cluster, with the policies and the mesh of another input in place of its own."""
    mixing = Mixing(cluster, policies, lambda given: given)
    chosen = (number for number, (_, *things) in enumerate(mixing.pairs) if any(map(_is_policy, things)))
    found = mixing.state(frozenset(chosen))
    assert found is not None
    return found


def _is_policy(thing: Thing | None) -> bool:
    """Whether an object is more than what policies are about. What is not known is taken for a policy."""
    if thing is None or isinstance(thing, PodFacts):
        return False
    return thing.kind not in OF_CLUSTERS or of_mesh(thing)


__all__ = ["equivalent", "with_policies_of"]
