"""A stolen service account: who it is, what it opens, and what cuts it."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings

from ringfence import load_objects
from ringfence.layers.network import universe as universes
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import coverage_of
from ringfence.model.mesh import Identity
from ringfence.reports.blast_radius_text import sections
from ringfence.sets.ports import describe, port_key
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.blast_radius import BlastRadius
from ringfence.verdict.ends import Directory, EndError
from ringfence.verdict.meshed.asking import MeshedAsker, Question
from ringfence.verdict.meshed.grid import MeshedGrid
from ringfence.verdict.meshed.reach import Holder, Reading
from ringfence.verdict.meshed.stolen import stolen_account
from ringfence.verdict.spreading import Somewhere
from ringfence.world import World
from tests.layers.mesh.fake_mesh import FakeMesh
from tests.verdict.meshed.test_grid import PORTS, worlds
from tests.verdict.meshed.test_what_if import STRICT, istio, pod

TRUST = "spiffe://cluster.local/ns/shop/sa"


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_a_thief_gets_what_any_form_gets_from_any_pod(made: tuple[list[dict[str, Any]], FakeMesh]) -> None:
    objects, mesh = made
    world = load_objects(objects, cni="calico")
    cluster = world.cluster
    mesh.pods = list(cluster.pods)
    universe = universes.build(cluster, coverage_of(world.profile), apart=mesh.kind)
    relation = Relation(cluster, world.profile, universe)
    asker = MeshedAsker(Asker(relation, Directory(universe, cluster)), mesh)
    stolen = Identity("spiffe://fake/a", "shop", "a")
    grid = MeshedGrid(relation, mesh, Reading.UNBOUND)
    start = Somewhere(grid.holding(Holder(False, (stolen,))), grid.holding(Holder(False)))
    for destination, port in product(range(universe.pods), PORTS):
        step, key = start.step_into(destination), port_key("TCP", port)
        said = Verdict.ALLOWED if relation.ports.contains(step.sure, key) else Verdict.UNKNOWN
        if not relation.ports.contains(relation.ports.union(step.sure, step.perhaps), key):
            said = Verdict.DENIED
        found = [
            _judged(asker, world, source, destination, port, stolen)
            for source in range(universe.pods)
            if source != destination
        ]
        wanted = next((one for one in (Verdict.ALLOWED, Verdict.UNKNOWN) if one in found), Verdict.DENIED)
        assert said is wanted, (destination, port)
        place = start.place(destination, key)
        assert (place >= 0) is (wanted is not Verdict.DENIED)
        if place >= 0:
            assert _judged(asker, world, place, destination, port, stolen) is wanted


def _judged(asker: MeshedAsker, world: World, source: int, destination: int, port: int, stolen: Identity) -> Verdict:
    universe, cluster = asker.asker.relation.universe, asker.cluster
    names = (f"shop/{cluster.pods[universe.members[one][0]].name}" for one in (source, destination))
    (flow,) = asker.asker.flows.between(*map(asker.asker.directory.find, names), world.question(port, "TCP"))
    question = Question(asker, flow, asker.asker.regions(flow)[0][0], None, 0, None)
    call = question.call()
    assert call is not None
    verdicts: dict[bool, list[Verdict]] = {}
    for course in replace(call, presented=stolen).unbound():
        says = {fact.endswith("has its proxy") for fact, _ in course.facts}
        for case in says or {True, False}:
            verdicts.setdefault(case, []).append(question.judge(course).verdict)
    passes = [Verdict.ALLOWED in found or Verdict.MIXED in found for found in verdicts.values()]
    if all(passes):
        return Verdict.ALLOWED
    denied = all(set(found) == {Verdict.DENIED} for found in verdicts.values())
    return Verdict.DENIED if denied else Verdict.UNKNOWN


# What it opens.

SPACE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}},
}
AMBIENT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "calm", "labels": {"istio.io/dataplane-mode": "ambient"}},
}
EVERYWHERE = istio("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}}, "istio-system")


def only(name: str, account: str, namespace: str = "shop") -> dict[str, Any]:
    """Lets one identity in to a workload."""
    source = {"principals": [f"cluster.local/ns/shop/sa/{account}"]}
    spec = {"selector": {"matchLabels": {"app": name}}, "rules": [{"from": [{"source": source}]}]}
    return istio("AuthorizationPolicy", f"{name}-from-{account}", spec, namespace)


def network(name: str, *ports: int, namespace: str = "shop", source: str = "") -> dict[str, Any]:
    """Lets pods in at some ports, or nobody; ``source``: only pods labelled so, of its namespace."""
    rule: dict[str, Any] = {"ports": [{"port": port} for port in ports]}
    if source:
        rule["from"] = [{"podSelector": {"matchLabels": {"app": source}}}]
    spec = {"podSelector": {"matchLabels": {"app": name}}, "ingress": [rule] if ports else []}
    metadata = {"name": f"{name}-{source or 'all'}", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def cluster(*more: dict[str, Any]) -> World:
    objects = [SPACE, EVERYWHERE, STRICT, *(pod(name) for name in ("web", "orders", "db")), *more]
    return load_objects(objects, cni="calico", istio_version="1.29")


def bought(found: BlastRadius) -> dict[str, str]:
    return {one.name: describe(one.ports) for one in found.bought}


def reached(found: BlastRadius) -> dict[str, tuple[int, str]]:
    return {one.name: (one.depth, describe(one.hop.ports)) for one in found.fallen if one.name.startswith(("sh", "ca"))}


def test_it_opens_what_asks_for_it_where_the_network_lets_any_pod_through() -> None:
    world = cluster(only("orders", "web"), only("db", "orders"), network("orders", 8080), network("db", 5432))
    found = world.blast_radius("shop/serviceaccount/web")
    assert bought(found) == {"shop/orders": "TCP 8080", "shop/web": bought(found)["shop/web"]}
    tree = reached(found)
    assert tree["shop/orders"] == (1, "TCP 8080")
    # From there he is the orders' account, too.
    assert tree["shop/db"] == (2, "TCP 5432")
    other = cluster(only("orders", "web"), network("orders", 8080), network("web")).blast_radius("shop/sa/db")
    assert bought(other).keys() == {"shop/db"}
    assert "shop/orders" not in reached(other)


def test_the_network_still_asks_where_he_is() -> None:
    closed = cluster(only("orders", "web"), network("orders"))
    assert "shop/orders" not in reached(closed.blast_radius("shop/serviceaccount/web"))
    from_db = cluster(only("orders", "web"), network("orders", 8080, source="db"))
    assert reached(from_db.blast_radius("shop/serviceaccount/web"))["shop/orders"] == (1, "TCP 8080")


@pytest.mark.parametrize(("port", "opens"), [(15008, True), (8080, False)])
def test_ztunnel_takes_the_certificate_through_the_tunnel_alone(port: int, opens: bool) -> None:
    world = cluster(
        AMBIENT, pod("vault", "calm"), only("vault", "web", "calm"), network("vault", port, namespace="calm")
    )
    found = world.blast_radius("shop/serviceaccount/web")
    assert ("calm/vault" in bought(found)) is opens
    if opens:
        (entry,) = (one for one in found.fallen if one.name == "calm/vault")
        assert entry.hop.because is not None
        layered = entry.hop.because.layered
        assert layered is not None
        (hop,) = layered.hops
        assert (hop.port, hop.identity, hop.encryption) == ("15008/TCP", f"{TRUST}/web", "hbone")


def test_a_step_names_who_lets_it_pass_on_every_layer() -> None:
    found = cluster(only("orders", "web"), network("orders", 8080)).blast_radius("shop/sa/web")
    (entry,) = (one for one in found.fallen if one.name == "shop/orders")
    assert entry.hop.because is not None
    named = {(one.layer, one.kind, one.name) for one in entry.hop.because.decided_by}
    assert named == {
        ("network", "NetworkPolicy", "orders-all"),
        ("transport", "PeerAuthentication", "default"),
        ("requests", "AuthorizationPolicy", "orders-from-web"),
    }
    text = "\n".join(" ".join(row) for section in sections(found) for row in section.rows)
    assert "AuthorizationPolicy shop/orders-from-web" in text
    assert f"as {TRUST}/web over mtls" in text


def test_he_may_be_in_the_one_pod_that_the_network_admits() -> None:
    world = cluster(
        only("orders", "web"),
        network("orders", 8080),
        only("db", "web"),
        network("db", 5432, source="orders"),
        network("web"),
    )
    # He may be in the orders' pod from the beginning: one step.
    assert reached(world.blast_radius("shop/sa/web"))["shop/db"] == (1, "TCP 5432")
    ways = world.paths("shop/sa/web", "shop/db").ways
    assert [[(hop.source, hop.destination) for hop in way.hops] for way in ways] == [[("shop/sa/web", "shop/db")]]


def test_a_cut_closes_every_pod_to_it() -> None:
    world = cluster(only("orders", "web"), only("db", "orders"), network("orders", 8080), network("db", 5432))
    found = world.blast_radius("shop/sa/web", ["shop/db"])
    assert found.cut is not None
    steps = [(step.hop.source, step.hop.destination) for step in found.cut.steps]
    assert steps == [("shop/orders", "shop/db")]
    assert found.cut.verified is True
    assert found.cut.weight == 1


def test_flows_of_the_first_step_count_once_in_a_cut() -> None:
    """Every pod reaches the vault's port without a proof: the start's step holds the flows of the others."""
    open_mode = istio(
        "PeerAuthentication", "open", {"selector": {"matchLabels": {"app": "db"}}, "mtls": {"mode": "PERMISSIVE"}}
    )
    world = cluster(open_mode, network("db", 5432))
    found = world.blast_radius("shop/sa/web", ["shop/db"])
    assert found.cut is not None
    assert [(step.hop.source, step.flows) for step in found.cut.steps] == [("shop/sa/web", 2)]
    assert found.cut.weight == 2


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("shop/sa/web", f"{TRUST}/web"),
        ("serviceaccount/shop/web", f"{TRUST}/web"),
        ("shop/ServiceAccount/default", f"{TRUST}/default"),
        (f"{TRUST}/gone", f"{TRUST}/gone"),
        ("other.example/ns/a/sa/b", "spiffe://other.example/ns/a/sa/b"),
        ("shop/web", None),
        ("app=sa@shop", None),
    ],
)
def test_the_forms_of_its_name(text: str, identity: str | None) -> None:
    world = cluster()
    found = stolen_account(text, None, world.cluster, world.mesh)
    assert (found and found.text) == identity


def test_a_name_with_its_namespace_given_apart() -> None:
    assert cluster().blast_radius("sa/web", namespace="shop").source == "sa/web"


@pytest.mark.parametrize(
    ("text", "hint"),
    [("shop/sa/wep", "shop/serviceaccount/web"), ("shopp/sa/web", "shop"), ("shop/sa/zzzzz", "spiffe://")],
)
def test_an_account_that_there_is_not(text: str, hint: str) -> None:
    with pytest.raises(EndError) as caught:
        cluster().blast_radius(text)
    assert hint in caught.value.hint


def test_without_a_mesh_nobody_asks_for_an_identity() -> None:
    world = load_objects([pod("web")], cni="calico")
    for text in ("shop/sa/web", f"{TRUST}/web"):
        with pytest.raises(EndError, match="shows no mesh"):
            world.blast_radius(text)


def test_a_certificate_of_another_trust_domain_opens_nothing() -> None:
    world = cluster(only("orders", "web"), network("orders", 8080))
    assert bought(world.blast_radius("spiffe://elsewhere/ns/shop/sa/web")) == {}


def test_the_documents_say_layers_and_what_it_opens() -> None:
    from ringfence.reports.blast_radius_documents import blast_radius_document
    from ringfence.reports.context import Context
    from ringfence.reports.structured import json_text

    world = cluster(only("orders", "web"), network("orders", 8080), network("web"))
    found = world.blast_radius("shop/sa/web")
    told = json.loads(json_text(blast_radius_document(found, Context("calico", ""))))
    assert told["layers"] == ["network", "transport", "requests"]
    assert {"name": "shop/orders", "ports": [{"protocol": "TCP", "first": 8080, "last": 8080}]} in told["bought"]
    (entry,) = (one for one in told["fallen"] if one["name"] == "shop/orders")
    assert entry["hop"]["layered"]["hops"][0]["identity"] == f"{TRUST}/web"
