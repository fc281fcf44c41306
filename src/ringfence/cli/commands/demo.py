"""``ringfence demo``."""

from __future__ import annotations

import click

from ringfence.cli.options import COLOR_HELP, use_color


@click.command(short_help="Tell the story of a bundled cluster.")
@click.option(
    "--write",
    "target",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Instead of the story: copy its manifests to DIR/cluster, DIR/fix (mended) and DIR/mesh, to play with.",
)
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", help=COLOR_HELP)
def demo(target: str | None, color: str) -> int:
    """Tell the story of a bundled cluster: who reaches its database, why, and how to mend it."""
    import sys

    if target is not None:
        return _write(target)
    from ringfence.demo.story import run

    return run(click.echo, use_color(color, sys.stdout))


def _write(target: str) -> int:
    from pathlib import Path

    from ringfence.demo.files import copy_cluster

    try:
        copies = copy_cluster(Path(target))
    except FileExistsError as error:
        raise click.UsageError(f"{error}; nothing was written") from error
    for copy in copies:
        click.echo(str(copy))
    return 0
