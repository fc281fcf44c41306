"""The formats of ``map``, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ringfence.reports.context import Context
from ringfence.reports.style import Style
from ringfence.verdict.answers import Connections

Format = Callable[[Connections, Context, Style], Iterator[str]]


def _table(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.table import table_lines

    return table_lines(connections, style)


def _wide(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.table import table_lines

    return table_lines(connections, style, wide=True)


def _json(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.documents import connections_document
    from ringfence.reports.structured import json_text

    yield json_text(connections_document(connections, context))


def _yaml(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.documents import connections_document
    from ringfence.reports.structured import yaml_text

    yield yaml_text(connections_document(connections, context))


def _csv(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.comma_separated import csv_lines

    return csv_lines(connections)


def _markdown(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.markdown import markdown_lines

    return markdown_lines(connections)


def _dot(connections: Connections, context: Context, style: Style) -> Iterator[str]:
    from ringfence.reports.dot import dot_lines

    return dot_lines(connections)


FORMATS: dict[str, Format] = {
    "table": _table,
    "wide": _wide,
    "json": _json,
    "yaml": _yaml,
    "csv": _csv,
    "md": _markdown,
    "dot": _dot,
}
"""Lines of stdout by the name that ``-o`` takes. Each imports its module when it is used."""
