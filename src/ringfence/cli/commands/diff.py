"""``ringfence diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options

if TYPE_CHECKING:
    from ringfence.cli.loading import Opened
    from ringfence.verdict.changes import Diff
    from ringfence.world import World

OUTPUTS = ("table", "wide", "concise", "json", "md", "sarif", "junit", "github", "gitlab", "html")


@click.command(short_help="Say what a change of the manifests does to who reaches whom.")
@click.argument("before", metavar="A", type=click.Path(allow_dash=True))
@click.argument("after", metavar="[B]", required=False, type=click.Path(allow_dash=True))
@click.option(
    "--with",
    "adding",
    multiple=True,
    metavar="FILE",
    type=click.Path(allow_dash=False),
    help="Instead of B: A with the objects of FILE; one of the same kind and name replaces.",
)
@click.option(
    "--without", "removing", multiple=True, metavar="KIND/NS/NAME", help="Instead of B: A without this object."
)
@click.option(
    "--fail-on",
    type=click.Choice(["any", "widened", "nothing"]),
    default="any",
    show_default=True,
    help="What makes the exit code 1.",
)
@click.option("--level", type=click.Choice(["pod", "workload"]), default="workload", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="ROWS", help="At most so many rows; the rest is counted.")
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@shared_options()
def diff(
    shared: Shared,
    before: str,
    after: str | None,
    adding: tuple[str, ...],
    removing: tuple[str, ...],
    fail_on: str,
    level: str,
    limit: int | None,
    output: str,
) -> int:
    """Compare two states of a cluster flow by flow, whatever their text: A and B (files, directories, REV:PATH of a
    Git revision, snapshots: as with -f; kustomize:DIR and helm:CHART[,VALUES...] are rendered), or A and what it would
    be --with and --without some objects. What -k and --helm name belongs to both states.

    A row is widened (more is possibly or surely allowed), narrowed, or changed (both), and names the object whose
    change made it so, with a flow as witness. Flows of workloads that only one state has are new or gone; a workload
    under another namespace or kind is moved. Pods that a rollout renamed are the same workload. What could not be
    compared is listed. Ways in from outside (see "ringfence exposure") that came or went, or that let more or less
    through, are rows of their own and count for --fail-on. -o html is a page of its own with the matrix of both states,
    opened on what changed.

    With a mesh all layers are compared: rows also tell which requests pass, and what is weakened or strengthened where
    as much passes as before (--fail-on widened counts what is weakened; also without a mesh, where the network plugin
    encrypts otherwise between nodes); "for who controls the client's pod" marks what
    changes past the client's own proxy.

    \b
    Exit codes: 0 no difference, 1 different (see --fail-on), 2 usage or no object,
    3 no such difference but the input was partial, 5 not everything could be compared.
    """  # noqa: D301 - click's mark for lines to keep as they are
    if shared.filenames:
        raise click.UsageError("give the states as arguments, without -f")
    if (after is None) == (not adding and not removing):
        raise click.UsageError("give two states (A B), or one and a change (A --with FILE --without KIND/NS/NAME)")
    if before == after == "-":
        raise click.UsageError("stdin cannot be both states")
    from ringfence.cli.comparing import of_namespace, two_states, with_change, with_sensitive_ends
    from ringfence.cli.loading import asking

    if after is None:
        opened, old, new = with_change(shared, before, adding, removing)
    else:
        opened, old, new = two_states(shared, before, after)
    namespace = None if shared.all_namespaces else shared.namespace
    with asking():
        whole = old.diff(new, level, None if namespace else limit)
    # The page has all rows, and opens on those of the namespace.
    shown = whole if namespace is None or output == "html" else of_namespace(whole, namespace, limit)
    found = with_sensitive_ends(shown, old, new)
    if output == "html":
        _write_page(opened, old, new, level, found, namespace)
    else:
        _write(opened, found, output)
    return exit_code(found, fail_on)


def exit_code(found: Diff, fail_on: str) -> int:
    """The strongest of what holds; a partial input is never clean."""
    failed = {"any": not found.same, "widened": found.widened}.get(fail_on, False)
    return exits.strongest(
        (
            exits.FOUND if failed else exits.OK,
            exits.OK if found.decided else exits.UNDECIDED,
            exits.PARTIAL if found.partial else exits.OK,
        )
    )


def _write_page(opened: Opened, old: World, new: World, level: str, found: Diff, namespace: str | None) -> None:
    from ringfence.cli.loading import asking, write_lines
    from ringfence.reports.differences.sentences import verdict_line
    from ringfence.reports.html.changes import Difference
    from ringfence.reports.html.page import html_page
    from ringfence.verdict.matrix.pairing import paired_ends

    words = {} if namespace is None else {"with": f"={namespace}/*"}
    ends = "pod" if level == "pod" else "workload"
    with asking():
        states = [(word, one.matrix(ends, one.mesh is not None)) for word, one in (("before", old), ("after", new))]
        pairs = paired_ends(old.whole_relation.cluster, new.whole_relation.cluster, level == "pod")
    write_lines([html_page(states, opened.context, words, Difference(found, pairs)).removesuffix("\n")])
    opened.say([verdict_line(found)])


def _write(opened: Opened, found: Diff, output: str) -> None:
    from pathlib import Path

    from ringfence import __version__
    from ringfence.cli.checking import append_summary, locator
    from ringfence.cli.loading import write_lines
    from ringfence.reports.differences.formats import FINDING_FORMATS, lines_of
    from ringfence.reports.differences.sentences import verdict_line

    locate = locator(Path.cwd())
    write_lines(lines_of(output, found, opened.context, opened.out, locate, __version__))
    if output in FINDING_FORMATS:
        opened.say([verdict_line(found)])
    if output == "github":
        append_summary(lines_of("md", found, opened.context, opened.out, locate, __version__))
