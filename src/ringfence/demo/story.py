"""The story of ``ringfence demo``: who reaches the payments database, what one label buys, the fix, the same again.

The sentences are written; every verdict, name, rule and number in them comes from the engine when the story is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.demo import mesh_story
from ringfence.demo.files import CLUSTER, FIX, shown
from ringfence.loading import load
from ringfence.reports.places import decision_text, place_text
from ringfence.reports.style import Style
from ringfence.reports.unknowns import unknown_lines
from ringfence.sets.ports import describe, port_key, size
from ringfence.verdict.answers import Answer, Decision, Verdict
from ringfence.world import World

DATABASE = "payments/payments-db"
PORT = 5432
NEEDED_BY = ("payments/payments-api", "payments/ledger", "payments/payments-db-backup", "batch/nightly-settlement")
"""Who needs the database, as the payments team says. The database's own replicas replicate."""
LEFTOVER = "payments/pod/debug-ledger"
STRANGER, ATTACKER = "app=anything@tenant-a", "app=payments-api@tenant-a"
PUZZLE = ("tenant-a/worker", "169.254.169.254", 80)
"""A flow that the specifications leave to the network plugin."""
CHANGES_SHOWN = 4


def run(echo: Callable[[str], None], colour: bool) -> int:
    """Tells the story to ``echo``, one line a call. Returns the exit code of the command: always 0."""
    style = Style(colour)
    before = load(str(CLUSTER))
    after = mended(before)
    chapters = (
        _introduction(before, style),
        _reach(before, style),
        _label(before, style),
        _mending(before, after, style),
        _again(after, style),
        _unknown(before, style),
        mesh_story.chapter(before, style),
        _onward(style),
    )
    for number, chapter in enumerate(chapters):
        if number:
            echo("")
        for line in chapter:
            echo(line)
    return 0


def mended(world: World) -> World:
    """The cluster with the policies of ``fix/`` in place of its own, without the pod left over from debugging."""
    return world.what_if(add=[str(FIX)], remove=[LEFTOVER])


def _introduction(world: World, style: Style) -> Iterator[str]:
    cluster = world.cluster
    workloads = {pod.workload for pod in cluster.pods}
    files = sum(1 for _ in CLUSTER.rglob("*.yaml"))
    yield style.strong("Tidewater Supplies sells ship's stores. One cluster, every manifest in one repository:")
    yield (
        f"{len(cluster.namespaces)} namespaces, {len(workloads)} workloads, {len(cluster.policies)} network policies, "
        f"{files} files. The crown jewels are {DATABASE}."
    )
    yield f"Four workloads need it, the team says: {', '.join(NEEDED_BY)}."


def _reach(world: World, style: Style) -> Iterator[str]:
    yield style.strong(f"1. Who can really reach {DATABASE} on TCP {PORT}, and through which rule?")
    yield from _reach_lines(world, style)


def _reach_lines(world: World, style: Style) -> Iterator[str]:
    by_rule: dict[str, list[str]] = {}
    for source in _workloads(world):
        answer = world.can(source, DATABASE, PORT)
        rules = [decision for decision in answer.decided_by if decision.direction == "ingress"]
        by_rule.setdefault("; ".join(map(_decision, rules)), []).append(source)
    for rule, sources in sorted(by_rule.items()):
        yield f"   {rule}"
        for source in sources:
            yield _source_line(source, style)


def _source_line(source: str, style: Style) -> str:
    if source in (*NEEDED_BY, DATABASE):
        return f"       {source}"
    return f"     {style.paint('!', 'denied')} {source}   does not need it"


def _workloads(world: World) -> list[str]:
    """The workloads that may open the database's port; nodes and addresses are not in it."""
    key = port_key("TCP", PORT)
    workloads = {f"{pod.workload.namespace}/{pod.workload.name}" for pod in world.cluster.pods}
    return sorted(
        {
            source
            for row in world.connections(destination=DATABASE).rows
            if row.verdict is Verdict.ALLOWED and any(first <= key <= last for first, last in row.ports)
            for source in row.sources
            if source in workloads
        }
    )


def _decision(decision: Decision) -> str:
    return shown(decision_text(decision))


def _label(world: World, style: Style) -> Iterator[str]:
    yield style.strong("2. What does one label buy? Whoever may create pods in tenant-a chooses their labels.")
    for source in (STRANGER, ATTACKER):
        yield f"   {_question(world.can(source, DATABASE, PORT), style)}"
    answer = world.can(ATTACKER, DATABASE, PORT)
    for decision in answer.decided_by:
        yield f"     by {_decision(decision)}"


def _question(answer: Answer, style: Style) -> str:
    return f"{answer.source} -> {answer.destination} {answer.port}: {style.paint(answer.verdict, answer.verdict)}"


def _mending(before: World, after: World, style: Style) -> Iterator[str]:
    yield style.strong("3. The fix. The smallest edit that ringfence finds for that one question:")
    edit = before.explain(ATTACKER, DATABASE, PORT).edit
    if edit is not None:
        others = len(edit.also_changes) + edit.also_left_out
        place = f" ({shown(place_text(edit.place))})" if edit.place else ""
        yield f"   {edit.description}{place}; other flows that change with it: {others}"
    files = sum(1 for _ in FIX.rglob("*.yaml"))
    yield f"   What a reviewer would merge: {files} mended files in fix/, and the leftover pod deleted. It changes"
    changes = sorted(before.difference(after), key=lambda change: size(change.ports))
    for change in changes[:CHANGES_SHOWN]:
        yield (
            f"     {change.source} -> {change.destination} {describe(change.ports)}: "
            f"{style.paint(change.before, change.before)} -> {style.paint(change.after, change.after)}"
        )
    if len(changes) > CHANGES_SHOWN:
        yield f"     and {len(changes) - CHANGES_SHOWN} more"


def _again(world: World, style: Style) -> Iterator[str]:
    yield style.strong("4. The same questions again.")
    yield f"   {DATABASE} on TCP {PORT} is reached by:"
    for source in _workloads(world):
        yield _source_line(source, style)
    yield f"   {_question(world.can(ATTACKER, DATABASE, PORT), style)}"


def _unknown(world: World, style: Style) -> Iterator[str]:
    yield style.strong("5. What nobody can know from manifests is unknown, with the reason, and never a guess.")
    answer = world.can(*PUZZLE)
    yield f"   {_question(answer, style)}"
    yield f"     {answer.reason.message}"
    yield f"     would decide it: {answer.reason.decide}"
    yield f"   with --cni calico@3.32: {_question(load(str(CLUSTER), cni='calico@3.32').can(*PUZZLE), style)}"
    for line in unknown_lines(world.connections(destination=DATABASE).rows):
        yield f"   {line}"


def _onward(style: Style) -> Iterator[str]:
    yield style.strong("7. Your turn: there are more mistakes in there, as people really make them.")
    for command in (
        "ringfence demo --write tour && cd tour",
        f"ringfence explain {ATTACKER} {DATABASE} {PORT} -f cluster",
        "ringfence check cluster",
        "ringfence can shop/storefront shop/checkout 8080 --http 'POST /checkout' -f cluster -f mesh -q",
        "ringfence can shop/recommendations 169.254.169.254 80 -f cluster",
        "kubectl get pods,svc,ns,nodes,netpol -A -o json | ringfence map -f -",
    ):
        yield f"   {command}"
