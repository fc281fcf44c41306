"""Where ringfence answers otherwise than a published expectation, on purpose: at most five folders, each with the
clause of the specification that it follows and the difference that the test insists on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """``clause``: what the specification says. ``lines``: how many pairs of ends differ, no more and no fewer."""

    clause: str
    lines: int


DEVIATIONS: dict[str, Deviation] = {
    "netpol_named_port_test_2": Deviation(
        "core/v1 ContainerPort: containerPort is required; the API server rejects Deployment helloworld/pod-a (which"
        " writes containerport), so it has no pods",
        lines=3,
    ),
}
"""Folders of netpol-analyzer by name."""
