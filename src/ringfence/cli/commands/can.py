"""``ringfence can``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ringfence.cli import exits
from ringfence.cli.ends_completion import complete_end
from ringfence.cli.options import EVERY_PROFILE, Shared, shared_options
from ringfence.cli.request_options import request_of, request_options

if TYPE_CHECKING:
    from ringfence.verdict.meshed.request import Request


@click.command(short_help="Say whether a connection is allowed: one word for scripts.")
@click.argument("source", metavar="SRC", required=False, shell_complete=complete_end)
@click.argument("destination", metavar="DST", required=False, shell_complete=complete_end)
@click.argument("port", metavar="[PORT[/PROTO]]", required=False)
@click.option(
    "--flows",
    metavar="FILE|-",
    type=click.Path(allow_dash=True, dir_okay=False),
    help="Answer many questions: JSON Lines in, one line out for each.",
)
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default=None, help="Default: text.")
@request_options
@shared_options()
def can(
    shared: Shared,
    source: str | None,
    destination: str | None,
    port: str | None,
    flows: str | None,
    output: str | None,
    http: str | None,
    host: str | None,
    headers: tuple[str, ...],
    claims: tuple[str, ...],
    identity: str | None,
) -> int:
    """May SRC open a connection to DST on PORT?

    The first line of stdout is one word: allowed, denied, unknown or mixed. Where the flows of the question differ
    (ports, replicas, address families), a line for each kind of flow follows. Reasons, the objects that decided and
    the profile go to stderr; --quiet leaves them out.

    \b
    Ends:  NS/NAME (pod, controller or Service), NS/KIND/NAME, KIND/NAME with -n, node/NAME,
           an address or CIDR, internet, key=value,...@NS (a pod that does not exist)
    PORT:  a number or a name, /UDP or /SCTP behind it; icmp; without it: every port

    With --cni all the question is asked under the profile of every network plugin: a line for each answer
    with its plugins, and the facts that make the difference.

    In a cluster with a service mesh the verdict is that of all layers. --http, --host, --header, --jwt and --as ask
    about one request; without them the question covers all requests.

    With --flows each line is {"src", "dst", "port", "protocol"}; it comes back with "verdict", "reason" and
    "decided_by", or with "verdict": null and "error". A line may ask about a request: "method", "path", "host",
    "headers", "jwt", "as"; then, and with a mesh, "layers", "identity", "encryption", "symptom" and "hops" come too.

    \b
    Exit codes: 0 allowed, 1 denied or mixed, 2 usage or no object, 3 allowed but the input was
    partial, 5 unknown; --cni all: 1 if it is denied under any profile. With --flows: 2 if any
    line failed, else 3 if partial, else 0.
    """  # noqa: D301 - click's mark for lines to keep as they are
    asked_request = bool(http or host or headers or claims or identity)
    if flows is not None:
        if source is not None:
            raise click.UsageError("--flows takes its questions from the file: give no SRC, DST and PORT")
        if output not in (None, "json"):
            raise click.UsageError("--flows always writes JSON Lines: leave -o away")
        if shared.cni == EVERY_PROFILE:
            raise click.UsageError("--cni all answers one question: give SRC, DST and PORT")
        if asked_request:
            raise click.UsageError("--flows takes requests from its lines: leave --http and its like away")
        if flows == "-" and "-" in shared.filenames:
            raise click.UsageError("stdin cannot be both the manifests (-f -) and the questions (--flows -)")
        from ringfence.cli.flows import answer_flows

        return answer_flows(shared, flows)
    if source is None or destination is None:
        raise click.UsageError(f"Missing argument '{'DST' if source else 'SRC'}'.")
    if shared.cni == EVERY_PROFILE:
        if asked_request:
            raise click.UsageError("--cni all asks the network layer alone: leave --http and its like away")
        return _under_every_profile(shared, source, destination, port, output or "text")
    from ringfence.cli.loading import asking

    with asking():
        request = request_of(http, host, headers, claims, identity)
    return _one(shared, source, destination, port, output or "text", request)


def _one(shared: Shared, source: str, destination: str, port: str | None, output: str, request: Request | None) -> int:
    from ringfence.cli.loading import asking, open_world, write_lines
    from ringfence.cli.questions import parse_port
    from ringfence.reports.answer_text import detail_lines, verdict_lines

    number, protocol = parse_port(port)
    opened = open_world(shared)
    with asking():
        answer = opened.world.can(source, destination, number, protocol, namespace=shared.namespace, request=request)
    if output == "text":
        write_lines(verdict_lines(answer, opened.out))
        opened.say(detail_lines(answer, opened.context, opened.err))
    else:
        from ringfence.reports.documents import answer_document
        from ringfence.reports.structured import json_text, yaml_text

        document = answer_document(answer, opened.context)
        write_lines([json_text(document) if output == "json" else yaml_text(document)])
    return exits.of_answer(answer.verdict, opened.context.partial or answer.partial)


def _under_every_profile(shared: Shared, source: str, destination: str, port: str | None, output: str) -> int:
    from ringfence.cli.loading import asking, open_world, write_lines
    from ringfence.cli.questions import parse_port
    from ringfence.reports.portability import detail_lines, portability_document, table_lines
    from ringfence.values import replace

    number, protocol = parse_port(port)
    opened = open_world(replace(shared, cni=None))
    with asking():
        found = opened.world.portability(source, destination, number, protocol, namespace=shared.namespace)
    if output == "text":
        write_lines(table_lines(found, opened.out))
        opened.say(detail_lines(found, opened.err))
    else:
        from ringfence.reports.structured import json_text, yaml_text

        document = portability_document(found, opened.context)
        write_lines([json_text(document) if output == "json" else yaml_text(document)])
    return exits.of_answer(found.verdict, opened.context.partial or found.partial)
