"""What all layers say of a flow, as lines: each layer, each hop, and what the client will see."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports.places import decision_text
from ringfence.reports.style import PLAIN, Style
from ringfence.verdict.answers import Reason
from ringfence.verdict.meshed.values import HopVerdict, Layered

WIDEST = len("transport")


def layered_lines(layered: Layered, style: Style = PLAIN, indent: str = "  ") -> Iterator[str]:
    """The layers in the order in which they decide, with the objects behind them; the hops; the client's view."""
    for layer in layered.layers:
        verdict = style.paint(f"{layer.verdict!s:<7}", str(layer.verdict))
        yield f"{indent}{layer.layer:<{WIDEST}} {verdict} {_reason(layer.reason)}"
        for decision in layer.decided_by:
            yield f"{indent}{'':<{WIDEST}}   by {decision_text(decision)}"
    for hop in layered.hops:
        yield f"{indent}hop {_hop(hop, style)}"
    if layered.failure:
        yield f"{indent}the client sees: {layered.failure}"
    if not layered.holds:
        yield f"{indent}only the client's own configuration denies it: who controls the client is not bound by it"
    for note in layered.notes:
        yield f"{indent}note: {printable(note)}"


def _hop(hop: HopVerdict, style: Style) -> str:
    verdict = style.paint(str(hop.verdict), str(hop.verdict))
    encrypted = {"none": "not encrypted", "unknown": "perhaps encrypted"}.get(hop.encryption, f"over {hop.encryption}")
    if hop.encryption in ("wireguard", "ipsec", "tls", "unknown"):
        encrypted = f"{encrypted} ({printable(hop.encryption_reason)})"
    proven = f" as {printable(hop.identity)}" if hop.identity else ""
    return f"{printable(hop.source)} -> {printable(hop.destination)} {hop.port} {encrypted}{proven}: {verdict}"


def _reason(reason: Reason) -> str:
    text = printable(reason.message)
    return f"{text} (would decide it: {printable(reason.decide)})" if reason.decide else text
