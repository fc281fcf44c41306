"""Questions and answers: naming ends, can, explain, connections, edits, fingerprints."""
