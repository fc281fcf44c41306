"""What ``coverage`` leaves to do as findings, for the formats of continuous integration: a workload that is open in a
direction, and a namespace without a default deny, each on its own line of the input.

What hangs on open facts is neither passed nor failed here, as in ``check``; the figure does not count it as closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ringfence.model.policy import Direction
from ringfence.model.provenance import Place
from ringfence.reports.context import Context
from ringfence.reports.coverage.text import default_text, side_text
from ringfence.reports.findings.report import Report
from ringfence.reports.structured import yaml_text
from ringfence.rules import baseline
from ringfence.rules.assessment import Assessment, Found
from ringfence.rules.finding import Finding, NotEvaluable, Related, Result, Severity, Subject
from ringfence.rules.registry import Entry
from ringfence.rules.rule import Needs, Precision, Rule
from ringfence.verdict.answers import LAYERS
from ringfence.verdict.coverage import (
    DIRECTIONS,
    REQUESTS,
    TOGETHER,
    TRANSPORT,
    Coverage,
    Default,
    NamespaceCoverage,
    Side,
    Status,
    Step,
    WorkloadCoverage,
    manifest_of,
)

_SEVERITY = {Direction.INGRESS: Severity.HIGH, Direction.EGRESS: Severity.MEDIUM}
_PAGES = {
    "open": """The {direction} of a workload is open.

## Why this is bad

Any address or any namespace gets through on any port, so whoever holds one pod of the cluster has a way on from there.
The place is the workload; what opens it, where that is one rule, is a related place.
""",
    "default": """The {direction} of a namespace is not denied by default.

## Why this is bad

A pod that is deployed tomorrow, with labels that no policy selects, is open in its {direction} from its first second.
That a namespace is closed by default is a proof over all labels that a pod might carry.
""",
}
_LAYER_PAGES = {
    TRANSPORT: (
        "The workload takes connections without a proof of identity",
        """## Why this is bad

Who has no certificate of the mesh is let in as well, and every policy that asks for identities depends on clients who
show one. PeerAuthentications with mode STRICT ask for one at every port.
""",
    ),
    REQUESTS: (
        "Who nobody named is authorized at the workload",
        """## Why this is bad

Any identity, or none, is let in by the policies of requests on most ports. An AuthorizationPolicy that allows by
identity refuses everybody else.
""",
    ),
    TOGETHER: (
        "All layers together leave the workload open",
        """## Why this is bad

