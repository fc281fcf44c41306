"""The verdict of all layers, for a mesh without a name."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.model.mesh import (
    DESTINATION_ADDRESS,
    PATH,
    PEER_IDENTITY,
    Client,
    Point,
    RequestAction,
    RequestPolicy,
    RequestRule,
    RequestRules,
    Sending,
    Speech,
    Waypoint,
)
from ringfence.sets.addresses import address
from ringfence.sets.languages.patterns import Exact, Numbers, Prefix, Present
from ringfence.sets.requests.formulas import AllOf, Predicate
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.meshed.request import request
from ringfence.world import World
from tests.layers.mesh.fake_mesh import PLACE, FakeMesh, object_of


def pod(
    name: str, proxy: str = "none", acceptance: str = "permissive", speech: str = "http", ip: str = ""
) -> dict[str, Any]:
    labels = {"app": name, "proxy": proxy, "acceptance": acceptance, "speech": speech}
    status = {"podIP": ip} if ip else {}
    metadata = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}, "status": status}


def service(name: str, port: int = 80, target: int = 8080) -> dict[str, Any]:
    ports = [{"port": port, "targetPort": target}]
    metadata = {"name": f"{name}-service", "namespace": "shop"}
    spec = {"selector": {"app": name}, "ports": ports, "clusterIP": "10.96.0.10"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def only_from(name: str, source: str, *ports: int) -> dict[str, Any]:
    """A NetworkPolicy that lets one pod reach another at some ports."""
    rule = {
        "from": [{"podSelector": {"matchLabels": {"app": source}}}],
        "ports": [{"port": port} for port in ports],
    }
    spec = {"podSelector": {"matchLabels": {"app": name}}, "ingress": [rule]}
    metadata = {"name": f"to-{name}-from-{source}", "namespace": "shop"}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def ask(
    objects: list[dict[str, Any]],
    mesh: FakeMesh,
    src: str = "web",
    dst: str = "db",
    port: int | None = 8080,
    **asked: Any,
) -> Answer:
    world: World = load_objects(objects)
    mesh.pods = list(world.cluster.pods)
    question = world.question(port, None)
    return MeshedAsker(world.asker, mesh).can(
        world.target(f"shop/{src}"), world.target(f"shop/{dst}"), question, request(**asked) if asked else None
    )


def allowing(identity: str, path: str = "") -> RequestRules:
    parts = [Predicate(PEER_IDENTITY, Exact(f"spiffe://fake/{identity}"))]
    parts += [Predicate(PATH, Prefix(path))] if path else []
    rule = RequestRule(0, AllOf(tuple(parts)), PLACE)
    return RequestRules((RequestPolicy("Policy", "shop", "allow", RequestAction.ALLOW, (rule,), PLACE),))


def said(answer: Answer) -> dict[str, str]:
    assert answer.layered is not None
    return {layer.layer: layer.verdict.value for layer in answer.layered.layers}


def test_all_layers_let_it_pass() -> None:
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar")], FakeMesh(rules_of=allowing("web")))
    assert answer.verdict is Verdict.ALLOWED
    assert said(answer) == {"network": "allowed", "transport": "allowed", "requests": "allowed"}
    assert answer.layered is not None
    assert answer.layered.identity == "spiffe://fake/web"
    assert answer.layered.encryption == "mtls"
    assert [one.layer for one in answer.decided_by] == ["requests"]


def test_the_network_denies_first_and_the_other_layers_are_told() -> None:
    objects = [pod("web", "sidecar"), pod("db", "sidecar"), only_from("db", "other", 8080)]
    answer = ask(objects, FakeMesh(rules_of=allowing("nobody")))
    assert answer.verdict is Verdict.DENIED
    assert said(answer) == {"network": "denied", "transport": "allowed", "requests": "denied"}
    assert {one.layer for one in answer.decided_by} == {"network"}
    assert answer.layered is not None
    assert answer.layered.symptom == "http-503"
    assert answer.layered.holds


@pytest.mark.parametrize(("client", "symptom"), [("none", "timeout"), ("sidecar", "http-503"), ("node", "reset")])
def test_what_the_client_sees_of_a_dropped_packet(client: str, symptom: str) -> None:
    answer = ask([pod("web", client), pod("db", "sidecar"), only_from("db", "other", 1)], FakeMesh())
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom) == (Verdict.DENIED, symptom)


def test_a_policy_that_allows_only_the_workloads_port_breaks_the_tunnel() -> None:
    objects = [pod("web", "node"), pod("db", "node"), only_from("db", "web", 8080)]
    answer = ask(objects, FakeMesh())
    assert answer.verdict is Verdict.DENIED
    assert answer.layered is not None
    assert [hop.port for hop in answer.layered.hops] == ["15008/TCP"]
    allowed = ask([*objects[:2], only_from("db", "web", 15008)], FakeMesh())
    assert allowed.verdict is Verdict.ALLOWED


def test_every_hop_asks_the_network_as_who_opens_it() -> None:
    objects = [pod("web", "node"), pod("db", "node"), pod("way", "node"), only_from("db", "way", 15008)]
    mesh = FakeMesh(way=Waypoint("shop", "way", (1,), object_of("Gateway", "way")))
    answer = ask(objects, mesh)
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert [(hop.source, hop.destination, hop.identity) for hop in answer.layered.hops] == [
        ("shop/web", "shop/way", "spiffe://fake/web"),
        ("shop/way", "shop/db", "spiffe://fake/way"),
    ]
    assert answer.layered.identity == "spiffe://fake/web"
    blocked = ask([*objects[:3], only_from("db", "web", 15008)], mesh)
    assert blocked.verdict is Verdict.DENIED


def test_who_proves_nothing_is_reset_by_a_strict_server() -> None:
    answer = ask([pod("web"), pod("db", "sidecar", "strict")], FakeMesh())
    assert answer.verdict is Verdict.DENIED
    assert said(answer) == {"network": "allowed", "transport": "denied", "requests": "allowed"}
    assert answer.layered is not None
    assert (answer.layered.symptom, answer.layered.holds) == ("reset", True)


def test_a_denial_by_the_clients_own_proxy_holds_nobody() -> None:
    mesh = FakeMesh(sending=Client(Sending.PLAIN))
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar", "strict")], mesh)
    assert answer.verdict is Verdict.DENIED
    assert answer.layered is not None
    assert not answer.layered.holds
    # Where no form of a connection gets through, the denial holds whatever the client does.
    mesh.rules_of = allowing("nobody")
    held = ask([pod("web", "sidecar"), pod("db", "sidecar", "strict")], mesh)
    assert held.layered is not None
    assert held.layered.holds


@pytest.mark.parametrize(("path", "verdict"), [("/orders/7", "allowed"), ("/admin", "denied")])
def test_one_request(path: str, verdict: str) -> None:
    mesh = FakeMesh(rules_of=allowing("web", "/orders"))
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar")], mesh, path=path)
    assert answer.verdict == verdict
    assert answer.layered is not None
    assert answer.layered.symptom == ("none" if verdict == "allowed" else "http-403")


def test_without_a_request_the_question_covers_all_of_them() -> None:
    mesh = FakeMesh(rules_of=allowing("web", "/orders"))
    assert ask([pod("web", "sidecar"), pod("db", "sidecar")], mesh).verdict is Verdict.MIXED
    # Nobody but web gets anything through.
    assert ask([pod("app", "sidecar"), pod("db", "sidecar")], mesh, src="app").verdict is Verdict.DENIED


def test_an_open_fact_makes_the_answer_unknown_and_is_named() -> None:
    mesh = FakeMesh(open_proxy=frozenset({"web"}))
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar", "strict")], mesh)
    assert answer.verdict is Verdict.UNKNOWN
    assert "web has" in answer.reason.message
    assert answer.reason.decide == "the pod itself"


def test_ports_that_the_proxy_leaves_alone_are_parts_of_their_own() -> None:
    mesh = FakeMesh(excluded=((9090, 9090),), special_ports=(9090,))
    answer = ask([pod("web"), pod("db", "sidecar", "strict")], mesh, port=None)
    by_ports = {part.ports: part.verdict for part in answer.parts}
    assert by_ports[((9090, 9090),)] is Verdict.ALLOWED
    assert by_ports[((1, 9089), (9091, 65535))] is Verdict.DENIED
    # UDP and SCTP no mesh takes.
    assert answer.verdict is Verdict.MIXED


def test_a_service_is_dialled_by_its_name_and_the_proxy_goes_to_the_pod() -> None:
    rule = RequestRule(0, Predicate(PATH, Present()), PLACE)
    policy = RequestPolicy("Policy", "shop", "all", RequestAction.ALLOW, (rule,), PLACE)
    objects = [pod("web", "sidecar", ip="10.0.0.1"), pod("db", "sidecar", ip="10.0.0.2"), service("db")]
    answer = ask(objects, FakeMesh(rules_of=RequestRules((policy,))), dst="db-service", port=80)
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert [hop.port for hop in answer.layered.hops] == ["8080/TCP"]


def test_no_mesh_says_what_the_network_says() -> None:
    world = load_objects([pod("web"), pod("db")])
    asker = MeshedAsker(world.asker, None)
    answer = asker.can(world.target("shop/web"), world.target("shop/db"), world.question(8080, None), request(path="/"))
    assert answer.verdict is Verdict.ALLOWED
    assert answer.layered is not None
    assert answer.layered.encryption == "none"


def test_what_the_clients_side_leaves_out_goes_by_the_port_of_the_service_and_holds_nobody() -> None:
    objects = [pod("web", "sidecar", ip="10.0.0.1"), pod("db", "sidecar", "strict", ip="10.0.0.2"), service("db")]
    answer = ask(objects, FakeMesh(excluded=((80, 80),)))
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom) == (Verdict.DENIED, "reset")
    assert not answer.layered.holds
    dropped = ask([*objects, only_from("db", "other", 1)], FakeMesh(excluded=((80, 80),)))
    assert dropped.layered is not None
    assert dropped.layered.symptom == "timeout"


@pytest.mark.parametrize(("speech", "symptom"), [("http", "http-503"), ("tcp", "eof")])
@pytest.mark.parametrize("server", ["none", "node"])
def test_a_sidecar_answers_in_the_protocol_of_the_service(speech: str, symptom: str, server: str) -> None:
    objects = [pod("web", "sidecar", ip="10.0.0.1"), pod("db", server, speech=speech, ip="10.0.0.2"), service("db")]
    answer = ask([*objects, only_from("db", "other", 1)], FakeMesh())
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom) == (Verdict.DENIED, symptom)


@pytest.mark.parametrize(
    ("denied", "verdict"), [("10.96.0.10", "denied"), ("10.0.0.2", "denied"), ("10.0.0.9", "allowed")]
)
def test_a_waypoint_sees_the_address_of_the_service_and_the_server_its_own(denied: str, verdict: str) -> None:
    objects = [pod(name, "node", ip=f"10.0.0.{number}") for number, name in enumerate(("web", "db", "way"), 1)]
    rule = RequestRule(0, Predicate(DESTINATION_ADDRESS, Numbers.of(address(denied))), PLACE)
    denying = RequestPolicy("Policy", "shop", "denying", RequestAction.DENY, (rule,), PLACE)
    mesh = FakeMesh(rules_of=RequestRules((denying,)), way=Waypoint("shop", "way", (1,), object_of("Gateway", "way")))
    assert ask([*objects, service("db")], mesh, path="/").verdict == verdict


@pytest.mark.parametrize(("said", "verdict"), [(Speech.TCP, "denied"), (Speech.HTTP, "allowed"), (None, "allowed")])
def test_where_the_server_finds_out_what_is_spoken_the_clients_handshake_tells_it(
    said: Speech | None, verdict: str
) -> None:
    objects = [pod("web", "sidecar"), pod("db", "sidecar", speech="detected"), service("db")]
    rule = RequestRule(0, Predicate(PATH, Present()), PLACE)
    allowing_http = RequestPolicy("Policy", "shop", "http", RequestAction.ALLOW, (rule,), PLACE)
    empty = RequestPolicy("Policy", "shop", "http", RequestAction.ALLOW, (), PLACE)

    class Chains(FakeMesh):
        def rules(self, point: Point, port: int) -> RequestRules:
            return RequestRules((allowing_http if point.http else empty,))

    assert ask(objects, Chains(service_speech=said), path="/").verdict == verdict


@pytest.mark.parametrize(("speech", "symptom"), [(Speech.TCP, "eof"), (Speech.HTTP, "http-502"), (None, "http-502")])
def test_what_the_clients_own_proxy_does_not_send_is_told_by_all_layers(speech: Speech | None, symptom: str) -> None:
    mesh = FakeMesh(sending=Client(Sending.NOTHING), service_speech=speech)
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar"), service("db")], mesh)
    assert said(answer) == {"network": "allowed", "transport": "denied", "requests": "allowed"}
    assert answer.layered is not None
    assert (answer.layered.symptom, answer.layered.holds, answer.layered.hops) == (symptom, False, ())
    closed = ask([pod("web", "sidecar"), pod("db", "sidecar"), only_from("db", "other", 1)], mesh)
    assert said(closed) == {"network": "denied", "transport": "denied", "requests": "allowed"}
    assert closed.layered is not None
    assert closed.layered.holds, "nobody gets past the network"


@pytest.mark.parametrize(("speech", "symptom"), [("http", "http-503"), ("tcp", "eof")])
def test_what_a_sidecar_makes_of_a_server_that_refuses(speech: str, symptom: str) -> None:
    mesh = FakeMesh(sending=Client(Sending.PLAIN))
    answer = ask([pod("web", "sidecar"), pod("db", "sidecar", "strict", speech), service("db")], mesh)
    assert answer.layered is not None
    assert (answer.verdict, answer.layered.symptom) == (Verdict.DENIED, symptom)


def test_what_the_network_denies_holds_whatever_the_clients_proxy_does() -> None:
    mesh = FakeMesh(sending=Client(Sending.PLAIN))
    waypoint = FakeMesh(sending=Client(Sending.PLAIN), way=Waypoint("shop", "way", (1,), object_of("Gateway", "way")))
    for one in (mesh, waypoint):
        objects = [pod("web", "sidecar"), pod("db", "node"), pod("way", "node"), only_from("db", "other", 8080)]
        answer = ask(objects, one)
        assert answer.layered is not None
        assert (answer.verdict, answer.layered.holds) == (Verdict.DENIED, True)


def test_a_flow_is_as_encrypted_as_its_least_encrypted_hop() -> None:
    objects = [pod("web", "node"), pod("db"), pod("way", "node")]
    mesh = FakeMesh(way=Waypoint("shop", "way", (1,), object_of("Gateway", "way")))
    answer = ask(objects, mesh)
    assert answer.layered is not None
    assert [hop.encryption for hop in answer.layered.hops] == ["hbone", "none"]
    assert answer.layered.encryption == "none"


def test_the_query_of_a_path_is_no_part_of_it() -> None:
    found = request(path="/orders?next=/admin#top", headers={"X-User": "me"})
    assert found is not None
    assert (found.path, dict(found.headers)) == ("/orders", {"x-user": "me"})


def test_an_address_is_one_of_which_policies_need_not_know() -> None:
    from ringfence.verdict.meshed.asking import number_of

    assert number_of("203.0.113.9") == address("203.0.113.9")
    assert (number_of("3scale"), number_of("shop")) == (None, None)
