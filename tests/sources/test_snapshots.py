"""Snapshots: the same answers and problems, the same bytes, nothing secret, and every broken one is named."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ringfence
from ringfence.model.problems import Problem
from ringfence.rules.cluster_dns import local_cache
from ringfence.sources.pods import PodFacts
from ringfence.sources.reading import read, read_text
from ringfence.sources.snapshots import SCHEMA_VERSION, packed, snapshot
from tests.fuzz.manifests import SPOILERS, VALUES, seeds
from tests.properties.clusters import scenario
from tests.sources.manifests import blamed

SEEDS = seeds()
POD = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c"}]},
}  # fmt: skip


def kept(paths: Iterable[str], file: Path) -> tuple[ringfence.World, ringfence.World]:
    """The world of some files, and that of its snapshot."""
    world = ringfence.load(*paths)
    file.write_bytes(packed(world.snapshot()) if file.suffix == ".gz" else world.snapshot())
    return world, ringfence.load(str(file))


def same(one: ringfence.World, other: ringfence.World, but: str = "") -> None:
    assert other.problems == one.problems
    assert other.partial == one.partial
    assert other.cluster.pods == one.cluster.pods
    assert [(rules.name, rules.place) for rules in other.cluster.policies] == [
        (rules.name, rules.place) for rules in one.cluster.policies
    ]
    for part in (
        "plugin",
        "namespaces",
        "nodes",
        "services",
        "finished",
        "opaque",
        "mesh",
        "istio",
        "accounts",
        "unmodelled",
        "ranges",
        "entries",
    ):
        assert part == but or getattr(other.cluster, part) == getattr(one.cluster, part), part
    assert other.cluster.objects == one.cluster.objects
    assert other.fingerprint() == one.fingerprint()
    checked, again = one.check(today=TODAY), other.check(today=TODAY)
    assert again == checked


TODAY = date(2026, 1, 31)


def few(number: int) -> settings:
    return settings(max_examples=number, deadline=None, suppress_health_check=list(HealthCheck))


@few(60)
@given(seed=st.integers(0, 1 << 30), spoiled=st.booleans())
def test_a_snapshot_of_any_manifest_says_what_the_manifest_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, spoiled: bool
) -> None:
    random = Random(seed)
    folder = tmp_path_factory.mktemp("kept")
    for name in ("a.yaml", "b.yaml"):
        content = random.choice(SEEDS)
        (folder / name).write_bytes(random.choice(SPOILERS)(content, random) if spoiled else content)
    same(*kept([str(folder)], folder / "world.json.gz"))


@few(40)
@given(seed=st.integers(0, 1 << 30), form=st.sampled_from(["yaml", "json", "dump"]))
def test_a_snapshot_of_any_cluster_says_what_the_cluster_says(
    tmp_path_factory: pytest.TempPathFactory, seed: int, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = list(scenario(Random(seed)).objects)
    folder = tmp_path_factory.mktemp("kept")
    file = folder / "all.json"
    if form == "yaml":
        file = folder / "all.yaml"
        file.write_text(yaml.safe_dump_all(objects))
    else:
        indent = Random(seed).choice([None, 1])
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=indent))
    with monkeypatch.context() as patch:
        if form == "dump":
            patch.setattr("ringfence.sources.reading.BIG", 1)
        world = ringfence.load(str(file))
    kept_file = folder / "world.json"
    kept_file.write_bytes(world.snapshot())
    same(world, ringfence.load(str(kept_file)))


@few(80)
@given(seed=st.integers(0, 1 << 30))
def test_objects_with_any_values_in_any_field(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Each field of the table of what is kept, with values of every type."""
    random = Random(seed)

    def value(depth: int = 0) -> Any:
        if depth < 3 and random.random() < 0.5:
            return {random.choice(KEYS): value(depth + 1) for _ in range(3)}
        return [value(depth + 1)] if depth < 3 and random.random() < 0.3 else random.choice(PLAIN)

    def thing() -> dict[str, Any]:
        version, kind = random.choice(KINDS)
        metadata: dict[str, Any] = {"name": random.choice(["a", "b"]), "namespace": "shop"}
        if random.random() < 0.3:
            metadata[random.choice(KEYS)] = value()
        if random.random() < 0.3:
            metadata["annotations"] = random.choice([{random.choice(["x", "a b", ""]): value(2)}, value()])
        return {
            "apiVersion": version,
            "kind": kind,
            "metadata": metadata,
            random.choice(KEYS): value(),
            "spec": value(),
        }

    folder = tmp_path_factory.mktemp("kept")
    (folder / "a.json").write_text("\n".join(json.dumps(thing()) for _ in range(3)))
    same(*kept([str(folder)], folder / "world.json.gz"))


