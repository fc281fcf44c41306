from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, sidecars

RULE = "MSH-025"
WEB = sidecars() + pod("web")


def entry(name: str = "bank", protocol: str = "TCP", space: str = "shop", **more: object) -> str:
    port = {"number": 5432, "name": "p", **({"protocol": protocol} if protocol else {})}
    spec = {"hosts": ["db.bank.example"], "resolution": "DNS", "ports": [port], **more}
    return an("ServiceEntry", name, spec, space)


@pytest.mark.parametrize("protocol", ["TCP", "", "MONGO"])
def test_a_port_for_tcp_without_an_address(protocol: str) -> None:
    (message,) = messages(RULE, WEB + entry(protocol=protocol))
    assert "proxies that do not answer DNS take every connection to that port for db.bank.example" in message
    assert messages(RULE, WEB + entry(protocol=protocol, addresses=["240.1.1.1"])) == []


@pytest.mark.parametrize("protocol", ["HTTP", "TLS", "HTTPS", "GRPC"])
def test_protocols_that_have_host_names(protocol: str) -> None:
    assert messages(RULE, WEB + entry(protocol=protocol)) == []


def test_where_only_ztunnel_is() -> None:
    assert messages(RULE, ambient() + pod("web") + entry()) == []


def test_two_for_one_host() -> None:
    (finding,) = checked(RULE, WEB + entry("a", "TLS") + entry("b", "HTTP")).findings
    assert "says that db.bank.example speaks HTTP at port 5432, and ServiceEntry shop/a TLS" in finding.message
    assert finding.severity is None
    (finding,) = checked(RULE, WEB + entry("a", "TLS") + entry("b", "TLS")).findings
    assert finding.severity is Severity.LOW
    assert messages(RULE, WEB + entry("a", "TLS") + entry("b", "TLS", hosts=["other.example"])) == []


def test_entries_that_no_client_sees_together() -> None:
    own = {"exportTo": ["."]}
    assert messages(RULE, WEB + entry("a", "TLS", **own) + entry("b", "HTTP", "apps", **own)) == []
    assert len(messages(RULE, WEB + entry("a", "TLS", **own) + entry("b", "HTTP", "apps"))) == 1
