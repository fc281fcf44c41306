"""Which columns a selection, a peer or a rule matches: ``conditions`` for whole classes at once, by index.

The result is a *match map*: condition → set of columns. Columns under no condition never match. Everything here is an
index over ``conditions.Conditions`` and agrees with it column by column (a property test compares them).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.facts import ALWAYS, Condition, Role
from ringfence.layers.network.universe import Universe
from ringfence.model.policy import AddressPeer, AnyPeer, Peer, PodPeer, PodSelection, PortMatch, Readings
from ringfence.sets.addresses import Intervals
from ringfence.sets.labels import Selector
from ringfence.sets.ports import PortTable

MatchMap = dict[Condition, int]


def columns_of(mask: int) -> Iterator[int]:
    """The set bits of a mask, in order. Far bits are fetched in chunks, so that a sparse wide mask stays cheap."""
    base = 0
    while mask:
        skip = (mask & -mask).bit_length() - 1
        mask >>= skip
        base += skip
        chunk = mask & 0xFFFFFFFFFFFFFFFF
        mask >>= 64
        at = base
        while chunk:
            low = (chunk & -chunk).bit_length()
            yield at + low - 1
            chunk >>= low
            at += low
        base += 64


def add(target: MatchMap, condition: Condition, mask: int) -> None:
    """Put more columns under a condition."""
    if mask:
        target[condition] = target.get(condition, 0) | mask


class _NamespaceIndex:
    """Postings of the known labels of one namespace's classes, as masks that count from its first class."""

    def __init__(self, ends: tuple[EndClass, ...], start: int, stop: int) -> None:
        self.size = stop - start
        self.all = (1 << self.size) - 1
        self.pairs: dict[tuple[str, str], int] = {}
        self.keys: dict[str, int] = {}
        self.open: dict[str, int] = {}
        for offset in range(self.size):
            bit = 1 << offset
            end = ends[start + offset]
            for pair in end.labels.items():
                self.pairs[pair] = self.pairs.get(pair, 0) | bit
                self.keys[pair[0]] = self.keys.get(pair[0], 0) | bit
            for key in end.open_labels:
                if key not in end.labels:
                    self.open[key] = self.open.get(key, 0) | bit

    def matching(self, selector: Selector) -> tuple[int, int]:
        """``(surely matching, to be asked one by one)``."""
        mask = self.all
        ask = 0
        for requirement in selector.requirements:
            key = requirement.key
            if requirement.operator == "Exists":
                mask &= self.keys.get(key, 0) | self.open.get(key, 0)
                continue
            if requirement.operator == "DoesNotExist":
                mask &= ~(self.keys.get(key, 0) | self.open.get(key, 0))
                continue
            found = 0
            for value in requirement.values:
                found |= self.pairs.get((key, value), 0)
            unclear = self.open.get(key, 0)
            ask |= unclear
            mask &= (found | unclear) if requirement.operator == "In" else ~found
        return mask & ~ask, mask & ask