PLAIN = [value for value in VALUES if value != float("inf")]
KEYS = (
    "spec", "status", "metadata", "template", "jobTemplate", "containers", "initContainers", "ports", "name", "labels",
    "annotations", "env", "args", "command", "data", "tls", "config", "hostNetwork", "nodeName", "addresses", "subsets",
    "endpoints", "conditions", "rules", "to", "ingress", "podSelector", "selector", "vpc", "network", "hostPort",
)  # fmt: skip
KINDS = (
    ("v1", "Pod"), ("apps/v1", "Deployment"), ("batch/v1", "CronJob"), ("v1", "Service"), ("v1", "ConfigMap"),
    ("networking.k8s.io/v1", "NetworkPolicy"), ("networking.k8s.io/v1", "Ingress"), ("route.openshift.io/v1", "Route"),
    ("discovery.k8s.io/v1", "EndpointSlice"), ("v1", "Endpoints"), ("v1", "Node"), ("kubeovn.io/v1", "Subnet"),
    ("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"), ("security.kubearmor.com/v1", "KubeArmorPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"), ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("networking.k8s.io/v1", "ServiceCIDR"), ("gateway.networking.k8s.io/v1", "Gateway"),
)  # fmt: skip

SECRET = "hunter2-Zm9vYmFy"
PEM = f"-----BEGIN {'private'.upper()} KEY-----\n{SECRET}\n"
FULL = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: s, namespace: shop, annotations: {{a: {SECRET}}}}}
data: {{key: {SECRET}}}
stringData: {{key: {SECRET}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c, namespace: shop}}
data: {{key: {SECRET}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: kubeadm-config, namespace: kube-system, annotations: {{a: {SECRET}}}}}
data:
  ClusterConfiguration: |
    token: {SECRET}
    networking:
      podSubnet: 10.244.0.0/16
      serviceSubnet: 10.96.0.0/12
  other: {SECRET}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{"env": "{SECRET}"}}'
    ringfence.dev/sensitivity: high
  managedFields: [{{manager: {SECRET}}}]
spec:
  selector: {{matchLabels: {{app: web, env: prod}}}}
  template:
    metadata: {{labels: {{app: web, env: prod}}, annotations: {{vault: {SECRET}}}}}
    spec:
      hostNetwork: false
      containers:
      - name: web
        command: [run, --password={SECRET}]
        args: [{SECRET}]
        env: [{{name: PASSWORD, value: {SECRET}}}]
        envFrom: [{{secretRef: {{name: {SECRET}}}}}]
        livenessProbe: {{httpGet: {{httpHeaders: [{{name: Authorization, value: {SECRET}}}]}}}}
        ports: [{{name: http, containerPort: 80}}]
      volumes: [{{name: {SECRET}}}]
---
apiVersion: v1
kind: Pod
metadata: {{name: kube-apiserver-a, namespace: kube-system}}
spec:
  containers:
  - name: c
    command: [kube-apiserver, --service-cluster-ip-range, 10.96.0.0/12, --token={SECRET}]
    args: ['--cluster-cidr=10.244.0.0/16', '--cluster-cidr={SECRET}']
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: p
  namespace: shop
  annotations: {{kubectl.kubernetes.io/last-applied-configuration: {SECRET}, n: {SECRET}}}
data: {SECRET}
spec: {{podSelector: {{matchLabels: {{env: prod}}}}, env: [{{name: A, value: {SECRET}}}]}}
---
apiVersion: route.openshift.io/v1
kind: Route
metadata: {{name: r, namespace: shop}}
spec:
  to: {{kind: Service, name: web}}
  tls: {{termination: edge, key: {SECRET}, certificate: {json.dumps(PEM)}}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: a, namespace: shop, annotations: {{a: {SECRET}}}}}
