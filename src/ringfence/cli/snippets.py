"""The line of a file that a place stands on, for the traces of ``explain``."""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.model.provenance import Place
from ringfence.sources.originals import line_at


def snippet(place: Place, originals: Mapping[str, bytes | None]) -> str | None:
    """The line, or None where the input is not a text that can be read again (stdin, a snapshot), has no such line, or
    where the line is, or could be, one of a Secret."""
    return line_at(place, originals)
