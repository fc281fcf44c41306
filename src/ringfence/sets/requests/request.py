"""One concrete request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringfence.sets.languages.patterns import Numbers
from ringfence.sets.requests.attributes import Attribute, place

Value = str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """The values of its attributes, in reading order. What is not among them is absent: no such header, no token.

    Texts stand for their UTF-8 bytes; half surrogates for other bytes, as in ``languages.domains``. ``of`` makes one.
    """

    values: tuple[tuple[Attribute, Value], ...] = ()
    _found: dict[Attribute, Value] = field(init=False, repr=False, compare=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_found", dict(self.values))

    @staticmethod
    def of(values: Mapping[Attribute, Value]) -> Request:
        """The request with these values. Raises ValueError where a value is not of the attribute's kind."""
        for attribute, value in values.items():
            wanted = tuple if attribute.many else int if isinstance(attribute.values, Numbers) else str
            if not isinstance(value, wanted):
                raise ValueError(f"{attribute} is not {value!r}")
        return Request(tuple(sorted(values.items(), key=lambda item: place(item[0]))))

    def get(self, attribute: Attribute) -> Value | None:
        """The value of an attribute; None: absent. An empty list is absent too."""
        value = self._found.get(attribute)
        return None if value == () else value

    def __str__(self) -> str:
        return ", ".join(f"{attribute} {_text(value)}" for attribute, value in self.values) or "any request"


def _text(value: Value) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
