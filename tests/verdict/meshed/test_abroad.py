"""Addresses outside that a client's proxy knows by the hosts and addresses of ServiceEntries."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.verdict.answers import Answer, Verdict
from ringfence.world import World
from tests.dialects.istio.meshes import an, mesh_config, namespace, workload

HOST, ADDRESS = "api.example.com", "203.0.113.7"
CLOSED = mesh_config(outboundTrafficPolicy={"mode": "REGISTRY_ONLY"})
BASE = (namespace("shop", **{"istio-injection": "enabled"}), workload("shop/web"))
SIMPLE = {"tls": {"mode": "SIMPLE"}}


def entry(number: int = 80, protocol: str = "HTTP", **spec: Any) -> str:
    given = {"hosts": [HOST], "ports": [{"number": number, "name": "p", "protocol": protocol}], "resolution": "DNS"}
    return an("ServiceEntry", "shop/ext", {**given, **spec})


def rule(**policy: Any) -> str:
    return an("DestinationRule", "shop/ext", {"host": HOST, "trafficPolicy": policy or SIMPLE})


def ask(*parts: str, host: str | None = HOST, port: int = 80, address: str = ADDRESS) -> Answer:
    text = "".join((*BASE, *parts))
    world: World = ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)
    request = None if host is None else ringfence.request("GET", "/", host)
    return world.can("shop/web", address, port, request=request)


@pytest.mark.parametrize(
    ("parts", "host", "verdict"),
    [
        ((entry(),), HOST, Verdict.ALLOWED),
        ((entry(),), f"{HOST}:80", Verdict.ALLOWED),
        ((entry(),), "other.example.com", Verdict.DENIED),
        ((entry(),), None, Verdict.UNKNOWN),
        ((entry(hosts=["*.example.com"], resolution="NONE"),), "b.example.com", Verdict.ALLOWED),
        ((entry(hosts=["*.example.com"], resolution="NONE"),), "b.example.org", Verdict.DENIED),
        ((entry(protocol="TCP", resolution="NONE", addresses=["203.0.113.0/24"]),), None, Verdict.ALLOWED),
        ((entry(protocol="TCP", resolution="NONE", addresses=["198.51.100.1"]),), None, Verdict.DENIED),
        ((entry(protocol="TCP", resolution="NONE"),), None, Verdict.ALLOWED),
        ((entry(resolution="STATIC", endpoints=[{"address": ADDRESS}]),), HOST, Verdict.ALLOWED),
        ((entry(resolution="STATIC", endpoints=[{"address": "198.51.100.1"}]),), HOST, Verdict.DENIED),
        ((entry(resolution="DNS", endpoints=[{"address": "a.example.org"}]),), HOST, Verdict.UNKNOWN),
        ((entry(exportTo=["other"]),), HOST, Verdict.DENIED),
        ((entry(number=81),), HOST, Verdict.DENIED),
    ],
)
def test_registry_only_lets_through_what_an_entry_has(
    parts: tuple[str, ...], host: str | None, verdict: Verdict
) -> None:
    answer = ask(CLOSED, *parts, host=host)
    assert answer.verdict is verdict
    if verdict is Verdict.DENIED:
        assert answer.layered is not None
        assert answer.layered.holds is False


def test_what_is_refused_is_answered_with_502() -> None:
    answer = ask(CLOSED, entry(), host="other.example.com")
    assert answer.layered is not None
    assert answer.layered.symptom == "http-502"


@pytest.mark.parametrize(
    ("parts", "host", "word", "port"),
    [
        ((entry(), rule()), HOST, "tls", "80/TCP"),
        ((entry(), rule()), "other.example.com", "none", "80/TCP"),
        ((entry(),), HOST, "none", "80/TCP"),
        ((entry(), rule(portLevelSettings=[{"port": {"number": 80}, **SIMPLE}])), HOST, "tls", "80/TCP"),
        ((entry(), rule(portLevelSettings=[{"port": {"number": 81}, **SIMPLE}])), HOST, "none", "80/TCP"),
        ((entry(), rule(tls={"mode": "DISABLE"})), HOST, "none", "80/TCP"),
        (
            (entry(ports=[{"number": 80, "name": "p", "protocol": "HTTP", "targetPort": 443}]), rule()),
            HOST,
            "tls",
            "443/TCP",
        ),
        ((entry(protocol="TLS"),), HOST, "tls", "80/TCP"),
    ],
)
def test_tls_that_a_rule_has_the_proxy_begin(parts: tuple[str, ...], host: str, word: str, port: str) -> None:
    answer = ask(*parts, host=host)
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert (answer.layered.encryption, answer.layered.hops[0].port) == (word, port)


def test_a_route_to_another_port_of_the_host() -> None:
    ports = [{"number": 80, "name": "h", "protocol": "HTTP"}, {"number": 443, "name": "t", "protocol": "HTTPS"}]
    to = {"match": [{"port": 80}], "route": [{"destination": {"host": HOST, "port": {"number": 443}}}]}
    way = an("VirtualService", "shop/ext", {"hosts": [HOST], "http": [to]})
    answer = ask(entry(ports=ports), rule(portLevelSettings=[{"port": {"number": 443}, **SIMPLE}]), way)
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.encryption) == (Verdict.ALLOWED, "tls")
    assert answer.layered.hops[0].port == "443/TCP"


def test_tls_of_the_mesh_finds_nobody_outside() -> None:
    answer = ask(entry(), rule(tls={"mode": "ISTIO_MUTUAL"}))
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.holds) == (Verdict.DENIED, False)


OF_WAY = "gateway.networking.k8s.io/gateway-"
WAYPOINT = an("Gateway", "shop/way", {"gatewayClassName": "istio-waypoint", "listeners": []}) + workload(
    "shop/way", {f"{OF_WAY}name": "way", f"{OF_WAY}class-name": "istio-waypoint"}
)


@pytest.mark.parametrize(("host", "verdict"), [(HOST, Verdict.UNKNOWN), ("other.example.com", Verdict.ALLOWED)])
def test_a_host_behind_a_waypoint_is_not_followed(host: str, verdict: Verdict) -> None:
    ambient = BASE[0].replace("istio-injection: enabled", "istio.io/dataplane-mode: ambient")
    labelled = entry().replace("  name: ext\n", "  name: ext\n  labels: {istio.io/use-waypoint: way}\n")
    text = "".join((ambient, BASE[1], WAYPOINT, labelled))
    world = ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)
    answer = world.can("shop/web", ADDRESS, 80, request=ringfence.request("GET", "/", host))
    assert answer.verdict is verdict
