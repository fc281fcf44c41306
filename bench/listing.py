"""ringfence's complete list as rows that compare with a peer's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import ringfence
from bench import clusters
from bench.clusters import Size
from bench.peers import Row
from ringfence.sets import addresses
from ringfence.sets.ports import Intervals, members_by_protocol


@cache
def world_of(size: Size) -> Any:
    """The comparable cluster, loaded."""
    return ringfence.load_objects(clusters.comparable(size))


def rows(size: Size) -> Iterator[Row]:
    """Every pair of pods, or pod and IPv4 range. Raises AssertionError where something is unknown."""
    texts: dict[Intervals, str] = {}
    for row in world_of(size).connections(level="pod").rows:
        ports = texts.get(row.ports) or texts.setdefault(row.ports, port_text(row.ports))
        sources = [text for one in row.sources for text in _texts(one)]
        destinations = [text for one in row.destinations for text in _texts(one)]
        if row.verdict != "allowed" and sources and destinations:
            raise AssertionError(f"a comparable cluster has unknown connections: {row}")
        for source in sources:
            for destination in destinations:
                yield source, destination, ports


def port_text(ports: Intervals) -> str:
    """``TCP 80,90-99``."""
    return ",".join(f"{protocol} {first}-{last}" for protocol, first, last in members_by_protocol(ports))


def _texts(end: str) -> list[str]:
    """A pod's name, or the IPv4 ranges of an address text; nothing for a node, of which peers don't speak."""
    if end.startswith("node/"):
        return []
    if end != "any address" and not end[0].isdigit() and ":" not in end:
        return [end]
    found: list[str] = []
    for piece in ("0.0.0.0/0" if end == "any address" else end).split(", "):
        if ":" not in piece:
            first, last = addresses.cidr(piece) if "/" in piece else _span(piece)
            found.append(f"{addresses.address_text(first)}-{addresses.address_text(last)}")
    return found


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return addresses.address(first), addresses.address(last or first)


def outside(size: Size) -> Intervals:
    """IPv4 addresses that a host may have and no object of the cluster has."""
    cluster = world_of(size).cluster
    things = (*cluster.pods, *cluster.nodes.values())
    taken = addresses.canonical((address, address) for thing in things for address in thing.addresses)
    return addresses.subtract(addresses.intersect(addresses.UNICAST, addresses.EVERY_IPV4), taken)
