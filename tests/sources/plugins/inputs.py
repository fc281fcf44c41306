"""Objects of network plugins, as their installers and clusters have them."""

from __future__ import annotations

from typing import Any

import yaml

Object = dict[str, Any]


def container(name: str, image: str, args: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Object:
    found: Object = {"name": name, "image": image, "args": list(args)}
    if env:
        found["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return found


def daemon_set(name: str, *containers: Object, namespace: str = "kube-system", **spec: Any) -> Object:
    labels = {"k8s-app": name}
    template = {"metadata": {"labels": labels}, "spec": {"hostNetwork": True, "containers": [*containers], **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


def agent_pod(owner: Object, node: str, ready: bool | None = True) -> Object:
    """The pod of a DaemonSet on a node."""
    name, namespace = owner["metadata"]["name"], owner["metadata"]["namespace"]
    template = owner["spec"]["template"]
    status: Object = {"phase": "Running"}
    if ready is not None:
        status["conditions"] = [{"type": "Ready", "status": str(ready)}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-{node}",
            "namespace": namespace,
            "labels": template["metadata"]["labels"],
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": name, "controller": True}],
        },
        "spec": {**template["spec"], "nodeName": node},
        "status": status,
    }


def node(
    name: str,
    labels: dict[str, str] | None = None,
    taints: tuple[Object, ...] = (),
    kubelet: str = "v1.34.1",
    annotations: dict[str, str] | None = None,
) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels or {}, "annotations": annotations or {}},
        "spec": {"taints": list(taints)} if taints else {},
        "status": {"nodeInfo": {"kubeletVersion": kubelet}},
    }


def config_map(name: str, namespace: str = "kube-system", **data: str) -> Object:
    data = {key.replace("_", "-"): value for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def custom(api_version: str, kind: str, name: str, **fields: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **fields}


def calico(version: str = "v3.31.2", **spec: Any) -> Object:
    return daemon_set("calico-node", container("calico-node", f"quay.io/calico/node:{version}"), **spec)


def cilium(version: str = "v1.16.3") -> Object:
    image = f"quay.io/cilium/cilium:{version}@sha256:62d2a09bbef840a46099ac4c69421c90f84f28d018d479749049011329aa7f28"
    return daemon_set("cilium", container("cilium-agent", image))


def antrea(version: str = "v2.3.0") -> Object:
    return daemon_set("antrea-agent", container("antrea-agent", f"antrea/antrea-agent-ubuntu:{version}"))


def kube_router(*args: str, version: str = "v2.4.1") -> Object:
    return daemon_set("kube-router", container("kube-router", f"docker.io/cloudnativelabs/kube-router:{version}", args))


def flannel(*more: Object) -> Object:
    own = container("kube-flannel", "ghcr.io/flannel-io/flannel:v0.27.0")
    return daemon_set("kube-flannel-ds", own, *more, namespace="kube-flannel")


def aws_node(*args: str, version: str = "v1.19.0-eksbuild.1", ipv6: str = "false", **spec: Any) -> Object:
    registry = "602401143452.dkr.ecr.eu-central-1.amazonaws.com"
    return daemon_set(
        "aws-node",
        container("aws-node", f"{registry}/amazon-k8s-cni:{version}", env={"ENABLE_IPv6": ipv6}),
        container("aws-eks-nodeagent", f"{registry}/amazon/aws-network-policy-agent:v1.1.5-eksbuild.1", args),
        **spec,
    )


def weave(npc: bool = True, **env: str) -> Object:
    containers = [container("weave", "weaveworks/weave-kube:2.8.1", env=env)]
    if npc:
        containers.append(container("weave-npc", "weaveworks/weave-npc:2.8.1"))
    return daemon_set("weave-net", *containers)


def kindnet(tag: str = "v20241212-9f82dd49") -> Object:
    return daemon_set("kindnet", container("kindnet-cni", f"docker.io/kindest/kindnetd:{tag}"))


def as_text(*objects: Object) -> str:
    return "---\n".join(yaml.safe_dump(one, sort_keys=False) for one in objects)


def plugin_manifests() -> list[bytes]:
    """A few texts with agents, their settings, pods and nodes."""
    router, amazon = kube_router("--run-firewall=true"), aws_node("--enable-network-policy=true")
    conf = {
        "antrea-controller.conf": "featureGates:\n  AdminNetworkPolicy: true\n",
        "antrea-agent.conf": "antreaProxy:\n",
    }
    k3s = {"k3s.io/node-args": '["server", "--disable-network-policy"]'}
    taint = {"key": "pool", "value": "a", "effect": "NoExecute"}
    texts = (
        (router, agent_pod(router, "n1"), agent_pod(router, "n2", ready=False), node("n1"), node("n2"), node("n3")),
        (
            amazon,
            config_map("amazon-vpc-cni", enable_network_policy_controller="true"),
            node("n1", {"a": "b"}, (taint,)),
        ),
        (cilium(), config_map("cilium-config", enable_policy="default", enable_sctp="true")),
        (antrea(), config_map("antrea-config", **conf)),
        (calico(nodeSelector={"a": "b"}), custom("operator.tigera.io/v1", "Installation", "default", spec={})),
        (
            node("n1", kubelet="v1.33.4+k3s1", annotations=k3s),
            node("n2", {"kubernetes.azure.com/network-policy": "none"}),
        ),
    )
    return [as_text(*one).encode() for one in texts]
