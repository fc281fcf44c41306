"""From the events of a YAML parser to plain data, in one pass, with the position of every field beside it.

The parser is PyYAML's (libyaml where it is built in, some 15 times as fast as the pure one). Scalars and keys are what
Kubernetes reads (``scalars``). Anchors and aliases become shared values, as often as one document may expand them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

from yaml.error import Mark
from yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from ringfence.sources.scalars import STANDARD, ScalarError, key_text, resolve, tagged
from ringfence.sources.yaml_positions import packed
from ringfence.sources.yaml_words import DEEP_HINT
from ringfence.values import Value

DEEPEST = 200
"""Levels of nesting. Kubernetes' own objects have some 20, schemas in CustomResourceDefinitions up to about 100."""
MOST_EXPANDED = 400_000
"""Values that the aliases of one document may stand for; go-yaml's budget for small documents is the same."""
_REMEMBERED = 1 << 16
_SEARCHES = 2000
"""Repeated keys of one document that are looked at; of further ones the last counts too, without a word."""

_MERGE_TAG = f"{STANDARD}merge"
_NO_KEY = object()
_MERGE = object()
_UNSEEN = object()


class Document(Value):
    """One document. ``start`` and the marks are packed positions (``yaml_positions``); ``marks`` as there."""

    value: Any
    start: int
    marks: dict[int, list[int]]
    remarks: list[Remark]


class Remark(Value):
    """Something about a document that was read nevertheless; ``other`` is a second position that it speaks of."""

    code: str
    position: int
    text: str
    hint: str = ""
    other: int | None = None


Harvest = Callable[[dict[str, Any], int, dict[int, list[int]]], Any]
"""Gives what is to stand in the place of a mapping: a document, or an item of its ``items``; takes the mapping, its
position and the marks."""


