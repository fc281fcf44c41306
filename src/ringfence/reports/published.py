"""Every document with a published schema, by the name that ``ringfence schema`` takes."""

from __future__ import annotations

from typing import Any

import msgspec

from ringfence.reports import documents
from ringfence.reports.blast_radius_documents import BlastRadiusDocument, PathsDocument
from ringfence.reports.coverage_documents import CoverageDocument
from ringfence.reports.documents import Document
from ringfence.reports.exposure_documents import ExposureDocument

PUBLISHED: dict[str, type[Document]] = {
    **documents.DOCUMENTS,
    "coverage": CoverageDocument,
    "exposure": ExposureDocument,
    "blast-radius": BlastRadiusDocument,
    "paths": PathsDocument,
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one document. Raises KeyError for a name that PUBLISHED lacks."""
    found = msgspec.json.schema(PUBLISHED[name])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"ringfence {name}", **found}
