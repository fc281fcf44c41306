"""Unknown rows by their reason: UNKNOWN is a question to the reader, and one answer often decides many rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.model.text import printable
from ringfence.values import Value
from ringfence.verdict.answers import Reason, Row, Verdict


class UnknownGroup(Value):
    """``reason`` is the first of its kind; ``reasons`` counts different sentences of the same code and remedy."""

    rows: int
    reason: Reason
    reasons: int


def unknown_groups(rows: Iterable[Row]) -> tuple[UnknownGroup, ...]:
    """Groups by code and by what would decide it, the largest first."""
    found: dict[tuple[str, str], list[Reason]] = {}
    for row in rows:
        if row.verdict is Verdict.UNKNOWN:
            reason = row.reason or Reason("not-stated", "no reason was given")
            found.setdefault((reason.code, reason.decide), []).append(reason)
    groups = (UnknownGroup(len(reasons), reasons[0], len(set(reasons))) for reasons in found.values())
    return tuple(sorted(groups, key=lambda group: (-group.rows, group.reason.code, group.reason.decide)))


def unknown_lines(rows: Iterable[Row]) -> Iterator[str]:
    """One line a group, and one with what would decide it."""
    for group in unknown_groups(rows):
        noun = "row is" if group.rows == 1 else "rows are"
        others = "" if group.reasons == 1 else f" (and {group.reasons - 1} alike)"
        yield f"{group.rows} {noun} unknown: {printable(group.reason.message)}{others} [{printable(group.reason.code)}]"
        if group.reason.decide:
            yield f"  decide with: {printable(group.reason.decide)}"