class DocumentFault(Exception):
    """A document that the parser takes but Kubernetes would not."""

    def __init__(self, code: str, mark: Mark, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.code, self.mark, self.text, self.hint = code, mark, text, hint


def _not_in_json(mark: Mark) -> DocumentFault:
    return DocumentFault(
        "not-in-json",
        mark,
        "a number that is infinite, or not a number, cannot be a value",
        "quote it if it is meant as text",
    )


class YamlStream:
    """The documents of one text. Lines count from ``first_line``.

    ``resume`` is the index of the character, and ``resume_line`` the line, where the first document begins that was
    not yielded: where to go on after a YAMLError.
    """

    def __init__(self, parser: Any, first_line: int = 0, harvest: Harvest | None = None) -> None:
        self._harvest = harvest
        self._get = parser.get_event
        self._first_line = first_line
        self._keys: dict[str, str] = {}
        self._plain: dict[str, Any] = {}
        self._remarks: list[Remark] = []
        self._searches = 0
        self.resume = 0
        self.resume_line = first_line

    def __iter__(self) -> Iterator[Document]:
        """Raises YAMLError where the text is not YAML, and DocumentFault; that document is not yielded.

        The parser is not asked for the rest of it: libyaml takes time in the square of the depth of nesting.
        """
        get = self._get
        get()
        event = get()
        while type(event) is not StreamEndEvent:
            self._remarks = []
            self._searches = 0
            document = self._document()
            end = get().end_mark
            # Only the next event shows that nothing stands after the document that does not belong there.
            event = get()
            self.resume, self.resume_line = end.index, end.line + self._first_line
            yield document

    def _document(self) -> Document:
        get, keys, plain, offset = self._get, self._keys, self._plain, self._first_line
        harvest = self._harvest
        marks_of: dict[int, list[int]] = {}
        anchors: dict[str, tuple[Any, int] | None] = {}
        merged: dict[int, set[str]] = {}
        stack: list[tuple[Any, list[int], Any, int, str | None, int, Mark]] = []
        container: Any = None
        marks: list[int] = []
        key: Any = _NO_KEY
        count = expanded = 0
        value: Any
        while True:
            event = get()
            kind = type(event)
            count += 1
            if kind is ScalarEvent:
                text = event.value
                tag = event.tag
                if tag is None or tag == "!":
                    if not event.implicit[0]:
                        value = text
                    elif key is _NO_KEY and type(container) is dict and text in keys:
                        # The usual key: seen before, without an anchor or a tag.
                        name = keys[text]
                        if name in container or event.anchor:
                            value = plain[text] if text in plain else resolve(text)
                        else:
                            mark = event.start_mark
                            marks.append(packed(mark.line + offset, mark.column))
                            key = name
                            continue
                    elif (value := plain.get(text, _UNSEEN)) is _UNSEEN:
                        value = resolve(text)
                        if type(value) is float and not math.isfinite(value):
                            if key is not _NO_KEY or type(container) is not dict:
                                raise _not_in_json(event.start_mark)
                        elif len(plain) < _REMEMBERED:
                            plain[text] = value
                else:
                    value = self._tagged(tag, text, event.start_mark)
                if event.anchor:
                    anchors[event.anchor] = (value, 1)
                mark = event.start_mark
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                mark = event.start_mark
                if key is _NO_KEY and type(container) is dict:
                    raise DocumentFault(
                        "yaml-key",
                        mark,
                        "a mapping or a list cannot be a key",
                        "quote text that begins with { or [",
                    )
                if len(stack) >= DEEPEST:
                    raise DocumentFault("too-deep", mark, f"more than {DEEPEST} levels of nesting", DEEP_HINT)
                if event.tag:
                    self._collection_tag(event.tag, mark)
                if event.anchor:
                    anchors[event.anchor] = None
                stack.append((container, marks, key, count, event.anchor, expanded, mark))
                container = {} if kind is MappingStartEvent else []
                marks = []
                marks_of[id(container)] = marks
                key = _NO_KEY
                continue
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                count -= 1
                value = container
                container, marks, key, before, anchor, expanded_before, mark = stack.pop()
                if anchor:
                    anchors[anchor] = (value, count - before + 1 + expanded - expanded_before)
            elif kind is AliasEvent:
                mark = event.start_mark
                value, size = self._alias(anchors, event.anchor, mark)
                expanded += size
                if expanded > MOST_EXPANDED:
                    raise DocumentFault(
                        "alias-bomb",
                        mark,
                        f"the aliases of this document stand for more than {MOST_EXPANDED} values",
                        "write the values out, or split the document",
                    )
            else:
                raise AssertionError(f"a {kind.__name__} within a document")

            if container is None:
                start = packed(mark.line + offset, mark.column)
                if harvest is not None and type(value) is dict:
                    value = harvest(value, start, marks_of)
                return Document(value, start, marks_of, self._remarks)
            if type(container) is list:
                if harvest is not None and len(stack) == 2 and type(value) is dict and stack[1][2] == "items":
                    value = harvest(value, packed(mark.line + offset, mark.column), marks_of)
                container.append(value)
                marks.append(packed(mark.line + offset, mark.column))
            elif key is _NO_KEY:
                plain_scalar = kind is ScalarEvent and event.tag in (None, "!") and event.implicit[0]
                if value == "<<" and (plain_scalar or (kind is ScalarEvent and event.tag == _MERGE_TAG)):
                    key = _MERGE
                    continue
                try:
                    key = name = key_text(value)
                except ScalarError as error:
                    raise DocumentFault("yaml-key", mark, str(error), "write the key as text, in quotes") from None
                if plain_scalar and len(keys) < _REMEMBERED:
                    keys[event.value] = name
                position = packed(mark.line + offset, mark.column)
                if name in container:
                    self._given_again(container, marks, name, position, merged)
                else:
                    marks.append(position)
            elif key is _MERGE:
                self._merge(value, container, marks, marks_of, merged, mark)
                key = _NO_KEY
            else:
                container[key] = value
                key = _NO_KEY

    def _tagged(self, tag: str, text: str, mark: Mark) -> Any:
        try:
            value = tagged(tag, text)
        except ScalarError as error:
            raise DocumentFault("yaml-tag", mark, str(error), "leave the tag away") from None
        except KeyError:
            self._unknown_tag(mark)
            return text
        if type(value) is float and not math.isfinite(value):
            raise _not_in_json(mark)
        return value

    def _collection_tag(self, tag: str, mark: Mark) -> None:
        if tag not in ("!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            self._unknown_tag(mark)

    def _unknown_tag(self, mark: Mark) -> None:
        # The tag is not repeated: text that begins with ! and is not quoted, say a password, is a tag.
        self._remarks.append(
            Remark(
                "yaml-tag",
                packed(mark.line + self._first_line, mark.column),
                "a tag that means nothing to Kubernetes; the value is read without it",
                "quote text that begins with an exclamation mark",
            )
        )

    @staticmethod
    def _alias(anchors: dict[str, tuple[Any, int] | None], name: str, mark: Mark) -> tuple[Any, int]:
        # The name is not repeated: text that begins with * and is not quoted, say a password, is an alias.
        found = anchors.get(name, _UNSEEN)
        if found is _UNSEEN:
            raise DocumentFault(
                "yaml-alias",
                mark,
                "an alias (*) without an anchor (&) of that name above it",
                "quote text that begins with an asterisk",
            )
        if found is None:
            raise DocumentFault("yaml-alias", mark, "an alias that stands for what it is part of")
        return found  # type: ignore[return-value]

    def _given_again(
        self, container: dict[str, Any], marks: list[int], name: str, position: int, merged: dict[int, set[str]]
    ) -> None:
        self._searches += 1
        if self._searches > _SEARCHES:
            return
        at = list(container).index(name)
        from_merge = merged.get(id(container), ())
        if name in from_merge:
            merged[id(container)].discard(name)
        else:
            self._remarks.append(Remark("duplicate-key", position, name, other=marks[at]))
        marks[at] = position

    def _merge(
        self,
        value: Any,
        container: dict[str, Any],
        marks: list[int],
        marks_of: dict[int, list[int]],
        merged: dict[int, set[str]],
        mark: Mark,
    ) -> None:
        """``<<``: takes over the fields of other mappings; of several, the first one's count.

        As go-yaml v2 does it, fields that stand above ``<<`` are replaced, those below it replace.
        """
        sources = value[::-1] if type(value) is list else [value]
        names = merged.setdefault(id(container), set())
        for source in sources:
            if type(source) is not dict:
                raise DocumentFault("yaml-merge", mark, "<< takes a mapping or a list of mappings")
            for (name, field), position in zip(source.items(), marks_of[id(source)], strict=True):
                if name not in container:
                    marks.append(position)
                else:
                    self._searches += 1
                    if self._searches > _SEARCHES:
                        container[name] = field
                        continue
                    at = list(container).index(name)
                    if name not in names and container[name] != field:
                        self._remarks.append(Remark("merge-replaces", position, name, other=marks[at]))
                    marks[at] = position
                names.add(name)
                container[name] = field
