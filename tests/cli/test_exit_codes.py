"""Exit codes over real manifests, one question or many: which one, and which counts when several hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.manifests import BROKEN, UNKNOWN, workload


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    "question, verdict, whole, part",
    [
        (("shop/api", "shop/db", "5432"), "allowed", 0, 3),
        (("shop/api", "shop/cut", "80"), "denied", 1, 1),
        (("shop/api", "shop/db"), "mixed", 1, 1),
        (("deploy/cut", "shop/open", "80", "-n", "shop"), "unknown", 5, 5),
    ],
)
@pytest.mark.parametrize("command", ["can", "explain"])
def test_exit_codes(
    ringfence: Run, shop: Path, command: str, question: tuple[str, ...], verdict: str, whole: int, part: int,
    partial: bool,
) -> None:  # fmt: skip
    (shop / "open.yaml").write_text(workload("open") + UNKNOWN.replace("app: db", "app: open"))
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    done = ringfence(command, *question)
    assert (done.out.splitlines()[0], done.code) == (verdict, part if partial else whole), done.err
    assert ("broken.yaml" in done.err) == partial


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "md", "dot"])
def test_a_list_is_zero_or_partial(ringfence: Run, shop: Path, output: str, partial: bool) -> None:
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    assert ringfence("map", "-o", output).code == (3 if partial else 0)


@pytest.mark.parametrize(
    "arguments",
    [("can", "a", "b"), ("explain", "a", "b", "80"), ("map",), ("can", "--flows", "flows.jsonl")],
)
def test_usage_counts_more_than_partial(ringfence: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    (folder / "flows.jsonl").write_text("")
    done = ringfence(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "broken.yaml:" in done.err
    assert "no Kubernetes object" in done.err


@pytest.mark.parametrize(
    "lines, partial, code",
    [
        ('{"src": "shop/api", "dst": "shop/cut", "port": 80}\n', False, 0),
        ('{"src": "shop/api", "dst": "shop/cut", "port": 80}\n', True, 3),
        ('{"src": "shop/api", "dst": "shop/nobody", "port": 80}\n', False, 2),
        ("{\n", True, 2),
        ("", False, 0),
        ("", True, 3),
    ],
)
def test_exit_codes_of_many_flows(ringfence: Run, shop: Path, lines: str, partial: bool, code: int) -> None:
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    done = ringfence("can", "--flows", "-", stdin=lines.encode())
    assert done.code == code, done.err
    assert done.out.count("\n") == lines.count("\n")


def test_a_bad_line_does_not_stop_the_rest(ringfence: Run, shop: Path) -> None:
    questions = [
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "id": 12345678901234567890, "note": {"deep": [1]}}',
        '{"src": "shop/api"}',
        "not json",
        "[1]",
        '{"src": "shop/api", "dst": "shop/db", "port": 70000}',
        '{"src": "shop/api", "dst": "shop/db", "port": -1}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5.5}',
        '{"src": "shop/api", "dst": "shop/db", "port": "80/UDP"}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "protocol": "ICMP"}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "protocol": null}',
        '{"src": "shop/api", "dst": "shop/api-svc", "port": "web"}',
        '{"src": "shop/api", "dst": "shop/db"}',
        '{"src": "internet", "dst": "shop/cut", "port": null}',
        "",
        '{"src": "shop/api", "dst": "shop/cut", "port": 80, "protocol": "udp"}',
    ]
    done = ringfence("can", "--flows", "-", stdin="\n".join(questions).encode())
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 2
    assert [answer["verdict"] for answer in answers] == [
        "allowed", *[None] * 8, "allowed", "allowed", "mixed", "denied", None, "denied",
    ]  # fmt: skip
    for answer in answers:
        assert ("error" in answer) == (answer["verdict"] is None)
        if answer["verdict"] is None:
            assert answer["error"]
        else:
            assert {"reason", "decided_by"} <= set(answer)
            for decision in answer["decided_by"]:
                assert set(decision) == {"layer", "direction", "kind", "namespace", "name", "rule", "file", "line"}
    assert (answers[0]["id"], answers[0]["note"]) == (12345678901234567890, {"deep": [1]})


def test_nothing_selects_means_nothing_decided(ringfence: Run, shop: Path) -> None:
    done = ringfence("can", "--flows", "-", stdin=b'{"src": "shop/db", "dst": "shop/api", "port": 1}')
    assert json.loads(done.out)["decided_by"] == []
