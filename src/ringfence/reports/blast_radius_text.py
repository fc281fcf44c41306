"""``blast-radius`` and ``paths`` for people: the tree, the shortest ways hop by hop, and the cut with its edits."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.reports.answer_text import reason_text
from ringfence.reports.places import decision_text, place_text
from ringfence.reports.ranges import interval_of, ports_text
from ringfence.reports.sections import Section, left_out_text
from ringfence.verdict.answers import LAYERS, Answer, Decision, Edit, Verdict
from ringfence.verdict.blast_radius import BlastRadius, Cut, Fallen, Hop, ShortestWay, ShortestWays
from ringfence.verdict.ways_in.values import WayIn

ALSO_SHOWN = 5
RANGES_SHOWN = 2


def end_text(name: str) -> str:
    """The name; of many ranges of addresses the first two."""
    ranges = name.split(", ")
    if len(ranges) > RANGES_SHOWN and interval_of(name) is not None:
        return f"{', '.join(ranges[:RANGES_SHOWN])} and {len(ranges) - RANGES_SHOWN} more ranges"
    return name


def summary(found: BlastRadius) -> str:
    """One sentence with the counts."""
    counts = found.counts
    text = (
        f"{end_text(found.source)} reaches {counts['direct']} of {found.total} workloads directly, "
        f"{counts['reached']} step by step"
    )
    if counts["possibly"]:
        text += f", and possibly {counts['possibly']} more"
    beyond = [f"{counts['nodes']} nodes"] if counts["nodes"] else []
    machines = counts["machines"]
    beyond += [f"{machines} machine{'' if machines == 1 else 's'} outside of the cluster"] if machines else []
    beyond += ["addresses outside"] if counts["outside"] else []
    return f"{text}; also {' and '.join(beyond)}" if beyond else text


def hop_reason(hop: Hop) -> str:
    """Why a step is possible: the way in, or the first object that decides, or the reason."""
    if hop.ways:
        way = hop.ways[0]
        others = len(hop.ways) - 1
        more = f" (and {others} more way{'' if others == 1 else 's'})" if others else ""
        return f"through {way.openings[0].text}{more}: {_inside(way)}"
    if hop.because is None:
        return ""
    if hop.because.decided_by and hop.verdict is Verdict.ALLOWED:
        return "by " + "; ".join(map(decision_text, _telling(hop.because.decided_by))) + _shown(hop.because)
    return reason_text(hop.because.reason) + _shown(hop.because)


def _telling(decided: Iterable[Decision]) -> list[Decision]:
    """The first two objects of the network, and the first of every other layer."""
    found: dict[str, list[Decision]] = {}
    for one in decided:
        of_layer = found.setdefault(one.layer, [])
        if len(of_layer) < (2 if one.layer in LAYERS else 1):
            of_layer.append(one)
    return [one for of_layer in found.values() for one in of_layer]


def _shown(because: Answer) -> str:
    """The certificate that the step takes, and over what."""
    layered = because.layered
    if layered is None or layered.identity is None:
        return ""
    return f", as {layered.identity} over {layered.encryption}"


def _inside(way: WayIn) -> str:
    """What the hop of a way in goes by: its source, and who admits it."""
    hop = way.hops[-1]
    if hop.decided_by and way.verdict is Verdict.ALLOWED:
        return f"{hop.source}, by " + "; ".join(decision_text(one) for one in hop.decided_by[:2])
    return f"{hop.source}, {reason_text(way.reason)}"


def _row(entry: Fallen) -> tuple[str, ...]:
    marks = [word for word, on in (("possibly", entry.possibly), ("SENSITIVE", entry.sensitive)) if on]
    return (
        "  " * (entry.depth - 1) + end_text(entry.name),
        ports_text(entry.hop.ports),
        ", ".join(marks),
        hop_reason(entry.hop),
    )


def way_lines(way: ShortestWay) -> tuple[tuple[str, ...], ...]:
    """A row a hop."""
    return hop_lines(way.hops)


def hop_lines(hops: Iterable[Hop]) -> tuple[tuple[str, ...], ...]:
    """The same for hops."""
    return tuple(
        (str(number + 1), end_text(hop.source), end_text(hop.destination), ports_text(hop.ports), str(hop.verdict),
         hop_reason(hop))
        for number, hop in enumerate(hops)
    )  # fmt: skip


def _ways(ways: Iterable[ShortestWay]) -> list[Section]:
    found = []
    for way in ways:
        steps = f"{len(way.hops)} step{'' if len(way.hops) == 1 else 's'}"
        possibly = ", possibly" if way.possibly else ""
        title = f"A shortest way to {end_text(way.target)} ({steps}{possibly})"
        heads = ("#", "From", "To", "Ports", "Verdict", "Because")
        found.append(Section(title, (), heads, way_lines(way), (), (4,)))
    return found


def _edit_lines(edit: Edit | None) -> tuple[str, ...]:
    if edit is None:
        return ("no edit was found that removes just this step",)
    where = place_text(edit.place)
    lines = [edit.description + (f" ({where})" if where else "")]
    if edit.also_changes:
        lines.append("also changes:")
    for change in edit.also_changes[:ALSO_SHOWN]:
        lines.append(
            f"  {end_text(change.source)} -> {end_text(change.destination)} {ports_text(change.ports)}: "
            f"{change.before} -> {change.after}"
        )
    rest = len(edit.also_changes) - ALSO_SHOWN + edit.also_left_out if len(edit.also_changes) >= ALSO_SHOWN else 0
    if rest > 0:
        lines.append(f"  and {rest} more")
    return tuple(lines)


def _cut(cut: Cut) -> list[Section]:
    if not cut.steps:
        if not cut.uncuttable:
            return [Section("The cheapest cut", (cut.note,))]
        heads = ("#", "From", "To", "Ports", "Verdict", "Because")
        rows = hop_lines(cut.uncuttable)
        return [Section("The cheapest cut", (f"{cut.note}; of this one none of the steps:",), heads, rows, (), (4,))]
    rows = tuple(
        (
            str(number + 1),
            end_text(step.hop.source),
            end_text(step.hop.destination),
            ports_text(step.hop.ports),
            str(step.hop.verdict),
            str(step.flows),
        )
        for number, step in enumerate(cut.steps)
    )
    after: list[str] = []
    for number, step in enumerate(cut.steps):
        first, *more = _edit_lines(step.edit)
        after.append(f"{number + 1}. {first}")
        after.extend(f"   {line}" for line in more)
    if cut.verified is not None:
        after.append(
            "all edits together: no way is left" if cut.verified else "all edits together: a way is still left"
        )
    noun = "step" if len(cut.steps) == 1 else "steps"
    title = f"The cheapest cut: {len(cut.steps)} {noun}, {cut.weight} flows in all"
    heads = ("#", "From", "To", "Ports", "Verdict", "Flows")
    return [Section(title, (), heads, rows, tuple(after), (4,))]


def sections(found: BlastRadius) -> list[Section]:
    """The whole report."""
    made = [Section("", (summary(found), *(f"note: {note}" for note in found.notes)))]
    if found.bought:
        rows: tuple[tuple[str, ...], ...] = tuple((one.name, ports_text(one.ports)) for one in found.bought)
        made.append(Section("Only with this identity", (), ("Reached", "Ports"), rows))
    if found.fallen:
        heads = ("Reached", "Ports", "", "Because")
        rows = tuple(_row(entry) for entry in found.fallen)
        made.append(Section("Step by step", (), heads, rows, left_out_text(found.left_out)))
    reached = {way.target for way in found.ways}
    made.extend(_ways(found.ways))
    missed = tuple(f"no way leads to {target}" for target in found.targets if target not in reached)
    if missed:
        made.append(Section("", missed))
    if found.cut is not None:
        made.extend(_cut(found.cut))
    return made


def paths_sections(found: ShortestWays) -> list[Section]:
    """The report of ``paths``."""
    if not found.ways:
        return [Section("", (f"no way leads from {end_text(found.source)} to {end_text(found.destination)}",))]
    made = _ways(found.ways)
    if found.left_out:
        made.append(Section("", (f"{found.left_out} more ways are as short (--limit)",)))
    return made
