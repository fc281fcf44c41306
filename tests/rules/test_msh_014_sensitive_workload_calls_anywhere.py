from __future__ import annotations

from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, mesh_config, plain, sidecars

RULE = "MSH-014"
LEDGER = pod("ledger", **{"app": "ledger", "ringfence.dev/sensitivity": "high"})


def scope(**spec: object) -> str:
    return an("Sidecar", "default", spec)


def config(mode: str) -> str:
    return mesh_config(f"outboundTrafficPolicy: {{mode: {mode}}}")


def test_a_sensitive_workload_that_calls_anywhere() -> None:
    (finding,) = checked(RULE, sidecars() + LEDGER).findings
    assert finding.message.startswith("Pod shop/ledger is sensitive")
    assert finding.witness is not None
    assert finding.witness.destination == "internet"
    assert len(messages(RULE, sidecars() + LEDGER + config("ALLOW_ANY"))) == 1


def test_what_limits_it() -> None:
    for limit in (
        config("REGISTRY_ONLY"),
        scope(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"}),
        scope(outboundTrafficPolicy={}),
        an("NetworkPolicy", "closed", {"podSelector": {}, "policyTypes": ["Egress"]}),
    ):
        assert messages(RULE, sidecars() + LEDGER + limit) == [], limit


def test_a_scope_of_hosts_alone_limits_nothing() -> None:
    assert len(messages(RULE, sidecars() + LEDGER + scope(egress=[{"hosts": ["./*"]}]))) == 1


def test_who_is_not_looked_at() -> None:
    assert messages(RULE, sidecars() + pod("web")) == []
    assert messages(RULE, ambient() + LEDGER) == []
    assert messages(RULE, plain("shop") + LEDGER) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, LEDGER + sidecars("other"))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
