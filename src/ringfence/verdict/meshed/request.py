"""The request of a question, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.formulas import Formula
from ringfence.verdict.ends import EndError

_ESCAPES = re.compile("(?:%[0-9A-Fa-f]{2})+")
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
Claims = Mapping[tuple[str, ...], "str | tuple[str, ...]"]


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request that a question asks about.

    ``path`` is without its query; ``host`` empty: what the client dials. ``headers`` by lower-case name; one that is
    there more than once has all of its values there, parted by commas, and each by itself in ``repeated``. ``claims``
    None: no token; by path, for claims within claims; a list of values is a tuple. ``identity`` empty: its own.
    ``query``: its parameters by name; None: proxies may read it in several ways.
    """

    method: str = "GET"
    path: str = "/"
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    claims: Claims | None = field(default=None, hash=False)
    identity: str = ""
    repeated: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    query: Mapping[str, str | None] = field(default_factory=dict, hash=False)

    @property
    def target(self) -> str:
        """The path with its query, as far as that is known."""
        parameters = "&".join(f"{name}={value}" for name, value in self.query.items() if value is not None)
        return f"{self.path}?{parameters}" if parameters else self.path

    @property
    def preflight(self) -> bool:
        """Whether it is a browser's question before another request (CORS). Proxies do not look at the token of one."""
        asks = (self.headers.get("origin"), self.headers.get("access-control-request-method"))
        return self.method == "OPTIONS" and all(asks)


@dataclass(frozen=True, slots=True)
class Among:
    """Requests that a question is about, of all that there are: those of which a formula is true. ``host``: what all of
    them name as theirs (empty: whatever they do); ``unknown``: attributes whose values nobody told."""

    formula: Formula
    host: str = ""
    unknown: frozenset[Attribute] = frozenset()


def request(
    method: str | None = None,
    path: str | None = None,
    host: str | None = None,
    headers: Mapping[str, Any] | None = None,
    claims: Mapping[str, Any] | None = None,
    identity: str | None = None,
) -> Request | None:
    """The request that these ask about; None where they ask about none. Raises EndError."""
    if all(one is None for one in (method, path, host, headers, claims, identity)):
        return None
    method = "GET" if method is None else method
    if not isinstance(method, str) or not _TOKEN.match(method):
        raise EndError(f"{method!r} is no method of HTTP", "such as GET")
    path = "/" if path is None else path
    if not isinstance(path, str) or not path.startswith("/") or _blank(path):
        raise EndError(f"{path!r} is no path", "it starts with / and has no blanks")
    lines = _headers(_mapping(headers, "headers"))
    named = {name: ",".join(values) for name, values in lines.items()}
    host = _authority(host, named.pop("host", None))
    told = None if claims is None else dict(_claims(_mapping(claims, "jwt"), ()))
    if identity is not None and (not isinstance(identity, str) or not identity or _blank(identity)):
        raise EndError(f"{identity!r} is no identity", "such as spiffe://cluster.local/ns/shop/sa/web")
    if identity is not None and "://" not in identity and "/ns/" in identity:
        # As policies write it.
        identity = f"spiffe://{identity}"
    path, _, tail = path.partition("#")[0].partition("?")
    repeated = {name: values for name, values in lines.items() if name in named and len(values) > 1}
    return Request(method, path, host or "", named, told, identity or "", repeated, _parameters(tail))


def _headers(headers: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The values of each header, by its name in lower case. Raises EndError."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        if not _TOKEN.match(name):
            raise EndError(f"{name!r} is no name of a header", "such as x-user")
        values = value if isinstance(value, list | tuple) and value else (value,)
        if not all(isinstance(one, str) for one in values):
            raise EndError(f"the header {name!r} is no text", "write it in quotes")
        if any(character in one for one in values for character in "\r\n\0"):
            raise EndError(f"the header {name!r} has more than one line", "a header is one line of text")
        # HTTP has no blanks around a value.
        key = name.lower()
        found[key] = (*found.get(key, ()), *(one.strip(" \t") for one in values))
    return found


def _parameters(tail: str) -> dict[str, str | None]:
    """The parameters of a query. Whether proxies decode them, and which of several of one name they take, differs."""
    found: dict[str, str | None] = {}
    for part in filter(None, tail.split("&")):
        name, _, value = part.partition("=")
        plain = _decoded(part) == part
        for one in dict.fromkeys((name, _decoded(name))):
            found[one] = value if plain and one not in found else None
    return found


def _decoded(text: str) -> str:
    """What a part of a query is without its escapes (WHATWG URL, application/x-www-form-urlencoded)."""
    return _ESCAPES.sub(
        lambda run: bytes.fromhex(run[0].replace("%", "")).decode(errors="replace"), text.replace("+", " ")
    )


def http_line(text: str) -> tuple[str, str]:
    """Method and path of ``GET /orders``; a path alone is got. Raises EndError."""
    first, blank, rest = text.strip().partition(" ")
    if not blank:
        return ("GET", first) if first.startswith("/") else (first, "/")
    return first, rest.strip()


def _blank(text: str) -> bool:
    return any(character.isspace() or not character.isprintable() for character in text)


def _authority(host: Any, header: str | None) -> str | None:
    """The host, which may be told as a header too."""
    for one in (host, header):
        if one is not None and (not isinstance(one, str) or not one or _blank(one)):
            raise EndError(f"{one!r} is no host", "such as shop.example.com")
    if host is not None and header is not None and host != header:
        raise EndError(
            f"the header host is {header!r}, and the host {host!r}", "a request has one host: give one of them"
        )
    return header if host is None else host


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise EndError(f"{name} is no object", 'such as {"name": "value"}')
    return value


def _claims(claims: Mapping[str, Any], above: tuple[str, ...]) -> list[tuple[tuple[str, ...], str | tuple[str, ...]]]:
    found: list[tuple[tuple[str, ...], str | tuple[str, ...]]] = []
    for name, value in claims.items():
        path = (*above, name)
        if isinstance(value, Mapping):
            found += _claims(value, path)
        elif isinstance(value, str):
            found.append((path, value))
        elif isinstance(value, list | tuple):
            found.append((path, tuple(one for one in value if isinstance(one, str))))
        else:
            # Meshes compare texts only: a claim of another type is there and matches nothing.
            found.append((path, ()))
    return found
