"""What is asked, what is answered, and what a request says to those who judge it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import authorization
from tests.oracle_mesh.objects import Json


@dataclass(frozen=True)
class Asks:
    """A request. ``claims`` None: no token. ``identity``: proven instead of the client's own."""

    method: str = "GET"
    path: str = "/"
    host: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] | None = None
    identity: str | None = None


@dataclass(frozen=True)
class Answer:
    """``verdict``: allowed, denied, or unknown where an external service, or what nobody knows of the network, decides.
    ``identity``, ``encryption`` and ``symptom`` None: not definite. ``layer``: the first that denies. ``hops``: their
    ports on the wire. ``network``: whether packets pass on all hops; None: not known, or not asked. ``holds``: whether
    a denial binds who controls the client; None: not definite. ``chain``: what judged it. ``ways``: of each hop who
    opens it to whom, as whom, and over what; empty: not looked at."""

    verdict: str
    layer: str
    identity: str | None
    encryption: str
    hops: tuple[int, ...]
    symptom: str | None
    network: bool | None = None
    holds: bool | None = True
    chain: str = ""
    ways: tuple[tuple[str, str, str | None, str], ...] = ()


def address_of(pod: Json) -> str | None:
    return (pod.get("status") or {}).get("podIP")


def asked_of(
    asks: Asks, proven: str | None, port: int, source: Json, towards: str | None, sni: str = ""
) -> authorization.Asked:
    address = address_of(source) or "192.0.2.1"
    return authorization.Asked(
        source=address,
        remote=_last(asks.headers.get("x-forwarded-for"), address),
        destination=towards or "192.0.2.2",
        identity=proven,
        port=port,
        sni=sni,
        method=asks.method,
        path=asks.path,
        host=asks.host or "",
        headers=asks.headers,
        claims=asks.claims,
    )


def _last(forwarded: str | None, address: str) -> str:
    """What a sidecar has for the source of a request: the last address of the header, if it is one."""
    try:
        return str(ipaddress.ip_address((forwarded or "").rpartition(",")[2].strip()))
    except ValueError:
        return address


def by_requests(
    found: str, chain: str, client: str, proven: str | None, encryption: str, hops: tuple[int, ...]
) -> Answer:
    verdict = {"pass": "allowed", "ask": "unknown"}.get(found, "denied")
    symptom = None
    if verdict == "allowed":
        symptom = "none"
    elif chain == "http" and verdict == "denied" and found != "refuse somehow":
        symptom = "http-401" if found == "token" else "http-403"
    elif chain == "tcp" and client == "none" and verdict == "denied":
        symptom = "eof"
    layer = "" if verdict == "allowed" else "requests"
    return Answer(verdict, layer, proven, encryption, hops, symptom, True, True, chain)
