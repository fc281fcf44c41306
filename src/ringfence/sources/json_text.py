"""A JSON text, of one document, of several or of one a line, to data; a broken document costs only itself."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from ringfence.model.problems import Problem, Severity
from ringfence.sources.documents import Parsed
from ringfence.sources.duplicates import duplicate_key, shown_key
from ringfence.sources.json_places import TOKEN, JsonPlaces, JsonText
from ringfence.sources.scalars import through_json
from ringfence.sources.yaml_events import DEEPEST
from ringfence.sources.yaml_words import DEEP_HINT

_BETWEEN = re.compile(r"(?:[ \t\n\r]|^---[ \t]*$)*", re.MULTILINE)
_NEXT_DOCUMENT = re.compile(r"^[{\[]", re.MULTILINE)
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONGEST_NUMBER = 400

_COMPLAINTS = {
    "Expecting value": ("a value is missing", "look for a comma or colon too many"),
    "Expecting property name enclosed in double quotes": (
        "a key in double quotes is missing", "look for a comma after the last field; keys take double quotes",
    ),
    "Expecting ',' delimiter": ("a comma or a closing bracket is missing", "look at the end of the value before"),
    "Expecting ':' delimiter": ("a colon is missing after a key", ""),
    "Unterminated string starting at": ("a text that is not closed", "close it with a double quote"),
    "Invalid control character at": ("a text that goes over the end of its line", "close it, or write \\n"),
    "Illegal trailing comma before end of object": ("a comma after the last field", "take it out"),
    "Illegal trailing comma before end of array": ("a comma after the last item", "take it out"),
}  # fmt: skip


class _Unreadable(Exception):
    """A number or word that Python takes but that is no JSON value for Kubernetes."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def read_json(text: str, file: str) -> tuple[list[Parsed], list[Problem]]:
    """The documents of a text and what was wrong with others. Never raises for any text."""
    reader = _Reader(text, file)
    reader.read()
    return reader.found, reader.problems


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self.source = JsonText(text, file)
        # Go reads a half surrogate as the replacement character; Python would keep what cannot be printed.
        self.text = _ESCAPE.sub(_whole, text) if _SURROGATE.search(text) else text
        self.found: list[Parsed] = []
        self.problems: list[Problem] = []
        self._repeats = False
        self._decode = json.JSONDecoder(
            object_pairs_hook=self._mapping, parse_float=_number, parse_constant=_constant
        ).raw_decode

    def read(self) -> None:
        text, at = self.text, 0
        while (at := _past(_BETWEEN, text, at)) < len(text):
            self._repeats = False
            try:
                value, end = self._decode(text, at)
                if _too_deep(value):
                    raise RecursionError
            except json.JSONDecodeError as error:
                words, hint = _COMPLAINTS.get(error.msg, ("text that is not JSON", "jq . FILE shows where it breaks"))
                where = error.pos
                if where >= len(text.rstrip()):
                    words, hint = "the text ends in the middle of a value", "was it cut off?"
                at = self._left_out("json-syntax", at, where, words, hint)
            except _Unreadable as fault:
                at = self._left_out(
                    "json-syntax", at, _offset_of_unreadable(text, at), fault.words, "quote it if it is text"
                )
            except RecursionError:
                at = self._left_out("too-deep", at, at, f"more than {DEEPEST} levels of nesting", DEEP_HINT)
            except ValueError:
                words = "a number with too many digits"
                at = self._left_out("json-syntax", at, _offset_of_unreadable(text, at), words, "quote it if it is text")
            else:
                if self._repeats:
                    self._report_repeats(at, end)
                if value is not None:
                    self.found.append(Parsed(value, JsonPlaces(self.source, at, end)))
                at = end

    def _mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) != len(pairs):
            self._repeats = True
        return mapping

    def _left_out(self, code: str, start: int, offset: int, words: str, hint: str) -> int:
        """Reports a broken document; gives the offset where the next one may begin."""
        place = self.source.place(offset)
        message = f"{words}; this document is left out"
        self.problems.append(Problem(place, code, Severity.ERROR, message, hint, partial=True))
        following = _NEXT_DOCUMENT.search(self.text, max(offset, start + 1))
        return following.start() if following else len(self.text)

    def _report_repeats(self, start: int, end: int) -> None:
        for name, first, last in _repeated_keys(self.text, start, end):
            self.problems.append(duplicate_key(shown_key(name), self.source.place(first), self.source.place(last)))


def _past(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _whole(escape: re.Match[str]) -> str:
    return "\\ufffd" if escape[1] else escape[0]


def _number(text: str) -> int | float:
    value = float(text)
    if math.isinf(value):
        raise _Unreadable("a number that is too big")
    return through_json(value)


def _constant(word: str) -> Any:
    raise _Unreadable(f"{word} is no JSON value")


def _too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: Any) -> Iterable[Any]:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()


def _offset_of_unreadable(text: str, start: int) -> int:
    """Where the first number or word is that ``_number``, ``_constant`` or Python's ``int`` refuse."""
    for token in TOKEN.finditer(text, start):
        word = token[0]
        if word in ("NaN", "Infinity", "-Infinity") or (len(word) > _LONGEST_NUMBER and word[0] != '"'):
            return token.start()
        if word[0] in "-0123456789":
            try:
                if math.isinf(float(word)):
                    return token.start()
            except ValueError:
                continue
    return start


def _repeated_keys(text: str, start: int, end: int) -> Iterator[tuple[str, int, int]]:
    """Keys that one object of a correct text gives twice, with the offsets of the first time and of each later one."""
    objects: list[dict[str, int] | None] = []
    word, offset = "", start
    for token in TOKEN.finditer(text, start, end):
        part = token[0]
        if part == "{":
            objects.append({})
        elif part == "[":
            objects.append(None)
        elif part in ("}", "]"):
            objects.pop()
        elif part == ":":
            seen = objects[-1]
            name = json.loads(word)
            if seen is not None:
                if name in seen:
                    yield name, seen[name], offset
                seen[name] = offset
        else:
            word, offset = part, token.start()
