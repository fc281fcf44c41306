"""Masks of columns as masks of kinds, by every way in which they are translated."""

from __future__ import annotations

from random import Random

import pytest

from ringfence.layers.network.columns import columns_of
from ringfence.verdict.translation import Translation


@pytest.mark.parametrize("shape", ["same", "shifted", "shuffled", "split"])
def test_every_mask_is_translated_bit_by_bit(shape: str) -> None:
    random = Random(shape)
    size = 1500
    columns = list(range(size))
    if shape == "shifted":
        columns = [-1, *columns[:700], *columns[720:]]
    elif shape == "shuffled":
        random.shuffle(columns)
    elif shape == "split":
        columns = [column // 2 if column % 7 else -1 for column in columns]
    translate = Translation(columns)
    for density in (0.0, 0.001, 0.01, 0.5, 0.5, 0.99, 1.0) * 4:
        mask = sum(1 << column for column in range(size) if random.random() < density)
        expected = {number for number, column in enumerate(columns) if column >= 0 and mask >> column & 1}
        assert set(columns_of(translate(mask))) == expected
