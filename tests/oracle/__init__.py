"""A slow, obvious evaluator of the network layer, written from the specification's sentences.

It shares nothing with ``ringfence`` and imports nothing of it (``run`` alone does, to compare the two). One concrete
flow is decided by walking the clauses for one possible world; everything that the input leaves open is a fact that the
walk asks for, and the walk is repeated for every joint answer (``search``). Clause numbers name the working notes that
the engine was built from: "NP" is the NetworkPolicy API text and documentation, "CNP" the text of
policy.networking.k8s.io.
"""
