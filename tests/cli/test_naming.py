"""How ends and ports are named on the command line, and what a name that means nothing is answered with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.manifests import NAMESPACE, POD, policy, workload


@pytest.mark.parametrize(
    "end, arguments",
    [
        ("shop/db", ()),
        ("db", ("-n", "shop")),
        ("shop/statefulset/db", ()),
        ("shop/StatefulSets/db", ()),
        ("shop/sts/db", ()),
        ("sts/db", ("-n", "shop")),
        ("statefulsets/db", ("-n", "shop")),
    ],
)
def test_names_of_a_workload(ringfence: Run, shop: Path, end: str, arguments: tuple[str, ...]) -> None:
    done = ringfence("can", "shop/api", end, "5432", *arguments)
    assert (done.code, done.out) == (0, "allowed\n"), done.err


@pytest.mark.parametrize(
    "end",
    [
        "shop/web-7d9f-abcde",
        "shop/po/web-7d9f-abcde",
        "shop/pods/web-7d9f-abcde",
        "shop/web-7d9f",
        "shop/rs/web-7d9f",
        "10.1.0.5",
        "10.1.0.5/32",
    ],
)
def test_names_of_a_pod(ringfence: Run, shop: Path, end: str) -> None:
    done = ringfence("can", end, "shop/cut", "80")
    assert (done.code, done.out) == (1, "denied\n"), done.err


@pytest.mark.parametrize(
    "address, meant", [("10.1.0.5", "shop/web-7d9f"), ("10.96.0.7", "shop/api-svc"), ("192.168.9.9", "node/worker")]
)
def test_an_address_that_an_object_has_means_it(ringfence: Run, shop: Path, address: str, meant: str) -> None:
    done = ringfence("can", "shop/api", address, "80", "-o", "json")
    document = json.loads(done.out)
    assert any(meant in note and address in note for note in document["notes"]), document["notes"]
    assert meant in ringfence("can", "shop/api", address, "80").err


@pytest.mark.parametrize(
    "source, hint",
    [
        ("shop/apj", "shop/api"),
        ("shpo/api", "shop"),
        ("shop/deplyo/api", "deploy"),
        ("shop/deploy/apj", "api"),
        ("node/wroker", "worker"),
        ("10.0.0.300", "10.0.0"),
        ("10.0.0.0/40", "10.0.0"),
        ("=x@shop", ""),
        ("", ""),
        ("shop/", ""),
        ("/api", ""),
        ("a/b/c/d", ""),
        ("internett", "internet"),
    ],
)
@pytest.mark.parametrize("command", ["can", "explain"])
def test_a_name_that_means_nothing(ringfence: Run, shop: Path, command: str, source: str, hint: str) -> None:
    done = ringfence(command, source, "shop/db", "5432", "-q")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert hint in done.err


def test_several_controllers_of_a_name(ringfence: Run, shop: Path) -> None:
    (shop / "more.yaml").write_text(workload("api", "StatefulSet", "app: other"))
    done = ringfence("can", "shop/api", "shop/db", "5432", "-q")
    assert done.code == 2
    assert "shop/deployment/api" in done.err
    assert "shop/statefulset/api" in done.err
    assert ringfence("can", "shop/deploy/api", "shop/db", "5432").out == "allowed\n"
    assert ringfence("can", "shop/sts/api", "shop/db", "5432").out == "denied\n"


def test_a_pod_is_meant_before_a_controller_and_a_controller_before_a_service(ringfence: Run, folder: Path) -> None:
    named = "---\n{apiVersion: v1, kind: %s, metadata: {name: %s, namespace: shop}, spec: {%s}}\n"
    pod = named % ("Pod", "%s", "containers: [{name: c}]")
    service = named % ("Service", "%s", "selector: {app: cut}, ports: [{port: 80}]")
    (folder / "all.yaml").write_text(
        NAMESPACE + workload("api") + workload("twin") + workload("cut") + pod % "twin" + service % "twin"
        + service % "api" + policy("cut", "cut") + policy("twin", "twin")
    )  # fmt: skip
    assert ringfence("can", "shop/cut", "shop/twin", "80").out == "allowed\n"
    assert ringfence("can", "shop/cut", "shop/deploy/twin", "80").out == "denied\n"
    assert ringfence("can", "shop/api", "shop/api", "80").out == "allowed\n"
    assert ringfence("can", "shop/api", "shop/svc/api", "80").out == "denied\n"


def test_a_controller_that_only_its_pods_name(ringfence: Run, folder: Path) -> None:
    (folder / "pod.yaml").write_text(POD)
    assert ringfence("can", "shop/web-7d9f", "1.1.1.1", "443").out == "allowed\n"


@pytest.mark.parametrize(
    "destination, port, verdict",
    [
        ("shop/svc/api-svc", "80", "allowed"),
        ("shop/service/api-svc", "web", "allowed"),
        ("shop/services/api-svc", "8080", "denied"),
        ("shop/api-svc", "nosuch", "denied"),
        ("shop/empty", "80", "denied"),
    ],
)
def test_ports_of_a_service(ringfence: Run, shop: Path, destination: str, port: str, verdict: str) -> None:
    (shop / "empty.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, "
        "spec: {selector: {app: nobody}, ports: [{port: 80}]}}"
    )
    document = json.loads(ringfence("can", "shop/cut", destination, port, "-o", "json").out)
    assert document["verdict"] == verdict, document
    if verdict == "denied":
        assert {decision["layer"] for decision in document["decided_by"]} == {"service"}


def test_declared_ports_never_restrict(ringfence: Run, shop: Path) -> None:
    assert ringfence("can", "shop/cut", "shop/api", "9999").out == "allowed\n"


@pytest.mark.parametrize(
    "question", [("shop/cut", "shop/api-svc", "80"), ("shop/cut", "shop/api-svc"), ("internet", "shop/api")]
)
def test_a_witness_is_one_flow_of_its_part(ringfence: Run, shop: Path, question: tuple[str, ...]) -> None:
    (shop / "port.yaml").write_text(policy("port", "api", "ingress: [{ports: [{port: 8080}]}]"))
    for part in json.loads(ringfence("can", *question, "-o", "json").out)["parts"]:
        witness = part["witness"]
        one = ringfence("can", witness["source"], witness["destination"], witness["port"], "-o", "json")
        assert json.loads(one.out or "{}").get("verdict") == part["verdict"], (witness, one.err)


def test_internet_is_unicast_that_is_not_ours(ringfence: Run, shop: Path) -> None:
    private = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8"
    given, no_unicast = "198.18.0.0/15", "0.0.0.0/8, 224.0.0.0/3"
    (shop / "net.yaml").write_text(
        policy("out", "cut", "policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [%s]}}]}]")
        % f"{private}, {no_unicast}, {given}"
    )

    def verdicts(*ranges: str) -> set[str]:
        document = json.loads(ringfence("can", "shop/cut", "internet", "443", "-o", "json", *ranges).out)
        return {part["verdict"] for part in document["parts"] if "." in part["destinations"][0]}

    assert verdicts() == {"allowed", "denied"}
    for flag in ("--pod-cidr", "--service-cidr", "--node-cidr"):
        assert verdicts(flag, given) == {"allowed"}, flag


@pytest.mark.parametrize("text", ["80/ICMP", "TCP/80", "0", "65536", "-1", "http/", "/TCP", "80/tcp/udp", "8 0", "1e3"])
def test_ports_that_cannot_be(ringfence: Run, shop: Path, text: str) -> None:
    done = ringfence("can", "shop/api", "shop/db", "-q", "--", text)
    assert (done.code, done.out) == (2, ""), done
    assert done.err.count("\n") <= 4
