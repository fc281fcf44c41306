"""Reads the input: from paths, stdin, texts or objects in memory to Kubernetes objects with their places.

Whatever is wrong with a file is a ``Problem``; the rest is read. Nothing here raises for any input.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sources.charts import not_rendered
from ringfence.sources.collecting import collector_paused
from ringfence.sources.documents import OnePlace, Parsed, objects_of
from ringfence.sources.kinds import classify
from ringfence.sources.originals import Originals
from ringfence.sources.origins import Gathering, Source
from ringfence.sources.plain_pods import PlainPods
from ringfence.sources.pods import PodFacts
from ringfence.sources.text_encoding import decoded
from ringfence.sources.walk import STDIN, InputFile
from ringfence.values import Draft, field, replace

if TYPE_CHECKING:
    from ringfence.rules.suppression import Suppression

BIG = 2 << 20
"""Bytes from which on a JSON text is first taken for a dump of a cluster."""
BIGGEST = 4 << 30
"""Bytes that one file may have; a cluster of a million pods has less."""
_LOOKS_LIKE_JSON = re.compile(r'\s*(?:\[\s*)*\{\s*["}]')
_HEAD = 4096
_PIECE = 1 << 20
_SNAPSHOT_HEAD = 200
MOST_ALIKE = 50
"""Problems of one kind that are told of one file; the others are counted."""


class Reading(Draft):
    """What was read, in order. ``dump_pods``: pods of big dumps, which are no ``manifests``. ``objects``: how many
    Kubernetes objects there were in all; one that was given twice counts twice. ``originals``: texts that cannot be
    opened again under the name that places give. ``repeated``: objects of snapshots that were given more than once and
    are kept once. ``told``: problems that a snapshot tells. ``suppressions``: those that comments said in files
    that a snapshot was made of."""

    manifests: list[Manifest] = field(default_factory=list)
    dump_pods: list[PodFacts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    originals: Originals = field(default_factory=Originals)
    repeated: int = 0
    told: list[Problem] = field(default_factory=list)
    suppressions: list[Suppression] = field(default_factory=list)

    @property
    def objects(self) -> int:
        """The number of objects."""
        return len(self.manifests) + len(self.dump_pods) + self.repeated


def read(
    sources: Sequence[Source], stdin: BinaryIO | None = None, tell: Callable[[str], None] | None = None
) -> Reading:
    """Everything that the sources name; ``-`` is ``stdin``. ``tell`` hears how far it is."""
    reading = Reading()
    with collector_paused(), Gathering(_values, reading.originals) as gathering:
        files, problems = gathering.gather(sources)
        reading.problems.extend(problems)
        for number, file in enumerate(files):
            if tell is not None:
                tell(f"reading, {number} of {len(files)} files")
            _read_file(file, stdin, reading, keep=gathering.revision_of(file))
    return _once(reading)


def read_text(text: str | bytes, file: str) -> Reading:
    """The objects of one YAML or JSON text. ``file`` is what problems call it."""
    reading = Reading()
    with collector_paused():
        _read_data(text.encode("utf-8", "replace") if isinstance(text, str) else text, file, reading)
    return _once(reading)


def from_objects(objects: Iterable[Mapping[str, Any]], pods_apart: bool = False) -> Reading:
    """Objects in memory, and lists of such. Their places are ``<object 1>``, ``<object 2>`` and so on.

    ``pods_apart``: pods that are as an API server prints them go to ``dump_pods``, which saves much of their time.
    """
    given = list(objects)
    with collector_paused():
        reading = (_of_objects(given, PlainPods()) if pods_apart else None) or _of_objects(given, None)
    assert reading is not None
    return _once(reading)


def _of_objects(objects: Sequence[Any], plain_pods: PlainPods | None) -> Reading | None:
    """Plain pods are read at once. None where a pod is given twice: which copy counts hangs on the order, which pods
    that were read apart from the others have lost."""
    reading = Reading()
    seen: set[tuple[str, str]] = set()
    for number, value in enumerate(objects, 1):
        place = Place(f"<object {number}>")
        if plain_pods is not None and type(value) is dict:
            pod = plain_pods.of_object(value, place)
            if pod is not None:
                reading.dump_pods.append(pod)
                seen.add((pod.namespace, pod.name))
                continue
        plain = dict(value) if isinstance(value, Mapping) and type(value) is not dict else value
        _take(Parsed(plain, OnePlace(place)), reading)
    if plain_pods is None:
        return reading
    others = {(one.namespace or "default", one.name) for one in reading.manifests if one.kind == "Pod"}
    return reading if len(seen) == len(reading.dump_pods) and not seen & others else None


def _once(reading: Reading) -> Reading:
    """Each problem once (a broken file may have been named twice), and not too many of one kind from one file."""
    problems = list(dict.fromkeys(reading.problems))
    groups: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        groups.setdefault((problem.place.file, problem.code), []).append(problem)
    if any(len(group) > MOST_ALIKE for group in groups.values()):
        problems = [problem for group in groups.values() for problem in _shortened(group)]
    # What a snapshot tells was shortened when it was made.
    return replace(reading, problems=[*reading.told, *problems], told=[])


def _shortened(group: list[Problem]) -> list[Problem]:
    rest = group[MOST_ALIKE:]
    if not rest:
        return group
    first = rest[0]
    message = f"{len(rest)} more like these in this file, from here on"
    more = Problem(first.place, first.code, first.severity, message, partial=any(one.partial for one in rest))
    return [*group[:MOST_ALIKE], more]


def _take(parsed: Parsed, reading: Reading) -> None:
    reading.manifests.extend(objects_of(parsed, reading.problems, reading.dump_pods))


def _values(path: str) -> tuple[list[Any], list[Problem]]:
    """The documents of a file as plain data."""
    scratch = Reading()
    data = _bytes_of(InputFile(path), None, scratch)
    found = _documents(data, path, scratch.problems) if data is not None else []
    return [parsed.value for parsed in found], scratch.problems


def _read_file(file: InputFile, stdin: BinaryIO | None, reading: Reading, keep: bool = False) -> None:
    """``keep``: what it holds, for explanations."""
    before = reading.objects, len(reading.problems), len(reading.told)
    data = _bytes_of(file, stdin, reading)
    if data is None:
        return
    try:
        if file.named and data[:2] == b"\x1f\x8b":
            from ringfence.sources.snapshots import unpacked

            plain = unpacked(bytes(data), file.name)
            if isinstance(plain, Problem):
                reading.problems.append(plain)
                return
            data = plain
        if b"ringfence.dev/" in data[:_SNAPSHOT_HEAD] and _take_snapshot(data, file, reading):
            return
        if keep:
            reading.originals.keep(file.name, bytes(data))
        if file.chart is not None and data[:BIG].find(b"{{") >= 0:
            reading.problems.append(not_rendered(file.chart))
            return
        first = len(reading.manifests)
        _read_data(data, file.name, reading, harvest=not file.namespace)
        if file.namespace:
            reading.manifests[first:] = [_placed(one, file.namespace) for one in reading.manifests[first:]]
    finally:
        if isinstance(data, mmap.mmap):
            # Interrupted in the middle, views of it are still in use; then it goes with them.
            with suppress(BufferError):
                data.close()
    if file.named and before == (reading.objects, len(reading.problems), len(reading.told)):
        what = "stdin is empty" if file.path == STDIN else "an empty file"
        reading.problems.append(Problem(Place(file.name), "no-manifests", Severity.WARNING, what))


def _placed(manifest: Manifest, namespace: str) -> Manifest:
    """An object where it is installed, as Helm does with one that does not say where it belongs."""
    if manifest.namespace or not classify(manifest.api_version, manifest.kind).namespaced:
        return manifest
    metadata = {**(manifest.data.get("metadata") or {}), "namespace": namespace}
    return replace(manifest, namespace=namespace, data={**manifest.data, "metadata": metadata})


def _take_snapshot(data: bytes | mmap.mmap, file: InputFile, reading: Reading) -> bool:
    """Whether it is one. A snapshot is a cluster of its own, so it is no part of a folder of manifests."""
    from ringfence.sources.snapshots import is_snapshot, restored

    if not is_snapshot(data):
        return False
    if not file.named:
        message = "a snapshot is not read as a part of a folder"
        hint = "name it with -f to read it"
        reading.problems.append(Problem(Place(file.name), "snapshot-passed-over", Severity.NOTICE, message, hint))
        return True
    found = restored(bytes(data), file.name)
    if isinstance(found, Problem):
        reading.problems.append(found)
        return True
    reading.manifests.extend(found.manifests)
    reading.dump_pods.extend(found.pods)
    reading.told.extend(found.problems)
    reading.repeated += found.repeated
    reading.suppressions.extend(found.suppressions)
    for name in found.files:
        reading.originals.keep(name, None)
    return True


def _bytes_of(file: InputFile, stdin: BinaryIO | None, reading: Reading) -> bytes | mmap.mmap | None:
    """The contents; big files are mapped. None, with a problem, when they cannot be read."""
    if file.text is not None:
        return file.text
    try:
        if file.path == STDIN:
            if stdin is None:
                raise OSError(None, "there is no stdin")
            data = _all_of(stdin)
        else:
            # Without O_NONBLOCK a pipe in the place of a file, opened by its name, may wait forever for a writer;
            # a pipe that the user names is meant (<(command) in a shell).
            with open(file.path, "rb") as stream:
                size = os.fstat(stream.fileno()).st_size
                if BIG < size <= BIGGEST:
                    return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
                data = stream.read(BIGGEST + 1) if size <= BIGGEST else b""
                if size > BIGGEST:
                    raise OSError(None, f"more than {BIGGEST >> 30} GiB")
        if len(data) > BIGGEST:
            raise OSError(None, f"more than {BIGGEST >> 30} GiB")
    except (OSError, ValueError) as error:
        words = str(getattr(error, "strerror", None) or error).lower()
        reading.problems.append(
            Problem(
                Place(file.name),
                "unreadable",
                Severity.ERROR,
                f"cannot be read: {words}",
                "make it readable, or leave it out of the folder",
                partial=True,
            )
        )
        return None
    return data


def _all_of(stream: BinaryIO) -> bytes:
    """Piece by piece: one long read would not notice a Ctrl-C that comes between two pieces."""
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    pieces: list[bytes] = []
    size = 0
    while size <= BIGGEST and (piece := read(_PIECE)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _read_data(data: bytes | mmap.mmap, file: str, reading: Reading, harvest: bool = True) -> None:
    """``harvest``: pods of big texts may be reduced while they are read."""
    if harvest and len(data) > BIG and _LOOKS_LIKE_JSON.match(data[:_HEAD].decode("utf-8", "replace")):
        from ringfence.sources.json_dump import read_dump

        dump = read_dump(data, file)
        if dump is not None:
            reading.manifests.extend(dump[0])
            reading.dump_pods.extend(dump[1])
            reading.problems.extend(dump[2])
            return
    for parsed in _documents(data, file, reading.problems, harvest):
        _take(parsed, reading)


def _documents(data: bytes | mmap.mmap, file: str, problems: list[Problem], harvest: bool = True) -> list[Parsed]:
    """The documents of a text, in JSON if it looks like that, else in YAML."""
    text = decoded(bytes(data), file)
    if isinstance(text, Problem):
        problems.append(text)
        return []
    if not text or text.isspace():
        return []
    if _LOOKS_LIKE_JSON.match(text) or (file.endswith(".json") and text.lstrip()[:1] in ("{", "[")):
        from ringfence.sources.json_text import read_json

        found, wrong = read_json(text, file)
    else:
        from ringfence.sources.yaml_text import read_yaml

        found, wrong = read_yaml(text, file, harvest and len(data) > BIG)
    problems.extend(wrong)
    return found
