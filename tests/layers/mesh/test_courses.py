"""Which hops a flow takes, over which port, as whom."""

from __future__ import annotations

import pytest

from ringfence.layers.mesh.courses import At, Call, Caller, Course
from ringfence.model.cluster import Pod, Service
from ringfence.model.mesh import Client, Encryption, Identity, PointSort, Sending, Speech, Waypoint
from tests.layers.mesh.fake_mesh import FakeMesh, object_of, pod


def courses(mesh: FakeMesh, source: Pod | None, server: Pod | None, port: int = 8080, **more: object) -> list[Course]:
    return Call(mesh, Caller(source), server, None, port, None, **more).courses()  # type: ignore[arg-type]


def only(mesh: FakeMesh, source: Pod | None, server: Pod | None, port: int = 8080, **more: object) -> Course:
    (found,) = courses(mesh, source, server, port, **more)
    return found


@pytest.mark.parametrize(
    ("client", "server", "port", "encryption", "identity", "sort"),
    [
        ("none", "none", 8080, Encryption.NONE, None, None),
        ("sidecar", "none", 8080, Encryption.NONE, None, None),
        ("none", "sidecar", 8080, Encryption.NONE, None, PointSort.SIDECAR),
        ("sidecar", "sidecar", 8080, Encryption.MTLS, "spiffe://fake/web", PointSort.SIDECAR),
        ("node", "node", 15008, Encryption.HBONE, "spiffe://fake/web", PointSort.NODE),
        ("none", "node", 8080, Encryption.NONE, None, PointSort.NODE),
        ("node", "none", 8080, Encryption.NONE, None, None),
    ],
)
def test_one_hop(
    client: str, server: str, port: int, encryption: Encryption, identity: str | None, sort: PointSort | None
) -> None:
    course = only(FakeMesh(), pod("web", client), pod("db", server))
    (hop,) = course.hops
    assert (hop.port, hop.transport.encryption) == (port, encryption)
    assert (hop.identity.text if hop.identity else None) == identity
    assert (hop.point.sort if hop.point else None) is sort
    assert hop.transport.accepted
    assert hop.judged_port == 8080


@pytest.mark.parametrize("client", ["none", "sidecar", "node"])
@pytest.mark.parametrize("acceptance", ["permissive", "strict"])
def test_nothing_but_tunnels_to_other_ports_is_taken_at_the_port_of_tunnels(client: str, acceptance: str) -> None:
    """Neither what comes in the clear nor what a tunnel carries for its own port arrives anywhere."""
    call = Call(FakeMesh(), Caller(pod("web", client)), pod("db", "node", acceptance), None, 15008, None)
    for course in (*call.courses(), *call.unbound()):
        (hop,) = course.hops
        assert (hop.port, hop.transport.accepted, hop.transport.symptom) == (15008, False, "eof")
        assert hop.point is None
        assert not hop.transport.by_client
    (open_,) = only(FakeMesh(), pod("web", client), pod("db", "sidecar"), 15008).hops
    assert open_.transport.accepted


@pytest.mark.parametrize("server", ["sidecar", "node"])
def test_strict_refuses_who_proves_nothing(server: str) -> None:
    (hop,) = only(FakeMesh(), pod("web"), pod("db", server, "strict")).hops
    assert not hop.transport.accepted
    assert hop.transport.symptom == "reset"
    assert not hop.transport.by_client


def test_a_member_that_sends_plain_is_refused_by_its_own_doing() -> None:
    mesh = FakeMesh(sending=Client(Sending.PLAIN, (object_of("Rule", "plain"),)))
    (hop,) = only(mesh, pod("web", "sidecar"), pod("db", "sidecar", "strict")).hops
    assert not hop.transport.accepted
    assert hop.transport.by_client


