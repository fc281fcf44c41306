"""Ways into the cluster for people: what opens each, how far it leads, and routes that cannot work."""

from __future__ import annotations

from ringfence.reports.answer_text import reason_text
from ringfence.reports.sections import Section
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ways_in.values import WayIn, WaysIn

WIDEST = 60
"""Characters of the requests of a way; all of them are in the document."""
KNOWN = (Verdict.ALLOWED, Verdict.DENIED)


def ways_sections(ways: WaysIn) -> list[Section]:
    """A table of the ways, one of the dead ends."""
    found: list[Section] = []
    if ways.ways:
        said = any(way.requests for way in ways.ways)
        rows = tuple(_row(way, said) for way in ways.ways)
        reasons = {way.reason for way in ways.ways if way.verdict not in KNOWN}
        after = tuple(sorted(f"{reason.code}: {reason_text(reason)}" for reason in reasons))
        heads = ("Opened by", "Hosts", *(("Requests",) if said else ()), "Hops", "Ports", "Verdict")
        found.append(Section("Ways in from outside", (), heads, rows, after, (len(heads) - 1,)))
    if ways.dead_ends:
        dead = tuple((one.message, one.fix, str(one.place)) for one in ways.dead_ends)
        found.append(Section("Routes that cannot work", (), ("What", "Fix", "Where"), dead))
    return found


def _row(way: WayIn, said: bool) -> tuple[str, ...]:
    hops = " -> ".join((way.hops[0].source, *(hop.destination for hop in way.hops)))
    verdict = str(way.verdict) if way.verdict in KNOWN else f"{way.verdict} ({way.reason.code})"
    hosts = ", ".join(way.hosts[:2]) + (f" and {len(way.hosts) - 2} more" if len(way.hosts) > 2 else "")
    requests = (_short("; ".join(way.requests)),) if said else ()
    return way.openings[0].text, hosts, *requests, hops, way.port, verdict


def _short(text: str) -> str:
    return text if len(text) <= WIDEST else f"{text[:WIDEST]}..."
