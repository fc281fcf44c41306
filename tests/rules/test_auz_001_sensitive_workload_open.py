from __future__ import annotations

from typing import Any

import pytest

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, an, authorization, plain, service, sidecars

RULE = "AUZ-001"
WEB = pod("web", **{"app": "web", "ringfence.dev/sensitivity": "high"}) + pod("app") + service("web")
SOME: list[Any] = [{"from": [{"source": {"namespaces": ["shop"]}}]}]


@pytest.mark.parametrize("space", [sidecars(), ambient()])
def test_nobody_says_who_may_come(space: str) -> None:
    (finding,) = checked(RULE, space + WEB).findings
    assert finding.subject.name == "web"
    assert finding.witness is not None
    assert (finding.witness.source, finding.severity) == ("shop/pod/app", None)


def test_a_policy_that_denies_or_is_tried_out_says_not_who_may_come() -> None:
    assert len(messages(RULE, sidecars() + WEB + authorization(SOME, "DENY"))) == 1
    assert len(messages(RULE, sidecars() + WEB + authorization(SOME, annotations={"istio.io/dry-run": "true"}))) == 1


def test_a_policy_that_allows() -> None:
    assert messages(RULE, sidecars() + WEB + authorization(SOME)) == []
    assert messages(RULE, sidecars() + WEB + an("AuthorizationPolicy", "nobody", {})) == []


def test_workloads_that_are_not_sensitive_or_not_in_the_mesh() -> None:
    assert messages(RULE, sidecars() + WEB.replace("high", "none")) == []
    assert messages(RULE, sidecars("apps") + plain("shop") + WEB) == []


def test_where_the_network_is_closed_it_is_of_low_severity() -> None:
    (finding,) = checked(RULE, sidecars() + WEB + policy("p", "{podSelector: {}, policyTypes: [Ingress]}")).findings
    assert finding.severity is Severity.LOW


def test_a_policy_that_cannot_be_read_leaves_it_open() -> None:
    outcome = checked(RULE, sidecars() + WEB + authorization("none"), faulty=True)
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_a_policy_that_denies_some_requests_leaves_it_as_open() -> None:
    denied = authorization([{"to": [{"operation": {"paths": ["/admin*"]}}]}], "DENY")
    (finding,) = checked(RULE, sidecars() + WEB + denied).findings
    assert finding.severity is None
    assert "shop/pod/app gets some requests through" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.MIXED
