"""``ringfence map``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.options import Shared, shared_options

if TYPE_CHECKING:
    from ringfence.cli.loading import Opened
    from ringfence.verdict.answers import Connections

TEXT_FORMATS = ("table", "wide")


class Listed(NamedTuple):
    """What a list holds: names of which level, what all layers say or one alone, and whether also what is denied."""

    level: str
    layer: str
    denied: bool


@click.command("map", short_help="List all connections that are allowed.")
@click.option("--from", "source", metavar="SRC", shell_complete=complete_end, help="Only connections of this source.")
@click.option(
    "--to", "destination", metavar="DST", shell_complete=complete_end, help="Only connections to this destination."
)
@click.option(
    "--with",
    "either_end",
    metavar="END",
    shell_complete=complete_end,
    help="Only connections with this end on either side.",
)
@click.option(
    "--layer",
    type=click.Choice(["all", "network", "transport", "requests"]),
    default="all",
    show_default=True,
    help="What one layer alone would allow.",
)
@click.option("--denied", is_flag=True, help="Also list what is denied, with the layer that denies first.")
@click.option("--level", type=click.Choice(["pod", "workload", "namespace"]), default="workload", show_default=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="ROWS", help="At most so many rows; the rest is counted.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "yaml", "csv", "md", "dot", "html"]),
    default="table",
    show_default=True,
)
@shared_options(selector=True)
def map_(
    shared: Shared,
    source: str | None,
    destination: str | None,
    either_end: str | None,
    layer: str,
    denied: bool,
    level: str,
    limit: int | None,
    output: str,
) -> int:
    """List every connection that is allowed, or unknown, between the ends of the input.

    A row means every source to every destination on every port of it (mixed: only some of the pods behind the names);
    what no row holds is denied. The table writes a
    whole namespace as NS/* and counts what a cell has no room for; -o wide names all and adds the reasons. csv has a
    line a pair. -n and -l limit the rows that are shown, never what is analysed. html is a page of its own, for a
    browser: the whole matrix, with the reasons of each cell; -n, --from, --to, --with and --layer are what it opens
    with.

    With a mesh in the input a row also tells how it is encrypted, as whom the source is known, and what each layer
    says; the layer that denies, leaves open or lets pass only some stands behind the verdict.

    \b
    Exit codes: 0, or 3 if the input was partial; 2 usage or no object.
    """  # noqa: D301 - click's mark for lines to keep as they are
    if either_end is not None and (source is not None or destination is not None):
        raise click.UsageError("--with means either side: give it alone, or --from and --to")
    if output == "html":
        if denied:
            raise click.UsageError("-o html shows what is denied anyway: leave --denied out")
        return _page(shared, level, {"from": source, "to": destination, "with": either_end}, limit, layer)
    from ringfence.cli.loading import open_world, write_lines
    from ringfence.cli.progress import progress
    from ringfence.reports.connections import FORMATS
    from ringfence.reports.table import footer_lines

    selector = None
    if shared.selector is not None:
        from ringfence.cli.selectors import parse_selector

        try:
            selector = parse_selector(shared.selector)
        except ValueError as error:
            raise click.UsageError(f"-l: {error}") from error
    opened = open_world(shared, overview=True)
    # A filter of ours comes after the list is made, and the limit after the filter.
    asked_limit = None if selector is not None or either_end is not None else limit
    with progress("working out who reaches whom", shared.quiet):
        asked = Listed(level, "" if layer == "all" else layer, denied)
        found = _connections(opened, shared, asked, source, destination, either_end, asked_limit)
    from ringfence.cli.rows import limited, selected_ends, with_either_end

    if selector is not None:
        from ringfence.values import replace

        ends = selected_ends(opened.world.cluster, selector, level)
        found = replace(found, rows=tuple(with_either_end(found.rows, ends)))
    found = limited(found, limit)
    write_lines(FORMATS[output](found, opened.context, opened.out))
    if output in TEXT_FORMATS:
        opened.say(footer_lines(found))
        opened.say([_profile(opened)])
    elif found.left_out:
        opened.say([f"{found.left_out} more rows are left out (--limit)"])
    return exits.PARTIAL if opened.context.partial or found.partial else exits.OK


def _page(shared: Shared, level: str, ends: dict[str, str | None], limit: int | None, layer: str) -> int:
    if limit is not None or shared.selector is not None:
        raise click.UsageError("-o html shows everything: --limit and -l are for lists (the page has a search box)")
    from ringfence.cli.loading import open_world, write_lines
    from ringfence.cli.pages import map_page

    opened = open_world(shared, overview=True)
    write_lines([map_page(opened, level, None if shared.all_namespaces else shared.namespace, ends, layer)])
    return exits.PARTIAL if opened.context.partial else exits.OK


def _profile(opened: Opened) -> str:
    from ringfence.reports.answer_text import profile_text

    return opened.err.faint(profile_text(opened.context))


def _connections(
    opened: Opened,
    shared: Shared,
    asked: Listed,
    source: str | None,
    destination: str | None,
    either_end: str | None,
    limit: int | None,
) -> Connections:
    from ringfence.cli.loading import asking
    from ringfence.cli.rows import either

    namespace = None if shared.all_namespaces else shared.namespace
    connections = partial(
        opened.world.connections, level=asked.level, namespace=namespace, layer=asked.layer, denied=asked.denied
    )
    with asking():
        if either_end is None:
            return connections(source=source, destination=destination, limit=limit)
        return either(connections(source=either_end), connections(destination=either_end))
