from __future__ import annotations

from ringfence.rules.finding import Severity
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import account, ambient, an, at_service, authorization, service, sidecars, with_waypoint

RULE = "AUZ-008"
PODS = account("shop/web") + account("shop/app") + service("web")
SHOP = sidecars() + PODS


def paths(*values: str) -> list[object]:
    return [{"to": [{"operation": {"paths": list(values)}}]}]


def policy(name: str, rules: object, action: str = "ALLOW", **more: object) -> str:
    return an("AuthorizationPolicy", name, {"action": action, "rules": rules}, **more)


def test_what_is_allowed_is_denied_by_another() -> None:
    text = SHOP + policy("open", [*paths("/admin/users"), *paths("/shop")]) + policy("shut", paths("/admin*"), "DENY")
    (finding,) = checked(RULE, text).findings
    assert "open rule 0 allows only what AuthorizationPolicy shop/shut rule 0 denies" in finding.message
    assert finding.severity is None
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED
    assert finding.witness.request is not None
    assert finding.witness.request.path == "/admin/users"
    assert [one.message for one in finding.related] == ["the rule that does it"]


def test_several_rules_together_void_one() -> None:
    open_ = policy("open", [{"to": [{"operation": {"methods": ["GET", "POST"]}}]}])
    shut = [{"to": [{"operation": {"methods": [name]}}]} for name in ("GET", "POST")]
    (message,) = messages(RULE, SHOP + open_ + policy("shut", shut, "DENY"))
    assert "shut rule 0" in message
    assert "shut rule 1" in message
    assert messages(RULE, SHOP + open_ + policy("shut", shut[:1], "DENY")) == []


def test_a_rule_that_repeats_another_and_the_first_stays() -> None:
    rules = [{"from": [{"source": {"namespaces": ["shop"]}}]}, {"from": [{"source": {"namespaces": ["shop"]}}]}]
    (finding,) = checked(RULE, SHOP + policy("twice", rules)).findings
    assert "twice rule 1 allows nothing that AuthorizationPolicy shop/twice rule 0 does not already" in finding.message
    assert finding.severity is Severity.LOW
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.ALLOWED


def test_identities_and_their_namespace() -> None:
    one = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/app"]}}]}
    other = {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}
    assert messages(RULE, SHOP + policy("two", [one, other])) == []
    (message,) = messages(RULE, SHOP + policy("two", [one, {"from": [{"source": {"namespaces": ["shop"]}}]}]))
    assert "two rule 0" in message


def test_a_rule_that_contradicts_itself() -> None:
    rule = {"to": [{"operation": {"methods": ["GET"], "notMethods": ["GET"]}}]}
    (finding,) = checked(RULE, SHOP + policy("none", [rule])).findings
    assert "contradicts itself" in finding.message
    assert finding.witness is None


def test_a_rule_that_denies_twice() -> None:
    rules = [*paths("/a*"), *paths("/a/b")]
    (finding,) = checked(RULE, SHOP + policy("shut", rules, "DENY")).findings
    assert "shut rule 1 denies nothing" in finding.message


def test_it_has_to_change_nothing_at_every_workload() -> None:
    text = SHOP + policy("all", paths("/a")) + authorization(paths("/a*"), "DENY", app="app")
    assert messages(RULE, text) == []
    text = SHOP + policy("all", paths("/a")) + policy("shut", paths("/a*"), "DENY")
    assert len(messages(RULE, text)) == 1


def test_dry_runs_shadow_nothing() -> None:
    tried = policy("shut", paths("/a*"), "DENY", annotations={"istio.io/dry-run": "true"})
    assert messages(RULE, SHOP + policy("open", paths("/a")) + tried) == []


def test_at_a_waypoint() -> None:
    text = with_waypoint() + PODS + at_service([{}, *paths("/a")])
    (finding,) = checked(RULE, text).findings
    assert "rule 1" in finding.message
    assert finding.witness is not None
    assert finding.witness.destination == "shop/service/web"


def test_where_a_workload_is_open_nothing_is_said() -> None:
    more = pod("other", "legacy") + authorization([{}, *paths("/a")], app="other", space="legacy")
    assert messages(RULE, SHOP) == []
    outcome = checked(RULE, SHOP + more)
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["AuthorizationPolicy legacy/policy"]


def test_a_rule_about_requests_at_ztunnel_is_left_out_and_contradicts_nothing() -> None:
    rule = [{"to": [{"operation": {"methods": ["DELETE"]}}]}]
    for action in ("ALLOW", "DENY"):
        assert messages(RULE, ambient() + PODS + policy("p", rule, action)) == [], action
        assert messages("AUZ-006", ambient() + PODS + policy("p", rule, action))
    both = [{"from": [{"source": {"namespaces": ["shop"], "notNamespaces": ["shop"]}}]}]
    (message,) = messages(RULE, ambient() + PODS + policy("p", both))
    assert message.endswith("contradicts itself")
