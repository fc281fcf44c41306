"""Nothing in the project names the machine that it was written on, or where packages are fetched from."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import project_files, text_of

# Written in pieces, so that this file does not hold what it looks for.
FOLDERS = ("work", "root", r"home/\w+", "Users", "tmp/bri" + "ef")
MACHINE_PATHS = re.compile(rf"(?<![\w.~$}})/-])/(?:{'|'.join(FOLDERS)})/\w")
HOSTS = ("py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "crates" + ".io", "proxy.gol" + "ang")
REGISTRY_HOSTS = re.compile("|".join(map(re.escape, HOSTS)))
SECRETS = ("-----BEGIN [A-Z ]*PRIV" + "ATE KEY", r"\bghp" + r"_\w{30}", r"\bAK" + r"IA[A-Z0-9]{16}\b")
CREDENTIALS = re.compile("|".join(SECRETS))
CONFLICTS = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)


def found(pattern: re.Pattern[str]) -> list[str]:
    places = []
    for name in project_files():
        text = text_of(name) or ""
        places += [f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit[0]}" for hit in pattern.finditer(text)]
    return places


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(MACHINE_PATHS, id="machine-paths"),
        pytest.param(REGISTRY_HOSTS, id="registry-hosts"),
        pytest.param(CREDENTIALS, id="credentials"),
        pytest.param(CONFLICTS, id="merge-conflicts"),
    ],
)
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    assert found(pattern) == []


@pytest.mark.parametrize(
    "pattern, text",
    [
        (MACHINE_PATHS, "open('/ro" + "ot/x')"),
        (MACHINE_PATHS, "cd /wo" + "rk/main"),
        (REGISTRY_HOSTS, "https://py" + "pi.org/simple"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
