"""What Node objects themselves tell of the network plugin: K3s with its embedded controller, and the labels of AKS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ringfence.model.plugins import Seen, Setting
from ringfence.sources.plugins.fields import answer, boolean, mapping, text
from ringfence.sources.plugins.settings import BOTH

NODE_ARGUMENTS = "k3s.io/node-args"
"""Annotation: the command line of K3s with the settings of its file, a JSON list in which a flag's value is a word of
its own (pkg/nodeconfig of k3s-io/k3s)."""
DISABLE = "--disable-network-policy"
_K3S = re.compile(r"v(\d{1,3}\.\d{1,3}\.\d{1,4})\+k3s\d+")
AKS_LABEL = "kubernetes.azure.com/network-policy"
AKS_CILIUM = ("kubernetes.azure.com/ebpf-dataplane", "cilium")
AKS_PLUGINS: Mapping[str, str] = {"azure": "azure", "calico": "calico", "cilium": "cilium"}
"""What AKS writes into its label → the profile."""
AKS_NONE = "none"

NodeObject = tuple[Mapping[str, Any], Seen]
"""The data of a Node, and where it stands."""


def k3s_version(node: Mapping[str, Any]) -> str:
    """The release of K3s that a node runs; empty if it runs none."""
    found = _K3S.fullmatch(text(mapping(mapping(node, "status"), "nodeInfo"), "kubeletVersion"))
    return found[1] if found is not None else ""


def node_arguments(node: Mapping[str, Any]) -> list[str]:
    """The words of the annotation; empty if it is not there or not what K3s writes."""
    written = text(mapping(mapping(node, "metadata"), "annotations"), NODE_ARGUMENTS)
    try:
        words = json.loads(written) if written and len(written) < 1 << 16 else []
    except (ValueError, RecursionError):
        return []
    return [word for word in words if isinstance(word, str)] if isinstance(words, list) else []


def kept_arguments(node: Mapping[str, Any]) -> str | None:
    """What a snapshot keeps of the annotation; None: nothing."""
    words = node_arguments(node)
    if not words:
        return None
    return json.dumps([words[0] if words[0] == "server" else "agent", *_disabling(words)])


def _disabling(words: list[str]) -> list[str]:
    found: list[str] = []
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.partition("=")[0] == DISABLE:
            value = word.partition("=")[2] or ("" if following.startswith("-") else following)
            found = [DISABLE, boolean(value)] if value else [DISABLE, "true"]
    return found


def k3s_settings(nodes: Iterable[NodeObject]) -> Iterator[Setting]:
    """Whether the embedded controller runs: servers decide it for the whole cluster."""
    for node, seen in nodes:
        words = node_arguments(node)
        if not words or words[0] != "server":
            continue
        said = _disabling(words)
        disabled = answer(said[1]) if said else False
        value = None if disabled is None else not disabled
        why = f"{DISABLE} {said[1]}" if said else f"a server without {DISABLE}"
        for fact in BOTH:
            yield Setting(fact, value, why, seen)


def aks_plugin(labels: Mapping[str, str]) -> str:
    """The plugin that AKS says a node has, ``AKS_NONE`` for none; empty: it says nothing."""
    said = labels.get(AKS_LABEL, "")
    if labels.get(AKS_CILIUM[0]) == AKS_CILIUM[1] and said in ("", "cilium"):
        return "cilium"
    return AKS_NONE if said == AKS_NONE else AKS_PLUGINS.get(said, "")
