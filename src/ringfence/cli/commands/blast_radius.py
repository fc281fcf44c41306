"""``ringfence blast-radius``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.ingress_controller import ingress_controller_option
from ringfence.cli.options import Shared, shared_options


@click.command("blast-radius", short_help="Say what somebody reaches who holds a workload.")
@click.argument("source", metavar="SRC", shell_complete=complete_end)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="WORKLOAD",
    shell_complete=complete_end,
    help="Something that must not be reached; repeatable. Workloads with the label ringfence.dev/sensitivity are"
    " targets already.",
)
@click.option("--fail-on-path", is_flag=True, help="Exit with 1 where a way leads to a target, if only possibly.")
@click.option("--no-edits", is_flag=True, help="Do not look for the edits of the cut.")
@ingress_controller_option()
@click.option("--limit", type=click.IntRange(min=1), metavar="ROWS", help="At most so many rows; the rest is counted.")
@click.option("-o", "--output", type=click.Choice(["table", "json", "md"]), default="table", show_default=True)
@shared_options()
def blast_radius(
    shared: Shared,
    source: str,
    targets: tuple[str, ...],
    fail_on_path: bool,
    no_edits: bool,
    controller: str | None,
    limit: int | None,
    output: str,
) -> int:
    """What somebody reaches who holds SRC, and every workload that he reaches from there.

    SRC is anything that "ringfence can" takes as a source: a workload, internet, app=x@NS (a pod that does not exist).
    In a mesh NS/serviceaccount/NAME or spiffe://... is a stolen identity: who has it may be in any pod.
    From internet the steps go by the ways in that the input shows (see "ringfence exposure"), if it shows any.
    The tree has each workload once, where it is reached first, with the ports of that step and what allows it.
    Steps that are not decided count, and are marked: possibly. For targets: the shortest ways there, and the cheapest
    set of steps to cut (by the flows that are lost, exact), each with the smallest edit that removes just that step.

    \b
    Exit codes: 0; 1 with --fail-on-path; 2 usage or no object; 3 the input was partial.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from ringfence.cli.loading import asking, open_world, say_profile, write_lines

    opened = open_world(shared)
    with asking():
        found = opened.world.blast_radius(source, targets, limit, shared.namespace, not no_edits, controller)
    if output == "json":
        from ringfence.reports.blast_radius_documents import blast_radius_document
        from ringfence.reports.structured import json_text

        write_lines([json_text(blast_radius_document(found, opened.context))])
    else:
        from ringfence.reports.blast_radius_text import sections
        from ringfence.reports.sections import markdown_section_lines, text_lines

        report = sections(found)
        write_lines(text_lines(report, opened.out) if output == "table" else markdown_section_lines(report))
    say_profile(opened)
    codes = [exits.PARTIAL] if opened.context.partial else []
    if fail_on_path and found.path_to_target:
        codes.append(exits.FOUND)
    return exits.strongest(codes)
