"""Edits of the mesh's objects for the steps of a cut: which one is told, and that it closes the step."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence import load_objects
from ringfence.reports.blast_radius_text import sections
from ringfence.verdict.answers import Edit
from ringfence.verdict.blast_radius import BlastRadius, CutStep
from ringfence.world import World
from tests.verdict.meshed.test_steps import BALANCED, PERMISSIVE
from tests.verdict.meshed.test_stolen import AMBIENT, SPACE, network, only
from tests.verdict.meshed.test_what_if import istio, pod

STRICT = {"mtls": {"mode": "STRICT"}}
PLAIN = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}


def open_at(name: str, *ports: int, namespace: str = "shop") -> dict[str, Any]:
    """Lets everybody in at some ports."""
    rule = {"ports": [{"port": port} for port in ports]}
    spec = {"podSelector": {"matchLabels": {"app": name}}, "ingress": [rule]}
    metadata = {"name": f"{name}-open", "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}


def service(name: str, namespace: str = "shop") -> dict[str, Any]:
    """Leads to 8080: without one a client's sidecar sends what it is given."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    metadata = {"name": name, "namespace": namespace}
    spec = {"selector": {"app": name}, "ports": ports}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def cluster(*more: dict[str, Any]) -> World:
    """Three pods in sidecars, of which ``vault`` is open to all at 8080, and one outside of the mesh."""
    objects = [SPACE, AMBIENT, PLAIN, pod("web"), pod("api"), pod("vault"), pod("naked", "plain")]
    return load_objects([*objects, service("vault"), open_at("vault", 8080), *more], cni="calico", istio_version="1.29")


def added(edit: Edit) -> list[dict[str, Any]]:
    assert edit.manifest is not None
    made = dict(edit.manifest)
    return [dict(one) for one in made["items"]] if made["kind"] == "List" else [made]


def step_of(found: BlastRadius, source: str) -> CutStep:
    assert found.cut is not None
    return next(one for one in found.cut.steps if one.hop.source == source)


def closes(world: World, start: str, target: str = "shop/vault") -> Edit:
    """The edit of the step from the start, which is applied to the input, and really closes it."""
    edit = step_of(world.blast_radius(start, [target]), start).edit
    assert edit is not None
    after = world.what_if(add=added(edit))
    assert not any(one.partial for one in after.problems)
    direct = {one.name for one in after.blast_radius(start).fallen if one.depth == 1}
    assert target not in direct
    return edit


def taken(edit: Edit) -> set[tuple[str, str]]:
    return {(one.source, one.destination) for one in edit.also_changes}


def test_who_proves_nothing_is_kept_out_by_strict() -> None:
    edit = closes(cluster(), "plain/naked")
    assert edit.layers == ("transport",)
    assert edit.description == "add a PeerAuthentication that is STRICT for shop/vault"
    assert [one["kind"] for one in added(edit)] == ["PeerAuthentication"]
    # Clients with sidecars come with a proof; nodes and addresses do not.
    assert {"shop/web", "shop/api"}.isdisjoint(source for source, _ in taken(edit))
    assert ("node/unknown", "shop/vault") not in taken(edit)


def test_a_member_is_denied_with_what_proves_nothing_where_plain_text_is_taken() -> None:
    edit = closes(cluster(), "shop/web")
    (made,) = added(edit)
    assert (made["kind"], made["spec"]["action"], edit.layers) == ("AuthorizationPolicy", "DENY", ("requests",))
    (rule,) = made["spec"]["rules"]
    assert {"source": {"principals": ["cluster.local/ns/shop/sa/web"]}} in rule["from"]
    assert {"source": {"notPrincipals": ["*"]}} in rule["from"]
    assert ("plain/naked", "shop/vault") in taken(edit)
    assert ("shop/api", "shop/vault") not in taken(edit)


