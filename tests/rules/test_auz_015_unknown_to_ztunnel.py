from __future__ import annotations

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, ambient, authorization, service, sidecars

RULE = "AUZ-015"
PODS = account("shop/web") + account("shop/app") + service("web")
PARTNER = [{"from": [{"source": {"trustDomains": ["partner.example"], "namespaces": ["shop"]}}]}]
ONLY_DOMAIN = [{"from": [{"source": {"trustDomains": ["partner.example"]}}]}]


def test_a_rule_that_allows_is_wider() -> None:
    (finding,) = checked(RULE, ambient() + PODS + authorization(PARTNER)).findings
    assert "asks for source.trustDomain, which ztunnel does not know: the rule allows more" in finding.message
    assert finding.witness is not None
    assert (finding.witness.source, finding.witness.expected) == ("shop/pod/app", Verdict.ALLOWED)


def test_a_rule_that_asks_for_nothing_else_matches_nothing() -> None:
    (finding,) = checked(RULE, ambient() + PODS + authorization(ONLY_DOMAIN, "DENY")).findings
    assert "the rule denies nothing" in finding.message
    assert finding.evidence == ("0", "denies nothing")
    (message,) = messages(RULE, ambient() + PODS + authorization(ONLY_DOMAIN))
    assert "the rule allows nothing" in message


def test_the_mesh_s_own_domain_makes_no_difference() -> None:
    own = [{"from": [{"source": {"trustDomains": ["cluster.local"], "namespaces": ["shop"]}}]}]
    assert messages(RULE, ambient() + PODS + authorization(own)) == []


def test_a_condition_that_ztunnel_does_not_know() -> None:
    when = [{"when": [{"key": "connection.sni", "values": ["web.example"]}]}]
    (message,) = messages(RULE, ambient() + PODS + authorization(when, "DENY"))
    assert "connection.sni" in message
    both = [{"when": when[0]["when"], "from": [{"source": {"namespaces": ["shop"]}}]}]
    (message,) = messages(RULE, ambient() + PODS + authorization(both))
    assert "allows nothing" in message


def test_a_rule_that_denies_more() -> None:
    rules = [{"from": [{"source": {"namespaces": ["shop"], "remoteIpBlocks": ["192.0.2.0/24"]}}]}]
    (finding,) = checked(RULE, ambient() + PODS + authorization(rules, "DENY")).findings
    assert "denies more than it says" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED


def test_sidecars_know_all_of_it_and_requests_are_another_rule_s() -> None:
    assert messages(RULE, sidecars() + PODS + authorization(PARTNER)) == []
    rules = [{"from": PARTNER[0]["from"], "to": [{"operation": {"paths": ["/a"]}}]}]
    assert messages(RULE, ambient() + PODS + authorization(rules)) == []


def test_where_membership_is_open_nothing_is_said() -> None:
    outcome = checked(RULE, pod("web") + authorization(PARTNER))
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
