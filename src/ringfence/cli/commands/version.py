"""``ringfence version``."""

from __future__ import annotations

import click

from ringfence import __version__


@click.command()
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def version(output: str) -> int:
    """Print the version."""
    if output == "json":
        click.echo(f'{{"version": "{__version__}"}}')
    else:
        click.echo(f"ringfence {__version__}")
    return 0
