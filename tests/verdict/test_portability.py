"""Whether a verdict depends on the plugin: every profile is asked, and the facts that are named make the difference."""

from __future__ import annotations

import pytest

from ringfence.layers.profiles import PROFILES, Fact, find
from ringfence.loading import load_objects
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError
from ringfence.verdict.portability import Portability, _smallest
from ringfence.world import World
from tests.sources.plugins import inputs
from tests.sources.plugins.inputs import Object

ASKED = [name for name in PROFILES if name != "netpol-analyzer"]


def policy(**spec: object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"podSelector": {}, **spec},
    }


def pod(name: str) -> Object:
    owner = {"kind": "ReplicaSet", "name": name, "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name}, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "c", "image": "none"}]},
    }


def world(*objects: Object) -> World:
    return load_objects([pod("web"), pod("db"), *objects])


def verdicts(found: Portability) -> dict[str, Verdict]:
    return {name: group.verdict for group in found.groups for name in group.profiles}


RANGE = policy(ingress=[{"ports": [{"port": 80, "endPort": 90}]}])


def test_without_policies_every_plugin_says_the_same() -> None:
    found = world().portability("shop/web", "shop/db", 80)
    assert found.portable
    assert (found.verdict, found.facts) == (Verdict.ALLOWED, ())
    assert list(found.groups[0].profiles) == ASKED


def test_a_default_deny_hangs_on_whether_it_is_enforced() -> None:
    found = world(policy()).portability("shop/web", "shop/db", 80)
    assert found.verdict is Verdict.MIXED
    assert not found.portable
    said = verdicts(found)
    assert (said["calico"], said["flannel"], said["kube-router"]) == (
        Verdict.DENIED,
        Verdict.ALLOWED,
        Verdict.UNKNOWN,
    )
    (fact,) = found.facts
    assert fact.fact == Fact.NETWORK_POLICY_INGRESS
    assert {"calico", "cilium"} <= set(fact.yes)
    assert "flannel" in fact.no
    assert "kube-router" in fact.open


def test_every_answer_is_that_of_the_profile() -> None:
    base = world(RANGE)
    found = base.portability("shop/web", "shop/db", 85)
    for group in found.groups:
        for one in group.members:
            assert base.under(one.profile).can("shop/web", "shop/db", 85).verdict is group.verdict, one
            assert one.answer.verdict is group.verdict


def test_releases_are_told_apart_where_the_name_alone_is_open() -> None:
    said = verdicts(world(RANGE).portability("shop/web", "shop/db", 85))
    assert (said["cilium@1.14"], said["cilium@1.16"]) == (Verdict.DENIED, Verdict.ALLOWED)
    assert "cilium" not in said
    assert "cilium@1.15" not in said
    found = world(RANGE).portability("shop/web", "shop/db", 85)
    texts = [str(one) for group in found.groups for one in group.members]
    assert "cilium@1.14 (and later, before 1.16)" in texts
    assert "cilium@1.16 (and later, to 1.19)" in texts


def test_the_facts_that_are_named_turn_the_verdict_and_none_can_be_left_out() -> None:
    base = world(RANGE)
    found = base.portability("shop/web", "shop/db", 85)
    assert Fact.END_PORT in [fact.fact for fact in found.facts]
    calico, weave = (
        find("calico"),
        find("weave").with_answers(
            {fact: find("calico").facts[fact] for fact in (Fact.NETWORK_POLICY_INGRESS, Fact.NETWORK_POLICY_EGRESS)}
        ),
    )
    moved = calico.with_answers({Fact.END_PORT: weave.facts[Fact.END_PORT]})
    assert base.under(moved).can("shop/web", "shop/db", 85).verdict is Verdict.DENIED
    assert base.under(calico).can("shop/web", "shop/db", 85).verdict is Verdict.ALLOWED


