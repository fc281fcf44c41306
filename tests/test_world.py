"""The library: loading, its options, its errors, and that worlds do not change."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import ringfence
from ringfence.layers.profiles import ProfileError
from ringfence.verdict.answers import LAYERS, Verdict
from tests.model.objects import Object, block, namespace, network_policy, pod, pods_peer, world

OBJECTS = [namespace("shop"), pod("shop/web", {"app": "web"}), pod("shop/db"), network_policy("shop/deny", ingress=[])]


def written(folder: Path, *texts: str) -> str:
    for number, text in enumerate(texts):
        (folder / f"{number}.yaml").write_text(text)
    return str(folder)


def test_files_and_objects_in_memory_are_one_world(tmp_path: Path) -> None:
    folder = written(tmp_path, yaml.safe_dump_all(OBJECTS[:2]), yaml.safe_dump_all(OBJECTS[2:]))
    listed = tmp_path / "all.json"
    listed.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}))
    prints = {
        world(*OBJECTS).fingerprint(),
        ringfence.load(str(listed)).fingerprint(),
        ringfence.load(f"{folder}/0.yaml", f"{folder}/1.yaml").fingerprint(),
        ringfence.load(folder).fingerprint(),
    }
    assert len(prints) == 1


def test_a_path_may_be_a_path_object(tmp_path: Path) -> None:
    written(tmp_path, yaml.safe_dump_all(OBJECTS))
    path: Any = tmp_path
    assert ringfence.load(path).can("shop/web", "shop/db", 80).verdict is Verdict.DENIED


def test_what_cannot_be_read_is_a_problem_and_the_rest_is_answered(tmp_path: Path) -> None:
    asked = ringfence.load(written(tmp_path, yaml.safe_dump_all(OBJECTS), "a: [b\n"))
    assert asked.partial
    assert [Path(problem.place.file).name for problem in asked.problems if problem.partial] == ["1.yaml"]
    answer = asked.can("shop/web", "shop/db", 80)
    assert answer.verdict is Verdict.DENIED
    assert answer.partial


def test_input_that_was_read_whole_is_not_partial() -> None:
    asked = world(*OBJECTS)
    assert not asked.partial
    assert asked.problems == ()
    assert not asked.can("shop/web", "shop/db", 80).partial


@pytest.mark.parametrize("cni", ["generic", "calico", "netpol-analyzer", "calico@3.30"])
def test_the_profile_is_chosen_by_name(cni: str) -> None:
    assert world(*OBJECTS, cni=cni).profile.name == cni.partition("@")[0]


def test_generic_is_the_default() -> None:
    assert world().profile.name == "generic"


def test_an_unknown_profile_is_an_error_with_a_hint() -> None:
    with pytest.raises(ProfileError) as caught:
        world(cni="calicoo")
    assert "calico" in caught.value.hint


@pytest.mark.parametrize("option", ["pod_cidrs", "service_cidrs", "node_cidrs"])
@pytest.mark.parametrize("value", ["10.0.0.0/40", "x", ["10.0.0.0/8", "10.0.0"]])
def test_a_range_that_is_none_is_an_error(option: str, value: Any) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=r"10\.|x"):
        world(**options)


@pytest.mark.parametrize("value", ["10.0.0.0/9,fd00::/64", ["10.0.0.0/9", "fd00::/64"], ("10.0.0.0/9, fd00::/64",)])
def test_ranges_are_given_as_texts_or_lists(value: Any) -> None:
    options = {"pod_cidrs": value}
    asked = world(pod("shop/web"), **options)
    assert [first for first, _ in asked.cluster.ranges.pods] == [10 << 24, (1 << 128) + (0xFD << 120)]


@pytest.mark.parametrize(
    ("options", "verdict"),
    [
        ({}, Verdict.UNKNOWN),
        ({"pod_cidrs": "10.0.0.0/9"}, Verdict.ALLOWED),
        ({"pod_cidrs": "10.128.0.0/9"}, Verdict.DENIED),
        ({"service_cidrs": "10.0.0.0/9"}, Verdict.DENIED),
    ],
)
def test_a_range_narrows_what_is_open(options: dict[str, str], verdict: Verdict) -> None:
    policy = network_policy("shop/in", {"app": "db"}, ingress=[{"from": [block("10.0.0.0/9")]}])
    asked = world(namespace("shop"), pod("shop/web"), pod("shop/db", {"app": "db"}), policy, cni="calico", **options)
    assert asked.can("shop/web", "shop/db", 80).verdict is verdict


@pytest.mark.parametrize(("closed", "verdict"), [(False, Verdict.UNKNOWN), (True, Verdict.DENIED)])
def test_labels_of_namespaces_without_object_are_open_unless_said_otherwise(closed: bool, verdict: Verdict) -> None:
    policy = network_policy("shop/in", ingress=[{"from": [pods_peer(spaces={"team": "a"})]}])
    asked = world(pod("away/web"), pod("shop/db"), policy, assume_no_labels=closed)
    assert asked.can("away/web", "shop/db", 80).verdict is verdict


def test_end_errors_are_value_errors_with_a_hint() -> None:
    with pytest.raises(ValueError, match="no pod, controller or Service") as caught:
        world(*OBJECTS).can("shop/wep", "shop/db", 80)
    assert isinstance(caught.value, ringfence.EndError)
    assert caught.value.hint == "did you mean shop/web?"


def test_an_answer_repeats_the_question() -> None:
    answer = world(*OBJECTS).can("web", "db", 80, "udp", namespace="shop")
    assert (answer.source, answer.destination, answer.port) == ("web", "db", "80/UDP")
    assert LAYERS == ("network",)


def test_answers_of_one_world_stay_what_they_were(tmp_path: Path) -> None:
    asked = world(*OBJECTS)
    answer = asked.can("shop/web", "shop/db", 80)
    asked.what_if(remove=["shop/deny"])
    asked.connections()
    assert asked.can("shop/web", "shop/db", 80) == answer


def test_the_objects_that_are_given_are_left_alone() -> None:
    before = json.dumps(OBJECTS)
    asked = world(*OBJECTS)
    asked.explain("shop/web", "shop/db", 80)
    asked.what_if(add=[OBJECTS[3]], relabel={"shop/web": {"app": "x"}})
    assert json.dumps(OBJECTS) == before


@pytest.mark.parametrize(
    ("src", "dst", "port", "protocol"),
    [
        ("shop/web", "shop/db", 80, "TCP"),
        ("shop/db", "shop/web", None, None),
        ("shop/web", "203.0.113.1", "443", "UDP"),
    ],
)
def test_many_answers_are_those_of_single_questions(
    src: str, dst: str, port: int | str | None, protocol: str | None
) -> None:
    asked = world(*OBJECTS)
    many = asked.flow_answers()
    answer = asked.can(src, dst, port, protocol)
    expected = (answer.verdict.value, str(answer.reason), [one.as_json() for one in answer.decided_by])
    assert many.answer(src, dst, port, protocol) == many.answer(src, dst, port, protocol) == expected


def test_many_answers_raise_for_what_cannot_be_asked() -> None:
    with pytest.raises(ringfence.EndError):
        world(*OBJECTS).flow_answers().answer("shop/none", "shop/db", 80)


def test_an_empty_world_answers_nothing_and_fails_in_no_way() -> None:
    asked = world()
    assert asked.connections().rows == ()
    assert asked.count() == 0
    with pytest.raises(ringfence.EndError):
        asked.can("a/b", "c/d", 80)


def test_the_package_offers_the_library_by_name() -> None:
    for name in ringfence.__all__:
        assert hasattr(ringfence, name)
    with pytest.raises(AttributeError):
        ringfence.no_such_name  # noqa: B018


def test_services_of_meshes_do_not_change_verdicts() -> None:
    mesh: Object = {
        "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": "deny", "namespace": "shop"}, "spec": {},
    }  # fmt: skip
    assert world(*OBJECTS, mesh).fingerprint() == world(*OBJECTS).fingerprint()


def test_a_world_is_checked() -> None:
    made = world(namespace("shop"), pod("shop/web"))
    checked = made.check(only=["NP-001"])
    assert [(finding.rule, finding.subject.name) for finding in checked.findings] == [("NP-001", "shop")]
    assert made.check(skip=["default-deny-ingress-missing"], only=["np-001", "NP-005"]).rules == ("NP-005",)
    with pytest.raises(ValueError, match="there is no rule 'NP-1'") as caught:
        made.check(only=["NP-1"])
    assert getattr(caught.value, "hint", "")


def test_a_what_if_is_checked_as_it_would_be() -> None:
    made = world(namespace("shop"), pod("shop/web"))
    deny = network_policy("shop/deny", ingress=[])
    assert not made.what_if(add=[deny]).check(only=["NP-001"]).findings
    assert made.check(only=["NP-001"]).findings


def test_suppressions_hold_until_the_day_that_is_given() -> None:
    open_ = namespace("shop")
    open_["metadata"]["annotations"] = {"ringfence.dev/ignore-NP-001": "not yet; until=2026-01-31"}
    made = world(open_, pod("shop/web"))
    assert not made.check(only=["NP-001"], today=date(2026, 1, 31)).findings
    late = made.check(only=["NP-001", "GOV-002"], today=date(2026, 2, 1))
    assert [finding.rule for finding in late.findings] == ["NP-001", "GOV-002"]
