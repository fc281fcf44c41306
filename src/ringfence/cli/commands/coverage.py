"""``ringfence coverage``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options

OUTPUTS = ("table", "wide", "concise", "json", "sarif", "junit", "github", "gitlab", "md")


@click.command(short_help="Say which workloads are closed, and what to do next.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Exit with 1 where fewer of the workloads are closed, in either direction.",
)
@click.option(
    "--direction",
    type=click.Choice(["both", "ingress", "egress"]),
    default="both",
    show_default=True,
    help="What --fail-under looks at.",
)
@click.option(
    "--layer",
    type=click.Choice(["network", "transport", "requests", "all"]),
    default="network",
    show_default=True,
    help="The layer that --fail-under looks at, and whose steps are told (without it: all steps); all: all of them"
    " together. Those of a mesh have ingress only.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="NS[/NAME]",
    help="Leave a namespace or a workload out of the figure (* and ? allowed); repeatable, and printed with it.",
)
@click.option(
    "--limit", type=click.IntRange(min=1), metavar="ROWS", help="At most so many workloads, steps or findings each."
)
@click.option("-o", "--output", type=click.Choice(OUTPUTS), default="table", show_default=True)
@shared_options()
def coverage(
    shared: Shared,
    fail_under: float | None,
    direction: str,
    layer: str,
    exclude: tuple[str, ...],
    limit: int | None,
    output: str,
) -> int:
    """How many workloads are closed in each direction, how tightly, and what to do next, the worst first.

    A direction of a workload is open if any address or any namespace gets through on any port, whether or not a policy
    selects it ("any": more than half). Unknown and unenforced (hostNetwork) do not count as closed; they are told
    apart. The default of a namespace is a proof over any labels that a new pod might carry. With -n the figure is that
    of one namespace; everything is looked at nevertheless.

    In a mesh the ingress of TCP is measured for each layer, too: transport (closed: most ports ask for a proof of
    identity), requests (closed: whom no policy names is not authorized), and all layers together.

    -o wide has all that gets through to each workload in each layer of a mesh; the table has the widest of it.

    -o sarif, junit, github, gitlab and concise have a finding for each workload and direction that is open and for each
    default that is; -o md is a comment for a pull request.

    \b
    Exit codes: 0; 1 below --fail-under, or nothing to measure with it; 2 usage or no object; 3 the input was partial.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from pathlib import Path

    from ringfence import __version__
    from ringfence.cli.checking import append_summary, locator
    from ringfence.cli.loading import namespace_of_input, open_world, say_profile, write_lines
    from ringfence.reports.coverage.formats import FINDING_FORMATS, lines_of
    from ringfence.reports.coverage.text import headline_lines

    opened = open_world(shared)
    if layer != "network" and opened.world.mesh is None:
        raise click.UsageError(f"there is no layer {layer}: the input shows no mesh")
    if layer != "network" and direction == "egress":
        raise click.UsageError(f"--layer {layer} has no egress: nothing that a client's own side does closes anything")
    found = opened.world.coverage(exclude=exclude)
    given = click.get_current_context().get_parameter_source("layer")
    if given is not click.core.ParameterSource.DEFAULT and layer != "all" and output not in FINDING_FORMATS:
        found = found.with_steps_of(layer)
    namespace = namespace_of_input(opened, shared)
    if namespace is not None:
        found = found.within(namespace)
    locate = locator(Path.cwd())
    write_lines(lines_of(output, found, opened.context, opened.out, locate, __version__, limit))
    if output in FINDING_FORMATS:
        opened.say(headline_lines(found))
    if output == "github":
        append_summary(lines_of("md", found, opened.context, opened.out, locate, __version__))
    say_profile(opened)
    codes = [exits.PARTIAL] if opened.context.partial else []
    if fail_under is not None and layer != "network":
        if found.layer_percent(layer) < fail_under or not found.total:
            why = f"{layer} is below {fail_under:g}%" if found.total else f"{layer}: nothing was measured"
            opened.say([f"{why} (--fail-under)"])
            codes.append(exits.FOUND)
    elif fail_under is not None:
        from ringfence.model.policy import Direction

        for one in Direction:
            if direction in ("both", one.value) and (found.percent(one) < fail_under or not found.total):
                why = f"{one.value} is below {fail_under:g}%" if found.total else f"{one.value}: nothing was measured"
                opened.say([f"{why} (--fail-under)"])
                codes.append(exits.FOUND)
    return exits.strongest(codes)
