"""``ringfence paths``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.ingress_controller import ingress_controller_option
from ringfence.cli.options import Shared, shared_options


@click.command(short_help="Show the shortest ways from one end to another.")
@click.argument("source", metavar="SRC", shell_complete=complete_end)
@click.argument("destination", metavar="DST", shell_complete=complete_end)
@click.option("--fail-on-path", is_flag=True, help="Exit with 1 where a way leads there, if only possibly.")
@ingress_controller_option()
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="WAYS",
    help="At most so many ways; the rest is counted.",
)
@click.option("-o", "--output", type=click.Choice(["table", "json", "md"]), default="table", show_default=True)
@shared_options()
def paths(
    shared: Shared,
    source: str,
    destination: str,
    fail_on_path: bool,
    controller: str | None,
    limit: int,
    output: str,
) -> int:
    """The shortest ways from SRC to DST, step by step through workloads, with what allows each step.

    Where a sure way exists, only sure ones are shown; else those that are possible. From internet they begin with the
    ways in that the input shows, if it shows any. SRC may be a stolen identity, as for "ringfence blast-radius".

    \b
    Exit codes: 0; 1 with --fail-on-path; 2 usage or no object; 3 the input was partial.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from ringfence.cli.loading import asking, open_world, say_profile, write_lines

    opened = open_world(shared)
    with asking():
        found = opened.world.paths(source, destination, limit, shared.namespace, controller)
    if output == "json":
        from ringfence.reports.blast_radius_documents import paths_document
        from ringfence.reports.structured import json_text

        write_lines([json_text(paths_document(found, opened.context))])
    else:
        from ringfence.reports.blast_radius_text import paths_sections
        from ringfence.reports.sections import markdown_section_lines, text_lines

        report = paths_sections(found)
        write_lines(text_lines(report, opened.out) if output == "table" else markdown_section_lines(report))
    say_profile(opened)
    codes = [exits.PARTIAL] if opened.context.partial else []
    if fail_on_path and found.ways:
        codes.append(exits.FOUND)
    return exits.strongest(codes)