spec: {{rules: [{{when: [{{key: k, values: [v]}}]}}]}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: a, namespace: shop}}
spec:
  hosts: [web]
  http:
  - match: [{{headers: {{x: {{exact: v}}}}}}]
    corsPolicy: {{allowOrigins: [{{exact: {SECRET}}}]}}
    headers: {{request: {{set: {{y: {SECRET}}}}}}}
    route: [{{destination: {{host: web}}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: a, namespace: shop}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules:
  - filters:
    - {{type: RequestHeaderModifier, requestHeaderModifier: {{set: [{{name: y, value: {SECRET}}}]}}}}
    backendRefs:
    - name: web
      port: 80
      filters:
      - {{type: ResponseHeaderModifier, responseHeaderModifier: {{add: [{{name: y, value: {SECRET}}}]}}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {{name: a, namespace: shop}}
spec:
  workloadSelector: {{labels: {{app: web}}}}
  configPatches:
  - applyTo: HTTP_FILTER
    match: {{context: SIDECAR_INBOUND, x: {SECRET}}}
    patch: {{operation: MERGE, value: {{name: x, y: {SECRET}}}}}
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {{name: a, namespace: shop}}
spec: {{pluginConfig: {{y: {SECRET}}}, match: [{{mode: SERVER}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio, namespace: istio-system}}
data:
  mesh: |
    trustDomain: shop.example
    nonsense: {SECRET}
    enableAutoMtls: "no"
    defaultConfig: {{x: {SECRET}, proxyMetadata: {{ISTIO_META_ENABLE_HBONE: "true", y: {SECRET}}}}}
    extensionProviders: [{{name: a, envoyExtAuthzGrpc: {{service: s, port: 1, pathPrefix: {SECRET}}}}}]
  other: {SECRET}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio-sidecar-injector, namespace: istio-system}}
data:
  config: "policy: disabled\ntemplates: {{a: {SECRET}}}\nneverInjectSelector: [{{matchLabels: {{a: b}}}}]"
  values: '{{"global": {{"x": "{SECRET}", "proxy": {{"excludeInboundPorts": "7"}}}}}}'
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: istio-old, namespace: istio-system}}
data: {{mesh: "[{SECRET}"}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {{name: istio-sidecar-injector, labels: {{istio.io/rev: canary, istio.io/tag: stable}}}}
webhooks: [{{name: auto.sidecar-injector.istio.io, clientConfig: {{caBundle: {SECRET}}}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: istiod-canary, namespace: istio-system}}
spec:
  selector: {{matchLabels: {{app: istiod}}}}
  template:
    metadata: {{labels: {{app: istiod, istio.io/rev: canary}}}}
    spec:
      containers:
      - name: discovery
        image: istio/pilot:1.27.1
        env: [{{name: PILOT_ENABLE_AMBIENT, value: "true"}}, {{name: OTHER, value: {SECRET}}}]
---
apiVersion: example.com/v1
kind: Thing
metadata: {{name: t, namespace: shop}}
spec: {{password: {SECRET}}}
---
apiVersion: v1
kind: Node
metadata: {{name: node-1, labels: {{env: prod}}, annotations: {{a: {SECRET}}}}}
status: {{addresses: [{{type: InternalIP, address: 10.0.0.1}}], images: [{SECRET}]}}
"""


@pytest.mark.parametrize("form", ["yaml", "dump"])
def test_nothing_secret_is_kept(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(FULL)
    if form == "dump":
        items = list(yaml.safe_load_all(FULL))
        file = tmp_path / "all.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=1))
        monkeypatch.setattr("ringfence.sources.reading.BIG", 1)
    world, again = kept([str(file)], tmp_path / "kept.json")
    # What routes write into header fields may be a password.
    same(world, again, but="istio")
    text = (tmp_path / "kept.json").read_text()
    for part in (SECRET, "last-applied", "PRIVATE", "PASSWORD", "httpHeaders", "managedFields", "token"):
        assert part not in text
    for part in ("ringfence.dev/sensitivity", '"env":"prod"', "10.244.0.0/16", "10.96.0.0/12", "edge"):
        assert part in text
    assert again.cluster.ranges.pods
    assert again.cluster.ranges.services


WRITES = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {containers: [{name: api}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: api, namespace: shop}
spec:
  hosts: [api]
  http: [{headers: {request: {set: {x-key: VALUE}}}, route: [{destination: {host: api}}]}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  rules: [{when: [{key: "request.headers[x-key]", values: [VALUE]}]}]
"""


def test_what_routes_write_into_headers_is_left_out_and_said(tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(WRITES)
    asked = ringfence.request("GET", "/")
    world, again = (
        one.can("shop/web", "shop/service/api", 80, request=asked) for one in kept([str(file)], tmp_path / "kept.json")
    )
    assert (world.verdict.value, again.verdict.value) == ("allowed", "unknown")
    assert "the snapshot does not keep what it writes into the header field x-key" in again.reason.message


def test_places_are_those_of_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rule = "  ingress:\n  - from:\n    - podSelector: {}\n"
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n"
    Path("p.yaml").write_text(f"{head}  podSelector: {{}}\n{rule}")
    db = {**POD, "metadata": {"name": "db", "namespace": "shop"}}
    Path("pod.yaml").write_text(yaml.safe_dump_all([POD, db]))
    world, again = kept(["p.yaml", "pod.yaml"], Path("world.json.gz"))
    place = again.can("shop/web", "shop/db", 80).decided_by[-1].place
    assert place == world.can("shop/web", "shop/db", 80).decided_by[-1].place
    assert (place.file, place.line) == ("p.yaml", 7)


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(FULL)
    one, two = (packed(ringfence.load(str(tmp_path)).snapshot()) for _ in range(2))
    assert one == two
    assert one[4:8] == b"\0\0\0\0"  # the time of a gzip file
    _, again = kept([str(tmp_path)], tmp_path / "world.json.gz")
    assert again.snapshot() == gzip.decompress(one), "a snapshot of a snapshot is the snapshot"


def test_an_object_that_is_given_twice_counts_and_is_told_as_before(tmp_path: Path) -> None:
    changed = {**POD, "spec": {"containers": [{"name": "c", "env": [{"name": "A"}]}]}}
    deployment = {**POD, "apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {}, "selector": {}}}
    other = {**deployment, "spec": {**deployment["spec"], "minReadySeconds": 5}}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([POD, changed, deployment, other, deployment]))
    world, again = kept([str(tmp_path)], tmp_path / "world.json")
    same(world, again)
    assert "given-twice" in blamed(world.cluster)
    assert world.cluster.objects == 5


def test_comments_that_suppress_findings_still_do(tmp_path: Path) -> None:
    head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec:\n"
    policy = f"{head}  podSelector: {{matchLabels: {{app: none}}}}  # ringfence: ignore[NP-005] a reason\n"
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(POD) + "---\n" + policy)
    world, again = kept([str(tmp_path)], tmp_path / "world.json")
    same(world, again)
    assert len(world.check(today=TODAY).suppressed) == 1
    assert "a reason" in (tmp_path / "world.json").read_text()
    (tmp_path / "twice.json").write_bytes(again.snapshot())
    same(world, ringfence.load(str(tmp_path / "twice.json")))


def test_the_address_of_a_local_dns_cache_is_kept(tmp_path: Path) -> None:
    container = {"name": "c", "args": ["-localip", "169.254.20.99,10.0.0.10", "-conf", SECRET]}
    pod = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container], "dnsPolicy": "Default"}}
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": pod}
    metadata = {"name": "node-local-dns", "namespace": "kube-system"}
    cache = {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}
    (tmp_path / "all.yaml").write_text(yaml.safe_dump_all([POD, cache]))
    world, again = kept([str(tmp_path)], tmp_path / "world.json")
    found = [local_cache(one.situation()) for one in (world, again)]
    assert found[0] == found[1]
    assert found[0] is not None
    assert "169.254.20.99" in str(found[0])
    assert SECRET not in (tmp_path / "world.json").read_text()


def test_more_problems_than_are_told_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(yaml.safe_dump(POD) + "---\n- x\n" * 120)
    world, again = kept([str(tmp_path)], tmp_path / "world.json")
    assert len(world.problems) == 51
    same(world, again)


def test_a_snapshot_is_read_beside_other_files_and_the_later_counts(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    kept([str(tmp_path / "pod.yaml")], tmp_path / "world.json.gz")
    moved = {**POD, "metadata": {**POD["metadata"], "labels": {"app": "other"}}}
    (tmp_path / "later.yaml").write_text(yaml.safe_dump(moved))
    world = ringfence.load(str(tmp_path / "world.json.gz"), str(tmp_path / "later.yaml"))
    (pod,) = world.cluster.pods
    assert pod.labels == {"app": "other"}


def test_a_snapshot_in_a_folder_is_passed_over_and_named(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    kept([str(tmp_path)], tmp_path / "world.json")
    world = ringfence.load(str(tmp_path))
    assert world.cluster.objects == 1
    assert [(problem.code, problem.partial) for problem in world.problems] == [("snapshot-passed-over", False)]


def test_manifests_may_be_compressed_too(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml.gz").write_bytes(gzip.compress(yaml.safe_dump(POD).encode()) * 1)
    assert ringfence.load(str(tmp_path / "pod.yaml.gz")).cluster.objects == 1


def test_a_snapshot_of_a_what_if_keeps_what_was_changed(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    world = ringfence.load(str(tmp_path))
    other = world.what_if(add=[{**POD, "metadata": {"name": "db", "namespace": "shop"}}])
    (tmp_path / "kept.json").write_bytes(other.snapshot())
    assert ringfence.load(str(tmp_path / "kept.json")).fingerprint() == other.fingerprint()
    with pytest.raises(ValueError, match="labels"):
        world.what_if(relabel={"shop/web": {"app": "x"}}).snapshot()


def wrong(file: Path) -> Problem:
    """The one problem of a file from which nothing is read."""
    world = ringfence.load(str(file))
    assert world.cluster.objects == 0
    assert world.partial
    (problem,) = world.problems
    return problem


def test_a_snapshot_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    kept([str(tmp_path)], tmp_path / "world.json")
    document = json.loads((tmp_path / "world.json").read_text())
    document["schemaVersion"] = SCHEMA_VERSION + 1
    document["items"] = {"not": "what it was"}
    (tmp_path / "world.json").write_text(json.dumps(document))
    problem = wrong(tmp_path / "world.json")
    assert problem.code == "newer-snapshot"
    assert "upgrade" in problem.hint


@pytest.mark.parametrize(
    "change",
    [
        {"items": 5},
        {"items": [{"apiVersion": "v1", "kind": "Pod", "name": "a", "file": 7}]},
        {"items": [{"apiVersion": "", "kind": "Pod", "name": "a", "file": 0}]},
        {"items": [{"apiVersion": "v1", "kind": "Pod", "name": "a", "file": 0, "data": {}, "marks": [1]}]},
        {"files": [], "pods": [], "problems": [{"code": "x", "severity": "error", "message": "m", "file": 0}]},
        {"pods": [{"namespace": "a"}]},
        {"kind": "World"},
        {"repeated": -1},
        {"schemaVersion": "1"},
        {"problems": [{"code": "x", "severity": "dreadful", "message": "m", "file": 0}]},
    ],
)
def test_an_unsound_snapshot_is_named(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(POD))
    kept([str(tmp_path)], tmp_path / "world.json")
    document = json.loads((tmp_path / "world.json").read_text())
    (tmp_path / "world.json").write_text(json.dumps({**document, **change}))
    assert wrong(tmp_path / "world.json").code == "unreadable-snapshot"


def test_contents_that_an_older_version_did_not_keep_make_the_input_partial(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump_all([POD, {**POD, "metadata": {"name": "db"}}]))
    kept([str(tmp_path)], tmp_path / "world.json")
    document = json.loads((tmp_path / "world.json").read_text())
    del document["items"][0]["data"]
    (tmp_path / "world.json").write_text(json.dumps(document))
    world = ringfence.load(str(tmp_path / "world.json"))
    assert world.partial
    assert "not-in-snapshot" in blamed(world.cluster)
    assert [pod.name for pod in world.cluster.pods] == ["db"]


PIECES = (b"", b'"', b"{", b"]", b"null", b"-1", b"9" * 40, b'"\\ud800"')


@few(200)
@given(seed=st.integers(0, 1 << 30))
def test_spoiled_snapshots_never_raise_and_are_named(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    random = Random(seed)
    content = SNAPSHOT
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(content))
        piece = random.choice(
            [b"", b'"', b"{", b"]", b"null", b"-1", b"9" * 40, b'"\\ud800"', bytes([random.randrange(256)])]
        )
        content = content[:at] + piece + content[at + random.choice([0, 1, 1, 30]) :]
    if random.random() < 0.3:
        content = packed(content)
        at = random.randrange(len(content))
        content = content[:at] + bytes([random.randrange(256)]) + content[at + random.choice([0, 1]) :]
        content = content[: random.choice([at, len(content), len(content)])]
    file = tmp_path_factory.mktemp("spoiled") / "world.json.gz"
    file.write_bytes(content)
    reading = read([str(file)])
    assert reading.problems or reading.objects or not content
    for problem in reading.problems:
        assert problem.message.isprintable()
        assert problem.hint.isprintable()
    world = ringfence.load(str(file))
    world.fingerprint()


def _full_snapshot() -> bytes:
    reading = read_text(FULL, "all.yaml")
    place, addresses = reading.manifests[0].place, (5, (1 << 128) + 7)
    reading.dump_pods.append(PodFacts("shop", "p", {"a": "b"}, (), (), None, addresses, "n", False, (), "", place))
    return snapshot(reading)


SNAPSHOT = _full_snapshot()


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.sources.snapshots.MOST", 1 << 20)
    (tmp_path / "world.json.gz").write_bytes(gzip.compress(b" " * (1 << 22)))
    assert wrong(tmp_path / "world.json.gz").code == "unreadable-snapshot"
