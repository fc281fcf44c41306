"""Messages that end a command: what is wrong and, on a second line, how to mend it."""

from __future__ import annotations

import sys
from typing import IO, Any

import click

from ringfence.model.text import printable


class CommandError(click.ClickException):
    """The command cannot be answered; exit code 2."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def show(self, file: IO[Any] | None = None) -> None:
        """Writes ``error: …`` and the hint to stderr."""
        stream = file or sys.stderr
        stream.write(f"error: {printable(self.message)}\n")
        if self.hint:
            stream.write(f"  hint: {printable(self.hint)}\n")


def did_you_mean(word: str, known: tuple[str, ...] | list[str]) -> str:
    """``did you mean api?``, or the list of what is known when nothing is near."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
