"""Objects of small meshes, as YAML documents."""

from __future__ import annotations

import json

from tests.rules.checking import namespace


def sidecars(name: str = "shop") -> str:
    """A namespace whose pods get sidecars."""
    return namespace(name, **{"istio-injection": "enabled"})


def ambient(name: str = "shop", **labels: str) -> str:
    """A namespace whose pods ztunnel takes."""
    return namespace(name, **{"istio.io/dataplane-mode": "ambient"}, **labels)


def plain(name: str = "legacy") -> str:
    """A namespace that is not in the mesh."""
    return namespace(name, **{"istio-injection": "disabled"})


def service(
    name: str, port: int = 80, target: int = 8080, protocol: str = "http", space: str = "shop", transport: str = "TCP"
) -> str:
    """A Service for the pods labelled ``app`` with its name."""
    ports = [{"port": port, "targetPort": target, "name": protocol, "protocol": transport}]
    return an("Service", name, {"selector": {"app": name}, "ports": ports}, space)


def account(full_name: str) -> str:
    """A pod that runs as the ServiceAccount of its name, which exists."""
    space, _, name = full_name.partition("/")
    spec = {"serviceAccountName": name, "containers": [{"name": "main", "image": "none"}]}
    made = an("Pod", name, spec, space, labels={"app": name})
    return made + an("ServiceAccount", name, None, space)


GROUPS = {
    "Service": "v1",
    "Pod": "v1",
    "ServiceAccount": "v1",
    **dict.fromkeys(
        ("DestinationRule", "VirtualService", "Sidecar", "ServiceEntry", "EnvoyFilter", "WorkloadGroup"),
        "networking.istio.io/v1",
    ),
    "WasmPlugin": "extensions.istio.io/v1alpha1",
    "Telemetry": "telemetry.istio.io/v1",
    "Gateway": "gateway.networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
    "Deployment": "apps/v1",
}


def an(kind: str, name: str, spec: object, space: str = "shop", **metadata: object) -> str:
    """An object; JSON is YAML."""
    made: dict[str, object] = {
        "apiVersion": GROUPS.get(kind, "security.istio.io/v1"),
        "kind": kind,
        "metadata": {"name": name, "namespace": space, **metadata},
    }
    if spec is not None:
        made["spec"] = spec
    return f"---\n{json.dumps(made)}\n"


def authorization(rules: object, action: str = "ALLOW", app: str = "web", space: str = "shop", **more: object) -> str:
    """An AuthorizationPolicy for the pods labelled ``app``."""
    spec = {"selector": {"matchLabels": {"app": app}}, "action": action, "rules": rules}
    return an("AuthorizationPolicy", "policy", spec, space, **more)


def mtls(mode: str, space: str = "shop", name: str = "default", **spec: object) -> str:
    """A PeerAuthentication."""
    return an("PeerAuthentication", name, {"mtls": {"mode": mode}, **spec}, space)


def waypoint(space: str = "shop") -> str:
    """The waypoint ``way`` of a namespace."""
    listeners = [{"name": "mesh", "port": 15008, "protocol": "HBONE"}]
    return an("Gateway", "way", {"gatewayClassName": "istio-waypoint", "listeners": listeners}, space)


def with_waypoint(space: str = "shop") -> str:
    """An ambient namespace that asks for its waypoint, which is there."""
    return ambient(space, **{"istio.io/use-waypoint": "way"}) + waypoint(space)


def at_service(rules: object, name: str = "web", action: str = "ALLOW") -> str:
    """An AuthorizationPolicy for a Service, which its waypoint reads."""
    targets = [{"kind": "Service", "name": name, "group": ""}]
    spec = {"targetRefs": targets, "action": action, "rules": rules}
    return an("AuthorizationPolicy", "at-service", spec)


def only(name: str, *peers: str, ports: tuple[int, ...] = (), space: str = "shop") -> str:
    """A NetworkPolicy that lets some pods of its namespace in, at some ports."""
    rule: dict[str, object] = {"from": [{"podSelector": {"matchLabels": {"app": peer}}} for peer in peers]}
    if ports:
        rule["ports"] = [{"port": port} for port in ports]
    spec = {"podSelector": {"matchLabels": {"app": name}}, "ingress": [rule]}
    return an("NetworkPolicy", f"{name}-only", spec, space)


def istiod(version: str = "1.27.3", **env: str) -> str:
    """A control plane of a release, with some of its environment."""
    container = {
        "name": "discovery",
        "image": f"docker.io/istio/pilot:{version}",
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }
    template = {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": "istiod"}}, "template": template}
    return an("Deployment", "istiod", spec, "istio-system")


def running(name: str, space: str = "shop", proxy: str = "", address: str = "10.0.0.1", **metadata: object) -> str:
    """A pod that runs; ``proxy``: the image of its sidecar."""
    containers: list[object] = [{"name": "main", "image": "none", "ports": [{"containerPort": 8080}]}]
    if proxy:
        containers.append({"name": "istio-proxy", "image": proxy})
    spec = {"containers": containers, "nodeName": "n1"}
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": {"app": name}, **metadata},
        "spec": spec,
        "status": {"podIP": address, "phase": "Running"},
    }
    return f"---\n{json.dumps(made)}\n"


def mesh_config(text: str) -> str:
    """The ConfigMap with the settings of the mesh."""
    metadata = {"name": "istio", "namespace": "istio-system"}
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"mesh": text}}
    return f"---\n{json.dumps(made)}\n"


def gateway(name: str, servers: object, selector: object = None, space: str = "shop") -> str:
    """A Gateway of Istio."""
    spec = {"selector": selector or {"istio": "ingressgateway"}, "servers": servers}
    return an("Gateway", name, spec, space).replace("gateway.networking.k8s.io/v1", "networking.istio.io/v1")


def gateway_pod(name: str = "ingress", space: str = "istio-ingress", **labels: str) -> str:
    """The pod of an ingress gateway that the injector makes."""
    spec = {"containers": [{"name": "istio-proxy", "image": "auto"}]}
    annotations = {"inject.istio.io/templates": "gateway"}
    mine = {"istio": "ingressgateway", "sidecar.istio.io/inject": "true", **labels}
    return an("Pod", name, spec, space, labels=mine, annotations=annotations)


def role(name: str, rules: object, space: str = "") -> str:
    """A Role, or without a namespace a ClusterRole."""
    kind = "Role" if space else "ClusterRole"
    metadata = {"name": name, **({"namespace": space} if space else {})}
    made = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules}
    return f"---\n{json.dumps(made)}\n"


def binding(account: str, to: str, space: str = "", kind: str = "ClusterRole") -> str:
    """A binding of the account ``NAMESPACE/NAME``, or of a group, to a role."""
    home, _, name = account.partition("/")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": home} if name else {"kind": "Group", "name": home}
    made = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding" if space else "ClusterRoleBinding",
        "metadata": {"name": f"{name or 'group'}-{to}", **({"namespace": space} if space else {})},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": to},
        "subjects": [subject],
    }
    return f"---\n{json.dumps(made)}\n"
