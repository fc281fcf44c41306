"""``coverage`` for people: the figure, the namespaces, what to do next, and the workloads, the worst first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ringfence.model.policy import Direction
from ringfence.model.text import printable
from ringfence.reports.places import place_text
from ringfence.reports.ranges import ports_text
from ringfence.reports.sections import Section, left_out_text
from ringfence.reports.table import ports_cell
from ringfence.verdict.answers import LAYERS
from ringfence.verdict.coverage import (
    DIRECTIONS,
    MESH_LAYERS,
    TOGETHER,
    WORST,
    Coverage,
    Default,
    NamespaceCoverage,
    Side,
    Status,
    Step,
    WorkloadCoverage,
)

STEPS_SHOWN = 10
NAMES_SHOWN = 3
REFUSED_SHOWN = 3
NARROW_PORTS = 18
"""Characters of the ports of a narrow cell, if they can be told in as many."""


def figure_text(coverage: Coverage, direction: Direction) -> str:
    """``ingress: 31 of 41 workloads closed (75.6%); 6 open, 1 unknown, 3 unenforced``."""
    counts = [
        f"{count} {status.value}"
        for status in (Status.OPEN, Status.UNKNOWN, Status.UNENFORCED)
        if (count := coverage.count(direction, status))
    ]
    closed = coverage.count(direction)
    if not coverage.total:
        return f"{direction.value}: no workload to measure"
    text = f"{direction.value}: {closed} of {coverage.total} workloads closed ({percent_text(coverage, direction)})"
    return f"{text}; {', '.join(counts)}" if counts else text


def layer_text(coverage: Coverage, layer: str) -> str:
    """``transport (ingress, TCP): 6 of 41 workloads closed (14.6%); 9 open, 26 unenforced``."""
    counts = [
        f"{count} {status.value}"
        for status in (Status.OPEN, Status.UNKNOWN, Status.UNENFORCED)
        if (count := coverage.layer_count(layer, status))
    ]
    name = "all layers" if layer == TOGETHER else layer
    percent = _percent(coverage.layer_percent(layer))
    closed = coverage.layer_count(layer)
    text = f"{name} (ingress, TCP): {closed} of {coverage.total} workloads closed ({percent})"
    text = f"{text}; {', '.join(counts)}" if counts else text
    if layer == TOGETHER and coverage.beyond_the_mesh:
        verb = "is" if coverage.beyond_the_mesh == 1 else "are"
        text += f"; {coverage.beyond_the_mesh} of the closed {verb} open for UDP or SCTP, which no mesh sees"
    return text


def layer_lines(coverage: Coverage) -> Iterator[str]:
    """The figures of the layers of a mesh; nothing without one."""
    if coverage.meshed:
        for layer in MESH_LAYERS:
            yield layer_text(coverage, layer)


def percent_text(coverage: Coverage, direction: Direction) -> str:
    """One digit behind the point, rounded down: 100.0% means all."""
    return _percent(coverage.percent(direction))


def _percent(number: float) -> str:
    return f"{int(number * 10) / 10:.1f}%"


def excluded_text(coverage: Coverage) -> str:
    """What was left out of the figure; empty where nothing was asked to be."""
    if not coverage.exclude:
        return ""
    noun = "workload" if coverage.excluded == 1 else "workloads"
    return f"left out: {coverage.excluded} {noun} (--exclude {' --exclude '.join(coverage.exclude)})"


def headline_lines(coverage: Coverage) -> Iterator[str]:
    """The figures, and what was left out of them. Safe to print."""
    for direction in DIRECTIONS:
        yield figure_text(coverage, direction)
    yield from layer_lines(coverage)
    if coverage.exclude:
        yield printable(excluded_text(coverage))
    if coverage.only is not None:
        yield printable(f"only namespace {coverage.only} (-n)")


def side_text(side: Side) -> str:
    """``closed: own namespace TCP 80; named peers TCP 5432``; no scopes where policies do not count."""
    if side.status is Status.UNENFORCED:
        return side.status.value
    scopes = []
    for peers, group in groupby(side.scopes, key=lambda scope: scope.peers):
        for scope in group:
            perhaps = "perhaps " if scope.perhaps else ""
            scopes.append(f"{perhaps}{peers.value} {ports_text(scope.ports)}")
    return f"{side.status.value}: {'; '.join(scopes) or 'nobody'}"


def narrow_text(side: Side) -> str:
    """The status with the widest peers and some of their ports: ``closed: named peers TCP 80, +2 more; ...``."""
    if side.status is Status.UNENFORCED or not side.scopes:
        return side_text(side)
    first = side.scopes[0]
    perhaps = "perhaps " if first.perhaps else ""
    more = "; ..." if len(side.scopes) > 1 else ""
    return f"{side.status.value}: {perhaps}{first.peers.value} {ports_cell(first.ports, False, NARROW_PORTS)}{more}"


def default_text(one: NamespaceCoverage, direction: Direction) -> str:
    """``denied``, or ``open`` with the labels of a pod that is."""
    found = one.defaults[direction]
    if found.default is Default.DENIED:
        return "denied"
    if found.default is Default.UNKNOWN:
        return f"unknown: {found.why}"
    labels = ",".join(f"{key}={value}" for key, value in sorted((found.labels or {}).items()))
    return f"open to a pod with {labels}" if labels else "open"


NAMESPACE_HEADS = ("Namespace", "Default ingress", "Default egress", "Closed ingress", "Closed egress")
STEP_HEADS = ("#", "Closes", "Direction", "Step", "Workloads")
MESHED_STEP_HEADS = ("#", "Closes", "Layer", "Takes", "Direction", "Step", "Workloads")
WORKLOAD_HEADS = ("Workload", "Ingress", "Egress")
LAYER_HEADS = ("Transport (TCP)", "Requests (TCP)", "All layers")


def namespace_row(one: NamespaceCoverage) -> tuple[str, ...]:
    """A namespace with its defaults and how many of its workloads are closed."""
    return (
        one.name,
        *(default_text(one, direction) for direction in DIRECTIONS),
        *(f"{one.closed[direction]} of {one.workloads}" for direction in DIRECTIONS),
    )


def step_heads(coverage: Coverage) -> tuple[str, ...]:
    """The columns of ``step_row``. With a mesh also the layer, and the flows that clients lose by a step of its layers
    as they are configured."""
    return MESHED_STEP_HEADS if coverage.meshed else STEP_HEADS


def step_row(number: int, step: Step, meshed: bool = False) -> tuple[str, ...]:
    """A step with some of the workloads that it closes."""
    names = ", ".join(step.workloads[:NAMES_SHOWN])
    more = f" and {step.closes - NAMES_SHOWN} more" if step.closes > NAMES_SHOWN else ""
    where = place_text(step.place)
    takes = "" if step.layer in LAYERS else str(step.flows)
    return (
        str(number),
        str(step.closes),
        *((step.layer, takes) if meshed else ()),
        step.direction.value,
        step.what + (f" {where}" if where else ""),
        names + more,
    )


def refused_lines(number: int, step: Step) -> Iterator[str]:
    """Some of the flows that clients lose by a step."""
    for one in step.refused[:REFUSED_SHOWN]:
        yield (
            f"{number}. takes {one.source} -> {one.destination} {ports_cell(one.ports, False, NARROW_PORTS)}"
            f" ({one.before} -> {one.after})"
        )
    rest = len(step.refused) - REFUSED_SHOWN + step.refused_left_out
    if len(step.refused) > REFUSED_SHOWN:
        yield f"{number}. takes {rest} more (-o json)"


def workload_row(one: WorkloadCoverage) -> tuple[str, ...]:
    """A workload with both of its directions, and with its ingress in each layer of a mesh."""
    return (
        one.name,
        *(side_text(one.sides[direction]) for direction in DIRECTIONS),
        *(side_text(one.mesh[layer]) for layer in MESH_LAYERS if one.mesh),
    )


def workload_heads(coverage: Coverage) -> tuple[str, ...]:
    """The columns of ``workload_row``."""
    return (*WORKLOAD_HEADS, *LAYER_HEADS) if coverage.meshed else WORKLOAD_HEADS


def worst_first(coverage: Coverage) -> list[WorkloadCoverage]:
    """The workloads, those that are open in both directions first."""
    return sorted(coverage.workloads, key=_order)


def _order(one: WorkloadCoverage) -> tuple[object, ...]:
    worst = sorted(-WORST[side.status] for side in one.sides.values())
    return (*worst, one.name)


def sections(coverage: Coverage, limit: int | None = None, wide: bool = False) -> list[Section]:
    """The whole report. ``limit``: at most so many workloads and steps each. With a mesh the workloads are two tables
    with the widest of what is let in, unless ``wide``: one with all of it."""
    found = [Section("", tuple(headline_lines(coverage)))]
    if coverage.namespaces:
        found.append(Section("Namespaces", (), NAMESPACE_HEADS, tuple(map(namespace_row, coverage.namespaces))))
    if coverage.steps:
        shown = min(STEPS_SHOWN if limit is None else limit, len(coverage.steps))
        kept_steps = list(enumerate(coverage.steps[:shown], 1))
        step_rows = tuple(step_row(number, step, coverage.meshed) for number, step in kept_steps)
        after = left_out_text(len(coverage.steps) - shown, "step")
        after += tuple(line for number, step in kept_steps for line in refused_lines(number, step))
        found.append(Section("Next, the most first", (), step_heads(coverage), step_rows, after))
    ordered = worst_first(coverage)
    if not ordered:
        return found
    kept = ordered if limit is None else ordered[:limit]
    left = left_out_text(len(ordered) - len(kept))
    title = "Workloads, the worst first"
    if wide or not coverage.meshed:
        rows = tuple(map(workload_row, kept))
        found.append(Section(title, (), workload_heads(coverage), rows, left))
        return found
    both = tuple((one.name, *(narrow_text(one.sides[direction]) for direction in DIRECTIONS)) for one in kept)
    layers = tuple((one.name, *(narrow_text(one.mesh[layer]) for layer in MESH_LAYERS)) for one in kept)
    found.append(Section(title, (), WORKLOAD_HEADS, both, left))
    found.append(
        Section("Their ingress in the layers of the mesh", (), (WORKLOAD_HEADS[0], *LAYER_HEADS), layers, left)
    )
    return found
