"""Which pods a mesh takes for alike: replicas are one kind, unless something that it reads tells them apart."""

from __future__ import annotations

import pytest
import yaml

import ringfence
from ringfence.dialects.istio.mentioned import unmentioned
from tests.dialects.istio.meshes import Lab, namespace, service, workload

POD_NAME = "statefulset.kubernetes.io/pod-name"
STRICT = "---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: default, namespace: shop}\n"


def replicas() -> str:
    """Two pods of a StatefulSet as they run."""
    pods = []
    for number in range(2):
        name = f"db-{number}"
        owner = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True, "uid": "1"}
        labels = {"app": "db", POD_NAME: name, "apps.kubernetes.io/pod-index": str(number)}
        metadata = {"name": name, "namespace": "shop", "labels": labels, "ownerReferences": [owner]}
        status = {"phase": "Running", "podIP": f"10.0.0.{number + 1}"}
        spec = {"containers": [{"name": "main"}], "serviceAccountName": "db"}
        pods.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status})
    return "".join(f"---\n{yaml.safe_dump(pod)}" for pod in pods)


def kinds(more: str = "") -> int:
    mesh = Lab(namespace("shop", **{"istio-injection": "enabled"}) + STRICT + replicas() + more).mesh
    return len({mesh.kind(mesh.pod(index)) for index in range(2)})


def selecting(kind: str, version: str, field: str, **spec: object) -> str:
    found = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "one", "namespace": "shop"},
        "spec": {field: {"matchLabels" if field == "selector" else "labels": {POD_NAME: "db-0"}}, **spec},
    }
    return f"---\n{yaml.safe_dump(found)}"


def test_replicas_of_a_stateful_set_are_one_kind() -> None:
    assert kinds() == 1
    assert kinds(service("shop/db", {"port": 80})) == 1


@pytest.mark.parametrize(
    "more",
    [
        selecting("AuthorizationPolicy", "security.istio.io/v1", "selector", rules=[{}]),
        selecting("RequestAuthentication", "security.istio.io/v1", "selector"),
        selecting("PeerAuthentication", "security.istio.io/v1", "selector", mtls={"mode": "STRICT"}),
        selecting("Sidecar", "networking.istio.io/v1", "workloadSelector", egress=[{"hosts": ["./*"]}]),
        selecting("WasmPlugin", "extensions.istio.io/v1alpha1", "selector", url="oci://filter"),
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: first, namespace: shop}\n"
        f"spec:\n  selector: {{{POD_NAME}: db-0}}\n  ports: [{{port: 80}}]\n",
        "---\napiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: first, namespace: shop}\n"
        f"spec:\n  host: db\n  subsets: [{{name: one, labels: {{{POD_NAME}: db-0}}}}]\n",
    ],
)
def test_they_are_apart_where_something_mentions_what_tells_them_apart(more: str) -> None:
    assert kinds(more) == 2


def test_a_service_that_leads_to_the_address_of_one_tells_it_apart() -> None:
    listed = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: first, namespace: shop}\nspec:\n  ports: [{port: 80}]\n"
        "---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\naddressType: IPv4\n"
        "metadata: {name: first-1, namespace: shop, labels: {kubernetes.io/service-name: first}}\n"
        "endpoints: [{addresses: [10.0.0.1]}]\nports: [{port: 80}]\n"
    )
    assert kinds(listed) == 2


def test_a_key_is_found_however_deep_it_stands() -> None:
    assert POD_NAME in unmentioned([{"a": ("app", 1, None)}])
    assert POD_NAME not in unmentioned([{"a": ("app", frozenset({POD_NAME}))}])
    assert POD_NAME not in unmentioned([[{POD_NAME: "db-0"}]])


def test_an_answer_about_replicas_names_a_port_once() -> None:
    text = namespace("shop", **{"istio-injection": "enabled"}) + STRICT + replicas() + workload("shop/web")
    world = ringfence.load_objects(list(yaml.safe_load_all(text.removeprefix("---"))), assume_no_labels=True)
    for ends in (("shop/db", "shop/web"), ("shop/web", "shop/db")):
        assert [part.ports for part in world.can(*ends, 8080, "TCP").parts] == [((8080, 8080),)]
