"""Lines of the input for explanations, read again when they are wanted; never one of a Secret."""

from __future__ import annotations

import mmap
import os
import re
from functools import lru_cache
from itertools import islice, pairwise
from typing import Any

LONGEST = 1000
"""Characters of a line that are given."""
_SMALL = 16 << 20
_SECRET_KINDS = ("Secret", "SecretList")
_DOCUMENT_START = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)


def source_line(file: str, line: int) -> str | None:
    """One line, counted from 1, without its end. None for what is no file that can be read again (stdin), for a line
    that the file does not have, and for one that belongs to a Secret, or could."""
    if line < 1 or file in ("", "-"):
        return None
    try:
        status = os.stat(file)
        if not os.path.isfile(file):
            return None
        if status.st_size <= _SMALL:
            lines, secret = _lines_and_secrets(file, status.st_mtime_ns, status.st_size)
            if line > len(lines) or any(first <= line <= last for first, last in secret):
                return None
            return lines[line - 1][:LONGEST]
        return None if _mentions_secrets(file) else _line_of_big_file(file, line)
    except (OSError, ValueError):
        return None


def line_of_text(text: bytes, file: str, line: int) -> str | None:
    """As ``source_line``, of a text that is at hand."""
    lines, secret = _split(text, file)
    if not 1 <= line <= len(lines) or any(first <= line <= last for first, last in secret):
        return None
    return lines[line - 1][:LONGEST]


def _line_of_big_file(file: str, line: int) -> str | None:
    with open(file, "rb") as stream:
        found = next(islice(stream, line - 1, line), None)
    return None if found is None else found[: 4 * LONGEST].decode("utf-8", "replace").rstrip("\r\n")[:LONGEST]


def _mentions_secrets(file: str) -> bool:
    with open(file, "rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(b"Secret") >= 0


@lru_cache(maxsize=8)
def _lines_and_secrets(file: str, changed: int, size: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Of a file, as it was when it was last changed."""
    with open(file, "rb") as stream:
        return _split(stream.read(), file)


@lru_cache(maxsize=8)
def _split(data: bytes, file: str) -> tuple[list[str], list[tuple[int, int]]]:
    """The lines of a text and the ranges of those that Secrets stand in."""
    from ringfence.sources.text_encoding import decoded

    text = decoded(data, file)
    if not isinstance(text, str):
        return [], []
    secret: list[tuple[int, int]] = []
    cuts = [0, *(match.start() for match in _DOCUMENT_START.finditer(text)), len(text)]
    first = 1
    for begin, end in pairwise(cuts):
        chunk = text[begin:end]
        # A backslash: an escape in quotes could hide the word.
        if "Secret" in chunk or "\\" in chunk:
            secret += _secrets(chunk, first)
        first += chunk.count("\n")
    return text.split("\n"), secret


def _secrets(chunk: str, first: int) -> list[tuple[int, int]]:
    """Where in one document the mappings stand whose kind is Secret; all of it if it cannot be understood."""
    from yaml.error import YAMLError
    from yaml.events import (
        AliasEvent,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )

    from ringfence.sources.yaml_events import DEEPEST
    from ringfence.sources.yaml_parser import parser_for

    found: list[tuple[int, int]] = []
    # For each open mapping and list: its first line and which of the two, the key that waits for a value, whether it
    # is a Secret.
    stack: list[tuple[int, bool]] = []
    keys: list[str | None] = []
    secret: list[bool] = []
    try:
        parser = parser_for(chunk)
        event: Any = None
        while (kind := type(event := parser.get_event())) is not StreamEndEvent:
            if kind is MappingStartEvent or kind is SequenceStartEvent:
                if len(stack) > DEEPEST:
                    raise YAMLError
                stack.append((event.start_mark.line, kind is MappingStartEvent))
                keys.append(None)
                secret.append(False)
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                start, _ = stack.pop()
                keys.pop()
                if secret.pop():
                    found.append((first + start, first + event.end_mark.line))
                if keys:
                    keys[-1] = None
            elif (kind is ScalarEvent or kind is AliasEvent) and stack and stack[-1][1]:
                value = event.value if kind is ScalarEvent else ""
                if keys[-1] is None:
                    keys[-1] = value
                else:
                    # An alias may stand for the word.
                    if keys[-1] == "kind" and (value in _SECRET_KINDS or kind is AliasEvent):
                        secret[-1] = True
                    keys[-1] = None
    except YAMLError:
        return [(first, first + chunk.count("\n"))] if "Secret" in chunk else []
    return found
