"""Properties of the engine over random clusters, and its comparison with the oracle."""
