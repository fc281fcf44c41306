"""One-line faults planted in the semantics, one at a time: truth, oracle or the dialects' own examples must catch each."""
