"""What is known of the requests that a point judges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.request import Value


class Standing(Enum):
    """What is known of an attribute that has no known value: it is surely absent; every value is asked about, as it is
    the request's; it has a value, or none, that nobody told."""

    ABSENT = "absent"
    ASKED = "asked"
    OPEN = "open"

    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class Facts:
    """``values``: attributes by their values, None where they are surely absent. ``open``: those that some request has
    with a value that is not known. ``whole``: ``values`` are all of one request, so that every other attribute is
    absent; else the others are what a question is about.

    What another filter of the proxy left (``metadata``), and pseudo header fields, are never shown by a request: they
    are open unless they have a value.
    """

    values: Mapping[Attribute, Value | None] = field(default_factory=dict)
    open: frozenset[Attribute] = frozenset()
    whole: bool = True

    def standing(self, attribute: Attribute) -> Standing:
        """Of an attribute that is not among the values."""
        hidden = attribute.name == "metadata" or (attribute.name == "header" and attribute.key.startswith(":"))
        if hidden or attribute in self.open:
            return Standing.OPEN
        if not self.whole:
            return Standing.ASKED
        return Standing.OPEN if attribute.required else Standing.ABSENT
