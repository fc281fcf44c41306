"""``ringfence profile``."""

from __future__ import annotations

import click

from ringfence.cli import exits
from ringfence.cli.options import Shared, shared_options
from ringfence.cli.profile_names import complete_profile


@click.command(short_help="Print what a network plugin does, or which one the input shows.")
@click.argument("name", metavar="[NAME[@VERSION]]", required=False, shell_complete=complete_profile)
@click.option("--detect", is_flag=True, help="Say which plugin the input (-f) shows, and by what.")
@click.option("-o", "--output", type=click.Choice(["text", "json", "yaml"]), default="text", show_default=True)
@shared_options()
def profile(shared: Shared, name: str | None, detect: bool, output: str) -> int:
    """Print the profile of a network plugin: what it does with what the specifications leave open, which gaps it has,
    and where each answer stands. Without NAME: all profiles, one a line.

    With --detect: the plugin that the input shows by its own DaemonSets, pods, ConfigMaps and Nodes, with the
    settings that were seen and the nodes that it does not cover. Answers go by it wherever --cni is not given.

    \b
    Exit codes: 0, or 3 if the input was partial; 2 usage, an unknown profile or version, or no object.
    """  # noqa: D301 - click's mark for lines to keep as they are
    if detect and name is not None:
        raise click.UsageError("--detect finds the profile itself: leave NAME away")
    if detect:
        return _detect(shared, output)
    if shared.sources() or shared.cni is not None:
        raise click.UsageError("-f, -k, --helm and --cni only go with --detect")
    import sys

    from ringfence.cli.errors import CommandError
    from ringfence.cli.loading import write_lines
    from ringfence.cli.options import use_color
    from ringfence.layers.profiles import PROFILES, ProfileError, find
    from ringfence.reports.profiles import list_lines, profile_lines, profiles_document
    from ringfence.reports.style import Style

    try:
        chosen = [find(name)] if name is not None else list(PROFILES.values())
    except ProfileError as error:
        raise CommandError(str(error), error.hint) from error
    if output != "text":
        _write_document(profiles_document(chosen), output)
    else:
        style = Style(use_color(shared.color, sys.stdout))
        write_lines(profile_lines(chosen[0], style) if name is not None else list_lines(chosen, style))
    return exits.OK


def _detect(shared: Shared, output: str) -> int:
    from ringfence.cli.loading import open_world, write_lines
    from ringfence.reports.profiles import detection_document, detection_lines

    opened = open_world(shared)
    choice, seen = opened.world.choice, opened.world.cluster.plugin
    if output == "text":
        write_lines(detection_lines(choice, seen, opened.out))
    else:
        _write_document(detection_document(choice, seen, opened.context), output)
    return exits.PARTIAL if opened.context.partial else exits.OK


def _write_document(document: object, output: str) -> None:
    from ringfence.cli.loading import write_lines
    from ringfence.reports.structured import json_text, yaml_text

    write_lines([json_text(document) if output == "json" else yaml_text(document)])
