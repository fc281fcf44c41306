"""Whatever stands in a field of an object of Istio, it is read, reported, and the mesh still answers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ringfence.dialects.istio.mesh import IstioMesh
from ringfence.model.cluster import Cluster
from ringfence.model.mesh import Point, PointSort
from ringfence.model.provenance import Manifest
from ringfence.sources.building import build
from ringfence.sources.snapshot_contents import kept_of
from tests.dialects.istio.meshes import namespace, service, workload
from tests.sources.manifests import Given, NamedPlaces, manifests_of
from tests.sources.mutations import variants

BASE = manifests_of(
    "".join(
        (
            namespace("shop", **{"istio-injection": "enabled"}),
            namespace("amb", **{"istio.io/dataplane-mode": "ambient"}),
            *(workload(f"{space}/{name}") for space in ("shop", "amb") for name in ("web", "api")),
            *(service(f"{space}/api", {"port": 80, "targetPort": 8080}) for space in ("shop", "amb")),
        )
    )[4:]
)
OBJECTS = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: p, namespace: shop, creationTimestamp: "2026-01-01T00:00:00Z"}
spec: {selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: DISABLE}}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: p, namespace: shop}
spec:
  host: api
  exportTo: ["*"]
  workloadSelector: {matchLabels: {app: web}}
  trafficPolicy:
    tls: {mode: SIMPLE, subjectAltNames: [a]}
    portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]
  subsets: [{name: v1, labels: {app: api}, trafficPolicy: {tls: {mode: DISABLE}}}]
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: p, namespace: shop}
spec:
  workloadSelector: {labels: {app: api}}
  egress: [{port: {number: 80}, hosts: ["./*"]}]
  ingress: [{port: {number: 8080, protocol: HTTP}, tls: {mode: SIMPLE}}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: p, namespace: shop}
spec:
  hosts: [a.example]
  ports: [{number: 443, protocol: TLS, name: tls, targetPort: 8443}]
  location: MESH_INTERNAL
  resolution: DNS
  endpoints: [{address: 10.0.0.1}]
  workloadSelector: {labels: {app: api}}
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: p, namespace: shop}
spec: {address: 192.0.2.7, labels: {app: api}, serviceAccount: a, network: n, weight: 1, ports: {http: 80}}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: p, namespace: shop}
spec:
  hosts: [api]
  gateways: [mesh, p]
  http:
  - match: [{uri: {exact: /}, headers: {a: {regex: b}}, withoutHeaders: {a: {prefix: b}}, port: 80, gateways: [p]}]
    route: [{destination: {host: api, subset: v1, port: {number: 80}}, weight: 1, headers: {request: {remove: [a]}}}]
    mirrors: [{destination: {host: api}, percentage: {value: 1}}]
    fault: {abort: {httpStatus: 500, percentage: {value: 100}}}
    rewrite: {uri: /a, authority: b}
  - delegate: {name: p, namespace: shop}
  tls: [{match: [{sniHosts: [a.example], port: 443}], route: [{destination: {host: api}}]}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: p, namespace: shop}
spec:
  selector: {app: api}
  servers: [{port: {number: 80, protocol: HTTP, name: a}, hosts: ["*"], tls: {mode: SIMPLE}}]
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: p, namespace: shop}
spec:
  workloadSelector: {labels: {app: api}}
  targetRefs: [{kind: Gateway, name: a}]
  configPatches: [{applyTo: HTTP_FILTER, match: {context: ANY}, patch: {operation: MERGE, value: {name: x}}}]
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: p, namespace: shop}
spec: {selector: {matchLabels: {app: api}}, match: [{mode: SERVER}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: p, namespace: amb, labels: {istio.io/waypoint-for: all}}
spec:
  gatewayClassName: istio-waypoint
  listeners: [{name: mesh, port: 15008, protocol: HBONE, allowedRoutes: {namespaces: {from: All}}}]
status: {addresses: [{value: 10.0.0.1}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: p, namespace: shop}
spec:
  parentRefs: [{kind: Service, group: "", name: api}, {name: p}]
  rules:
  - matches: [{path: {type: Exact, value: /}, method: GET, headers: [{name: a, value: b}], queryParams: []}]
    filters: [{type: URLRewrite, urlRewrite: {hostname: a, path: {type: ReplaceFullPath}}}]
    backendRefs: [{name: api, port: 80}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio, namespace: istio-system}
data: {mesh: "trustDomain: a"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-sidecar-injector, namespace: istio-system}
data:
  config: "neverInjectSelector: [{matchLabels: {a: b}}]"
  values: '{"global": {"proxy": {"includeIPRanges": "*"}}}'
---
apiVersion: v1
kind: ConfigMap
metadata: {name: istio-cni-config, namespace: istio-system}
data: {AMBIENT_ENABLEMENT_SELECTOR: "[{podSelector: {matchLabels: {app: api}}, namespaceSelector: {}}]"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: {name: istio-sidecar-injector, labels: {istio.io/rev: a, istio.io/tag: b}}
webhooks: [{name: auto.x}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod, istio.io/rev: a}}
    spec:
      containers:
      - {name: discovery, image: "istio/pilot:1.27.0", env: [{name: PILOT_ENABLE_AMBIENT, value: "true"}]}
"""
CONFIG = yaml.safe_load("""
trustDomain: a
trustDomainAliases: [b]
rootNamespace: c
enableAutoMtls: true
outboundTrafficPolicy: {mode: REGISTRY_ONLY}
discoverySelectors: [{matchLabels: {a: b}, matchExpressions: [{key: a, operator: In, values: [b]}]}]
pathNormalization: {normalization: BASE}
extensionProviders: [{name: a, envoyExtAuthzGrpc: {service: b, port: 1}}]
defaultServiceExportTo: ["*"]
defaultConfig: {interceptionMode: NONE, proxyMetadata: {ISTIO_META_ENABLE_HBONE: "true"}}
caCertificates: [{pem: a, trustDomains: [b]}]
""")


