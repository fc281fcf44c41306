"""The short way to read a pod gives what the long way gives, or gives up."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sources.plain_pods import PlainPods
from ringfence.sources.pods import read_pod
from tests.sources.manifests import NamedPlaces
from tests.sources.mutations import variants

REPLICA: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"app": "web", "example.com/tier": "front"},
        "annotations": {"example.com/x": "y", "sidecar.istio.io/status": "{}"},
        "ownerReferences": [
            {"kind": "Other", "name": "x", "controller": False},
            {"kind": "ReplicaSet", "name": "web-5d", "controller": True},
        ],
    },
    "spec": {
        "nodeName": "node-1",
        "hostNetwork": False,
        "serviceAccountName": "web",
        "serviceAccount": "web",
        "containers": [
            {"name": "istio-proxy", "image": "proxyv2:1.2"},
            {"ports": [{"name": "http", "containerPort": 80}, {"containerPort": 90, "protocol": "UDP"}]},
        ],
        "initContainers": [
            {"restartPolicy": "Always", "ports": [{"name": "m", "containerPort": 1, "protocol": "TCP"}]},
            {"ports": [{"name": "gone", "containerPort": 2}]},
        ],
    },
    "status": {
        "phase": "Running",
        "hostIP": "192.168.0.1",
        "hostIPs": [{"ip": "192.168.0.1"}],
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
    },
}
NODE_LOCAL: dict[str, Any] = {
    "metadata": {"name": "p", "ownerReferences": [{"kind": "Node", "name": "node-1", "controller": True}]},
    "spec": {"hostNetwork": True, "containers": [{}]},
    "status": {"hostIP": "192.168.0.1", "podIP": "192.168.0.1"},
}


def manifest(data: dict[str, Any]) -> Manifest:
    return Manifest("v1", "Pod", "shop", "web-1", data, NamedPlaces(1))


@pytest.mark.parametrize("pod", [REPLICA, NODE_LOCAL], ids=["replica", "node-local"])
def test_the_short_way_is_taken(pod: dict[str, Any]) -> None:
    assert PlainPods().read(manifest(pod), "shop") is not None


@pytest.mark.parametrize("pod", [REPLICA, NODE_LOCAL], ids=["replica", "node-local"])
def test_the_short_way_agrees_with_the_long_one_or_gives_up(pod: dict[str, Any]) -> None:
    plain_pods = PlainPods()
    for data in variants(pod):
        short = plain_pods.read(manifest(data), "shop")
        problems: list[Problem] = []
        long = read_pod(manifest(data), "shop", problems)
        assert short is None or (short == long and not problems), data


def test_equal_values_are_made_once() -> None:
    plain_pods = PlainPods()
    one, other = (plain_pods.read(manifest(data), "shop") for data in (REPLICA, copy.deepcopy(REPLICA)))
    assert one is not None
    assert other is not None
    assert one.labels is other.labels
    assert one.ports is other.ports
    assert one.marks is other.marks
    assert one.marks.proxies
    assert one.owner is other.owner
