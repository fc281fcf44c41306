"""The published schemas by name."""

from __future__ import annotations

from typing import Any

import msgspec

from ringfence.reports.blast_radius_documents import BlastRadiusDocument, PathsDocument
from ringfence.reports.coverage.document import CoverageDocument
from ringfence.reports.differences.document import DiffDocument
from ringfence.reports.differences.equivalence import EquivalenceDocument
from ringfence.reports.documents import AnswerDocument, ConnectionsDocument, Document, ExplanationDocument
from ringfence.reports.exposure_documents import ExposureDocument
from ringfence.reports.findings.document import FindingsDocument
from ringfence.reports.portability import PortabilityDocument
from ringfence.reports.profiles import DetectionDocument, ProfilesDocument

DOCUMENTS: dict[str, type[Document]] = {
    "answer": AnswerDocument,
    "connections": ConnectionsDocument,
    "diff": DiffDocument,
    "equivalence": EquivalenceDocument,
    "explanation": ExplanationDocument,
    "findings": FindingsDocument,
    "coverage": CoverageDocument,
    "exposure": ExposureDocument,
    "blast-radius": BlastRadiusDocument,
    "paths": PathsDocument,
    "portability": PortabilityDocument,
    "profiles": ProfilesDocument,
    "detection": DetectionDocument,
}
"""Their types; ``ringfence schema`` prints what ``python -m ringfence.reports.schemas`` wrote."""


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one document. Raises KeyError for a name that DOCUMENTS lacks."""
    found = msgspec.json.schema(DOCUMENTS[name])
    title = f"ringfence {name}"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **found}
