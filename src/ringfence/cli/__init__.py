"""The command line. Starting up imports next to nothing: each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import sys

PROGRAM = "ringfence"
KUBECTL_PROGRAM = "kubectl ringfence"
INTERRUPTED = 130


def main() -> None:
    """The console script ``ringfence``."""
    _start(PROGRAM)


def main_kubectl() -> None:
    """The console script ``kubectl-ringfence``, which kubectl runs for ``kubectl ringfence``."""
    _start(KUBECTL_PROGRAM)


def _start(program: str) -> None:
    if sys.argv[1:] in (["version"], ["--version"]):
        # The most frequent call of package managers and prompts: answered before click is imported.
        from ringfence import __version__

        sys.stdout.write(f"ringfence {__version__}\n")
        return
    # One command makes values that stay until it ends: collecting garbage would walk them for nothing.
    gc.disable()
    try:
        from ringfence.cli.running import run

        code = run(sys.argv[1:], program)
    except KeyboardInterrupt:
        # Before or after the command itself: while modules are imported, say.
        code = INTERRUPTED
    sys.exit(code)
