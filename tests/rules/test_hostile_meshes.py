"""No rule of the mesh raises, whatever stands in an object."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import yaml

from ringfence.rules.registry import MODULES
from tests.rules.checking import world_of
from tests.rules.test_page_examples import BESIDE, blocks

VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "*",
    "x/y",
    "9" * 5000,
    [],
    {},
    [None],
    [{}],
    {"": None},
    {"a": [1]},
    [[]],
]
RULES = [rule for rule in MODULES if rule.startswith("MSH")]
SEEDS = 25


def spoiled(value: Any, random: Random) -> Any:
    """A copy of which a few parts are something else."""
    if random.random() < 0.06:
        return random.choice(VALUES)
    if isinstance(value, dict):
        return {key: one if key in ("apiVersion", "kind") else spoiled(one, random) for key, one in value.items()}
    return [spoiled(one, random) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("rule", BESIDE)
def test_spoiled_objects_are_checked(rule: str) -> None:
    documents = [one for block in blocks(rule) for one in yaml.safe_load_all(block)]
    beside = list(yaml.safe_load_all(BESIDE[rule]))
    for seed in range(SEEDS):
        random = Random(f"{rule} {seed}")
        made = [spoiled(one, random) for one in (*documents, *random.sample(beside, min(2, len(beside))))]
        text = "".join(f"---\n{json.dumps(one)}\n" for one in (*beside, *made) if isinstance(one, dict))
        world_of(text).check(only=RULES)
