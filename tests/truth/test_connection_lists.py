"""netpol-analyzer's connection lists: reading, cutting and comparing them, and the engine under that tool's profile."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringfence.sets.addresses import EVERY_IPV4
from ringfence.sets.ports import EVERYTHING, port_key
from tests.truth import connection_lists as lists
from tests.truth.deviations import DEVIATIONS
from tests.truth.judging import judge_list

FOLDERS = lists.folders()
A, B = "n/a[Pod]", "n/b[Deployment]"


def test_ports_of_one_protocol_follow_its_name_once() -> None:
    assert lists.ports("SCTP 9003,TCP 80,443-445") == (
        (port_key("TCP", 80), port_key("TCP", 80)),
        (port_key("TCP", 443), port_key("TCP", 445)),
        (port_key("SCTP", 9003), port_key("SCTP", 9003)),
    )
    assert lists.ports("All Connections") == EVERYTHING


def test_rows_of_the_ingress_controller_are_left_out() -> None:
    printed = f"{{ingress-controller}} => {B} : TCP 80\n{A} => 0.0.0.0-255.255.255.255[External] : All Connections\n"
    assert lists.parse_text(printed) == {(A, (0, 2**32 - 1)): EVERYTHING}


def test_a_line_that_is_no_row_is_an_error() -> None:
    with pytest.raises(ValueError, match="no row"):
        lists.parse_text("Permitted connectivity analyzed in Pod network:\n")


def test_ranges_compare_after_cutting_at_every_boundary() -> None:
    whole = lists.relation([("0.0.0.0-255.255.255.255", A, "TCP 80")])
    halves = lists.relation(
        [("0.0.0.0-9.255.255.255[External]", A, "TCP 80"), ("10.0.0.0-255.255.255.255", A, "TCP 80")]
    )
    assert lists.compare(whole, halves, EVERY_IPV4) == []
    assert lists.compare(halves, whole, EVERY_IPV4) == []


def test_a_missing_part_of_a_range_is_a_difference() -> None:
    whole = lists.relation([("0.0.0.0-255.255.255.255", A, "TCP 80")])
    part = lists.relation([("0.0.0.0-9.255.255.255", A, "TCP 80")])
    (difference,) = lists.compare(whole, part, EVERY_IPV4)
    assert str(difference) == "10.0.0.0-255.255.255.255 => n/a[Pod]: expected TCP 80, got none"


def test_an_end_to_itself_and_address_to_address_do_not_count() -> None:
    strange = lists.relation([(A, A, "TCP 80"), ("0.0.0.0-9.255.255.255", "0.0.0.0-9.255.255.255", "TCP 80")])
    assert lists.compare({}, strange, EVERY_IPV4) == []


def test_kinds_of_other_layers_are_found_in_yaml_and_json(tmp_path: Path) -> None:
    for name, text in (("u", "kind: UserDefinedNetwork\n"), ("j", '{"kind": "VirtualMachine"}'), ("p", "kind: Pod\n")):
        folder = tmp_path / "netpol-analyzer" / "inputs" / name
        folder.mkdir(parents=True)
        (folder / "a.yaml").write_text(text)
        expected = tmp_path / "netpol-analyzer" / "expected"
        expected.mkdir(exist_ok=True)
        (expected / f"{name}_connlist_output.txt").write_text("")
    found = {folder.name: folder.beyond for folder in lists.folders(tmp_path)}
    assert found == {"u": "UserDefinedNetwork", "j": "VirtualMachine", "p": ""}


@pytest.mark.skipif(not FOLDERS, reason="the lists are absent")
@pytest.mark.parametrize("folder", [one for one in FOLDERS if not one.beyond], ids=lambda one: one.name)
def test_every_expected_list_is_understood(folder: lists.Folder) -> None:
    relations = [lists.read_list(file) for file in folder.expected]
    assert all(lists.compare(relations[0], other, EVERY_IPV4) == [] for other in relations[1:])


@pytest.mark.skipif(not FOLDERS, reason="the lists are absent")
@pytest.mark.parametrize("folder", [one for one in FOLDERS if not one.beyond], ids=lambda one: one.name)
def test_the_engine_lists_the_same(folder: lists.Folder) -> None:
    pytest.importorskip("ringfence.world")
    _, wrong = judge_list(folder)
    deviation = DEVIATIONS.get(folder.name)
    if deviation is None:
        assert not wrong, "\n".join(wrong)
    else:
        assert len(wrong) == deviation.lines, f"{deviation.clause}\n" + "\n".join(wrong)


def test_deviations_are_few_and_reasoned() -> None:
    assert len(DEVIATIONS) <= 5
    assert all(deviation.clause and deviation.lines for deviation in DEVIATIONS.values())


def test_an_owner_without_a_kind_is_shown_as_a_pod(tmp_path: Path) -> None:
    reference = "ownerReferences: [{name: owner, controller: true%s}]"
    (tmp_path / "a.yaml").write_text(
        "kind: Pod\nmetadata: {name: a, " + reference % "" + "}\n---\n"
        "kind: Pod\nmetadata: {name: b, namespace: n, " + reference % ", kind: ReplicaSet" + "}\n---\n---\n"
        "kind: List\nitems: [{kind: Pod, metadata: {name: c, namespace: n, " + reference % "" + "}}]\n"
    )
    assert lists.nameless_owners(tmp_path) == {"default/a": "default/owner[Pod]", "n/c": "n/owner[Pod]"}


def test_address_texts_of_every_form_are_ranges() -> None:
    assert list(lists.address_ranges("10.0.0.0/31, 10.0.0.4, 10.0.0.6-10.0.0.8, 2001:db8::/32")) == [
        (10 << 24, (10 << 24) + 1), ((10 << 24) + 4, (10 << 24) + 4), ((10 << 24) + 6, (10 << 24) + 8),
    ]  # fmt: skip
    assert list(lists.address_ranges("any address")) == [(0, 2**32 - 1)]
