from __future__ import annotations

import io
import json
import mmap
from pathlib import Path
from typing import Any

import pytest

from bench.generate_dump import write
from ringfence.model.cluster import Cluster
from ringfence.model.provenance import Manifest, Place
from ringfence.sources.building import build
from ringfence.sources.field_checks import path_text
from ringfence.sources.json_dump import read_dump
from ringfence.values import replace
from tests.sources.manifests import Given, NamedPlaces, pods_of

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "labels": {"app": "web", "empty": ""},
        "annotations": {"example.com/x": "y", "sidecar.istio.io/status": "{}", "traffic.sidecar.istio.io/x": None},
        "ownerReferences": [
            {"kind": "Other", "name": "x", "uid": "1"},
            {"kind": "ReplicaSet", "name": "web", "controller": True},
        ],
    },
    "spec": {
        "nodeName": "n1",
        "serviceAccountName": "web",
        "serviceAccount": "other",
        "containers": [{"name": "a", "ports": [{"name": "http", "containerPort": 80}], "env": [{"name": "X"}]}],
        "initContainers": [
            {"ports": [{"name": "once", "containerPort": 1}]},
            {"name": "istio-proxy", "image": "once"},
            {"name": "istio-proxy", "image": "proxyv2:1.2", "restartPolicy": "Always"},
            {"restartPolicy": "Always", "ports": [{"name": "proxy", "containerPort": 2, "protocol": "UDP"}]},
        ],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.0.0.1",
        "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
        "hostIP": "192.168.0.1",
    },
}


def listing(*items: Any, indent: int | None = 4, **top: Any) -> bytes:
    return json.dumps({"apiVersion": "v1", "items": items, "kind": "List", **top}, indent=indent).encode()


def dumped(data: bytes) -> Cluster:
    found = read_dump(data, "dump.json")
    assert found is not None
    manifests, pods, problems = found
    return build(Given(manifests, pods, problems))


def by_hand(*items: dict[str, Any]) -> Cluster:
    manifests = []
    for number, item in enumerate(items):
        metadata = item["metadata"]
        places = NamedPlaces(number)
        manifests.append(Manifest("v1", "Pod", metadata.get("namespace"), metadata.get("name") or "", item, places))
    return build(Given(manifests))


def essence(cluster: Cluster) -> Any:
    """A cluster without the places of its objects."""
    return (
        [replace(pod, place=None) for pod in cluster.pods],
        [replace(pod, place=None) for pod in cluster.finished],
        {name: replace(node, place=None) for name, node in cluster.nodes.items()},
        sorted((problem.code, problem.message, problem.partial) for problem in cluster.problems),
        cluster.families,
    )


def test_a_pod_of_a_dump_is_projected_and_means_the_same() -> None:
    found = read_dump(listing(POD), "dump.json")
    assert found is not None
    assert (len(found[0]), len(found[1])) == (0, 1)
    assert essence(dumped(listing(POD))) == essence(by_hand(POD))


