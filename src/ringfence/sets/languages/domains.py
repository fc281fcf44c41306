"""Which byte strings an attribute of a request can have as its value at all.

Two sets of requests are equal when no request *that can exist* tells them apart. A header field cannot hold a line end,
a normalised path holds visible ASCII and starts with a slash: strings outside of a domain are no witnesses. Where it
is doubtful whether a value can occur, the domain has it: a difference too many is shown with its witness, a difference
too few would be a wrong answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringfence.sets.languages.bytesets import ANY_BYTE, ASCII, VISIBLE, byteset, listed


def encoded(text: str) -> bytes:
    """The bytes of a text. A half surrogate U+DC80..U+DCFF stands for one byte that is not part of UTF-8 (PEP 383)."""
    return text.encode("utf-8", "surrogateescape")


def decoded(data: bytes) -> str:
    """The text of some bytes; the inverse of ``encoded``."""
    return data.decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class Domain:
    """Strings of ``allowed`` bytes that begin with ``start``, and those of ``besides``, which do not.

    ``well_formed``: only valid UTF-8. ``empty``: the empty string too, where there is no start. ``examples`` are what a
    witness is taken from where one of them will do; they decide nothing, and nor does it that a witness is taken from
    ``besides`` only where no other string will do. Raises ValueError where that is not so.
    """

    allowed: int = ANY_BYTE
    well_formed: bool = False
    start: str = ""
    besides: tuple[str, ...] = ()
    empty: bool = True
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if any(text.startswith(self.start) for text in self.besides) or (self.start and self.empty):
            raise ValueError("a domain with a start has no empty string, and besides it only what begins otherwise")

    def __hash__(self) -> int:
        return hash((self.start, self.besides, self.examples))

    def has(self, data: bytes) -> bool:
        """Whether a string can be a value."""
        if data in (encoded(text) for text in self.besides):
            return True
        if not data and not self.empty:
            return False
        if not data.startswith(encoded(self.start)) or data.translate(None, listed(self.allowed)):
            return False
        return not self.well_formed or is_utf8(data)

    def ascii_only(self) -> bool:
        """Whether every character of every value is ASCII."""
        return self.allowed & ~ASCII == 0 and all(text.isascii() for text in self.besides)


def is_utf8(data: bytes) -> bool:
    """Whether the bytes are well-formed UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


ANY_STRING = Domain()
"""Every byte string."""

FIELD_VALUE = Domain(ANY_BYTE & ~byteset(b"\0\r\n"))
"""A value of a header field: any bytes but NUL, CR and LF (RFC 9110, 5.5)."""

TEXT = Domain(well_formed=True)
"""A JSON string, as in a claim of a token: Unicode text (RFC 8259)."""

TOKEN = Domain(
    VISIBLE & ~byteset(b'"(),/:;<=>?@[\\]{}'),
    empty=False,
    examples=("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"),
)
"""A method (RFC 9110, 5.6.2)."""

NAME = Domain(VISIBLE, empty=False)
"""A host with or without a port, a server name, an identity: one or more visible ASCII characters."""

PATH_TEXT = Domain(VISIBLE & ~byteset(b"?#"), start="/", besides=("*",), empty=False)
"""A path without its query: visible ASCII from a slash on, or the asterisk of ``OPTIONS *`` (RFC 9112, 3.2)."""
