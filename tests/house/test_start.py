"""The command starts fast because it imports late. What is checked is what was imported, never the time it took."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# Each costs milliseconds that `ringfence version` and shell completion cannot use.
HEAVY = frozenset({
    "asyncio", "concurrent.futures", "email", "http", "importlib.metadata", "json", "markdown_it", "msgspec",
    "multiprocessing", "pygments", "rich", "socket", "ssl", "tempfile", "tomllib", "unittest", "urllib.request",
    "xml", "yaml",
})  # fmt: skip

REPORT = "import json, sys; print('MODULES' + json.dumps(sorted(seen)))"
STARTS = {
    "a bare interpreter": "",
    "import ringfence": "import ringfence",
    "import ringfence.cli": "import ringfence.cli",
    "ringfence version": """
from ringfence.cli import main
sys.argv = ["ringfence", "version"]
try:
    main()
except SystemExit as exit:
    assert not exit.code, exit.code
""",
}


def modules_after(start: str) -> frozenset[str]:
    """The modules that a new interpreter has after a start, those of ``site`` and of this report not counted."""
    program = f"import sys\nbefore = set(sys.modules)\n{STARTS[start]}\nseen = set(sys.modules) - before\n{REPORT}"
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return frozenset(json.loads(done.stdout.rpartition("MODULES")[2]))


@pytest.mark.parametrize("start", STARTS)
def test_a_start_imports_nothing_heavy(start: str) -> None:
    assert sorted(modules_after(start) & HEAVY) == []


def test_importing_the_package_imports_no_room() -> None:
    """``import ringfence`` in a test suite costs nothing until the suite asks something."""
    rooms = {name for name in modules_after("import ringfence") if name.startswith("ringfence.")}
    assert rooms == set()


def test_the_report_sees_what_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STARTS, "a heavy start", "import yaml")
    assert "yaml" in modules_after("a heavy start")
