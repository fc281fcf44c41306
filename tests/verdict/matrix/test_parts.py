"""What the matrix is made of: planes of numbers, folded cells, partitions of columns and ports."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sets.ports import EVERYTHING, Intervals, intersect, port_key, size, subtract
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.asking import fold as fold_verdicts
from ringfence.verdict.matrix.folding import CellTable, fold
from ringfence.verdict.matrix.planes import Spreading, of_values, picked
from ringfence.verdict.matrix.sides import atoms, partition
from ringfence.verdict.matrix.values import Cell, Line, Lines, verdict_at

WHY = Reason("why", "why")


def tcp(first: int, last: int) -> Intervals:
    return ((port_key("TCP", first), port_key("TCP", last)),)


@given(st.randoms(use_true_random=False), st.integers(1, 70), st.sampled_from([3, 300, 70_000]))
def test_a_row_of_masks_is_the_row_of_its_numbers(random: Random, columns: int, most: int) -> None:
    wanted = [random.choice([0, 1, random.randrange(most)]) for _ in range(columns)]
    masks: dict[int, int] = {}
    for column, number in enumerate(wanted):
        masks[number] = masks.get(number, 0) | 1 << column
    rest = random.choice(list(masks))
    del masks[rest]
    row = Spreading(columns).row(((mask, number) for number, mask in masks.items()), rest)
    assert [row[column] for column in range(columns)] == wanted
    assert list(row.values()) == wanted
    again = of_values(wanted)
    assert [again[column] for column in range(columns)] == wanted
    indexes = [random.randrange(columns) for _ in range(random.randrange(1, 5))]
    some = picked(row, indexes)
    assert [some[place] for place in range(len(indexes))] == [wanted[index] for index in indexes]


LINES: list[Lines] = [
    (),
    (Line(EVERYTHING, Verdict.ALLOWED),),
    (Line(tcp(1, 10), Verdict.ALLOWED),),
    (Line(tcp(5, 20), Verdict.UNKNOWN, WHY), Line(tcp(1, 4), Verdict.ALLOWED)),
    (Line(tcp(8, 9), Verdict.MIXED), Line(tcp(10, 30), Verdict.UNKNOWN, Reason("other", "other"))),
]


@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=4), st.sampled_from([1, 4, 5, 8, 10, 15, 25, 31]))
def test_a_folded_cell_says_of_each_port_what_the_house_says(parts: list[Lines], port: int) -> None:
    key = port_key("TCP", port)
    assert verdict_at(fold(tuple(parts)), key) is fold_verdicts(verdict_at(lines, key) for lines in parts)


def test_lines_of_a_folded_cell_do_not_overlap() -> None:
    found = fold(tuple(LINES))
    for index, line in enumerate(found):
        for other in found[index + 1 :]:
            assert not intersect(line.ports, other.ports)


def test_a_fold_looks_at_every_place_of_a_cell() -> None:
    table = CellTable()
    apart = Cell(LINES[3], (("on one node", LINES[1]), ("on different nodes", LINES[3])))
    number = table.folded([table.number(apart), table.number(Cell())])
    assert verdict_at(table.cells[number].lines, port_key("TCP", 15)) is Verdict.MIXED


def test_one_cell_folds_to_itself() -> None:
    table = CellTable()
    number = table.number(Cell(LINES[2]))
    assert table.folded([number, number]) == number


@given(st.lists(st.integers(0, 2**12 - 1), max_size=6))
def test_a_partition_tells_which_masks_hold_a_column(masks: list[int]) -> None:
    everything = 2**12 - 1
    seen = 0
    for matching, columns in partition(everything, masks):
        assert not seen & columns
        seen |= columns
        for index, mask in enumerate(masks):
            assert columns & mask == (columns if index in matching else 0)
    assert seen == everything


@pytest.mark.parametrize("sets", [[], [tcp(80, 80)], [tcp(1, 65535), EVERYTHING], [tcp(1, 9), tcp(5, 20), tcp(7, 8)]])
def test_atoms_are_whole_inside_or_outside_of_each_set(sets: list[Intervals]) -> None:
    found = atoms(sets)
    assert sum(map(size, found)) == size(EVERYTHING)
    for atom in found:
        for one in sets:
            assert not intersect(atom, one) or not subtract(atom, one)
