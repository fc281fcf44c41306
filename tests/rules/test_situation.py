"""What rules ask of a situation: sure, perhaps and not are three things."""

from __future__ import annotations

from ringfence.model.policy import Direction
from ringfence.rules.situation import Situation
from tests.rules.checking import namespace, pod, policy, world_of

TEMPLATE = (
    "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec:\n"
    "  replicas: 1\n  selector: {matchLabels: {app: web}}\n"
    "  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: none}]}}\n"
)


def situation(text: str) -> Situation:
    return world_of(namespace("shop") + text).situation()


def isolated(text: str, direction: Direction = Direction.INGRESS) -> bool | None:
    return situation(TEMPLATE + text).isolated(0, direction)


def test_isolation_is_sure_open_or_absent() -> None:
    assert isolated("") is False
    assert isolated(policy("p", "{podSelector: {}}")) is True
    assert isolated(policy("p", "{podSelector: {}}"), Direction.EGRESS) is False
    assert isolated(policy("p", "{podSelector: {matchLabels: {pod-template-hash: abc}}}")) is None
    assert isolated(policy("p", "{podSelector: {}, ingress: [{ports: [{port: 99999}]}]}")) is None


def test_subjects_are_sure_or_perhaps() -> None:
    asked = situation(TEMPLATE + pod("db") + policy("p", "{podSelector: {matchLabels: {pod-template-hash: abc}}}"))
    assert list(asked.subjects(asked.policies[0]).values()) == [False]
    asked = situation(TEMPLATE + pod("db") + policy("p", "{podSelector: {matchLabels: {app: web}}}"))
    assert list(asked.subjects(asked.policies[0]).values()) == [True]


def test_a_service_selects_by_all_of_its_labels() -> None:
    service = (
        "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
        "spec: {selector: {app: web, tier: front}, ports: [{port: 80}]}\n"
    )
    asked = situation(pod("web") + pod("front", app="web", tier="front") + service)
    assert {one.name: len(asked.services_of(one)) for one in asked.cluster.pods} == {"web": 0, "front": 1}
