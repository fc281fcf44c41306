"""The atoms of a family of patterns: the kinds of strings that it tells apart, each with a witness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ringfence.sets.languages.chains import ChainAtoms, simple
from ringfence.sets.languages.domains import Domain
from ringfence.sets.languages.limits import MOST_ATOMS, TooLarge
from ringfence.sets.languages.patterns import Pattern
from ringfence.sets.languages.simplifying import simplified
from ringfence.sets.languages.walks import WalkAtoms


class Atoms(Protocol):
    """Every string of the domain is in exactly one atom, no atom is empty, and a pattern is a union of atoms."""

    count: int

    def mask(self, pattern: Pattern, /) -> int:
        """The atoms whose strings match a pattern of the family, as bits."""

    def classify(self, data: bytes, /) -> int | None:
        """The atom of a string; None where the domain does not have it."""

    def witness(self, atom: int, /) -> bytes:
        """The shortest string of an atom; of these, the one with the most readable characters."""


class Simplified:
    """The atoms of simpler patterns that match the same."""

    def __init__(self, atoms: Atoms, simpler: Mapping[Pattern, Pattern]) -> None:
        self._atoms, self._simpler = atoms, simpler
        self.count = atoms.count
        self.classify = atoms.classify
        self.witness = atoms.witness

    def mask(self, pattern: Pattern) -> int:
        """The atoms whose strings match."""
        return self._atoms.mask(self._simpler.get(pattern, pattern))


def atoms_of(patterns: Iterable[Pattern], domain: Domain) -> Atoms:
    """The atoms of a family. Raises TooLarge."""
    simpler = {pattern: simplified(pattern, domain) for pattern in patterns}
    family = list(dict.fromkeys(simpler.values()))
    atoms = _atoms(family, domain)
    return atoms if len(family) == len(simpler) and family == list(simpler) else Simplified(atoms, simpler)


def _atoms(family: list[Pattern], domain: Domain) -> Atoms:
    found = simple(family, domain)
    if found is not None:
        chains = ChainAtoms(*found, domain)
        if chains.spare():
            if chains.count > MOST_ATOMS:
                raise TooLarge(f"more than {MOST_ATOMS} kinds of strings")
            return chains
    return WalkAtoms(family, domain)
