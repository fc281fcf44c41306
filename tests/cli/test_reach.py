"""``coverage``, ``exposure``, ``blast-radius`` and ``paths`` end to end: output, formats, exit codes, bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.model.objects import namespace, network_policy, pod, pods_peer, tcp

COMMANDS: dict[str, list[str]] = {
    "coverage": ["coverage"],
    "exposure": ["exposure", "--target", "shop/db"],
    "blast-radius": ["blast-radius", "shop/web", "--target", "shop/db"],
    "paths": ["paths", "shop/web", "shop/db"],
}


@pytest.fixture
def store(tmp_path: Path) -> str:
    """web may reach db; api may not; only db is closed."""
    rule = {"from": [pods_peer({"app": "web"})], "ports": tcp(5432)}
    objects: list[Any] = [
        namespace("shop"), *(pod(f"shop/{name}", {"app": name}) for name in ("web", "api", "db")),
        network_policy("shop/db", {"app": "db"}, ingress=[rule], egress=[]),
    ]  # fmt: skip
    file = tmp_path / "store.yaml"
    file.write_text(yaml.safe_dump_all(objects))
    return str(file)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["table", "json", "md"])
def test_every_command_speaks_every_format(ringfence: Run, store: str, command: str, form: str) -> None:
    done = ringfence(*COMMANDS[command], "-f", store, "-o", form)
    assert done.code == 0, done.err
    assert done.out
    assert "profile generic" in done.err
    if form == "json":
        document = json.loads(done.out)
        assert (document["schemaVersion"], document["partial"]) == ("1", False)


@pytest.mark.parametrize("form", ["concise", "sarif", "junit", "github", "gitlab"])
def test_coverage_speaks_the_formats_of_check(
    ringfence: Run, store: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = ringfence("coverage", "-f", store, "-o", form, "--exclude", "shop/api")
    assert done.code == 0, done.err
    assert "Pod shop/web: ingress is open" in done.out
    assert "shop/api" not in done.out
    assert "store.yaml" in done.out
    assert "ingress: 1 of 2 workloads closed (50.0%); 1 open" in done.err
    assert "left out: 1 workload (--exclude shop/api)" in done.err
    assert summary.exists() is (form == "github")
    if form == "github":
        assert summary.read_text().startswith("<!-- ringfence coverage -->")
    assert ringfence("coverage", "-f", store, "-o", form, "--fail-under", "90").code == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_partial_input_is_never_clean(ringfence: Run, store: str, command: str) -> None:
    Path(store).with_name("broken.yaml").write_text("kind: Pod\nmetadata: {name: [\n")
    done = ringfence(*COMMANDS[command], "-f", str(Path(store).parent), "-o", "json")
    assert done.code == 3
    assert json.loads(done.out)["partial"] is True


@pytest.mark.parametrize("command", COMMANDS)
def test_no_object_is_an_error(ringfence: Run, tmp_path: Path, command: str) -> None:
    assert ringfence(*COMMANDS[command], "-f", str(tmp_path)).code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["exposure", "--target", "shop/nobody"],
        ["blast-radius", "shop/nobody"],
        ["blast-radius", "shop/web", "--target", "nowhere/x"],
        ["paths", "shop/web", "shop/nobody"],
        ["coverage", "--fail-under", "101"],
        ["coverage", "--limit", "0"],
    ],
)
def test_what_means_nothing_is_said(ringfence: Run, store: str, arguments: list[str]) -> None:
    done = ringfence(*arguments, "-f", store)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.err


@pytest.mark.parametrize(
    ("percent", "direction", "code"),
    [
        ("33", "both", 0),
        ("34", "both", 1),
        ("34", "ingress", 1),
        ("33.3", "egress", 0),
        ("0", "both", 0),
        ("100", "both", 1),
    ],
)
def test_fail_under_looks_at_both_figures(ringfence: Run, store: str, percent: str, direction: str, code: int) -> None:
    assert ringfence("coverage", "-f", store, "--fail-under", percent, "--direction", direction).code == code


def test_the_figure_has_both_numbers_and_what_is_left_out(ringfence: Run, store: str) -> None:
    out = ringfence("coverage", "-f", store, "--exclude", "shop/a*").out
    assert "ingress: 1 of 2 workloads closed (50.0%); 1 open" in out
    assert "left out: 1 workload (--exclude shop/a*)" in out


@pytest.mark.parametrize(("target", "code"), [("shop/db", 1), ("shop/api", 1)])
def test_fail_on_path(ringfence: Run, store: str, target: str, code: int) -> None:
    assert ringfence("blast-radius", "shop/web", "-f", store, "--target", target, "--fail-on-path").code == code
    assert ringfence("blast-radius", "shop/db", "-f", store, "--target", target, "--fail-on-path").code == 0
    assert ringfence("paths", "shop/web", target, "-f", store, "--fail-on-path").code == code
    assert ringfence("paths", "shop/db", "shop/web", "-f", store, "--fail-on-path").code == 0


def test_a_cut_off_list_says_how_much_is_left(ringfence: Run, store: str) -> None:
    assert "2 more rows are left out (--limit)" in ringfence("coverage", "-f", store, "--limit", "1").out
    whole = json.loads(ringfence("exposure", "-f", store, "-o", "json").out)["rows"]
    cut = json.loads(ringfence("exposure", "-f", store, "-o", "json", "--limit", "2").out)
    assert (cut["rows"], cut["leftOut"]) == (whole[:2], len(whole) - 2)


def test_namespaces_of_names_come_from_n(ringfence: Run, store: str) -> None:
    assert ringfence("paths", "web", "db", "-n", "shop", "-f", store).code == 0
    assert "shop/web" in ringfence("blast-radius", "web", "-n", "shop", "--target", "db", "-f", store).out


def test_what_labels_buy(ringfence: Run, store: str) -> None:
    prices = json.loads(ringfence("exposure", "-f", store, "--target", "shop/db", "-o", "json").out)["prices"]
    assert [(one["namespaces"], one["labels"]) for one in prices] == [(["shop"], {"app": "web"})]


@pytest.mark.parametrize("text", ["nginx", "/app=nginx", "web/app", "web/app=n?x", "W_b/app=nginx", "web/a=b,a=c"])
def test_an_ingress_controller_is_checked_before_anything_is_read(ringfence: Run, tmp_path: Path, text: str) -> None:
    missing = str(tmp_path / "missing")
    done = ringfence("exposure", "-f", missing, "--ingress-controller", text)
    assert done.code == 2
    assert "--ingress-controller" in done.err
    assert "missing" not in done.err


def test_coverage_of_nothing_passes_no_gate(ringfence: Run, store: str) -> None:
    done = ringfence("coverage", "-f", store, "--exclude", "*", "--fail-under", "0")
    assert done.code == 1
    assert "ingress: no workload to measure" in done.out
    assert "nothing was measured (--fail-under)" in done.err
    assert ringfence("coverage", "-f", store, "--exclude", "*").code == 0


def test_coverage_of_one_namespace(ringfence: Run, store: str) -> None:
    more = Path(store).with_name("lab.yaml")
    more.write_text(yaml.safe_dump_all([namespace("lab"), pod("lab/web", {"app": "web"})]))
    folder = str(more.parent)
    out = ringfence("coverage", "-f", folder, "-n", "lab").out
    assert "ingress: 0 of 1 workloads closed (0.0%); 1 open" in out
    assert "only namespace lab (-n)" in out
    assert "shop" not in out
    document = json.loads(ringfence("coverage", "-f", folder, "-n", "lab", "-o", "json").out)
    assert (document["namespace"], {step["namespace"] for step in document["steps"]}) == ("lab", {"lab"})
    assert "only namespace lab" in ringfence("coverage", "-f", folder, "-n", "lab", "-o", "md").out
    assert "ingress: 1 of 4" in ringfence("coverage", "-f", folder, "-n", "lab", "-A").out
    assert ringfence("coverage", "-f", folder, "-n", "lba").code == 2
