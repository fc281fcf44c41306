"""What is given more than once: objects, and keys of one mapping."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.model.text import printable
from ringfence.sources.kinds import Treatment, classify, group_of

_QUIET = (Treatment.UNMODELLED, Treatment.MESH)
_LONGEST_NAME = 80


def given_twice(what: str, first: Place, last: Place) -> Problem:
    """Two different copies of one object."""
    return Problem(
        first,
        "given-twice",
        Severity.WARNING,
        f"{what} is given again, and differently, at {last}; the later one counts, as with kubectl apply",
        "give each object once, or the files of one environment at a time",
    )


def identity(manifest: Manifest) -> tuple[str, str, str, str] | None:
    """Group, kind, namespace and name; None for an object without a name, which is never the same as another."""
    if not manifest.name:
        return None
    classification = classify(manifest.api_version, manifest.kind)
    api_version = classification.proper[0] if classification.proper else manifest.api_version
    namespace = manifest.namespace or ("default" if classification.namespaced else "")
    return group_of(api_version), manifest.kind, "" if classification.namespaced is False else namespace, manifest.name


def distinct(manifests: Iterable[Manifest], problems: list[Problem]) -> list[Manifest]:
    """Each object once, in read order: equal copies count once, of different ones the last counts (reported).

    Copies of kinds that ringfence does not model are not worth a report.
    """
    found: dict[object, Manifest] = {}
    for position, manifest in enumerate(manifests):
        key = identity(manifest) or position
        earlier = found.pop(key, None)
        found[key] = manifest
        if earlier is None or earlier.data == manifest.data:
            continue
        if classify(manifest.api_version, manifest.kind).treatment not in _QUIET:
            name = f"{manifest.namespace}/{manifest.name}" if manifest.namespace else manifest.name
            problems.append(given_twice(f"{manifest.kind} {name}", earlier.place, manifest.place))
    return list(found.values())


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
