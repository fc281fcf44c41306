"""A YAML text of one or many documents to data and positions: plain ones the short way, others by the parser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ringfence.model.problems import Problem
from ringfence.sources.documents import Parsed
from ringfence.sources.yaml_plain import NotPlain, read_plain
from ringfence.sources.yaml_positions import YamlPositions

if TYPE_CHECKING:
    from ringfence.sources.yaml_events import Harvest
    from ringfence.sources.yaml_parser import ParserReader

_MARKER = "\n---"
_AFTER_MARKER = (" ", "\n", "\t", "\r", "")
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_LONGEST = 1 << 20
"""Characters of a document that is tried the short way: the parser reduces the pods of a longer one as it goes."""
_TRIES = 4
"""Documents of which none is plain: then the rest of the text is not tried."""


def read_yaml(text: str, file: str, big: bool = False) -> tuple[list[Parsed], list[Problem]]:
    """The documents of a text that is not empty, and what was wrong with others. Never raises for any text.

    ``big``: pods are reduced to what matters of them, see ``pod_harvest``.
    """
    reader = _Reader(file, big)
    if text.startswith(("%", "...")) or "\n%" in text or "\n..." in text:
        # Directives and ends of documents tie documents together.
        reader.parse(text, 0)
    else:
        reader.read(text)
    return reader.found, reader.problems


class _Reader:
    def __init__(self, file: str, big: bool) -> None:
        self.file = file
        self.found: list[Parsed] = []
        self.problems: list[Problem] = []
        self._harvest: Harvest | None = None
        if big:
            from ringfence.sources.pod_harvest import PodHarvest

            self._harvest = PodHarvest(file, self.problems)
        self._parser: ParserReader | None = None

    def read(self, text: str) -> None:
        """Documents that stand together and are not plain go to the parser in one piece."""
        plain = odd = 0
        odd_from = -1
        odd_line = line = counted = 0
        for begin, end in _documents(text):
            line += _lines(text, counted, begin)
            counted = begin
            if (odd < _TRIES or plain) and end - begin <= _LONGEST:
                try:
                    value, start, marks = read_plain(text[begin:end], line)
                except NotPlain:
                    odd += 1
                else:
                    plain += 1
                    if odd_from >= 0:
                        self.parse(text[odd_from:begin], odd_line)
                        odd_from = -1
                    if value is not None:
                        if self._harvest is not None:
                            value = self._harvest(value, start, marks)
                        self.found.append(Parsed(value, YamlPositions(self.file, value, start, marks)))
                    continue
            if odd_from < 0:
                odd_from, odd_line = begin, line
        if odd_from >= 0:
            self.parse(text[odd_from:], odd_line)

    def parse(self, text: str, first_line: int) -> None:
        """Some documents, by the parser."""
        if self._parser is None:
            from ringfence.sources.yaml_parser import ParserReader

            self._parser = ParserReader(self.file, self.found, self.problems, self._harvest)
        self._parser.read(text, first_line)


def _documents(text: str) -> Iterator[tuple[int, int]]:
    """Where documents begin and end: each with the line ``---`` above it."""
    begin = 0
    at = text.find(_MARKER)
    while at >= 0:
        if text[at + 4 : at + 5] in _AFTER_MARKER:
            yield begin, at + 1
            begin = at + 1
        at = text.find(_MARKER, at + 1)
    yield begin, len(text)


def _lines(text: str, begin: int, end: int) -> int:
    """How many lines end in a part of a text."""
    part = text[begin:end]
    if part.isascii() and "\r" not in part:
        return part.count("\n")
    return sum(1 for _ in _LINE_END.finditer(part))
