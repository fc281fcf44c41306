"""Runs the application and turns every way in which it can end into an exit code and at most one clear message."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from ringfence.cli import exits

DEBUG_VARIABLE = "RINGFENCE_DEBUG"


def run(arguments: Sequence[str], program: str) -> int:
    """The exit code. Writes messages to stderr and never raises."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            code = _invoke(arguments, program)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        _point_at_nothing(sys.stdout)
        return exits.BROKEN_PIPE
    except (KeyboardInterrupt, click.Abort):
        return exits.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return exits.USAGE
    except OSError as error:
        _say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
        return exits.USAGE
    except Exception as error:
        return _internal(error)
    return code


def _invoke(arguments: Sequence[str], program: str) -> int:
    from ringfence.cli.application import COMPLETION_VARIABLE, application

    instruction = os.environ.get(COMPLETION_VARIABLE)
    if instruction:
        from click.shell_completion import shell_complete

        return shell_complete(application, {}, program, COMPLETION_VARIABLE, instruction)
    try:
        # Not application.main(): that would answer a broken pipe with exit code 1.
        with application.make_context(program, list(arguments)) as context:
            result = application.invoke(context)
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    return result if isinstance(result, int) else exits.OK


def _internal(error: Exception) -> int:
    if os.environ.get(DEBUG_VARIABLE) == "1":
        import traceback

        traceback.print_exc()
    words = str(error).splitlines()
    what = f"{type(error).__name__}: {words[0]}" if words else type(error).__name__
    _say(
        f"internal error: {what[:300]!a}; please report it with the input that causes it "
        f"({DEBUG_VARIABLE}=1 shows where)"
    )
    return exits.INTERNAL


def _say(message: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(message + "\n")


def _point_at_nothing(stream: TextIO) -> None:
    """The reader has gone: nothing may be flushed to it when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError):
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, stream.fileno())
