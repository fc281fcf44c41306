"""Ranges of addresses and of ports in few words: neighbours joined, and large sets said by what they lack.

Every text means exactly the set that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.sets import addresses as ip
from ringfence.sets.ports import EVERYTHING, Intervals, canonical, describe, subtract

EXCEPT = " except "


def interval_of(text: str) -> Intervals | None:
    """The addresses of an end that is a range, as lists name it; None for any other end."""
    if text == "any address":
        return ip.EVERY_ADDRESS
    if not (text[:1].isdigit() or ":" in text):
        return None
    found: list[tuple[int, int]] = []
    for part in text.split(", "):
        first, dash, last = part.partition("-")
        try:
            if dash:
                found.append((ip.address(first), ip.address(last)))
            else:
                found.append(ip.cidr(part) if "/" in part else (ip.address(part),) * 2)
        except ValueError:
            return None
    return canonical(found)


def ranges_text(space: Intervals) -> tuple[str, ...]:
    """The fewest texts that mean this set, each a range or ``0.0.0.0/0 except`` what is missing."""
    found: list[str] = []
    for every, name in ((ip.EVERY_IPV4, "0.0.0.0/0"), (ip.EVERY_IPV6, "::/0")):
        own = tuple(interval for interval in space if every[0][0] <= interval[0] <= every[0][1])
        missing = subtract(every, own)
        if missing and len(missing) < len(own):
            found.append(f"{name}{EXCEPT}{', '.join(ip.interval_text(*interval) for interval in missing)}")
        else:
            found.extend(ip.interval_text(*interval) for interval in own)
    return tuple(found)


def joined(ends: Iterable[str]) -> tuple[str, ...]:
    """The same ends, all ranges of addresses among them joined and behind the others."""
    others: list[str] = []
    space: list[tuple[int, int]] = []
    for end in ends:
        interval = interval_of(end)
        if interval is None:
            others.append(end)
        else:
            space.extend(interval)
    return (*others, *ranges_text(canonical(space)))


def ports_text(ports: Intervals) -> str:
    """``TCP 80, 443``; ``all but TCP 80, 443`` where that is shorter."""
    text = describe(ports)
    lacking = f"all but {describe(subtract(EVERYTHING, ports))}"
    return lacking if ports != EVERYTHING and len(lacking) < len(text) else text
