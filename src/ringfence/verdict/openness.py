"""How much one direction of a pod lets through, whoever the other end is: any address, any namespace, its own, or peers
that somebody named.

Each direction is judged by itself, as if the other end admitted everything. *Any* means more than half: of the
internet's addresses in one family, of the ports of one protocol. So neither an exception in a range nor a range that is
one port short makes an open door a closed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from ringfence.layers.network.cells import Cell, Meeting
from ringfence.layers.network.columns import columns_of
from ringfence.layers.network.conditions import Conditions
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.programs import outcome
from ringfence.layers.network.relation import Relation, own_families
from ringfence.layers.network.row import Row
from ringfence.model.policy import AddressPeer, AnyPeer, Direction, NetworkPolicyRules, PodPeer, Rule
from ringfence.sets import addresses as ip
from ringfence.sets.ports import PROTOCOLS, Intervals, PortTable, intersect, protocol_range, size
from ringfence.values import Value
from ringfence.verdict.anonymous import Anonymous

HALF_OF_THE_PORTS = 65535 // 2


class Peers(StrEnum):
    """Who gets through, the widest first."""

    ADDRESS = "any address"
    NAMESPACE = "any namespace"
    OWN = "own namespace"
    NAMED = "named peers"


class Proof(StrEnum):
    """The same for layers that ask who the other end proves to be, and not where it is."""

    NOBODY = "no identity"
    ANYBODY = "any identity"
    OWN = "own namespace's identities"
    NAMED = "named identities"


WIDE = (Peers.ADDRESS, Peers.NAMESPACE)


class Scope(Value):
    """Ports on which these peers get through; ``perhaps``: that hangs on what the input leaves open."""

    peers: Peers | Proof
    ports: Intervals
    perhaps: bool = False

    @property
    def any_port(self) -> bool:
        """Whether the ports are more than half of those of a protocol."""
        return any_port(self.ports)

    @property
    def open(self) -> bool:
        """Any address or any namespace on any port."""
        return self.peers in WIDE and self.any_port


def any_port(ports: Intervals) -> bool:
    """More than half of the ports of one protocol."""
    return any(size(intersect(ports, (protocol_range(name),))) > HALF_OF_THE_PORTS for name in PROTOCOLS)


Bounds = tuple[int, int]
"""Ports that surely and that possibly get through, as port set numbers."""

CLOSED: Bounds = (PortTable.NONE, PortTable.NONE)


class Openness:
    """Scopes of rows, each distinct one once."""

    def __init__(self, relation: Relation) -> None:
        self.relation = relation
        self.universe = relation.universe
        self.anonymous = Anonymous(relation)
        self._welcoming: dict[tuple[int, Direction], int] = {}
        self._spaces: dict[int, tuple[int, int]] = {}
        self._by_addresses: dict[object, Bounds] = {}
        self._bounds: dict[tuple[int, Direction], Bounds] = {}
        self._scopes: dict[tuple[Row, str | None, tuple[int, ...]], tuple[Scope, ...]] = {}
        self._made: dict[tuple[Bounds, ...], tuple[Scope, ...]] = {}
        self._bounds_of: dict[tuple[Row, str | None, tuple[int, ...]], tuple[Bounds, ...]] = {}
        universe = self.universe
        outside = universe.everything >> universe.outside << universe.outside
        host = relation.columns.host_columns
        self._outside = outside
        self._others = outside | ((1 << universe.pods) - 1) & ~host

    def scopes(self, column: int, direction: Direction) -> tuple[Scope, ...]:
        """Who gets through on which ports, the widest first; each scope only says what wider ones do not."""
        end = self.universe.ends[column]
        row = self.relation.row(column, direction)
        key = (row, end.namespace, own_families(end))
        found = self._scopes.get(key)
        if found is None:
            found = self._scopes[key] = self._of_row(row, column, end, direction)
        return found

    def _of_row(self, row: Row, column: int, end: EndClass, direction: Direction) -> tuple[Scope, ...]:
        key = self._bounds_by_peers(row, column, end, direction)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = tuple(self.listed(key))
        return found

    def bounds(self, column: int, direction: Direction) -> tuple[Bounds, ...]:
        """Which ports each of ``Peers`` gets, whatever the others get."""
        end, row = self.universe.ends[column], self.relation.row(column, direction)
        key = (row, end.namespace, own_families(end))
        found = self._bounds_of.get(key)
        if found is None:
            found = self._bounds_of[key] = self._bounds_by_peers(row, column, end, direction)
        return found

    def named(self, column: int, direction: Direction, within: int) -> Bounds:
        """The ports that some of the ends of the input get that are ``within`` a mask of columns."""
        found = CLOSED
        for mask, program in self.relation.row(column, direction).parts:
            if mask & within & self._others:
                found = self._either(found, self._outcome(program, direction))
        return found

    def _bounds_by_peers(self, row: Row, column: int, end: EndClass, direction: Direction) -> tuple[Bounds, ...]:
        assert end.namespace is not None
        parts = row.parts
        address = self._addresses(parts, end, direction)
        welcome = self._welcome(row, direction)
        anywhere = own = CLOSED
        if welcome & 2:
            anywhere = self._met(column, end, self.anonymous.elsewhere(), direction)
        if welcome & 1:
            own = self._met(column, end, self.anonymous.inside(end.namespace), direction)
        named = CLOSED
        for mask, program in parts:
            if mask & self._others:
                named = self._either(named, self._outcome(program, direction))
        return address, anywhere, own, named

    def listed(self, bounds: Iterable[Bounds], words: Sequence[Peers | Proof] = tuple(Peers)) -> list[Scope]:
        """Scopes of bounds, the widest first. ``words``: what those are called who get them."""
        table = self.relation.ports
        told = PortTable.NONE
        found: list[Scope] = []
        for peers, (sure, possible) in zip(words, bounds, strict=True):
            certain = table.difference(sure, told)
            if certain:
                found.append(Scope(peers, table.intervals(certain)))
                told = table.union(told, certain)
            perhaps = table.difference(possible, told)
            if perhaps and peers is not words[-1]:
                found.append(Scope(peers, table.intervals(perhaps), True))
            elif perhaps:
                rest = perhaps
                for scope in found:
                    rest = table.difference(rest, table.number(scope.ports))
                if rest:
                    found.append(Scope(peers, table.intervals(rest), True))
        return found

    def _either(self, left: Bounds, right: Bounds) -> Bounds:
        table = self.relation.ports
        return table.union(left[0], right[0]), table.union(left[1], right[1])

    def _outcome(self, program: int, direction: Direction) -> Bounds:
        key = (program, direction)
        found = self._bounds.get(key)
        if found is None:
            table = self.relation.ports
            plain = self.relation.programs.plain(program)
            allow, deny = plain or outcome(table, self.relation.programs.programs[program], lambda condition: None)
            found = self._bounds[key] = (table.difference(PortTable.ALL, deny), allow)
        return found

    # Addresses of the internet.

    def _addresses(self, columns: tuple[tuple[int, int], ...], end: EndClass, direction: Direction) -> Bounds:
        """Ports on which more than half of the internet gets through, in a family that the pod may have."""
        parts = tuple((program, mask & self._outside) for mask, program in columns if mask & self._outside)
        key = (parts, own_families(end), direction)
        found = self._by_addresses.get(key)
        if found is None:
            found = CLOSED
            for number in own_families(end):
                found = self._either(found, self._by_majority(parts, number, direction))
            self._by_addresses[key] = found
        return found

    def _by_majority(self, parts: tuple[tuple[int, int], ...], family: int, direction: Direction) -> Bounds:
        weights = [(self._weight(mask, family), self._outcome(program, direction)) for program, mask in parts]
        whole = sum(weight for weight, _ in weights)
        table = self.relation.ports
        found: list[int] = []
        for side in (0, 1):
            ports = PortTable.NONE
            for atom in atoms(table, [bounds[side] for _, bounds in weights]):
                weight = sum(weight for weight, bounds in weights if table.intersection(bounds[side], atom) == atom)
                if whole and weight * 2 > whole:
                    ports = table.union(ports, atom)
            found.append(ports)
        return found[0], found[1]

    def _weight(self, mask: int, family: int) -> int:
        """How many addresses of the internet these columns are."""
        total = 0
        for column in columns_of(mask):
            sizes = self._spaces.get(column)
            if sizes is None:
                space = ip.intersect(self.universe.ends[column].space, ip.INTERNET)
                v4 = ip.size(ip.intersect(space, ip.EVERY_IPV4))
                sizes = self._spaces[column] = (v4, ip.size(space) - v4)
            total += sizes[family == 6]
        return total

    # Pods that nobody singled out.

    def _met(self, column: int, end: EndClass, peers: tuple[EndClass, ...], direction: Direction) -> Bounds:
        """Ports on which one of these pods gets through."""
        found = CLOSED
        for peer in peers:
            program = self.relation.program(column, peer, direction)
            cell = self._cell(program, end, peer, direction)
            found = self._either(found, (cell.sure, cell.possible))
        return found

    def _cell(self, program: int, end: EndClass, peer: EndClass, direction: Direction) -> Cell:
        families = self.relation.families(end, peer)[0]
        meeting = Meeting(families, end.namespace == peer.namespace, None)
        pair = (0, program) if direction is Direction.INGRESS else (program, 0)
        return self.relation.cells.cell(*pair, meeting)

    def _welcome(self, row: Row, direction: Direction) -> int:
        """Whether anonymous pods could get through: 1 those of the own namespace, 2 those of others, 3 both. Only so
        much is said that rows that name their peers need no look at anonymous ones."""
        key = row.key
        if key.admin or key.baseline or not key.network_policy:
            return 3
        found = 0
        for index, condition in key.network_policy:
            policy = self.relation.policies[index].policy
            if condition != ALWAYS or direction in policy.broken:
                return 3
            known = self._welcoming.get((index, direction))
            if known is None:
                known = 0
                for rule in policy.rules(direction) or ():
                    known |= welcome_of(self.relation.conditions, policy, rule, self.anonymous)
                self._welcoming[index, direction] = known
            found |= known
            if found == 3:
                break
        return found


def welcome_of(conditions: Conditions, policy: NetworkPolicyRules, rule: Rule, anonymous: Anonymous) -> int:
    """Whether a rule of a NetworkPolicy might let anonymous pods through: 1 of its own namespace, 2 of others."""
    found = 0
    for peer in rule.peers:
        if isinstance(peer, AnyPeer):
            return 3
        if isinstance(peer, AddressPeer):
            if intersect(peer.addresses, anonymous.space):
                found |= 3
        elif isinstance(peer, PodPeer):
            selection = peer.selection
            if any(one.operator == "In" for one in selection.pods.requirements):
                continue
            if selection.namespaces is None:
                found |= 1 if selection.namespace == policy.namespace else 0
                continue
            if all(one.operator != "In" for one in selection.namespaces.requirements):
                found |= 2
            if conditions.namespace(selection.namespaces, policy.namespace, "src") is not None:
                found |= 1
    return found


def atoms(table: PortTable, numbers: list[int]) -> list[int]:
    """Port sets cut so finely that each given one is a union of them."""
    found: list[int] = []
    for number in dict.fromkeys(numbers):
        rest = number
        split: list[int] = []
        for atom in found:
            inside = table.intersection(atom, number)
            if inside:
                split.append(inside)
                rest = table.difference(rest, inside)
            outside = table.difference(atom, number)
            if outside:
                split.append(outside)
        if rest:
            split.append(rest)
        found = split
    return found
