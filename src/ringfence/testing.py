"""Assertions about a world, for people's own pytest suites.

    world = ringfence.load("manifests/")

    def test_only_the_api_reaches_the_database():
        assert_only_reachable_from(world, "shop/db", 5432, ["shop/api"])

A failed assertion names the verdict, its reason, and the objects that decided. Unknown is neither allowed nor denied:
an assertion that hangs on a fact that the input does not give fails and says which.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from ringfence.model.text import printable
from ringfence.sets.ports import Intervals, canonical, describe, intersect
from ringfence.verdict.answers import Answer, Decision, Part, Row, Verdict
from ringfence.verdict.ends import EndError
from ringfence.world import World

__all__ = [
    "assert_allowed",
    "assert_complete",
    "assert_denied",
    "assert_isolated",
    "assert_only_reachable_from",
    "assert_unknown",
]

LISTED = 10
"""Unwanted connections that a message writes out; the rest is counted."""

LEVEL = "workload"


def assert_allowed(
    world: World, src: str, dst: str, port: int | str | None = None, protocol: str | None = None
) -> None:
    """Every flow of the question is allowed. Raises AssertionError, or EndError for ends that do not exist."""
    __tracebackhide__ = True
    _expect(world.can(src, dst, port, protocol), Verdict.ALLOWED)


def assert_denied(world: World, src: str, dst: str, port: int | str | None = None, protocol: str | None = None) -> None:
    """Every flow of the question is denied. Raises AssertionError, or EndError for ends that do not exist."""
    __tracebackhide__ = True
    _expect(world.can(src, dst, port, protocol), Verdict.DENIED)


def assert_unknown(
    world: World, src: str, dst: str, port: int | str | None = None, protocol: str | None = None
) -> None:
    """The verdict hangs on a fact that the input does not give. Raises AssertionError, or EndError."""
    __tracebackhide__ = True
    _expect(world.can(src, dst, port, protocol), Verdict.UNKNOWN)


def assert_only_reachable_from(
    world: World,
    dst: str,
    port: int | str | None,
    sources: Iterable[str],
    protocol: str | None = None,
    *,
    nodes: bool = False,
) -> None:
    """Each of ``sources`` reaches ``dst`` on ``port``, and nothing else does or might: no other workload, no address
    outside. Other replicas of ``dst`` count like anything else.

    Nodes are left out unless ``nodes`` says otherwise, as a pod is always reached by its own; so are the hostNetwork
    pods of a DaemonSet without a known node: one of them is on that node, and speaks with its address. Without a port
    each source must reach every port. Raises AssertionError, or EndError for ends that do not exist.
    """
    __tracebackhide__ = True
    wanted: set[str] = set()
    for source in sources:
        _expect(world.can(source, dst, port, protocol), Verdict.ALLOWED)
        listed = world.connections(level=LEVEL, source=source, destination=dst)
        wanted.update(name for row in listed.rows for name in row.sources)
    asked = _asked_ports(world, dst, port, protocol)
    rows = world.connections(level=LEVEL, destination=dst).rows
    left_out = frozenset() if nodes else _of_nodes(world, (name for row in rows for name in row.sources))
    unwanted: dict[str, str] = {}
    for row in rows:
        if not intersect(row.ports, asked):
            continue
        for name in row.sources:
            if name in wanted or name in unwanted or name in left_out:
                continue
            answer = _ask(world, name, dst, port, protocol)
            if answer is None:
                reason = f": {row.reason}" if row.reason else ""
                unwanted[name] = printable(f"{name} on {describe(row.ports)} ({row.verdict}){reason}")
            elif answer.verdict is not Verdict.DENIED:
                unwanted[name] = f"{printable(name)} ({answer.verdict}): {_why(answer)}"
    if unwanted:
        _fail(f"{printable(dst)} can, or might, be reached by others too:", list(unwanted.values()))


def assert_isolated(world: World, end: str, *, nodes: bool = False) -> None:
    """Nothing reaches ``end`` or might, and ``end`` reaches nothing. Nodes, and the hostNetwork pods of a DaemonSet
    without a known node, are left out unless ``nodes`` says otherwise, as a pod is always reached by its own. Raises
    AssertionError, or EndError for an end that does not exist."""
    __tracebackhide__ = True
    rows = (
        *world.connections(level=LEVEL, destination=end).rows,
        *world.connections(level=LEVEL, source=end).rows,
    )
    left_out = frozenset() if nodes else _of_nodes(world, (name for row in rows for name in _names(row)))
    found = []
    for row in rows:
        sources = [name for name in row.sources if name not in left_out]
        destinations = [name for name in row.destinations if name not in left_out]
        if sources and destinations:
            pair = f"{', '.join(sources)} -> {', '.join(destinations)}"
            reason = f": {row.reason}" if row.reason else ""
            found.append(printable(f"{pair} on {describe(row.ports)} ({row.verdict}){reason}"))
    if found:
        _fail(f"{printable(end)} is not isolated:", list(dict.fromkeys(found)))


def assert_complete(world: World) -> None:
    """All of the input was read. Raises AssertionError that names what was not."""
    __tracebackhide__ = True
    if world.partial:
        _fail("the input was read in part", [str(problem) for problem in world.problems if problem.partial])


def _names(row: Row) -> Iterable[str]:
    return (*row.sources, *row.destinations)


def _of_nodes(world: World, names: Iterable[str]) -> frozenset[str]:
    """Those that are nodes, or DaemonSets whose pods use their node's network and may be on any."""
    agents: set[str] = set()
    others: set[str] = set()
    for pod in world.cluster.pods:
        agent = pod.host_network and pod.node is None and pod.workload.kind == "DaemonSet"
        (agents if agent else others).update(
            (
                f"{pod.namespace}/{pod.name}",
                f"{pod.namespace}/{pod.workload.name}",
                f"{pod.namespace}/{pod.workload.kind.lower()}/{pod.workload.name}",
            )
        )
    agents -= others
    return frozenset(name for name in names if name.startswith("node/") or name in agents)


