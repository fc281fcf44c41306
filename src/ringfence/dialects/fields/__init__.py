"""Fields of an object as the API server takes them: types, unknown fields, nulls, label selectors, names, CIDRs."""