Neither the network nor the mesh keeps any address or any namespace from most of its TCP ports.
""",
    ),
}
_LAYER_SEVERITY = {TRANSPORT: Severity.MEDIUM, REQUESTS: Severity.MEDIUM, TOGETHER: Severity.HIGH}
_TITLES = {
    "open": "The {direction} of the workload is open",
    "default": "The {direction} of the namespace is not denied by default",
}


def _id(direction: Direction, sort: str) -> str:
    return f"COVERAGE-{direction.value.upper()}-{sort.upper()}"


def _entries(meshed: bool) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for sort, page in _PAGES.items():
        for direction in DIRECTIONS:
            identifier = _id(direction, sort)
            title = _TITLES[sort].format(direction=direction.value)
            slug = f"{direction.value}-{sort}"
            rule = Rule(identifier, slug, title, _SEVERITY[direction], Precision.VERY_HIGH, Needs.REACH)
            text = f"# {identifier} {slug}\n\n{page.format(direction=direction.value)}"
            found[identifier] = Entry(rule, lambda situation: iter(()), text)
    for layer, (title, page) in _LAYER_PAGES.items() if meshed else ():
        identifier = _layer_id(layer)
        rule = Rule(identifier, f"{layer}-open", title, _LAYER_SEVERITY[layer], Precision.VERY_HIGH, Needs.REACH)
        found[identifier] = Entry(
            rule, lambda situation: iter(()), f"# {identifier} {layer}-open\n\n{title}.\n\n{page}"
        )
    return found


def _layer_id(layer: str) -> str:
    return f"COVERAGE-{layer.upper()}-OPEN"


def findings_report(
    coverage: Coverage, context: Context, locate: Callable[[str], str], version: str, limit: int | None = None
) -> Report:
    """What the formats of findings take: the worst first. ``limit``: at most so many; the rest is counted."""
    every = list(_results(coverage))
    findings = [one for one in every if isinstance(one, Finding)]
    found = [
        Found(finding, finding.severity or Severity.MEDIUM, identity.fingerprint)
        for finding, identity in zip(findings, baseline.identities(findings), strict=True)
    ]
    found.sort(key=lambda one: one.severity.rank)
    shown = tuple(found[:limit])
    doubts = tuple(one for one in every if isinstance(one, NotEvaluable))
    rules = _entries(coverage.meshed)
    return Report(
        Assessment(shown, (), doubts, tuple(rules), hidden=len(found) - len(shown)),
        rules,
        context,
        locate,
        version=version,
        command="coverage",
        passed=tuple(_passed(coverage)),
    )


def _results(coverage: Coverage) -> Iterator[Result]:
    steps = _steps(coverage.steps)
    of_mesh = {(name, step.layer): step for step in reversed(coverage.steps) for name in step.workloads}
    for one in coverage.workloads:
        for direction in DIRECTIONS:
            yield from _of_workload(one, direction, one.sides[direction], steps.get((one.name, direction)))
        for layer, side in one.mesh.items():
            yield from _of_layer(one, layer, side, of_mesh.get((one.name, layer)))
    for home in coverage.namespaces:
        for direction in DIRECTIONS:
            yield from _of_namespace(home, direction)


def _passed(coverage: Coverage) -> Iterator[tuple[str, Subject]]:
    for one in coverage.workloads:
        for direction in DIRECTIONS:
            if one.sides[direction].status is Status.CLOSED:
                yield _id(direction, "open"), Subject(one.ref.kind, one.ref.namespace, one.ref.name)
        for layer, side in one.mesh.items():
            if side.status is Status.CLOSED:
                yield _layer_id(layer), Subject(one.ref.kind, one.ref.namespace, one.ref.name)
    for home in coverage.namespaces:
        for direction in DIRECTIONS:
            if home.defaults[direction].default is Default.DENIED:
                yield _id(direction, "default"), Subject("Namespace", "", home.name)


def _steps(steps: Iterable[Step]) -> dict[tuple[str, Direction], Step]:
    """For each workload and direction the step of the network that closes it."""
    found: dict[tuple[str, Direction], Step] = {}
    for step in steps:
        for name in step.workloads if step.layer in LAYERS else ():
            found.setdefault((name, step.direction), step)
    return found


def _of_workload(one: WorkloadCoverage, direction: Direction, side: Side, step: Step | None) -> Iterator[Result]:
    identifier = _id(direction, "open")
    subject = Subject(one.ref.kind, one.ref.namespace, one.ref.name)
    if side.status is Status.UNKNOWN:
        yield NotEvaluable(identifier, subject, side.reason or "it hangs on what the input leaves open", one.place)
    elif side.status is not Status.CLOSED:
        said = side_text(side) if side.status is Status.OPEN else f"{side.status.value}: {side.reason}"
        related = () if step is None or step.place is None else (Related(step.place, "this rule opens it"),)
        yield Finding(
            identifier,
            f"{subject}: {direction.value} is {said}",
            one.place or Place(""),
            subject,
            (side.status.value,),
            related,
            fix="" if step is None else _fix(step.what, step.namespace, direction, step.manifest is not None),
            severity=_SEVERITY[direction] if side.status is Status.OPEN else Severity.LOW,
        )


def _of_layer(one: WorkloadCoverage, layer: str, side: Side, step: Step | None) -> Iterator[Result]:
    """Workloads outside of the mesh are not its findings: the figure counts them as not enforced."""
    subject = Subject(one.ref.kind, one.ref.namespace, one.ref.name)
    if side.status is Status.UNKNOWN:
        yield NotEvaluable(_layer_id(layer), subject, side.reason, one.place)
    elif side.status is Status.OPEN:
        what = {TRANSPORT: "its transport", REQUESTS: "what judges its requests", TOGETHER: "all layers together"}
        yield Finding(
            _layer_id(layer),
            f"{subject}: ingress, by {what[layer]}, is {side_text(side)}",
            one.place or Place(""),
            subject,
            (side.status.value,),
            fix="" if step is None or step.manifest is None else f"{step.what}:\n{yaml_text(step.manifest)}",
            severity=_LAYER_SEVERITY[layer],
        )


def _of_namespace(one: NamespaceCoverage, direction: Direction) -> Iterator[Result]:
    identifier = _id(direction, "default")
    subject = Subject("Namespace", "", one.name)
    found = one.defaults[direction]
    if found.default is Default.UNKNOWN:
        yield NotEvaluable(identifier, subject, found.why, one.place)
    elif found.default is Default.OPEN:
        why = f": {found.why}" if found.why else ""
        yield Finding(
            identifier,
            f"{subject}: the default of {direction.value} is {default_text(one, direction)}{why}",
            one.place or Place(""),
            subject,
            ("open",),
            fix=_fix(f"add a default deny of {direction.value}, then allow what is needed", one.name, direction, True),
            severity=_SEVERITY[direction],
        )


def _fix(what: str, namespace: str, direction: Direction, with_manifest: bool) -> str:
    return f"{what}:\n{yaml_text(manifest_of(namespace, direction))}" if with_manifest else what
