"""Nodes: those that were read, and those that are only named by pods."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.model.cluster import Node
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest
from ringfence.sets.addresses import Intervals, address, canonical, cidr
from ringfence.sources.field_checks import ADDRESS_HINT, Fields, Findings
from ringfence.sources.pods import PodFacts
from ringfence.values import replace


def read_node(manifest: Manifest, problems: list[Problem]) -> Node:
    """A Node with its internal and external addresses. Host names are no addresses that a policy could name."""
    findings = Findings(manifest, problems)
    top = Fields(findings)
    metadata, spec, status = top.child("metadata"), top.child("spec"), top.child("status")
    before = len(problems)
    labels, _ = metadata.labels("labels", vital=False)
    broken = len(problems) > before
    numbers = []
    for entry in status.children("addresses"):
        if entry.text("type") in ("InternalIP", "ExternalIP"):
            try:
                numbers.append(address(entry.text("address")))
            except ValueError:
                entry.invalid("address", "is not an IP address", ADDRESS_HINT)
    addresses = tuple(dict.fromkeys(numbers))
    return Node(manifest.name, {} if broken else labels, addresses, _pod_ranges(spec), broken, manifest.place)


def _pod_ranges(spec: Fields) -> Intervals:
    intervals = []
    for text in spec.texts("podCIDRs") or [spec.text("podCIDR")]:
        try:
            intervals += [cidr(text)] if text else []
        except ValueError:
            spec.invalid("podCIDRs", "is not an address range", "such as 10.244.1.0/24")
    return canonical(intervals)


def with_named(read: dict[str, Node], pods: Iterable[PodFacts], named: Iterable[str]) -> dict[str, Node]:
    """All nodes in order of name. One without an object has the addresses that its pods' status gives as the host's;
    so has one whose object gives none."""
    host: dict[str, tuple[int, ...]] = dict.fromkeys(named, ())
    for facts in pods:
        if facts.node and not host.get(facts.node):
            host[facts.node] = facts.host_addresses or (facts.addresses if facts.host_network else ())
    found = dict(read)
    for name, addresses in host.items():
        node = found.get(name)
        if node is None:
            found[name] = Node(name, {}, addresses, open_labels=True)
        elif not node.addresses and addresses:
            found[name] = replace(node, addresses=addresses)
    return {name: found[name] for name in sorted(found)}