def test_a_port_that_the_servers_proxy_leaves_alone_is_past_the_mesh() -> None:
    mesh = FakeMesh(excluded=((9090, 9090),))
    (hop,) = only(mesh, pod("web"), pod("db", "sidecar", "strict"), 9090).hops
    assert hop.transport.accepted
    assert hop.point is None


def test_a_waypoint_makes_two_hops_of_it_and_speaks_as_itself() -> None:
    proxy = pod("way", "node")
    mesh = FakeMesh(pods=[proxy], way=Waypoint("shop", "way", (0,), object_of("Gateway", "way")))
    course = only(mesh, pod("web", "node"), pod("db", "node"))
    first, second = course.hops
    assert (first.source, first.destination, first.port) == (At.CLIENT, At.WAYPOINT, 15008)
    assert first.identity == Identity("spiffe://fake/web", "shop", "web")
    assert first.point is not None
    assert (first.point.sort, first.point.http) == (PointSort.WAYPOINT, True)
    assert (second.source, second.destination, second.port) == (At.WAYPOINT, At.SERVER, 15008)
    assert second.identity == Identity("spiffe://fake/way", "shop", "way")


def test_a_waypoint_that_is_not_there_is_none_and_is_told() -> None:
    mesh = FakeMesh(way=Waypoint("shop", "way", (), object_of("Gateway", "way"), "there are no pods of it"))
    course = only(mesh, pod("web", "node"), pod("db", "node"))
    assert len(course.hops) == 1
    assert course.notes == ("there are no pods of it",)


def test_who_is_outside_of_the_mesh_goes_past_the_waypoint() -> None:
    mesh = FakeMesh(pods=[pod("way", "node")], way=Waypoint("shop", "way", (0,), object_of("Gateway", "way")))
    assert len(only(mesh, pod("web"), pod("db", "node")).hops) == 1


def test_what_is_open_makes_a_course_for_each_outcome() -> None:
    found = courses(FakeMesh(open_proxy=frozenset({"web"})), pod("web", "sidecar"), pod("db", "sidecar", "strict"))
    assert [course.hops[0].transport.accepted for course in found] == [True, False]
    assert [course.facts[0][0] for course in found] == ["web has its proxy", "web has no proxy"]


def test_a_stolen_identity_is_proven_where_the_server_asks_for_one() -> None:
    stolen = Identity("spiffe://fake/admin", "", "")
    (hop,) = only(FakeMesh(), pod("web"), pod("db", "sidecar", "strict"), presented=stolen).hops
    assert hop.transport.accepted
    assert hop.identity == stolen


def test_a_client_whose_proxy_knows_no_such_destination_sends_nothing() -> None:
    course = only(FakeMesh(sending=Client(Sending.NOTHING)), pod("web", "sidecar"), pod("db", "sidecar"))
    assert course.unreached is not None
    assert [(hop.port, hop.transport.encryption) for hop in course.hops] == [(8080, Encryption.NONE)]


def test_who_controls_a_pod_may_go_past_its_proxy_or_use_its_identity() -> None:
    call = Call(FakeMesh(), Caller(pod("web", "sidecar")), pod("db", "sidecar", "strict"), None, 8080, None)
    forms = {course.hops[0].transport.encryption: course.hops[0].transport.accepted for course in call.unbound()}
    assert forms == {Encryption.NONE: False, Encryption.MTLS: True}


def test_who_is_no_member_has_no_identity_to_use() -> None:
    call = Call(FakeMesh(), Caller(pod("web")), pod("db", "sidecar", "strict"), None, 8080, None)
    assert [course.hops[0].transport.accepted for course in call.unbound()] == [False]


def test_a_certificate_of_another_trust_domain_is_not_taken() -> None:
    stolen = Identity("spiffe://elsewhere/admin", "", "")
    (hop,) = only(FakeMesh(), pod("web"), pod("db", "sidecar"), presented=stolen).hops
    assert not hop.transport.accepted
    assert hop.transport.symptom == "tls-alert"
    assert hop.identity is None


