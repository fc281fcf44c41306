"""What the input tells network plugins to encrypt, and what they say of themselves.

Sources: Cilium ``Documentation/security/network/encryption-{wireguard,ipsec}.rst`` (the table of what is encrypted, and
nodes that opt out); Calico, "Encrypt in-cluster pod traffic" and FelixConfiguration; Antrea
``docs/traffic-encryption.md``; Flannel ``Documentation/backends.md``; OpenShift, "Configuring IPsec encryption".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ringfence.model.encryption import WireEncryption
from ringfence.model.plugins import Seen
from ringfence.model.provenance import Manifest
from ringfence.sources.plugins.fields import UNCLEAR, boolean, mapping, setting_lines, text
from ringfence.values import replace

WIREGUARD, IPSEC = "wireguard", "ipsec"
BACKEND_TYPE = "flannel.alpha.coreos.com/backend-type"
"""Annotation: what Flannel says of a node."""
PUBLIC_KEY = "network.cilium.io/wg-pub-key"
"""Annotation of a CiliumNode whose agent uses WireGuard."""
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
FELIX = ("crd.projectcalico.org", "projectcalico.org")
_CILIUM = ("enable-wireguard", "enable-ipsec", "encrypt-node", "node-encryption-opt-out-labels")
_FELIX = ("wireguardEnabled", "wireguardEnabledV6", "wireguardHostEncryptionEnabled")
_ANTREA = ("trafficEncryptionMode", "trafficEncapMode")
_AGENT_CONF, _FLANNEL_CONF = "antrea-agent.conf", "net-conf.json"
_ANTREA_MAP = re.compile(r"antrea-config(-[a-z0-9]{8,10})?")
_LABEL = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_./]{0,300})?")
_BACKENDS: Mapping[str, str] = {WIREGUARD: WIREGUARD, "wireguard-native": WIREGUARD, IPSEC: IPSEC}
_ON, _OFF = "true", "false"
LARGEST_KEY = 15
"""Numbers of the keys of IPsec have four bits."""
_KEYS = {WIREGUARD: 255, IPSEC: 1}
"""The number that stands for WireGuard, and one of IPsec."""


def settings_of(manifest: Manifest) -> dict[str, Any]:
    """What an object says of encryption, as data of the same shape as its own with nothing else in it; empty: it says
    nothing, or is none of those that are read."""
    data, group = manifest.data, manifest.api_version.rpartition("/")[0]
    if manifest.kind == "ConfigMap" and manifest.api_version == "v1":
        return _of_map(manifest.name, mapping(data, "data"))
    if manifest.kind == "FelixConfiguration" and group in FELIX:
        spec = mapping(data, "spec")
        return {"spec": {key: _truth(spec[key]) for key in _FELIX if key in spec}}
    if manifest.kind == "CiliumNodeConfig" and group == "cilium.io":
        defaults = mapping(mapping(data, "spec"), "defaults")
        found = {key: boolean(defaults[key]) for key in _CILIUM[:3] if key in defaults}
        return {"spec": {"defaults": found}} if found else {}
    if manifest.kind == "CiliumNode" and group == "cilium.io":
        how = _of_node(data)
        return {"spec": {"encryption": {"key": _KEYS[how]}}} if how else {}
    if manifest.kind == "Network" and manifest.api_version == "operator.openshift.io/v1":
        return _of_network(data)
    return {}


def _of_map(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    if name == "cilium-config":
        found = {key: boolean(data[key]) for key in _CILIUM[:3] if key in data}
        label = data.get(_CILIUM[3])
        if label is not None:
            found[_CILIUM[3]] = label if isinstance(label, str) and _LABEL.fullmatch(label) else UNCLEAR
        return {"data": found}
    if _ANTREA_MAP.fullmatch(name):
        lines = dict(setting_lines(text(data, _AGENT_CONF), _ANTREA))
        return {"data": {_AGENT_CONF: "".join(f"{key}: {value}\n" for key, value in lines.items())}} if lines else {}
    if name == "kube-flannel-cfg":
        return {"data": {_FLANNEL_CONF: json.dumps({"Backend": {"Type": _backend(text(data, _FLANNEL_CONF))}})}}
    return {}


def _of_network(data: Mapping[str, Any]) -> dict[str, Any]:
    ours = mapping(mapping(mapping(data, "spec"), "defaultNetwork"), "ovnKubernetesConfig")
    if ours.get("ipsecConfig") is None:
        return {}
    mode = text(mapping(ours, "ipsecConfig"), "mode")
    kept = {"mode": mode if mode in ("Disabled", "External", "Full") else UNCLEAR} if mode else {}
    return {"spec": {"defaultNetwork": {"ovnKubernetesConfig": {"ipsecConfig": kept}}}}


def kept_backend(node: Mapping[str, Any]) -> str:
    """What a snapshot keeps of what Flannel says of a node; empty: nothing."""
    said = text(mapping(mapping(node, "metadata"), "annotations"), BACKEND_TYPE)
    return said if said.lower() in _BACKENDS else ""


def _truth(value: Any) -> Any:
    return value if isinstance(value, bool) else UNCLEAR


def _of_node(data: Mapping[str, Any]) -> str:
    """What a CiliumNode says of its agent: the key of WireGuard, or the number of one of IPsec; empty: nothing."""
    if text(mapping(mapping(data, "metadata"), "annotations"), PUBLIC_KEY):
        return WIREGUARD
    key = mapping(mapping(data, "spec"), "encryption").get("key")
    if not isinstance(key, int) or isinstance(key, bool) or not key:
        return ""
    return WIREGUARD if key == _KEYS[WIREGUARD] else IPSEC if 0 < key <= LARGEST_KEY else ""


def _backend(content: str) -> str:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        return UNCLEAR
    said = text(mapping(read, "Backend"), "Type")
    return said if re.fullmatch(r"[A-Za-z-]{0,32}", said) else UNCLEAR


def tells(kind: str, name: str) -> bool:
    """Whether an object of this kind and name, of one that is not read otherwise, may say something of encryption."""
    return kind in ("FelixConfiguration", "CiliumNode", "CiliumNodeConfig") or (
        kind == "ConfigMap" and name == "kube-flannel-cfg"
    )


class EncryptionReader:
    """Collects what objects tell of encryption on the wire."""

    def __init__(self) -> None:
        self._configs: list[tuple[Manifest, dict[str, Any]]] = []
        self._felix: list[tuple[Manifest, dict[str, Any]]] = []
        self._by_node: list[tuple[str, str, Seen]] = []
        self._nodes: dict[str, tuple[str, Seen]] = {}

    def take(self, manifest: Manifest) -> None:
        """One object, with its namespace filled in; most are none that is read."""
        if manifest.kind == "Node" and manifest.api_version == "v1":
            said = kept_backend(manifest.data)
            if said:
                self._nodes[manifest.name] = (said, _seen(manifest))
        elif manifest.kind == "CiliumNode" and manifest.api_version.startswith("cilium.io/"):
            if how := _of_node(manifest.data):
                self._by_node.append((how, manifest.name, _seen(manifest)))
        elif manifest.kind in ("ConfigMap", "FelixConfiguration", "CiliumNodeConfig", "Network"):
            found = settings_of(manifest)
            if found:
                (self._felix if manifest.kind == "FelixConfiguration" else self._configs).append((manifest, found))

    def declared(self) -> tuple[WireEncryption, ...]:
        """What is, or may be, encrypted; nothing for a plugin that is told to encrypt nothing."""
        found = [*self._declared(), *self._of_felix()]
        if not any(manifest.name == "cilium-config" for manifest, _ in self._configs):
            found += self._of_cilium_nodes()
        if not any(manifest.name == "kube-flannel-cfg" for manifest, _ in self._configs):
            found += self._of_flannel_nodes()
        return tuple(one for index, one in enumerate(found) if one not in found[:index])

    def _declared(self) -> Iterator[WireEncryption]:
        for manifest, said in self._configs:
            seen = _seen(manifest)
            if manifest.kind == "Network":
                yield from _ovn(mapping(mapping(mapping(said, "spec"), "defaultNetwork"), "ovnKubernetesConfig"), seen)
            elif manifest.kind == "CiliumNodeConfig":
                yield from _some_nodes(mapping(mapping(said, "spec"), "defaults"), seen)
            elif manifest.name == "cilium-config":
                yield from _cilium(mapping(said, "data"), seen)
            elif manifest.name == "kube-flannel-cfg":
                backend = _backend(text(mapping(said, "data"), _FLANNEL_CONF))
                yield from _flannel(backend, f"Backend.Type: {backend}", seen)
            else:
                yield from _antrea(dict(setting_lines(text(mapping(said, "data"), _AGENT_CONF), _ANTREA)), seen)

    def _of_felix(self) -> Iterator[WireEncryption]:
        """Calico: for the whole cluster in ``default``, for one node in ``node.NAME``."""
        hosts = {mapping(said, "spec").get(_FELIX[2]) for _, said in self._felix} - {None}
        for key, family in ((_FELIX[0], 4), (_FELIX[1], 6)):
            on, nodes, sure, seen = False, {}, True, None
            for manifest, said in self._felix:
                value = mapping(said, "spec").get(key)
                if value is None:
                    continue
                sure = sure and value != UNCLEAR
                if manifest.name == "default":
                    on = bool(value)
                elif manifest.name.startswith("node."):
                    nodes[manifest.name.removeprefix("node.")] = bool(value)
                if value and (seen is None or manifest.name == "default"):
                    seen = _seen(manifest)
            if seen is None:
                continue
            # What host ends get hangs on the cloud, where nobody says it.
            host = True if hosts == {True} else None
            yield WireEncryption(WIREGUARD, f"{key}: true", seen, sure, (family,), on, nodes, host, host, host)

    def _of_cilium_nodes(self) -> Iterator[WireEncryption]:
        for how in (WIREGUARD, IPSEC):
            named = {name: True for word, name, _ in self._by_node if word == how}
            seen = next((seen for word, _, seen in self._by_node if word == how), None)
            if seen is not None:
                yield WireEncryption(
                    how, f"its node has a key of {how}", seen, True, (4, 6), False, named, None, None, None
                )

    def _of_flannel_nodes(self) -> Iterator[WireEncryption]:
        by_word: dict[str, list[str]] = {}
        for name, (word, _) in self._nodes.items():
            by_word.setdefault(word, []).append(name)
        for word, names in by_word.items():
            seen = self._nodes[names[0]][1]
            for one in _flannel(word, f"{BACKEND_TYPE}: {word}", seen):
                yield replace(one, on=False, nodes=dict.fromkeys(names, True))


def _cilium(said: Mapping[str, str], seen: Seen) -> Iterator[WireEncryption]:
    for key, how in ((_CILIUM[0], WIREGUARD), (_CILIUM[1], IPSEC)):
        word = said.get(key, _OFF)
        if word == _OFF:
            continue
        node = said.get("encrypt-node", _OFF)
        # With IPsec, releases differ in what the setting for nodes does.
        host = False if node == _OFF else True if node == _ON and how == WIREGUARD else None
        exempt = said.get(_CILIUM[3], CONTROL_PLANE)
        if exempt == UNCLEAR:
            host, exempt = None, ""
        why = f"{key}: {word}" + (f", encrypt-node: {node}" if node != _OFF else "")
        yield WireEncryption(
            how, why, seen, word == _ON, from_host=host, to_host=host, host_to_host=host, exempt=exempt if host else ""
        )


def _some_nodes(said: Mapping[str, str], seen: Seen) -> Iterator[WireEncryption]:
    """Settings for the agents of some nodes, chosen by labels."""
    for key, how in ((_CILIUM[0], WIREGUARD), (_CILIUM[1], IPSEC)):
        if key in said:
            why = f"{key}: {said[key]}, for some nodes"
            yield WireEncryption(how, why, seen, False, from_host=None, to_host=None, host_to_host=None)


def _antrea(said: Mapping[str, str], seen: Seen) -> Iterator[WireEncryption]:
    mode = said.get(_ANTREA[0], "none")
    how = {"wireguard": WIREGUARD, "ipsec": IPSEC}.get(mode.lower())
    if mode.lower() in ("none", ""):
        return
    encapsulation = said.get(_ANTREA[1], "encap")
    sure = how is not None and encapsulation.lower() == "encap"
    why = f"{_ANTREA[0]}: {mode}" + ("" if encapsulation.lower() == "encap" else f", {_ANTREA[1]}: {encapsulation}")
    yield WireEncryption(how or IPSEC, why, seen, sure, from_host=None, to_host=None, host_to_host=None)


def _flannel(backend: str, why: str, seen: Seen) -> Iterator[WireEncryption]:
    """What goes to a pod of another node leaves through the encrypted interface; a node's address is not behind it."""
    how = _BACKENDS.get(backend.lower())
    if how is not None or backend == UNCLEAR:
        yield WireEncryption(how or WIREGUARD, why, seen, how is not None, from_host=None, to_host=None)


def _ovn(ours: Mapping[str, Any], seen: Seen) -> Iterator[WireEncryption]:
    """Without a mode it is Full: older releases have no modes."""
    mode = text(mapping(ours, "ipsecConfig"), "mode")
    if mode in ("Disabled", "External"):
        return
    why = f"ipsecConfig.mode: {mode}" if mode else "ipsecConfig is set"
    yield WireEncryption(IPSEC, why, seen, mode in ("", "Full"), from_host=True, to_host=False, host_to_host=False)


def _seen(manifest: Manifest) -> Seen:
    home = f"{manifest.namespace}/" if manifest.namespace else ""
    return Seen(f"{manifest.kind} {home}{manifest.name}", manifest.place)
