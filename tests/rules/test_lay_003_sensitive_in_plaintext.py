from __future__ import annotations

from ringfence.rules.finding import Subject
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, authorization, mtls, only, plain, service, sidecars

RULE = "LAY-003"
HIGH = {"app": "ledger", "ringfence.dev/sensitivity": "high"}
LEDGER = pod("ledger", **HIGH) + service("ledger")
OLD = plain() + pod("old", "legacy")


def test_a_client_without_a_proxy_sends_plaintext() -> None:
    (finding,) = checked(RULE, sidecars() + LEDGER + OLD).findings
    assert finding.subject == Subject("Pod", "shop", "ledger")
    assert finding.evidence == ("8080",)
    assert "shop/ledger is sensitive, and legacy/pod/old reaches port 8080 in plaintext" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.ALLOWED


def test_strict_lets_no_plaintext_in() -> None:
    assert messages(RULE, sidecars() + LEDGER + OLD + mtls("STRICT")) == []
    assert messages(RULE, ambient() + LEDGER + OLD + mtls("STRICT")) == []


def test_members_encrypt() -> None:
    assert messages(RULE, sidecars() + LEDGER + pod("web")) == []
    assert messages(RULE, ambient() + LEDGER + pod("web")) == []


def test_either_layer_may_stop_it() -> None:
    assert messages(RULE, sidecars() + LEDGER + OLD + only("ledger", "web")) == []
    allow = authorization([{"from": [{"source": {"namespaces": ["shop"]}}]}], app="ledger")
    assert messages(RULE, sidecars() + LEDGER + OLD + allow) == []


def test_a_member_that_is_told_to_send_plaintext() -> None:
    rule = an("DestinationRule", "off", {"host": "ledger", "trafficPolicy": {"tls": {"mode": "DISABLE"}}})
    (finding,) = checked(RULE, sidecars() + LEDGER + pod("web") + rule).findings
    assert finding.witness is not None
    assert finding.witness.source == "shop/pod/web"


def test_a_sensitive_workload_outside_of_the_mesh() -> None:
    text = sidecars("other") + plain("shop") + LEDGER + pod("web")
    assert len(messages(RULE, text)) == 1


def test_a_port_that_no_service_leads_to_is_reached_by_the_address() -> None:
    (finding,) = checked(RULE, sidecars() + pod("ledger", port=9000, **HIGH) + OLD).findings
    assert finding.evidence == ("9000",)


def test_where_membership_is_open_it_cannot_be_told() -> None:
    outcome = checked(RULE, LEDGER + pod("web") + sidecars("other"))
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Pod", "shop", "ledger")]


def test_what_is_not_sensitive_and_what_is_no_mesh() -> None:
    assert messages(RULE, sidecars() + pod("web") + service("web") + OLD) == []


def test_of_several_clients_one_that_sends_plaintext_is_enough() -> None:
    text = sidecars() + LEDGER + pod("app") + plain("zoo") + pod("old", "zoo")
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None
    assert finding.witness.source == "zoo/pod/old"


def test_an_application_that_says_that_it_speaks_tls() -> None:
    secure = sidecars() + pod("ledger", **HIGH) + service("ledger", 443, 8080, "https") + OLD
    assert messages(RULE, secure) == []


def test_a_plugin_that_encrypts_between_nodes_leaves_it_open() -> None:
    felix = "---\napiVersion: projectcalico.org/v3\nkind: FelixConfiguration\nmetadata: {name: default}\n"
    text = sidecars() + LEDGER + OLD + felix + "spec: {wireguardEnabled: true}\n"
    outcome = checked(RULE, text, cni="calico")
    assert not outcome.findings
    assert [one.scope for one in outcome.not_evaluable] == [Subject("Pod", "shop", "ledger")]
