"""The agents of network plugins: how their DaemonSets, containers and images are called, and which version an image is.

An agent is recognised by two signs out of three: the name of the workload, of a container, of an image. One alone is
shared by exporters, operators, tests and mirrors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ringfence.sources.plugins.fields import mappings, text
from ringfence.values import Value


class Agent(Value):
    """How the agent of one plugin is called. ``images`` are ends of repositories, at a slash. ``versioned``: the
    tag of its image is the version that the profile means."""

    name: str
    workloads: frozenset[str]
    containers: frozenset[str]
    images: tuple[str, ...] = ()
    versioned: bool = True


def _agent(name: str, workloads: str, containers: str, images: str = "", **options: bool) -> Agent:
    return Agent(name, frozenset(workloads.split()), frozenset(containers.split()), tuple(images.split()), **options)


AGENTS: tuple[Agent, ...] = (
    _agent(
        "calico",
        "calico-node canal rke2-canal calico-node-windows",
        "calico-node felix",
        "calico/node calico-node mirrored-calico-node hardened-calico calico/node-windows",
    ),
    _agent("calico-enterprise", "calico-node calico-node-windows", "calico-node felix", "tigera/cnx-node"),
    _agent("gke-dataplane-v2", "anetd anetd-win", "cilium-agent", "", versioned=False),
    _agent("cilium", "cilium cilium-agent", "cilium-agent", "cilium/cilium mirrored-cilium-cilium"),
    _agent(
        "antrea",
        "antrea-agent antrea-agent-windows",
        "antrea-agent",
        "antrea-agent-ubuntu antrea-agent-ubi antrea-ubuntu antrea-ubi antrea-windows",
    ),
    _agent(
        "ovn-kubernetes",
        "ovnkube-node ovnkube-node-dpu ovnkube-node-dpu-host ovnkube-single-node-zone",
        "ovnkube-controller ovnkube-node ovn-node ovn-controller",
        "ovn-kubernetes/ovn-kube-ubuntu ovn-kubernetes/ovn-kube-fedora",
        versioned=False,
    ),
    _agent("kube-router", "kube-router", "kube-router", "cloudnativelabs/kube-router k0sproject/kube-router"),
    _agent(
        "kube-network-policies",
        "kube-network-policies kube-flannel-ds kube-flannel",
        "kube-network-policies",
        "networking/kube-network-policies",
    ),
    _agent("kindnet", "kindnet", "kindnet-cni", "kindest/kindnetd", versioned=False),
    _agent("aws-vpc-cni", "aws-node", "aws-node", "amazon-k8s-cni amazon/amazon-k8s-cni"),
    _agent("azure", "azure-npm azure-npm-win", "azure-npm azure-npm-win", "azure-npm", versioned=False),
    _agent("weave", "weave-net", "weave", "weaveworks/weave-kube"),
    _agent(
        "flannel",
        "kube-flannel-ds kube-flannel kube-flannel-ds-amd64 kube-flannel-ds-arm64",
        "kube-flannel",
        "flannel/flannel flannel-io/flannel coreos/flannel rancher/mirrored-flannelcni-flannel",
        versioned=False,
    ),
    _agent("kube-ovn", "kube-ovn-cni", "cni-server", "kubeovn/kube-ovn"),
    _agent("openshift-sdn", "sdn", "sdn", ""),
    _agent("nsx-ncp", "nsx-node-agent", "nsx-node-agent", "nsx-ncp-ubuntu nsx-ncp-rhel"),
    _agent("terway", "terway terway-eniip terway-eni", "terway", "acs/terway"),
    _agent("contrail", "contrail-vrouter-nodes", "contrail-vrouter-agent contrailvrouteragent", ""),
    _agent("aci-containers", "aci-containers-host", "aci-containers-host", "aci-containers-host"),
    _agent("everoute", "everoute-agent", "everoute-agent", "everoute/release"),
)
"""In the order in which they are asked."""

_WITHIN = {"calico": "flannel", "calico-enterprise": "calico", "gke-dataplane-v2": "cilium"}
"""Agent → one that is no agent of its own in the same pod: Canal is Calico, and the others look alike."""
_PREFIXES = tuple(sorted({f"{name}-" for agent in AGENTS for name in agent.workloads}))
_HEADS = frozenset(prefix[:3] for prefix in _PREFIXES)


_BY_NAME: dict[str, list[Agent]] = {}
for _one in AGENTS:
    for _name in _one.workloads | _one.containers:
        _BY_NAME.setdefault(_name, []).append(_one)


def perhaps_agent(name: str) -> bool:
    """Whether a pod of this name may be an agent: then it is read as a whole. Asked for every pod, so it has to be
    cheap."""
    return name[:3] in _HEADS and name.startswith(_PREFIXES)


def repository(image: str) -> str:
    """An image without registry tag and digest: ``docker.io/calico/node`` of ``docker.io/calico/node:v3.31.2``."""
    without = image.partition("@")[0]
    head, slash, tail = without.rpartition("/")
    return head + slash + tail.partition(":")[0]


def tag(image: str) -> str:
    """The tag of an image; empty if it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _is_image(image: str, ends: tuple[str, ...]) -> bool:
    name = f"/{repository(image)}"
    return any(name.endswith(f"/{end}") for end in ends)


class Found(Value):
    """An agent in a pod template, and the tag of its image (empty: it does not tell a version)."""

    agent: Agent
    container: Mapping[str, Any]
    tag: str


def agents_of(workload: str, spec: Mapping[str, Any]) -> list[Found]:
    """The agents among the containers of a workload, by its name and the spec of its pods."""
    found: dict[str, Found] = {}
    containers = mappings(spec, "containers")
    names = [workload, *(text(container, "name") for container in containers)]
    possible = {agent.name: agent for name in names for agent in _BY_NAME.get(name, ())}
    for agent in sorted(possible.values(), key=AGENTS.index) if len(possible) > 1 else possible.values():
        named = workload in agent.workloads
        for container in containers:
            is_image = _is_image(text(container, "image"), agent.images)
            if named + (text(container, "name") in agent.containers) + is_image >= 2:
                said = tag(text(container, "image")) if is_image and agent.versioned else ""
                if agent.name not in found or is_image:
                    found[agent.name] = Found(agent, container, said)
    if "calico-enterprise" in found and not _is_image(
        text(found["calico-enterprise"].container, "image"), ("tigera/cnx-node",)
    ):
        del found["calico-enterprise"]
    for stronger, weaker in _WITHIN.items():
        if stronger in found:
            found.pop(weaker, None)
    return list(found.values())


_RELEASE = re.compile(
    r"v?(\d{1,4}\.\d{1,4}(?:\.\d{1,6})?)"
    r"(?:-(?:eksbuild\.\d+|gke\.\d+|build\d+|\d{8}|npa-v1alpha[12]|iptables[0-9.-]*|distroless|amd64|arm64)"
    r"|[+](?:k3s|rke2r)\d+)*"
)


def release(said: str) -> str:
    """The version ``3.31.2`` of a tag such as ``v3.31.2`` or ``v1.19.0-eksbuild.1``; empty for any other tag: a build
    of one's own, a release candidate, a date."""
    found = _RELEASE.fullmatch(said)
    return found[1] if found is not None else ""
