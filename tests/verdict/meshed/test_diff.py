"""A difference of two states with a mesh speaks of requests, of what encrypts, and of whom the server knows."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.reports.differences.layers import request_text
from ringfence.reports.differences.request_documents import request_document
from ringfence.verdict.meshed.request import request

Object = dict[str, Any]


def made(version: str, kind: str, name: str, spec: Object, namespace: str = "shop") -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def namespace(name: str, **labels: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def workload(name: str, space: str = "shop", account: str = "", **annotations: str) -> list[Object]:
    template = {
        "metadata": {"labels": {"app": name}, "annotations": annotations},
        "spec": {"serviceAccountName": account or name, "containers": [{"name": "main"}]},
    }
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    port = {"name": "http", "port": 80, "targetPort": 8080}
    return [
        made("apps/v1", "Deployment", name, spec, space),
        made("v1", "Service", name, {"selector": {"app": name}, "ports": [port]}, space),
    ]


def authorization(name: str, *rules: Object, action: str = "ALLOW", app: str = "api") -> Object:
    spec = {"selector": {"matchLabels": {"app": app}}, "action": action, "rules": list(rules)}
    return made("security.istio.io/v1", "AuthorizationPolicy", name, spec)


def to(*methods: str, **more: Any) -> Object:
    return {"to": [{"operation": {"methods": list(methods), **more}}]}


def peers(mode: str) -> Object:
    return made("security.istio.io/v1", "PeerAuthentication", "default", {"mtls": {"mode": mode}})


def rule(host: str, mode: str) -> Object:
    return made(
        "networking.istio.io/v1", "DestinationRule", "tls", {"host": host, "trafficPolicy": {"tls": {"mode": mode}}}
    )


CONFIG: Object = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "istio", "namespace": "istio-system"},
    "data": {"mesh": "trustDomain: cluster.local"},
}
BASE = [
    CONFIG,
    namespace("istio-system"),
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("plain"),
    *workload("web"),
    *workload("api"),
    *workload("old", "plain"),
]


def world(*more: Object, base: list[Object] | None = None) -> Any:
    objects = [*(BASE if base is None else base), *more]
    named = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in objects}
    return load_objects(list(named.values()), cni="calico", istio_version="1.29")


def rows(before: Any, after: Any, source: str = "shop/web", destination: str = "shop/api") -> list[Any]:
    found = before.diff(after)
    assert found.layered
    port = 8080
    return [
        row
        for row in found.rows
        if source in row.sources
        and destination in row.destinations
        and any(first <= port <= last for first, last in row.ports)
    ]


def verdicts(worlds: tuple[Any, Any], row: Any, asked: Any) -> list[str]:
    witness = row.witness
    port = int(witness.port.partition("/")[0])
    names = (witness.source_before, witness.destination_before), (witness.source, witness.destination)
    return [
        one.can(*own, port, "TCP", request=asked.request).verdict.value for one, own in zip(worlds, names, strict=True)
    ]


def test_more_methods_are_more_though_the_port_stays() -> None:
    before, after = world(authorization("reads", to("GET"))), world(authorization("reads", to("GET", "POST")))
    (row,) = rows(before, after)
    assert (row.change, row.before, row.after) == ("widened", "mixed", "mixed")
    assert row.witness.gained.request == request("POST", "/")
    assert row.witness.lost is None
    assert verdicts((before, after), row, row.witness.gained) == ["denied", "allowed"]
    assert [(cause.altered.kind, cause.altered.name, cause.rule) for cause in row.causes] == [
        ("AuthorizationPolicy", "reads", 0)
    ]
    assert row.layers.before.requests == "method GET"
    assert row.layers.after.requests == "method GET or POST"


def test_from_some_requests_to_all_is_more() -> None:
    (row,) = rows(world(authorization("reads", to("GET"))), world())
    assert (row.change, row.before, row.after) == ("widened", "mixed", "allowed")
    assert (row.witness.gained.before, row.witness.gained.after) == ("denied", "allowed")
    assert row.causes[0].altered.how == "removed"


def test_sets_of_which_none_is_within_the_other_change_both_ways() -> None:
    before, after = world(authorization("one", to("GET"))), world(authorization("one", to("POST")))
    (row,) = rows(before, after)
    assert row.change == "changed"
    assert row.witness.gained.request.method == "POST"
    assert row.witness.lost.request.method == "GET"
    assert verdicts((before, after), row, row.witness.gained) == ["denied", "allowed"]
    assert verdicts((before, after), row, row.witness.lost) == ["allowed", "denied"]


def test_policies_that_are_written_otherwise_and_say_the_same_are_no_row() -> None:
    before = world(authorization("one", to("GET"), to("POST")))
    after = world(authorization("one", to("POST", "GET")))
    found = before.diff(after)
    assert found.same
    assert [one.name for one in found.without_effect] == ["one"]


@pytest.mark.parametrize("token", [False, True])
def test_a_witness_has_the_query_that_tells_the_states_apart(token: bool) -> None:
    match = {"queryParams": {"beta": {"exact": "yes"}}}
    routes = [
        {"match": [match], "route": [{"destination": {"host": "web"}}]},
        {"route": [{"destination": {"host": "api"}}]},
    ]
    moved = made("networking.istio.io/v1", "VirtualService", "beta", {"hosts": ["api"], "http": routes})
    asks = {"when": [{"key": "request.auth.claims[group]", "values": ["dev"]}]}
    issuer = {"selector": {"matchLabels": {"app": "api"}}, "jwtRules": [{"issuer": "us"}]}
    tokens = made("security.istio.io/v1", "RequestAuthentication", "tokens", issuer)
    more = [authorization("tokens", asks), tokens] if token else []
    before, after = world(*more), world(*more, moved)
    found = [row for row in rows(before, after) if row.witness.lost is not None]
    (row,) = found
    assert row.witness.lost.request.target == "/?beta=yes"
    assert verdicts((before, after), row, row.witness.lost) == ["allowed", "denied"]
    assert [cause.altered.name for cause in row.causes] == ["beta"]
    assert request_text(row.witness.lost.request).startswith("GET /?beta=yes")
    assert request_document(row.witness.lost.request).path == "/?beta=yes"


def test_strict_to_permissive_lets_in_who_has_no_certificate() -> None:
    found = rows(world(peers("STRICT")), world(peers("PERMISSIVE")), "plain/old")
    assert [(row.change, row.before, row.after) for row in found] == [("widened", "denied", "allowed")]
    assert [cause.altered.kind for cause in found[0].causes] == ["PeerAuthentication"]
    assert found[0].causes[0].altered.how == "changed"
    assert rows(world(peers("STRICT")), world(peers("PERMISSIVE"))) == []


def test_strict_to_permissive_opens_a_way_past_what_denies_an_identity() -> None:
    deny = authorization("no-web", {"from": [{"source": {"principals": ["*/sa/web"]}}]}, action="DENY")
    before, after = world(peers("STRICT"), deny), world(peers("PERMISSIVE"), deny)
    (row,) = rows(before, after)
    assert (row.change, row.layers.aspect) == ("widened", "unbound")
    assert (row.before, row.after) == ("denied", "allowed")
    assert [cause.altered.kind for cause in row.causes] == ["PeerAuthentication"]
    assert (
        before.can("shop/web", "shop/api", 8080).verdict == after.can("shop/web", "shop/api", 8080).verdict == "denied"
    )


def test_less_encryption_is_a_row_of_its_own() -> None:
    (row,) = rows(world(), world(rule("api.shop.svc.cluster.local", "DISABLE")))
    assert (row.change, row.before, row.after, row.layers.aspect) == ("weakened", "allowed", "allowed", "protection")
    assert (row.layers.before.encryption, row.layers.after.encryption) == ("mtls", "none")
    assert (row.layers.before.identity, row.layers.after.identity) == ("spiffe://cluster.local/ns/shop/sa/web", None)
    assert [cause.altered.kind for cause in row.causes] == ["DestinationRule"]
    (back,) = rows(world(rule("api.shop.svc.cluster.local", "DISABLE")), world())
    assert back.change == "strengthened"


def test_encryption_alone_is_more_than_none() -> None:
    simple = rule("old.plain.svc.cluster.local", "SIMPLE")
    found = rows(world(), world(simple), "shop/web", "plain/old")
    assert [(row.change, row.layers.before.encryption, row.layers.after.encryption) for row in found] == [
        ("strengthened", "none", "tls")
    ]


def test_a_client_that_breaks_itself_is_narrowed_and_nobody_else() -> None:
    strict = peers("STRICT")
    found = rows(world(strict), world(strict, rule("api.shop.svc.cluster.local", "DISABLE")))
    assert [(row.change, row.layers.aspect, row.layers.after.holds) for row in found] == [
        ("narrowed", "configured", False)
    ]


def test_another_service_account_is_somebody_else() -> None:
    base = [one for one in BASE if one["metadata"]["name"] != "web"]
    (row,) = rows(world(), world(*workload("web", account="other"), base=base))
    assert (row.change, row.layers.aspect) == ("otherwise", "protection")
    assert row.layers.after.identity == "spiffe://cluster.local/ns/shop/sa/other"
    assert [(cause.altered.kind, cause.altered.name) for cause in row.causes] == [("Deployment", "web")]


def test_a_namespace_that_leaves_the_mesh_is_the_cause() -> None:
    base = [one for one in BASE if one["kind"] != "Namespace"]
    out = [namespace("istio-system"), namespace("plain"), namespace("shop")]
    found = rows(world(), world(*out, base=base))
    assert [(row.change, row.causes[0].altered.kind) for row in found] == [("weakened", "Namespace")]


def test_the_first_mesh_protects() -> None:
    bare = [one for one in BASE if one["kind"] not in ("Namespace", "ConfigMap")]
    spaces = [namespace("istio-system"), namespace("plain"), namespace("shop")]
    before = load_objects([*spaces, *bare], cni="calico")
    assert before.mesh is None
    (row,) = rows(before, world())
    assert (row.change, row.layers.before.encryption, row.layers.after.encryption) == ("strengthened", "none", "mtls")


def test_tokens_that_are_not_taken_any_more_are_fewer_requests() -> None:
    issuer = {"issuer": "https://issuer.example"}
    takes = made("security.istio.io/v1", "RequestAuthentication", "jwt", {"jwtRules": [issuer]})
    before, after = world(), world(takes)
    (row,) = rows(before, after)
    assert (row.change, row.before, row.after) == ("narrowed", "allowed", "allowed")
    assert row.witness.lost.request.claims
    assert verdicts((before, after), row, row.witness.lost) == ["allowed", "denied"]


def test_registry_only_closes_what_clients_get_outside_but_binds_nobody() -> None:
    only = {**CONFIG, "data": {"mesh": "trustDomain: cluster.local\noutboundTrafficPolicy: {mode: REGISTRY_ONLY}"}}
    found = world().diff(world(only))
    closed = [row for row in found.rows if "shop/web" in row.sources]
    assert {end for row in closed for end in row.destinations if end[0].isdigit()}
    assert all(
        (row.change, row.layers.aspect, row.layers.after.holds) == ("narrowed", "configured", False) for row in closed
    )
    assert {cause.altered.kind for row in closed for cause in row.causes} == {"ConfigMap"}


@pytest.mark.parametrize("policy", ["network", "mesh"])
def test_causes_are_of_either_layer(policy: str) -> None:
    deny: Object = {
        "network": made(
            "networking.k8s.io/v1", "NetworkPolicy", "none", {"podSelector": {"matchLabels": {"app": "api"}}}
        ),
        "mesh": authorization("none"),
    }[policy]
    other = authorization("elsewhere", to("GET"), app="nobody")
    (row,) = rows(world(), world(deny, other))
    assert (row.change, row.before, row.after, row.explained) == ("narrowed", "allowed", "denied", True)
    assert [cause.altered.name for cause in row.causes] == ["none"]


def test_two_changes_that_only_together_make_a_difference_are_both_causes() -> None:
    deny = made("networking.k8s.io/v1", "NetworkPolicy", "none", {"podSelector": {"matchLabels": {"app": "api"}}})
    other = authorization("elsewhere", to("GET"), app="nobody")
    (row,) = rows(world(deny, authorization("none"), other), world())
    assert row.change == "widened"
    assert sorted(cause.altered.kind for cause in row.causes) == ["AuthorizationPolicy", "NetworkPolicy"]


def test_equivalent_asks_about_requests() -> None:
    less, more = world(authorization("reads", to("GET"))), world(authorization("reads", to("GET", "POST")))
    found = less.equivalent(more)
    assert (found.order, found.layered) == ("within", True)
    assert found.less.request == request("POST", "/")
    assert (found.less.before, found.less.after) == ("denied", "allowed")
    assert more.equivalent(less).order == "contains"
    other = world(authorization("writes", to("POST")))
    both = less.equivalent(other)
    assert both.order == "neither"
    assert (both.more.request.method, both.less.request.method) == ("GET", "POST")
    same = world(authorization("one", to("GET"), to("POST"))).equivalent(world(authorization("two", to("POST", "GET"))))
    assert same.order == "equal"


def test_a_way_that_opens_for_who_controls_the_client_is_no_equality() -> None:
    deny = authorization("no-web", {"from": [{"source": {"principals": ["*/sa/web"]}}]}, action="DENY")
    inside = [one for one in BASE if one["metadata"]["name"] != "old"]
    closed = made("networking.k8s.io/v1", "NetworkPolicy", "inside", {
        "podSelector": {}, "ingress": [{"from": [{"podSelector": {}}], "ports": [{"port": 8080}]}],
    })  # fmt: skip
    before, after = (world(peers(mode), deny, closed, base=inside) for mode in ("STRICT", "PERMISSIVE"))
    found = before.equivalent(after)
    assert found.order == "within"
    assert found.less.unbound
    assert before.fingerprint() != after.fingerprint()


def test_what_encrypts_is_no_matter_of_what_is_allowed() -> None:
    before, after = world(), world(rule("api.shop.svc.cluster.local", "DISABLE"))
    assert before.equivalent(after).order == "equal"
    assert before.fingerprint() == after.fingerprint()


def test_fingerprints_tell_sets_of_requests_apart_and_not_how_they_are_written() -> None:
    reads = world(authorization("reads", to("GET")))
    assert reads.fingerprint() != world().fingerprint()
    assert reads.fingerprint() != world(authorization("reads", to("GET", "POST"))).fingerprint()
    assert reads.fingerprint() == world(authorization("others", to("GET"), to("GET", paths=["/x"]))).fingerprint()


def test_every_possible_cluster_is_decided_where_the_mesh_is_the_same() -> None:
    policy = made("networking.k8s.io/v1", "NetworkPolicy", "none", {"podSelector": {"matchLabels": {"app": "api"}}})
    other = {**policy, "metadata": {**policy["metadata"], "name": "nobody"}}
    mesh = authorization("reads", to("GET"))
    found = world(policy, mesh).equivalent(world(other, mesh), universal=True)
    assert (found.order, found.universal, found.layered) == ("equal", True, True)


ELSEWHERE = {"from": [{"source": {"namespaces": ["far"]}}], "to": [{"operation": {"paths": ["/b", "/a"]}}]}


@pytest.mark.parametrize(
    "other",
    [
        {**CONFIG, "data": {"mesh": "trustDomain: other"}},
        authorization("reads", to("GET"), ELSEWHERE),
        authorization("more", to("GET"), app="nobody"),
    ],
    ids=["settings", "a namespace that is not there", "a workload that is not there"],
)
def test_every_possible_cluster_is_not_decided_where_the_mesh_differs_and_these_clusters_do_not(other: Object) -> None:
    mesh = authorization("reads", to("GET"))
    found = world(mesh).equivalent(world(mesh, other), universal=True)
    assert (found.order, found.more, found.less) == ("undecided", None, None)
    assert [one.what.split("/")[-1] for one in found.why] == [other["metadata"]["name"]]


@pytest.mark.parametrize(
    ("before", "after", "order", "witnesses"),
    [
        ([authorization("one", to("GET"))], [authorization("one", to("POST"))], "neither", (True, True)),
        ([authorization("one", to("GET"))], [authorization("one", to("GET", "POST"))], "different", (False, True)),
        ([authorization("one", to("GET", "POST"))], [authorization("two", to("GET"))], "different", (True, False)),
        ([], [peers("STRICT")], "different", (True, False)),
        ([peers("STRICT")], [authorization("none")], "neither", (True, True)),
    ],
    ids=["methods", "more", "less", "transport", "both layers"],
)
def test_a_witness_of_one_cluster_shows_that_not_every_one_is_the_same(
    before: list[Object], after: list[Object], order: str, witnesses: tuple[bool, bool]
) -> None:
    found = world(*before).equivalent(world(*after), universal=True)
    assert (found.order, found.universal, found.layered) == (order, True, True)
    assert (found.more is not None, found.less is not None) == witnesses
    assert world(*after).equivalent(world(*before), universal=True).order == order


def test_witnesses_are_of_one_cluster_with_either_set_of_policies() -> None:
    # What the clusters themselves differ in says nothing of their policies.
    mesh = authorization("reads", to("GET"))
    fewer = [one for one in BASE if one["metadata"]["name"] != "web"]
    other = authorization("more", to("GET"), app="nobody")
    assert world(mesh).equivalent(world(mesh, other, base=fewer)).order == "contains"
    assert world(mesh).equivalent(world(mesh, other, base=fewer), universal=True).order == "undecided"
    # Only the cluster of the second state has whom the policies tell apart, and only the first has its policy.
    wide, small = world(authorization("reads", to("GET")), base=fewer[:4]), world(*workload("more"))
    found = wide.equivalent(small, universal=True)
    assert (found.order, found.less is not None, found.more) == ("different", True, None)
    back = small.equivalent(wide, universal=True)
    assert (back.order, back.less, back.more is not None) == ("different", None, True)


def test_policies_of_the_network_are_taken_with_those_of_the_mesh() -> None:
    closed = made("networking.k8s.io/v1", "NetworkPolicy", "none", {"podSelector": {"matchLabels": {"app": "api"}}})
    # Alone, the policy of requests would let more through; what else changes closes it.
    before, after = world(authorization("reads", to("GET"))), world(closed, authorization("reads", to("GET", "POST")))
    found = before.equivalent(after, universal=True)
    assert (found.order, found.less) == ("different", None)
    assert found.more.after == "denied"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([authorization("one", to("GET", "POST"), ELSEWHERE)], [authorization("one", ELSEWHERE, to("POST", "GET"))]),
        ([authorization("one", to("GET"))], [authorization("two", to("GET", "GET"))]),
        (
            [authorization("one", to("GET")), authorization("two", to("POST"))],
            [authorization("two", to("GET")), authorization("one", to("POST"))],
        ),
    ],
    ids=["order", "name", "names"],
)
def test_policies_of_requests_that_say_the_same_are_the_same_everywhere(
    before: list[Object], after: list[Object]
) -> None:
    assert world(*before).equivalent(world(*after), universal=True).order == "equal"


@pytest.mark.parametrize(
    "other",
    [
        authorization("one", to("GET"), to("GET", paths=["/a"]), app="nobody"),
        {**authorization("two", to("GET"), app="nobody"), "metadata": {"name": "two", "namespace": "plain"}},
        authorization("two", to("GET"), action="DENY", app="nobody"),
        {
            **authorization("two", to("GET"), app="nobody"),
            "metadata": {"name": "two", "namespace": "shop", "annotations": {"istio.io/dry-run": "true"}},
        },
    ],
    ids=["rules", "namespace", "action", "dry run"],
)
def test_policies_of_requests_that_say_something_else_are_not_the_same(other: Object) -> None:
    state = world(authorization("one", to("GET"), app="nobody"))
    assert state.equivalent(world(other), universal=True).order == "undecided"


def test_differences_of_requests_are_differences() -> None:
    less, more = world(authorization("reads", to("GET"))), world(authorization("reads", to("GET", "POST")))
    found = [one for one in less.difference(more) if (one.source, one.destination) == ("shop/web", "shop/api")]
    assert [(one.before, one.after) for one in found] == [("mixed", "mixed")]
    assert less.difference(less) == []


def test_a_waypoint_is_part_of_the_way() -> None:
    labels = {"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "way"}
    own = {"gateway.networking.k8s.io/gateway-name": "way", "gateway.istio.io/managed": "istio.io-mesh-controller"}
    template = {"metadata": {"labels": own}, "spec": {"serviceAccountName": "way", "containers": [
        {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.29.0"}]}}  # fmt: skip
    gateway = made("gateway.networking.k8s.io/v1", "Gateway", "way", {
        "gatewayClassName": "istio-waypoint", "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}],
    })  # fmt: skip
    way = made("apps/v1", "Deployment", "way", {"selector": {"matchLabels": own}, "template": template})
    base = [one for one in BASE if one["metadata"]["name"] != "shop"]
    ambient = [namespace("shop", **labels), gateway, way]
    closed = made("networking.k8s.io/v1", "NetworkPolicy", "ways", {
        "podSelector": {"matchLabels": own}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "x"}}}]}],
    })  # fmt: skip
    before, after = world(*ambient, base=base), world(*ambient, closed, base=base)
    found = [row for row in rows(before, after) if row.layers.aspect == "configured"]
    assert [(row.change, row.before, row.after) for row in found] == [("narrowed", "allowed", "denied")]
    assert [cause.altered.kind for cause in found[0].causes] == ["NetworkPolicy"]


def test_flows_of_a_new_workload_are_told_with_their_requests() -> None:
    fewer = [one for one in BASE if one["metadata"]["name"] != "web"]
    reads = authorization("reads", to("GET", paths=["/orders"]))
    before, after = world(reads, base=fewer), world(reads)
    (row,) = rows(before, after)
    assert (row.change, row.before, row.after) == ("new", None, "mixed")
    assert row.witness.gained.request == request("GET", "/orders")
    assert (row.witness.gained.before, row.witness.gained.after, row.witness.lost) == (None, "allowed", None)
    assert (row.layers.aspect, row.layers.before) == ("configured", None)
    assert row.layers.after.requests == "method GET, path /orders"
    (back,) = rows(after, before)
    assert (back.change, back.witness.lost.request, back.witness.gained) == ("gone", row.witness.gained.request, None)
    assert (back.witness.lost.before, back.witness.lost.after, back.layers.after) == ("allowed", None, None)


def test_a_new_workload_of_which_all_passes_or_nothing_needs_no_request() -> None:
    fewer = [one for one in BASE if one["metadata"]["name"] != "web"]
    (row,) = rows(world(base=fewer), world())
    assert (row.change, row.after, row.witness.gained, row.layers.after.requests) == ("new", "allowed", None, "all")
    none = authorization("none")
    assert rows(world(none, base=fewer), world(none)) == []


def test_what_a_new_workload_gets_past_its_own_proxy_is_told_apart() -> None:
    fewer = [one for one in BASE if one["metadata"]["name"] != "web"]
    strict, plain = peers("STRICT"), rule("api.shop.svc.cluster.local", "DISABLE")
    (row,) = rows(world(strict, plain, base=fewer), world(strict, plain))
    assert (row.change, row.layers.aspect, row.after) == ("new", "unbound", "allowed")


def tls_of(app: str, space: str, name: str) -> Object:
    port = {"name": name, "port": 80, "targetPort": 8080}
    return made("v1", "Service", app, {"selector": {"app": app}, "ports": [port]}, space)


@pytest.mark.parametrize(("source", "app", "space"), [("plain/old", "api", "shop"), ("shop/web", "old", "plain")])
def test_an_application_that_encrypts_no_longer_weakens(source: str, app: str, space: str) -> None:
    before, after = (world(tls_of(app, space, name)) for name in ("https", "http"))
    (row,) = rows(before, after, source, f"{space}/{app}")
    assert (row.change, row.layers.aspect, row.ports) == ("weakened", "protection", ((8080, 8080),))
    assert (row.layers.before.encryption, row.layers.after.encryption) == ("tls", "none")
    assert [(one.altered.kind, one.altered.name) for one in row.causes] == [("Service", app)]
    assert [one.change for one in rows(after, before, source, f"{space}/{app}")] == ["strengthened"]


def test_an_application_below_the_mesh_is_no_matter() -> None:
    assert rows(world(tls_of("api", "shop", "tcp-a")), world(tls_of("api", "shop", "tcp-b"))) == []


def forwarded_from(*blocks: str, port: str = "http") -> list[Object]:
    service = {"selector": {"app": "api"}, "ports": [{"name": port, "port": 80, "targetPort": 8080}]}
    rule = {"from": [{"source": {"remoteIpBlocks": list(blocks)}}]}
    return [made("v1", "Service", "api", service), authorization("blocks", rule)]


OUTSIDE = ("192.0.2.7", "198.51.100.7")


def test_requests_that_tell_no_forwarder_come_from_where_the_connection_does() -> None:
    before, after = world(*forwarded_from("192.0.2.0/24")), world(*forwarded_from("192.0.2.0/24", "198.51.100.0/24"))
    found = [
        row
        for row in before.diff(after).rows
        if "198.51.100.0/24" in row.sources
        and "shop/api" in row.destinations
        and any(first <= 8080 <= last for first, last in row.ports)
    ]
    assert [(row.change, row.layers.aspect) for row in found] == [("widened", "configured")]
    assert found[0].layers.before.requests == "perhaps header[x-forwarded-for] any"
    assert found[0].layers.after.requests == "header[x-forwarded-for] absent; perhaps header[x-forwarded-for] any"
    (asked,) = [found[0].witness.gained]
    assert (asked.before, asked.after, dict(asked.request.headers)) == ("denied", "allowed", {})
    told = request("GET", "/", headers={"x-forwarded-for": "192.0.2.7"})
    for state in (before, after):
        assert state.can(found[0].witness.source, "shop/api", 8080, request=told).verdict == "allowed"
    assert not [row for row in before.diff(after).rows if "192.0.2.0/24" in row.sources]


def test_lists_tell_addresses_apart_from_which_plain_connections_come() -> None:
    state = world(*forwarded_from("192.0.2.0/24", port="tcp"))
    listed = {
        source: row.ports
        for row in state.connections().rows
        if "shop/api" in row.destinations
        for source in row.sources
    }
    assert [state.can(one, "shop/api", 8080).verdict for one in OUTSIDE] == ["allowed", "denied"]
    assert any(first <= 8080 <= last for first, last in listed["192.0.2.0/24"])
    for source, ports in listed.items():
        if source != "192.0.2.0/24" and source[0].isdigit():
            assert not any(first <= 8080 <= last for first, last in ports)
