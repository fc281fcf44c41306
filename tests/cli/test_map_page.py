"""``map -o html``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.manifests import NAMESPACE, policy, workload
from tests.reports.html.reading import data_of

MANIFESTS = NAMESPACE + workload("web") + workload("db", "StatefulSet") + policy("closed", "db")
OUT = policy("out", "web", "egress: [{to: [{ipBlock: {cidr: 203.0.113.0/24}}]}]")


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "all.yaml").write_text(MANIFESTS + OUT, encoding="utf-8")
    return str(tmp_path)


def test_a_page_of_all_workloads(ringfence: Run, folder: str) -> None:
    done = ringfence("map", "-o", "html", "-f", folder)
    assert done.code == 0
    assert done.out.startswith("<!doctype html>\n")
    data = data_of(done.out)
    assert [end[0] for end in data["ends"][:2]] == ["shop/db", "shop/web"]
    assert data["profile"] == ["generic", "the default"]
    assert data["opened"] == {}


def test_what_could_not_be_read_is_said_on_the_page(ringfence: Run, folder: str) -> None:
    (Path(folder) / "bad.yaml").write_text("kind: [\n", encoding="utf-8")
    done = ringfence("map", "-o", "html", "-f", folder)
    assert done.code == 3
    data = data_of(done.out)
    assert data["partial"]
    assert data["problemCount"] == len(data["problems"]) == 1


@pytest.mark.parametrize(
    "arguments, opened",
    [
        (["--from", "shop/web"], {"from": "=shop/web"}),
        (["--to", "db", "-n", "shop"], {"to": "=shop/db", "with": "=shop/*"}),
        (["--with", "shop/web", "--level", "pod"], {"with": "=shop/web"}),
        (["-n", "shop"], {"with": "=shop/*"}),
        (["-n", "shop", "-A"], {}),
        (["--level", "namespace"], {"open": ""}),
        (["--to", "203.0.113.7"], {"to": "=203.0.113.0/24"}),
    ],
)
def test_filters_become_those_that_the_page_opens_with(
    ringfence: Run, folder: str, arguments: list[str], opened: dict[str, str]
) -> None:
    assert data_of(ringfence("map", "-o", "html", "-f", folder, *arguments).out)["opened"] == opened


def test_ends_with_blanks_in_their_names_are_named_by_number(ringfence: Run, folder: str) -> None:
    data = data_of(ringfence("map", "-o", "html", "-f", folder, "--to", "internet").out)
    numbers = [int(word[1:]) for word in data["opened"]["to"].split() if word.startswith("#")]
    assert numbers
    assert all(" " in data["ends"][number][0] for number in numbers)


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["--limit", "5"], "--limit and -l are for lists"),
        (["-l", "app=web"], "--limit and -l are for lists"),
        (["--from", "app=web@shop"], "no row of the page"),
        (["--from", "shop/nobody"], "shop/nobody"),
    ],
)
def test_what_a_page_cannot_do(ringfence: Run, folder: str, arguments: list[str], word: str) -> None:
    done = ringfence("map", "-o", "html", "-f", folder, *arguments)
    assert (done.code, done.out) == (2, "")
    assert word in done.err
