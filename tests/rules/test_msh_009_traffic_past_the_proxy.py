from __future__ import annotations

import pytest

from ringfence.rules.finding import Severity
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, an, mtls, plain, service, sidecars

RULE = "MSH-009"
T = "traffic.sidecar.istio.io/"
DB = sidecars("data") + pod("db", "data", 5432) + service("db", 5432, 5432, "tcp", "data") + mtls("STRICT", "data")


def web(**annotations: str) -> str:
    spec = {"containers": [{"name": "main", "image": "none"}]}
    return an("Pod", "web", spec, labels={"app": "web"}, annotations=annotations)


def test_a_port_that_goes_out_in_the_clear() -> None:
    (finding,) = checked(RULE, sidecars() + web(**{f"{T}excludeOutboundPorts": "5432, 80"}) + DB).findings
    assert "what it sends to port 5432, 80 goes out past its proxy, without an identity" in finding.message
    assert finding.severity is Severity.MEDIUM
    assert finding.witness is not None
    assert finding.witness.destination == "data/service/db"


def test_a_port_that_comes_in_past_the_proxy() -> None:
    text = sidecars() + web(**{f"{T}excludeInboundPorts": "9102"}) + plain() + pod("old", "legacy")
    (finding,) = checked(RULE, text).findings
    assert "connections to port 9102 come in past its proxy" in finding.message
    assert finding.witness is not None
    assert finding.witness.source == "legacy/pod/old"


def test_ports_of_the_proxy_itself_that_an_injector_excluded() -> None:
    assert messages(RULE, sidecars() + web(**{f"{T}excludeInboundPorts": "15020,15021"})) == []
    (message,) = messages(RULE, sidecars() + web(**{f"{T}excludeInboundPorts": "15020, 9102"}))
    assert "connections to port 9102 come in past its proxy" in message


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({f"{T}includeInboundPorts": ""}, "all connections come in"),
        ({f"{T}includeInboundPorts": "8080"}, "connections to all ports but 8080 come in"),
        ({f"{T}includeOutboundIPRanges": ""}, "what it sends to any address goes out"),
        ({f"{T}includeOutboundIPRanges": "10.0.0.0/8"}, "outside of 10.0.0.0/8 goes out"),
        ({"sidecar.istio.io/interceptionMode": "NONE"}, "its proxy takes no connection at all"),
    ],
)
def test_whole_directions_are_worse(annotations: dict[str, str], words: str) -> None:
    (finding,) = checked(RULE, sidecars() + web(**annotations)).findings
    assert words in finding.message
    assert finding.severity is None


def test_addresses_and_ztunnel() -> None:
    (message,) = messages(RULE, sidecars() + web(**{f"{T}excludeOutboundIPRanges": "10.1.0.0/16"}))
    assert "what it sends to 10.1.0.0/16 goes out past its proxy" in message
    (message,) = messages(RULE, ambient() + web(**{"ambient.istio.io/bypass-inbound-capture": "true"}))
    assert "ztunnel takes nothing that it receives" in message


@pytest.mark.parametrize(
    "text",
    [
        sidecars() + web(),
        sidecars() + web(**{f"{T}excludeOutboundPorts": ""}),
        sidecars() + web(**{f"{T}includeInboundPorts": "*", f"{T}includeOutboundIPRanges": "*"}),
        sidecars() + web(**{"sidecar.istio.io/interceptionMode": "TPROXY"}),
        plain("shop") + web(**{f"{T}excludeOutboundPorts": "5432"}),
        ambient() + web(**{f"{T}excludeOutboundPorts": "5432"}),
    ],
)
def test_what_takes_nothing_away(text: str) -> None:
    assert messages(RULE, text) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, web(**{f"{T}excludeOutboundPorts": "5432"}) + DB)
    assert not outcome.findings
    assert "is open" in outcome.not_evaluable[0].why
