from __future__ import annotations

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages
from tests.rules.meshed import account, ambient, an, authorization, mtls, only, plain, service, sidecars

RULE = "AUZ-016"
PODS = account("shop/db") + account("shop/web") + account("shop/app")
WEB = authorization([{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}]}], app="db")
DB = service("db", 3306, 3306, "mysql")


def test_who_is_refused_sees_the_greeting() -> None:
    (finding,) = checked(RULE, sidecars() + PODS + DB + WEB).findings
    assert "shop/db speaks first at port 3306: shop/pod/app is refused by AuthorizationPolicy" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.DENIED


def test_a_well_known_number_or_the_name_of_the_port_tells() -> None:
    assert len(messages(RULE, sidecars() + PODS + service("db", 25, 2525, "tcp") + WEB)) == 1
    assert messages(RULE, sidecars() + PODS + service("db", 5432, 5432, "tcp") + WEB) == []
    assert messages(RULE, sidecars() + PODS + service("db", 3306, 3306, "redis") + WEB) == []


def test_a_port_that_is_judged_by_requests_has_no_greeting() -> None:
    assert messages(RULE, sidecars() + PODS + service("db", 3306, 3306, "http") + WEB) == []


def test_the_network_may_stop_them_before() -> None:
    assert messages(RULE, sidecars() + PODS + DB + WEB + only("db", "web")) == []


def test_who_has_no_identity_is_refused_before_where_the_workload_is_strict() -> None:
    two = account("shop/db") + account("shop/web") + plain() + account("legacy/old")
    assert messages(RULE, sidecars() + two + DB + WEB + mtls("STRICT")) == []
    assert len(messages(RULE, sidecars() + two + DB + WEB)) == 1


def test_ztunnel_judges_before_it_connects() -> None:
    assert messages(RULE, ambient() + PODS + DB + WEB) == []


def test_the_application_protocol_counts_before_the_name() -> None:
    ports = [{"port": 3306, "name": "mysql", "appProtocol": "http"}]
    spoken = an("Service", "db", {"selector": {"app": "db"}, "ports": ports})
    assert messages(RULE, sidecars() + PODS + spoken + WEB) == []


def test_where_membership_is_open_it_cannot_be_told() -> None:
    outcome = checked(RULE, PODS + DB + WEB)
    assert not outcome.findings
    assert [str(one.scope) for one in outcome.not_evaluable] == ["Pod shop/db"]
