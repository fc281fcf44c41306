"""``ringfence completion``."""

from __future__ import annotations

import click

from ringfence.cli.application import COMPLETION_VARIABLE

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    \b
      bash:  source <(ringfence completion bash)
      zsh:   source <(ringfence completion zsh)
      fish:  ringfence completion fish | source

    kubectl completes "kubectl ringfence" by itself, through kubectl_complete-ringfence.
    """  # noqa: D301 - click's mark for lines to keep as they are
    from click.shell_completion import ShellComplete, get_completion_class

    from ringfence.cli.application import application

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell!a}")
    # The base class writes the script; the one of bash would first run bash to ask for its version.
    click.echo(ShellComplete.source(found(application, {}, "ringfence", COMPLETION_VARIABLE)))
    return 0
