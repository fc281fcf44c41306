"""Writes the schemas beside this file."""

from __future__ import annotations

import json
from pathlib import Path

from ringfence.reports.published import DOCUMENTS, schema

for name in DOCUMENTS:
    file = Path(__file__).parent / f"{name}.schema.json"
    file.write_text(json.dumps(schema(name), indent=2) + "\n", encoding="utf-8")
