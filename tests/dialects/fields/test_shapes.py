"""What fits a shape is kept as it is, without a word."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.dialects.adminnetworkpolicy import schema as admin
from ringfence.dialects.clusternetworkpolicy import schema as cluster
from ringfence.dialects.fields.report import Report, Said, Server, Silence
from ringfence.dialects.fields.shapes import Record
from ringfence.dialects.networkpolicy import schema as network
from ringfence.model.provenance import Manifest
from tests.dialects.reading import Paths
from tests.sources.mutations import variants

METADATA = {"name": "one", "labels": {"a": "b"}, "annotations": {"c": "d"}}
SELECTOR = {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "x", "operator": "In", "values": ["y"]}]}
NETWORK_POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": METADATA,
    "spec": {
        "podSelector": SELECTOR,
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {
                "from": [
                    {"namespaceSelector": {}, "podSelector": {}},
                    {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}},
                ],
                "ports": [{"port": "http"}, {"port": 80, "endPort": 90, "protocol": "UDP"}],
            }
        ],
    },
}
PODS = {"pods": {"namespaceSelector": {}, "podSelector": SELECTOR}}
CLUSTER_POLICY = {
    "apiVersion": "policy.networking.k8s.io/v1alpha2",
    "kind": "ClusterNetworkPolicy",
    "metadata": METADATA,
    "spec": {
        "tier": "Admin",
        "priority": 10,
        "subject": PODS,
        "egress": [
            {
                "name": "out",
                "action": "Accept",
                "to": [{"networks": ["10.0.0.0/8", "10.0.0.0/9"]}, {"domainNames": ["example.com"]}],
                "protocols": [
                    {"tcp": {"destinationPort": {"number": 80}}},
                    {"udp": {"destinationPort": {"range": {"start": 1, "end": 2}}}},
                ],
            },
            {"action": "Deny", "to": [{"nodes": SELECTOR}]},
        ],
    },
}
ADMIN_POLICY = {
    "apiVersion": "policy.networking.k8s.io/v1alpha1",
    "kind": "AdminNetworkPolicy",
    "metadata": METADATA,
    "spec": {
        "priority": 10,
        "subject": {"namespaces": SELECTOR},
        "ingress": [
            {
                "action": "Allow",
                "from": [{"pods": {"namespaceSelector": {}, "podSelector": {}}}],
                "ports": [{"portNumber": {"port": 80, "protocol": "TCP"}}, {"namedPort": "http"}],
            }
        ],
    },
}
OBJECTS = pytest.mark.parametrize(
    ("data", "shape", "server"),
    [
        (NETWORK_POLICY, network.OBJECT, Server.BUILT_IN),
        (CLUSTER_POLICY, cluster.OBJECT, Server.CUSTOM),
        (ADMIN_POLICY, admin.ADMIN, Server.CUSTOM),
    ],
    ids=["network", "cluster", "admin"],
)


def fits(data: dict[str, Any], shape: Record, server: Server) -> bool:
    try:
        return shape.fits(data, Silence(server))
    except Said:
        return False


@OBJECTS
def test_a_sound_object_fits(data: dict[str, Any], shape: Record, server: Server) -> None:
    assert fits(data, shape, server)


@OBJECTS
def test_what_fits_is_kept_as_it_is_without_a_word(data: dict[str, Any], shape: Record, server: Server) -> None:
    fitting = 0
    for variant in variants(data):
        report = Report(Manifest("v1", "Policy", None, "one", variant, Paths()), server)
        kept = shape.accept(variant, (), report)
        if fits(variant, shape, server):
            fitting += 1
            assert kept == variant
            assert not report.problems
        else:
            # The slow way may find nothing either: 80.0 is taken for 80, and nulls are dropped.
            assert report.problems or repr(kept) != repr(variant)
    assert fitting > 1
