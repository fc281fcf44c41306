"""Two states of a cluster, as ``diff`` and ``equivalent`` take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.cli.errors import CommandError, did_you_mean
from ringfence.cli.loading import Opened, asking, open_world
from ringfence.cli.options import Shared
from ringfence.cli.settings import settings_of
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.verdict.changes import Diff
    from ringfence.world import World

STATE = "a state is a file, a directory, REV:PATH of a Git revision, a snapshot, or - for stdin"


def two_states(shared: Shared, before: str, after: str) -> tuple[Opened, World, World]:
    """What reports need, and the two worlds. Both are read with the settings of the state after, so that a difference
    is one of the clusters."""
    settings = settings_of(replace(shared, filenames=(after,)))
    old = open_world(replace(shared, filenames=(before,)), settings=settings, hint=STATE)
    opened = open_world(replace(shared, filenames=(after,)), settings=settings, hint=STATE)
    context = replace(
        opened.context,
        partial=old.context.partial or opened.context.partial,
        problems=tuple(dict.fromkeys((*old.context.problems, *opened.context.problems))),
        notices=tuple(dict.fromkeys((*old.context.notices, *opened.context.notices))),
    )
    return replace(opened, context=context), old.world, opened.world


def of_namespace(found: Diff, namespace: str, limit: int | None) -> Diff:
    """Only rows with an end in a namespace, at most ``limit``; the others are counted as left out. Raises CommandError
    where neither state has anything there."""
    from ringfence.reports.folding import namespace_of

    names = {space for end in found.ends if (space := namespace_of(end)) is not None}
    if namespace not in names:
        raise CommandError(
            f"neither state has a workload in a namespace {namespace!a}", did_you_mean(namespace, sorted(names))
        )
    rows = tuple(
        row for row in found.rows if any(namespace_of(end) == namespace for end in (*row.sources, *row.destinations))
    )[:limit]
    return replace(found, rows=rows, left_out=found.left_out + len(found.rows) - len(rows))


def with_sensitive_ends(found: Diff, before: World, after: World) -> Diff:
    """The difference, with what is sensitive in either state, where a row could hang on it."""
    from ringfence.reports.differences.risk import WIDENING

    if not any(row.change in WIDENING for row in found.rows):
        return found
    return replace(found, sensitive=before.sensitive_names() | after.sensitive_names())


def with_change(
    shared: Shared, before: str, adding: tuple[str, ...], removing: tuple[str, ...]
) -> tuple[Opened, World, World]:
    """One state, and what it would be after a change. What is wrong with the objects that come is said too."""
    opened = open_world(replace(shared, filenames=(before,)), hint=STATE)
    with asking():
        new = opened.world.what_if(add=adding, remove=removing)
    known = set(opened.context.problems)
    added = [problem for problem in new.problems if problem not in known]
    if added:
        from ringfence.reports.problems import problem_lines

        opened.say(problem_lines(added, opened.err))
    context = replace(
        opened.context,
        partial=opened.context.partial or new.partial,
        problems=(*opened.context.problems, *added),
    )
    return replace(opened, context=context), opened.world, new
