from __future__ import annotations

from typing import Any

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages
from tests.rules.meshed import an, plain, sidecars

RULE = "MSH-026"


def web(*ports: dict[str, Any]) -> str:
    spec = {"containers": [{"name": "main", "image": "none", "ports": list(ports)}]}
    return an("Pod", "web", spec, labels={"app": "web"})


def service(target: object, protocol: str = "TCP") -> str:
    ports = [{"name": "http", "port": 80, "targetPort": target, "protocol": protocol}]
    return an("Service", "web", {"selector": {"app": "web"}, "ports": ports})


NAMED = web({"name": "http", "containerPort": 8080})


def test_a_name_that_no_container_gives() -> None:
    (finding,) = checked(RULE, sidecars() + NAMED + service("htpt")).findings
    assert finding.message == "Service shop/web port 80 leads to the port named htpt, which no pod behind it has"
    assert finding.severity is None
    assert messages(RULE, sidecars() + NAMED + service("http")) == []


def test_a_number_that_no_container_declares() -> None:
    (finding,) = checked(RULE, sidecars() + NAMED + service(9090)).findings
    assert finding.message == "Service shop/web port 80 leads to port 9090, and its pods declare 8080 only"
    assert finding.severity is Severity.LOW
    assert messages(RULE, sidecars() + NAMED + service(8080)) == []
    assert messages(RULE, sidecars() + web() + service(9090)) == []


def test_who_is_not_looked_at() -> None:
    assert messages(RULE, plain("shop") + NAMED + service("htpt")) == []
    assert messages(RULE, sidecars() + NAMED + service("htpt", "UDP")) == []
    assert messages(RULE, sidecars() + service("htpt")) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, NAMED + service("htpt") + sidecars("other"))
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
