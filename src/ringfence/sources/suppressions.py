"""Suppressions of findings in the input itself: annotations of objects, and comments in YAML files."""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ringfence.model.provenance import Manifest, Place
from ringfence.rules.finding import Subject
from ringfence.rules.suppression import Origin, Suppression, parse_ids, parse_terms
from ringfence.sources.kinds import classify

ANNOTATION = "ringfence.dev/ignore"
MARK = b"ringfence:"
_COMMENT = re.compile(r"(?:^|(?<=\s))#+\s*ringfence:\s*(?P<text>.*?)\s*$")
_IGNORE = re.compile(r"ignore\[(?P<rules>[^\]]*)\](?P<terms>.*)$")
_HOW_COMMENT = "write # ringfence: ignore[NP-001] the reason until=YYYY-MM-DD by=team"
_HOW_ANNOTATION = f'write {ANNOTATION}-NP-001: "the reason; until=YYYY-MM-DD; by=team"'
_JSON = (".json",)
_FAR = 1 << 30


def suppressions_of(
    manifests: Iterable[Manifest], originals: Mapping[str, bytes | None] | None = None
) -> list[Suppression]:
    """Every suppression of the objects and of the files that they were read from, valid or not. ``originals``: texts
    that cannot be opened under their name (see ``ringfence.sources.originals``)."""
    found: list[Suppression] = []
    by_file: dict[str, dict[int, Subject]] = {}
    for manifest in manifests:
        subject = subject_of(manifest)
        place = manifest.place
        by_file.setdefault(place.file, {})[place.line] = subject
        found.extend(_annotations(manifest, subject))
    for file, objects in by_file.items():
        found.extend(_comments(file, objects, originals or {}))
    return found


def subject_of(manifest: Manifest) -> Subject:
    """Who an object is, with the namespace that the API server would fill in."""
    namespaced = classify(manifest.api_version, manifest.kind).namespaced
    namespace = "" if namespaced is False else manifest.namespace or ("default" if namespaced else "")
    return Subject(manifest.kind, namespace, manifest.name)


def _annotations(manifest: Manifest, subject: Subject) -> Iterator[Suppression]:
    metadata = manifest.data.get("metadata")
    annotations: Any = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    for key, value in annotations.items() if isinstance(annotations, Mapping) else ():
        if not isinstance(key, str) or not key.startswith(ANNOTATION):
            continue
        place = manifest.positions.place(("metadata", "annotations", key))
        named = key.removeprefix(ANNOTATION)
        text = value if isinstance(value, str) else ""
        if named.startswith("-") and len(named) > 1:
            rules: tuple[str, ...] = (named[1:],)
        elif named:
            yield _unreadable(key, place, subject, Origin.ANNOTATION, _HOW_ANNOTATION)
            continue
        else:
            listed, _, text = text.partition(";")
            rules = parse_ids(listed)
            if not rules:
                how = f'write {ANNOTATION}: "NP-001, NP-005; the reason; until=YYYY-MM-DD"'
                yield _unreadable(key, place, subject, Origin.ANNOTATION, how)
        reason, until, owner = parse_terms(text)
        for rule in rules:
            yield Suppression(rule, reason, until, owner, Origin.ANNOTATION, place, subject, subject=subject)


def _unreadable(text: str, place: Place, holder: Subject, origin: Origin, how: str) -> Suppression:
    return Suppression(text, "", "", "", origin, place, holder, unreadable=how)


def _comments(
    file: str, objects: Mapping[int, Subject], originals: Mapping[str, bytes | None]
) -> Iterator[Suppression]:
    lines = _marked_lines_of(originals[file] or b"", file) if file in originals else _marked_lines(file)
    if not lines:
        return
    holders = sorted(objects.items())
    texts = _texts("\n".join(lines))
    for number, line in enumerate(lines, 1):
        comment = _COMMENT.search(line) if "ringfence:" in line else None
        if comment is None or any(first <= comment.start() < last for first, last in texts.get(number, ())):
            continue
        place = Place(file, number, comment.start() + 1)
        alone = not line[: comment.start()].strip()
        target = _next_line(lines, number) if alone else number
        holder = next((subject for start, subject in reversed(holders) if start <= target), holders[0][1])
        written = _IGNORE.match(comment["text"])
        rules = parse_ids(written["rules"]) if written else ()
        if written is None or not rules:
            yield _unreadable(comment["text"], place, holder, Origin.COMMENT, _HOW_COMMENT)
            continue
        reason, until, owner = parse_terms(written["terms"])
        whole = objects.get(target)
        for rule in rules:
            yield Suppression(rule, reason, until, owner, Origin.COMMENT, place, holder, whole, target)


def _marked_lines(file: str) -> list[str]:
    """The lines of a YAML file that mentions ringfence; of any other none."""
    if file in ("", "-") or file.endswith(_JSON) or not os.path.isfile(file):
        return []
    try:
        with open(file, "rb") as stream:
            if not os.fstat(stream.fileno()).st_size:
                return []
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
                if data.find(MARK) < 0:
                    return []
                return _marked_lines_of(data[:], file)
    except (OSError, ValueError):
        return []


def _marked_lines_of(data: bytes, file: str) -> list[str]:
    """As ``_marked_lines``, of a text that is at hand."""
    from ringfence.sources.text_encoding import decoded

    text = decoded(data, file) if MARK in data and not file.endswith(_JSON) else None
    return text.split("\n") if isinstance(text, str) else []


def _next_line(lines: list[str], number: int) -> int:
    """The first line (from 1) below that says something: no comment, no blank, no start of a document."""
    for at in range(number, len(lines)):
        text = lines[at].strip()
        if text and not text.startswith("#") and text != "---":
            return at + 1
    return number


def _texts(text: str) -> dict[int, list[tuple[int, int]]]:
    """For each line (from 1) the columns (from 0, the second excluded) that texts stand in: what looks like a comment
    there is none."""
    from yaml.error import YAMLError
    from yaml.events import ScalarEvent, StreamEndEvent

    from ringfence.sources.yaml_parser import parser_for

    found: dict[int, list[tuple[int, int]]] = {}
    try:
        parser = parser_for(text)
        event: Any = None
        while type(event := parser.get_event()) is not StreamEndEvent:
            if type(event) is not ScalarEvent or event.start_mark is None or event.end_mark is None:
                continue
            start, end = event.start_mark, event.end_mark
            if start.line == end.line:
                if event.style:
                    found.setdefault(start.line + 1, []).append((start.column, end.column))
                continue
            # A block begins behind its indicator's line, whose end may hold a comment.
            for line in range(start.line + 2, end.line + 1):
                found.setdefault(line, []).append((0, _FAR))
            found.setdefault(end.line + 1, []).append((0, end.column))
    except YAMLError:
        pass
    return found
