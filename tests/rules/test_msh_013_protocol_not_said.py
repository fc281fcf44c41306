from __future__ import annotations

from typing import Any

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, authorization, plain, sidecars, waypoint, with_waypoint

RULE = "MSH-013"


def service(of: str = "web", port: int = 80, **more: str) -> str:
    ports = [{"port": port, "targetPort": 8080, **more}]
    return an("Service", of, {"selector": {"app": "web"}, "ports": ports})


def test_a_port_without_a_name() -> None:
    (finding,) = checked(RULE, sidecars() + pod("web") + service()).findings
    assert finding.message == (
        "Service shop/web port 80 has no name, which is no protocol that Istio knows: it is detected"
    )
    assert finding.severity is Severity.LOW


@pytest.mark.parametrize(
    ("named", "count"),
    [
        ({"name": "http"}, 0),
        ({"name": "http-web"}, 0),
        ({"name": "grpc-web-x"}, 0),
        ({"name": "tcp"}, 0),
        ({"name": "web"}, 1),
        ({"name": "httpweb"}, 1),
        ({"name": "web", "appProtocol": "http"}, 0),
        ({"name": "http", "appProtocol": "company.example/own"}, 1),
        ({"appProtocol": "kubernetes.io/h2c"}, 0),
    ],
)
def test_names_and_protocols(named: dict[str, str], count: int) -> None:
    assert len(messages(RULE, sidecars() + pod("web") + service(**named))) == count


def test_well_known_ports_and_other_transports_are_not_detected() -> None:
    assert messages(RULE, sidecars() + pod("web") + service(port=3306)) == []
    assert messages(RULE, sidecars() + pod("web") + service(protocol="UDP")) == []


@pytest.mark.parametrize(
    "costs",
    [
        authorization([{"to": [{"operation": {"paths": ["/a"]}}]}], "DENY"),
        an(
            "RequestAuthentication",
            "jwt",
            {"selector": {"matchLabels": {"app": "web"}}, "jwtRules": [{"issuer": "me", "jwks": "{}"}]},
        ),
    ],
)
def test_it_is_worse_where_something_is_for_http_only(costs: str) -> None:
    (finding,) = checked(RULE, sidecars() + pod("web") + service() + costs).findings
    assert finding.message.endswith("is for HTTP only")
    assert finding.severity is None
    elsewhere: Any = costs.replace('"app": "web"', '"app": "db"')
    (finding,) = checked(RULE, sidecars() + pod("web") + pod("db") + service() + elsewhere).findings
    assert finding.severity is Severity.LOW


def test_services_that_disagree() -> None:
    text = sidecars() + pod("web") + service("a", appProtocol="http")
    (message,) = messages(RULE, text + service("b", appProtocol="tcp"))
    assert "speaks tcp, and Service shop/a http: the older one counts for both" in message
    (finding,) = checked(RULE, text + service("b", port=81, appProtocol="http")).findings
    assert "from port 81, and Service shop/a from port 80" in finding.message
    assert messages(RULE, text + service("b", appProtocol="http")) == []


def test_ztunnel_reads_no_http_but_its_waypoint_does() -> None:
    assert messages(RULE, ambient() + pod("web") + service()) == []
    assert len(messages(RULE, with_waypoint() + pod("web") + service())) == 1
    assert messages(RULE, ambient() + waypoint() + pod("web") + service()) == []


def test_who_is_not_in_the_mesh_and_of_whom_it_is_not_known() -> None:
    assert messages(RULE, plain("shop") + pod("web") + service()) == []
    outcome = checked(RULE, pod("web") + service() + sidecars("other"))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
