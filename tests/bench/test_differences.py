"""The comparison of two states in the bench: its second state, and how the rows of both tools read."""

from __future__ import annotations

from pathlib import Path

import pytest

import ringfence
from bench import agreement, clusters, differences, peers

PRINTED = """Connectivity diff:
diff-type: changed, source: a/x[Pod], destination: b/y[Deployment], ref1: TCP 80, ref2: TCP 80,443,UDP 53
diff-type: added, source: 0.0.0.0-9.255.255.255[External], destination: b/y[Pod], dir1: No Connections, \
dir2: All Connections, workloads-diff-info: workload b/y[Pod] added
"""


def test_every_so_many_policies_differ() -> None:
    size = clusters.SMALL
    before = list(clusters.comparable_policies(size))
    after = differences.changed(before, 10)
    assert sum(one != other for one, other in zip(before, after, strict=True)) in (3, 4)
    objects = [*clusters.namespaces(size), *clusters.bare_pods(size)]
    found = ringfence.load_objects([*objects, *before]).diff(ringfence.load_objects([*objects, *after]))
    assert found.rows


def test_the_rows_of_the_other_tool_say_what_was_lost_and_gained() -> None:
    lost, gained = differences.sides(peers.npa_differences(PRINTED))
    assert lost == []
    assert gained[0] == ("a/x", "b/y", "TCP 443-443,UDP 53-53")
    assert gained[1][:2] == ("0.0.0.0-9.255.255.255", "b/y")
    assert agreement.ports(gained[1][2]) == agreement.ports("all")


@pytest.mark.parametrize("agrees", [True, False])
def test_a_tool_that_tells_another_difference_is_found(tmp_path: Path, agrees: bool) -> None:
    before, after = differences.two_folders(tmp_path, clusters.SMALL)
    found = ringfence.load(str(before)).diff(ringfence.load(str(after)), level="pod")
    rows = [
        f"diff-type: changed, source: {s}, destination: {d}, ref1: {old}, ref2: {new}"
        for row in found.rows
        for s in row.sources
        for d in row.destinations
        if s != d and "/" in s and "/" in d and "." not in s + d and ":" not in s + d
        for ports in [agreement.text(row.ports)]
        for old, new in [(ports, "No Connections") if row.before == "allowed" else ("No Connections", ports)]
    ]
    printed = tmp_path / "printed.txt"
    printed.write_text("\n".join(rows if agrees else rows[1:]), encoding="utf-8")
    # Only pairs of pods are printed here: the addresses outside are left out of the comparison too.
    tool = peers.Peer(
        "other", lambda data: [], lambda output: iter(()), None,
        lambda left, right: ["cat", str(printed)], peers.npa_differences,
    )  # fmt: skip
    lines = list(_compared(tool, tmp_path)) if agrees else []
    assert any(line.figure == "equal" for line in lines) is agrees
    if not agrees:
        with pytest.raises(differences.WrongDifferenceError):
            list(_compared(tool, tmp_path))


def _compared(tool: peers.Peer, folder: Path) -> list[object]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(differences.listing, "outside", lambda size: ())
        return list(differences.compare([tool], clusters.SMALL, folder, 1))
