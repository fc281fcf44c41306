"""What pods and Services show of meshes, whatever object they come from."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ringfence.model.marks import NO_MARKS, ProxyContainer
from ringfence.model.provenance import Manifest, Place
from ringfence.sources.json_dump import read_dump
from ringfence.sources.plain_pods import PlainPods
from ringfence.sources.snapshot_contents import kept_of
from tests.sources.manifests import NamedPlaces, blamed, cluster_of, pods_of

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, annotations: {%s}}
spec: {%s}
"""


@pytest.mark.parametrize(
    ("spec", "account"),
    [
        ("containers: []", "default"),
        ("serviceAccountName: web", "web"),
        ("serviceAccount: old", "old"),
        ("serviceAccountName: web, serviceAccount: old", "web"),
        ('serviceAccountName: ""', "default"),
        ("serviceAccountName: 7", "default"),
    ],
)
def test_the_account_of_a_pod(spec: str, account: str) -> None:
    assert pods_of(cluster_of(POD % ("", spec)))["shop/web"].service_account == account


def test_annotations_of_meshes_and_no_others() -> None:
    text = POD % (
        "istio.io/rev: a, sidecar.istio.io/inject: 'true', example.com/istio.io: x, notistio.io/x: y,"
        " config.linkerd.io/skip-inbound-ports: '1', plain: z",
        "",
    )
    assert pods_of(cluster_of(text))["shop/web"].marks.annotations == {
        "istio.io/rev": "a",
        "sidecar.istio.io/inject": "true",
        "config.linkerd.io/skip-inbound-ports": "1",
    }


def test_a_value_that_is_no_string_is_reported_and_is_none() -> None:
    cluster = cluster_of(POD % ("istio.io/rev: 1, example.com/x: 1", ""))
    assert pods_of(cluster)["shop/web"].marks == NO_MARKS
    assert blamed(cluster) == {"wrong-type": {"metadata.annotations[istio.io/rev]"}}


def test_settings_of_a_proxy_are_kept_as_far_as_they_are_read() -> None:
    text = POD % (
        'proxy.istio.io/config: "interceptionMode: NONE\\nproxyMetadata:\\n  TOKEN: s3cret\\n'
        "  ISTIO_META_ENABLE_HBONE: 'true'\", proxy.istio.io/overrides: s3cret",
        "",
    )
    annotations = pods_of(cluster_of(text))["shop/web"].marks.annotations
    assert annotations["proxy.istio.io/config"] == "interceptionMode: NONE\nISTIO_META_ENABLE_HBONE: 'true'"
    assert "s3cret" not in str(annotations)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("gatewayTopology:\\n  numTrustedProxies: 2", "numTrustedProxies:2"),
        (r"{\"gatewayTopology\": {\"numTrustedProxies\": 1}}", "numTrustedProxies:1"),
        (r"{\"gatewayTopology\": {\"proxyProtocol\": {}}}", "proxyProtocol:"),
        ("numTrustedProxies: many", ""),
    ],
)
def test_what_a_gateway_is_told_of_the_proxies_before_it(said: str, kept: str) -> None:
    annotations = pods_of(cluster_of(POD % (f'proxy.istio.io/config: "{said}"', "")))["shop/web"].marks.annotations
    assert annotations["proxy.istio.io/config"] == kept


def test_proxies_are_containers_and_init_containers_that_stay() -> None:
    text = POD % (
        "",
        "containers: [{name: web, image: istio-proxy}, {name: linkerd-proxy, image: l}],"
        " initContainers: [{name: istio-proxy, image: gone},"
        " {name: istio-proxy, image: stays, restartPolicy: Always}]",
    )
    assert pods_of(cluster_of(text))["shop/web"].marks.proxies == (
        ProxyContainer("linkerd-proxy", "l"),
        ProxyContainer("istio-proxy", "stays"),
    )


