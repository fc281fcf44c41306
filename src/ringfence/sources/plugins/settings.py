"""Settings of agents that answer a fact of their profile: flags, environment, ConfigMaps.

Each answer rests on what is written; where it rests on a default of the plugin, it says so (``Setting.covered``).
Source: the flags and manifests of each plugin, as the profiles name them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ringfence.model.plugins import Seen, Setting
from ringfence.sources.plugins.agents import repository, tag
from ringfence.sources.plugins.fields import (
    UNCLEAR,
    answer,
    boolean,
    environment,
    flag,
    setting_lines,
    text,
    words,
)
from ringfence.values import Value

INGRESS, EGRESS = "networkpolicy-ingress", "networkpolicy-egress"
BOTH = (INGRESS, EGRESS)
ADMIN = ("adminnetworkpolicy", "baselineadminnetworkpolicy")

FLAGS = ("enable-network-policy", "run-firewall", "use-nftables-for-netpol", "enable-admin-network-policy")
"""Flags of agents that are read, without their dashes."""
ENVIRONMENT = ("EXPECT_NPC", "ENABLE_IPv6")
"""Variables of agents that are read."""

_CILIUM = (
    *("enable-policy", "enable-k8s-networkpolicy", "policy-audit-mode", "policy-cidr-match-mode", "enable-sctp"),
    *("allow-localhost", "kube-proxy-replacement", "bpf-lb-mode"),
)
_AMAZON = ("enable-network-policy-controller",)
_GATES = ("AdminNetworkPolicy", "ClusterNetworkPolicy", "AntreaProxy")
_OVN = ("enable-admin-network-policy",)
CONTROLLER_CONF, AGENT_CONF, OVN_CONF = "antrea-controller.conf", "antrea-agent.conf", "ovnkube.conf"
_PROXY_OFF = re.compile(r"^antreaProxy:[ \t]*\n(?:[ \t#].*\n|\n)*?[ \t]+enable:[ \t]*false", re.MULTILINE)


def settings_key(name: str) -> str:
    """The plugin whose settings a ConfigMap of this name may hold; empty for any other."""
    if name == "cilium-config":
        return "cilium"
    if name == "antrea-config" or re.fullmatch(r"antrea-config-[a-z0-9]{8,10}", name):
        return "antrea"
    return {"amazon-vpc-cni": "aws-vpc-cni", "ovnkube-config": "ovn-kubernetes"}.get(name, "")


def read_settings(plugin: str, data: Mapping[str, Any]) -> dict[str, str]:
    """What a ConfigMap says, of what is read: key → word."""
    if plugin == "cilium":
        return {key: _word(data[key]) for key in _CILIUM if key in data}
    if plugin == "aws-vpc-cni":
        return {key: boolean(data[key]) for key in _AMAZON if key in data}
    if plugin == "ovn-kubernetes":
        return {key: boolean(value) for key, value in setting_lines(text(data, OVN_CONF), _OVN)}
    found: dict[str, str] = {}
    if CONTROLLER_CONF in data:
        found[CONTROLLER_CONF] = "read"
        lines = setting_lines(text(data, CONTROLLER_CONF), _GATES[:2])
        found.update((key, boolean(value)) for key, value in lines)
    if AGENT_CONF in data:
        found[AGENT_CONF] = "read"
        found["AntreaProxy"] = "true"
        for _, value in setting_lines(text(data, AGENT_CONF), _GATES[2:]):
            found["AntreaProxy"] = boolean(value)
        if _PROXY_OFF.search(text(data, AGENT_CONF)):
            found["AntreaProxy"] = "false"
    return found


def kept_settings(plugin: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Data of a ConfigMap that reads as the whole one does, and says nothing else."""
    found = read_settings(plugin, data)
    if plugin == "ovn-kubernetes":
        return {OVN_CONF: "".join(f"{key}={value}\n" for key, value in found.items())}
    if plugin != "antrea":
        return found
    kept = {}
    if CONTROLLER_CONF in found:
        kept[CONTROLLER_CONF] = "".join(f"  {key}: {found[key]}\n" for key in _GATES[:2] if key in found)
    if AGENT_CONF in found:
        kept[AGENT_CONF] = f"  AntreaProxy: {found['AntreaProxy']}\n"
    return kept


def _word(value: Any) -> str:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9-]{0,24}", value) else UNCLEAR