def edited(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    pod: dict[str, Any] = json.loads(json.dumps(POD))
    inner: Any = pod
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return pod


FIELDS: list[tuple[str | int, ...]] = [
    ("metadata", "namespace"),
    ("metadata", "labels"),
    ("metadata", "labels", "app"),
    ("metadata", "annotations"),
    ("metadata", "annotations", "example.com/x"),
    ("metadata", "annotations", "sidecar.istio.io/status"),
    ("metadata", "ownerReferences"),
    ("metadata", "ownerReferences", 1, "controller"),
    ("metadata", "ownerReferences", 1, "kind"),
    ("metadata", "ownerReferences", 1, "name"),
    ("spec",),
    ("spec", "nodeName"),
    ("spec", "hostNetwork"),
    ("spec", "serviceAccountName"),
    ("spec", "serviceAccount"),
    ("spec", "containers", 0, "name"),
    ("spec", "initContainers", 2, "name"),
    ("spec", "initContainers", 2, "image"),
    ("spec", "initContainers", 2, "restartPolicy"),
    ("spec", "containers"),
    ("spec", "containers", 0),
    ("spec", "containers", 0, "ports"),
    ("spec", "containers", 0, "ports", 0, "containerPort"),
    ("spec", "containers", 0, "ports", 0, "name"),
    ("spec", "containers", 0, "ports", 0, "protocol"),
    ("spec", "initContainers"),
    ("spec", "initContainers", 0, "restartPolicy"),
    ("status",),
    ("status", "phase"),
    ("status", "podIP"),
    ("status", "podIPs"),
    ("status", "podIPs", 0, "ip"),
    ("status", "hostIP"),
    ("status", "hostIPs"),
]
TEXTS = ("", "x", "Node", "Always", "Succeeded", "10.0.0.9", "not an address!", "UDP", "tcp", "istio-proxy")
NUMBERS = (True, False, 0, 443, 70000, 1.5, 80.0)
MAPPINGS: tuple[Any, ...] = ({}, {"a": 1}, {"a": "b c"}, {"a": None}, {"istio.io/rev": 1}, {"linkerd.io/inject": "on"})
LISTS: tuple[Any, ...] = (
    [],
    [1],
    [None],
    [{}],
    [{"ip": "10.1.1.1"}],
    [{"ip": ""}],
    [{"name": "p", "containerPort": 5}],
    [{"kind": "Job", "name": "j", "controller": True}],
)
VALUES: tuple[Any, ...] = (None, *TEXTS, *NUMBERS, *MAPPINGS, *LISTS)


@pytest.mark.parametrize("path", FIELDS, ids=path_text)
def test_whatever_a_pod_holds_both_ways_of_reading_agree(path: tuple[str | int, ...]) -> None:
    for value in VALUES:
        pod = edited(path, value)
        if isinstance(pod["metadata"].get("namespace"), (str, type(None))):
            assert essence(dumped(listing(pod))) == essence(by_hand(pod)), value


def test_one_bad_pod_is_reported_with_its_place_and_the_others_go_on() -> None:
    bad = edited(("metadata", "labels", "app"), 7)
    bad["metadata"]["name"] = "bad"
    bad["status"] = {}
    data = listing(POD, bad)
    cluster = dumped(data)
    assert list(pods_of(cluster)) == ["shop/bad", "shop/web-1"]
    assert pods_of(cluster)["shop/bad"].open_labels == ("app",)
    [problem] = cluster.problems
    line = data.decode().splitlines()[problem.place.line - 1]
    assert line.strip() == '"app": 7,'
    assert line[problem.place.column - 1 :].startswith('"app"')


@pytest.mark.parametrize("indent", [4, None])
def test_every_pod_has_its_place(indent: int | None) -> None:
    second = edited(("metadata", "name"), "web-2")
    data = listing(POD, second, indent=indent, metadata={"note": "ü"})
    lines = data.decode().splitlines()
    for pod in dumped(data).pods:
        assert pod.place is not None
        assert pod.place.file == "dump.json"
        assert lines[pod.place.line - 1][pod.place.column - 1] == "{"
    assert len({pod.place for pod in dumped(data).pods}) == 2


def test_places_do_not_depend_on_where_the_items_stand() -> None:
    data = json.dumps({"metadata": {"x": [POD]}, "kind": "List", "items": [POD]}, indent=1).encode()
    [pod] = dumped(data).pods
    assert pod.place is not None
    assert data.decode().splitlines()[pod.place.line - 2] == ' "items": ['


def test_replicas_share_what_is_equal() -> None:
    one, two = dumped(listing(POD, edited(("metadata", "name"), "web-2"))).pods
    assert one.labels is two.labels
    assert one.ports is two.ports
    assert one.workload is two.workload
    assert one.marks is two.marks
    assert one.marks.annotations
    assert one.service_account is two.service_account


def test_an_escaped_key_is_the_key() -> None:
    data = listing(POD).replace(b"sidecar.istio.io/status", rb"sidecar.\u0069stio.io\/status")
    assert essence(dumped(data)) == essence(by_hand(POD))
    only = listing(edited(("metadata", "annotations"), {"istio.io/rev": "a"})).replace(
        b"istio.io", rb"\u0069stio\u002eio"
    )
    assert [pod.marks.annotations for pod in dumped(only).pods] == [{"istio.io/rev": "a"}]


def test_a_typed_list_says_what_its_members_are() -> None:
    bare = {key: value for key, value in POD.items() if key not in ("apiVersion", "kind")}
    assert len(dumped(listing(bare, kind="PodList")).pods) == 1
    names = [{"metadata": {"name": "shop", "labels": {"team": "a"}}}]
    assert dumped(listing(*names, kind="NamespaceList")).namespaces["shop"].labels["team"] == "a"


def test_other_kinds_become_manifests_with_their_places() -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "deny", "namespace": "shop"},
        "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": 80}, {"port": "http"}]}]},
    }
    data = listing(POD, policy)
    found = read_dump(data, "dump.json")
    assert found is not None
    [manifest] = found[0]
    assert (manifest.api_version, manifest.kind, manifest.namespace, manifest.name) == (
        "networking.k8s.io/v1",
        "NetworkPolicy",
        "shop",
        "deny",
    )
    assert manifest.data == policy
    lines = data.decode().splitlines()
    place = manifest.positions.place(("spec", "ingress", 0, "ports", 1, "port"))
    assert lines[place.line - 1][place.column - 1 :] == '"port": "http"'
    member = manifest.positions.place(("spec", "ingress", 0, "ports", 1))
    assert (lines[member.line - 1].strip(), member.line) == ("{", place.line - 1)
    parent = manifest.positions.place(("spec", "ingress", 0, "from", 3))
    assert lines[parent.line - 1].strip() == "{"
    assert manifest.positions.place(("spec", "egress")).line == lines.index('            "spec": {', 40) + 1


