"""Address ranges of the cluster, where the input tells them: they narrow what an address that is not known can be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from ringfence.model.cluster import Node, Pod, Ranges
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.addresses import Intervals, address_text, canonical, cidr, contains, describe, family
from ringfence.sources.field_checks import Fields, Findings
from ringfence.values import Draft, field

CONTROL_PLANE_PODS = ("kube-controller-manager", "kube-apiserver", "kube-proxy")
"""Pods of kube-system whose flags tell ranges, by how their names begin."""

SETTINGS: Mapping[str, tuple[str, str, str]] = {
    "kubeadm-config": ("ClusterConfiguration", "podSubnet", "serviceSubnet"),
    "kube-proxy": ("config.conf", "clusterCIDR", ""),
}
"""ConfigMaps of kube-system: the entry with the settings, and what the pod range and the service range are called."""


FLAGS = ("--cluster-cidr", "--service-cluster-ip-range")
"""The flags of the control plane that tell ranges: of pods, and of Services."""


class Told(Draft):
    """Ranges that the input tells, with the first place that does."""

    pods: list[tuple[int, int]] = field(default_factory=list)
    services: list[tuple[int, int]] = field(default_factory=list)
    pods_place: Place | None = None
    services_place: Place | None = None

    def add(self, texts: Iterable[str], place: Place, *, services: bool) -> None:
        """CIDRs as written, each a list joined by commas; what is none is passed over, as it is not ours to judge."""
        for text in (part.strip() for joined in texts for part in joined.split(",")):
            try:
                interval = cidr(text)
            except ValueError:
                continue
            if services:
                self.services.append(interval)
                self.services_place = self.services_place or place
            else:
                self.pods.append(interval)
                self.pods_place = self.pods_place or place


def read_service_cidr(manifest: Manifest, told: Told, problems: list[Problem]) -> None:
    """A ServiceCIDR: ranges from which Services get their addresses."""
    spec = Fields(Findings(manifest, problems)).child("spec")
    texts = spec.texts("cidrs")
    for text in texts:
        try:
            cidr(text)
        except ValueError:
            spec.invalid("cidrs", "has a member that is not an address range", "such as 10.96.0.0/12")
    told.add(texts, manifest.place, services=True)


def is_control_plane(namespace: str, name: str) -> bool:
    """Whether a pod's flags may tell ranges."""
    return namespace == "kube-system" and name.startswith(CONTROL_PLANE_PODS)


def read_flags(manifest: Manifest, told: Told) -> None:
    """``--cluster-cidr`` and ``--service-cluster-ip-range`` of a control plane pod or its controller's template."""
    spec = _mapping(manifest.data, "spec")
    if "template" in spec:
        spec = _mapping(_mapping(spec, "template"), "spec")
    containers = spec.get("containers")
    for container in containers if isinstance(containers, list) else ():
        lists = [container.get(key) for key in ("command", "args")] if isinstance(container, Mapping) else []
        words = [word for each in lists if isinstance(each, list) for word in each if isinstance(word, str)]
        for word, following in pairwise([*words, ""]):
            flag, equals, value = word.partition("=")
            if flag in FLAGS:
                told.add([value if equals else following], manifest.place, services=flag != "--cluster-cidr")


def read_settings(manifest: Manifest, told: Told) -> None:
    """The ranges that kubeadm writes into its ConfigMaps: lines ``podSubnet: 10.244.0.0/16`` of a YAML text."""
    entry, pods, services = SETTINGS[manifest.name]
    text = _mapping(manifest.data, "data").get(entry)
    for key in (pods, services) if isinstance(text, str) else ():
        if key:
            found = [line[1] for line in _setting(key).finditer(str(text))]
            told.add(found, manifest.place, services=key == services)


def _setting(key: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*{key}:[ \t]*[\"']?([0-9A-Fa-f.:/,]+)[\"']?[ \t]*$", re.MULTILINE)


def setting_lines(name: str, text: str) -> list[str]:
    """The lines of one of the ConfigMaps that ``read_settings`` reads."""
    return [line[0] for key in SETTINGS[name][1:] if key for line in _setting(key).finditer(text)]


def _mapping(data: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = data.get(key)
    return value if isinstance(value, Mapping) else {}


def cluster_ranges(
    given: Ranges,
    told: Told,
    nodes: Mapping[str, Node],
    pods: Iterable[Pod],
    cluster_addresses: Iterable[int],
    problems: list[Problem],
) -> Ranges:
    """What the user gives counts alone; else what the input tells, as long as no address of the input belies it.

    The ranges of the nodes count as the pods' only when every node has one: a new pod may land on any node.
    ``cluster_addresses`` are the clusterIPs of the Services.
    """
    pod_ranges, service_ranges = given.pods, given.services
    if not pod_ranges:
        own = [number for pod in pods if not pod.host_network for number in pod.addresses]
        intervals = canonical(told.pods) or _of_every_node(nodes)
        place = told.pods_place or next((node.place for node in nodes.values() if node.place), None)
        pod_ranges = _trusted(intervals, own, "pod", place, problems)
    if not service_ranges:
        service_ranges = _trusted(canonical(told.services), cluster_addresses, "Service", told.services_place, problems)
    return Ranges(pod_ranges, service_ranges, given.nodes)


def _of_family(intervals: Intervals, wanted: int) -> Intervals:
    return tuple(interval for interval in intervals if family(interval[0]) == wanted)


def _of_every_node(nodes: Mapping[str, Node]) -> Intervals:
    """The union of the nodes' pod ranges, of those families of which every node has one."""
    found: list[tuple[int, int]] = []
    for wanted in (4, 6):
        ranges = [_of_family(node.pod_ranges, wanted) for node in nodes.values()]
        if all(ranges):
            found += [interval for one in ranges for interval in one]
    return canonical(found)


def _trusted(
    intervals: Intervals, numbers: Iterable[int], what: str, place: Place | None, problems: list[Problem]
) -> Intervals:
    """The ranges of those families in which every known address lies. Some network plugins give out others."""
    if not intervals:
        return ()
    outside = sorted({family(number): number for number in numbers if not contains(intervals, number)}.items())
    for wanted, number in outside:
        gone = _of_family(intervals, wanted)
        if gone and place is not None:
            problems.append(
                Problem(
                    place,
                    "range-not-used",
                    Severity.NOTICE,
                    f"the {what} range {describe(gone)} that the input tells does not hold every {what} address"
                    f" (not {address_text(number)}), so it is not relied on",
                    f"give the real one with --{what.lower()}-cidr",
                )
            )
    lost = {wanted for wanted, _ in outside}
    return tuple(interval for interval in intervals if family(interval[0]) not in lost)
