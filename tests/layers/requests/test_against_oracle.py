"""The reading of policies and the decision of a point, against an evaluator that is written apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.authorization_objects import read_authentication, read_policy
from ringfence.layers.requests.deciding import Outcome, Step, decide
from ringfence.layers.requests.facts import Facts
from ringfence.layers.requests.passing import passing, validated
from ringfence.layers.requests.residue import residue
from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.model.mesh import (
    DESTINATION_ADDRESS,
    HOST,
    METHOD,
    PATH,
    PEER_ADDRESS,
    PEER_IDENTITY,
    PORT,
    REMOTE_ADDRESS,
    SNI,
    Point,
    PointSort,
    RequestRules,
    claim,
    header,
    metadata,
)
from ringfence.sets.addresses import address
from ringfence.sets.languages.limits import TooLarge
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.formulas import NEVER
from ringfence.sets.requests.request import Request, Value
from tests.dialects.reading import of
from tests.layers.requests.policies_drawn import ISSUERS, REQUESTS, policies
from tests.oracle.authorization import Asked, Where, answer

CHAINS = {"http": (PointSort.SIDECAR, True), "tcp": (PointSort.SIDECAR, False), "node": (PointSort.NODE, False)}
POD = Pod("foo", "p", {"app": "x"}, WorkloadRef("Pod", "foo", "p"))
DOMAINS = st.sampled_from((("cluster.local",), ("cluster.local", "old.domain"), ("other", "old.domain")))


def where(chain: str, domains: tuple[str, ...], several: bool = False) -> Where:
    return Where(chain, "foo", {"app": "x"}, "root", domains, {"grpc": "grpc", "http": "http"}, several)


def rules_of(objects: list[dict[str, Any]], issuers: list[dict[str, Any]], place: Where) -> RequestRules:
    sort, http = CHAINS[place.chain]
    config = AuthorizationConfig(
        trust_domain=place.domains[0],
        aliases=tuple(place.domains[1:]),
        root_namespace=place.root,
        providers={"grpc": Provider.GRPC, "http": Provider.HTTP},
        several_providers=place.several,
    )
    authentication = {
        "apiVersion": "security.istio.io/v1",
        "kind": "RequestAuthentication",
        "metadata": {"name": "ra", "namespace": "foo"},
        "spec": {"jwtRules": issuers},
    }
    tokens = [read_authentication(of(authentication))[0]] if issuers else []
    return rules_at([read_policy(of(one))[0] for one in objects], tokens, config, Point(sort, POD, http), 80)


def values_of(asked: Asked) -> dict[Attribute, Value | None]:
    values: dict[Attribute, Value | None] = {
        PEER_IDENTITY: asked.identity,
        PEER_ADDRESS: address(asked.source),
        REMOTE_ADDRESS: address(asked.remote),
        DESTINATION_ADDRESS: address(asked.destination),
        PORT: asked.port,
        SNI: asked.sni or None,
        METHOD: asked.method,
        PATH: asked.path,
        HOST: asked.host,
        metadata("envoy.filters.a.bc"): asked.metadata,
        **{header(name): value for name, value in asked.headers.items()},
    }
    for path, value in flat(asked.claims or {}):
        values[claim(*path)] = (value,) if isinstance(value, str) else tuple(value)
    return values


def flat(claims: Mapping[str, Any], above: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found = []
    for name, value in claims.items():
        found += flat(value, (*above, name)) if isinstance(value, Mapping) else [((*above, name), value)]
    return found


@pytest.mark.parametrize("chain", CHAINS)
@settings(max_examples=300)
@given(
    objects=policies(),
    issuers=ISSUERS,
    requests=st.lists(REQUESTS, min_size=8, max_size=8),
    domains=DOMAINS,
    several=st.booleans(),
)
def test_every_request_is_decided_alike(chain, objects, issuers, requests, domains, several) -> None:
    place = where(chain, domains, several)
    rules = rules_of(objects, issuers, place)
    assert not rules.unsettled
    sort, http = CHAINS[chain]
    for asked in requests:
        decision = decide(rules, Facts(values_of(asked)), sort, http=http)
        if decision.outcome is Outcome.UNKNOWN:
            assert decision.step is Step.SERVICE, decision
            got = "ask"
        else:
            got = {Outcome.PASS: "pass", Outcome.REFUSED: "refuse"}[decision.outcome]
        assert got == answer(objects, issuers, asked, place), (asked, decision)
        if got != "pass" or decision.step is Step.ALLOWED:
            assert decision.sources
        assert (decision.symptom != "none") == (got == "refuse")


CONNECTION = (PEER_IDENTITY, PEER_ADDRESS, REMOTE_ADDRESS, DESTINATION_ADDRESS, PORT, SNI)


@pytest.mark.parametrize("chain", CHAINS)
@given(objects=policies(), issuers=ISSUERS, requests=st.lists(REQUESTS, min_size=4, max_size=4), domains=DOMAINS)
def test_a_request_is_in_the_sets_where_it_passes(chain, objects, issuers, requests, domains) -> None:
    """All requests of one connection at once: the set has exactly those that pass one by one."""
    place = where(chain, domains)
    rules = rules_of(objects, issuers, place)
    first = values_of(requests[0])
    known = {attribute: first[attribute] for attribute in (*CONNECTION, metadata("envoy.filters.a.bc"))}
    try:
        bounds = passing(rules, Facts(known, whole=False))
    except TooLarge:
        return
    for asked in requests:
        values = {**values_of(asked), **known}
        request = Request.of({one: value for one, value in values.items() if value is not None})
        if rules.issuers and residue(validated(rules.issuers, tuple(values)), Facts(values)) == NEVER:
            continue  # tokens that are not taken are not among the requests that sets are about
        whole = decide(rules, Facts(values), *CHAINS[chain][:1], http=CHAINS[chain][1])
        expected = {Outcome.PASS: (True, True), Outcome.REFUSED: (False, False), Outcome.UNKNOWN: (False, True)}
        assert (bounds.surely.holds(request), bounds.possibly.holds(request)) == expected[whole.outcome], asked
