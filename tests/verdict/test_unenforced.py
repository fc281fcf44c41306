"""What has no effect under a profile is named in answers and traces; what is open says what would decide it."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.layers.profiles import Profile, find
from ringfence.loading import load_objects
from ringfence.verdict.answers import Verdict
from ringfence.world import World
from tests.properties.corner_cases import cluster_policy, network_policy
from tests.properties.profile_cases import CLOSED, DUAL, PODS, SERVICE

DENY: dict[str, Any] = {"action": "Deny", "from": [{"namespaces": {}}]}


def world(*objects: dict[str, Any], cni: str | Profile) -> World:
    return load_objects([*PODS, *objects], cni=cni)


def test_a_policy_without_effect_is_named_in_the_answer() -> None:
    answer = world(network_policy({}), cni="flannel").can("n/a", "n/b", 80)
    assert answer.verdict is Verdict.ALLOWED
    assert answer.reason.message == (
        "no policy in force selects either end: NetworkPolicy n/p has no effect: "
        "profile flannel: Flannel enforces no policy"
    )


def test_also_in_a_stream_of_questions() -> None:
    verdict, why, _ = world(network_policy({}), cni="flannel").flow_answers().answer("n/a", "n/b", 80)
    assert verdict == "allowed"
    assert "NetworkPolicy n/p has no effect" in why


def test_a_policy_without_effect_is_in_the_trace() -> None:
    explanation = world(cluster_policy(ingress=[DENY]), cni="calico@3.31").explain("n/a", "n/b", 80)
    ingress = explanation.traces[0].directions[1]
    assert ingress.verdict is Verdict.ALLOWED
    assert ingress.summary == "no policy in force governs its ingress"
    (tier,) = ingress.tiers
    assert [policy.outcome for policy in tier.policies] == [
        "no effect: profile calico@3.31: Calico knows ClusterNetworkPolicy from 3.32 on"
    ]


@pytest.mark.parametrize(
    ("policy", "cni", "message", "decide"),
    [
        (
            cluster_policy(ingress=[DENY]),
            "calico",
            "profile calico, clusternetworkpolicy: depends on the version: no before 3.32; yes from 3.32",
            "--cni calico@VERSION",
        ),
        (
            network_policy({}),
            "aws-vpc-cni@1.19",
            "depends on enable-network-policy (off by default)",
            "the arguments of container aws-eks-nodeagent in DaemonSet aws-node",
        ),
        (
            network_policy({"ingress": [{"ports": [{"port": "web"}]}]}),
            "weave",
            "what it makes of NetworkPolicy n/p is open: Weave rejects a policy with named ports",
            "",
        ),
    ],
)
def test_an_unknown_says_what_it_hangs_on(policy: dict[str, Any], cni: str, message: str, decide: str) -> None:
    answer = world(policy, cni=cni).can("n/a", "n/b", 80)
    assert answer.verdict is Verdict.UNKNOWN
    assert message in answer.reason.message
    assert answer.reason.decide == decide or not decide


def test_a_service_seen_before_translation() -> None:
    closed = network_policy({"policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]})
    profile = find("aws-vpc-cni")
    pinned = profile.with_answers(
        {fact: find("generic").facts[fact] for fact in profile.facts if fact not in ("services-seen-as-pods",)}
    )
    asked = world(SERVICE, closed, cni=pinned)
    assert asked.can("n/b", "n/svc/s", 80).verdict is Verdict.UNKNOWN
    assert "the address and port of the Service" in asked.can("n/b", "n/svc/s", 80).reason.message
    assert asked.can("n/b", "n/a", 8080).verdict is Verdict.ALLOWED


def test_what_a_plugin_does_not_filter_passes() -> None:
    profile = find("calico")
    asked = load_objects([*DUAL, network_policy(CLOSED)], cni=profile)
    assert asked.can("n/a", "n/b", 80).verdict is Verdict.DENIED
    no = profile.facts["host-network-pods-are-pods"]  # type: ignore[index]
    unfiltered = profile.with_answers({fact: no for fact in profile.facts if fact == "ipv6-filtered"})
    explanation = load_objects([*DUAL, network_policy(CLOSED)], cni=unfiltered).explain("n/a", "fd00::2", 80)
    assert any(
        "does not filter IPv6" in str(direction) for trace in explanation.traces for direction in trace.directions
    )


@pytest.mark.parametrize(
    ("enforces", "verdict"), [(True, Verdict.DENIED), (False, Verdict.ALLOWED), (None, Verdict.UNKNOWN)]
)
def test_a_node_that_does_not_enforce_policy(enforces: bool | None, verdict: Verdict) -> None:
    objects = [*PODS, network_policy({})]
    objects[2] = {**objects[2], "spec": {**objects[2]["spec"], "nodeName": "k1"}}
    profile = find("calico").with_nodes({"k1": enforces})
    asked = load_objects(objects, cni=profile)
    answer = asked.can("n/a", "n/b", 80)
    assert answer.verdict is verdict
    if enforces is None:
        assert "whether node k1 enforces policy is not known" in answer.reason.message
    if enforces is False:
        assert "the pod's node does not enforce policy" in answer.reason.message
        assert asked.can("n/b", "n/a", 80).verdict is Verdict.UNKNOWN  # a's node is not known


def test_no_node_enforces_policy() -> None:
    asked = load_objects([*PODS, network_policy({})], cni=find("calico").with_nodes({"k1": False}, elsewhere=False))
    assert asked.can("n/a", "n/b", 80).verdict is Verdict.ALLOWED