def ask(manifest: Manifest) -> None:
    """Everything that can be asked, of a cluster with one odd object."""
    cluster = build(Given([*BASE, manifest]))
    kept = kept_of(manifest)
    if kept is not None:
        places = manifest.positions
        same = Manifest(manifest.api_version, manifest.kind, manifest.namespace, manifest.name, kept, places)
        again = build(Given([*BASE, same]))
        assert again.istio == cluster.istio, "a snapshot says the same"
        assert _told(again) == _told(cluster)
    mesh = IstioMesh.of(cluster)
    assert mesh is not None
    pods = {f"{pod.namespace}/{pod.name}": pod for pod in cluster.pods}
    services = {f"{one.namespace}/{one.name}": one for one in cluster.services}
    for space in ("shop", "amb"):
        api, web, front = pods[f"{space}/api"], pods[f"{space}/web"], services[f"{space}/api"]
        mesh.membership(api)
        assert list(mesh.ports(web, api)) == sorted(set(mesh.ports(web, api)))
        for port in (80, 8080, 8443):
            assert mesh.server(api, port)
            for destination, by in ((api, front), (api, None), (None, None)):
                options = mesh.client(web, destination, port, by)
                assert len(options) == 1 or all(option.fact for option in options)
        assert mesh.waypoint(web, api, front)
        for sort in PointSort:
            mesh.rules(Point(sort, api, True, front), 8080)
    assert mesh.assumptions is not None
    mesh.trusts("spiffe://a/ns/b/sa/c", True)


def _told(cluster: Cluster) -> list[tuple[str, str, bool]]:
    return [(one.code, one.message, one.partial) for one in cluster.problems]


@pytest.mark.parametrize("data", list(yaml.safe_load_all(OBJECTS)), ids=lambda data: str(data["kind"]))
def test_any_value_in_any_field(data: dict[str, Any]) -> None:
    fixed = {"apiVersion": data["apiVersion"], "kind": data["kind"]}
    inner = {key: value for key, value in data.items() if key not in fixed}
    for changed in variants(inner):
        metadata = changed.get("metadata")
        named = metadata if isinstance(metadata, dict) else {}
        name, space = named.get("name"), named.get("namespace")
        if not isinstance(name, str | None) or not isinstance(space, str | None) or not isinstance(metadata, dict):
            continue  # the readers of files do not let such an object through
        places = NamedPlaces(1)
        ask(Manifest(data["apiVersion"], data["kind"], space, name or "", {**fixed, **changed}, places))


def test_any_value_in_any_field_of_the_mesh_config() -> None:
    for changed in variants(CONFIG):
        text = yaml.safe_dump(changed)
        data = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio"}, "data": {"mesh": text}}
        ask(Manifest("v1", "ConfigMap", "istio-system", "istio", data, NamedPlaces(1)))