def test_under_strict_the_denial_of_the_identity_is_enough_and_takes_nothing_else() -> None:
    edit = closes(cluster(istio("PeerAuthentication", "default", STRICT)), "shop/web")
    (made,) = added(edit)
    assert made["spec"]["rules"] == [
        {
            "from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web"]}}],
            "to": [{"operation": {"ports": ["8080"]}}],
        }
    ]
    assert edit.also_changes == ()


def test_an_allow_stops_naming_the_identity_where_that_is_all_it_takes() -> None:
    both = istio(
        "AuthorizationPolicy",
        "two",
        {
            "selector": {"matchLabels": {"app": "vault"}},
            "rules": [
                {"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/web", "cluster.local/ns/shop/sa/api"]}}]}
            ],
        },
    )
    edit = closes(cluster(both), "shop/web")
    assert edit.description == "remove cluster.local/ns/shop/sa/web from rule 0 of AuthorizationPolicy shop/two"
    (made,) = added(edit)
    assert made["spec"]["rules"][0]["from"] == [{"source": {"principals": ["cluster.local/ns/shop/sa/api"]}}]
    assert edit.place is not None
    assert edit.also_changes == ()


def test_the_only_identity_of_a_rule_goes_with_the_rule() -> None:
    edit = closes(cluster(only("vault", "web"), only("vault", "api")), "shop/web")
    assert edit.description.startswith("remove rule 0 of AuthorizationPolicy shop/vault-from-web")
    assert added(edit)[0]["spec"]["rules"] == []


@pytest.mark.parametrize(
    "source",
    [
        {"principals": ["cluster.local/ns/shop/*"]},
        {"namespaces": ["shop"]},
        {"serviceAccounts": ["shop/web", "shop/api"]},
    ],
)
def test_a_rule_for_many_makes_an_exception(source: dict[str, Any]) -> None:
    spec = {"selector": {"matchLabels": {"app": "vault"}}, "rules": [{"from": [{"source": source}]}]}
    edit = closes(cluster(istio("AuthorizationPolicy", "many", spec)), "shop/web")
    assert edit.layers == ("requests",)
    assert ("shop/api", "shop/vault") not in taken(edit)


def test_the_edit_is_told_that_takes_less_even_if_it_is_longer() -> None:
    """The policy that names both is of the whole namespace: without it the web would lose the API, too."""
    sources = [f"cluster.local/ns/shop/sa/{name}" for name in ("web", "api")]
    spec = {"rules": [{"from": [{"source": {"principals": sources}}]}]}
    world = cluster(istio("AuthorizationPolicy", "both", spec), service("api"))
    edit = closes(world, "shop/web")
    assert edit.description.startswith(
        "add an AuthorizationPolicy that denies cluster.local/ns/shop/sa/web at port 8080"
    )
    assert edit.also_changes == ()


def test_a_stolen_account_is_denied_wherever_it_comes_from() -> None:
    world = cluster(istio("PeerAuthentication", "default", STRICT))
    edit = closes(world, "shop/serviceaccount/web")
    assert edit.layers == ("requests",)
    # The pods that have the account by right lose what they had.
    assert taken(edit) == {("shop/web", "shop/vault")}


def test_who_makes_pods_is_denied_by_the_namespace() -> None:
    world = cluster(istio("PeerAuthentication", "default", STRICT))
    edit = closes(world, "app=naked@plain")
    (made,) = added(edit)
    assert made["spec"]["rules"][0]["from"][0] == {"source": {"namespaces": ["plain"]}}


def test_ztunnel_refuses_at_the_port_and_in_the_tunnel() -> None:
    objects = [service("vault", "calm"), *(pod(name, "calm") for name in ("vault", "first", "other"))]
    world = cluster(*objects, open_at("vault", 8080, 15008, namespace="calm"))
    edit = closes(world, "calm/first", "calm/vault")
    (made,) = added(edit)
    assert made["spec"]["action"] == "DENY"
    assert ("calm/other", "calm/vault") not in taken(edit)


