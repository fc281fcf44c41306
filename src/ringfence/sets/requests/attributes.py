"""Attributes of a request: what a policy can ask about, as values. A mesh may make its own."""

from __future__ import annotations

from dataclasses import dataclass

from ringfence.sets.languages.domains import FIELD_VALUE, NAME, PATH_TEXT, TEXT, TOKEN, Domain
from ringfence.sets.languages.patterns import Numbers


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that a request has, or lacks.

    ``key`` tells apart those of one name, as with header fields. ``values`` is what it can be: strings of a domain, or
    numbers. ``required``: every request has it. ``many``: it is a list of strings, and a predicate asks whether some
    element matches; an empty list is the same as none.

    Raises ValueError for a list that is required, or numbers that are many.
    """

    name: str
    key: str = ""
    values: Domain | Numbers = FIELD_VALUE
    required: bool = False
    many: bool = False

    def __post_init__(self) -> None:
        if self.many and (self.required or isinstance(self.values, Numbers)):
            raise ValueError(f"{self}: a list is of strings, and may be empty")

    def __hash__(self) -> int:
        return hash((self.name, self.key))

    def __str__(self) -> str:
        return f"{self.name}[{self.key}]" if self.key else self.name


PORT = Attribute("port", values=Numbers(((1, 65535),)), required=True)
"""The port at which the server's side decides."""

METHOD = Attribute("method", values=TOKEN, required=True)
HOST = Attribute("host", values=NAME)
"""The authority, with its port where the client sends one."""

PATH = Attribute("path", values=PATH_TEXT, required=True)
"""Without query and fragment, normalised as the deciding proxy does it."""

SNI = Attribute("sni", values=NAME)
"""The server name that the client's TLS handshake asks for."""

PRINCIPAL = Attribute("principal", values=TEXT)
"""Who a validated token speaks of, as ``issuer/subject``."""

AUDIENCES = Attribute("audiences", values=TEXT, many=True)
PRESENTER = Attribute("presenter", values=TEXT)


def header(name: str) -> Attribute:
    """A header field. Its name is in lower case: names do not differ in case (RFC 9110, 5.1)."""
    return Attribute("header", name.lower())


def query(name: str) -> Attribute:
    """A parameter of the query that comes after the path."""
    return Attribute("query", name)


def claim(*path: str) -> Attribute:
    """A claim of a validated token, nested ones by their path. A claim that is a string is a list of one."""
    return Attribute("claim", "][".join(path), values=TEXT, many=True)


READING_ORDER = (
    "port",
    "sni",
    "host",
    "method",
    "path",
    "query",
    "header",
    "principal",
    "audiences",
    "presenter",
    "claim",
)


def place(attribute: Attribute) -> tuple[int, str, str]:
    """Where an attribute stands among others, in spaces and in what people read."""
    known = READING_ORDER.index(attribute.name) if attribute.name in READING_ORDER else len(READING_ORDER)
    return known, attribute.name, attribute.key
