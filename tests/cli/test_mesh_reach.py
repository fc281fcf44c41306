"""``coverage``, ``exposure``, ``blast-radius`` and ``paths`` end to end in a cluster with a mesh."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CLUSTER = """
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: orders, namespace: shop, labels: {app: orders}}
spec: {serviceAccountName: orders, containers: [{name: main, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {serviceAccountName: web, containers: [{name: main, image: x}]}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: shop}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
"""


@pytest.fixture
def cluster(tmp_path: Path) -> str:
    file = tmp_path / "cluster.yaml"
    file.write_text(CLUSTER)
    return str(file)


@pytest.mark.parametrize("form", ["table", "md"])
def test_coverage_tells_every_layer(ringfence: Run, cluster: str, form: str) -> None:
    done = ringfence("coverage", "-f", cluster, "-o", form)
    assert done.code == 0, done.err
    assert "transport (ingress, TCP): 2 of 2 workloads closed (100.0%)" in done.out
    assert "requests (ingress, TCP): 1 of 2 workloads closed (50.0%); 1 open" in done.out
    assert "all layers (ingress, TCP): 1 of 2 workloads closed (50.0%); 1 open" in done.out
    assert "1 of the closed is open for UDP or SCTP, which no mesh sees" in done.out


def test_the_document_of_coverage_has_every_layer(ringfence: Run, cluster: str) -> None:
    told = json.loads(ringfence("coverage", "-f", cluster, "-o", "json").out)
    assert told["layers"] == ["network", "transport", "requests"]
    assert [(one["layer"], one["direction"], one["closed"]) for one in told["figures"]] == [
        ("network", "ingress", 0),
        ("network", "egress", 0),
        ("transport", "ingress", 2),
        ("requests", "ingress", 1),
        ("all", "ingress", 1),
    ]
    (orders,) = (one for one in told["workloads"] if one["name"] == "shop/orders")
    assert orders["mesh"]["requests"]["status"] == "closed"
    assert [one["peers"] for one in orders["mesh"]["requests"]["scopes"]] == ["no identity", "named identities"]


@pytest.mark.parametrize("form", ["concise", "sarif", "junit", "github", "gitlab"])
def test_coverage_of_layers_in_the_formats_of_check(ringfence: Run, cluster: str, form: str) -> None:
    done = ringfence("coverage", "-f", cluster, "-o", form)
    assert done.code == 0, done.err
    assert "COVERAGE-REQUESTS-OPEN" in done.out
    assert "Pod shop/web: ingress, by what judges its requests, is open" in done.out
    assert "Pod shop/orders: ingress, by what judges" not in done.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--fail-under", "50"], 1),
        (["--fail-under", "100", "--layer", "transport"], 0),
        (["--fail-under", "50", "--layer", "all"], 0),
        (["--fail-under", "51", "--layer", "all"], 1),
        (["--layer", "requests", "--direction", "egress"], 2),
    ],
)
def test_a_figure_of_any_layer_can_fail(ringfence: Run, cluster: str, arguments: list[str], code: int) -> None:
    assert ringfence("coverage", "-f", cluster, *arguments).code == code


def test_without_a_mesh_there_is_no_other_layer(ringfence: Run, tmp_path: Path) -> None:
    file = tmp_path / "plain.yaml"
    file.write_text(CLUSTER.split("---\napiVersion: security")[0].replace("istio-injection: enabled", "a: b"))
    done = ringfence("coverage", "-f", str(file), "--layer", "all")
    assert done.code == 2
    assert "shows no mesh" in done.err


@pytest.mark.parametrize("form", ["table", "json", "md"])
def test_a_stolen_account_is_a_start(ringfence: Run, cluster: str, form: str) -> None:
    for command in (["blast-radius", "shop/sa/web"], ["paths", "shop/sa/web", "shop/orders"]):
        done = ringfence(*command, "-f", cluster, "-o", form)
        assert done.code == 0, done.err
        assert "cluster.local/ns/shop/sa/web over mtls" in done.out or form == "json"
        assert "AuthorizationPolicy" in done.out


def test_an_account_that_there_is_not_is_a_usage_error(ringfence: Run, cluster: str) -> None:
    done = ringfence("blast-radius", "shop/sa/wep", "-f", cluster)
    assert done.code == 2
    assert "did you mean shop/serviceaccount/web" in done.err
