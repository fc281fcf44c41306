"""The commands over real manifests and the real engine."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.reports.goldens import check

pytest.importorskip("ringfence.sources.reading")

GOLDEN = Path(__file__).parent / "golden"
KUBECTL = "from ringfence.cli import main_kubectl; main_kubectl()"
MANIFESTS = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, image: api}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: db, ports: [{name: postgres, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db-svc, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 15432, targetPort: postgres}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db-ingress, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress:
  - from:
    - podSelector: {matchLabels: {app: api}}
    ports: [{port: postgres}]
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "shop.yaml").write_text(MANIFESTS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "question, verdict, code",
    [
        (["shop/api", "shop/db", "5432"], "allowed", 0),
        (["shop/api", "shop/db", "postgres"], "allowed", 0),
        (["shop/api", "shop/db-svc", "15432"], "allowed", 0),
        (["shop/web", "shop/db", "5432"], "denied", 1),
        (["shop/api", "shop/db"], "mixed", 1),
        (["deploy/api", "sts/db", "5432/TCP", "-n", "shop"], "allowed", 0),
        (["app=api@shop", "shop/db", "5432"], "allowed", 0),
        (["internet", "shop/db", "5432"], "denied", 1),
        (["shop/web", "shop/db", "icmp"], "unknown", 5),
        (["shop/web", "1.2.3.4", "ICMP"], "allowed", 0),
    ],
)
def test_can(ringfence: Run, shop: Path, question: list[str], verdict: str, code: int) -> None:
    done = ringfence("can", *question, "-f", "shop.yaml")
    assert (done.out.splitlines()[0], done.code) == (verdict, code), done.err


def test_manifests_from_stdin(ringfence: Run, shop: Path) -> None:
    done = ringfence("can", "shop/api", "shop/db", "5432", "-f", "-", stdin=MANIFESTS.encode())
    assert done.out == "allowed\n", done.err


def test_a_wrong_name(ringfence: Run, shop: Path) -> None:
    done = ringfence("can", "shop/apj", "shop/db", "5432", "-q")
    assert (done.code, done.out) == (2, "")
    assert "shop/api" in done.err


def test_input_without_objects(ringfence: Run, shop: Path) -> None:
    (shop / "empty").mkdir()
    done = ringfence("map", "-f", "empty")
    assert (done.code, done.out) == (2, "")
    assert "no Kubernetes object in empty" in done.err


def test_a_broken_file_makes_it_partial(ringfence: Run, shop: Path) -> None:
    (shop / "broken.yaml").write_text("a: [\n")
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert (done.code, done.out) == (3, "allowed\n")
    assert "broken.yaml:" in done.err


def test_flows_agree_with_can(ringfence: Run, shop: Path) -> None:
    sources, destinations = ["shop/api", "shop/web", "internet"], ["shop/db", "shop/db-svc", "shop/web"]
    ports: list[int | str] = [5432, 15432, "postgres"]
    questions = [
        {"src": source, "dst": destination, "port": port, "id": number}
        for number, (source, destination, port) in enumerate(product(sources, destinations, ports))
    ]
    done = ringfence("can", "--flows", "-", stdin="".join(f"{json.dumps(each)}\n" for each in questions).encode())
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert [line["id"] for line in answers] == [question["id"] for question in questions]
    for line in answers:
        one = ringfence("can", line["src"], line["dst"], str(line["port"]), "-o", "json")
        if line["verdict"] is None:
            assert one.code == 2, line
            continue
        document = json.loads(one.out)
        assert line["verdict"] == document["verdict"], line
        assert line["decided_by"] == document["decided_by"], line
        assert set(line) == {"src", "dst", "port", "id", "verdict", "reason", "decided_by"}


def test_flows_of_icmp(ringfence: Run, shop: Path) -> None:
    line = {"src": "shop/web", "dst": "shop/db", "protocol": "ICMP"}
    lines: list[dict[str, object]] = [{**line}, {**line, "port": 8}]
    done = ringfence("can", "--flows", "-", stdin="".join(f"{json.dumps(each)}\n" for each in lines).encode())
    first, second = map(json.loads, done.out.splitlines())
    assert (first["verdict"], second["verdict"]) == ("unknown", None)
    assert "no ports" in second["error"]
    assert ringfence("can", "shop/web", "shop/db", "8/icmp").code == 2
    explained = ringfence("explain", "shop/web", "shop/db", "icmp")
    assert "policies cannot name ICMP" in explained.out


def test_the_list_agrees_with_can(ringfence: Run, shop: Path) -> None:
    document = json.loads(ringfence("map", "-o", "json").out)
    reach = {
        (source, destination)
        for row in document["rows"]
        for source, destination in product(row["sources"], row["destinations"])
        if any(ports["protocol"] == "TCP" and ports["first"] <= 5432 <= ports["last"] for ports in row["ports"])
    }
    ends = [f"shop/{name}" for name in ("api", "web", "db")]
    assert set(ends) <= set(document["ends"])
    for source, destination in product(ends, ends):
        if source != destination:
            verdict = ringfence("can", source, destination, "5432").out.strip()
            assert (verdict == "allowed") == ((source, destination) in reach), (source, destination)


@pytest.mark.parametrize("form", ["table", "wide", "csv", "md", "dot"])
def test_map(ringfence: Run, shop: Path, form: str) -> None:
    done = ringfence("map", "-f", "shop.yaml", "-o", form)
    assert done.code == 0
    check(GOLDEN / f"map.{form}", done.out)


def test_a_selector_finds_the_ends_of_the_list(ringfence: Run, shop: Path) -> None:
    for level in ("workload", "pod", "namespace"):
        rows = list(csv.DictReader(ringfence("map", "-l", "app=db", "--level", level, "-o", "csv").out.splitlines()))
        assert rows, level
        assert all("shop" in row["source"] + row["destination"] for row in rows)


def test_with_is_from_and_to(ringfence: Run, shop: Path) -> None:
    def listed(*arguments: str) -> set[tuple[str, ...]]:
        found = csv.reader(ringfence("map", *arguments, "-o", "csv").out.splitlines())
        return {tuple(row) for row in found}

    assert listed("--with", "shop/db") == listed("--from", "shop/db") | listed("--to", "shop/db")


@pytest.mark.parametrize("source", ["api", "web"])
def test_explain(ringfence: Run, shop: Path, source: str) -> None:
    done = ringfence("explain", f"shop/{source}", "shop/db", "5432", "-f", "shop.yaml")
    assert done.code == (0 if source == "api" else 1)
    assert "db-ingress" in done.out
    assert "shop.yaml:" in done.out
    check(GOLDEN / f"explain-{source}.txt", done.out)


def test_the_console_script(shop: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KUBECTL, "can", "shop/web", "shop/db", "1"],
        capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "denied\n")
    done = subprocess.run(
        [sys.executable, "-c", KUBECTL, "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Usage: kubectl ringfence" in done.stdout
