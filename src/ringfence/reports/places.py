"""How reports name objects and where they stand."""

from __future__ import annotations

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.verdict.answers import Decision


def place_text(place: Place | None) -> str:
    """``file:line``, safe to print; empty where nothing is known."""
    if place is None or not place.file:
        return ""
    return printable(f"{place.file}:{place.line}" if place.line else place.file)


def object_text(kind: str, namespace: str | None, name: str) -> str:
    """``Kind namespace/name``, safe to print."""
    return printable(f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}")


def decision_text(decision: Decision) -> str:
    """One line: ``NetworkPolicy shop/db (ingress, rule 0) netpol.yaml:12``."""
    where = decision.direction if decision.rule is None else f"{decision.direction}, rule {decision.rule}"
    text = object_text(decision.kind, decision.namespace, decision.name)
    place = place_text(decision.place)
    layer = "" if decision.layer == "network" else f"{printable(decision.layer)}: "
    text = f"{layer}{text} ({printable(where)})" if where else f"{layer}{text}"
    return f"{text} {place}" if place else text
