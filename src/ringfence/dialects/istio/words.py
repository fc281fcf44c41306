"""Values in the spelling of Istio: addresses, ports, paths, booleans.

Sources: istio ``pkg/config/security/security.go`` (ValidateIPs, ValidatePorts, CheckValidPathTemplate), which parses
with Go's ``netip`` and ``strconv``.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from ringfence.sets.addresses import V6

ONE_SEGMENT = "{*}"
ANY_SEGMENTS = "{**}"
_LITERAL = re.compile(r"[a-zA-Z0-9\-._~%!$&'()+,;:@=]+")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")
_FALSE = ("0", "f", "F", "FALSE", "false", "False")


def boolean(text: str) -> bool | None:
    """A boolean as Go's ParseBool reads it; None where it is none."""
    return True if text in _TRUE else False if text in _FALSE else None


@lru_cache(maxsize=8192)
def block(text: str) -> tuple[int, int] | None:
    """First and last address of an address or a CIDR, family-tagged; None where it is neither.

    Go's ``netip`` takes neither leading zeros nor, in a CIDR, a zone. Bits beyond the prefix length are masked by the
    proxies. An IPv4 address in IPv6 form is none that a connection of either family has: it stays in IPv6.
    """
    base, slash, digits = text.partition("/")
    try:
        address = ipaddress.ip_address(base)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        return None
    bits = address.max_prefixlen
    if slash:
        if not (digits.isascii() and digits.isdigit()) or (len(digits) > 1 and digits[0] == "0") or len(digits) > 3:
            return None
        length = int(digits)
        if length > bits:
            return None
    else:
        length = bits
    size = 1 << (bits - length)
    first = int(address) & ~(size - 1)
    if address.version == 6:
        first |= V6
    return first, first + size - 1


def wrong_block(text: str) -> str:
    """What is wrong with an address or a CIDR, or an empty string."""
    return "" if block(text) is not None else "is neither an address nor a CIDR"


def port(text: str) -> int | None:
    """A port number in decimal digits (0 to 65535); None where it is none."""
    if not (text.isascii() and text.isdigit()) or len(text.lstrip("0")) > 5:
        return None
    number = int(text)
    return number if number <= 65535 else None


def wrong_port(text: str) -> str:
    """What is wrong with a port, or an empty string."""
    return "" if port(text) is not None else "is not a port number"


def is_template(path: str) -> bool:
    """Whether a path has ``{*}`` or ``{**}`` in it, so that it is matched segment by segment."""
    return ONE_SEGMENT in path or ANY_SEGMENTS in path


def wrong_path(path: str) -> str:
    """What is wrong with a path, or an empty string."""
    template, any_seen = is_template(path), False
    for segment in path.strip("/").split("/"):
        if segment in (ONE_SEGMENT, ANY_SEGMENTS):
            if any_seen:
                return "has a template after {**}, which must be the last of them"
            any_seen = segment == ANY_SEGMENTS
        elif "{" in segment or "}" in segment:
            return "has braces in a segment that is neither {*} nor {**}"
        elif template and not _LITERAL.fullmatch(segment):
            return f"has the segment {segment[:60]!r}, which no template may have"
    return ""
