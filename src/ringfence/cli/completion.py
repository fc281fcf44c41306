"""Completion for ``kubectl ringfence``: kubectl runs ``kubectl_complete-ringfence`` with the words so far, the last of
them unfinished, and reads a candidate a line and then a directive (github.com/spf13/cobra, shell completions)."""

from __future__ import annotations

import sys
from collections.abc import Sequence

FILES = 0
"""Cobra's ShellCompDirectiveDefault: let the shell complete file names."""
NO_FILES = 4
"""Cobra's ShellCompDirectiveNoFileComp: these candidates and no file names."""


def candidates(arguments: Sequence[str]) -> tuple[list[str], int]:
    """Candidates (with a help text behind a tab) and the directive."""
    from click.shell_completion import ShellComplete

    from ringfence.cli.application import COMPLETION_VARIABLE, application

    *before, unfinished = arguments or [""]
    completer = ShellComplete(application, {}, "kubectl ringfence", COMPLETION_VARIABLE)
    found = completer.get_completions(list(before), unfinished)
    if any(item.type in ("file", "dir") for item in found):
        return [], FILES
    return [f"{item.value}\t{item.help}" if item.help else str(item.value) for item in found], NO_FILES


def complete_kubectl() -> None:
    """The console script. Says nothing rather than an error."""
    try:
        lines, directive = candidates(sys.argv[1:])
    except Exception:
        lines, directive = [], NO_FILES
    sys.stdout.write("".join(f"{line}\n" for line in lines) + f":{directive}\n")