def _asked_ports(world: World, dst: str, port: int | str | None, protocol: str | None) -> Intervals:
    """The ports that the question means at the pods of ``dst``: names resolved, a Service's ports translated."""
    parts = world.can("internet", dst, port, protocol).parts
    return canonical(interval for part in parts for interval in part.ports)


def _ask(world: World, name: str, dst: str, port: int | str | None, protocol: str | None) -> Answer | None:
    """The question for an end as lists name it; None where it has no name in questions (a range of addresses)."""
    try:
        return world.can(name, dst, port, protocol)
    except EndError:
        return None


def _expect(answer: Answer, verdict: Verdict) -> None:
    __tracebackhide__ = True
    if answer.verdict is verdict:
        return
    flow = printable(f"{answer.source} -> {answer.destination}" + (f" on {answer.port}" if answer.port else ""))
    raise AssertionError(f"{flow} is {answer.verdict}, not {verdict}\n  {_why(answer)}")


def _why(answer: Answer) -> str:
    if answer.verdict is Verdict.MIXED:
        return "\n  ".join(f"{part.verdict} on {describe(part.ports)}: {_because(part)}" for part in answer.parts)
    return _because(answer)


def _because(judged: Answer | Part) -> str:
    text = printable(str(judged.reason))
    return "\n    by ".join([text, *map(_decision, judged.decided_by)])


def _decision(decision: Decision) -> str:
    name = f"{decision.namespace}/{decision.name}" if decision.namespace else decision.name
    rule = "" if decision.rule is None else f", rule {decision.rule}"
    return printable(f"{decision.kind} {name} ({decision.direction}{rule}) {decision.place}")


def _fail(message: str, lines: list[str]) -> NoReturn:
    __tracebackhide__ = True
    shown = lines[:LISTED]
    if len(lines) > LISTED:
        shown.append(f"and {len(lines) - LISTED} more")
    raise AssertionError("\n  ".join([message, *shown]))
