"""CIDRs as the API server reads them: strictly where a CustomResourceDefinition says so, leniently in an ipBlock.

Sources: apimachinery ``util/validation/ip.go`` (IsValidCIDRForLegacyField), apiserver ``cel/library/cidr.go`` (isCIDR).
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache

from ringfence.sets.addresses import V6, interval_text
from ringfence.values import Value


class Cidr(Value):
    """A network. ``length`` is the prefix length. ``leading_zeros`` and ``host_bits`` say what is odd in its spelling;
    the network is the masked one, and numbers with leading zeros are decimal, as in Kubernetes' own parser."""

    first: int
    last: int
    length: int
    leading_zeros: bool = False
    host_bits: bool = False

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if self.first >= V6 else 4

    def __str__(self) -> str:
        return interval_text(self.first, self.last) if self.first != self.last else self._single

    @property
    def _single(self) -> str:
        return f"{interval_text(self.first, self.last)}/{128 if self.family == 6 else 32}"


@lru_cache(maxsize=8192)
def parse(text: str) -> Cidr | str:
    """The network, or what is wrong with the text."""
    base, slash, digits = text.partition("/")
    if not slash:
        return "has no prefix length"
    if not (digits.isascii() and digits.isdigit()):
        return "has no number as its prefix length"
    zeros = len(digits) > 1 and digits[0] == "0"
    length = int(digits) if len(digits) < 10 else 1000
    if ":" in base:
        return _version_6(base, length, zeros)
    octets = base.split(".")
    if len(octets) != 4 or not all(o.isascii() and o.isdigit() and len(o) < 10 and int(o) < 256 for o in octets):
        return "does not start with an address"
    if length > 32:
        return "has a prefix length above 32"
    a, b, c, d = (int(octet) for octet in octets)
    zeros = zeros or any(len(octet) > 1 and octet[0] == "0" for octet in octets)
    number, host = a << 24 | b << 16 | c << 8 | d, (1 << (32 - length)) - 1
    return Cidr(number & ~host, number | host, length, zeros, bool(number & host))


def _version_6(base: str, length: int, zeros: bool) -> Cidr | str:
    try:
        parsed = ipaddress.IPv6Address(base)
    except ValueError:
        return "does not start with an address"
    if parsed.scope_id is not None:
        return "has a zone"
    if parsed.ipv4_mapped is not None:
        return "is an IPv4 address written as an IPv6 one, which programs read differently"
    if length > 128:
        return "has a prefix length above 128"
    number, host = int(parsed), (1 << (128 - length)) - 1
    return Cidr(V6 | number & ~host, V6 | number | host, length, zeros, bool(number & host))


@lru_cache(maxsize=8192)
def wrong_strictly(text: str) -> str:
    """What isCIDR has against the text, or an empty string; bits beyond the prefix length are allowed."""
    network = parse(text)
    if isinstance(network, str):
        return network
    return "has leading zeros" if network.leading_zeros else ""


def hint_for(text: str) -> str:
    """How to write it right, where that is plain."""
    network = parse(text)
    if isinstance(network, Cidr):
        return f"write {network}"
    base, slash, _ = text.partition("/")
    try:
        single = ipaddress.ip_address(base.strip())
    except ValueError:
        return "a CIDR is an address and a prefix length, such as 10.0.0.0/8 or 2001:db8::/32"
    if isinstance(single, ipaddress.IPv6Address) and single.ipv4_mapped is not None:
        return f"write the IPv4 address {single.ipv4_mapped}, and the prefix length less 96"
    if not slash:
        return f"for the single address write {single}/{single.max_prefixlen}"
    if isinstance(single, ipaddress.IPv6Address) and single.scope_id is not None:
        return "leave out the zone: the % and what follows it"
    return (
        f"IPv{single.version} prefix lengths are 0 to {single.max_prefixlen};"
        f" the single address is {single}/{single.max_prefixlen}"
    )
