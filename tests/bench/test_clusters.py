"""The clusters that are measured: the same on every run, as big as they say, and dumps that hold the same pods."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import ringfence
from bench import clusters, files

SIZE = clusters.Size("t", 40, 4, 30)


@pytest.mark.parametrize("make", [clusters.comparable, clusters.company])
def test_a_cluster_is_the_same_each_time_and_as_big_as_it_says(make) -> None:  # type: ignore[no-untyped-def]
    objects = make(SIZE)
    assert objects == make(SIZE)
    assert Counter(one["kind"] for one in objects) == {"Namespace": 4, "Pod": 40, "NetworkPolicy": 30}
    assert len({(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects}) == len(objects)
    assert len({pod["status"]["podIP"] for pod in objects if pod["kind"] == "Pod"}) == 40


@pytest.mark.parametrize("make", [clusters.comparable, clusters.company])
def test_every_pod_and_policy_is_in_a_namespace_that_is_there(make) -> None:  # type: ignore[no-untyped-def]
    objects = make(SIZE)
    spaces = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    assert {one["metadata"]["namespace"] for one in objects if one["kind"] != "Namespace"} == spaces


def test_addresses_stay_apart_where_the_third_octet_overflows() -> None:
    assert clusters.pod_address(0) == "10.128.0.1"
    assert clusters.pod_address(254) == "10.128.0.255"
    assert clusters.pod_address(255) == "10.128.1.0"
    assert clusters.pod_address(65535) == "10.129.0.0"


def test_a_dump_holds_the_pods_of_the_objects(tmp_path: Path) -> None:
    files.write_dump(tmp_path / "pods.json", clusters.company_pod_facts(SIZE))
    dumped = json.loads((tmp_path / "pods.json").read_text())
    assert dumped["kind"] == "List"
    for item, pod in zip(dumped["items"], clusters.company_pods(SIZE), strict=True):
        assert item["metadata"]["labels"] == pod["metadata"]["labels"]
        assert item["status"]["podIPs"] == pod["status"]["podIPs"]
        assert item["status"]["hostIP"] == pod["status"]["hostIP"]
        assert item["spec"]["nodeName"] == pod["spec"]["nodeName"]
        assert item["metadata"]["ownerReferences"][0]["name"] == pod["metadata"]["ownerReferences"][0]["name"]


def test_the_relation_is_the_same_from_objects_from_a_dump_and_from_yaml(tmp_path: Path) -> None:
    world = ringfence.load_objects(clusters.company(SIZE))
    dumped = ringfence.load(str(files.company_folder(tmp_path, SIZE)))
    files.write_yaml(tmp_path / "all.yaml", clusters.company(SIZE))
    written = ringfence.load(str(tmp_path / "all.yaml"))
    assert world.fingerprint() == dumped.fingerprint() == written.fingerprint()
    assert world.count() == dumped.count() == written.count() > 0
    assert not [str(problem) for problem in dumped.problems]
