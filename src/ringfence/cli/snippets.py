"""The line of a file that a place stands on, for the traces of ``explain``."""

from __future__ import annotations

from itertools import islice

from ringfence.model.provenance import Place

LONGEST = 1000
"""Bytes of a line that are looked at."""


def snippet(place: Place) -> str | None:
    """The line, or None where the input is not a file that can be read again (stdin) or has no such line.

    Reports only ask for places of policies and of what selects them, never for the data of a Secret.
    """
    if not place.line or place.file in ("", "-"):
        return None
    try:
        with open(place.file, "rb") as stream:
            line = next(islice(stream, place.line - 1, None), None)
    except OSError:
        return None
    return None if line is None else line[:LONGEST].decode("utf-8", "replace").rstrip("\r\n")
