"""What a kustomization does with the files around it. ringfence does not render it; it says what that leaves out."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from typing import Any

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.values import Draft, field

NAMES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_HARMLESS = frozenset({
    "apiVersion", "kind", "metadata", "resources", "bases", "crds", "openapi", "buildMetadata", "sortOptions",
    "configurations", "validators",
})  # fmt: skip
"""Fields that change no object and make none: with only these, the files are what kustomize would give."""

_PATCHES = ("patches", "patchesStrategicMerge", "patchesJson6902")
_BESIDE = ("replacements", "transformers", "generators", "validators", "configurations", "components", "crds")


class Kustomization(Draft):
    """``beside``: real paths of files that are no objects of their own (patches, generator sources…). ``resources``:
    what it is made from, as written. ``changes``: its fields that change objects, make some or take some away."""

    file: str
    changes: list[str] = field(default_factory=list)
    beside: set[str] = field(default_factory=set)
    resources: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Where its paths start."""
        return os.path.dirname(self.file) or "."

    def real(self, path: str) -> str:
        """The real path of something that it names."""
        return os.path.realpath(os.path.join(self.folder, path))

    def problem(self, unread: int, skipped: int, shown: str) -> Problem | None:
        """Why what was read is not what kustomize would make; None when it is the same. ``shown``: what the user calls
        the file."""
        parts = []
        if self.changes:
            parts.append(
                f"it changes or adds objects ({', '.join(self.changes)}), which are read as the files give them"
            )
        if skipped:
            parts.append(f"{skipped} file{'s' if skipped > 1 else ''} of patches and the like are skipped")
        if unread:
            parts.append(f"{unread} of its resources {'are' if unread > 1 else 'is'} not among the files that are read")
        if not parts:
            return None
        folder = shlex.quote(os.path.dirname(shown) or ".")
        return Problem(
            Place(shown), "kustomization", Severity.ERROR, f"a kustomization is not rendered: {'; '.join(parts)}",
            f"render it with -k {folder} instead (for diff: kustomize:{folder})", partial=True,
        )  # fmt: skip


def understood(file: str, value: Any) -> Kustomization:
    """What the data of a kustomization file says."""
    found = Kustomization(file)
    if not isinstance(value, dict):
        return found
    found.changes = sorted({name if name in _KNOWN else "fields not known to ringfence" for name in _changing(value)})
    found.resources = [*_texts(value.get("resources")), *_texts(value.get("bases"))]
    for path in files_of(value):
        if "\n" not in path and "\0" not in path and "://" not in path:
            found.beside.add(found.real(path))
    return found


_KNOWN = frozenset({
    *_PATCHES, "replacements", "transformers", "generators", "components", "configMapGenerator", "secretGenerator",
    "generatorOptions", "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels", "commonAnnotations",
    "images", "imageTags", "replicas", "vars", "helmCharts", "helmGlobals", "helmChartInflationGenerator", "inventory",
})  # fmt: skip


def _changing(value: dict[str, Any]) -> Iterator[str]:
    for name, content in value.items():
        if name not in _HARMLESS and content not in (None, "", [], {}):
            yield name


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (entry for entry in value if isinstance(entry, str))


def files_of(value: dict[str, Any]) -> Iterator[str]:
    """The files that a kustomization names for something else than objects to take over as they are."""
    for name in (*_PATCHES, *_BESIDE):
        yield from _texts(value.get(name))
        for entry in value.get(name) or () if isinstance(value.get(name), list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("path"), str):
                yield entry["path"]
    openapi = value.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield openapi["path"]
    for name in ("configMapGenerator", "secretGenerator"):
        generators = value.get(name)
        for generator in generators if isinstance(generators, list) else ():
            if isinstance(generator, dict):
                for entry in (*_texts(generator.get("files")), *_texts(generator.get("envs"))):
                    yield entry.rpartition("=")[2]
                if isinstance(generator.get("env"), str):
                    yield generator["env"]
    charts = value.get("helmCharts")
    for chart in charts if isinstance(charts, list) else ():
        if isinstance(chart, dict):
            if isinstance(chart.get("valuesFile"), str):
                yield chart["valuesFile"]
            yield from _texts(chart.get("additionalValuesFiles"))
