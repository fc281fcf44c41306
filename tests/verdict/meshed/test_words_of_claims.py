"""Claims of which a text is a list of words: ``scope``, ``permission``, and others where a rule says so."""

from __future__ import annotations

from typing import Any

import pytest

import ringfence
from ringfence.loading import load_objects
from ringfence.world import World

ISTIO = "security.istio.io/v1"


def deployment(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main"}]}}
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template}
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def world(claim: str, *issuers: dict[str, Any]) -> World:
    namespace = {"name": "shop", "labels": {"istio-injection": "enabled"}}
    service = {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    rules = [{"when": [{"key": f"request.auth.claims{claim}", "values": ["read"]}]}]
    own: dict[str, Any] = {"namespace": "shop"}
    return load_objects(
        [
            {"apiVersion": "v1", "kind": "Namespace", "metadata": namespace},
            deployment("web"),
            deployment("api"),
            {"apiVersion": "v1", "kind": "Service", "metadata": {**own, "name": "api"}, "spec": service},
            {
                "apiVersion": ISTIO,
                "kind": "RequestAuthentication",
                "metadata": {**own, "name": "tokens"},
                "spec": {"jwtRules": [{"issuer": "us", "jwks": "{}", **one} for one in issuers or ({},)]},
            },
            {
                "apiVersion": ISTIO,
                "kind": "AuthorizationPolicy",
                "metadata": {**own, "name": "readers"},
                "spec": {"selector": {"matchLabels": {"app": "api"}}, "rules": rules},
            },
        ]
    )


def verdict(world: World, claims: dict[str, Any]) -> str:
    asked = ringfence.request("GET", "/", claims={"iss": "us", "sub": "me", **claims})
    return world.can("shop/web", "shop/api", 8080, request=asked).verdict.value


@pytest.mark.parametrize("name", ["scope", "permission"])
def test_every_word_of_a_scope_counts(name: str) -> None:
    asked = world(f"[{name}]")
    told = ["write read", "read", " read  write ", ["write", "read"], "write", "reader", " ", "", ["write read"]]
    passing = [verdict(asked, {name: one}) for one in told]
    assert passing == ["allowed"] * 4 + ["denied"] * 5


def test_other_claims_are_compared_as_they_are() -> None:
    assert verdict(world("[roles]"), {"roles": "write read"}) == "denied"
    assert verdict(world("[roles]", {"spaceDelimitedClaims": ["roles"]}), {"roles": "write read"}) == "allowed"


def test_what_one_rule_of_an_issuer_divides_and_another_does_not_is_open() -> None:
    asked = world("[roles]", {"spaceDelimitedClaims": ["roles"]}, {})
    assert verdict(asked, {"roles": "write read"}) == "unknown"
    assert verdict(asked, {"roles": "read"}) == "allowed"
    elsewhere = world("[roles]", {"spaceDelimitedClaims": ["roles"]}, {"issuer": "others"})
    assert verdict(elsewhere, {"roles": "write read"}) == "allowed"


def test_claims_within_claims_are_open() -> None:
    asked = world("[realm][roles]", {"spaceDelimitedClaims": ["realm.roles"]})
    assert verdict(asked, {"realm": {"roles": "write read"}}) == "unknown"
    assert verdict(asked, {"realm": {"roles": "read"}}) == "allowed"
