"""The published JSON Schemas, a file a document; ``python -m ringfence.reports.schemas`` writes them anew."""
