"""``can`` and ``explain``: what they ask, print and return."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.verdict.answers import Verdict
from tests.cli.conftest import HandMadeWorld, Run

CODES = [(Verdict.ALLOWED, 0), (Verdict.DENIED, 1), (Verdict.MIXED, 1), (Verdict.UNKNOWN, 5)]
BROKEN = Problem(Place("a.yaml", 3, 1), "yaml-syntax", Severity.ERROR, "not YAML", "mend it", partial=True)


@pytest.mark.parametrize("verdict, code", CODES)
@pytest.mark.parametrize("command", ["can", "explain"])
def test_the_verdict_is_the_first_line_and_the_exit_code(
    ringfence: Run, world: HandMadeWorld, command: str, verdict: Verdict, code: int
) -> None:
    world.verdict = verdict
    done = ringfence(command, "shop/web", "shop/db", "5432")
    assert (done.code, done.out.splitlines()[0]) == (code, str(verdict))


@pytest.mark.parametrize("verdict, code", [(Verdict.ALLOWED, 3), (Verdict.DENIED, 1), (Verdict.UNKNOWN, 5)])
def test_partial_input_is_never_clean(ringfence: Run, world: HandMadeWorld, verdict: Verdict, code: int) -> None:
    world.verdict, world.partial, world.problems = verdict, True, (BROKEN,)
    done = ringfence("can", "a", "b", "80", "--quiet")
    assert done.code == code
    assert "a.yaml:3:1: error: not YAML [yaml-syntax]" in done.err
    assert "in part" in done.err
    assert json.loads(ringfence("can", "a", "b", "80", "-o", "json").out)["partial"] is True


def test_stdout_is_one_word_for_scripts(ringfence: Run, world: HandMadeWorld) -> None:
    done = ringfence("can", "shop/web", "shop/db", "5432")
    assert done.out == "allowed\n"
    assert "by NetworkPolicy shop/db-ingress (ingress, rule 0) base/netpol.yaml:12" in done.err
    assert "profile generic (the default)" in done.err


def test_quiet_says_nothing_more(ringfence: Run, world: HandMadeWorld) -> None:
    assert ringfence("can", "a", "b", "80", "-q").err == ""


@pytest.mark.parametrize(
    "text, asked",
    [
        (None, (None, None)),
        ("5432", (5432, "TCP")),
        ("53/UDP", (53, "UDP")),
        ("53/udp", (53, "UDP")),
        ("http", ("http", "TCP")),
        ("diameter/SCTP", ("diameter", "SCTP")),
    ],
)
def test_ports(ringfence: Run, world: HandMadeWorld, text: str | None, asked: tuple[object, str]) -> None:
    ringfence("can", "a", "b", *([] if text is None else [text]), "-n", "shop")
    assert world.asked == [("a", "b", *asked, "shop")]


@pytest.mark.parametrize(
    "text, message",
    [
        ("0", "is no port: 1 to 65535"),
        ("65536", "is no port: 1 to 65535"),
        ("9" * 4400, "is no port"),
        ("80/ICMP", "ICMP has no ports"),
        ("80/GRE", "no protocol that policies know"),
        ("tcp/80", "wrong way round: write 80/TCP"),
        ("80/", "no protocol"),
        ("/TCP", "names no port"),
    ],
)
def test_ports_that_are_none(ringfence: Run, world: HandMadeWorld, text: str, message: str) -> None:
    done = ringfence("can", "a", "b", text)
    assert (done.code, done.out, world.asked) == (2, "", [])
    assert message in done.err


@pytest.mark.parametrize("command", ["can", "explain"])
def test_an_end_that_does_not_exist(ringfence: Run, world: HandMadeWorld, command: str) -> None:
    done = ringfence(command, "shop/nobody", "shop/db", "80", "-q")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: no end is called shop/nobody\n  hint: did you mean shop/somebody?\n"


def test_input_without_objects_is_no_answer(ringfence: Run, world: HandMadeWorld) -> None:
    world.objects = 0
    done = ringfence("can", "a", "b", "80", "-f", "empty")
    assert (done.code, done.out) == (2, "")
    assert "no Kubernetes object in empty" in done.err


@pytest.mark.parametrize("command, kind", [("can", "Answer"), ("explain", "Explanation")])
def test_documents(ringfence: Run, world: HandMadeWorld, command: str, kind: str) -> None:
    as_json = json.loads(ringfence(command, "a", "b", "80", "-o", "json").out)
    assert (as_json["kind"], as_json["verdict"], as_json["schemaVersion"]) == (kind, "allowed", "1")
    assert yaml.safe_load(ringfence(command, "a", "b", "80", "-o", "yaml").out) == as_json


def test_the_current_directory_is_read_by_default_and_that_is_said(ringfence: Run, world: HandMadeWorld) -> None:
    done = ringfence("can", "a", "b", "80")
    assert world.loaded["paths"] == (".",)
    assert "notice: reading the current directory" in done.err


def test_facts_reach_the_engine(ringfence: Run, world: HandMadeWorld) -> None:
    ringfence(
        "can", "a", "b", "-f", "x", "-f", "-", "-R", "--cni", "calico@3.29", "--pod-cidr", "10.0.0.0/8,fd00::/8",
        "--pod-cidr", "11.0.0.0/8", "--service-cidr", "172.16.0.0/12", "--node-cidr", "192.168.0.0/16",
        "--assume-no-labels", "--mesh-config", "mesh.yaml", "--istio-version", "1.27.3",
    )  # fmt: skip
    assert world.loaded == {
        "paths": ("x", "-"),
        "cni": "calico@3.29",
        "chosen_by": "chosen by --cni",
        "pod_cidrs": ("10.0.0.0/8", "fd00::/8", "11.0.0.0/8"),
        "service_cidrs": ("172.16.0.0/12",),
        "node_cidrs": ("192.168.0.0/16",),
        "assume_no_labels": True,
        "mesh_config": "mesh.yaml",
        "istio_version": "1.27.3",
    }


def test_a_snippet_stands_below_its_rule(ringfence: Run, world: HandMadeWorld) -> None:
    Path("base").mkdir()
    Path("base/netpol.yaml").write_text("\n" * 11 + "  - from: [{podSelector: {}}]\n")
    assert "12 |   - from: [{podSelector: {}}]" in ringfence("explain", "a", "b", "80").out
