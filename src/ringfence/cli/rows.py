"""Rows limited to ends of interest: a row is a full rectangle, and so is each part of it that is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from ringfence.model.cluster import Cluster
from ringfence.sets.labels import Selector
from ringfence.values import replace
from ringfence.verdict.answers import Connections, Row


def with_either_end(rows: Iterable[Row], ends: Collection[str]) -> Iterator[Row]:
    """Every pair with an end in ``ends``, once: first those that start there, then those that only end there."""
    for row in rows:
        inside = tuple(source for source in row.sources if source in ends)
        if inside:
            yield replace(row, sources=inside)
        outside = tuple(source for source in row.sources if source not in ends)
        targets = tuple(destination for destination in row.destinations if destination in ends)
        if outside and targets:
            yield replace(row, sources=outside, destinations=targets)


def selected_ends(cluster: Cluster, selector: Selector, level: str) -> frozenset[str]:
    """The ends of a list at ``level`` that stand for a pod with matching labels, named as lists name them: a workload
    by its kind too where its namespace has two of that name, and pods one by one where a row means some of them."""
    pods = [pod for pod in cluster.pods if selector.matches(pod.labels)]
    if level == "namespace":
        return frozenset(pod.namespace for pod in pods)
    names = {f"{pod.namespace}/{pod.name}" for pod in pods}
    if level == "workload":
        homonyms = Counter((ref.namespace, ref.name) for ref in {pod.workload for pod in cluster.pods})
        for ref in {pod.workload for pod in pods}:
            alone = homonyms[ref.namespace, ref.name] == 1
            names.add(f"{ref.namespace}/{ref.name}" if alone else f"{ref.namespace}/{ref.kind.lower()}/{ref.name}")
    return frozenset(names)


def either(starting: Connections, ending: Connections) -> Connections:
    """The rows of both lists, each pair once: of ``ending`` only the pairs that ``starting`` does not hold already."""
    ends = frozenset(source for row in starting.rows for source in row.sources)
    rows = list(starting.rows)
    for row in ending.rows:
        outside = tuple(source for source in row.sources if source not in ends)
        if outside:
            rows.append(replace(row, sources=outside))
    return replace(starting, rows=tuple(rows))


def limited(connections: Connections, limit: int | None) -> Connections:
    """At most ``limit`` rows; the rest is counted."""
    if limit is None or len(connections.rows) <= limit:
        return connections
    left_out = connections.left_out + len(connections.rows) - limit
    return replace(connections, rows=connections.rows[:limit], left_out=left_out)
