"""What the network plugin encrypts between ends, for all of them at once: ends on the same nodes are one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ringfence.layers.network.relation import Relation, own_families
from ringfence.verdict.ends import Member
from ringfence.verdict.meshed.encryption import Encrypted, Encryptions

Profile = tuple[object, ...]
"""What of an end decides about encryption: where it runs, and its address families."""


class Wires:
    """Asks what is declared (``Encryptions``) for columns of a relation."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.universe = relation.universe
        self._encryptions = Encryptions(relation.cluster, relation)
        self.declared = bool(relation.cluster.encryption)
        self._found: dict[tuple[Profile, Profile, int | None], Encrypted] = {}
        self._pods: dict[tuple[tuple[int, ...], Profile], Encrypted] = {}

    @cached_property
    def profiles(self) -> list[Profile]:
        """That of every column."""
        pods, members = self.relation.cluster.pods, self.universe.members
        found: list[Profile] = []
        for column, end in enumerate(self.universe.ends):
            own: object = end.name if end.sort == "node" else None
            if column < self.universe.pods:
                own = frozenset((pods[index].node, pods[index].host_network) for index in members[column])
            found.append((end.sort, own, own_families(end), bool(end.families)))
        return found

    @cached_property
    def masks(self) -> dict[Profile, int]:
        """The columns of each profile."""
        found: dict[Profile, int] = {}
        for column, profile in enumerate(self.profiles):
            found[profile] = found.get(profile, 0) | 1 << column
        return found

    def parted(self, sources: int, destination: int) -> Iterator[tuple[int, Encrypted]]:
        """Sources, parted by who encrypts what they send to a destination."""
        found: dict[Encrypted, int] = {}
        for mask in self.masks.values():
            shared = sources & mask
            itself = shared & 1 << destination
            for part in (shared ^ itself, itself):
                if part:
                    encrypted = self._of((part & -part).bit_length() - 1, destination)
                    found[encrypted] = found.get(encrypted, 0) | part
        for encrypted, mask in found.items():
            yield mask, encrypted

    def of_pods(self, pods: tuple[int, ...], destination: int) -> Encrypted:
        """Who encrypts what some pods, of which any may be the one, send to a destination."""
        key = (pods, self.profiles[destination])
        found = self._pods.get(key)
        if found is None:
            sources = [Member(self.universe.class_of_pod[index], "", (index,)) for index in pods]
            found = self._pods[key] = self._encryptions.on_the_wire(sources, [self._member(destination)], None)
        return found

    def _of(self, source: int, destination: int) -> Encrypted:
        profiles = self.profiles
        key = (profiles[source], profiles[destination], source if source == destination else None)
        found = self._found.get(key)
        if found is None:
            first, second = self.universe.ends[source], self.universe.ends[destination]
            families, _ = self.relation.families(first, second)
            family = families[0] if len(families) == 1 else None
            ends = [self._member(source)], [self._member(destination)]
            found = self._found[key] = self._encryptions.on_the_wire(*ends, family)
        return found

    def _member(self, column: int) -> Member:
        pods = tuple(self.universe.members[column]) if column < self.universe.pods else ()
        return Member(column, "", pods)
