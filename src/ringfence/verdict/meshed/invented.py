"""Identities of namespaces that do not exist: one for every way in which policies tell such apart.

What policies say of namespaces that are there says nothing of others, so most of them need not be looked at: the same
answer serves every destination whose policies say the same of new namespaces.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Set
from typing import TypeGuard

from ringfence.model.mesh import Identity
from ringfence.sets.languages.atoms import atoms_of
from ringfence.sets.languages.domains import TEXT, encoded
from ringfence.sets.languages.expressions import Character, Sequence
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.languages.patterns import Contains, Exact, Pattern, Prefix, Regex, Suffix, Unknown, matches
from ringfence.sets.languages.re2 import parsed

NEW, ACCOUNT = "q0-a-new-namespace", "q0-a-new-account"
NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
"""A namespace's name; longer names of accounts buy nothing more."""
MOST_NAMESPACES = 200
"""Of the input, that names of new ones are kept apart from where a policy does not name them exactly."""


class Inventor:
    """Finds them. ``namespaces`` are those that there are; ``identity_of`` tells the identity of an account of one."""

    def __init__(self, namespaces: Set[str], identity_of: Callable[[str, str], Identity | None]) -> None:
        self.namespaces = namespaces
        self._probe = identity_of(NEW, ACCOUNT)
        self._forms: dict[str | None, tuple[Regex, Regex]] = {}
        self._found: dict[tuple[frozenset[Pattern], str | None], tuple[Identity, ...] | None] = {}
        self._of_others: dict[Pattern, bool] = {}
        text = "" if self._probe is None else self._probe.text
        self._before = re.search(r"/[^/]*/(?=" + NEW + "/)", text)
        self._written = {part for part in text.split("/") if part not in (NEW, ACCOUNT)}

    def told_apart(self, patterns: frozenset[Pattern], home: str | None) -> tuple[Identity, ...] | None:
        """An identity of a namespace that does not exist (``home``, if it is not None) for every way in which the
        patterns tell such apart, beside that of ``ACCOUNT`` in ``home`` or ``NEW``; None: they are too many, or not
        known."""
        key = (frozenset(one for one in patterns if self._asks(one, home)), home)
        if not key[0]:
            return ()
        if key not in self._found:
            try:
                self._found[key] = tuple(self._invent(*key))
            except TooLarge:
                self._found[key] = None
        return self._found[key]

    def _invent(self, patterns: frozenset[Pattern], home: str | None) -> Iterator[Identity]:
        if any(isinstance(one, Unknown) for one in patterns):
            raise TooLarge("a pattern that is not known")
        if not self._is_told():
            return
        texts = [one.text for one in patterns if _is_one(one)]
        if len(texts) == len(patterns) and self._unnamed(home) not in texts:
            yield from (Identity(text, "", "") for text in sorted(texts))
            return
        if home is None and len(self.namespaces) > MOST_NAMESPACES:
            raise TooLarge("too many namespaces")
        form, existing = self._form(home)
        atoms = atoms_of({*patterns, form, existing}, TEXT)
        wanted = atoms.mask(form) & ~atoms.mask(existing)
        for atom in range(atoms.count):
            if wanted >> atom & 1:
                yield Identity(atoms.witness(atom).decode(), "", "")

    def _is_told(self) -> bool:
        """Whether an identity tells its namespace."""
        return self._probe is not None and NEW in self._probe.text

    def _unnamed(self, home: str | None) -> str:
        assert self._probe is not None
        return self._probe.text.replace(NEW, NEW if home is None else home, 1)

    def _form(self, home: str | None) -> tuple[Regex, Regex]:
        """(identities of new namespaces among others, those of the ones that are there)."""
        found = self._forms.get(home)
        if found is None:
            assert self._probe is not None
            there = "|".join(_literally(name) for name in sorted(self.namespaces)) or "-"
            form, existing = (
                Regex(_literally(self._probe.text).replace(NEW, space, 1).replace(ACCOUNT, NAME))
                for space in (NAME if home is None else home, f"({there})")
            )
            found = self._forms[home] = form, existing
        return found

    def _asks(self, pattern: Pattern, home: str | None) -> bool:
        """Whether a pattern may say something of namespaces that do not exist. No: none of their identities matches."""
        if not self._is_told() or isinstance(pattern, Unknown):
            return True
        if _is_one(pattern):
            form, existing = self._form(home)
            data = encoded(pattern.text)
            return matches(form, data) and not matches(existing, data)
        found = self._of_others.get(pattern)
        if found is None:
            found = self._of_others[pattern] = not any(map(self._is_of_one_there, _written_in(pattern)))
        return found

    def _is_of_one_there(self, text: str) -> bool:
        """Whether an identity with this text in it is of a namespace that is there. Its parts are parted by slashes, so
        a part between two of them behind the one before the namespace is the namespace, if it is none of those that
        stand in every identity."""
        if self._before is None:
            return False
        parts = text.split("/")
        before = self._before.group().strip("/")
        return any(
            parts[at] == before and parts[at + 1] in self.namespaces and parts[at + 1] not in self._written
            for at in range(1, len(parts) - 2)
        )


def _is_one(pattern: Pattern) -> TypeGuard[Exact]:
    return isinstance(pattern, Exact) and not pattern.ignore_case


def _written_in(pattern: Pattern) -> Iterable[str]:
    """Texts that are in every string that matches."""
    if isinstance(pattern, Exact | Prefix | Suffix | Contains):
        return () if pattern.ignore_case else (pattern.text,)
    if not isinstance(pattern, Regex):
        return ()
    expression = parsed(pattern.text)
    if not isinstance(expression, Sequence):
        return ()
    letters = ""
    for part in expression.parts:
        ranges = part.ranges if isinstance(part, Character) else ()
        letters += chr(ranges[0][0]) if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else SEAM
    return letters.split(SEAM)


SEAM = "\n"
"""Parts what is written in an expression; it is not in an identity."""


def _literally(text: str) -> str:
    return re.escape(text).replace("\\-", "-")


__all__ = ["ACCOUNT", "NEW", "Inventor"]
