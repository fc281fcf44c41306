"""The verdict of all layers, worked out the slow and plain way.

Written from the sentences of Kubernetes' and Istio's documentation: one client, one server, one request at a time,
straight from the objects as they were written. It imports nothing of ringfence. AuthorizationPolicy itself is decided
by ``tests.oracle.authorization``, which is written in the same way.
"""
