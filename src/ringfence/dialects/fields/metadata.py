"""The metadata of an object, as the API server checks it on creation.

Source: apimachinery ``api/validation/objectmeta.go``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.report import Report
from ringfence.dialects.fields.shapes import ANYTHING, ListOf, Number, Record, Text, Texts
from ringfence.dialects.fields.words import dns_label, dns_subdomain, finalizer, label_key, label_value, name_hint
from ringfence.model.provenance import FieldPath, Manifest

LONGEST_ANNOTATIONS = 256 * 1024
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def _time(text: str) -> str:
    return "" if _TIME.fullmatch(text) else "is not a time such as 2026-01-31T12:00:00Z"


def policy_name(manifest: Manifest) -> str:
    """The name, or the stem of the one that the API server will make from generateName."""
    if manifest.name:
        return manifest.name
    metadata = manifest.data.get("metadata")
    stem = metadata.get("generateName") if isinstance(metadata, Mapping) else None
    return stem if isinstance(stem, str) else ""


def _annotation_key(text: str) -> str:
    return label_key(text.lower())


def _not_empty(text: str) -> str:
    return "" if text else "must not be empty"


def _named(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    if not kept.get("name") and not kept.get("generateName"):
        report.reject(path, "missing-field", "has no name", "every object has metadata.name")


def _generated(text: str) -> str:
    return dns_subdomain(f"{text}x")


_FILLED = Text(_not_empty, hint="take the owner reference out, or fill it in")
_TIMESTAMP = Text(_time, hint="take it out: the API server sets it")
_OWNER = Record(
    "an owner reference",
    {
        "apiVersion": _FILLED,
        "kind": _FILLED,
        "name": _FILLED,
        "uid": _FILLED,
        "controller": ANYTHING,
        "blockOwnerDeletion": ANYTHING,
    },
    required=("apiVersion", "kind", "name", "uid"),
)


def _name(text: str) -> str:
    return dns_subdomain(text) if text else ""


def _namespace(text: str) -> str:
    return dns_label(text) if text else ""


METADATA = Record(
    "metadata",
    {
        "name": Text(_name, "invalid-name", name_hint),
        "generateName": Text(_generated, "invalid-name", name_hint),
        "namespace": Text(_namespace, "invalid-name", name_hint),
        "labels": Texts(label_key, label_value),
        "annotations": Texts(_annotation_key, None, longest_total=LONGEST_ANNOTATIONS),
        "selfLink": Text(),
        "uid": Text(),
        "resourceVersion": Text(),
        "generation": Number(-(1 << 63), (1 << 63) - 1),
        "creationTimestamp": _TIMESTAMP,
        "deletionTimestamp": _TIMESTAMP,
        "deletionGracePeriodSeconds": Number(-(1 << 63), (1 << 63) - 1),
        "ownerReferences": ListOf(_OWNER),
        "finalizers": ListOf(Text(finalizer, "invalid-name", "take it out: only the cluster needs it")),
        "managedFields": ANYTHING,
    },
    check=_named,
)
"""Null values in labels and annotations are empty strings, whoever decodes the object."""