@pytest.mark.parametrize(
    ("version", "kind", "spec"),
    [
        ("apps/v1", "Deployment", "{selector: {matchLabels: {app: web}}, template: {T}}"),
        ("apps/v1", "StatefulSet", "{selector: {matchLabels: {app: web}}, template: {T}}"),
        ("apps/v1", "DaemonSet", "{selector: {matchLabels: {app: web}}, template: {T}}"),
        ("apps/v1", "ReplicaSet", "{selector: {matchLabels: {app: web}}, template: {T}}"),
        ("v1", "ReplicationController", "{selector: {app: web}, template: {T}}"),
        ("batch/v1", "Job", "{template: {T}}"),
        ("batch/v1", "CronJob", "{jobTemplate: {spec: {template: {T}}}}"),
    ],
)
def test_templates_show_what_their_pods_will(version: str, kind: str, spec: str) -> None:
    template = (
        "{metadata: {labels: {app: web}, annotations: {sidecar.istio.io/inject: 'false'}},"
        " spec: {serviceAccountName: web, containers: [{name: istio-proxy, image: proxyv2}]}}"
    )
    [pod] = cluster_of(
        f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: web, namespace: shop}},"
        f" spec: {spec.replace('{T}', template)}}}"
    ).pods
    assert pod.service_account == "web"
    assert pod.marks.annotations == {"sidecar.istio.io/inject": "false"}
    assert pod.marks.proxies == (ProxyContainer("istio-proxy", "proxyv2"),)


def test_services_say_what_their_ports_speak_and_what_the_mesh_is_told() -> None:
    [service] = cluster_of("""
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  creationTimestamp: "2026-01-31T12:00:00Z"
  labels: {app: web, istio.io/use-waypoint: w}
  annotations: {networking.istio.io/exportTo: "."}
spec: {selector: {app: web}, ports: [{port: 80, appProtocol: kubernetes.io/h2c}, {name: b, port: 81}]}
""").services
    assert [port.application for port in service.ports] == ["kubernetes.io/h2c", ""]
    assert service.created == "2026-01-31T12:00:00Z"
    assert service.marks == {"istio.io/use-waypoint": "w", "networking.istio.io/exportTo": "."}


def test_accounts_of_the_input_are_known_by_name() -> None:
    account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: shop}\n"
    cluster = cluster_of("---\n".join(account % name for name in ("web", "db")))
    assert cluster.accounts == {("shop", "web"), ("shop", "db")}
    assert cluster.unmodelled == {"v1 ServiceAccount": 2}


MAIN = {"name": "main"}
AS_PROXY = {"name": "agent", "securityContext": {"runAsUser": 1337}}
PROXY = {"name": "istio-proxy", "image": "p"}


@pytest.mark.parametrize(
    ("spec", "users", "others", "early"),
    [
        ({"containers": [MAIN]}, (), True, ()),
        ({"containers": [MAIN, AS_PROXY]}, ("agent",), True, ()),
        ({"containers": [AS_PROXY, PROXY]}, ("agent",), False, ()),
        ({"containers": [MAIN], "securityContext": {"runAsGroup": 1337}}, ("main",), False, ()),
        ({"containers": [MAIN], "securityContext": {"runAsUser": "1337"}}, (), True, ()),
        ({"containers": [AS_PROXY], "securityContext": {"runAsUser": 5}}, ("agent",), False, ()),
        ({"containers": [AS_PROXY, {**PROXY, "securityContext": {"runAsUser": 5}}]}, (), True, ()),
        ({"containers": [MAIN], "initContainers": [{"name": "one"}, {"name": "istio-init"}]}, (), True, ("one",)),
        (
            {"containers": [MAIN], "initContainers": [{**PROXY, "restartPolicy": "Always"}, {"name": "one"}]},
            (),
            True,
            (),
        ),
        (
            {"containers": [MAIN], "initContainers": [{**AS_PROXY, "restartPolicy": "Always"}]},
            ("agent",),
            True,
            (),
        ),
    ],
)
def test_who_runs_as_the_proxy_and_who_runs_before_it(
    spec: dict[str, Any], users: tuple[str, ...], others: bool, early: tuple[str, ...]
) -> None:
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": spec,
    }
    dump = read_dump(json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod]}).encode(), "dump.json")
    assert dump is not None
    plain = PlainPods().of_object(pod, Place("x"))
    assert plain is not None
    # A list of owners with a wrong entry is nothing for the short way.
    metadata = {**pod["metadata"], "ownerReferences": [7]}
    long = pods_of(cluster_of(yaml.safe_dump({**pod, "metadata": metadata})))["shop/web"].marks
    for marks in (dump[1][0].marks, plain.marks, long):
        assert (marks.users, marks.others, marks.early) == (users, others, early)
    kept = kept_of(Manifest("v1", "Pod", "shop", "web", pod, NamedPlaces(1)))
    assert kept is not None
    again = PlainPods().of_object(kept, Place("x"))
    assert again is not None
    assert again.marks == plain.marks
