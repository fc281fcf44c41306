"""``explain`` as text: for each kind of flow, direction and tier, every policy and rule, with the line that decides."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports.answer_text import asked_text, profile_text, reason_text, verdict_lines
from ringfence.reports.context import Context
from ringfence.reports.layered_text import layered_lines
from ringfence.reports.places import decision_text, object_text, place_text
from ringfence.reports.ranges import ports_text
from ringfence.reports.style import PLAIN, Style
from ringfence.verdict.answers import DirectionTrace, Edit, Explanation, Part, PolicyTrace, RuleTrace, Trace

_MATCHES = {True: "matches", False: "no match", None: "may match"}
SNIPPET_WIDTH = 160


def explanation_lines(explanation: Explanation, context: Context, style: Style = PLAIN) -> Iterator[str]:
    """The verdict, the traces, the smallest edit, the profile."""
    answer = explanation.answer
    yield from verdict_lines(answer, style)
    for note in answer.notes:
        yield f"note: {printable(note)}"
    if answer.layered is not None:
        for part in answer.parts:
            if part.layered is not None:
                yield ""
                yield from part_lines(part, style)
    for trace in explanation.traces:
        yield ""
        yield from trace_lines(trace, context, style, alone=answer.layered is not None)
    if explanation.edit is not None:
        yield ""
        yield from _edit(explanation.edit, context, style)
    yield ""
    yield style.faint(profile_text(context))


def part_lines(part: Part, style: Style) -> Iterator[str]:
    """What every layer says of one kind of flow."""
    flow = f"{printable(part.witness_source)} -> {printable(part.witness_destination)} {asked_text(part)}"
    yield f"{style.strong(flow)}: {style.paint(str(part.verdict), str(part.verdict))}"
    yield f"  {reason_text(part.reason)}"
    if part.layered is not None:
        yield from layered_lines(part.layered, style)


def trace_lines(trace: Trace, context: Context, style: Style, *, alone: bool = False) -> Iterator[str]:
    """How the network decides one flow: each direction, tier, policy and rule. ``alone``: other layers have a say, too,
    and nobody should take this for the whole."""
    if alone:
        yield style.faint("the network layer alone, policy by policy:")
    flow = f"{printable(trace.source)} -> {printable(trace.destination)} {printable(trace.port)}".rstrip()
    yield f"{style.strong(flow)}: {style.paint(str(trace.verdict), str(trace.verdict))}"
    yield f"  {reason_text(trace.reason)}"
    for decision in trace.decided_by:
        yield f"  by {decision_text(decision)}"
    for direction in trace.directions:
        yield from _direction(direction, context, style)


def _direction(direction: DirectionTrace, context: Context, style: Style) -> Iterator[str]:
    verdict = style.paint(str(direction.verdict), str(direction.verdict))
    yield f"  {direction.direction} of {printable(direction.subject)}: {verdict} - {printable(direction.summary)}"
    for tier in direction.tiers:
        yield f"    {printable(tier.tier)}: {printable(tier.outcome)}"
        for policy in tier.policies:
            yield from _policy(policy, context, style)


def _policy(policy: PolicyTrace, context: Context, style: Style) -> Iterator[str]:
    selects = {True: "", False: ", does not select it", None: ", perhaps selects it"}[policy.selects]
    outcome = style.paint(printable(policy.outcome), policy.outcome)
    place = place_text(policy.place)
    yield f"      {object_text(policy.kind, policy.namespace, policy.name)}: {outcome}{selects}  {place}".rstrip()
    for rule in policy.rules:
        yield from _rule(rule, context, style)


def _rule(rule: RuleTrace, context: Context, style: Style) -> Iterator[str]:
    name = f" {printable(rule.name)!r}" if rule.name else ""
    matches = _MATCHES[rule.matches]
    yield (
        f"        rule {rule.index}{name} ({printable(rule.action)}): {matches} - {printable(rule.criterion)}"
        f"  {place_text(rule.place)}"
    ).rstrip()
    yield from _snippet(rule.place, context, style, "          ")


def _snippet(place: Place | None, context: Context, style: Style, indent: str) -> Iterator[str]:
    line = context.snippet(place) if place is not None and place.line else None
    if line is None or place is None:
        return
    text = printable(line.rstrip())
    shown = text if len(text) <= SNIPPET_WIDTH else f"{text[:SNIPPET_WIDTH]}..."
    yield style.faint(f"{indent}{place.line} | {shown}")


def _edit(edit: Edit, context: Context, style: Style) -> Iterator[str]:
    size = f"{_count(edit.objects, 'object')}, {_count(edit.fields, 'field')}"
    yield f"{style.strong('smallest edit that flips it')} ({size}):"
    place = place_text(edit.place)
    yield f"  {printable(edit.description)}  {place}".rstrip()
    yield from _snippet(edit.place, context, style, "    ")
    others = len(edit.also_changes) + edit.also_left_out
    if not others:
        yield "  no other flow changes"
        return
    yield f"  {_count(others, 'other flow')} would change too:"
    for change in edit.also_changes:
        yield (
            f"    {printable(change.source)} -> {printable(change.destination)} {ports_text(change.ports)}: "
            f"{style.paint(str(change.before), str(change.before))} -> "
            f"{style.paint(str(change.after), str(change.after))}"
        )
    if edit.also_left_out:
        yield f"    and {edit.also_left_out} more"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
