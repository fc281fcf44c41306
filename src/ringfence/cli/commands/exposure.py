"""``ringfence exposure``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.ingress_controller import ingress_controller_option
from ringfence.cli.options import Shared, shared_options


@click.command(short_help="Say what the internet, nodes, other namespaces and new pods reach.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="WORKLOAD",
    shell_complete=complete_end,
    help="Also find the fewest labels that reach it; repeatable. Workloads with the label"
    " ringfence.dev/sensitivity are targets already.",
)
@ingress_controller_option()
@click.option("--limit", type=click.IntRange(min=1), metavar="ROWS", help="At most so many rows; the rest is counted.")
@click.option("-o", "--output", type=click.Choice(["table", "json", "md"]), default="table", show_default=True)
@shared_options()
def exposure(shared: Shared, targets: tuple[str, ...], controller: str | None, limit: int | None, output: str) -> int:
    """What reaches the workloads from beyond their namespace, and what they reach there.

    The internet, other addresses outside, nodes, other namespaces, the metadata service of clouds, and pods that do not
    exist yet with labels that their maker chooses. A row means that some end behind each peer and some pod of each
    workload can; unknown means possibly, and counts as reachable for an attacker.

    Then the ways in from outside, hop by hop: ports of nodes, load balancers, Ingresses, Routes and Gateways, through
    the policies of each hop, and routes that cannot work.

    \b
    Exit codes: 0; 2 usage or no object; 3 the input was partial.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from ringfence.cli.loading import asking, open_world, say_profile, write_lines

    opened = open_world(shared)
    with asking():
        found = opened.world.exposure(targets, limit, shared.namespace)
        ways = opened.world.ways_in(controller)
    if output == "json":
        from ringfence.reports.exposure_documents import exposure_document
        from ringfence.reports.structured import json_text

        write_lines([json_text(exposure_document(found, opened.context, ways))])
    else:
        from ringfence.reports.exposure_text import sections
        from ringfence.reports.sections import markdown_section_lines, text_lines
        from ringfence.reports.ways_in_text import ways_sections

        report = [*sections(found), *ways_sections(ways)]
        write_lines(text_lines(report, opened.out) if output == "table" else markdown_section_lines(report))
    say_profile(opened)
    return exits.PARTIAL if opened.context.partial else exits.OK
