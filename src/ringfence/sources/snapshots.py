"""Snapshots: what was read, in one file, without what may be secret, to be read again anywhere with the same answers.

The same input gives the same bytes: objects in the order in which they were read (it decides which of two copies
counts, and what is told first), keys of the document sorted, no time, no name of a machine.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ringfence.model.marks import Marks
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.rules.suppression import Origin, Suppression
from ringfence.sets.addresses import V6
from ringfence.sources.duplicates import distinct
from ringfence.sources.field_checks import valid_label_key, valid_label_value
from ringfence.sources.kept_positions import KeptPositions, marks_of
from ringfence.sources.kinds import Treatment, classify
from ringfence.sources.marks import one_of_equal
from ringfence.sources.originals import Originals
from ringfence.sources.pods import PROTOCOLS, PodFacts
from ringfence.sources.snapshot_contents import kept_of
from ringfence.sources.suppressions import suppressions_of
from ringfence.values import Value

API_VERSION = "ringfence.dev/v1"
KIND = "Snapshot"
SCHEMA_VERSION = 1
"""Grows when a snapshot keeps something else than before."""
_HEAD = re.compile(rb'\s*\{\s*"apiVersion"\s*:\s*"ringfence\.dev/')
GZIP = b"\x1f\x8b"
MOST = 1 << 30
"""Bytes of a document that was compressed."""
_OLD = "it was made by a version of ringfence that did not keep this yet: make the snapshot again"


class Heading(msgspec.Struct, rename="camel"):
    """What tells whether the rest can be read."""

    api_version: str
    kind: str
    schema_version: int


class Told(msgspec.Struct, omit_defaults=True):
    """A problem of the input; ``file`` is an index."""

    code: str
    severity: Severity
    message: str
    file: int
    line: int = 0
    column: int = 0
    hint: str = ""
    partial: bool = False


class Item(msgspec.Struct, rename="camel", omit_defaults=True):
    """An object; ``data`` None where only its identity is kept. ``marks``: see ``kept_positions``."""

    api_version: str
    kind: str
    name: str
    file: int
    line: int = 0
    column: int = 0
    namespace: str | None = None
    data: dict[str, Any] | None = None
    marks: list[int] = []


class Document(msgspec.Struct, rename="camel", kw_only=True):
    """The file. ``repeated``: objects that were given more than once, and are in it once."""

    api_version: str = API_VERSION
    kind: str = KIND
    schema_version: int = SCHEMA_VERSION
    files: list[str]
    items: list[Item]
    pods: list[PodFacts]
    problems: list[Told]
    suppressions: list[Suppression] = []
    repeated: int


class Input(Protocol):
    """What was read (see ``ringfence.sources.reading.Reading``)."""

    manifests: list[Manifest]
    dump_pods: list[PodFacts]
    problems: list[Problem]
    originals: Originals
    suppressions: list[Suppression]
    repeated: int


def snapshot(reading: Input) -> bytes:
    """A snapshot as JSON, one object a line."""
    manifests, pods, found = reading.manifests, reading.dump_pods, list(reading.problems)
    kept = distinct(manifests, found)
    comments = [one for one in suppressions_of(manifests, reading.originals) if one.origin is Origin.COMMENT]
    places = [*(one.place for one in kept), *(one.place for one in pods), *(one.place for one in found)]
    files = sorted({place.file for place in places})
    number = {file: at for at, file in enumerate(files)}
    encode = msgspec.json.Encoder().encode
    lines = [
        ("items", [encode(_item(one, number)) for one in kept]),
        ("pods", [encode(one) for one in pods]),
        ("problems", [encode(_told(one, number)) for one in found]),
        ("suppressions", [encode(one) for one in (*comments, *reading.suppressions)]),
    ]
    head = (
        f'{{"apiVersion":"{API_VERSION}","kind":"{KIND}","schemaVersion":{SCHEMA_VERSION},'
        f'"repeated":{reading.repeated + len(manifests) - len(kept)},"files":'
    )
    parts = [head.encode(), encode([_text(file) for file in files])]
    for name, records in lines:
        parts += [f',\n"{name}":['.encode(), b",".join(b"\n" + record for record in records), b"]"]
    return b"".join([*parts, b"}\n"])


def _text(text: str) -> str:
    """Names of files may have bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def packed(document: bytes) -> bytes:
    """A gzip file: the same for the same document (no time, no name, one level)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return packer.compress(document) + packer.flush()


def _item(manifest: Manifest, files: Mapping[str, int]) -> Item:
    place, data = manifest.place, kept_of(manifest)
    marks = [] if data is None else marks_of(data, manifest.positions)
    file = files[place.file]
    return Item(
        manifest.api_version,
        manifest.kind,
        manifest.name,
        file,
        place.line,
        place.column,
        manifest.namespace,
        data,
        marks,
    )


def _told(problem: Problem, files: Mapping[str, int]) -> Told:
    place = problem.place
    file = files[place.file]
    message, hint = _text(problem.message), _text(problem.hint)
    return Told(problem.code, problem.severity, message, file, place.line, place.column, hint, problem.partial)


def is_snapshot(data: Any) -> bool:
    """Whether a text begins as a snapshot does."""
    return _HEAD.match(data) is not None


def unpacked(data: bytes, file: str) -> bytes | Problem:
    """The contents of a gzip file, or why there are none."""
    found: list[bytes] = []
    left = MOST
    while data:
        unpacker = zlib.decompressobj(31)
        try:
            part = unpacker.decompress(data, left + 1)
        except zlib.error:
            return _unreadable(file, "is not a whole gzip file; nothing of it is read", "was it cut off? make it again")
        found.append(part)
        left -= len(part)
        if left < 0:
            return _unreadable(file, f"has more than {MOST >> 30} GiB when unpacked; it is not read", "unpack it first")
        if not unpacker.eof:
            return _unreadable(file, "is cut off; nothing of it is read", "copy or make it again")
        data = unpacker.unused_data
    return b"".join(found)


def _unreadable(file: str, message: str, hint: str, code: str = "unreadable-snapshot") -> Problem:
    return Problem(Place(file), code, Severity.ERROR, message, hint, partial=True)


class Restored(Value):
    """What a snapshot holds, as it was read once."""

    manifests: list[Manifest]
    pods: list[PodFacts]
    problems: list[Problem]
    files: list[str]
    suppressions: list[Suppression]
    repeated: int


def restored(data: bytes, file: str) -> Restored | Problem:
    """What a snapshot holds, or why it cannot be read. Never raises for any bytes that begin as one."""
    try:
        heading = msgspec.json.decode(data, type=Heading)
        if heading.kind != KIND:
            return _unreadable(file, f"is a {heading.kind!a} of ringfence, not a {KIND}", "name a snapshot")
        if heading.schema_version > SCHEMA_VERSION or heading.api_version != API_VERSION:
            return _unreadable(
                file,
                f"a snapshot of version {heading.schema_version} ({heading.api_version!a}), from a newer ringfence"
                f"; this one reads up to {SCHEMA_VERSION} ({API_VERSION})",
                "upgrade ringfence, or make the snapshot with this version",
                "newer-snapshot",
            )
        document = msgspec.json.decode(data, type=Document)
        return _restored(document, file)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _Unsound) as error:
        words = str(error) if isinstance(error, (msgspec.MsgspecError, _Unsound)) else "its text is broken"
        return _unreadable(file, f"is not a sound snapshot: {words!a}; nothing of it is read", "make it again")


class _Unsound(Exception):
    """Something that no snapshot of ours says."""


def _restored(document: Document, file: str) -> Restored:
    files = document.files
    problems = [
        Problem(
            _place(files, one.file, one.line, one.column), one.code, one.severity, one.message, one.hint, one.partial
        )
        for one in document.problems
    ]
    manifests = []
    for item in document.items:
        place = _place(files, item.file, item.line, item.column)
        if not item.api_version or not item.kind:
            raise _Unsound("an object without apiVersion and kind")
        data = item.data
        if data is None:
            treatment = classify(item.api_version, item.kind).treatment
            if treatment not in (Treatment.UNMODELLED, Treatment.MESH):
                message = f"{item.kind} {item.name}: its contents are not in the snapshot; it is left out"
                problems.append(Problem(place, "not-in-snapshot", Severity.ERROR, message, _OLD, partial=True))
                continue
            metadata = {"name": item.name, "namespace": item.namespace}
            data = {"apiVersion": item.api_version, "kind": item.kind, "metadata": metadata}
        if len(item.marks) % 2:
            raise _Unsound("positions that are no pairs")
        positions = KeptPositions(place, data, item.marks)
        manifests.append(Manifest(item.api_version, item.kind, item.namespace, item.name, data, positions))
    for pod in document.pods:
        _check(pod)
    if any(one.origin is not Origin.COMMENT for one in document.suppressions):
        raise _Unsound("suppressions that are no comments")
    if document.repeated < 0:
        raise _Unsound("a negative number of objects")
    return Restored(manifests, _shared(document.pods), problems, files, document.suppressions, document.repeated)


def _place(files: Sequence[str], file: int, line: int, column: int) -> Place:
    if not 0 <= file < len(files) or line < 0 or column < 0:
        raise _Unsound("a place that is none")
    return Place(files[file], line, column)


def _check(pod: PodFacts) -> None:
    """Pods of big dumps were understood when they were read; what they say is only checked for being possible."""
    labels = all(valid_label_key(key) and valid_label_value(value) for key, value in pod.labels.items())
    ports = all(1 <= port.number <= 65535 and port.protocol in PROTOCOLS for port in pod.ports)
    hosts = all(1 <= one.host <= 65535 and one.protocol in PROTOCOLS for one in pod.host_ports)
    numbers = (*pod.addresses, *pod.host_addresses, *(one.address for one in pod.host_ports))
    addresses = all(0 <= number < 1 << 32 or V6 <= number < V6 + (1 << 128) for number in numbers)
    if not (labels and ports and hosts and addresses and pod.name and pod.namespace):
        raise _Unsound(f"a pod {pod.namespace}/{pod.name} that cannot be")


def _shared(pods: list[PodFacts]) -> list[PodFacts]:
    """Equal labels, ports and owners are one value again."""
    labels: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}
    values: dict[Any, Any] = {}
    marks: dict[object, Marks] = {}
    for pod in pods:
        pod.labels = labels.setdefault(tuple(pod.labels.items()), pod.labels)
        pod.ports = values.setdefault(pod.ports, pod.ports)
        pod.owner = values.setdefault(pod.owner, pod.owner)
        pod.marks = one_of_equal(pod.marks, marks)
    return pods
