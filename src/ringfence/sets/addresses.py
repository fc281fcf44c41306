"""Sets of IP addresses of both families as canonical interval tuples.

An address is one integer: an IPv4 address is its 32-bit value, an IPv6 address is its 128-bit value plus ``1 << 128``.
So the families never mix, and one sorted line holds both. An *address set* is a tuple of ``(first, last)`` intervals:
sorted, disjoint, never adjacent.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from ringfence.sets.ports import Intervals, canonical, intersect, size, subtract

__all__ = [
    "EVERY_ADDRESS",
    "EVERY_IPV4",
    "EVERY_IPV6",
    "INTERNET",
    "UNICAST",
    "Intervals",
    "address",
    "address_text",
    "canonical",
    "cidr",
    "cidr_texts",
    "contains",
    "describe",
    "family",
    "intersect",
    "interval_text",
    "size",
    "subtract",
    "union",
]

V6 = 1 << 128
EVERY_IPV4: Intervals = ((0, (1 << 32) - 1),)
EVERY_IPV6: Intervals = ((V6, V6 + (1 << 128) - 1),)
EVERY_ADDRESS: Intervals = EVERY_IPV4 + EVERY_IPV6


_OCTETS = {str(number): number for number in range(256)}


def family(number: int) -> int:
    """4 or 6."""
    return 6 if number >= V6 else 4


def address(text: str) -> int:
    """The integer of an IPv4 or IPv6 address. An IPv4-mapped IPv6 address is its IPv4 address. Raises ValueError."""
    octets = text.split(".")
    if len(octets) == 4:
        a, b, c, d = octets
        try:
            return _OCTETS[a] << 24 | _OCTETS[b] << 16 | _OCTETS[c] << 8 | _OCTETS[d]
        except KeyError:
            pass
    parsed = ipaddress.ip_address(text)
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.scope_id is not None:
            raise ValueError(f"{text!r} has a zone")
        if parsed.ipv4_mapped is not None:
            return int(parsed.ipv4_mapped)
        return V6 | int(parsed)
    return int(parsed)


def cidr(text: str) -> tuple[int, int]:
    """First and last address of a CIDR; host bits below the prefix are masked away. Raises ValueError."""
    base, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit()):
        raise ValueError(f"{text!r} is not an address with a prefix length, such as 10.0.0.0/8")
    network = ipaddress.ip_network((base, int(length)), strict=False)
    start = int(network.network_address)
    if network.version == 6:
        start |= V6
    return start, start + network.num_addresses - 1


def address_text(number: int) -> str:
    """The usual text of one address."""
    if number >= V6:
        return str(ipaddress.IPv6Address(number - V6))
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def interval_text(first: int, last: int) -> str:
    """A CIDR where the interval is one, else ``first-last``."""
    length = last - first + 1
    offset = first - V6 if first >= V6 else first
    if length & (length - 1) == 0 and offset % length == 0:
        bits = 128 if first >= V6 else 32
        if length == 1:
            return address_text(first)
        return f"{address_text(first)}/{bits - (length.bit_length() - 1)}"
    return f"{address_text(first)}-{address_text(last)}"


def cidr_texts(intervals: Intervals) -> Iterator[str]:
    """The fewest CIDRs that make up the set, in order."""
    for first, last in intervals:
        low = first
        while low <= last:
            offset = low - V6 if low >= V6 else low
            bits = 128 if low >= V6 else 32
            length = (offset & -offset) if offset else 1 << bits
            while low + length - 1 > last:
                length >>= 1
            yield f"{address_text(low)}/{bits - (length.bit_length() - 1)}"
            low += length


def describe(intervals: Intervals) -> str:
    """Readable: ``any address``, a CIDR, a range, or a list of them."""
    if intervals == EVERY_ADDRESS:
        return "any address"
    return ", ".join(interval_text(first, last) for first, last in intervals) or "no address"


def union(left: Intervals, right: Intervals) -> Intervals:
    """Members of either."""
    return canonical(left + right)


def contains(intervals: Intervals, number: int) -> bool:
    """Whether one address is a member."""
    return any(first <= number <= last for first, last in intervals)


def _set(*texts: str) -> Intervals:
    return canonical(cidr(text) for text in texts)


NOT_UNICAST: Intervals = _set("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/128", "ff00::/8")
"""This-network, multicast, reserved and the unspecified address (RFC 6890, RFC 4291)."""

LOCAL: Intervals = _set("127.0.0.0/8", "169.254.0.0/16", "::1/128", "fe80::/10")
"""Loopback and link-local: never the address of a pod, of a Service or of a host far away."""

PRIVATE: Intervals = _set("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10")
"""RFC 1918, shared (RFC 6598), unique local (RFC 4193), and the old site-local range."""

UNICAST: Intervals = subtract(EVERY_ADDRESS, NOT_UNICAST)
ASSIGNABLE: Intervals = subtract(UNICAST, LOCAL)
"""What a pod or node may have as its address."""

INTERNET: Intervals = subtract(subtract(UNICAST, LOCAL), PRIVATE)


def merge(sets: Iterable[Intervals]) -> Intervals:
    """Members of any."""
    return canonical(interval for intervals in sets for interval in intervals)
