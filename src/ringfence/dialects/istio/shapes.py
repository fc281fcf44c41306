"""The shapes that objects of Istio share, as their CustomResourceDefinitions take them.

Source: istio/api ``kubernetes/customresourcedefinitions.gen.yaml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.metadata import METADATA, policy_name
from ringfence.dialects.fields.report import Report, Server, Silence
from ringfence.dialects.fields.selectors import CUSTOM_SELECTOR, selector
from ringfence.dialects.fields.shapes import ANYTHING, Consequence, Record, Shape, Texts, accepted
from ringfence.dialects.istio.objects import Labels, Named
from ringfence.model.provenance import Manifest
from ringfence.sets.labels import Selector

SELECTOR = Record("a selector", {"matchLabels": Texts()}, instead={"labels": "matchLabels"})
WORKLOAD_SELECTOR = Record("a workloadSelector", {"labels": Texts()}, instead={"matchLabels": "labels"})
_SILENCE = Silence(Server.CUSTOM)
BROKEN = "the API server rejects it as it is written"


def kind_of_object(name: str, spec: Record, consequence: Consequence | None = None) -> Record:
    """A whole object; a spec may be left out. ``consequence``: what it means where fields beside the spec are
    dropped."""
    return Record(
        name,
        {"apiVersion": ANYTHING, "kind": ANYTHING, "metadata": METADATA, "spec": spec, "status": ANYTHING},
        required=("metadata",),
        consequence=consequence,
        instead={
            **dict.fromkeys(spec.fields, "inside spec"),
            **dict.fromkeys(("name", "labels", "annotations"), "inside metadata"),
        },
    )


def spec_of(manifest: Manifest, shape: Record) -> tuple[Mapping[str, Any], Report, str]:
    """The spec as the API server keeps it, what it says to the object, and why it rejects it (empty: it does not)."""
    kept, report = accepted(manifest, shape, Server.CUSTOM)
    spec = kept.get("spec")
    broken = BROKEN if any(path[:1] == ("spec",) for path in report.faults) else ""
    return spec if isinstance(spec, Mapping) else {}, report, broken


def named(manifest: Manifest) -> Named:
    """The object's identity."""
    metadata = manifest.data.get("metadata")
    created = metadata.get("creationTimestamp") if isinstance(metadata, Mapping) else None
    return Named(
        manifest.kind,
        manifest.namespace or "default",
        policy_name(manifest),
        manifest.place,
        created if isinstance(created, str) else "",
    )


def labels_of(selector: Any, field: str = "matchLabels") -> Labels:
    """The labels of a selector; None where there is none."""
    if not isinstance(selector, Mapping):
        return None
    labels = selector.get(field)
    return dict(labels) if isinstance(labels, Mapping) else {}


def any_of(*names: str) -> dict[str, Shape]:
    """Fields that are known, and not looked into."""
    return dict.fromkeys(names, ANYTHING)


def selectors_of(value: Any) -> tuple[Selector, ...]:
    """The label selectors of a list in a text of settings; what is none is passed over."""
    found = []
    for one in value if isinstance(value, list) else ():
        if isinstance(one, Mapping) and CUSTOM_SELECTOR.fits(one, _SILENCE):
            found.append(selector(one))
    return tuple(found)
