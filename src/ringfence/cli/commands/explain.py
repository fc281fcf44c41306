"""``ringfence explain``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.options import Shared, shared_options
from ringfence.cli.request_options import request_of, request_options


@click.command(short_help="Show why, and the smallest edit that flips it.")
@click.argument("source", metavar="SRC", shell_complete=complete_end)
@click.argument("destination", metavar="DST", shell_complete=complete_end)
@click.argument("port", metavar="[PORT[/PROTO]]", required=False)
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True)
@request_options
@shared_options()
def explain(
    shared: Shared,
    source: str,
    destination: str,
    port: str | None,
    output: str,
    http: str | None,
    host: str | None,
    headers: tuple[str, ...],
    claims: tuple[str, ...],
    identity: str | None,
) -> int:
    """Why may SRC connect to DST, or why not?

    Shows, for each direction and tier, every policy that selects the end and every rule that matches or fails, with
    the line that says so, and the smallest edit that flips the verdict with all other flows that it would change.
    With a service mesh: what every layer says on every hop, and what the client will see.
    Ends, PORT, the request and exit codes are those of "ringfence can".
    """
    from ringfence.cli.loading import asking, open_world, write_lines
    from ringfence.cli.questions import parse_port
    from ringfence.reports.explanation_text import explanation_lines

    number, protocol = parse_port(port)
    with asking():
        request = request_of(http, host, headers, claims, identity)
    opened = open_world(shared)
    with asking():
        explanation = opened.world.explain(
            source, destination, number, protocol, namespace=shared.namespace, request=request
        )
    if output == "text":
        write_lines(explanation_lines(explanation, opened.context, opened.out))
    else:
        from ringfence.reports.documents import explanation_document
        from ringfence.reports.structured import json_text, yaml_text

        document = explanation_document(explanation, opened.context)
        write_lines([json_text(document) if output == "json" else yaml_text(document)])
    return exits.of_answer(explanation.answer.verdict, opened.context.partial or explanation.answer.partial)
