from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod, policy
from tests.rules.meshed import ambient, mtls, plain, service, sidecars

RULE = "MSH-001"
WEB = pod("web") + service("web")
OLD = plain() + pod("old", "legacy")


@pytest.mark.parametrize("space", [sidecars(), ambient()])
@pytest.mark.parametrize("mode", ["", mtls("PERMISSIVE")])
def test_a_client_without_an_identity_gets_there(space: str, mode: str) -> None:
    (finding,) = checked(RULE, space + WEB + OLD + mode).findings
    assert finding.severity is None
    assert finding.witness is not None
    assert finding.witness.source == "legacy/pod/old"


def test_where_the_network_is_closed_it_is_of_low_severity() -> None:
    closed = policy("closed", "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}")
    (finding,) = checked(RULE, sidecars() + WEB + OLD + closed).findings
    assert finding.severity is Severity.LOW


def test_strict_and_workloads_without_a_proxy() -> None:
    assert messages(RULE, sidecars() + WEB + OLD + mtls("STRICT")) == []
    assert messages(RULE, sidecars("apps") + plain("shop") + WEB) == []


def test_the_port_counts() -> None:
    exception = mtls("STRICT", selector={"matchLabels": {"app": "web"}}, portLevelMtls={"8080": {"mode": "PERMISSIVE"}})
    (message,) = messages(RULE, sidecars() + WEB + OLD + exception)
    assert "port 8080" in message


def test_policies_of_unknown_age_leave_it_open() -> None:
    outcome = checked(RULE, sidecars() + WEB + mtls("STRICT", name="a") + mtls("PERMISSIVE", name="b"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
