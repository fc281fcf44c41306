"""The chapter of the story in which the cluster gets a mesh: what each layer says, and where the mesh ends."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.demo.files import MESH
from ringfence.reports.ranges import ports_text
from ringfence.reports.style import Style
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.meshed.request import request
from ringfence.world import World

ROWS_SHOWN = 1
QUESTIONS = (
    ("a stale principal", "shop/storefront", "shop/checkout", 8080, "POST", "/checkout"),
    ("no identity, strict server", "monitoring/prometheus", "payments/payments-api", 9102, "GET", "/metrics"),
    ("an excluded port", "monitoring/prometheus", "payments/ledger", 9102, "GET", "/metrics"),
    ("over the waypoint", "data/kafka", "data/schema-registry", 8081, "DELETE", "/subjects"),
    ("past the waypoint", "monitoring/grafana", "data/schema-registry", 8081, "DELETE", "/subjects"),
)


WEAKER = """apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: payments}
spec: {mtls: {mode: PERMISSIVE}}
"""
"""A pull request that nobody would look at twice."""


def chapter(before: World, style: Style) -> Iterator[str]:
    """The questions, each with the layers that decide it."""
    yield style.strong("6. A mesh on top: shop and payments get sidecars, data an ambient mesh with a waypoint.")
    world = before.what_if(add=[str(MESH)])
    for why, source, destination, port, method, path in QUESTIONS:
        answer = world.can(source, destination, port, "TCP", request=request(method, path))
        verdict = style.paint(answer.verdict, answer.verdict)
        yield f"   {source} -> {destination} {port}, {method} {path} ({why}): {verdict}"
        yield f"     {_layers(answer)}"
    yield "   A pull request makes PeerAuthentication payments/default PERMISSIVE. ringfence diff says, among others:"
    rows = world.diff(world.what_if(add=[WEAKER])).rows
    for row in [row for row in rows if row.after is Verdict.ALLOWED][:ROWS_SHOWN]:
        ends = f"{_some(row.sources)} -> {_some(row.destinations)}"
        verdicts = " -> ".join(style.paint(str(verdict), str(verdict)) for verdict in (row.before, row.after))
        yield f"     {row.change}: {ends} {ports_text(row.ports)}: {verdicts}"


def _some(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"


def _layers(answer: Answer) -> str:
    layered = answer.layered
    if layered is None:
        return str(answer.reason)
    said = ", ".join(f"{layer.layer} {layer.verdict}" for layer in layered.layers)
    words = {"none": "not encrypted", "unknown": "perhaps encrypted"}
    encrypted = words.get(layered.encryption, f"over {layered.encryption}")
    proven = f"as {layered.identity}" if layered.identity else "as nobody"
    seen = f"; {layered.symptom}" if layered.failure else ""
    return f"{said}; {encrypted}, {proven}{seen}"
