"""ringfence's complete list, as ``map -o json`` prints it, as rows that compare with a peer's."""

from __future__ import annotations

import json
from collections.abc import Iterator

import ringfence
from bench import clusters
from bench.clusters import Size
from bench.peers import Row
from ringfence.sets import addresses
from ringfence.sets.ports import Intervals


def rows(document: str) -> Iterator[Row]:
    """Every pair of pods, or of a pod and a range of IPv4. Raises AssertionError where something is unknown."""
    for row in json.loads(document)["rows"]:
        ports = ",".join(f"{span['protocol']} {span['first']}-{span['last']}" for span in row["ports"])
        sources = [text for end in row["sources"] for text in ends(end)]
        destinations = [text for end in row["destinations"] for text in ends(end)]
        if row["verdict"] != "allowed" and sources and destinations:
            raise AssertionError(f"a comparable cluster has unknown connections: {row}")
        for source in sources:
            for destination in destinations:
                yield source, destination, ports


def some_pair(size: Size) -> tuple[str, str]:
    """Two pods of a comparable cluster, the first and the last."""
    pods = [one["metadata"] for one in clusters.bare_pods(size)]
    first, last = pods[0], pods[-1]
    return f"{first['namespace']}/{first['name']}", f"{last['namespace']}/{last['name']}"


def ends(text: str) -> list[str]:
    """A pod's name, or the IPv4 ranges of an address text; nothing for a node, of which peers don't speak."""
    if text.startswith("node/"):
        return []
    if text != "any address" and not text[0].isdigit() and ":" not in text:
        return [text]
    found: list[str] = []
    for piece in ("0.0.0.0/0" if text == "any address" else text).split(", "):
        if ":" not in piece:
            first, last = addresses.cidr(piece) if "/" in piece else _span(piece)
            found.append(f"{addresses.address_text(first)}-{addresses.address_text(last)}")
    return found


def _span(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return addresses.address(first), addresses.address(last or first)


def outside(size: Size) -> Intervals:
    """IPv4 addresses that a host may have and no object of the cluster has."""
    cluster = ringfence.load_objects(clusters.comparable(size)).cluster
    things = (*cluster.pods, *cluster.nodes.values())
    taken = addresses.canonical((address, address) for thing in things for address in thing.addresses)
    return addresses.subtract(addresses.intersect(addresses.UNICAST, addresses.EVERY_IPV4), taken)
