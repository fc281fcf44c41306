"""What a network plugin is told to encrypt on the wire, between the nodes of a cluster."""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.model.plugins import Seen
from ringfence.values import Value, field


class WireEncryption(Value):
    """One declaration: connections of pods of two different nodes are encrypted by ``how`` (``wireguard``, ``ipsec``).
    Within a node nothing is, with any plugin.

    ``why`` says what was set, in ``seen``. ``sure`` False: it cannot be read, or something may set it otherwise.
    ``families``: 4, 6 or both. ``on``: whether nodes take part of which ``nodes`` says nothing; both nodes of a
    connection have to. ``from_host``, ``to_host``, ``host_to_host``: whether it also encrypts what comes from, goes to,
    or stays between nodes and hostNetwork pods; None: not known. ``exempt``: nodes with this label have no part in
    these three; empty: there is none.
    """

    how: str
    why: str
    seen: Seen
    sure: bool = True
    families: tuple[int, ...] = (4, 6)
    on: bool = True
    nodes: Mapping[str, bool] = field(default_factory=dict)
    from_host: bool | None = False
    to_host: bool | None = False
    host_to_host: bool | None = False
    exempt: str = ""

    def takes_part(self, node: str) -> bool:
        """Whether a node encrypts."""
        return self.nodes.get(node, self.on)

    def between(self, from_host: bool, to_host: bool) -> bool | None:
        """Whether connections between ends of these sorts, on two nodes that take part, are encrypted."""
        if from_host:
            return self.host_to_host if to_host else self.from_host
        return self.to_host if to_host else True

    def __str__(self) -> str:
        return f"{self.seen} ({self.why})"
