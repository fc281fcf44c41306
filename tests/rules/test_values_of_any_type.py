"""Rules that read objects as they are written take any value in any field: nothing of it is an exception."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from ringfence import load_objects
from tests.rules.meshed import gateway_pod, mesh_config, sidecars
from tests.rules.test_auz_009_tokens_not_asked_for import EDGE, routes
from tests.rules.test_auz_019_nobody_to_ask import HTTP, SHOP, custom
from tests.rules.test_idn_003_token_mounted import KUBERNETES, WEB
from tests.rules.test_lay_007_hidden_dependency_blocked import HERE, HOOK, METRICS, SERVER, probed
from tests.rules.test_lints_of_the_mesh import LINTS

TEXTS = (
    *(lint.faulty for lint in LINTS.values()),
    HOOK + SERVER,
    sidecars() + probed(annotations={**HERE, **METRICS}),
    WEB + KUBERNETES + sidecars("other"),
    sidecars() + gateway_pod("egress", "shop", istio="egressgateway"),
    EDGE + routes(),
    SHOP + mesh_config(HTTP) + custom(),
)
VALUES: tuple[Any, ...] = (
    *(None, 0, -1, 1.5, True, "", "x", "*", "a/b/c/d", [], [None], [1, "x"], {}, {"a": None}, ["*"], {"x": ["y"]}),
    *("é", 10**12, "80", ["a", "a"]),
)
Path = tuple[Any, ...]


def paths(value: Any, start: Path = ()) -> Iterator[Path]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield (*start, key)
        yield from paths(inner, (*start, key))


def put(whole: Any, path: Path, value: Any) -> None:
    for key in path[:-1]:
        whole = whole[key]
    whole[path[-1]] = value


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_any_value_in_any_field(number: int) -> None:
    chance = random.Random(number)
    documents = [one for one in yaml.safe_load_all(TEXTS[number]) if one]
    for _ in range(15):
        changed = copy.deepcopy(documents)
        for _ in range(chance.randint(1, 3)):
            one = chance.choice(changed)
            where = [path for path in paths(one) if path not in (("apiVersion",), ("kind",))]
            put(one, chance.choice(where), copy.deepcopy(chance.choice(VALUES)))
        assert load_objects(changed).check() is not None
