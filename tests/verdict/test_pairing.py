"""Which end is which end: by name, as replicas of a workload, moved, or new and gone."""

from __future__ import annotations

from typing import Any

from ringfence.model.cluster import Pod, WorkloadRef
from ringfence.verdict.pairing import NOWHERE, outside_pieces, pair_pods

WEB = {"app": "web"}


def replica(name: str, owner: str = "web", kind: str = "Deployment", namespace: str = "shop", **more: Any) -> Pod:
    return Pod(namespace, name, more.pop("labels", WEB), WorkloadRef(kind, namespace, owner), **more)


def names(before: list[Pod], after: list[Pod]) -> set[tuple[str, str]]:
    found = pair_pods(before, after)
    return {(before[i].name if i >= 0 else "", after[j].name if j >= 0 else "") for i, j in found.pairs}


def test_pods_are_paired_by_their_names() -> None:
    assert names([replica("a"), replica("b")], [replica("b"), replica("a")]) == {("a", "a"), ("b", "b")}


def test_a_rollout_renames_replicas_of_the_same_workload() -> None:
    before, after = [replica("web-1a-x"), replica("web-1a-y")], [replica("web-2b-p"), replica("web-2b-q")]
    found = pair_pods(before, after)
    assert (found.new, found.gone, found.moved) == ((), (), ())
    assert len(found.pairs) == 2


def test_the_hash_in_the_name_of_a_replica_set_is_a_revision_and_no_workload() -> None:
    before = [replica("web-1a-x", "web-1a", "ReplicaSet", labels={"app": "web", "pod-template-hash": "1a"})]
    after = [replica("web-2b-x", "web-2b", "ReplicaSet", labels={"app": "web", "pod-template-hash": "2b"})]
    assert names(before, after) == {("web-1a-x", "web-2b-x")}


def test_replicas_are_paired_with_those_that_are_alike() -> None:
    before = [replica("a", addresses=(1,)), replica("b", addresses=(2,))]
    after = [replica("x", addresses=(2,)), replica("y", addresses=(1,))]
    assert names(before, after) == {("a", "y"), ("b", "x")}


def test_scaling_makes_no_new_and_no_gone_ends() -> None:
    one, three = [replica("a")], [replica("a"), replica("b"), replica("c")]
    assert names(one, three) == {("a", "a"), ("a", "b"), ("a", "c")}
    shrunk = pair_pods(three, one)
    assert (shrunk.new, shrunk.gone) == ((), ())
    assert shrunk.extra == {(1, 0), (2, 0)}


def test_a_template_stands_for_the_pods_of_its_workload() -> None:
    template = replica("web", template=True, replicas=2)
    assert names([template], [replica("web-1"), replica("web-2")]) == {("web", "web-1"), ("web", "web-2")}


def test_new_and_gone_workloads() -> None:
    found = pair_pods([replica("a", "old")], [replica("b", "fresh", labels={"app": "other"})])
    assert [str(ref) for ref in (*found.gone, *found.new)] == ["shop/old[Deployment]", "shop/fresh[Deployment]"]
    assert set(found.pairs) == {(0, NOWHERE), (NOWHERE, 0)}


def test_a_workload_of_another_namespace_or_kind_is_moved() -> None:
    for after in (replica("web", namespace="store", template=True), replica("web", kind="StatefulSet", template=True)):
        found = pair_pods([replica("web", template=True)], [after])
        assert len(found.moved) == 1
        assert found.pairs == ((0, 0),)


def test_a_workload_is_not_moved_where_labels_differ_or_two_could_be_it() -> None:
    other = replica("web", namespace="store", labels={"app": "db"})
    assert pair_pods([replica("web")], [other]).moved == ()
    two = [replica("web", namespace="store"), replica("web", namespace="stage")]
    assert pair_pods([replica("web")], two).moved == ()


def test_outside_addresses_are_cut_at_the_boundaries_of_both() -> None:
    pieces = outside_pieces([(0, 9, 1), (20, 29, 2)], [(5, 24, 7)])
    assert pieces == {
        (1, -1): ((0, 4),),
        (1, 7): ((5, 9),),
        (-1, 7): ((10, 19),),
        (2, 7): ((20, 24),),
        (2, -1): ((25, 29),),
    }
