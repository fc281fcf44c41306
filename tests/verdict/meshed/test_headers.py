"""Headers that are there more than once, and those that proxies write, in questions about one request."""

from __future__ import annotations

from typing import Any

import pytest

import ringfence
from ringfence.cli.request_options import request_of
from ringfence.loading import load_objects
from ringfence.verdict.ends import EndError
from ringfence.world import World
from tests.verdict.meshed.test_preflight import deployment

ROLES = [{"when": [{"key": "request.headers[X-Role]", "values": ["guest", "a,b"]}]}]
PROXIES = [
    {"to": [{"operation": {"paths": ["/id"]}}], "when": [{"key": "request.headers[x-request-id]", "notValues": ["*"]}]},
    {
        "to": [{"operation": {"paths": ["/p"]}}],
        "when": [{"key": "request.headers[x-forwarded-proto]", "values": ["http"]}],
    },
]


def world(rules: list[dict[str, Any]], release: str | None) -> World:
    namespace = {"name": "shop", "labels": {"istio-injection": "enabled"}}
    spec = {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    return load_objects(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace},
            deployment("web"),
            deployment("api"),
            {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": "shop"}, "spec": spec},
            {
                "apiVersion": "security.istio.io/v1",
                "kind": "AuthorizationPolicy",
                "metadata": {"name": "headers", "namespace": "shop"},
                "spec": {"action": "DENY", "rules": rules},
            },
        ],
        istio_version=release,
    )


def said(asked: World, path: str = "/", **headers: Any) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked.can("shop/web", "shop/api", 8080, request=ringfence.request("GET", path, headers=named)).verdict.value


@pytest.mark.parametrize(
    ("release", "guest", "both"),
    [("1.30.0", "denied", "allowed"), ("1.28.4", "allowed", "denied"), (None, "unknown", "unknown")],
)
def test_each_value_of_a_repeated_header_counts_by_itself(release: str | None, guest: str, both: str) -> None:
    asked = world(ROLES, release)
    assert said(asked, x_role=["admin", "guest"]) == guest
    assert said(asked, x_role="admin", X_Role="guest") == guest
    assert said(asked, x_role=["a", "b"]) == both
    assert said(asked, x_role=["a,b"]) == said(asked, x_role=" a,b ") == "denied"
    assert said(asked, x_role="admin") == said(asked, x_role=["admin", "user"]) == "allowed"
    assert said(asked, x_role=["guest", ""]) == ("unknown" if release is None else guest)


@pytest.mark.parametrize(
    ("release", "verdict"), [("1.30.4", "denied"), ("1.30.3", "allowed"), (None, "unknown"), ("1.31.1", "denied")]
)
def test_dots_with_parameters_are_read_as_the_release_does(release: str | None, verdict: str) -> None:
    asked = world([{"to": [{"operation": {"paths": ["/admin/*"]}}]}], release)
    assert said(asked, "/open/..;x/admin/a") == verdict
    assert said(asked, "/open/../admin/a") == "denied"
    assert said(asked, "/admin/b/..;x/a") == "denied", "either way"
    assert said(asked, "/open/b/..;x/a") == "allowed", "either way"


def test_nobody_knows_what_proxies_write() -> None:
    asked = world(PROXIES, "1.30.0")
    assert said(asked) == "allowed"
    assert said(asked, "/id") == said(asked, "/id", x_request_id="mine") == "unknown"
    assert said(asked, "/p") == "unknown"
    assert said(asked, "/p", X_Forwarded_Proto="https") == "allowed"
    assert said(asked, "/p", X_Forwarded_Proto="http") == "denied"


@pytest.mark.parametrize(
    ("name", "expected"), [("x-request-id", "unknown"), ("x-forwarded-proto", "mixed"), ("b", "mixed")]
)
def test_of_all_requests_nobody_chooses_what_proxies_write(name: str, expected: str) -> None:
    asked = world([{"when": [{"key": f"request.headers[{name}]", "values": ["a"]}]}], "1.30.0")
    answer = asked.can("shop/web", "shop/api", 8080)
    assert answer.verdict.value == expected


def test_the_header_of_a_token_is_taken_away_or_not() -> None:
    asked = world([{"when": [{"key": "request.headers[Authorization]", "values": ["*"]}]}], "1.30.0")
    assert said(asked) == "allowed"
    assert said(asked, authorization="Basic me") == "denied"
    token = ringfence.request(claims={"iss": "us"})
    assert asked.can("shop/web", "shop/api", 8080, request=token).verdict.value == "unknown"


def test_the_command_takes_a_header_twice() -> None:
    found = request_of("GET /", None, ("X-Role: a", "x-role:b ", "x-user: me"), (), None)
    assert found is not None
    assert (found.headers, found.repeated) == ({"x-role": "a,b", "x-user": "me"}, {"x-role": ("a", "b")})


@pytest.mark.parametrize("value", [3, [], ["a", 3], None])
def test_a_header_is_a_text_or_some(value: Any) -> None:
    with pytest.raises(EndError, match="is no text"):
        ringfence.request(headers={"x": value})
