"""What the layers say of a flow, as values."""

from __future__ import annotations

from typing import Any

from ringfence.sets.requests.formulas import Formula
from ringfence.values import Value
from ringfence.verdict.answers import Decision, Reason, Verdict

NETWORK, TRANSPORT, REQUESTS = "network", "transport", "requests"
LAYERS = (NETWORK, TRANSPORT, REQUESTS)
"""In the order in which they decide."""


class LayerVerdict(Value):
    """What one layer says by itself, whatever the others say."""

    layer: str
    verdict: Verdict
    reason: Reason
    decided_by: tuple[Decision, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape of ``layers`` entries."""
        return {
            "layer": self.layer,
            "verdict": self.verdict.value,
            "reason": str(self.reason),
            "decided_by": [one.as_json() for one in self.decided_by],
        }


class HopVerdict(Value):
    """One connection of a flow. ``port`` is the one on the wire, ``source`` who the network sees there; ``identity``
    what the other end authenticated (None: nobody)."""

    source: str
    destination: str
    port: str
    identity: str | None
    encryption: str
    verdict: Verdict
    layers: tuple[LayerVerdict, ...]
    encryption_reason: str = ""
    """Who encrypts it, or why nobody does."""

    def as_json(self) -> dict[str, Any]:
        """The shape of ``hops`` entries."""
        number, protocol = port_and_protocol(self.port)
        return {
            "source": self.source,
            "destination": self.destination,
            "port": number,
            "protocol": protocol,
            "identity": self.identity,
            "encryption": self.encryption,
            "encryption_reason": self.encryption_reason,
            "verdict": self.verdict.value,
        }


class Layered(Value):
    """What all layers say of a flow. ``identity``: what the point that decides the request authenticated. ``symptom``:
    what the client will see; ``failure`` says it in words. ``holds`` False: only the client's own configuration denies,
    which binds nobody who controls the client."""

    layers: tuple[LayerVerdict, ...]
    hops: tuple[HopVerdict, ...]
    identity: str | None
    encryption: str
    symptom: str = "none"
    failure: str = ""
    holds: bool = True
    notes: tuple[str, ...] = ()
    encryption_reason: str = ""
    """Who encrypts the least encrypted hop, or why nobody does."""
    passing: Formula | None = None
    """The requests that pass all points on the way, of those that were asked about; None: not exactly known."""

    def as_json(self) -> dict[str, Any]:
        """The keys that a line of ``can --flows`` gets beside its verdict."""
        return {
            "layers": [layer.as_json() for layer in self.layers],
            "identity": self.identity,
            "encryption": self.encryption,
            "encryption_reason": self.encryption_reason,
            "symptom": self.symptom,
            "holds": self.holds,
            "hops": [hop.as_json() for hop in self.hops],
        }


def port_and_protocol(text: str) -> tuple[int | None, str]:
    """``8080/TCP`` in two; ICMP has no port."""
    number, _, protocol = text.rpartition("/")
    return int(number) if number else None, protocol


def joined(verdicts: list[Verdict]) -> Verdict:
    """What must pass all of several: denied if any denies, unknown if any is, mixed where some requests pass."""
    if Verdict.DENIED in verdicts:
        return Verdict.DENIED
    if Verdict.UNKNOWN in verdicts:
        return Verdict.UNKNOWN
    return Verdict.MIXED if Verdict.MIXED in verdicts else Verdict.ALLOWED
