"""The fields that tell of network plugins, read from data of any shape: what has another type tells nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

UNCLEAR = "unclear"
"""A value that is neither yes nor no."""
_YES = frozenset(("true", "1", "t"))
_NO = frozenset(("false", "0", "f"))
_NOTHING: Mapping[str, Any] = {}


def mapping(parent: Any, key: str) -> Mapping[str, Any]:
    """The mapping at a key; empty if there is none."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, Mapping) else _NOTHING


def mappings(parent: Any, key: str) -> list[Mapping[str, Any]]:
    """The mappings in the list at a key."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def text(parent: Any, key: str) -> str:
    """The text at a key; empty if there is none."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return value if isinstance(value, str) else ""


def texts(parent: Any, key: str) -> list[str]:
    """The texts in the list at a key."""
    value = parent.get(key) if isinstance(parent, Mapping) else None
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def words(container: Mapping[str, Any]) -> list[str]:
    """Command and arguments of a container."""
    return [*texts(container, "command"), *texts(container, "args")]


def flag(container: Mapping[str, Any], name: str) -> str | None:
    """A boolean flag as Go programs take it: ``"true"``, ``"false"``, ``UNCLEAR``; None where it is not given."""
    found = None
    for word in words(container):
        given, equals, value = word.partition("=")
        if given.lstrip("-") == name and given.startswith("-"):
            found = boolean(value) if equals else "true"
    return found


def environment(container: Mapping[str, Any], name: str) -> str | None:
    """A boolean variable: ``"true"``, ``"false"``, ``UNCLEAR`` (also where it comes from elsewhere); None where it is
    not set."""
    for one in mappings(container, "env"):
        if text(one, "name") == name:
            return boolean(one.get("value"))
    return UNCLEAR if mappings(container, "envFrom") else None


def boolean(value: Any) -> str:
    """``"true"``, ``"false"`` or ``UNCLEAR``."""
    word = value.strip().lower() if isinstance(value, str) else str(value).lower() if type(value) is bool else ""
    return "true" if word in _YES else "false" if word in _NO else UNCLEAR


def answer(word: str | None) -> bool | None:
    """The truth of a word that ``flag`` or ``environment`` gave."""
    return True if word == "true" else False if word == "false" else None


def setting_lines(content: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """``key: value`` and ``key=value`` lines of some keys, in a text in YAML or INI form, without comments."""
    for line in content.splitlines():
        found = _LINE.fullmatch(line)
        if found is not None and found[1] in keys:
            yield found[1], found[2]


_LINE = re.compile(r"\s*([A-Za-z][A-Za-z0-9-]{0,63})\s*[:=]\s*[\"']?([A-Za-z0-9-]{0,32})[\"']?\s*(?:#.*)?")
