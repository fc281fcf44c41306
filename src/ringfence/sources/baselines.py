"""The baseline file of ``check``: which findings were known when it was written."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ringfence.rules.baseline import VERSION, Entry
from ringfence.rules.finding import Subject

KIND = "FindingsBaseline"
HOW = "ringfence check --write-baseline FILE writes one"


class BaselineError(ValueError):
    """The file is no baseline, or one that this version cannot read. ``hint`` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class _Head(msgspec.Struct):
    kind: str
    version: int


class _Entry(msgspec.Struct):
    rule: str
    kind: str
    namespace: str
    name: str
    evidence: tuple[str, ...]
    fingerprint: str


class _File(msgspec.Struct):
    kind: str
    version: int
    findings: list[_Entry]


def read_baseline(data: bytes) -> list[Entry]:
    """The entries of a baseline file. Raises BaselineError."""
    try:
        head = msgspec.json.decode(data, type=_Head)
        if head.kind != KIND:
            raise BaselineError(f"it is no baseline (kind {head.kind!a})", HOW)
        if head.version > VERSION:
            raise BaselineError(
                f"it has version {head.version}, and this ringfence reads versions up to {VERSION}",
                "use the newer ringfence that wrote it, or write it anew with --write-baseline",
            )
        if head.version != VERSION:
            raise BaselineError(f"there is no baseline version {head.version}", "write it anew with --write-baseline")
        file = msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BaselineError(f"it is no baseline: {error}", HOW) from error
    return [
        Entry(one.rule, Subject(one.kind, one.namespace, one.name), one.evidence, one.fingerprint)
        for one in file.findings
    ]


def baseline_document(entries: Iterable[Entry]) -> dict[str, object]:
    """The contents of a baseline file: the same for the same findings, whatever their order and places."""
    return {
        "kind": KIND,
        "version": VERSION,
        "findings": [
            {
                "rule": entry.rule,
                "kind": entry.subject.kind,
                "namespace": entry.subject.namespace,
                "name": entry.subject.name,
                "evidence": list(entry.evidence),
                "fingerprint": entry.fingerprint,
            }
            for entry in sorted(set(entries))
        ],
    }