def test_a_waypoint_refuses_what_comes_over_it() -> None:
    way = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "way", "namespace": "calm", "labels": {"istio.io/waypoint-for": "all"}},
        "spec": {
            "gatewayClassName": "istio-waypoint",
            "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
        },
    }
    proxy = pod("way", "calm")
    proxy["metadata"]["labels"] |= {
        "gateway.networking.k8s.io/gateway-name": "way",
        "istio.io/dataplane-mode": "none",
        "gateway.istio.io/managed": "istio.io-mesh-controller",
    }
    proxy["spec"]["containers"] = [{"name": "istio-proxy", "image": "istio/proxyv2:1.29.0"}]
    vault = pod("vault", "calm")
    vault["metadata"]["labels"]["istio.io/use-waypoint"] = "way"
    # To the pod itself the network lets the waypoint only.
    objects = [way, proxy, vault, pod("first", "calm"), network("vault", 15008, namespace="calm", source="way")]
    edit = closes(cluster(*objects, open_at("way", 15008, namespace="calm")), "calm/first", "calm/vault")
    (made,) = [one for one in added(edit) if "targetRefs" in one["spec"]]
    assert made["spec"]["targetRefs"] == [{"kind": "Gateway", "group": "gateway.networking.k8s.io", "name": "way"}]


def test_what_comes_past_the_proxy_has_no_edit_of_the_mesh() -> None:
    vault = pod("vault")
    vault["metadata"]["annotations"] = {"traffic.sidecar.istio.io/excludeInboundPorts": "8080"}
    objects = [SPACE, pod("web"), vault, service("vault"), open_at("vault", 8080)]
    world = load_objects(objects, cni="calico", istio_version="1.29")
    edit = step_of(world.blast_radius("shop/web", ["shop/vault"]), "shop/web").edit
    assert edit is None or edit.layers == ("network",)


def test_of_equal_edits_that_of_the_network_is_told() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": 8080}]}
    metadata = {"name": "from-web", "namespace": "shop"}
    spec = {"podSelector": {"matchLabels": {"app": "vault"}}, "ingress": [rule]}
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata, "spec": spec}
    objects = [
        SPACE,
        pod("web"),
        pod("vault"),
        service("vault"),
        policy,
        istio("PeerAuthentication", "default", STRICT),
    ]
    world = load_objects(objects, cni="calico", istio_version="1.29")
    edit = closes(world, "shop/web")
    assert edit.layers == ("network",)


def test_edits_of_both_layers_are_tried_together() -> None:
    world = cluster(istio("PeerAuthentication", "default", STRICT))
    found = world.blast_radius("shop/web", ["shop/vault"])
    assert found.cut is not None
    assert found.cut.verified is True
    text = "\n".join(line for one in sections(found) for line in (*one.lines, *one.after))
    assert "add an AuthorizationPolicy that denies cluster.local/ns/shop/sa/web at port 8080 of shop/vault" in text
    assert "all edits together: no way is left" in text


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    there = istio("AuthorizationPolicy", "deny-shop-web-at-vault", {"action": "DENY", "rules": [{"to": [
        {"operation": {"ports": ["9999"]}}]}]})  # fmt: skip
    world = cluster(istio("PeerAuthentication", "default", STRICT), there)
    edit = closes(world, "shop/web")
    assert added(edit)[0]["metadata"]["name"] == "deny-shop-web-at-vault-2"


def test_a_way_in_is_closed_by_strict() -> None:
    """The network could only close it for everybody in the cluster, too."""
    objects = [SPACE, pod("web"), pod("api"), BALANCED, PERMISSIVE, open_at("web", 8080)]
    world = load_objects(objects, cni="calico", istio_version="1.29")
    found = world.blast_radius("internet", ["shop/web"])
    edit = step_of(found, "internet").edit
    assert edit is not None
    assert edit.layers == ("transport",)
    assert found.cut is not None
    assert found.cut.verified is True
    after = world.what_if(add=added(edit)).blast_radius("internet")
    assert "shop/web" not in {one.name for one in after.fallen}
