"""What a command is busy with, on a terminal's last line, from one second on. Anywhere else nothing is ever written.

The line is rewritten by a thread of its own, so that the engine needs no clock, and is gone before anything else is
written.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

AFTER = 1.0
"""Seconds before the first word."""
EVERY = 0.25
"""Seconds between two looks at the clock."""
CLEAR = "\r\x1b[K"

Tell = Callable[[str], None]
"""Says what is being done now. The words are ringfence's own, never of the input."""


def wanted(quiet: bool, stream: TextIO) -> bool:
    """Whether somebody is there to look: a terminal that can move its cursor, and no ``--quiet``."""
    return not quiet and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def progress(what: str, quiet: bool, stream: TextIO | None = None) -> Iterator[Tell | None]:
    """Tells what is being done while the block runs; gives None where nobody would see it."""
    target = sys.stderr if stream is None else stream
    if not wanted(quiet, target):
        yield None
        return
    import threading
    from time import monotonic

    doing = [what]
    done = threading.Event()
    began = monotonic()

    def show() -> None:
        if done.wait(AFTER):
            return
        while True:
            target.write(f"{CLEAR}{doing[0]} ... {monotonic() - began:.0f} s")
            target.flush()
            if done.wait(EVERY):
                target.write(CLEAR)
                target.flush()
                return

    def tell(words: str) -> None:
        doing[0] = words

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield tell
    finally:
        done.set()
        thread.join()
