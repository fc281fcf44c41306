"""Does one selector, peer or rule hold everything that another one holds, whatever pods there may be?

All answers are proofs: False means "not proved". Labels of namespaces are taken as the input gives them, where a peer
names its namespace; nothing else of the input decides.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator

from ringfence.model.cluster import NAME_LABEL
from ringfence.model.policy import AddressPeer, AnyPeer, DomainPeer, NodePeer, Peer, PodPeer, PodSelection, Rule
from ringfence.rules.openness import fixed_ports
from ringfence.sets.addresses import EVERY_ADDRESS
from ringfence.sets.labels import ANY_VALUE, Selector, ValueSet
from ringfence.sets.overlaps import Overlaps
from ringfence.sets.ports import EVERYTHING, Intervals, canonical, intersect, protocol_range, subtract
from ringfence.values import Value

SurelySelected = Callable[[Selector, str], bool]
"""Whether a selector of namespaces surely matches a namespace of this name."""


class Selectors:
    """Compares selectors; keeps what it found."""

    def __init__(self, surely: SurelySelected) -> None:
        self.surely = surely
        self._wanted: dict[Selector, dict[str, ValueSet]] = {}
        self._covers: dict[tuple[Selector, Selector], bool] = {}

    def wanted(self, selector: Selector) -> dict[str, ValueSet]:
        """For each key of a selector the values that it allows."""
        found = self._wanted.get(selector)
        if found is None:
            found = self._wanted[selector] = {}
            for one in selector.requirements:
                found[one.key] = found.get(one.key, ANY_VALUE).intersection(one.allowed())
        return found

    def covers(self, wide: Selector, narrow: Selector) -> bool:
        """Whether every set of labels that ``narrow`` matches is matched by ``wide``."""
        if not wide.requirements or wide is narrow:
            return True
        key = (wide, narrow)
        found = self._covers.get(key)
        if found is None:
            within = self.wanted(narrow)
            found = self._covers[key] = all(
                label in within and within[label].intersection(allowed.complement()).empty()
                for label, allowed in self.wanted(wide).items()
            )
        return found

    def meet(self, left: Selector, right: Selector) -> bool:
        """Whether some set of labels is matched by both."""
        ours, theirs = self.wanted(left), self.wanted(right)
        return not any(
            ours.get(key, ANY_VALUE).intersection(theirs.get(key, ANY_VALUE)).empty() for key in {*ours, *theirs}
        )

    def selection_covers(self, wide: PodSelection, narrow: PodSelection) -> bool:
        """The same for pods of namespaces."""
        return self.covers(wide.pods, narrow.pods) and self._namespaces_cover(wide, narrow)

    def _namespaces_cover(self, wide: PodSelection, narrow: PodSelection) -> bool:
        if wide.namespaces is not None:
            if not wide.namespaces.requirements:
                return True
            if narrow.namespaces is not None:
                return self.covers(wide.namespaces, narrow.namespaces)
            return narrow.namespace is not None and self.surely(wide.namespaces, narrow.namespace)
        if narrow.namespaces is not None:
            named = self.wanted(narrow.namespaces).get(NAME_LABEL)
            return named is not None and named == ValueSet(frozenset((wide.namespace or "",)), False, False)
        return wide.namespace == narrow.namespace


class Atom(Value):
    """One peer of a rule with the rule's ports: ``fixed`` ones, and ``named`` ones as (name, protocol).

    ``owner`` says whose it is, in the caller's terms.
    """

    peer: Peer
    fixed: Intervals
    named: frozenset[tuple[str, str | None]]
    owner: Hashable


def atoms(rule: Rule, owner: Hashable) -> Iterator[Atom]:
    """The parts of a rule."""
    fixed = fixed_ports(rule)
    named = frozenset((match.name, match.protocol) for match in rule.ports or () if match.name is not None)
    for peer in rule.peers:
        yield Atom(peer, fixed, named, owner)


class Covering:
    """Some atoms, to be asked which of them hold all that another one holds.

    They are indexed by what a wider peer must have in common with a narrower one, so that few are compared.
    """

    def __init__(self, selectors: Selectors, given: Iterable[Atom]) -> None:
        self.selectors = selectors
        self._any: list[Atom] = []
        self._addresses: Overlaps[Atom] = Overlaps()
        self._others: list[Atom] = []
        self._pods: dict[tuple[Hashable, Hashable], dict[PodSelection, Overlaps[Atom]]] = {}
        for atom in given:
            peer = atom.peer
            if isinstance(peer, AnyPeer):
                self._any.append(atom)
            elif isinstance(peer, AddressPeer):
                self._addresses.add(peer.addresses, atom)
            elif isinstance(peer, PodPeer):
                for pods in self._posts(peer.selection.pods):
                    for spaces in self._space_posts(peer.selection):
                        posted = self._pods.setdefault((pods, spaces), {})
                        posted.setdefault(peer.selection, Overlaps()).add(atom.fixed, atom)
            else:
                self._others.append(atom)

    def _posts(self, selector: Selector) -> Iterator[Hashable]:
        for one in selector.requirements:
            if one.operator == "In":
                for value in one.values:
                    yield one.key, value
                return
        yield None

    def _space_posts(self, selection: PodSelection) -> Iterator[Hashable]:
        if selection.namespaces is None:
            yield NAME_LABEL, selection.namespace
        else:
            # Only the name is told apart: a namespace that a narrower peer names may match by any of its labels.
            named = (one for one in selection.namespaces.requirements if one.key == NAME_LABEL)
            yield from self._posts(Selector(tuple(named)))

    def _look_up(self, selector: Selector) -> list[Hashable]:
        return [None, *((one.key, one.values[0]) for one in selector.requirements if one.operator == "In")]

    def _candidates(self, atom: Atom, selection: PodSelection) -> Iterator[Atom]:
        """Atoms of wider pod peers with some of the ports."""
        spaces = (
            [None, (NAME_LABEL, selection.namespace)]
            if selection.namespaces is None
            else self._look_up(selection.namespaces)
        )
        for pods in self._look_up(selection.pods):
            for space in spaces:
                for wide, posted in self._pods.get((pods, space), {}).items():
                    if self.selectors.selection_covers(wide, selection):
                        yield from posted if atom.named else posted.find(atom.fixed)

    def owners(self, atom: Atom, usable: Callable[[Hashable], bool]) -> list[Hashable] | None:
        """Owners of usable atoms that together hold all of this one; None: that is not proved."""
        peer = atom.peer
        if isinstance(peer, AddressPeer):
            return self._address_owners(atom, peer, usable)
        left = _Left(atom)
        for other in self._any:
            if usable(other.owner) and left.take(other):
                return left.owners
        if isinstance(peer, PodPeer):
            for other in self._candidates(atom, peer.selection):
                if usable(other.owner) and left.take(other):
                    return left.owners
        elif isinstance(peer, NodePeer | DomainPeer):
            for other in self._others:
                if usable(other.owner) and self._same_kind_covers(other.peer, peer) and left.take(other):
                    return left.owners
        return None

    def _same_kind_covers(self, wide: Peer, narrow: Peer) -> bool:
        if isinstance(wide, NodePeer) and isinstance(narrow, NodePeer):
            return self.selectors.covers(wide.nodes, narrow.nodes)
        return isinstance(wide, DomainPeer) and isinstance(narrow, DomainPeer) and set(narrow.names) <= set(wide.names)

    def _address_owners(
        self, atom: Atom, peer: AddressPeer, usable: Callable[[Hashable], bool]
    ) -> list[Hashable] | None:
        owners: list[Hashable] = []
        pieces: list[tuple[Intervals, Intervals]] = [(peer.addresses, atom.fixed)] if atom.fixed else []
        named = _Left(Atom(peer, (), atom.named, atom.owner))
        for other in (*self._any, *self._addresses.find(peer.addresses)):
            wide = other.peer.addresses if isinstance(other.peer, AddressPeer) else EVERY_ADDRESS
            if not usable(other.owner):
                continue
            rest: list[tuple[Intervals, Intervals]] = []
            for addresses, ports in pieces:
                outside, inside = subtract(addresses, wide), intersect(addresses, wide)
                if outside:
                    rest.append((outside, ports))
                if inside and (still := subtract(ports, other.fixed)):
                    rest.append((inside, still))
            if rest != pieces:
                owners.append(other.owner)
            pieces = rest
            if named.open and not subtract(peer.addresses, wide):
                named.take(other)
            if not pieces and not named.open:
                return list(dict.fromkeys([*owners, *named.owners]))
        return None


class _Left:
    """The ports of an atom that are still to be covered."""

    def __init__(self, atom: Atom) -> None:
        self.fixed = atom.fixed
        self.named = atom.named
        self.covered: Intervals = ()
        self.owners: list[Hashable] = []

    @property
    def open(self) -> bool:
        """Whether anything is left."""
        return bool(self.fixed or self.named)

    def take(self, other: Atom) -> bool:
        """Take away what another atom holds; True: nothing is left."""
        self.covered = canonical((*self.covered, *other.fixed))
        fixed = subtract(self.fixed, other.fixed)
        named = frozenset((name, protocol) for name, protocol in self.named - other.named if not self._whole(protocol))
        if (fixed, named) != (self.fixed, self.named):
            self.owners.append(other.owner)
        self.fixed, self.named = fixed, named
        return not self.open

    def _whole(self, protocol: str | None) -> bool:
        """Whether every port of a protocol is covered, so that any port of that name is."""
        if self.covered == EVERYTHING:
            return True
        return protocol is not None and protocol_range(protocol) in self.covered
