"""One question with a known answer, and the run of many of them against one world."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Probe:
    """``expected`` is ``allowed`` or ``denied``; ``port`` None asks about every port."""

    source: str
    destination: str
    port: int | None
    protocol: str
    expected: str


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A probe that was answered otherwise; ``where`` names case and step."""

    where: str
    probe: Probe
    got: str
    reason: str

    def __str__(self) -> str:
        asked = self.probe
        port = f"{asked.port}/{asked.protocol}" if asked.port else "any port"
        return (
            f"{self.where}: {asked.source} → {asked.destination} {port}: "
            f"expected {asked.expected}, got {self.got} ({self.reason})"
        )


def run(world: Any, probes: Iterable[Probe], where: str) -> list[Mismatch]:
    """The probes that ``world`` answers otherwise. Errors are raised: a truth case has no bad questions."""
    wrong: list[Mismatch] = []
    for probe in probes:
        answer = world.can(probe.source, probe.destination, port=probe.port, protocol=probe.protocol)
        if answer.verdict.value != probe.expected:
            wrong.append(Mismatch(where, probe, answer.verdict.value, str(answer.reason)))
    return wrong
