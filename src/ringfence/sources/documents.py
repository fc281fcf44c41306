"""From the documents of the input to Kubernetes objects: lists are opened, what is no object is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.sources.field_checks import path_text, type_words
from ringfence.sources.kinds import Treatment, classify
from ringfence.sources.pods import PodFacts
from ringfence.values import Value

KUSTOMIZE_GROUP = "kustomize.config.k8s.io/"
_DEEPEST = 8
"""Lists in lists up to this depth are opened, as in big dumps."""


class DocumentPositions(Protocol):
    """Positions of a document, or a part of it, that also gives those of its parts."""

    def place(self, path: FieldPath = ()) -> Place:
        """The place of a field, as in ``ringfence.model.provenance.Positions``."""

    def below(self, path: FieldPath) -> DocumentPositions:
        """The positions in one field."""


class Parsed(Value):
    """One document: plain data with its positions."""

    value: Any
    positions: DocumentPositions


class Harvested(Value):
    """Stands in the place of a pod that was understood while its text was being read; None: not understood."""

    pod: PodFacts | None


class OnePlace:
    """Positions of data that was never a text: everything is in one place."""

    __slots__ = ("_place",)

    def __init__(self, place: Place) -> None:
        self._place = place

    def place(self, path: FieldPath = ()) -> Place:
        """The one place."""
        return self._place

    def below(self, path: FieldPath) -> OnePlace:
        """The same."""
        return self


def objects_of(parsed: Parsed, problems: list[Problem], pods: list[PodFacts] | None = None) -> Iterator[Manifest]:
    """The objects of one document, in their order. Problems name what is no object, and objects without identity.

    Pods that were harvested are added to ``pods``.
    """
    value, positions = parsed.value, parsed.positions
    if pods is not None:
        pods.extend(_harvested(value))
    if isinstance(value, Harvested):
        return
    if not isinstance(value, dict):
        _notice(
            positions.place(), f"a document that is {type_words(value)}, not an object; it is passed over", problems
        )
        return
    yield from _take(value, positions, None, 0, problems)


def _harvested(value: Any) -> Iterator[PodFacts]:
    items = value.get("items") if isinstance(value, dict) else [value]
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Harvested) and item.pod is not None:
            yield item.pod


def _take(
    value: dict[str, Any],
    positions: DocumentPositions,
    typed: tuple[str, str] | None,
    depth: int,
    problems: list[Problem],
) -> Iterator[Manifest]:
    api_version, kind = value.get("apiVersion"), value.get("kind")
    if typed and not kind:
        # A typed list says once what its items are; the API leaves both words out of them.
        api_version, kind = typed
        value = {**value, "apiVersion": api_version, "kind": kind}
    if isinstance(kind, str) and kind.endswith("List") and isinstance(api_version, str) and "items" in value:
        if depth < _DEEPEST:
            yield from _open(value, api_version, kind, positions, depth, problems)
        else:
            message, hint = f"lists in lists, more than {_DEEPEST} deep", "put the objects side by side"
            _left_out(positions.place(), "too-deep", message, hint, problems)
        return
    if not api_version or not kind:
        _without_identity(value, positions, problems)
        return
    if isinstance(api_version, str) and api_version.startswith(KUSTOMIZE_GROUP):
        _notice(positions.place(), "a kustomization is not a Kubernetes object; it is passed over", problems,
                "render its folder with -k")  # fmt: skip
        return
    manifest = _manifest(value, api_version, kind, positions, problems)
    if manifest is not None:
        yield manifest


def _open(
    value: dict[str, Any],
    api_version: str,
    kind: str,
    positions: DocumentPositions,
    depth: int,
    problems: list[Problem],
) -> Iterator[Manifest]:
    items = value["items"]
    if items is None:
        return
    if not isinstance(items, list):
        place = positions.place(("items",))
        _left_out(place, "wrong-type", f"items must be a list, not {type_words(items)}", "", problems)
        return
    typed = None if kind == "List" else (api_version, kind.removesuffix("List"))
    for at, item in enumerate(items):
        if isinstance(item, Harvested):
            continue
        inner = positions.below(("items", at))
        if isinstance(item, dict):
            yield from _take(item, inner, typed, depth + 1, problems)
        else:
            _left_out(
                inner.place(),
                "wrong-type",
                f"a member of a list must be an object, not {type_words(item)}",
                "",
                problems,
            )


def _without_identity(value: dict[str, Any], positions: DocumentPositions, problems: list[Problem]) -> None:
    """No apiVersion or no kind. With one of them and the shape of an object, it was meant as one."""
    missing = [word for word in ("apiVersion", "kind") if not value.get(word)]
    if len(missing) == 1 and any(isinstance(value.get(part), dict) for part in ("metadata", "spec")):
        other = next((key for key in value if str(key).lower() == missing[0].lower() and value[key]), "")
        _left_out(
            positions.place(),
            "missing-field",
            f"an object without {missing[0]}",
            f"write {missing[0]} for {other}" if other else "every Kubernetes object has apiVersion, kind and metadata",
            problems,
        )
        return
    _notice(
        positions.place(), f"a document without {' and '.join(missing)} is not an object; it is passed over", problems
    )


def _manifest(
    value: dict[str, Any], api_version: Any, kind: Any, positions: DocumentPositions, problems: list[Problem]
) -> Manifest | None:
    metadata = value.get("metadata")
    named: Mapping[str, Any] = metadata if isinstance(metadata, dict) else {}
    name, namespace = named.get("name"), named.get("namespace")
    if type(name) is type(namespace) is type(kind) is type(api_version) is str:
        return Manifest(api_version, kind, namespace, name, value, positions)
    wrong = [
        (path, word, wanted)
        for path, word, wanted in (
            (("apiVersion",), api_version, str),
            (("kind",), kind, str),
            (("metadata",), metadata, dict),
            (("metadata", "name"), name, str),
            (("metadata", "namespace"), namespace, str),
        )
        if word is not None and not isinstance(word, wanted)
    ]
    only_name = [path for path, _, _ in wrong] == [("metadata", "name")] and not isinstance(name, (dict, list))
    if only_name and classify(api_version, kind).treatment is Treatment.POLICY:
        # Its reader reports the name, and which flows a policy that cannot be stored leaves open.
        return Manifest(api_version, kind, namespace, str(name), value, positions)
    for path, word, wanted in wrong:
        words, hint = ("a mapping", "write it as KEY: VALUE") if wanted is dict else ("a string", "put it in quotes")
        if isinstance(word, (dict, list)):
            hint = f"write {words}" if wanted is str else "write it without the leading '- '"
        message = f"{path_text(path)} must be {words}, not {type_words(word)}"
        _left_out(positions.place(path), "wrong-type", message, hint, problems)
    return None if wrong else Manifest(api_version, kind, namespace, name or "", value, positions)


def _left_out(place: Place, code: str, message: str, hint: str, problems: list[Problem]) -> None:
    problems.append(Problem(place, code, Severity.ERROR, f"{message}; it is left out", hint, partial=True))


def _notice(place: Place, message: str, problems: list[Problem], hint: str = "") -> None:
    problems.append(Problem(place, "not-an-object", Severity.NOTICE, message, hint))
