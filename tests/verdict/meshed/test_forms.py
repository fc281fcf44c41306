"""What clients get who control their pods, asked about one flow."""

from __future__ import annotations

from typing import Any

from ringfence.verdict.meshed.forms import unbound
from tests.verdict.meshed.test_diff import BASE, made, namespace, world


def behind_a_waypoint() -> list[dict[str, Any]]:
    """The pods of ``api`` take the waypoint alone, and only their second Service goes over it."""
    own = {"gateway.networking.k8s.io/gateway-name": "way", "gateway.istio.io/managed": "istio.io-mesh-controller"}
    proxy = {"name": "istio-proxy", "image": "docker.io/istio/proxyv2:1.29.0"}
    template = {"metadata": {"labels": own}, "spec": {"serviceAccountName": "way", "containers": [proxy]}}
    listener = {"name": "mesh", "port": 15008, "protocol": "HBONE"}
    gateway = {"gatewayClassName": "istio-waypoint", "listeners": [listener]}
    second = made("v1", "Service", "second", {"selector": {"app": "api"}, "ports": [{"port": 80, "targetPort": 8080}]})
    second["metadata"]["labels"] = {"istio.io/use-waypoint": "way"}
    return [
        namespace("shop", **{"istio.io/dataplane-mode": "ambient"}),
        made("gateway.networking.k8s.io/v1", "Gateway", "way", gateway),
        made("apps/v1", "Deployment", "way", {"selector": {"matchLabels": own}, "template": template}),
        made("security.istio.io/v1", "AuthorizationPolicy", "way-alone", {
            "selector": {"matchLabels": {"app": "api"}},
            "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/way"]}}]}],
        }),
        second,
    ]  # fmt: skip


def test_who_controls_a_client_calls_by_whichever_service_lets_it() -> None:
    state = world(*behind_a_waypoint())
    asked = state.question(8080, "TCP")
    assert state.can("shop/web", "shop/api", 8080).verdict == "denied"
    assert unbound(state.meshed, state.target("shop/web"), state.target("shop/api"), asked, None) == "allowed"
    row = next(
        row
        for row in world(base=[one for one in BASE if one["metadata"]["name"] != "web"] + behind_a_waypoint())
        .diff(world(*behind_a_waypoint()))
        .rows
        if "shop/web" in row.sources and "shop/api" in row.destinations and row.layers.aspect == "unbound"
    )
    assert (row.change, row.after) == ("new", "allowed")
