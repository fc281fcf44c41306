"""``ringfence equivalent``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options


@click.command(short_help="Say whether two states allow the same flows.")
@click.argument("before", metavar="A", type=click.Path(allow_dash=True))
@click.argument("after", metavar="B", type=click.Path(allow_dash=True))
@click.option(
    "--universal",
    is_flag=True,
    help="Compare the policies of both in every possible cluster, not only between the ends that the input has.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@shared_options()
def equivalent(shared: Shared, before: str, after: str, universal: bool, output: str) -> int:
    """Do A and B (files, directories, REV:PATH, snapshots, kustomize:DIR, helm:CHART: as with diff) allow the same?

    The first line of stdout is "equal", "A is within B" (everything that A allows B allows too, and more), "B is
    within A", "neither is within the other" or "not decided"; flows that tell them apart go to stderr.

    With --universal the answer holds for any pods, namespaces, nodes and addresses, also those to come: workloads of
    the input do not count, its policies alone do. What cannot be decided exactly is not decided.

    With a mesh all layers are compared, for clients as they are configured and for those who control their pods; what
    encrypts a flow does not count. With --universal, where objects of the mesh differ, a flow of A or B can show that
    they are "not equal"; else it is not decided.

    \b
    Exit codes: 0 equal, 1 otherwise, 2 usage or no object, 3 equal but the input was partial,
    5 not decided.
    """  # noqa: D301 - click's mark for lines to keep as they are
    if shared.filenames:
        raise click.UsageError("give the states as arguments, without -f")
    if before == after == "-":
        raise click.UsageError("stdin cannot be both states")
    from ringfence.cli.comparing import two_states
    from ringfence.cli.loading import write_lines
    from ringfence.verdict.equivalence import Order

    opened, old, new = two_states(shared, before, after)
    found = old.equivalent(new, universal)
    if output == "json":
        from ringfence.reports.differences.equivalence import equivalence_document
        from ringfence.reports.structured import json_text

        write_lines([json_text(equivalence_document(found, opened.context))])
    else:
        from ringfence.reports.differences.equivalence import order_line, witness_lines

        write_lines([order_line(found)])
        opened.say(witness_lines(found))
    codes = {Order.EQUAL: exits.OK, Order.UNDECIDED: exits.UNDECIDED}
    partial = exits.PARTIAL if opened.context.partial or found.partial else exits.OK
    return exits.strongest((codes.get(found.order, exits.FOUND), partial))
