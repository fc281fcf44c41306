"""What every format of ``diff`` says in words."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.reports.differences.risk import widening_sensitive
from ringfence.reports.places import object_text, place_text
from ringfence.verdict.altered import Altered
from ringfence.verdict.changes import Cause, Change, Diff, DiffRow, WayChange

NOT_BY_OBJECTS = "profile, address ranges or open facts"
"""What is named where no object explains a change."""
NOT_LOOKED_FOR = "not looked for"
"""What is named where so much changed that causes were not looked for."""
HOSTS = 2
"""Hosts or paths of a way that are named."""


def verdict_line(diff: Diff) -> str:
    """``2 widened, 1 narrowed, 3 new; 1 workload moved``, or that nothing differs. Safe to print."""
    words = [f"{diff.counts[change]} {change}" for change in Change if diff.counts.get(change)]
    ways = [f"{diff.way_counts[change]} {change}" for change in Change if diff.way_counts.get(change)]
    ends = [f"ways in: {', '.join(ways)}"] if ways else []
    ends += [
        f"{len(names)} {'end' if len(names) == 1 else 'ends'} {word}"
        for names, word in ((diff.new, "new"), (diff.gone, "gone"), (diff.moved, "moved"))
        if names
    ]
    if words or ends:
        parts = [", ".join(words) if words else "no flow between ends of both states differs", *ends]
        if sensitive := widening_sensitive(diff):
            verb = "reaches" if sensitive == 1 else "reach"
            parts.append(f"{'at least ' if diff.left_out else ''}{sensitive} {verb} what is sensitive")
        return "; ".join(parts)
    if not diff.decided:
        return "no difference found, but not everything could be compared"
    if diff.without_effect:
        count = len(diff.without_effect)
        noun = "object" if count == 1 else "objects"
        return f"text changed ({count} {noun}), behaviour the same"
    return "no difference"


def cause_text(cause: Cause) -> str:
    """``NetworkPolicy shop/db rule 2 (changed) netpol.yaml:12``, safe to print."""
    altered = cause.altered
    text = object_text(altered.kind, altered.namespace, altered.name)
    rule = "" if cause.rule is None else f" rule {cause.rule}"
    detail = f": {altered.detail}" if altered.detail else ""
    place = place_text(cause.place)
    return printable(f"{text}{rule} {altered.how}{detail}") + (f" {place}" if place else "")


def causes_text(row: DiffRow | WayChange) -> str:
    """All causes in one line, safe to print."""
    return "; ".join((*map(cause_text, row.causes), *no_cause(row)))


def no_cause(row: DiffRow | WayChange) -> Iterator[str]:
    """What is said where the causes are not, or not all."""
    if not row.attributed:
        yield NOT_LOOKED_FOR
    elif not row.explained:
        yield NOT_BY_OBJECTS


def altered_text(altered: Altered) -> str:
    """An object that differs, safe to print."""
    place = place_text(altered.place)
    text = printable(f"{object_text(altered.kind, altered.namespace, altered.name)} {altered.how}")
    return f"{text} {place}" if place else text


def witness_text(row: DiffRow) -> str:
    """``shop/web -> shop/db 5432/TCP: denied before, allowed after``, safe to print."""
    witness = row.witness
    flows = {
        f"{source} -> {destination} {witness.port}"
        for source, destination, verdict in (
            (witness.source_before, witness.destination_before, row.before),
            (witness.source, witness.destination, row.after),
        )
        if verdict is not None and source and destination
    }
    verdicts = [
        f"{verdict} {word}" for verdict, word in ((row.before, "before"), (row.after, "after")) if verdict is not None
    ]
    family = f" (IPv{row.family})" if row.family else ""
    start = printable(f"{' / '.join(sorted(flows))}{family}")
    if row.layers is not None:
        from ringfence.reports.differences.layers import asked_texts

        if asked := "; ".join(asked_texts(row)):
            return f"{start} {asked}"
        if row.layers.aspect in ("protection", "wire"):
            return start
    return f"{start}: {', '.join(verdicts)}"


def note_lines(diff: Diff) -> Iterator[str]:
    """What is no row: moved, new and gone ends, what was not compared, what has no effect. Safe to print."""
    for old, new in diff.moved:
        yield printable(f"moved: {old} is now {new}")
    for names, word in ((diff.new, "new"), (diff.gone, "gone")):
        for name in names:
            yield printable(f"{word}: {name}")
    for one in diff.not_compared:
        place = f" {place_text(one.place)}" if one.place else ""
        yield printable(f"not compared: {one.what}: {one.why}") + place
    for altered in diff.without_effect:
        yield f"without effect: {altered_text(altered)}"


def hops_text(row: WayChange) -> str:
    """``internet -> web/nginx -> shop/api``, safe to print."""
    return printable(" -> ".join(row.through))


def hosts_text(row: WayChange) -> str:
    """The hosts and paths that a way answers to: the first few. Safe to print."""
    named = row.paths or row.hosts
    shown = ", ".join(named[:HOSTS])
    return printable(f"{shown} and {len(named) - HOSTS} more" if len(named) > HOSTS else shown)


def way_witness_text(row: WayChange) -> str:
    """One packet at the last hop, as policy sees it. Safe to print."""
    witness = row.witness
    source, destination = witness.source or witness.source_before, witness.destination or witness.destination_before
    return printable(f"{source} -> {destination} {witness.port}") if source or destination else ""


def shown_verdict(row: DiffRow | WayChange) -> str:
    """``denied -> allowed``, with ``-`` where there is no such end."""
    return f"{row.before or '-'} -> {row.after or '-'}"


def place_of(row: DiffRow) -> Place | None:
    """Where a row is anchored: the first cause, else what decides it."""
    if row.place is not None:
        return row.place
    return next((decision.place for decision in (*row.decided_after, *row.decided_before)), None)
