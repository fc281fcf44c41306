"""Which columns a selection, a peer or a rule matches: ``conditions`` for whole classes at once, by index.

The result is a *match map*: condition → set of columns. Columns under no condition never match. Everything here is an
index over ``conditions.Conditions`` and agrees with it column by column (a property test compares them).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.facts import ALWAYS, Condition, Role
from ringfence.layers.network.form import USUAL, Form
from ringfence.layers.network.universe import Universe
from ringfence.model.policy import AddressPeer, AnyPeer, Peer, PodPeer, PodSelection, PortMatch, Readings
from ringfence.sets.addresses import Intervals
from ringfence.sets.labels import Selector
from ringfence.sets.ports import PortTable

MatchMap = dict[Condition, int]

Spans = tuple[tuple[int, int], ...]
"""A set of few columns near each other: (first column of a block, bits from there). A block is a namespace, the nodes
or the addresses outside, so that two spans are either of the same columns or have none in common."""

SpanMap = dict[Condition, Spans]

_UNASKED: SpanMap = {}


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


def mask_of(spans: Spans) -> int:
    """The same set as a mask of all columns."""
    mask = 0
    for start, bits in spans:
        mask |= bits << start
    return mask


def mask_of_columns(columns: list[int]) -> int:
    """The mask of listed columns."""
    if len(columns) < 8:
        mask = 0
        for column in columns:
            mask |= 1 << column
        return mask
    data = bytearray((max(columns) >> 3) + 1)
    for column in columns:
        data[column >> 3] |= 1 << (column & 7)
    return int.from_bytes(data, "little")


def add(target: MatchMap, condition: Condition, mask: int) -> None:
    """Put more columns under a condition."""
    if mask:
        target[condition] = target.get(condition, 0) | mask


class _LabelIndex:
    """Postings of the known labels of neighbouring pod classes, as masks that count from the first one."""

    def __init__(self, ends: tuple[EndClass, ...], start: int, stop: int) -> None:
        self.all = (1 << (stop - start)) - 1
        pairs: dict[tuple[str, str], list[int]] = {}
        self._open: dict[str, list[int]] = {}
        for offset, end in enumerate(ends[start:stop]):
            for pair in end.labels.items():
                found = pairs.get(pair)
                if found is None:
                    pairs[pair] = [offset]
                else:
                    found.append(offset)
            for key in end.open_labels:
                if key not in end.labels:
                    self._open.setdefault(key, []).append(offset)
        self._pairs = pairs
        self._values: dict[str, list[str]] | None = None
        self._masks: dict[tuple[str, str], int] = {}
        self._keys: dict[str, int] = {}

    def pair(self, key: str, value: str) -> int:
        """The classes with this label."""
        pair = (key, value)
        found = self._masks.get(pair)
        if found is None:
            found = self._masks[pair] = mask_of_columns(self._pairs.get(pair, []))
        return found

    def key(self, key: str) -> int:
        """The classes that surely have a label of this key with a known value."""
        found = self._keys.get(key)
        if found is None:
            if self._values is None:
                self._values = {}
                for name, value in self._pairs:
                    self._values.setdefault(name, []).append(value)
            found = 0
            for value in self._values.get(key, ()):
                found |= self.pair(key, value)
            self._keys[key] = found
        return found

    def open(self, key: str) -> int:
        """The classes of which the label of this key is not known."""
        return mask_of_columns(self._open[key]) if key in self._open else 0

    def matching(self, selector: Selector) -> tuple[int, int]:
        """``(surely matching, to be asked one by one)``."""
        mask = self.all
        ask = 0
        for requirement in selector.requirements:
            key = requirement.key
            if requirement.operator == "Exists":
                mask &= self.key(key) | self.open(key)
                continue
            if requirement.operator == "DoesNotExist":
                mask &= ~(self.key(key) | self.open(key))
                continue
            found = 0
            for value in requirement.values:
                found |= self.pair(key, value)
            unclear = self.open(key)
            ask |= unclear
            mask &= (found | unclear) if requirement.operator == "In" else ~found
        return mask & ~ask, mask & ask


class Columns:
    """Match maps for one universe under one profile."""

    def __init__(
        self,
        universe: Universe,
        conditions: Conditions,
        table: PortTable,
        form: Form = USUAL,
    ) -> None:
        self.universe = universe
        self.form = form
        self.blocks: dict[int, int] = {start: stop - start for start, stop in universe.namespaces.values()}
        """First column of each block → how many it has."""
        self.blocks[universe.pods] = universe.outside - universe.pods
        self.blocks[universe.outside] = len(universe.ends) - universe.outside
        self._starts = sorted(self.blocks)
        self.conditions = conditions
        self.table = table
        self.pod_columns = (1 << universe.pods) - 1
        self.node_columns = ((1 << universe.outside) - 1) ^ self.pod_columns
        self.everything = universe.everything
        self.host_columns = 0
        for column in range(universe.pods):
            if universe.ends[column].host_network:
                self.host_columns |= 1 << column
        self._indexes: dict[str, _LabelIndex] = {}
        self._whole_index: _LabelIndex | None = None
        self._wide: dict[tuple[PodSelection, Role, bool], MatchMap] = {}
        self._spans: dict[tuple[PodSelection, Role, bool], SpanMap | None] = {}
        self._regions: dict[tuple[Selector, Role], list[tuple[Condition, int]]] = {}
        self._hosts: dict[int, int] = {}
        self._local: dict[tuple[Selector, str, Role], MatchMap] = {}
        self._namespace_matches: dict[tuple[Selector, Role], list[tuple[str, Condition]]] = {}
        self._namespace_labels: dict[tuple[str, str], list[str]] | None = None
        self._open_namespaces: list[str] = []
        self._blocks: dict[tuple[Intervals, bool, Role, Readings], MatchMap] = {}
        self._block_reach: dict[tuple[Intervals, bool, Role, Readings], tuple[SpanMap, MatchMap]] = {}
        self._enforced: dict[Role, list[tuple[Condition, int]]] = {}
        self._address_groups: list[tuple[EndClass, int]] | None = None
        self._groups_of_block: dict[int, list[int]] = {}
        self._ungrouped: list[tuple[EndClass, int]] = []
        self._port_groups: list[tuple[EndClass, int]] | None = None
        self._ports: dict[tuple[PortMatch, ...], int] = {}

    def selection(self, selection: PodSelection, role: Role, admin: bool) -> MatchMap:
        """The pod classes of a selection."""
        spans = self.spans(selection, role, admin)
        if spans is not None:
            return {condition: mask_of(near) for condition, near in spans.items()}
        key = (selection, role, admin)
        found = self._wide.get(key)
        if found is None:
            found = self._wide[key] = self._host_split(self._everywhere(selection, role), admin)
        return found

    def subjects(self, selection: PodSelection, role: Role, admin: bool) -> MatchMap:
        """The pod classes of a selection for which the plugin enforces policy."""
        found = self.selection(selection, role, admin)
        if self.conditions.everywhere:
            return found
        result: MatchMap = {}
        for condition, mask in found.items():
            for enforced, group in self._enforced_groups(role):
                add(result, condition | enforced, mask & group)
        return result

    def near_subjects(self, selection: PodSelection, role: Role, admin: bool) -> SpanMap | None:
        """The same as spans; None where they may be too many for that."""
        found = self.spans(selection, role, admin)
        if found is None or self.conditions.everywhere:
            return found
        result: SpanMap = {}
        for condition, near in found.items():
            for enforced, group in self._enforced_groups(role):
                own = tuple((start, bits & self._within(group, start)) for start, bits in near)
                whole = condition | enforced
                result[whole] = (*result.get(whole, ()), *(span for span in own if span[1]))
        return result

    def _within(self, mask: int, start: int) -> int:
        """The bits of a mask in one block."""
        return mask >> start & ((1 << self.blocks[start]) - 1)

    def _enforced_groups(self, role: Role) -> list[tuple[Condition, int]]:
        """The pods for which the plugin enforces policy, by the condition under which it does."""
        groups = self._enforced.get(role)
        if groups is None:
            columns: dict[Condition, list[int]] = {}
            for column in range(self.universe.pods):
                condition = self.conditions.enforced(self.universe.ends[column], role)
                if condition is not None:
                    columns.setdefault(condition, []).append(column)
            groups = self._enforced[role] = [(condition, mask_of_columns(one)) for condition, one in columns.items()]
        return groups

    def spans(self, selection: PodSelection, role: Role, admin: bool) -> SpanMap | None:
        """The pod classes of a selection as spans; None where they may be too many or too far from each other."""
        key = (selection, role, admin)
        known = self._spans.get(key, _UNASKED)
        if known is _UNASKED:
            known = self._spans[key] = self._make_spans(selection, role, admin)
        return known

    def _make_spans(self, selection: PodSelection, role: Role, admin: bool) -> SpanMap | None:
        places = self.universe.namespaces
        found: SpanMap = {}
        if selection.namespaces is None:
            assert selection.namespace is not None
            place = places.get(selection.namespace)
            if place is not None:
                start, stop = place
                if stop - start > self.form.near_columns or not self.form.near_namespaces:
                    return None
                matched = self._match_pods(selection.pods, selection.namespace, role)
                found = {condition: ((start, bits),) for condition, bits in matched.items()}
        else:
            matches = self._namespaces(selection.namespaces, role)
            if len(matches) > self.form.near_namespaces:
                return None
            there = sorted((*places[name], name, outer) for name, outer in matches)
            if sum(stop - start for start, stop, _, _ in there) > self.form.near_columns:
                return None
            for start, _, name, outer in there:
                for condition, bits in self._pods(selection.pods, name, role).items():
                    whole = outer | condition if condition else outer
                    found[whole] = (*found.get(whole, ()), (start, bits))
        return self._host_split_spans(found, admin) if self.host_columns else found

    def _everywhere(self, selection: PodSelection, role: Role) -> MatchMap:
        """A selection over many namespaces, or big ones."""
        result: MatchMap = {}
        if selection.namespaces is None:
            assert selection.namespace is not None
            start, stop = self.universe.namespaces[selection.namespace]
            regions = [(ALWAYS, ((1 << (stop - start)) - 1) << start)]
            namespaces = [(selection.namespace, ALWAYS)]
        else:
            namespaces = self._namespaces(selection.namespaces, role)
            regions = self._namespace_regions(selection.namespaces, role)
        if not selection.pods.requirements:
            return dict(regions)
        if len(namespaces) < self.form.indexed_namespaces:
            for namespace, outer in namespaces:
                start = self.universe.namespaces[namespace][0]
                for condition, mask in self._pods(selection.pods, namespace, role).items():
                    add(result, outer | condition if condition else outer, mask << start)
            return result
        if self._whole_index is None:
            self._whole_index = _LabelIndex(self.universe.ends, 0, self.universe.pods)
        sure, ask = self._whole_index.matching(selection.pods)
        for outer, region in regions:
            add(result, outer, sure & region)
            for column in columns_of(ask & region):
                condition_there = self._labels(selection.pods, column, role)
                if condition_there is not None:
                    add(result, outer | condition_there, 1 << column)
        return result

    def _namespace_regions(self, selector: Selector, role: Role) -> list[tuple[Condition, int]]:
        """The columns of the namespaces that a selector matches, by the condition under which it does."""
        key = (selector, role)
        found = self._regions.get(key)
        if found is None:
            regions: MatchMap = {}
            for namespace, outer in self._namespaces(selector, role):
                start, stop = self.universe.namespaces[namespace]
                add(regions, outer, ((1 << (stop - start)) - 1) << start)
            found = self._regions[key] = list(regions.items())
        return found

    def _labels(self, selector: Selector, column: int, role: Role) -> Condition | None:
        end = self.universe.ends[column]
        return self.conditions.labels(selector, end.labels, end.open_labels, end.any_label, "pod-label", role)

    def host_bits(self, start: int) -> int:
        """The hostNetwork pods of a block."""
        found = self._hosts.get(start)
        if found is None:
            found = self._hosts[start] = self.host_columns >> start & ((1 << self.blocks[start]) - 1)
        return found

    def _host_split_spans(self, spans: SpanMap, admin: bool) -> SpanMap:
        if not any(bits & self.host_bits(start) for near in spans.values() for start, bits in near):
            return spans
        host = self.conditions.host_network(admin)
        result: SpanMap = {}
        for condition, near in spans.items():
            for start, bits in near:
                own = bits & self.host_bits(start)
                if bits ^ own:
                    result[condition] = (*result.get(condition, ()), (start, bits ^ own))
                if own and host is not None:
                    result[condition | host] = (*result.get(condition | host, ()), (start, own))
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
        """The pod classes of a namespace that a selector matches, as bits from its first one."""
        key = (selector, namespace, role)
        found = self._local.get(key)
        if found is None:
            found = self._local[key] = self._match_pods(selector, namespace, role)
        return found

    def _match_pods(self, selector: Selector, namespace: str, role: Role) -> MatchMap:
        start, stop = self.universe.namespaces[namespace]
        if not selector.requirements:
            return {ALWAYS: (1 << (stop - start)) - 1}
        index = self._indexes.get(namespace)
        if index is None:
            index = self._indexes[namespace] = _LabelIndex(self.universe.ends, start, stop)
        sure, ask = index.matching(selector)
        found: MatchMap = {ALWAYS: sure} if sure else {}
        for offset in columns_of(ask) if ask else ():
            condition = self._labels(selector, start + offset, role)
            if condition is not None:
                add(found, condition, 1 << offset)
        return found

    def reach(self, peer: Peer, role: Role, admin: bool) -> tuple[SpanMap, MatchMap]:
        """The columns that a peer of a rule matches: those that are kept as spans, and the others."""
        if isinstance(peer, PodPeer):
            spans = self.spans(peer.selection, role, admin)
            return ({}, self.selection(peer.selection, role, admin)) if spans is None else (spans, {})
        matches = self.peer(peer, role, admin)
        if not isinstance(peer, AddressPeer):
            return {}, matches
        key = (peer.addresses, peer.admin, role, peer.readings)
        found = self._block_reach.get(key)
        if found is None:
            near: SpanMap = {}
            wide: MatchMap = {}
            for condition, mask in matches.items():
                if mask.bit_count() <= self.form.near_ends:
                    near[condition] = self._spans_of(mask)
                else:
                    wide[condition] = mask
            found = self._block_reach[key] = (near, wide)
        return found

    def _spans_of(self, mask: int) -> Spans:
        """A small set of columns, block by block."""
        bits: dict[int, int] = {}
        for column in columns_of(mask):
            start = self.block_of(column)
            bits[start] = bits.get(start, 0) | 1 << (column - start)
        return tuple(bits.items())

    def block_of(self, column: int) -> int:
        """The first column of the block that holds a column."""
        return self._starts[bisect_right(self._starts, column) - 1]

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
        groups: dict[object, tuple[EndClass, list[int]]] = {}
        by_atom: dict[int, list[object]] = {}
        for column, end in enumerate(self.universe.ends):
            known = [end.space[0][0]] if end.sort == "outside" else list(end.addresses)
            where = tuple((address >> 128, atoms.of(address)) for address in known)
            # A hostNetwork pod of which the node is not known may have any node's address: a kind of its own.
            homeless = end.host_network and end.node is None
            key = (end.sort, end.host_network, homeless, where, end.space if not known else ())
            old = groups.get(key)
            if old is None:
                groups[key] = (end, [column])
                for _, atom in where:
                    by_atom.setdefault(atom, []).append(key)
            else:
                old[1].append(column)
        numbers = {key: number for number, key in enumerate(groups)}
        self._address_groups = [(end, mask_of_columns(columns)) for end, columns in groups.values()]
        self._ungrouped = [one for one in self._address_groups if not one[0].addresses and one[0].sort != "outside"]
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
            groups: dict[object, tuple[EndClass, list[int]]] = {}
            for column, end in enumerate(self.universe.ends):
                key = (end.sort == "pod", end.ports, end.host_network, end.open_ports)
                groups.setdefault(key, (end, []))[1].append(column)
            self._port_groups = [(end, mask_of_columns(columns)) for end, columns in groups.values()]
        return [(mask, self.conditions.ports(self.table, matches, end, admin)) for end, mask in self._port_groups]


_NO_PORTS = EndClass("outside")