class Columns:
    """Match maps for one universe under one profile."""

    def __init__(self, universe: Universe, conditions: Conditions, table: PortTable) -> None:
        self.universe = universe
        self.conditions = conditions
        self.table = table
        self.pod_columns = (1 << universe.pods) - 1
        self.node_columns = ((1 << universe.outside) - 1) ^ self.pod_columns
        self.everything = universe.everything
        self.host_columns = 0
        for column in range(universe.pods):
            if universe.ends[column].host_network:
                self.host_columns |= 1 << column
        self._indexes: dict[str, _NamespaceIndex] = {}
        self._selections: dict[tuple[PodSelection, Role, bool], MatchMap] = {}
        self._local: dict[tuple[Selector, str, Role], MatchMap] = {}
        self._namespace_matches: dict[tuple[Selector, Role], list[tuple[str, Condition]]] = {}
        self._namespace_labels: dict[tuple[str, str], list[str]] | None = None
        self._open_namespaces: list[str] = []
        self._blocks: dict[tuple[Intervals, bool, Role, Readings], MatchMap] = {}
        self._enforced: dict[Role, list[tuple[Condition | None, int]]] = {}
        self._address_groups: list[tuple[EndClass, int]] | None = None
        self._groups_of_block: dict[int, list[int]] = {}
        self._ungrouped: list[tuple[EndClass, int]] = []
        self._port_groups: list[tuple[EndClass, int]] | None = None
        self._ports: dict[tuple[PortMatch, ...], int] = {}

    def selection(self, selection: PodSelection, role: Role, admin: bool) -> MatchMap:
        """The pod classes of a selection."""
        key = (selection, role, admin)
        found = self._selections.get(key)
        if found is None:
            found = self._selections[key] = self._select(selection, role, admin)
        return found

    def subjects(self, selection: PodSelection, role: Role, admin: bool) -> MatchMap:
        """The pod classes of a selection for which the plugin enforces policy."""
        found = self.selection(selection, role, admin)
        if self.conditions.everywhere:
            return found
        result: MatchMap = {}
        for condition, mask in found.items():
            for enforced, group in self._enforced_groups(role):
                if enforced is not None:
                    add(result, condition | enforced, mask & group)
        return result

    def _enforced_groups(self, role: Role) -> list[tuple[Condition | None, int]]:
        groups = self._enforced.get(role)
        if groups is None:
            masks: dict[Condition | None, int] = {}
            for column in range(self.universe.pods):
                condition = self.conditions.enforced(self.universe.ends[column], role)
                masks[condition] = masks.get(condition, 0) | 1 << column
            groups = self._enforced[role] = list(masks.items())
        return groups

    def _select(self, selection: PodSelection, role: Role, admin: bool) -> MatchMap:
        result: MatchMap = {}
        if selection.namespaces is None:
            assert selection.namespace is not None
            matches = [(selection.namespace, ALWAYS)]
        else:
            matches = self._namespaces(selection.namespaces, role)
        for namespace, outer in matches:
            span = self.universe.namespaces.get(namespace)
            if span is None:
                continue
            for condition, mask in self._pods(selection.pods, namespace, role).items():
                whole = outer | condition if condition else outer
                result[whole] = result.get(whole, 0) | (mask << span[0])
        if self.host_columns:
            result = self._host_split(result, admin)
        return result

    def _host_split(self, matches: MatchMap, admin: bool) -> MatchMap:
        if not any(mask & self.host_columns for mask in matches.values()):
            return matches
        host = self.conditions.host_network(admin)
        result: MatchMap = {}
        for condition, mask in matches.items():
            add(result, condition, mask & ~self.host_columns)
            if host is not None:
                add(result, condition | host, mask & self.host_columns)
        return result

    def _namespaces(self, selector: Selector, role: Role) -> list[tuple[str, Condition]]:
        key = (selector, role)
        found = self._namespace_matches.get(key)
        if found is None:
            found = []
            for name in self._namespace_candidates(selector):
                condition = self.conditions.namespace(selector, name, role)
                if condition is not None:
                    found.append((name, condition))
            self._namespace_matches[key] = found
        return found

    def _namespace_candidates(self, selector: Selector) -> Iterable[str]:
        """Namespaces that might match: those with a label that it asks for, and those with labels that are not
        known."""
        if self._namespace_labels is None:
            self._namespace_labels = {}
            for name in self.universe.namespaces:
                known = self.conditions.namespaces.get(name)
                if known is None or known.open_labels:
                    self._open_namespaces.append(name)
                for pair in known.labels.items() if known is not None else ():
                    self._namespace_labels.setdefault(pair, []).append(name)
        for requirement in selector.requirements:
            if requirement.operator == "In":
                names = dict.fromkeys(self._open_namespaces)
                for value in requirement.values:
                    names.update(dict.fromkeys(self._namespace_labels.get((requirement.key, value), ())))
                return sorted(names)
        return self.universe.namespaces

    def _pods(self, selector: Selector, namespace: str, role: Role) -> MatchMap:
        start, stop = self.universe.namespaces[namespace]
        if not selector.requirements:
            return {ALWAYS: (1 << (stop - start)) - 1}
        key = (selector, namespace, role)
        found = self._local.get(key)
        if found is None:
            index = self._indexes.get(namespace)
            if index is None:
                index = self._indexes[namespace] = _NamespaceIndex(self.universe.ends, start, stop)
            sure, ask = index.matching(selector)
            found = {}
            add(found, ALWAYS, sure)
            for offset in columns_of(ask):
                end = self.universe.ends[start + offset]
                condition = self.conditions.labels(
                    selector, end.labels, end.open_labels, end.any_label, "pod-label", role
                )
                if condition is not None:
                    add(found, condition, 1 << offset)
            self._local[key] = found
        return found

    def peer(self, peer: Peer, role: Role, admin: bool) -> MatchMap:
        """The columns that a peer of a rule matches."""
        if isinstance(peer, PodPeer):
            return self.selection(peer.selection, role, admin)
        if isinstance(peer, AnyPeer):
            return {ALWAYS: self.everything}
        if isinstance(peer, AddressPeer):
            return self._block(peer, role)
        result: MatchMap = {}
        for column, end in enumerate(self.universe.ends):
            if end.sort != "pod" or end.host_network:
                for condition in self.conditions.peer(peer, end, role, admin):
                    add(result, condition, 1 << column)
        return result

    def _group_addresses(self) -> None:
        atoms = self.universe.atoms
        groups: dict[object, tuple[EndClass, int]] = {}
        by_atom: dict[int, list[object]] = {}
        for column, end in enumerate(self.universe.ends):
            known = [end.space[0][0]] if end.sort == "outside" else list(end.addresses)
            where = tuple((address >> 128, atoms.of(address)) for address in known)
            # A hostNetwork pod of which the node is not known may have any node's address: a kind of its own.
            homeless = end.host_network and end.node is None
            key = (end.sort, end.host_network, homeless, where, end.space if not known else ())
            old = groups.get(key)
            groups[key] = (old[0] if old else end, (old[1] if old else 0) | 1 << column)
            if not old:
                for _, atom in where:
                    by_atom.setdefault(atom, []).append(key)
        numbers = {key: number for number, key in enumerate(groups)}
        self._address_groups = list(groups.values())
        self._ungrouped = [
            groups[key] for key in groups if not groups[key][0].addresses and groups[key][0].sort != "outside"
        ]
        for atom, keys in by_atom.items():
            for block in columns_of(atoms.sets[atom]):
                self._groups_of_block.setdefault(block, []).extend(numbers[key] for key in keys)

    def _block(self, peer: AddressPeer, role: Role) -> MatchMap:
        key = (peer.addresses, peer.admin, role, peer.readings)
        found = self._blocks.get(key)
        if found is None:
            if self._address_groups is None:
                self._group_addresses()
            assert self._address_groups is not None
            found = self._blocks[key] = {}
            index = self._block_number(peer.addresses)
            candidates = [self._address_groups[number] for number in sorted(set(self._groups_of_block.get(index, ())))]
            for end, mask in (*candidates, *self._ungrouped):
                for condition in self.conditions.address(peer, end, role):
                    add(found, condition, mask)
        return found

    def _block_number(self, addresses: Intervals) -> int:
        numbers = self._block_numbers
        return numbers[addresses]

    @property
    def _block_numbers(self) -> dict[Intervals, int]:
        cached: dict[Intervals, int] | None = self.__dict__.get("_numbers_of_blocks")
        if cached is None:
            cached = {block: number for number, block in enumerate(self.universe.atoms.blocks)}
            self.__dict__["_numbers_of_blocks"] = cached
        return cached

    def knows(self, addresses: Intervals) -> bool:
        """Whether the classes were cut at this address set."""
        return addresses in self._block_numbers

    def fixed_ports(self, matches: tuple[PortMatch, ...] | None) -> int | None:
        """The port set of a rule without named ports, else None."""
        if matches is None:
            return PortTable.ALL
        found = self._ports.get(matches)
        if found is None:
            if any(match.name is not None or match.readings for match in matches):
                found = -1
            elif not matches:
                found = PortTable.NONE
            else:
                found = self.conditions.ports(self.table, matches, _NO_PORTS, False)[0][1]
            self._ports[matches] = found
        return None if found < 0 else found

    def ports_by_destination(
        self, matches: tuple[PortMatch, ...], admin: bool
    ) -> list[tuple[int, tuple[tuple[Condition, int], ...]]]:
        """For a rule with named ports: (columns, the ports that it means there)."""
        if self._port_groups is None:
            groups: dict[object, tuple[EndClass, int]] = {}
            for column, end in enumerate(self.universe.ends):
                key = (end.sort == "pod", end.ports, end.host_network, end.open_ports)
                old = groups.get(key)
                groups[key] = (old[0] if old else end, (old[1] if old else 0) | 1 << column)
            self._port_groups = list(groups.values())
        return [(mask, self.conditions.ports(self.table, matches, end, admin)) for end, mask in self._port_groups]


_NO_PORTS = EndClass("outside")
