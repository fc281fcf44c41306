"""The data of the page, read again, is the matrix: nothing is lost or added on the way."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ringfence.model.text import printable
from ringfence.reports.context import Context
from ringfence.reports.html.data import page_data, script_json
from ringfence.reports.html.tables import VERDICTS, planes
from ringfence.sets.ports import describe
from ringfence.verdict.matrix.values import Matrix, Numbers
from ringfence.world import World
from tests.model.objects import namespace, network_policy, node, pod, pods_peer, tcp, world
from tests.properties.clusters import scenario
from tests.properties.comparison import load
from tests.reports.goldens import check
from tests.reports.html.reading import PageState, numbers

GOLDEN = Path(__file__).parents[1] / "golden"
CONTEXT = Context("generic", "the default")
RANDOMS = st.randoms(use_true_random=False)
SLOW = settings(suppress_health_check=list(HealthCheck), max_examples=25, phases=[Phase.explicit, Phase.generate])
WEB, DB = {"app": "web"}, {"app": "db"}


def shop(*more: dict[str, Any]) -> World:
    into = network_policy("shop/db", DB, ingress=[{"from": [pods_peer(WEB)], "ports": tcp(5432)}])
    web = [pod(f"shop/web-{number}", WEB, owner="ReplicaSet/web") for number in range(2)]
    return world(namespace("shop"), *web, pod("shop/db", DB), node("n1"), into, *more)


def read_again(*states: Matrix) -> tuple[dict[str, Any], list[PageState]]:
    data = json.loads(script_json(page_data([(str(number), one) for number, one in enumerate(states)], CONTEXT, {})))
    return data, [PageState(raw) for raw in data["states"]]


@SLOW
@given(RANDOMS, st.sampled_from(["workload", "pod"]))
def test_every_pair_is_the_cell_of_the_matrix(random: Random, level: str) -> None:
    made = scenario(random)
    matrix = load(made.objects, made.given).matrix(level)
    data, (state,) = read_again(matrix)
    assert [end[0] for end in data["ends"]] == [printable(end.name) for end in matrix.ends]
    for source in range(len(matrix.ends)):
        for destination in range(len(matrix.ends)):
            cell = matrix.cell(source, destination)
            lines = tuple(
                (line.ports, line.verdict, line.reason and (printable(line.reason.message), line.reason.decide))
                for line in cell.lines
            )
            assert state.cell(source, destination) == (lines, cell.closed)
    for _ in range(20):
        units = random.randrange(matrix.base), random.randrange(matrix.base)
        for egress in (True, False):
            side, shown = matrix.side(*units, egress), state.side(*units, egress)
            if side is None:
                assert shown is None
            else:
                assert [VERDICTS[segment[1]] for segment in shown[1]] == [one.outcome for one in side.segments]
                assert [len(segment[3]) for segment in shown[1]] == [len(one.decisions) for one in side.segments]


@SLOW
@given(RANDOMS)
def test_a_page_of_two_states_holds_both(random: Random) -> None:
    made = scenario(random)
    kept = [item for item in made.objects if item["kind"] in ("Namespace", "Node") or random.random() < 0.8]
    matrices = load(made.objects, made.given).matrix(), load(kept, made.given).matrix()
    data, states = read_again(*matrices)
    for state, matrix in zip(states, matrices, strict=True):
        own = {end.name: number for number, end in enumerate(matrix.ends) if end.sort != "outside"}
        seen = set()
        for place, (name, group, _, _) in enumerate(data["ends"]):
            if group == -2 or state.raw["unitOf"][place] < 0:
                continue
            number = own.get(name)
            if number is None:  # called by its kind too in the other state
                continue
            seen.add(number)
            for other, (second, kind, _, _) in enumerate(data["ends"]):
                if kind != -2 and second in own and state.raw["unitOf"][other] >= 0:
                    cell = matrix.cell(number, own[second])
                    shown = state.cell(place, other)
                    assert shown is not None
                    assert [line[:2] for line in shown[0]] == [(line.ports, line.verdict) for line in cell.lines]


def test_an_end_of_one_state_alone_is_missing_in_the_other() -> None:
    before, after = shop(), shop(pod("shop/new", {"app": "new"}))
    data, (old, new) = read_again(before.matrix(), after.matrix())
    place = [end[0] for end in data["ends"]].index("shop/new")
    assert old.cell(place, 0) is None
    assert new.cell(place, 0) is not None


def test_addresses_are_cut_as_finely_as_either_state_needs() -> None:
    def outside(cidr: str) -> World:
        return shop(network_policy("shop/out", WEB, egress=[{"to": [{"ipBlock": {"cidr": cidr}}]}]))

    data, states = read_again(outside("8.0.0.0/8").matrix(), outside("8.8.0.0/16").matrix())
    names = [end[0] for end in data["ends"] if end[1] == -2]
    assert "8.8.0.0/16" in names
    assert len(names) == len(set(names))
    assert all(unit >= 0 for state in states for unit in state.raw["unitOf"])
    web = [end[0] for end in data["ends"]].index("shop/web")
    narrow, wide = ([end[0] for end in data["ends"]].index(name) for name in ("8.8.0.0/16", names[0]))
    allowed = [bool(state.cell(web, narrow)[0]) for state in states]  # type: ignore[index]
    assert allowed == [True, True]
    assert not states[1].cell(web, wide)[0]  # type: ignore[index]


def test_a_small_page_in_full() -> None:
    """As readable text, with what is packed taken apart: what the page is made of, and nothing by accident."""
    data, (state,) = read_again(shop().matrix())
    data["states"][0]["rows"]["packed"] = state.rows
    data["states"][0]["sideNumbers"]["packed"] = state.side_numbers
    check(GOLDEN / "map.html.json", json.dumps(data, indent=1) + "\n")


@pytest.mark.parametrize("text", ["</script>", "<!--", "]]>", "&lt;", "\u2028\u2029", "é\x00", "\ud800"])
def test_no_text_ends_its_script(text: str) -> None:
    written = script_json({"name": printable(text)})
    assert written.isascii()
    assert not set("<>&") & set(written)
    assert json.loads(written) == {"name": printable(text)}


def test_numbers_above_a_byte_keep_their_planes() -> None:
    rows = [Numbers((b"\x01\x02",)), Numbers((b"\x00\xff", b"\x01\x02", b"\x00\x01"))]
    assert numbers(planes(rows, 2)) == [[1, 2], [256, 255 + 512 + 65536]]


def test_the_ports_of_the_data_are_sets_of_ports() -> None:
    _, (state,) = read_again(shop().matrix())
    texts = {describe(tuple(zip(flat[::2], flat[1::2], strict=True))) for flat in state.raw["ports"]}
    assert "TCP 5432" in texts
