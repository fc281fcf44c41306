"""The name of a server that clients ask for in TLS (``connection.sni``), as policies of the server see it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.model.mesh import within
from ringfence.verdict.answers import Verdict
from ringfence.verdict.meshed.reach import Reaches, Reading
from ringfence.world import World
from tests.dialects.istio.meshes import an, namespace, service, workload

API = "api.shop.svc.cluster.local"
HTTP = {"name": "http", "port": 80, "targetPort": 8080}
BYTES = {"name": "tcp-data", "port": 90, "targetPort": 9090}
BASE = (
    namespace("shop", **{"istio-injection": "enabled"}),
    namespace("bare"),
    workload("shop/web"),
    workload("shop/api"),
    workload("bare/web"),
)


def only(*values: str, action: str = "ALLOW", key: str = "values") -> str:
    rules = [{"when": [{"key": "connection.sni", key: list(values)}]}]
    policy = an("AuthorizationPolicy", "shop/only", {"action": action, "rules": rules, **SELECTOR})
    return policy.replace("networking.istio.io", "security.istio.io")


SELECTOR: dict[str, Any] = {"selector": {"matchLabels": {"app": "api"}}}


def to_api(**spec: Any) -> str:
    return an("DestinationRule", "shop/api", {"host": API, **spec})


def mutual(name: str, mode: str = "ISTIO_MUTUAL") -> dict[str, Any]:
    return {"trafficPolicy": {"tls": {"mode": mode, "sni": name}}}


def world(*parts: str, ports: tuple[dict[str, Any], ...] = (HTTP, BYTES)) -> World:
    text = "".join((*BASE, service("shop/api", *ports), *parts))
    return ringfence.load_objects([one for one in yaml.safe_load_all(text) if one], assume_no_labels=True)


def ask(asked: World, source: str = "shop/web", port: int = 8080, end: str = "shop/api") -> Verdict:
    return asked.can(source, end, port, request=ringfence.request("GET", "/")).verdict


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        ((f"outbound_.80_._.{API}",), Verdict.ALLOWED),
        (("outbound_.80_*",), Verdict.ALLOWED),
        (("*",), Verdict.ALLOWED),
        ((f"outbound_.8080_._.{API}",), Verdict.DENIED),
        ((API,), Verdict.DENIED),
    ],
)
def test_a_sidecar_asks_for_the_port_and_the_host_of_the_service(values: tuple[str, ...], verdict: Verdict) -> None:
    asked = world(only(*values))
    assert ask(asked) is verdict
    assert ask(world(only(*values, action="DENY"))) is not verdict
    rows = asked.connections(source="shop/web", destination="shop/api").rows
    assert any(first <= 8080 <= last for row in rows for first, last in row.ports) is (verdict is Verdict.ALLOWED)


def test_bytes_are_asked_for_like_requests() -> None:
    assert ask(world(only(f"outbound_.90_._.{API}")), port=9090) is Verdict.ALLOWED
    assert ask(world(only(f"outbound_.80_._.{API}")), port=9090) is Verdict.DENIED


def test_a_rule_may_say_the_name() -> None:
    named = to_api(**mutual("Api.Example"))
    assert ask(world(only("api.example"), named)) is Verdict.ALLOWED
    assert ask(world(only("Api.Example"), named)) is Verdict.DENIED


def test_of_two_rules_that_may_count_the_name_is_not_known() -> None:
    rules = to_api(**mutual("a.example")), to_api(**mutual("b.example")).replace("name: api", "name: other")
    assert ask(world(only("a.example"), *rules)) is Verdict.UNKNOWN
    assert ask(world(only("*.example"), *rules)) is Verdict.UNKNOWN


def test_plain_requests_ask_for_no_name() -> None:
    assert ask(world(only("*")), "bare/web") is Verdict.DENIED
    assert ask(world(only("*", key="notValues")), "bare/web") is Verdict.ALLOWED
    assert ask(world(only("*", key="notValues"))) is Verdict.DENIED


def test_plain_bytes_may_be_tls_of_the_application() -> None:
    assert ask(world(only("a.example")), "bare/web", 9090) is Verdict.UNKNOWN


def test_two_ports_of_a_service_to_one_of_the_pod() -> None:
    ports = HTTP, {"name": "http-more", "port": 81, "targetPort": 8080}
    asked = world(only(f"outbound_.80_._.{API}"), ports=ports)
    assert ask(asked, port=80, end="shop/service/api") is Verdict.ALLOWED
    assert ask(asked, port=81, end="shop/service/api") is Verdict.DENIED
    # Called by the workload's name, it is dialled at the first port that leads there.
    assert ask(asked) is Verdict.ALLOWED


def test_what_routes_send_may_ask_for_another_name() -> None:
    to = {"host": API, "subset": "v1"}
    subsets = to_api(subsets=[{"name": "v1", "labels": {"app": "api"}}])
    route = an("VirtualService", "shop/api", {"hosts": [API], "http": [{"route": [{"destination": to}]}]})
    assert ask(world(only(f"outbound_.80_._.{API}"), subsets, route)) is Verdict.UNKNOWN


def test_who_controls_its_pod_asks_for_any_name() -> None:
    asked = world(only("a.example"))
    told = asked.can("shop/web", "shop/api", 8080, request=ringfence.request("GET", "/"))
    assert told.layered is not None
    assert (told.verdict, told.layered.holds) == (Verdict.DENIED, False)
    assert asked.mesh is not None
    pods = {pod.workload.name: pod for pod in asked.cluster.pods if pod.namespace == "shop"}
    said = {}
    for reading in Reading:
        found = Reaches(asked.cluster, asked.mesh, reading).reach(pods["web"], None, pods["api"])
        (region,) = [one for one in found if within(one.ports, 8080)]
        said[reading] = [(term.sure, term.possible) for forms in region.worlds for term in forms]
    assert said[Reading.CONFIGURED] == [(False, False)]
    assert (False, True) in said[Reading.UNBOUND]


def test_a_denial_that_no_name_changes_holds() -> None:
    more = only("a.example").replace("- when:", "- to: [{operation: {methods: [POST]}}]\n    when:")
    told = world(more).can("shop/web", "shop/api", 8080, request=ringfence.request("GET", "/"))
    assert told.layered is not None
    assert (told.verdict, told.layered.holds) == (Verdict.DENIED, True)


def test_another_identity_asks_for_any_name() -> None:
    identity = "spiffe://cluster.local/ns/shop/sa/web"
    asked = world(only("a.example"))
    found = asked.can("shop/web", "shop/api", 8080, request=ringfence.request("GET", "/", identity=identity))
    assert found.verdict is Verdict.UNKNOWN
