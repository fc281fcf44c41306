"""There is one version."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys

import ringfence
from tests.house.tree import ROOT


def test_the_installed_package_has_the_version_of_the_sources() -> None:
    assert importlib.metadata.version("ringfence") == ringfence.__version__, "install the package anew (make test does)"


def test_the_changelog_begins_with_this_version() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == ringfence.__version__


def test_the_command_says_this_version() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from ringfence.cli import main; main()", "version"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ringfence.__version__ in done.stdout.split()
