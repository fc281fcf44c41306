"""``.ringfence.yaml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import HandMadeWorld, Run

FILE = """\
cni: calico
podCIDRs: [10.0.0.0/8, "fd00::/8"]
serviceCIDRs: 172.16.0.0/12
assumeNoLabels: true
"""


def test_it_is_found_at_the_root_of_the_repository(ringfence: Run, world: HandMadeWorld, tmp_path: Path) -> None:
    (tmp_path / ".ringfence.yaml").write_text(FILE)
    (tmp_path / "deploy" / "base").mkdir(parents=True)
    done = ringfence("can", "a", "b", "80", "-f", "deploy/base")
    assert world.loaded["cni"] == "calico"
    assert world.loaded["pod_cidrs"] == ("10.0.0.0/8", "fd00::/8")
    assert world.loaded["service_cidrs"] == ("172.16.0.0/12",)
    assert world.loaded["assume_no_labels"] is True
    assert "profile calico (chosen by .ringfence.yaml:1:6)" in done.err
    assert "notice: settings from '.ringfence.yaml'" in done.err


def test_flags_count_more(ringfence: Run, world: HandMadeWorld, tmp_path: Path) -> None:
    (tmp_path / ".ringfence.yaml").write_text(FILE)
    done = ringfence("can", "a", "b", "80", "--cni", "generic", "--pod-cidr", "11.0.0.0/8")
    assert world.loaded["cni"] == "generic"
    assert world.loaded["pod_cidrs"] == ("11.0.0.0/8",)
    assert "profile generic (chosen by --cni)" in done.err


def test_it_is_not_looked_for_beyond_the_repository(ringfence: Run, world: HandMadeWorld, tmp_path: Path) -> None:
    (tmp_path / ".ringfence.yaml").write_text(FILE)
    (tmp_path / "vendored" / ".git").mkdir(parents=True)
    ringfence("can", "a", "b", "80", "-f", "vendored")
    assert world.loaded["cni"] is None


@pytest.mark.parametrize("content", ["", "# nothing\n", "podCIDRs:\n"])
def test_a_file_that_says_nothing(ringfence: Run, world: HandMadeWorld, tmp_path: Path, content: str) -> None:
    (tmp_path / ".ringfence.yaml").write_text(content)
    assert ringfence("can", "a", "b", "80").code == 0


@pytest.mark.parametrize(
    "content, message",
    [
        (
            "cni: calico\npodCIDR: 10.0.0.0/8\n",
            ".ringfence.yaml:2:1: unknown key 'podCIDR'\n  hint: did you mean podCIDRs?",
        ),
        ("cni: calcio\n", ".ringfence.yaml:1:6: no CNI profile is called 'calcio'\n  hint: did you mean calico?"),
        ("cni: calico\ncni: calico\n", ":2:1: key 'cni' stands twice"),
        ("podCIDRs:\n- 10.0.0.0/8\n- ten\n", ":3:3: 'ten' is not an address with a prefix length"),
        ("podCIDRs: {a: b}\n", ":1:11: a word is expected here"),
        ("assumeNoLabels: maybe\n", ":1:17: 'maybe' is neither true nor false"),
        ("- a\n", ":1:1: not a mapping"),
        ("a: [\n", ".ringfence.yaml:2:1: "),
        ("a: b\n---\nc: d\n", ".ringfence.yaml:2:1: "),
        ("[" * 30000 + "]" * 30000, "nested too deeply"),
        ("a" * (1 << 21), "larger than"),
        (b"\xff\xfe\x00", "is not UTF-8"),
        ("\x1b: 1", ".ringfence.yaml"),
    ],
    ids=lambda value: ascii(value)[:30],
)
def test_a_file_that_is_wrong(
    ringfence: Run, world: HandMadeWorld, tmp_path: Path, content: str | bytes, message: str
) -> None:
    (tmp_path / ".ringfence.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = ringfence("can", "a", "b", "80")
    assert (done.code, done.out, world.asked) == (2, "", [])
    assert message in done.err
    assert "\x1b" not in done.err
