"""What the demo's manifests say by mistake, and what they say rightly, as questions to the engine."""

from __future__ import annotations

import pytest

from ringfence.demo.files import CLUSTER, FIX
from ringfence.demo.story import mended
from ringfence.loading import load
from ringfence.verdict.answers import Verdict
from ringfence.world import World

DATABASE = "payments/payments-db"


@pytest.fixture(scope="module")
def world() -> World:
    return load(str(CLUSTER))


@pytest.fixture(scope="module")
def fixed(world: World) -> World:
    return mended(world)


def test_nothing_is_wrong_with_the_input(world: World) -> None:
    assert not world.partial
    assert [problem for problem in world.problems if problem.severity != "notice"] == []


@pytest.mark.parametrize(
    ("source", "destination", "port", "protocol"),
    [
        ("internet", "ingress-nginx/svc/ingress-nginx", 443, "TCP"),
        ("ingress-nginx/ingress-nginx", "shop/svc/storefront", "http", "TCP"),
        ("shop/storefront", "shop/svc/cart", 80, "TCP"),
        ("shop/cart", "shop/svc/session-cache", 6379, "TCP"),
        ("shop/checkout", "payments/svc/payments-api", "https", "TCP"),
        ("payments/payments-api", "payments/svc/ledger", "grpc", "TCP"),
        ("payments/payments-api", DATABASE, 5432, "TCP"),
        ("payments/ledger", DATABASE, 5432, "TCP"),
        ("payments/payments-db-backup", DATABASE, 5432, "TCP"),
        ("payments/ledger", "kube-system/svc/kube-dns", 53, "UDP"),
        ("payments/fraud-check", "203.0.113.7", 443, "TCP"),
        ("batch/nightly-settlement", DATABASE, 5432, "TCP"),
        ("batch/search-reindex", "shop/catalog-db", 5432, "TCP"),
        ("monitoring/prometheus", DATABASE, 9187, "TCP"),
        ("monitoring/prometheus", "payments/fraud-check", "metrics", "TCP"),
        ("tenant-a/worker", "payments/svc/payments-api", "https", "TCP"),
        ("tenant-b/worker", "payments/svc/payments-api", "https", "TCP"),
    ],
)
def test_what_the_company_needs_works_before_and_after_the_fix(
    world: World,
    fixed: World,
    source: str,
    destination: str,
    port: int | str,
    protocol: str,
) -> None:
    assert world.can(source, destination, port, protocol).verdict == Verdict.ALLOWED
    assert fixed.can(source, destination, port, protocol).verdict == Verdict.ALLOWED


@pytest.mark.parametrize(
    ("source", "destination", "port"),
    [
        ("internet", DATABASE, 5432),
        ("shop/storefront", DATABASE, 5432),
        ("tenant-a/worker", DATABASE, 5432),
        ("tenant-a/worker", "tenant-b/db", 5432),
        ("tenant-a/worker", "data/kafka", 9092),
        ("batch/invoice-export", "shop/catalog-db", 5432),
        ("shop/mailer", "169.254.169.254", 587),
        ("shop/cart", "203.0.113.7", 443),
    ],
)
def test_what_nobody_should_do_is_denied(world: World, source: str, destination: str, port: int) -> None:
    assert world.can(source, destination, port).verdict == Verdict.DENIED


def ingress_rules(world: World, source: str, destination: str, port: int) -> set[tuple[str, int | None]]:
    """Name and rule of the ingress policies that decide, where the flow is allowed."""
    answer = world.can(source, destination, port)
    assert answer.verdict == Verdict.ALLOWED
    return {(decision.name, decision.rule) for decision in answer.decided_by if decision.direction == "ingress"}


@pytest.mark.parametrize("job", ["invoice-export", "search-reindex", "stock-report"])
def test_two_peers_where_one_was_meant_let_in_every_job(world: World, fixed: World, job: str) -> None:
    assert ingress_rules(world, f"batch/{job}", DATABASE, 5432) == {("payments-db", 2)}
    assert fixed.can(f"batch/{job}", DATABASE, 5432).verdict == Verdict.DENIED


@pytest.mark.parametrize("namespace", ["tenant-a", "data", "monitoring", "kube-system"])
def test_one_label_in_any_namespace_opens_the_database(world: World, fixed: World, namespace: str) -> None:
    assert ingress_rules(world, f"app=payments-api@{namespace}", DATABASE, 5432) == {("payments-db", 1)}
    assert world.can(f"app=anything@{namespace}", DATABASE, 5432).verdict == Verdict.DENIED
    assert fixed.can(f"app=payments-api@{namespace}", DATABASE, 5432).verdict == Verdict.DENIED


def test_a_rule_without_ports_opens_the_database_to_prometheus(world: World, fixed: World) -> None:
    assert ingress_rules(world, "monitoring/prometheus", DATABASE, 5432) == {("allow-prometheus", 0)}
    assert fixed.can("monitoring/prometheus", DATABASE, 5432).verdict == Verdict.DENIED


def test_the_pod_left_over_from_debugging_is_the_ledger_to_every_policy(world: World) -> None:
    assert ingress_rules(world, "payments/pod/debug-ledger", DATABASE, 5432) == {("payments-db", 0)}


def test_the_first_matching_admin_rule_counts_so_the_deny_after_the_pass_is_dead(world: World) -> None:
    tenants_mended = world.what_if(add=[str(FIX / "policies/cluster/tenants.yaml")])
    answer = tenants_mended.can("app=payments-api@tenant-a", DATABASE, 5432)
    assert answer.verdict == Verdict.DENIED
    assert ("tenants-stay-home", 2) in {(decision.name, decision.rule) for decision in answer.decided_by}


def test_default_deny_without_egress_leaves_egress_open(world: World) -> None:
    assert world.can("tenant-a/worker", "203.0.113.7", 25).verdict == Verdict.ALLOWED
    assert world.can("tenant-b/worker", "203.0.113.7", 25).verdict == Verdict.DENIED


@pytest.mark.parametrize(("destination", "port"), [("data/warehouse", 8123), ("data/kafka", 9092)])
def test_a_misspelt_label_and_a_wrong_namespace_protect_nothing(world: World, destination: str, port: int) -> None:
    answer = world.can("monitoring/loki", destination, port)
    assert answer.verdict == Verdict.ALLOWED
    assert not [decision for decision in answer.decided_by if decision.direction == "ingress"]


def test_dns_to_every_pod_is_a_tunnel(world: World) -> None:
    assert world.can("shop/cart", "app=tunnel@data", 53, "UDP").verdict == Verdict.ALLOWED
    assert world.can("payments/ledger", "app=tunnel@data", 53, "UDP").verdict == Verdict.DENIED


def test_an_address_block_without_except_overrides_the_baseline(world: World) -> None:
    assert world.can("shop/recommendations", "169.254.169.254", 80).verdict == Verdict.ALLOWED


@pytest.mark.parametrize(
    ("source", "destination", "port", "cni", "then"),
    [
        ("tenant-a/worker", "169.254.169.254", 80, "calico@3.32", Verdict.DENIED),
        ("shop/recommendations", "ingress-nginx/ingress-nginx", 443, "kindnet", Verdict.ALLOWED),
    ],
)
def test_what_depends_on_the_plugin_is_unknown_until_it_is_named(
    world: World, source: str, destination: str, port: int, cni: str, then: Verdict
) -> None:
    answer = world.can(source, destination, port)
    assert answer.verdict == Verdict.UNKNOWN
    assert answer.reason.decide
    assert load(str(CLUSTER), cni=cni).can(source, destination, port).verdict == then
