"""``exposure`` for people: a table for each kind of peer, and what labels buy."""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.model.policy import Direction
from ringfence.reports.answer_text import reason_text
from ringfence.reports.folding import Folding
from ringfence.reports.ranges import ports_text
from ringfence.reports.sections import Section, left_out_text
from ringfence.verdict.answers import Verdict
from ringfence.verdict.exposure import Exposed, Exposure, Origin, Price

CELL_WIDTH = 48

WORDS = {
    Direction.INGRESS: "can reach",
    Direction.EGRESS: "can be reached by the workloads",
}
NAMES = {
    Origin.INTERNET: "The internet",
    Origin.ADDRESSES: "Other addresses outside",
    Origin.METADATA: "The metadata service of the cloud",
    Origin.MACHINES: "Machines of the mesh outside of the cluster",
    Origin.NODES: "Nodes",
    Origin.NAMESPACES: "Other namespaces",
    Origin.NEW_PODS: "A pod that does not exist yet, with labels of its maker's choice",
}
_WIDE = 4
"""Ranges of addresses that a cell writes out."""


def _ranges(peers: tuple[str, ...], whole: tuple[str, ...], every: str) -> str:
    """Ranges of addresses: a whole family in words, of the rest the first two."""
    found: list[str] = []
    rest = list(peers)
    for name, six in ((f"{every} IPv4", False), (f"{every} IPv6", True)):
        own = [peer for peer in whole if (":" in peer) is six]
        if own and set(own) <= set(rest):
            found.append(name)
            rest = [peer for peer in rest if peer not in own]
    ranges = [text for peer in rest for text in peer.split(", ")]
    if len(ranges) > _WIDE:
        return ", ".join((*found, *ranges[:2])) + f" and {len(ranges) - 2} more ranges"
    return ", ".join((*found, *ranges))


def _peers(row: Exposed, folding: Folding, whole: Mapping[Origin, tuple[str, ...]]) -> str:
    if row.origin in (Origin.INTERNET, Origin.ADDRESSES):
        every = "all of" if row.origin is Origin.INTERNET else "all other"
        return _ranges(row.peers, whole.get(row.origin, ()), every)
    if row.origin is Origin.NEW_PODS:
        return folding.narrow(tuple(f"in {peer}" for peer in row.peers), CELL_WIDTH)
    return folding.narrow(row.peers, CELL_WIDTH)


def sections(exposure: Exposure) -> list[Section]:
    """A section for each direction and kind of peer that has rows, then the prices."""
    folding = Folding(exposure.workloads)
    found: list[Section] = []
    for direction in Direction:
        for origin in Origin:
            rows = [row for row in exposure.rows if row.direction is direction and row.origin is origin]
            if not rows:
                continue
            cells = tuple(
                (
                    _peers(row, folding, exposure.whole),
                    folding.narrow(row.workloads, CELL_WIDTH),
                    ports_text(row.ports),
                    _verdict(row),
                )
                for row in rows
            )
            notes = []
            if origin is Origin.NEW_PODS and len(exposure.new_pods_in) == 1:
                notes.append("only of a new namespace: for those of every namespace name a workload with --target")
            heads = ("Peers", "Workloads", "Ports", "Verdict")
            title = f"{NAMES[origin]} {WORDS[direction]}"
            found.append(Section(title, tuple(notes), heads, cells, (), (3,)))
    if exposure.targets:
        found.append(_prices(exposure))
    reasons = {row.reason for row in exposure.rows if row.reason is not None}
    if reasons:
        lines = tuple(sorted(f"{reason.code}: {reason_text(reason)}" for reason in reasons))
        found.append(Section("Why some is unknown (possibly)", lines))
    if exposure.left_out:
        found.append(Section("", left_out_text(exposure.left_out)))
    return found or [Section("", ("nothing is exposed",))]


def _verdict(row: Exposed) -> str:
    if row.verdict is Verdict.UNKNOWN and row.reason is not None:
        return f"{row.verdict} ({row.reason.code})"
    return str(row.verdict)


def labels_text(price: Price) -> str:
    """The labels as ``can`` takes them; none where any pod will do."""
    if price.labels is None:
        return "not found (too many)"
    return ",".join(f"{key}={value}" for key, value in price.labels) or "none"


def _prices(exposure: Exposure) -> Section:
    folding = Folding(())
    proven = any(price.identity for price in exposure.prices)
    rows = tuple(
        (
            price.target,
            labels_text(price),
            folding.narrow(price.namespaces, CELL_WIDTH),
            ports_text(price.ports),
            *((price.identity or "none",) if proven else ()),
            str(price.verdict),
        )
        for price in exposure.prices
    )
    priced = {price.target for price in exposure.prices}
    after = tuple(f"{target}: no labels reach it" for target in exposure.targets if target not in priced)
    title = "The fewest labels that reach a sensitive workload"
    heads = ("Workload", "Labels", "In namespaces", "Ports", *(("As",) if proven else ()), "Verdict")
    return Section(title, (), heads, rows, after, (len(heads) - 1,))