def test_the_plugin_of_the_input_counts_as_it_was_seen() -> None:
    seen = world(policy(), inputs.kube_router())
    assert verdicts(seen.portability("shop/web", "shop/db", 80))["kube-router@2.4"] is Verdict.DENIED
    off = world(policy(), inputs.kube_router("--run-firewall=false"))
    assert verdicts(off.portability("shop/web", "shop/db", 80))["kube-router@2.4"] is Verdict.ALLOWED


def test_flows_that_differ_are_grouped_by_how_they_differ() -> None:
    found = world(RANGE).portability("shop/web", "shop/db")
    mixed = [group for group in found.groups if group.verdict is Verdict.MIXED]
    assert len(mixed) >= 2
    assert found.verdict is Verdict.MIXED


def test_a_name_that_means_nothing_is_said_once() -> None:
    with pytest.raises(EndError):
        world().portability("shop/nobody", "shop/db", 80)


def test_another_profile_over_the_same_objects() -> None:
    base = world(policy())
    flannel = base.under("flannel")
    assert flannel.can("shop/web", "shop/db", 80).verdict is Verdict.ALLOWED
    assert base.can("shop/web", "shop/db", 80).verdict is Verdict.DENIED
    assert flannel.under(None).profile.name == "generic"
    changed = base.what_if(remove=["shop/web"])
    assert changed.under("calico").can("shop/web", "shop/db", 80).verdict is Verdict.ALLOWED
    labelled = base.what_if(relabel={"shop/web": {"tier": "front"}})
    assert tuple(labelled.under("calico").cluster.pods) == tuple(labelled.cluster.pods)


def test_what_one_plugin_ignores_another_reads_again() -> None:
    base = load_objects([pod("web"), pod("db"), RANGE], cni="cilium@1.14")
    for changed in (base.what_if(relabel={"shop/web": {"tier": "front"}}), base.what_if(add=[policy()])):
        assert changed.under("flannel").can("shop/web", "shop/db", 85).verdict is Verdict.ALLOWED
    labelled = base.what_if(relabel={"shop/web": {"tier": "front"}})
    assert labelled.can("shop/web", "shop/db", 85).verdict is Verdict.DENIED
    assert labelled.under("calico").can("shop/web", "shop/db", 85).verdict is Verdict.ALLOWED


@pytest.mark.parametrize("wanted", [{1, 6}, {0, 3, 7}, {2}, {4, 5}, set(range(8))])
def test_a_smallest_set_that_turns(wanted: set[int]) -> None:
    facts = list(Fact)[:8]
    needed = {facts[at] for at in wanted}
    assert set(_smallest(facts, needed.issubset)) == needed


def test_classes_that_see_the_same_are_made_once_and_answer_as_if_made_anew() -> None:
    """A plugin that tells pods without a controller apart, or does not enforce tiers at all, has classes of its own."""
    alone = pod("alone")
    del alone["metadata"]["ownerReferences"]
    tier = {
        "apiVersion": "policy.networking.k8s.io/v1alpha2",
        "kind": "ClusterNetworkPolicy",
        "metadata": {"name": "tier"},
        "spec": {
            "tier": "Admin",
            "priority": 1,
            "subject": {"pods": {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "db"}}}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {"matchLabels": {"team": "x"}}}]}],
        },
    }
    objects = [pod("web"), pod("db"), alone, RANGE, tier]
    base = load_objects(objects)
    shared = 0
    for name in PROFILES:
        under, anew = base.under(name), load_objects(objects, cni=name)
        shared += under.relation.universe.ends is base.relation.universe.ends
        for part in ("ends", "members", "class_of_pod", "nodes", "atoms", "coverage"):
            both = [repr(getattr(one.relation.universe, part)) for one in (under, anew)]
            assert both[0] == both[1], (name, part)
        assert under.fingerprint() == anew.fingerprint()
        for end in ("shop/alone", "shop/db"):
            assert under.can("shop/web", end, 85) == anew.can("shop/web", end, 85)
    assert 2 <= shared < len(PROFILES)
