"""Namespaces: those that were read, and those that are only named."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.model.cluster import NAME_LABEL, Namespace
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest
from ringfence.sources.field_checks import Fields, Findings


def read_namespace(manifest: Manifest, problems: list[Problem]) -> Namespace:
    """A Namespace with its name label, which the API server sets over whatever the manifest says.

    Labels that it would reject leave every other label of the namespace open: who knows which were meant.
    """
    findings = Findings(manifest, problems)
    metadata = Fields(findings).child("metadata")
    before = len(problems)
    labels, _ = metadata.labels("labels", vital=False)
    broken = len(problems) > before
    said = labels.get(NAME_LABEL, manifest.name)
    if said != manifest.name and not broken:
        findings.report(
            ("metadata", "labels", NAME_LABEL),
            "name-label",
            f"the API server sets {NAME_LABEL} to {manifest.name}",
            "leave the label out",
            severity=Severity.WARNING,
        )
    name = {NAME_LABEL: manifest.name}
    return Namespace(manifest.name, name if broken else {**labels, **name}, broken, manifest.place)


def with_named(read: dict[str, Namespace], named: Iterable[str], *, assume_no_labels: bool) -> dict[str, Namespace]:
    """All namespaces in order of name; one without an object has its name label, and is open unless told otherwise."""
    found = dict(read)
    for name in named:
        if name not in found:
            found[name] = Namespace(name, {NAME_LABEL: name}, not assume_no_labels)
    return {name: found[name] for name in sorted(found)}
