"""What the engine knows of a node port at a node holds for every source that policy may see, as the oracle says."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle.evaluator import flow
from tests.oracle.objects import Cluster, Node, Outside, Pod, read_cluster
from tests.oracle.profiles import PROFILES
from tests.oracle.questions import backends, ends, possible_backends
from tests.oracle.search import TooManyCompletions
from tests.properties.clusters import NODE_PORT, Object, Scenario, end_text, scenario
from tests.properties.comparison import load, options

pytest.importorskip("ringfence.world")

RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=80, phases=[Phase.explicit, Phase.generate])


def with_a_node_port(random: Random) -> tuple[Scenario, str] | None:
    """A cluster with one Service, of type NodePort, in front of some of its pods; and its traffic policy."""
    made = scenario(random, list(PROFILES))
    made.objects = [item for item in made.objects if item["kind"] not in ("Service", "EndpointSlice", "Endpoints")]
    labelled = [item["metadata"] for item in made.objects if item["kind"] == "Pod" and item["metadata"].get("labels")]
    if not labelled:
        return None
    chosen, policy = random.choice(labelled), random.choice(["Cluster", "Cluster", "Local"])
    ports = [{"port": 80, "targetPort": random.choice([80, 443, 8080]), "nodePort": NODE_PORT}]
    front: Object = {"apiVersion": "v1", "kind": "Service"}
    front["metadata"] = {"name": "front", "namespace": chosen["namespace"]}
    front["spec"] = {"type": "NodePort", "externalTrafficPolicy": policy, "selector": chosen["labels"], "ports": ports}
    made.objects.append(front)
    return made, policy


def decided(cluster: Cluster, name: str) -> bool | None:
    pinned = dict(cluster.options.answers)
    return pinned[name] if name in pinned else PROFILES[cluster.options.profile].get(name)


def seen_from(cluster: Cluster, source: Any, node: Node, pod: Pod, policy: str) -> Iterator[Any]:
    """The ends that policy may see a packet come from, of those that the input has."""
    if not isinstance(source, Outside):
        yield from (source, node)
        return
    for own in {pod.node == node.name} if pod.node else (True, False):
        name = "own-node-keeps-client" if own else "cluster-policy-keeps-client"
        keeps = decided(cluster, "local-policy-keeps-client" if policy == "Local" else name)
        if keeps is not False:
            yield source
        if keeps is not True and (own or decided(cluster, "node-address-is-stated") is not False):
            yield node


def verdicts(cluster: Cluster, source: Any, node: Node, policy: str) -> Iterator[tuple[Any, str]]:
    """What the oracle says of each source that policy may see, for each pod behind the Service."""
    (service,) = cluster.services.values()
    (own,) = service.ports
    for pod, number in backends(cluster, service, own, True):
        assert isinstance(pod, Pod)
        if policy == "Local" and pod.node != node.name and isinstance(source, Outside):
            continue
        only = (source.address.version,) if isinstance(source, Outside) else (4, 6)
        for end in seen_from(cluster, source, node, pod, policy):
            yield from ((end, part.verdict) for part in flow(cluster, end, pod, own.protocol, number, only))


@SLOW
@given(RANDOMS)
def test_a_known_verdict_holds_for_every_source_that_policy_may_see(random: Random) -> None:
    found = with_a_node_port(random)
    if found is None:
        return
    made, policy = found
    cluster = read_cluster(made.objects, options(made.given))
    (service,) = cluster.services.values()
    if list(possible_backends(cluster, service, service.ports[0], True)) or not cluster.nodes:
        return
    engine = load(made.objects, made.given)
    sources = [end for end in made.ends if end[0] in ("pod", "node") or (end[0] == "address" and ":" not in end[1])]
    for source in random.sample(sources, min(len(sources), 5)):
        name = random.choice(sorted(cluster.nodes))
        (one,) = ends(cluster, source)
        if isinstance(one, Pod) and one.namespace is None:
            continue
        answer = engine.can(end_text(source), f"node/{name}", NODE_PORT, "TCP")
        if answer.verdict not in ("allowed", "denied") or answer.reason.code in ("service", "address"):
            continue
        try:
            told = list(verdicts(cluster, one, cluster.nodes[name], policy))
        except TooManyCompletions:
            continue
        if answer.verdict == "denied" and isinstance(one, Pod):
            # Its own egress may deny what the node that stands for it would be allowed.
            told = [(end, verdict) for end, verdict in told if end is one]
        assert {verdict for _, verdict in told} <= {str(answer.verdict)}, (source, name, told)
