"""Shapes that are hard for an engine: a million pods, peers without any order, many tiers. The same on every run.

``cluster_of`` builds a cluster without keeping the plain objects of its pods, so that memory is the engine's.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator

from bench import clusters
from bench.clusters import Object, Size
from ringfence.model.cluster import Cluster
from ringfence.model.provenance import Manifest, Place
from ringfence.sources.building import build
from ringfence.sources.documents import OnePlace
from ringfence.sources.plain_pods import PlainPods
from ringfence.sources.reading import Reading, from_objects

SCALE_SIZES = (
    Size("10k", 10_000, 100, 1_000),
    Size("100k", 100_000, 500, 10_000),
    Size("1M", 1_000_000, 5_000, 100_000),
)
ADVERSARIAL = (Size("1k", 1_000, 20, 1_000), Size("4k", 4_000, 50, 4_000), Size("10k", 10_000, 100, 10_000))
LABELS = 12
"""Binary labels of a workload in the adversarial shape."""
ASKED = 3
"""Labels that a peer asks for: one workload in eight has them."""
TIERS = 45


def adversarial_pods(size: Size) -> Iterator[Object]:
    """One pod a workload, with a name of its own and twelve labels of random bits."""
    chance = random.Random(size.pods)
    each = max(1, size.pods // size.namespaces)
    for number in range(size.pods):
        bits = chance.getrandbits(LABELS)
        labels = {"app": f"app-{number}"} | {f"bit-{at}": str(bits >> at & 1) for at in range(LABELS)}
        address = clusters.pod_address(number)
        yield {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"app-{number}",
                "namespace": clusters.space_name(min(number // each, size.namespaces - 1)),
                "labels": labels,
            },
            "spec": {"nodeName": f"node-{number % 50}", "containers": [{"name": "main", "image": "example.com/main"}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]},
        }


def adversarial_policies(size: Size) -> Iterator[Object]:
    """One policy a workload, whose peer is a random conjunction over all namespaces; every other one is of egress."""
    chance = random.Random(size.policies)
    each = max(1, size.pods // size.namespaces)
    for number in range(size.policies):
        space = clusters.space_name(min(number // each, size.namespaces - 1))
        asked = {f"bit-{at}": str(chance.getrandbits(1)) for at in chance.sample(range(LABELS), ASKED)}
        peer = {"namespaceSelector": {}, "podSelector": {"matchLabels": asked}}
        ports = [{"protocol": "TCP", "port": 8000 + chance.randrange(8)}]
        rule = (
            {"egress": [{"to": [peer], "ports": ports}]}
            if number % 2
            else {"ingress": [{"from": [peer], "ports": ports}]}
        )
        spec = {
            "podSelector": {"matchLabels": {"app": f"app-{number}"}},
            "policyTypes": ["Egress" if number % 2 else "Ingress"],
            **rule,
        }
        yield clusters.policy(space, f"policy-{number}", spec)


def tiers(count: int = TIERS) -> Iterator[Object]:
    """ClusterNetworkPolicies: eight in nine of the Admin tier, the others of Baseline, with rules of every action."""
    chance = random.Random(count)
    for number in range(count):
        admin = number % 9 != 8
        subject: Object = {"namespaces": {"matchLabels": {"environment": chance.choice(clusters.ENVIRONMENTS)}}}
        if number % 3 == 0:
            selector = {"matchLabels": {"tier": chance.choice(clusters.TIERS)}}
            subject = {"pods": {"namespaceSelector": subject["namespaces"], "podSelector": selector}}
        actions = ("Accept", "Deny", "Pass") if admin else ("Accept", "Deny")
        rules = [_tier_rule(chance, chance.choice(actions), field) for field in ("from", "to") for _ in range(2)]
        yield {
            "apiVersion": "policy.networking.k8s.io/v1alpha2",
            "kind": "ClusterNetworkPolicy",
            "metadata": {"name": f"tier-{number:02}"},
            "spec": {
                "tier": "Admin" if admin else "Baseline",
                "priority": 10 * (number + 1),
                "subject": subject,
                "ingress": rules[:2],
                "egress": rules[2:],
            },
        }


def _tier_rule(chance: random.Random, action: str, field: str) -> Object:
    spaces: Object = {"matchLabels": {"team": f"t{chance.randrange(7)}"}}
    peer: Object = {"namespaces": spaces}
    if chance.randrange(2):
        peer = {
            "pods": {
                "namespaceSelector": spaces,
                "podSelector": {"matchLabels": {"tier": chance.choice(clusters.TIERS)}},
            }
        }
    port = chance.choice(clusters.PORTS[chance.choice(clusters.TIERS)])[1]
    return {"action": action, field: [peer], "protocols": [{"tcp": {"destinationPort": {"number": port}}}]}


def company(size: Size) -> tuple[Iterable[Object], Iterable[Object]]:
    """(pods, everything else) of a company's cluster."""
    return clusters.company_pods(size), [*clusters.namespaces(size), *clusters.company_policies(size)]


def tiered(size: Size) -> tuple[Iterable[Object], Iterable[Object]]:
    """The same under 45 tiers."""
    pods, others = company(size)
    return pods, [*others, *tiers()]


def adversarial(size: Size) -> tuple[Iterable[Object], Iterable[Object]]:
    """(pods, everything else) of the shape in which every policy reaches everywhere."""
    return adversarial_pods(size), [*clusters.namespaces(size), *adversarial_policies(size)]


SHAPES = {"company": company, "tiered": tiered, "adversarial": adversarial}


def cluster_of(pods: Iterable[Object], others: Iterable[Object]) -> Cluster:
    """The cluster that these objects describe; the plain objects of the pods are forgotten one by one."""
    return build(reading_of(pods, others))


def reading_of(pods: Iterable[Object], others: Iterable[Object]) -> Reading:
    """The input, with the pods read as a dump's are."""
    reading = from_objects(others)
    reader = PlainPods()
    for number, pod in enumerate(pods, len(reading.manifests) + 1):
        metadata = pod["metadata"]
        place = Place(f"<object {number}>")
        manifest = Manifest("v1", "Pod", metadata["namespace"], metadata["name"], pod, OnePlace(place))
        facts = reader.read(manifest, metadata["namespace"])
        assert facts is not None
        reading.dump_pods.append(facts)
    return reading


def sizes(shape: str) -> tuple[Size, ...]:
    """The sizes at which a shape is measured."""
    return ADVERSARIAL if shape == "adversarial" else SCALE_SIZES
