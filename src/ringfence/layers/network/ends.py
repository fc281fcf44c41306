"""Ends of flows as the policies see them: pods of one kind, nodes, addresses outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from ringfence.model.cluster import NamedPort, Node
from ringfence.sets.addresses import family
from ringfence.sets.labels import SOME_VALUE, ValueSet
from ringfence.sets.ports import Intervals
from ringfence.values import Value, field

Sort = Literal["pod", "node", "outside"]


class EndClass(Value, eq=False):
    """Ends that no policy of the input can tell apart.

    ``namespace`` None (pods): a namespace that the input does not know. ``open_labels`` gives the domain of each label
    that is not known; ``any_label``: every other label is open too. ``addresses``: known ones, family-tagged; for
    ``outside`` the intervals in ``space`` instead. Pods and nodes without addresses may have any of ``space``.
    ``families``: families that the end surely has; empty: not known.
    """

    sort: Sort
    namespace: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    open_labels: Mapping[str, ValueSet] = field(default_factory=dict)
    any_label: bool = False
    ports: tuple[NamedPort, ...] = ()
    open_ports: bool = False
    addresses: tuple[int, ...] = ()
    space: Intervals = ()
    families: tuple[int, ...] = ()
    host_network: bool = False
    node: str | None = None
    name: str = ""
    """A node's name; for outside ends that of the machine of a mesh that it is, else nothing."""
    where: bool | str | None = None
    """Where some nodes do not enforce policy: whether a pod's node does, its name if that is open, None if the node is
    not known."""
    standalone: bool | None = None
    """Whether no controller owns a pod. None: not known."""
    namespace_labels: Mapping[str, str] | None = None
    """Pods of a namespace that does not exist yet: all labels that it will have."""


def present(keys: tuple[str, ...]) -> dict[str, ValueSet]:
    """Domains of labels that a controller surely sets to a value that the input does not give."""
    return dict.fromkeys(keys, SOME_VALUE)


def node_end(node: Node, space: Intervals) -> EndClass:
    """A node as an end; ``space`` is where its address may lie when it is not known."""
    families = tuple(sorted({family(address) for address in node.addresses}))
    return EndClass(
        "node",
        labels=node.labels,
        addresses=node.addresses,
        space=() if node.addresses else space,
        families=families,
        name=node.name,
    )
