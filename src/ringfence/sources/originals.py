"""What stands on a line of the input, where the file of a place cannot be opened again under its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ringfence.model.provenance import Place
from ringfence.sources.source_lines import line_of_text, source_line

MOST_KEPT = 64 << 20
"""Bytes of texts that are kept for explanations."""


class Originals(Mapping[str, bytes | None]):
    """Texts by the name that places give them: files of a revision, and what programs rendered. None: the text is not
    at hand (a snapshot keeps the places of what it was made of, not its text), and a file that happens to have this
    name here is another one."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes | None] = {}
        self._size = 0

    def keep(self, file: str, text: bytes | None) -> None:
        """Remembers a text, as long as there is room."""
        if text is not None and self._size + len(text) > MOST_KEPT:
            text = None
        self._size += len(text or b"")
        self._texts[file] = text

    def __getitem__(self, file: str) -> bytes | None:
        return self._texts[file]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def line_at(place: Place, originals: Mapping[str, bytes | None]) -> str | None:
    """The line that a place stands on, without its end; None where it cannot or must not be shown (see
    ``ringfence.sources.source_lines``)."""
    if place.file not in originals:
        return source_line(place.file, place.line)
    text = originals[place.file]
    return None if text is None else line_of_text(text, place.file, place.line)
