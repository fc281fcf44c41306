"""The line of a file that a place stands on, for the traces of ``explain``."""

from __future__ import annotations

from ringfence.model.provenance import Place
from ringfence.sources.source_lines import source_line


def snippet(place: Place) -> str | None:
    """The line, or None where the input is not a file that can be read again (stdin), has no such line, or where the
    line is, or could be, one of a Secret."""
    return source_line(place.file, place.line)
