"""YAML texts to data and positions by a parser; a broken document costs only itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.error import Mark, MarkedYAMLError, YAMLError
from yaml.reader import ReaderError

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.sources.documents import Parsed
from ringfence.sources.duplicates import duplicate_key, shown_key
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


class ParserReader:
    """Reads texts of one file. ``harvest``: what mappings are replaced by as they are read."""

    def __init__(self, file: str, found: list[Parsed], problems: list[Problem], harvest: Harvest | None = None) -> None:
        self.file = file
        self.found = found
        self.problems = problems
        self._harvest = harvest

    def read(self, text: str, first_line: int = 0) -> None:
        """All documents in one go; from the first that the parser refuses on, one by one. Never raises."""
        resume, line = 0, first_line
        try:
            stream = YamlStream(parser_for(text), first_line, self._harvest)
            for document in stream:
                self._take(document)
                resume, line = stream.resume, stream.resume_line
        except (YAMLError, DocumentFault):
            for chunk, start in _chunks(text, resume, line):
                self._read_chunk(chunk, start)

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
