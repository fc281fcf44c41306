"""From the options of a command to a world and what reports say about it; the problems go to stderr on the way."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from ringfence.cli.errors import CommandError
from ringfence.cli.options import Shared, use_color
from ringfence.cli.progress import progress
from ringfence.cli.settings import Settings, settings_of
from ringfence.model.text import printable
from ringfence.reports.context import Context, cluster_notices, mesh_notices
from ringfence.reports.style import Style
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.world import World

CURRENT_DIRECTORY = "."


class Opened(Value):
    """A world, what reports say beside their answers, and the colours of the two streams."""

    world: World
    context: Context
    out: Style
    err: Style
    quiet: bool
    settings: Settings

    def say(self, lines: Iterable[str]) -> None:
        """Writes details to stderr, unless they are not wanted."""
        if not self.quiet:
            write_lines(lines, sys.stderr)


@contextmanager
def asking() -> Iterator[None]:
    """Turns a name of an end that means nothing into a message with exit code 2."""
    from ringfence.verdict.ends import EndError

    try:
        yield
    except EndError as error:
        raise CommandError(str(error), error.hint) from error


def write_lines(lines: Iterable[str], stream: TextIO | None = None) -> None:
    """A line end after each; to stdout unless another stream is given."""
    write = (stream or sys.stdout).write
    for line in lines:
        write(f"{line}\n")


def namespace_of_input(opened: Opened, shared: Shared) -> str | None:
    """The namespace that -n limits a report to; None for all. Raises CommandError for one that the input lacks."""
    namespace = None if shared.all_namespaces else shared.namespace
    if namespace is not None and namespace not in opened.world.cluster.namespaces:
        from ringfence.cli.errors import did_you_mean

        raise CommandError(
            f"nothing in the input is in a namespace {namespace!a}",
            did_you_mean(namespace, sorted(opened.world.cluster.namespaces)),
        )
    return namespace


def say_profile(opened: Opened) -> None:
    """Which profile decided, on stderr."""
    from ringfence.reports.answer_text import profile_text

    opened.say([opened.err.faint(profile_text(opened.context))])


@contextmanager
def _mesh_settings() -> Iterator[None]:
    """Turns a mesh setting that cannot be used into a message with exit code 2."""
    try:
        yield
    except ValueError as error:
        if type(error).__name__ != "MeshSettingError":
            raise
        raise CommandError(str(error), getattr(error, "hint", "")) from error


NO_OBJECT = "name files or directories with -f, or pipe them in: kubectl get ... -o yaml | ringfence ... -f -"
"""What helps where an input holds nothing."""


def open_world(
    shared: Shared, overview: bool = False, settings: Settings | None = None, hint: str = NO_OBJECT
) -> Opened:
    """Reads the input. ``overview``: also says on stderr what was read and left aside, as ``--verbose`` does; documents
    always say it. ``settings``: those of another input, where two are compared. Raises CommandError, with ``hint``,
    when the input holds no Kubernetes object."""
    from ringfence.cli.snippets import snippet
    from ringfence.loading import load
    from ringfence.reports.problems import problem_lines

    own = settings is None
    settings = settings_of(shared) if settings is None else settings
    style = Style(use_color(shared.color, sys.stderr))
    sources = shared.sources() or (CURRENT_DIRECTORY,)
    if not shared.quiet:
        if not shared.sources():
            write_lines(
                [f"{style.paint('notice', 'notice')}: reading the current directory (-f names another)"], sys.stderr
            )
        if settings.file and own:
            write_lines([f"{style.paint('notice', 'notice')}: settings from {settings.file!a}"], sys.stderr)
    typing = "-" in sources and sys.stdin.isatty()
    with progress("reading", shared.quiet or typing) as tell, _mesh_settings():
        world = load(
            *sources,
            cni=settings.cni,
            chosen_by=settings.chosen_by,
            assume_no_labels=settings.assume_no_labels,
            pod_cidrs=settings.pod_cidrs,
            service_cidrs=settings.service_cidrs,
            node_cidrs=settings.node_cidrs,
            mesh_config=shared.mesh_config,
            istio_version=shared.istio_version,
            **({} if tell is None else {"tell": tell}),
        )
    problems = tuple(world.problems)
    notices = cluster_notices(world.cluster)
    write_lines(problem_lines(problems, style, shared.quiet), sys.stderr)
    if not shared.quiet:
        said = notices if overview or shared.verbose else mesh_notices(world.cluster)
        said = (*said, *world.choice.notices, *world.mesh_notices)
        write_lines((f"{style.paint('notice', 'notice')}: {printable(notice)}" for notice in said), sys.stderr)
    if not world.cluster.objects:
        names = ", ".join(map(str, sources))
        raise CommandError(
            f"no Kubernetes object in {names}",
            hint,
        )
    if world.partial:
        count = sum(problem.partial for problem in problems)
        noun = "problem" if count == 1 else "problems"
        warning = style.paint("warning", "warning")
        write_lines(
            [f"{warning}: the input was read in part ({count} {noun} above): answers speak of what was read"],
            sys.stderr,
        )
    context = Context(
        profile=world.profile.full_name,
        chosen_by=world.choice.chosen_by,
        partial=world.partial,
        problems=problems,
        notices=(*notices, *world.choice.notices, *world.mesh_notices),
        snippet=lambda place: snippet(place, world.originals),
    )
    return Opened(world, context, Style(use_color(shared.color, sys.stdout)), style, shared.quiet, settings)
