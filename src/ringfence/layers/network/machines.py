"""Workloads of a mesh outside of the cluster, as ends: each is one address outside, known by whose it is."""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.layers.network.facts import Taken
from ringfence.model.cluster import MACHINE, Cluster, Pod
from ringfence.sets import addresses as ip


def ends_of_their_own(cluster: Cluster, taken: Taken) -> Mapping[int, Pod]:
    """The machines by their addresses, but for those whose address the input gives to an object of the cluster, or
    that lies in a range of the cluster: that one is another end, or one that nobody knows."""
    if not cluster.machines:
        return {}
    ranges = cluster.ranges
    inside = ip.merge((ranges.pods, ranges.services, ranges.nodes))
    return {
        one.addresses[0]: one
        for one in cluster.machines
        if one.addresses[0] not in taken.addresses and not ip.contains(inside, one.addresses[0])
    }


def name_of(cluster: Cluster, machine: Pod) -> str:
    """The name by which questions know a machine: with its kind where something of the cluster has the plain one."""
    home, name = machine.namespace, machine.name
    things = (cluster.pods, (pod.workload for pod in cluster.pods), cluster.services)
    if any(one.namespace == home and one.name == name for some in things for one in some):
        return f"{home}/{MACHINE.lower()}/{name}"
    return f"{home}/{name}"
