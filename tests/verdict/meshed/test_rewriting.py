"""One request that a proxy changes before it sends it on, judged as it arrives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import ringfence
from ringfence.model.rewriting import Rewriting, both
from ringfence.verdict.answers import Answer, Verdict
from ringfence.world import World
from tests.dialects.istio import test_waypoint_routes as ambient
from tests.dialects.istio.meshes import an
from tests.dialects.istio.test_client_routes import API as TO_API
from tests.dialects.istio.test_client_routes import NEXT as TO_NEXT
from tests.dialects.istio.test_client_routes import virtual_service
from tests.dialects.istio.test_service_routes import API, BASE, path, route


def only(operation: dict[str, Any] | None = None, **header: str) -> str:
    """The server takes nothing but this."""
    rule: dict[str, Any] = {"to": [{"operation": operation}]} if operation else {}
    if header:
        rule["when"] = [{"key": f"request.headers[{key}]", "values": [value]} for key, value in header.items()]
    made = an("AuthorizationPolicy", "shop/only", {"selector": {"matchLabels": {"app": "api"}}, "rules": [rule]})
    return made.replace("networking.istio.io", "security.istio.io")


def world(*parts: str, base: tuple[str, ...] = BASE) -> World:
    return ringfence.load_objects(
        [one for one in yaml.safe_load_all("".join((*base, *parts))) if one], assume_no_labels=True
    )


def ask(asked: World, line: str, host: str | None = None, **headers: str) -> Answer:
    method, _, target = line.partition(" ")
    request = ringfence.request(method, target, host, headers or None)
    return asked.can("shop/web", "shop/service/api", 80, request=request)


PREFIX = {"match": [{"uri": {"prefix": "/old/"}}], "rewrite": {"uri": "/"}, "route": TO_API}
EXACT = {"match": [{"uri": {"exact": "/old"}}], "rewrite": {"uri": "/v1/a"}, "route": TO_API}
REGEX = {"match": [{"uri": {"regex": "/o.*"}}], "rewrite": {"uri": "/v1/a"}, "route": TO_API}
EITHER = {"match": [{"uri": {"prefix": "/a/"}}, {"uri": {"prefix": "/"}}], "rewrite": {"uri": "/v1/"}, "route": TO_API}
PARTS = {"rewrite": {"uriRegexRewrite": {"match": "a", "rewrite": "b"}}, "route": TO_API}


@pytest.mark.parametrize(
    ("routes", "line", "verdict"),
    [
        ([PREFIX], "GET /old/v1/a", Verdict.ALLOWED),
        ([PREFIX], "GET /old/v2/a", Verdict.DENIED),
        ([PREFIX], "GET /v1/a", Verdict.DENIED),
        ([PREFIX, {"route": TO_API}], "GET /v1/a", Verdict.ALLOWED),
        ([EXACT], "GET /old", Verdict.ALLOWED),
        ([REGEX], "GET /other", Verdict.ALLOWED),
        ([EITHER], "GET /a/x", Verdict.ALLOWED),
        ([EITHER], "GET /b", Verdict.ALLOWED),
        ([{"rewrite": {"uri": "/v2"}, "route": TO_API}], "GET /v1/a", Verdict.DENIED),
        ([{"rewrite": {"uri": "/v"}, "route": TO_API}], "GET /1/a", Verdict.ALLOWED),
        ([PARTS], "GET /v1/a", Verdict.UNKNOWN),
        ([{**PREFIX, "route": TO_NEXT}, {"route": TO_API}], "GET /old/v1/a", Verdict.DENIED),
    ],
)
def test_paths(routes: list[dict[str, Any]], line: str, verdict: Verdict) -> None:
    asked = world(virtual_service(*routes), only({"paths": ["/v1/*"]}))
    assert ask(asked, line).verdict is verdict


def test_all_requests_together_stay_unknown() -> None:
    asked = world(virtual_service(PREFIX), only({"paths": ["/v1/*"]}))
    assert asked.can("shop/web", "shop/service/api", 80).verdict is Verdict.UNKNOWN
    (row,) = [
        row
        for row in asked.connections(source="shop/web", destination="shop/api").rows
        if any(first <= 8080 <= last for first, last in row.ports)
    ]
    assert row.verdict is Verdict.UNKNOWN


def to_api(**headers: Any) -> dict[str, Any]:
    return {"headers": {"request": headers}, "route": TO_API}


@pytest.mark.parametrize(
    ("entry", "given", "verdict"),
    [
        (to_api(set={"x-user": "me"}), {}, Verdict.ALLOWED),
        (to_api(set={"X-User": "me"}), {"x-user": "you"}, Verdict.ALLOWED),
        (to_api(add={"x-user": "me"}), {}, Verdict.ALLOWED),
        (to_api(add={"x-user": "me"}), {"x-user": "you"}, Verdict.DENIED),
        (to_api(remove=["x-user"]), {"x-user": "me"}, Verdict.DENIED),
        (to_api(remove=["x-user"], set={"x-user": "me"}), {"x-user": "you"}, Verdict.ALLOWED),
        (to_api(set={"x-user": "%REQ(x-real)%"}), {}, Verdict.UNKNOWN),
        (to_api(set={"authorization": "me"}), {"x-user": "me"}, Verdict.UNKNOWN),
        ({"route": [{**TO_API[0], "headers": {"request": {"set": {"x-user": "me"}}}}]}, {}, Verdict.ALLOWED),
        (
            {
                "route": [
                    {**TO_API[0], "weight": 1, "headers": {"request": {"set": {"x-user": "me"}}}},
                    {**TO_API[0], "weight": 1},
                ]
            },
            {},
            Verdict.UNKNOWN,
        ),
    ],
)
def test_header_fields(entry: dict[str, Any], given: dict[str, str], verdict: Verdict) -> None:
    asked = world(virtual_service(entry), only(**{"x-user": "me"}))
    assert ask(asked, "GET /", **given).verdict is verdict


def test_hosts() -> None:
    inside = only({"hosts": ["inside"]})
    assert ask(world(virtual_service({"route": TO_API}), inside), "GET /").verdict is Verdict.DENIED
    rewritten = virtual_service({"rewrite": {"authority": "inside"}, "route": TO_API})
    assert ask(world(rewritten, inside), "GET /").verdict is Verdict.ALLOWED
    assert ask(world(virtual_service(to_api(set={"Host": "inside"})), inside), "GET /").verdict is Verdict.ALLOWED


def rewrite(**kind: Any) -> dict[str, Any]:
    return {"filters": [{"type": "URLRewrite", "urlRewrite": kind}], **API}


def prefix(value: str) -> dict[str, Any]:
    return rewrite(path={"type": "ReplacePrefixMatch", "replacePrefixMatch": value})


FULL = rewrite(path={"type": "ReplaceFullPath", "replaceFullPath": "/v1/x"})
MODIFIED = {"filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": []}}], **API}


@pytest.mark.parametrize(
    ("rules", "line", "verdict"),
    [
        ([{**path("/old"), **prefix("/v1")}], "GET /old/a", Verdict.ALLOWED),
        ([{**path("/old/"), **prefix("/v1/")}], "GET /old/a", Verdict.ALLOWED),
        ([{**path("/old"), **prefix("/v2")}], "GET /old/a", Verdict.DENIED),
        ([{**path("/old"), **prefix("/")}], "GET /old/v1/a", Verdict.ALLOWED),
        ([{**path("/old"), **prefix("")}], "GET /old/v1/a", Verdict.ALLOWED),
        ([{**path("/old"), **prefix("/v1")}], "GET /v1/a", Verdict.DENIED),
        ([prefix("/v1")], "GET /a", Verdict.UNKNOWN),
        ([FULL], "GET /a", Verdict.ALLOWED),
        ([{**path("/old"), **FULL}, API], "GET /v2", Verdict.DENIED),
        ([MODIFIED], "GET /v1/a", Verdict.ALLOWED),
    ],
)
def test_filters_of_the_gateway_api(rules: list[dict[str, Any]], line: str, verdict: Verdict) -> None:
    asked = world(route(*rules), only({"paths": ["/v1/*"]}))
    assert ask(asked, line).verdict is verdict


WITH_SIDECAR = ambient.workload("shop/api", {"version": "v1", "sidecar.istio.io/inject": "true"})


@pytest.mark.parametrize(
    ("made", "line", "verdict"),
    [
        (virtual_service(PREFIX, {"route": TO_API}), "GET /old/v1/a", Verdict.ALLOWED),
        (virtual_service(PREFIX, {"route": TO_API}), "GET /old/v2/a", Verdict.DENIED),
        (virtual_service(PREFIX, {"route": TO_API}), "GET /v1/a", Verdict.ALLOWED),
        (route({**path("/old"), **prefix("/v1")}), "GET /old/a", Verdict.ALLOWED),
        (route({**path("/old"), **prefix("/v1")}), "GET /v1", Verdict.DENIED),
        # Releases differ in how a waypoint takes a prefix away.
        (route({**path("/old"), **prefix("/")}), "GET /old/v1/a", Verdict.UNKNOWN),
    ],
)
def test_behind_a_waypoint(made: str, line: str, verdict: Verdict) -> None:
    """A sidecar behind it judges what is sent on, the waypoint itself what was asked."""
    ends = tuple(one for one in ambient.ENDS if "name: api" not in one or "kind: Service" in one)
    base = (*ambient.SAME, *ends, WITH_SIDECAR)
    assert ask(world(made, only({"paths": ["/v1/*"]}), base=base), line).verdict is verdict
    target = [{"group": "", "kind": "Service", "name": "api"}]
    first = an("AuthorizationPolicy", "shop/first", {"targetRefs": target, "rules": [{"to": [{"operation": {}}]}]})
    first = first.replace("networking.istio.io", "security.istio.io").replace("{}", "{paths: ['/old/*']}")
    seen = ask(world(made, first, base=base), line)
    assert (seen.verdict is Verdict.DENIED) is (not line.startswith("GET /old/")), "it is judged there as it comes"


def test_two_places_that_change_one_field() -> None:
    one, other = Rewriting(replaced=(("a", "1"),)), Rewriting(replaced=(("b", "2"),))
    assert both(one, other).headers_of({"c": "3"}) == {"a": "1", "b": "2", "c": "3"}
    assert both(one, one).unsure
    assert both(one, Rewriting()) == one
