"""``can`` as text: the verdict word for scripts, the parts where they differ, and the reasons for people."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.layered_text import layered_lines
from ringfence.reports.places import decision_text
from ringfence.reports.ranges import interval_of, ports_text
from ringfence.reports.style import PLAIN, Style
from ringfence.verdict.answers import Answer, Decision, Part, Reason, Verdict

LISTED_ENDS = 4
"""Names of one side that a line writes out; the rest is counted."""


def ends_text(ends: tuple[str, ...], listed: int = LISTED_ENDS) -> str:
    """Names joined by commas; beyond ``listed`` the rest is counted."""
    shown = ", ".join(_end_text(end, listed) for end in ends[:listed])
    return f"{shown} and {len(ends) - listed} more" if len(ends) > listed else shown


def _end_text(end: str, listed: int) -> str:
    """The name; of an end that is many ranges of addresses the first few, the rest counted."""
    ranges = end.split(", ")
    if len(ranges) <= listed or interval_of(end) is None:
        return printable(end)
    return f"{', '.join(ranges[:listed])} and {len(ranges) - listed} more ranges"


def reason_text(reason: Reason) -> str:
    """The sentence, and what would decide it."""
    text = printable(reason.message)
    return f"{text} (would decide it: {printable(reason.decide)})" if reason.decide else text


def asked_text(part: Part) -> str:
    """The ports of a part; ICMP has none."""
    return ports_text(part.ports) if part.ports else part.witness_port


def _part_line(part: Part, style: Style) -> str:
    verdict = style.paint(f"{part.verdict!s:<8}", str(part.verdict))
    family = f"  IPv{part.family}" if part.family else ""
    return f"{verdict} {asked_text(part)}{family}  {ends_text(part.sources)} -> {ends_text(part.destinations)}"


def verdict_lines(answer: Answer, style: Style = PLAIN) -> Iterator[str]:
    """What goes to stdout: the verdict word alone; below it one line a part where the parts' verdicts differ."""
    yield style.paint(str(answer.verdict), str(answer.verdict))
    if answer.verdict is Verdict.MIXED or len({part.verdict for part in answer.parts}) > 1:
        for part in answer.parts:
            yield _part_line(part, style)


def _decisions(decisions: tuple[Decision, ...], indent: str) -> Iterator[str]:
    for decision in decisions:
        yield f"{indent}by {decision_text(decision)}"


def detail_lines(answer: Answer, context: Context, style: Style = PLAIN) -> Iterator[str]:
    """What goes to stderr: the question as it was understood, the reason, the objects that decided, the profile."""
    port = f" on {printable(answer.port)}" if answer.port else ""
    yield f"{printable(answer.source)} -> {printable(answer.destination)}{port}"
    for note in answer.notes:
        yield f"  note: {printable(note)}"
    differ = len({(part.verdict, part.reason, part.decided_by) for part in answer.parts}) > 1
    if differ:
        for part in answer.parts:
            verdict = style.paint(str(part.verdict), str(part.verdict))
            family = f" over IPv{part.family}" if part.family else ""
            yield f"  {verdict} on {asked_text(part)}{family}: {reason_text(part.reason)}"
            yield from _decisions(part.decided_by, "    ")
            if part.layered is not None and len(part.layered.layers) > 1:
                yield from layered_lines(part.layered, style, "    ")
            yield (
                f"    for example {printable(part.witness_source)} -> {printable(part.witness_destination)} "
                f"{printable(part.witness_port)}"
            )
    else:
        yield f"  {reason_text(answer.reason)}"
        yield from _decisions(answer.decided_by, "  ")
        if answer.layered is not None:
            yield from layered_lines(answer.layered, style)
    yield f"  {style.faint(profile_text(context))}"


def profile_text(context: Context) -> str:
    """Which profile decided, and how it was chosen."""
    return f"profile {printable(context.profile)} ({printable(context.chosen_by)})"
