"""``map -o html``: the page of a world, and the filters that it opens with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ringfence.cli.loading import Opened
    from ringfence.verdict.ends import Target
    from ringfence.verdict.matrix.values import Matrix
    from ringfence.world import World


def map_page(
    opened: Opened, level: str, namespace: str | None, ends: Mapping[str, str | None], layer: str = "all"
) -> str:
    """The whole page. ``ends``: what --from, --to and --with name, by the word of the filter that they become.
    ``layer``: the one whose verdicts it opens with."""
    from ringfence.cli.loading import asking
    from ringfence.reports.html.page import html_page

    world = opened.world
    with asking():
        matrix = world.matrix("pod" if level == "pod" else "workload", layered=True)
        filters = {key: " ".join(_terms(world, matrix, level, text, namespace)) for key, text in ends.items() if text}
    if namespace is not None and "with" not in filters:
        filters["with"] = f"={namespace}/*"
    if layer != "all":
        if layer not in matrix.layers:
            raise click.UsageError(f"the input shows no mesh, so there is no layer {layer!r}: leave --layer out")
        if len(matrix.layers) > 1:
            filters["layer"] = layer
    if level == "namespace":
        filters["open"] = ""
    return html_page([("now", matrix)], opened.context, filters)


def _terms(world: World, matrix: Matrix, level: str, text: str, namespace: str | None) -> Iterator[str]:
    """Words of a filter that mean just the ends of the page that an end of the command line names."""
    wanted = set(_names(world, world.lister.asker.directory.find(text, namespace), level))
    for number, end in enumerate(matrix.ends):
        if (end.name, "" if level == "pod" else end.kind) in wanted:
            yield f"#{number}" if any(letter.isspace() for letter in end.name) else f"={end.name}"


def _names(world: World, target: Target, level: str) -> Iterator[tuple[str, str]]:
    """(name, kind) of the ends of a matrix, as it names them; of pods one by one the name alone."""
    from ringfence.model.cluster import MACHINE

    lister = world.lister
    relation = lister.relation
    if target.service is not None or any(not isinstance(member.end, int) for member in target.members):
        raise click.UsageError(
            f"{target.text} is no row of the page: name a workload, a pod, a node or addresses of the input"
        )
    names = dict(zip(lister.workloads.refs, lister.workloads.texts, strict=True)) if level != "pod" else {}
    for member in target.members:
        for index in member.pods:
            pod = relation.cluster.pods[index]
            if level == "pod":
                yield f"{pod.namespace}/{pod.name}", ""
            else:
                yield names[pod.workload], pod.workload.kind
        if not member.pods:
            assert isinstance(member.end, int)
            sort = relation.end_class(member.end).sort
            kind = "Node" if sort == "node" else MACHINE if member.machine is not None else "Addresses"
            yield lister.asker.directory.other_name(member.end), "" if level == "pod" else kind