def test_a_waypoint_takes_no_certificate_of_another_trust_domain() -> None:
    mesh = FakeMesh(way=Waypoint("shop", "way", (0,), object_of("Gateway", "way")), pods=[pod("way", "node")])
    foreign = Identity("spiffe://elsewhere/web", "", "")
    first, _ = only(mesh, pod("web", "node"), pod("db", "node"), presented=foreign).hops
    assert (first.destination, first.transport.accepted, first.identity) == (At.WAYPOINT, False, None)
    first, _ = only(mesh, pod("web", "node"), pod("db", "node")).hops
    assert first.transport.accepted


@pytest.mark.parametrize(("dialled", "judged"), [(None, 8080), (80, 80)])
def test_a_waypoint_judges_what_is_sent_to_a_service_at_the_services_port(dialled: int | None, judged: int) -> None:
    mesh = FakeMesh(way=Waypoint("shop", "way", (0,), object_of("Gateway", "way")), pods=[pod("way", "node")])
    first, last = only(mesh, pod("web", "node"), pod("db", "node"), dialled=dialled).hops
    assert (first.judged_port, last.judged_port) == (judged, 8080)


@pytest.mark.parametrize(
    ("server", "excluded", "encryption", "proven"),
    [
        (pod("db", "sidecar"), (), Encryption.MTLS, True),
        (pod("db", "sidecar", "plain"), (), Encryption.NONE, False),
        (pod("db", "sidecar"), ((8080, 8080),), Encryption.NONE, False),
        (pod("db", "node"), (), Encryption.HBONE, True),
        (pod("db"), (), Encryption.NONE, False),
    ],
)
def test_who_has_no_proxy_shows_a_certificate_where_the_server_takes_one(
    server: Pod, excluded: tuple[tuple[int, int], ...], encryption: Encryption, proven: bool
) -> None:
    stolen = Identity("spiffe://fake/other", "shop", "other")
    (hop,) = only(FakeMesh(excluded=excluded), pod("web"), server, presented=stolen).hops
    assert (hop.transport.accepted, hop.transport.encryption) == (True, encryption)
    assert hop.identity == (stolen if proven else None)


def test_who_controls_a_pod_need_not_say_that_it_speaks_http() -> None:
    server = pod("db", "sidecar", "strict", "detected")
    call = Call(FakeMesh(), Caller(pod("web", "sidecar")), server, None, 8080, None)
    shown = [(course.hops[0].transport.proven, course.hops[0].transport.http) for course in call.unbound()]
    assert (True, True) in shown
    assert (True, False) in shown


def test_tls_of_others_passes_where_the_server_does_not_have_to_understand_it() -> None:
    found = {}
    for speech in ("http", "tcp", "detected"):
        mesh = FakeMesh(sending=Client(Sending.OTHER_TLS))
        (hop,) = only(mesh, pod("web", "sidecar"), pod("db", "sidecar", speech=speech)).hops
        found[speech] = hop.transport.accepted
    assert found == {"http": False, "tcp": True, "detected": True}


@pytest.mark.parametrize(("speech", "http"), [("tcp", True), ("http", True)])
def test_a_waypoint_finds_out_what_is_spoken_to_a_pods_own_address(speech: str, http: bool) -> None:
    way = pod("way", "sidecar")
    mesh = FakeMesh(
        pods=[way], way=Waypoint("shop", "way", (0,), object_of("Gateway", "way")), service_speech=Speech(speech)
    )
    course = only(mesh, pod("web", "node"), pod("db", "node", speech=speech))
    assert course.hops[0].point is not None
    assert course.hops[0].point.http is http
    headless = Service("shop", "db", "ClusterIP", headless=True)
    (course,) = Call(mesh, Caller(pod("web", "node")), pod("db", "node"), None, 8080, headless).courses()
    assert course.hops[0].point is not None
    assert (course.hops[0].point.http, course.hops[0].point.service) == (True, None)
