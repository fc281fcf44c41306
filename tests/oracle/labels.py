"""Label selectors (apimachinery ``labels.Requirement.Matches``), over labels of which some may be open."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Lookup = Callable[[str], str | None]
"""Value of a label by key; None where the object lacks the key."""

NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]")
PREFIX = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


class Rejected(Exception):
    """The API server would not admit the object."""


@dataclass(frozen=True)
class Requirement:
    """One expression."""

    key: str
    operator: str
    values: tuple[str, ...]

    def holds(self, lookup: Lookup) -> bool:
        """NotIn and DoesNotExist match an object that lacks the key; In and Exists need it."""
        value = lookup(self.key)
        if self.operator == "In":
            return value is not None and value in self.values
        if self.operator == "NotIn":
            return value is None or value not in self.values
        return (value is not None) if self.operator == "Exists" else value is None


Selector = tuple[Requirement, ...]
"""All must hold; the empty one selects everything."""


def selects(selector: Selector, lookup: Lookup) -> bool:
    """matchLabels AND matchExpressions."""
    return all(requirement.holds(lookup) for requirement in selector)


def mapping(value: Any) -> Mapping[str, Any]:
    """A JSON object; null is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Rejected("not an object")
    return value


def sequence(value: Any) -> list[Any]:
    """A JSON array; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Rejected("not a list")
    return value


def checked_key(key: Any) -> str:
    """A qualified name: an optional DNS prefix and a name of at most 63 characters."""
    prefix, slash, name = str(key).rpartition("/")
    if not isinstance(key, str) or not NAME.fullmatch(name) or (slash and not PREFIX.fullmatch(prefix)):
        raise Rejected("bad label key")
    return key


def checked_value(value: Any) -> str:
    """A label value: empty, or at most 63 characters."""
    if not isinstance(value, str) or (value and not NAME.fullmatch(value)):
        raise Rejected("bad label value")
    return value


def read_selector(data: Any) -> Selector:
    """A LabelSelector as the API server validates it."""
    fields = mapping(data)
    found = [
        Requirement(checked_key(key), "In", (checked_value(value),))
        for key, value in mapping(fields.get("matchLabels")).items()
    ]
    for expression in sequence(fields.get("matchExpressions")):
        entry = mapping(expression)
        operator = entry.get("operator")
        values = tuple(checked_value(value) for value in sequence(entry.get("values")))
        if operator not in ("In", "NotIn", "Exists", "DoesNotExist") or bool(values) != (operator in ("In", "NotIn")):
            raise Rejected("bad expression")
        found.append(Requirement(checked_key(entry.get("key")), operator, values))
    return tuple(found)


def mentions(selector: Selector | None) -> Iterator[tuple[str, str]]:
    """Every (key, value) that a selector names."""
    for requirement in selector or ():
        for value in requirement.values:
            yield requirement.key, value