def test_secrets_are_counted_without_their_contents() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"},
        "data": {"k": "cGFzcw"},
    }
    found = read_dump(listing(secret), "dump.json")
    assert found is not None
    assert "cGFzcw" not in str(found[0][0].data)
    assert dumped(listing(secret)).unmodelled == {"v1 Secret": 1}


def test_control_plane_pods_tell_their_flags() -> None:
    pod = edited(("metadata", "name"), "kube-controller-manager-n1")
    pod["metadata"]["namespace"] = "kube-system"
    pod["spec"]["containers"][0]["command"] = ["kube-controller-manager", "--cluster-cidr=10.0.0.0/8"]
    cluster = dumped(listing(pod))
    assert cluster.ranges.pods == ((10 << 24, (11 << 24) - 1),)
    assert len(cluster.pods) == 1


def test_a_list_in_a_list_is_read_in_place() -> None:
    data = listing(POD, {"apiVersion": "v1", "kind": "List", "items": [edited(("metadata", "name"), "inner")]})
    pods = pods_of(dumped(data))
    assert set(pods) == {"shop/web-1", "shop/inner"}
    place = pods["shop/inner"].place
    assert place is not None
    names = [number for number, line in enumerate(data.decode().splitlines(), 1) if '"name": "inner"' in line]
    assert 0 < names[0] - place.line < 5


def test_a_list_in_a_list_on_one_line_is_placed_by_its_column() -> None:
    data = listing({"apiVersion": "v1", "kind": "List", "items": [POD]}, indent=None)
    [pod] = dumped(data).pods
    assert pod.place is not None
    assert data[pod.place.column - 1 :].startswith(b'{"apiVersion": "v1", "kind": "Pod"')


@pytest.mark.parametrize(
    ("member", "code", "partial"),
    [
        (3, "wrong-type", True),
        (None, "wrong-type", True),
        ({}, "not-an-object", False),
        ({"apiVersion": "v1", "kind": 3, "metadata": {}}, "wrong-type", True),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": 3}}, "wrong-type", True),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": "x"}, "wrong-type", True),
    ],
)
def test_a_member_that_is_no_object_is_reported_and_the_others_go_on(member: Any, code: str, partial: bool) -> None:
    cluster = dumped(listing(member, POD))
    assert list(pods_of(cluster)) == ["shop/web-1"]
    [problem] = cluster.problems
    assert (problem.code, problem.partial) == (code, partial)
    assert Place("dump.json", 4, 9) <= problem.place < Place("dump.json", 9)


def test_broken_text_within_a_member_is_reported() -> None:
    data = listing(POD, {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "X"}})
    cluster = dumped(data.replace(b'"X"', b'"\xff"'))
    assert list(pods_of(cluster)) == ["shop/web-1"]
    assert [problem.code for problem in cluster.problems] == ["json-syntax"]
    assert cluster.partial


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[]",
        b"{}",
        json.dumps(POD).encode(),
        b'{"kind": "List", "items": null}',
        b'{"kind": "List", "items": [',
        b'{"kind": "List", "items": 3}',
        b'{"kind": "Pod", "items": []}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_is_left_to_others(data: bytes) -> None:
    assert read_dump(data, "dump.json") is None


def test_a_mapped_file_reads_the_same_and_can_be_closed(tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    file.write_bytes(listing(POD, POD))
    with file.open("rb") as stream:
        data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        found = read_dump(data, "dump.json")
        data.close()
    assert found is not None
    assert [pod.name for pod in found[1]] == ["web-1", "web-1"]


def test_equal_copies_in_a_dump_count_once_and_different_ones_are_reported() -> None:
    cluster = dumped(listing(POD, POD))
    assert (len(cluster.pods), cluster.problems) == (1, ())
    cluster = dumped(listing(POD, edited(("metadata", "labels", "app"), "other")))
    assert [pod.labels["app"] for pod in cluster.pods] == ["other"]
    assert [problem.code for problem in cluster.problems] == ["given-twice"]


@pytest.mark.parametrize("managed_fields", [False, True])
def test_generated_dumps_are_whole_clusters(managed_fields: bool) -> None:
    out = io.StringIO()
    write(out, 25, managed_fields=managed_fields, mixed=True)
    cluster = dumped(out.getvalue().encode())
    assert cluster.problems == ()
    assert len(cluster.pods) == 25
    assert {str(pod.workload) for pod in cluster.pods} == {
        "team-0000/web-00000[Deployment]",
        "team-0000/api-00001[Deployment]",
        "team-0000/worker-00002[Deployment]",
    }
    assert {len(pod.ports) for pod in cluster.pods} == {2}
    assert len({pod.addresses for pod in cluster.pods}) == 25
    assert not any(node.open_labels for node in cluster.nodes.values())
    assert len(cluster.services) == 3
