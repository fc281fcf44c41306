"""Who is in the mesh. Tables of upstream, transcribed (Apache-2.0): istio ``pkg/kube/inject/webhook_test.go``
TestInjectRequired at 01aa03ded362, ``cni/pkg/util/podutil_test.go`` TestPodRedirectionEnabled at 03404d0fbc82, and the
selectors of ``mutatingwebhook.yaml``."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from ringfence.model.mesh import Proxy
from tests.dialects.istio.meshes import Lab, mesh_config, namespace, running, service, workload

ON = {"istio-injection": "enabled"}
AMBIENT = {"istio.io/dataplane-mode": "ambient"}
INJECT = "sidecar.istio.io/inject"
STATUS = {"sidecar.istio.io/status": "{}"}
PROXY = [{"name": "main"}, {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.27.1"}]
FOO = [{"matchLabels": {"foo": "bar"}}]


def has(*keys: str) -> list[dict[str, Any]]:
    return [{"matchExpressions": [{"key": key, "operator": "Exists"}]} for key in keys]


def injector(**config: Any) -> str:
    values = config.pop("values", {})
    data = {"config": yaml.safe_dump(config), "values": json.dumps(values)}
    metadata = {"name": "istio-sidecar-injector", "namespace": "istio-system"}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
    return f"---\n{yaml.safe_dump(made)}"


ENABLED, DISABLED = "enabled", "disabled"
REQUIRED: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str], bool, bool]] = [
    (ENABLED, {}, {}, {}, False, True),
    (ENABLED, {}, {}, {INJECT: "true"}, False, True),
    (ENABLED, {}, {}, {INJECT: "false"}, False, False),
    (DISABLED, {}, {}, {}, False, False),
    (DISABLED, {}, {}, {INJECT: "true"}, False, True),
    (DISABLED, {}, {}, {INJECT: "false"}, False, False),
    (ENABLED, {}, {}, {}, True, False),
    ("wrong_policy", {}, {}, {}, False, False),
    (ENABLED, {"alwaysInjectSelector": FOO}, {}, {}, False, True),
    (ENABLED, {"alwaysInjectSelector": FOO}, {"foo": "bar1"}, {}, False, True),
    (DISABLED, {"alwaysInjectSelector": FOO}, {}, {}, False, False),
    (DISABLED, {"alwaysInjectSelector": FOO}, {"foo": "bar"}, {}, False, True),
    (ENABLED, {"neverInjectSelector": FOO}, {}, {}, False, True),
    (ENABLED, {"neverInjectSelector": FOO}, {"foo": "bar"}, {}, False, False),
    (DISABLED, {"neverInjectSelector": FOO}, {}, {}, False, False),
    (DISABLED, {"neverInjectSelector": FOO}, {"foo": "bar"}, {}, False, False),
    (ENABLED, {"neverInjectSelector": has("foo")}, {"foo": "", "foo2": "bar2"}, {}, False, False),
    (DISABLED, {"alwaysInjectSelector": has("foo")}, {"foo": "", "foo2": "bar2"}, {}, False, True),
    (
        DISABLED,
        {"alwaysInjectSelector": has("always"), "neverInjectSelector": has("never")},
        {"always": "bar"},
        {},
        False,
        True,
    ),
    (
        DISABLED,
        {"alwaysInjectSelector": has("always"), "neverInjectSelector": has("never")},
        {"never": "bar"},
        {},
        False,
        False,
    ),
    (
        DISABLED,
        {"alwaysInjectSelector": has("always"), "neverInjectSelector": has("never")},
        {"always": "bar", "never": "bar2"},
        {},
        False,
        False,
    ),
    (ENABLED, {"neverInjectSelector": has("foo")}, {"foo": ""}, {INJECT: "true"}, False, True),
    (ENABLED, {"alwaysInjectSelector": has("foo")}, {"foo": ""}, {INJECT: "false"}, False, False),
    (DISABLED, {"alwaysInjectSelector": has("foo")}, {"foo": ""}, {INJECT: "false"}, False, False),
    (ENABLED, {"neverInjectSelector": has("foo", "bar")}, {"label1": "", "bar": "anything"}, {}, False, False),
    (DISABLED, {"alwaysInjectSelector": has("foo", "bar")}, {"label1": "", "bar": "anything"}, {}, False, True),
    (DISABLED, {"neverInjectSelector": has("foo")}, {"foo": ""}, {INJECT: "true"}, False, True),
]


@pytest.mark.parametrize(("policy", "selectors", "labels", "annotations", "host_network", "wanted"), REQUIRED)
def test_what_the_injector_answers(
    policy: str,
    selectors: dict[str, Any],
    labels: dict[str, str],
    annotations: dict[str, str],
    host_network: bool,
    wanted: bool,
) -> None:
    spec = {"hostNetwork": True} if host_network else {}
    lab = Lab(
        injector(policy=policy, **selectors), namespace("test", **ON), workload("test/web", labels, annotations, **spec)
    )
    assert lab.member("test/web") == (["sidecar"] if wanted else ["none"])


ASKED: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({}, {}, False),
    (ON, {}, True),
    ({"istio-injection": "disabled"}, {}, False),
    ({"istio-injection": "yes"}, {INJECT: "true"}, False),
    (ON, {INJECT: "false"}, False),
    (ON, {INJECT: "other"}, True),
    ({"istio.io/rev": "default"}, {}, True),
    ({"istio.io/rev": "default"}, {INJECT: "false"}, False),
    ({**ON, "istio.io/rev": "canary"}, {}, True),
    ({}, {INJECT: "true"}, True),
    ({}, {"istio.io/rev": "default"}, True),
    ({}, {"istio.io/rev": "default", INJECT: "false"}, False),
]


@pytest.mark.parametrize(("space", "labels", "wanted"), ASKED)
def test_which_pods_an_injector_is_asked_about(space: dict[str, str], labels: dict[str, str], wanted: bool) -> None:
    lab = Lab(mesh_config(), namespace("test", **space), workload("test/web", labels))
    assert lab.member("test/web") == (["sidecar"] if wanted else ["none"])


def test_namespaces_by_default() -> None:
    values = {"sidecarInjectorWebhook": {"enableNamespacesByDefault": True}}
    spaces = namespace("test") + namespace("kube-system") + namespace("off", **{"istio-injection": "disabled"})
    pods = workload("test/web") + workload("kube-system/web") + workload("off/web")
    lab = Lab(injector(policy=ENABLED, values=values), spaces, pods)
    assert [lab.member(f"{space}/web") for space in ("test", "kube-system", "off")] == [["sidecar"], ["none"], ["none"]]


WEBHOOK = """---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-revision-tag-prod, labels: {istio.io/rev: 1-27, istio.io/tag: prod}}
webhooks: []
"""


def istiod(revision: str, version: str, **flags: str) -> str:
    container = {
        "name": "discovery",
        "image": f"docker.io/istio/pilot:{version}",
        "env": [{"name": name, "value": value} for name, value in flags.items()],
    }
    pod = {
        "metadata": {"labels": {"app": "istiod", "istio.io/rev": revision}},
        "spec": {"containers": [container]},
    }
    made = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"istiod-{revision}", "namespace": "istio-system"},
        "spec": {"selector": {"matchLabels": {"app": "istiod"}}, "template": pod},
    }
    return f"---\n{yaml.safe_dump(made)}"


def test_a_revision_is_one_that_somebody_serves() -> None:
    spaces = "".join(namespace(name, **{"istio.io/rev": revision}) for name, revision in (("a", "prod"), ("b", "gone")))
    pods = workload("a/web") + workload("b/web")
    webhooks = Lab(WEBHOOK, spaces, pods)
    assert [webhooks.member(name) for name in ("a/web", "b/web")] == [["sidecar"], ["none"]]
    # Without webhooks, "prod" may be a tag of the istiod that there is.
    planes = Lab(istiod("1-27", "1.27.0"), spaces, pods)
    assert [planes.member(name) for name in ("a/web", "b/web")] == [["none", "sidecar"]] * 2
    assert {option.fact for option in planes.mesh.membership(planes.pod("b/web"))} == {
        "an injector of revision gone is installed",
        "no injector of revision gone is installed",
    }


REDIRECTED: list[tuple[dict[str, str], dict[str, str], dict[str, str], bool]] = [
    (AMBIENT, {}, {}, True),
    ({}, AMBIENT, {}, True),
    (AMBIENT, AMBIENT, {}, True),
    ({}, {}, {}, False),
    (AMBIENT, {}, STATUS, False),
    (AMBIENT, {"istio.io/dataplane-mode": "none"}, {}, False),
    ({}, AMBIENT, STATUS, False),
]


@pytest.mark.parametrize(("space", "labels", "annotations", "wanted"), REDIRECTED)
def test_which_pods_ztunnel_takes(
    space: dict[str, str], labels: dict[str, str], annotations: dict[str, str], wanted: bool
) -> None:
    lab = Lab(mesh_config(), namespace("test", **space), workload("test/web", labels, annotations))
    assert lab.member("test/web") == (["node"] if wanted else ["none"])


def test_a_sidecar_comes_before_ztunnel_and_a_host_network_has_neither() -> None:
    lab = Lab(
        namespace("test", **AMBIENT),
        workload("test/both", {INJECT: "true"}),
        workload("test/host", hostNetwork=True),
    )
    assert [lab.member(f"test/{name}") for name in ("both", "host")] == [["sidecar"], ["none"]]


def test_a_pod_that_runs_is_what_it_shows() -> None:
    redirected = {"ambient.istio.io/redirection": "enabled"}
    lab = Lab(
        namespace("on", **ON),
        namespace("amb", **AMBIENT),
        namespace("off"),
        running("on/injected", containers=PROXY),
        running("on/forgotten"),
        running("off/by-hand", containers=PROXY),
        running("amb/taken", annotations=redirected),
        running("amb/not-taken", annotations={"ambient.istio.io/redirection": "pending"}),
        running("off/taken", annotations=redirected),
        running("on/native", initContainers=[{**PROXY[1], "restartPolicy": "Always"}]),
        running("on/init-only", initContainers=[PROXY[1]]),
    )
    assert {pod.name: lab.member(f"{pod.namespace}/{pod.name}") for pod in lab.cluster.pods} == {
        "injected": ["sidecar"],
        "forgotten": ["none"],
        "by-hand": ["sidecar"],
        "taken": ["node"],
        "not-taken": ["none"],
        "native": ["sidecar"],
        "init-only": ["none"],
    }
    [option] = lab.mesh.membership(lab.pod("on/forgotten"))
    assert option.value.observed
    assert "made anew, it would be in the mesh" in option.value.why
    assert [one.value.proxy for one in lab.mesh.predicted(lab.pod("on/forgotten"))] == [Proxy.SIDECAR]


def test_a_namespace_whose_labels_are_not_known() -> None:
    lab = Lab(mesh_config(), workload("test/web"), workload("test/out", {INJECT: "false"}))
    options = lab.mesh.membership(lab.pod("test/web"))
    assert {option.value.proxy: option.fact for option in options} == {
        Proxy.NONE: "namespace test has no label of Istio",
        Proxy.SIDECAR: "namespace test is labelled istio-injection=enabled",
        Proxy.NODE: "namespace test is labelled istio.io/dataplane-mode=ambient",
    }
    assert {option.decide for option in options} == {"the Namespace test"}
    assert lab.member("test/out") == ["node", "none"]


def test_what_is_taken_of_a_sidecars_connections() -> None:
    lab = Lab(
        namespace("test", **ON),
        workload("test/plain"),
        workload("test/out", annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "9090, 9091"}),
        workload(
            "test/some",
            annotations={
                "traffic.sidecar.istio.io/includeInboundPorts": "80,443",
                "traffic.sidecar.istio.io/excludeInboundPorts": "80",
                "traffic.sidecar.istio.io/includeOutboundIPRanges": "10.0.0.0/8",
                "traffic.sidecar.istio.io/excludeOutboundIPRanges": "10.1.0.0/16",
                "traffic.sidecar.istio.io/includeOutboundPorts": "5432",
                "traffic.sidecar.istio.io/excludeOutboundPorts": "3306",
            },
        ),
        workload("test/nothing", annotations={"traffic.sidecar.istio.io/includeInboundPorts": ""}),
        workload("test/none", annotations={"sidecar.istio.io/interceptionMode": "NONE"}),
        workload("test/config", annotations={"proxy.istio.io/config": "interceptionMode: NONE"}),
    )
    inbound = {pod.name: lab.mesh.membership(pod)[0].value.inbound for pod in lab.cluster.pods}
    assert inbound["plain"] == ((1, 15007), (15009, 15019), (15022, 15089), (15091, 65535))
    assert inbound["out"][:2] == ((1, 9089), (9092, 15007))
    assert inbound["some"] == ((80, 80), (443, 443))
    assert [inbound[name] for name in ("nothing", "none", "config")] == [()] * 3
    outbound = lab.mesh.membership(lab.pod("test/some"))[0].value.outbound
    from ringfence.sets.addresses import address

    taken = {
        (text, port): outbound.takes(address(text) if text else None, port)
        for text, port in (
            ("10.2.0.1", 80),
            ("10.1.0.1", 80),
            ("192.0.2.1", 80),
            ("192.0.2.1", 5432),
            ("10.2.0.1", 3306),
            ("", 80),
        )
    }
    assert list(taken.values()) == [True, False, False, True, False, None]
    assert lab.mesh.membership(lab.pod("test/none"))[0].value.outbound.takes(address("10.0.0.1"), 80) is False


def test_defaults_of_the_injector() -> None:
    values = {"global": {"proxy": {"excludeInboundPorts": "9090"}}}
    lab = Lab(injector(policy=ENABLED, values=values), namespace("test", **ON), workload("test/web"))
    assert lab.mesh.membership(lab.pod("test/web"))[0].value.inbound[0] == (1, 9089)


def test_ztunnel_takes_everything_but_what_asks_not_to_be() -> None:
    bypass = {"ambient.istio.io/bypass-inbound-capture": "true"}
    lab = Lab(namespace("test", **AMBIENT), workload("test/web"), workload("test/edge", annotations=bypass))
    [web], [edge] = (lab.mesh.membership(lab.pod(f"test/{name}")) for name in ("web", "edge"))
    assert (web.value.inbound, web.value.tunnel) == (((1, 15007), (15009, 65535)), True)
    assert (edge.value.inbound, edge.value.tunnel) == ((), True), "clients are told to tunnel to it nevertheless"


@pytest.mark.parametrize(
    ("labels", "taken"),
    [
        ({"istio.io/rev": "canary"}, {"canary"}),
        ({"istio.io/rev": "canary", "istio.io/tag": "prod"}, {"prod"}),
        ({"istio.io/rev": "canary", "istio.io/tag": "default"}, {"default"}),
        ({"istio.io/rev": "default"}, {"default"}),
    ],
)
def test_an_injector_answers_for_its_tag_or_else_its_revision(labels: dict[str, str], taken: set[str]) -> None:
    metadata = {"name": "istio-sidecar-injector", "labels": {"app": "sidecar-injector", **labels}}
    version = "admissionregistration.k8s.io/v1"
    hook = {"apiVersion": version, "kind": "MutatingWebhookConfiguration", "metadata": metadata, "webhooks": []}
    spaces = [namespace(name, **{"istio.io/rev": name}) for name in ("canary", "prod")]
    spaces.append(namespace("default", **ON))
    names = ("canary", "prod", "default")
    lab = Lab(f"---\n{yaml.safe_dump(hook)}", *spaces, *(workload(f"{name}/web") for name in names))
    found = {name: lab.mesh.membership(lab.pod(f"{name}/web"))[0].value.proxy for name in names}
    assert {name for name, proxy in found.items() if proxy is Proxy.SIDECAR} == taken


def test_a_sidecar_that_receives_tunnels() -> None:
    hbone = {"proxyMetadata": {"ISTIO_META_ENABLE_HBONE": "true"}}
    label = {"networking.istio.io/tunnel": "http"}
    spaces = namespace("test", **ON)
    by_config = Lab(
        mesh_config(defaultConfig=hbone), spaces, workload("test/web"), running("test/old", containers=PROXY)
    )
    assert by_config.mesh.membership(by_config.pod("test/web"))[0].value.tunnel
    assert not by_config.mesh.membership(by_config.pod("test/old"))[0].value.tunnel, "its label would show it"
    by_label = Lab(spaces, running("test/web", label, containers=PROXY))
    assert by_label.mesh.membership(by_label.pod("test/web"))[0].value.tunnel


def test_gateways_are_proxies_and_nothing_else() -> None:
    lab = Lab(
        namespace("edge", **ON),
        workload("edge/gateway", annotations={"inject.istio.io/templates": "gateway"}),
        service("edge/gateway", {"port": 80, "targetPort": 8080}),
    )
    [option] = lab.mesh.membership(lab.pod("edge/gateway"))
    assert option.value.proxy is Proxy.SIDECAR
    assert option.value.outbound.takes(None, 80)
    assert lab.server("edge/gateway", 8080) == ["plain detected"]


def test_identities_of_accounts() -> None:
    lab = Lab(mesh_config(trustDomain="shop.example"), namespace("test", **ON), workload("test/web"))
    found = lab.mesh.identity(lab.pod("test/web"))
    assert found is not None
    assert (found.text, found.namespace, found.account) == ("spiffe://shop.example/ns/test/sa/web", "test", "web")
    nobody = lab.pod("test/web").__class__("test", "x", {}, lab.pod("test/web").workload)
    assert lab.mesh.identity(nobody) is None


def test_the_label_comes_before_the_annotation() -> None:
    lab = Lab(namespace("test", **ON), workload("test/web", {INJECT: "true"}, {INJECT: "false"}))
    assert lab.member("test/web") == ["sidecar"]
    lab = Lab(namespace("test", **ON), workload("test/web", {INJECT: "odd"}, {INJECT: "false"}))
    assert lab.member("test/web") == ["sidecar"], "a label that is neither counts, and asks for the policy"


def test_selectors_of_the_node_agent_take_the_place_of_the_usual_ones() -> None:
    mine = [{"podSelector": {"matchLabels": {"mesh": "yes"}}}, {"namespaceSelector": {"matchLabels": {"all": "yes"}}}]
    data = {"AMBIENT_ENABLEMENT_SELECTOR": yaml.safe_dump(mine)}
    metadata = {"name": "istio-cni-config", "namespace": "istio-system"}
    agent = f"---\n{yaml.safe_dump({'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': metadata, 'data': data})}"
    spaces = namespace("test", **AMBIENT) + namespace("all", all="yes")
    pods = workload("test/web") + workload("test/chosen", {"mesh": "yes"}) + workload("all/web")
    lab = Lab(agent, spaces, pods)
    assert [lab.member(name) for name in ("test/web", "test/chosen", "all/web")] == [["none"], ["node"], ["node"]]


def test_the_revision_of_the_namespace_goes_before_that_of_the_pod() -> None:
    metadata = {"name": "istio-sidecar-injector", "labels": {"istio.io/rev": "canary"}}
    version = "admissionregistration.k8s.io/v1"
    hook = {"apiVersion": version, "kind": "MutatingWebhookConfiguration", "metadata": metadata, "webhooks": []}
    space = namespace("test", **{"istio.io/rev": "canary"}) + workload("test/web", {"istio.io/rev": "prod"})
    assert Lab(f"---\n{yaml.safe_dump(hook)}", space).member("test/web") == ["sidecar"]


def test_nothing_is_injected_in_the_systems_own_namespaces() -> None:
    lab = Lab(
        namespace("kube-system", **ON), namespace("test", **ON), workload("kube-system/web"), workload("test/web")
    )
    assert (lab.member("kube-system/web"), lab.member("test/web")) == (["none"], ["sidecar"])


def test_a_pod_that_says_false_is_captured() -> None:
    says = {"ambient.istio.io/bypass-inbound-capture": "false"}
    lab = Lab(namespace("test", **AMBIENT), workload("test/web", annotations=says))
    assert lab.mesh.membership(lab.pod("test/web"))[0].value.inbound == ((1, 15007), (15009, 65535))
