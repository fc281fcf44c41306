"""A YAML text, of many documents perhaps, to data and positions; a broken document costs only itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.sources.documents import Parsed
from ringfence.sources.yaml_events import Document, DocumentFault, Harvest, Remark, YamlStream
from ringfence.sources.yaml_positions import YamlPositions, unpacked
from ringfence.sources.yaml_words import in_plain_words

_DOCUMENT_START = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)
_LINE_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile(r"\\[uU](?:0000)?[dD][89a-fA-F]")
_TEMPLATE = re.compile(r"\{\{|\{%")
TEMPLATE_HINT = "this looks like a template: render it first (helm template, or the tool that it is written for)"
_LEFT_OUT = "this document is left out"
_LONGEST_NAME = 80


def parser_for(text: str) -> Any:
    """A parser of YAML events: libyaml's where PyYAML was built with it."""
    if yaml.__with_libyaml__:
        return yaml.CSafeLoader(text)
    return _PureParser(text)


class _PureParser(yaml.SafeLoader):
    """PyYAML's own parser, with what libyaml alone refuses."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        if _SURROGATE.search(text):
            raise MarkedYAMLError(problem="escape code", problem_mark=self.get_mark())


def read_yaml(text: str, file: str, big: bool = False) -> tuple[list[Parsed], list[Problem]]:
    """The documents of a text that is not empty, and what was wrong with others. Never raises for any text.

    ``big``: pods are reduced to what matters of them, see ``pod_harvest``.
    """
    reader = _Reader(file, big)
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

    def read(self, text: str) -> None:
        """All documents in one go; from the first that the parser refuses on, one by one."""
        resume = line = 0
        try:
            stream = YamlStream(parser_for(text), 0, self._harvest)
            for document in stream:
                self._take(document)
                resume, line = stream.resume, stream.resume_line
        except (YAMLError, DocumentFault):
            for chunk, first_line in _chunks(text, resume, line):
                self._read_chunk(chunk, first_line)

    def _read_chunk(self, chunk: str, first_line: int) -> None:
        try:
            for document in YamlStream(parser_for(chunk), first_line, self._harvest):
                self._take(document)
        except DocumentFault as fault:
            self._fault(fault, chunk, first_line)
        except YAMLError as error:
            self._refused(error, chunk, first_line)

    def _take(self, document: Document) -> None:
        value = document.value
        for remark in document.remarks:
            self.problems.append(self._remark(remark))
        if value is not None:
            positions = YamlPositions(self.file, value, document.start, document.marks)
            self.found.append(Parsed(value, positions))

    def _remark(self, remark: Remark) -> Problem:
        place = unpacked(self.file, remark.position)
        if remark.other is None:
            return Problem(place, remark.code, Severity.WARNING, remark.text, remark.hint)
        other = unpacked(self.file, remark.other)
        name = shown_key(remark.text)
        if remark.code == "duplicate-key":
            return duplicate_key(name, other, place)
        return Problem(
            place,
            remark.code,
            Severity.WARNING,
            f"<< gives {name} another value than line {other.line}, and stands below it; for Kubernetes, << counts",
            "write << before the fields that are to replace its own",
        )

    def _fault(self, fault: DocumentFault, text: str, first_line: int) -> None:
        hint = fault.hint
        if fault.code == "yaml-key" and _TEMPLATE.match(text, max(fault.mark.index - 1, 0)):
            hint = TEMPLATE_HINT
        self._report(fault.code, self._place(fault.mark, first_line), fault.text, hint)

    def _refused(self, error: YAMLError, chunk: str, first_line: int) -> None:
        if isinstance(error, ReaderError):
            found = _NOT_YAML.search(chunk)
            offset = found.start() if found else 0
            before = [match.end() for match in _LINE_END.finditer(chunk, 0, offset)]
            place = Place(self.file, first_line + len(before) + 1, offset - (before[-1] if before else 0) + 1)
            words, hint = in_plain_words("control characters are not allowed")
            self._report("yaml-syntax", place, words, hint)
            return
        mark = error.problem_mark or error.context_mark if isinstance(error, MarkedYAMLError) else None
        if mark is None:
            words, hint = in_plain_words(str(error))
            self._report("yaml-syntax", Place(self.file, first_line + 1), words, hint)
            return
        assert isinstance(error, MarkedYAMLError)
        words, hint = in_plain_words(error.problem or "")
        if "flow node" in (error.context or "") and mark.index >= len(chunk.rstrip()):
            words, hint = "a [ or { is not closed before the document ends", "close it"
        begun = error.context_mark
        if begun is not None and begun.line != mark.line:
            context = error.context or ""
            if "quoted scalar" in context:
                # Where the quotes open says more than where the text ends.
                words += f" (looked for up to line {mark.line + first_line + 1})"
                mark = begun
            elif "flow" in context:
                words += f" (it begins in line {begun.line + first_line + 1})"
        if chunk[mark.index : mark.index + 1] == "\t":
            words, hint = "a tab where YAML takes only spaces", "indent with spaces"
        if _TEMPLATE.search(chunk):
            hint = TEMPLATE_HINT
        self._report("yaml-syntax", self._place(mark, first_line), words, hint)

    def _place(self, mark: Mark, first_line: int) -> Place:
        return Place(self.file, mark.line + first_line + 1, mark.column + 1)

    def _report(self, code: str, place: Place, words: str, hint: str) -> None:
        self.problems.append(Problem(place, code, Severity.ERROR, f"{words}; {_LEFT_OUT}", hint, partial=True))


def _chunks(text: str, start: int, line: int) -> Iterator[tuple[str, int]]:
    """The text from ``start`` on, cut where documents begin, each part with its first line."""
    cuts = [match.start() for match in _DOCUMENT_START.finditer(text, start)]
    if not cuts or cuts[0] != start:
        cuts.insert(0, start)
    for begin, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        chunk = text[begin:end]
        yield chunk, line
        line += sum(1 for _ in _LINE_END.finditer(chunk))


def shown_key(name: str) -> str:
    """A key for a message: safe to print and not too long."""
    text = printable(name)
    return repr(text) if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]!r}…"


def duplicate_key(name: str, first: Place, last: Place) -> Problem:
    """The same key twice in one mapping. Its values are not repeated: they may be secret."""
    return Problem(
        last,
        "duplicate-key",
        Severity.WARNING,
        f"the key {name} is given twice, first in line {first.line} column {first.column}; the last one counts",
        "keep one of the two",
    )
