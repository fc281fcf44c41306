from __future__ import annotations

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import authorization, mtls, only, plain, service, sidecars

RULE = "LAY-005"
HIGH = {"app": "ledger", "ringfence.dev/sensitivity": "high"}
OUT = {**HIGH, "sidecar.istio.io/inject": '"false"'}
OLD = plain() + pod("old", "legacy")
PORTS = authorization([{"to": [{"operation": {"ports": ["8080"]}}]}], app="ledger")


def test_without_a_proxy_only_the_network_protects_it() -> None:
    (finding,) = checked(RULE, sidecars() + pod("ledger", **OUT) + pod("web") + only("ledger", "web")).findings
    assert "is sensitive and has no proxy" in finding.message
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/web", Verdict.ALLOWED)


def test_with_a_policy_that_asks_for_no_identity() -> None:
    ledger = (
        pod("ledger", **HIGH) + service("ledger") + pod("web", **{"app": "web", "sidecar.istio.io/inject": '"false"'})
    )
    text = sidecars() + ledger + only("ledger", "web")
    (message,) = messages(RULE, text + PORTS)
    assert "asks nobody for an identity there" in message
    assert messages(RULE, text + PORTS + mtls("STRICT")) == []
    named = authorization([{"from": [{"source": {"namespaces": ["shop"]}}]}], app="ledger")
    assert messages(RULE, text + named) == []


def test_a_workload_with_a_proxy_and_without_a_policy_is_another_rule_s() -> None:
    assert messages(RULE, sidecars() + pod("ledger", **HIGH) + pod("web") + only("ledger", "web")) == []


def test_where_nothing_isolates_it_and_where_nobody_gets_there() -> None:
    assert messages(RULE, sidecars() + pod("ledger", **OUT) + pod("web")) == []
    assert messages(RULE, sidecars() + pod("ledger", **OUT) + pod("web") + only("ledger", "nobody")) == []


def test_where_membership_is_open_it_cannot_be_told() -> None:
    outcome = checked(RULE, pod("ledger", **HIGH) + only("ledger", "web") + sidecars("other"))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1


def test_clients_who_prove_who_they_are_are_somebody() -> None:
    text = sidecars() + pod("ledger", **HIGH) + service("ledger") + pod("web") + only("ledger", "web")
    assert messages(RULE, text + PORTS) == []
