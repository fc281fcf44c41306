"""The application: its commands by name, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from ringfence import __version__

COMPLETION_VARIABLE = "_RINGFENCE_COMPLETE"

COMMANDS = {
    "can": "ringfence.cli.commands.can:can",
    "map": "ringfence.cli.commands.map:map_",
    "explain": "ringfence.cli.commands.explain:explain",
    "coverage": "ringfence.cli.commands.coverage:coverage",
    "exposure": "ringfence.cli.commands.exposure:exposure",
    "blast-radius": "ringfence.cli.commands.blast_radius:blast_radius",
    "paths": "ringfence.cli.commands.paths:paths",
    "check": "ringfence.cli.commands.check:check",
    "rule": "ringfence.cli.commands.rule:rule",
    "diff": "ringfence.cli.commands.diff:diff",
    "equivalent": "ringfence.cli.commands.equivalent:equivalent",
    "profile": "ringfence.cli.commands.profile:profile",
    "snapshot": "ringfence.cli.commands.snapshot:snapshot",
    "demo": "ringfence.cli.commands.demo:demo",
    "schema": "ringfence.cli.commands.schema:schema",
    "completion": "ringfence.cli.commands.completion:completion",
    "version": "ringfence.cli.commands.version:version",
}


class LazyGroup(click.Group):
    """A group that knows the names of its commands and imports one when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, None if there is none of that name."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is not a command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Adds the nearest name to the message about a command that there is not."""
        name = args[0] if args else ""
        if args and name not in COMMANDS and not name.startswith("-"):
            from ringfence.cli.errors import did_you_mean

            raise click.UsageError(f"No such command {name!a}: {did_you_mean(name, list(COMMANDS))}", ctx)
        return super().resolve_command(ctx, args)


EPILOG = """\b
Exit codes: 0 allowed, clean; 1 denied, mixed, findings; 2 usage, or no Kubernetes object in the input;
3 the input was partial; 4 cluster access; 5 undecided; 70 internal error.
"""


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.version_option(__version__, message="ringfence %(version)s")
def application() -> None:
    """Who can talk to whom inside a Kubernetes cluster, computed exactly from its manifests.

    \b
      ringfence can shop/web shop/db 5432 -f manifests/
      ringfence explain shop/web shop/db 5432 -f manifests/
      ringfence map -f manifests/
      ringfence check manifests/
      kubectl get pods,deploy,svc,ns,netpol,nodes -A -o json | ringfence map -f -
    """  # noqa: D301 - click's mark for lines to keep as they are