class AgentSigns(Value):
    """One agent in one object: all containers of its pods, and the object."""

    containers: tuple[Mapping[str, Any], ...]
    seen: Seen


class MapSigns(Value):
    """One ConfigMap with settings."""

    values: Mapping[str, str]
    seen: Seen


Reader = Callable[[AgentSigns, MapSigns | None], Iterable[Setting]]


def settings_of(plugin: str, agent: AgentSigns, config: MapSigns | None) -> Iterable[Setting]:
    """The answers that one agent's object and its plugin's ConfigMap give."""
    reader = _READERS.get(plugin)
    return reader(agent, config) if reader is not None else ()


def _container(agent: AgentSigns, *names: str) -> Mapping[str, Any] | None:
    return next((one for one in agent.containers if text(one, "name") in names), None)


def _all(facts: Iterable[str], value: bool | None, why: str, seen: Seen, covered: bool = False) -> Iterator[Setting]:
    for fact in facts:
        yield Setting(fact, value, why, seen, covered)


def _amazon(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    container = _container(agent, "aws-eks-nodeagent")
    if container is None:
        yield from _all(BOTH, False, "the pods have no container aws-eks-nodeagent", agent.seen)
    else:
        said = flag(container, "enable-network-policy")
        value = False if said is None else answer(said)
        why = f"--enable-network-policy={said}" if said else "aws-eks-nodeagent runs without --enable-network-policy"
        controller = config.values.get(_AMAZON[0]) if config is not None else None
        if value and controller not in (None, "true"):
            value, why = None, f"{why}, but enable-network-policy-controller is {controller} in amazon-vpc-cni"
        yield from _all(BOTH, value, why, agent.seen)
    main = _container(agent, "aws-node")
    if main is not None and environment(main, "ENABLE_IPv6") == "false":
        yield from _all(("ipv6-filtered", "ipv6-ipblocks"), False, "ENABLE_IPv6=false: an IPv4 cluster", agent.seen)


def _kube_router(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    container = _container(agent, "kube-router") or (agent.containers[0] if agent.containers else {})
    if _is_script(container):
        return
    said = flag(container, "run-firewall")
    value = True if said is None else answer(said)
    yield from _all(BOTH, value, f"--run-firewall={said or 'true, the default'}", agent.seen)
    nftables = flag(container, "use-nftables-for-netpol")
    if nftables in (None, "false"):
        why = "policies stand in ipsets: no --use-nftables-for-netpol"
        yield Setting("except-is-local", False, why, agent.seen, covered=nftables is None)


def _is_script(container: Mapping[str, Any]) -> bool:
    """Whether a shell runs the program, so that its flags are not the container's words."""
    return any("\n" in word or " " in word.strip() for word in words(container))


def _weave(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    if _container(agent, "weave-npc") is None:
        yield from _all(BOTH, False, "the pods have no container weave-npc", agent.seen)
        return
    container = _container(agent, "weave")
    said = environment(container, "EXPECT_NPC") if container is not None else UNCLEAR
    value = True if said is None else answer(said)
    yield from _all(BOTH, value, f"EXPECT_NPC={said or '1, the default'}", agent.seen)


def _cilium(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    if config is None:
        return
    values, seen = config.values, config.seen
    off = next(
        (
            f"{key}: {values[key]}"
            for key, word in (("enable-policy", "never"), ("enable-k8s-networkpolicy", "false"))
            if values.get(key) == word
        ),
        "policy-audit-mode: true" if values.get("policy-audit-mode") == "true" else "",
    )
    if off:
        yield from _all(BOTH, False, off, seen)
    mode = values.get("policy-cidr-match-mode", "")
    if mode in ("", "nodes"):
        value = mode == "nodes"
        yield Setting("ipblock-matches-nodes", value, f"policy-cidr-match-mode: {mode or 'not set'}", seen, not mode)
    if values.get("enable-sctp") == "true":
        yield from _all(("sctp-filtered", "sctp-ports"), True, "enable-sctp: true", seen)
    localhost = values.get("allow-localhost", "auto")
    if localhost in ("always", "auto"):
        why = f"allow-localhost: {localhost}, which means always in Kubernetes"
        yield Setting("own-node-ingress-exempt", True, why, seen, covered=localhost == "auto")
    if values.get("kube-proxy-replacement") in ("true", "strict"):
        why = f"kube-proxy-replacement: {values['kube-proxy-replacement']}"
        yield Setting("own-node-keeps-client", True, why, seen)
        mode = values.get("bpf-lb-mode", "snat")
        if mode in ("snat", "dsr"):
            why += f", bpf-lb-mode: {values.get('bpf-lb-mode', 'snat, the default')}"
            yield Setting("cluster-policy-keeps-client", mode == "dsr", why, seen, "bpf-lb-mode" not in values)


def _antrea(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    if config is None:
        return
    values, seen = config.values, config.seen
    if CONTROLLER_CONF in values:
        gates = (("AdminNetworkPolicy", ADMIN), ("ClusterNetworkPolicy", ("clusternetworkpolicy",)))
        for gate, facts in gates:
            said = values.get(gate)
            value = False if said is None else answer(said)
            why = f"feature gate {gate} is {said or 'off, the default'}"
            yield from _all(facts, value, why, seen, covered=True)
    if AGENT_CONF in values:
        value = answer(values["AntreaProxy"])
        facts = ("hairpin-ingress-exempt", "services-seen-as-pods")
        if value:
            yield from _all(facts, True, "AntreaProxy is on", seen, covered=True)


def _ovn(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    said = [flag(one, "enable-admin-network-policy") for one in agent.containers if not _is_script(one)]
    if "true" in said:
        yield from _all(ADMIN, True, "--enable-admin-network-policy", agent.seen)
    elif config is not None and config.values.get(_OVN[0]) == "true":
        yield from _all(ADMIN, True, "enable-admin-network-policy=true", config.seen)


_KINDNET_DATE = re.compile(r"v(20\d{6})-[0-9a-f]{6,12}")
_KIND_0_23, _KIND_0_24 = 20240513, 20240813


def _kindnet(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    """The images that kind 0.23 and 0.24 came with: policies are enforced from the latter on."""
    container = _container(agent, "kindnet-cni") or (agent.containers[0] if agent.containers else {})
    image = text(container, "image")
    date = _KINDNET_DATE.fullmatch(tag(image))
    if date is None or not repository(image).endswith("kindest/kindnetd"):
        yield from _all(BOTH, None, "the image does not say whether it is of kind 0.24 or later", agent.seen)
    elif int(date[1]) < _KIND_0_24:
        old = int(date[1]) <= _KIND_0_23
        why = f"the image of {date[1]} is older than kind 0.24"
        yield from _all(BOTH, False if old else None, why, agent.seen)


_VARIANT = re.compile(r"v?\d+\.\d+\.\d+(?:-(npa-v1alpha[12]))?")


def _kube_network_policies(agent: AgentSigns, config: MapSigns | None) -> Iterator[Setting]:
    container = _container(agent, "kube-network-policies") or {}
    found = _VARIANT.fullmatch(tag(text(container, "image")))
    if found is None:
        return
    variant = found[1] or "the standard image"
    yield Setting("clusternetworkpolicy", found[1] == "npa-v1alpha2", f"variant: {variant}", agent.seen)
    yield from _all(ADMIN, found[1] == "npa-v1alpha1", f"variant: {variant}", agent.seen)


_READERS: Mapping[str, Reader] = {
    "aws-vpc-cni": _amazon,
    "kube-router": _kube_router,
    "weave": _weave,
    "cilium": _cilium,
    "antrea": _antrea,
    "ovn-kubernetes": _ovn,
    "kindnet": _kindnet,
    "kube-network-policies": _kube_network_policies,
}


def denies_by_default(values: Mapping[str, str]) -> bool:
    """Whether a ConfigMap of Cilium makes it deny also what no policy selects: no profile has a word for that."""
    return values.get("enable-policy") in ("always", UNCLEAR)


def kept_container(container: Mapping[str, Any]) -> dict[str, Any]:
    """What a snapshot keeps of an agent's container beside its name and image: it reads as the whole one does."""
    args = [f"--{name}={said}" for name in FLAGS if (said := flag(container, name)) is not None]
    found: dict[str, Any] = {}
    if _is_script(container):
        args.insert(0, "a script")
    if args:
        found["args"] = args
    env = [{"name": name, "value": said} for name in ENVIRONMENT if (said := environment(container, name)) is not None]
    if env:
        found["env"] = env
    return found
