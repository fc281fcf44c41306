"""One-line faults planted in the semantics, one at a time. The published expectations or the oracle must catch each."""
