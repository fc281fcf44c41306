"""The proof that a namespace is closed by default, against every set of labels that policies can tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.layers.profiles import Fact
from ringfence.model.policy import Action, Direction, NetworkPolicyRules, Tier
from ringfence.rules.situation import Situation, labels_text
from ringfence.sets.label_search import STAND_IN
from ringfence.verdict.default_deny import Doubt, Gap, gap, one_way
from tests.properties.clusters import Object, scenario
from tests.properties.comparison import load

PEERS = ("@not-there", "app=any-other@not-there", "internet")


def label_sets(policies: list[NetworkPolicyRules]) -> Iterator[dict[str, str]]:
    """For each key that a subject mentions: absent, each value, and one that none mentions."""
    requirements = [one for policy in policies for one in policy.subject.pods.requirements]
    values: dict[str, set[str]] = {}
    for one in requirements:
        values.setdefault(one.key, set()).update(one.values)
    choices = [(None, STAND_IN, *sorted(found)) for found in values.values()]
    for chosen in product(*choices):
        yield {key: value for key, value in zip(values, chosen, strict=True) if value is not None}


def reach(
    situation: Situation, labels: Mapping[str, str], space: str, direction: Direction
) -> Iterator[tuple[bool, bool]]:
    """Whether strangers get through in one direction of a pod: (surely, perhaps)."""
    for other in (*PEERS, f"@{space}"):
        yield from one_way(situation, labels_text(labels, space), other, direction)


def allows_by_name(situation: Situation, direction: Direction) -> bool:
    """Whether some admin policy lets strangers in on purpose: then a closed pod may still be reached."""
    admin = situation.policies_by_namespace.get(None, ())
    return any(rule.action is not Action.DENY for one in admin for rule in one.policy.rules(direction) or ())


def everywhere(situation: Situation) -> bool:
    """Whether policy is enforced on every node and for pods of every kind: the default of a namespace takes that for
    granted."""
    profile = situation.profile
    return not profile.partial_nodes and profile.answer(Fact.STANDALONE_PODS) is True


def only_denying(objects: list[Object], random: Random) -> None:
    """Leaves of admin policies the rules that deny, and lets some deny everything: random ones hardly ever do."""
    for one in objects:
        if one["kind"] not in ("AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"):
            continue
        for field, peers in (("ingress", "from"), ("egress", "to")):
            kept = [rule for rule in one["spec"].get(field) or () if rule.get("action") == "Deny"]
            whole = [{"namespaces": {}}]
            if field == "egress" and random.random() < 0.5:
                whole.append({"networks": ["0.0.0.0/0", "::/0"]})
            if random.random() < 0.7:
                # One rule, or one for each kind of peer.
                split = [[peer] for peer in whole] if random.random() < 0.5 else [whole]
                kept += [{"action": "Deny", peers: members} for members in split]
            one["spec"][field] = kept


def hold(seed: int) -> str:
    random = Random(seed)
    made = scenario(random)
    if seed % 2:
        only_denying(made.objects, random)
    world = load(made.objects, made.given)
    situation: Situation = world.situation()
    if not everywhere(situation):
        return ""
    spaces = sorted(world.cluster.namespaces)
    said = ""
    for space, direction in product(spaces, Direction):
        found = gap(situation, space, direction)
        own = [one.policy for one in situation.policies if one.policy.namespace in (space, None)]
        if isinstance(found, Gap):
            said += "g"
            assert any(surely for surely, _ in reach(situation, found.labels, space, direction)), (seed, space, found)
            if found.opener is None and not found.outside_only:
                isolating = [
                    policy
                    for policy in own
                    if policy.tier is Tier.NETWORK_POLICY
                    and policy.rules(direction) is not None
                    and policy.subject.pods.matches(found.labels)
                ]
                assert not isolating, (seed, space, direction, found)
        elif isinstance(found, Doubt):
            said += "d"
        else:
            said += "n"
            for labels in label_sets(own):
                isolated = any(
                    policy.tier is Tier.NETWORK_POLICY
                    and policy.rules(direction) is not None
                    and direction not in policy.broken
                    and policy.subject.pods.matches(labels)
                    for policy in own
                )
                # What the API server rejects may, put right, allow anything: it is an exception, not the default.
                perhaps = any(direction in policy.broken and policy.subject.pods.matches(labels) for policy in own)
                if isolated or perhaps:
                    continue
                # Only admin policies can close it: without exceptions of theirs nobody may get through.
                if not allows_by_name(situation, direction):
                    found_open = [perhaps for _, perhaps in reach(situation, labels, space, direction)]
                    assert not any(found_open), (seed, space, direction, labels)
                    said += "a"
    return said


@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=60)
@given(st.integers(0, 1 << 32))
def test_the_default_of_every_namespace(seed: int) -> None:
    pytest.importorskip("ringfence.world")
    hold(seed)
