"""The examples of spec-authorization.md, run: policies in, what each chain answers to requests out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import ringfence.dialects.istio
from ringfence.dialects.istio.authorization import rules_at
from ringfence.dialects.istio.authorization_config import AuthorizationConfig, Provider
from ringfence.dialects.istio.authorization_objects import read_authentication, read_policy
from ringfence.layers.requests.deciding import decide
from ringfence.layers.requests.facts import Facts
from ringfence.model.cluster import Pod, Service, WorkloadRef
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
)
from ringfence.sets.addresses import address
from ringfence.sets.requests.attributes import Attribute
from ringfence.sets.requests.request import Value
from tests.dialects.reading import of

SPEC = Path(ringfence.dialects.istio.__file__).parent / "spec-authorization.md"
LABELS = {"app": "web"}
POD = Pod("shop", "web", LABELS, WorkloadRef("Deployment", "shop", "web"))
PROXY = Pod("shop", "gw", {"gateway.networking.k8s.io/gateway-name": "gw"}, WorkloadRef("Deployment", "shop", "gw"))
POINTS = {
    "http": Point(PointSort.SIDECAR, POD, True),
    "tcp": Point(PointSort.SIDECAR, POD, False),
    "node": Point(PointSort.NODE, POD, False),
    "waypoint": Point(PointSort.WAYPOINT, PROXY, True, Service("shop", "web", "ClusterIP")),
}
BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def clauses() -> list[tuple[str, str]]:
    parts = re.split(r"^### (.*)$", SPEC.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def examples() -> Iterator[Any]:
    for title, body in clauses():
        blocks = BLOCK.findall(body)
        for (kind, manifests), (other, lines) in zip(blocks[::2], blocks[1::2], strict=True):
            assert (kind, other) == ("yaml", "requests"), title
            yield pytest.param(manifests, lines.splitlines(), id=title.split(".")[0])


def config(settings: dict[str, str]) -> AuthorizationConfig:
    newer = None if "anyRelease" in settings else "olderRelease" not in settings
    return AuthorizationConfig(
        trust_domain=settings.get("trustDomain", "cluster.local"),
        aliases=tuple(settings.get("aliases", "").split()),
        providers={"grpc": Provider.GRPC, "http": Provider.HTTP},
        several_providers="severalProviders" in settings,
        names_are_literal=newer,
        patterns_are_literal=newer,
        headers_apart=newer,
    )


def request(words: list[str]) -> dict[Attribute, Value | None]:
    values: dict[Attribute, Value | None] = {
        METHOD: "GET",
        PATH: "/",
        HOST: "web:80",
        PORT: 80,
        PEER_IDENTITY: None,
        PEER_ADDRESS: address("10.0.0.1"),
        REMOTE_ADDRESS: address("10.0.0.1"),
        DESTINATION_ADDRESS: address("10.0.1.1"),
        SNI: None,
    }
    if words and words[0].isupper():
        values[METHOD] = words.pop(0)
    if words and words[0].startswith("/"):
        values[PATH] = words.pop(0)
    for word in words:
        name, _, value = word.partition("=")
        if name.startswith("claim:"):
            values[claim(*name.removeprefix("claim:").split("."))] = tuple(value.split(","))
        elif name.startswith("header:"):
            known = values.get(header(name.removeprefix("header:")))
            values[header(name.removeprefix("header:"))] = (*(known if isinstance(known, tuple) else ()), value)
        elif name == "as":
            values[PEER_IDENTITY] = f"spiffe://{value}"
        elif name in ("from", "remote", "to"):
            attribute = {"from": PEER_ADDRESS, "remote": REMOTE_ADDRESS, "to": DESTINATION_ADDRESS}[name]
            values[attribute] = address(value)
        else:
            values[{"host": HOST, "sni": SNI, "port": PORT}[name]] = int(value) if name == "port" else value
    return values


def facts(rules: RequestRules, values: dict[Attribute, Value | None]) -> Facts:
    """What is known of a request, as questions see to it."""
    headers = {one: value for one, value in values.items() if one.name == "header"}
    hidden = {one for one in headers if one.key in rules.written}
    hidden |= {header(name) for name in (*rules.written, *rules.added) if header(name) not in headers}
    read = {one: value if rules.apart else ",".join(value) for one, value in headers.items()}
    return Facts({one: read.get(one, value) for one, value in values.items() if one not in hidden}, frozenset(hidden))


@pytest.mark.parametrize("manifests, lines", list(examples()))
def test_example(manifests: str, lines: list[str]) -> None:
    policies, authentications, said = [], [], []
    for document in yaml.safe_load_all(manifests):
        read = read_policy if document["kind"] == "AuthorizationPolicy" else read_authentication
        found, problems = read(of({"apiVersion": "security.istio.io/v1", **document}))
        said += [problem.code for problem in problems]
        (policies if read is read_policy else authentications).append(found)
    settings = dict(line.removeprefix("set: ").partition("=")[::2] for line in lines if line.startswith("set: "))
    expected = [line.removeprefix("problem: ") for line in lines if line.startswith("problem: ")]
    assert said == expected
    asked = [line for line in lines if not line.startswith(("set: ", "problem: "))]
    assert asked
    got = []
    for line in asked:
        question, _, _ = line.rpartition(": ")
        chain, *words = question.split()
        point = POINTS[chain]
        rules = rules_at(policies, authentications, config(settings), point, 80)
        decision = decide(rules, facts(rules, request(words)), point.sort, http=point.http)
        symptom = f" {decision.symptom}" if decision.symptom != "none" else ""
        got.append(f"{question}: {decision.outcome.value} {decision.step.value}{symptom}")
    assert got == asked


def test_every_clause_names_its_source_and_has_an_example() -> None:
    found = clauses()
    assert len(found) >= 30
    assert [title.split(".")[0] for title, _ in found] == [f"A{number + 1}" for number in range(len(found))]
    for title, body in found:
        assert "\nSource: " in body, title
        assert "```requests" in body, title
