"""Languages: sets of strings that patterns name, and the atoms of a family of patterns. Bytes, as a proxy sees them."""
