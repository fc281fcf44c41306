"""``ringfence schema``."""

from __future__ import annotations

import click

SCHEMAS = (
    "answer",
    "connections",
    "explanation",
    "coverage",
    "exposure",
    "blast-radius",
    "paths",
    "findings",
    "diff",
    "equivalence",
    "portability",
    "profiles",
    "detection",
)


@click.command(short_help="Print the JSON Schema of a document.")
@click.argument("name", type=click.Choice(SCHEMAS))
def schema(name: str) -> int:
    """Print the JSON Schema of a document: answer (can), connections (map), explanation (explain), findings (check),
    equivalence (equivalent), portability (can --cni all), profiles (profile), detection (profile --detect), or that of
    the command of the same name."""
    from importlib.resources import files

    text = (files("ringfence.reports") / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    click.echo(text, nl=False)
    return 0
