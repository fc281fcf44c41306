"""On which nodes an agent runs, and what follows for the pods there."""

from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from ringfence.world import World, load_objects
from tests.sources.plugins import inputs
from tests.sources.plugins.inputs import Object, container, daemon_set

LINUX = {"kubernetes.io/os": "linux"}
READY = {"projectcalico.org/ds-ready": "true"}


def affinity(*expressions: Object) -> Object:
    terms = {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


NOT_FARGATE = affinity(
    {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
    {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate", "hybrid"]},
)
TAINT = {"key": "dedicated", "value": "db", "effect": "NoSchedule"}
EVICTING = {"key": "dedicated", "value": "db", "effect": "NoExecute"}


def covered(*objects: Object) -> dict[str, bool | None]:
    (candidate,) = load_objects(objects).cluster.plugin.candidates
    assert set(candidate.why) == set(candidate.nodes)
    return dict(candidate.nodes)


@pytest.mark.parametrize(
    ("spec", "labels", "expected"),
    [
        ({}, {}, True),
        ({"nodeSelector": LINUX}, {}, True),
        ({"nodeSelector": LINUX}, LINUX, True),
        ({"nodeSelector": LINUX}, {"kubernetes.io/os": "windows"}, False),
        ({"nodeSelector": READY}, READY, True),
        ({"nodeSelector": READY}, {}, False),
        ({"nodeSelector": READY}, {"projectcalico.org/ds-ready": "false"}, False),
        ({"affinity": NOT_FARGATE}, LINUX, True),
        ({"affinity": NOT_FARGATE}, {"eks.amazonaws.com/compute-type": "hybrid"}, False),
        ({"affinity": affinity({"key": "a", "operator": "Exists"})}, {}, False),
        ({"affinity": affinity({"key": "a", "operator": "DoesNotExist"})}, {"a": ""}, False),
        ({"affinity": affinity({"key": "a", "operator": "Gt", "values": ["1"]})}, {"a": "2"}, None),
        ({}, {"eks.amazonaws.com/compute-type": "fargate"}, False),
        ({}, {"type": "virtual-kubelet"}, False),
        ({}, {"kubernetes.io/os": "windows"}, None),
    ],
)
def test_labels_of_a_node(spec: Object, labels: dict[str, str], expected: bool | None) -> None:
    found = covered(inputs.calico(**spec), inputs.node("n1", labels))
    assert found == ({} if expected else {"n1": expected})


@pytest.mark.parametrize(
    ("taint", "tolerations", "expected"),
    [
        (TAINT, [], None),
        (TAINT, [{"operator": "Exists"}], True),
        (TAINT, [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}], True),
        (TAINT, [{"key": "dedicated", "value": "db"}], True),
        (TAINT, [{"key": "dedicated", "value": "web"}], None),
        (TAINT, [{"key": "other", "operator": "Exists"}], None),
        (TAINT, [{"operator": "Exists", "effect": "NoExecute"}], None),
        (EVICTING, [{"operator": "Exists", "effect": "NoSchedule"}], False),
        ({"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}, [], True),
        ({"key": "dedicated", "effect": "PreferNoSchedule"}, [], True),
    ],
)
def test_taints_of_a_node(taint: Object, tolerations: list[Object], expected: bool | None) -> None:
    found = covered(inputs.calico(tolerations=tolerations), inputs.node("n1", {}, (taint,)))
    assert found == ({} if expected else {"n1": expected})


@pytest.mark.parametrize(
    ("spec", "expected"), [({"nodeSelector": LINUX}, {}), ({}, {}), ({"nodeSelector": READY}, {"n9": None})]
)
def test_a_node_that_only_a_pod_names(spec: Object, expected: dict[str, bool | None]) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"nodeName": "n9", "containers": []},
    }
    assert covered(inputs.calico(**spec), pod) == expected


def test_the_pods_of_the_agent_say_more_than_its_daemon_set() -> None:
    agent = inputs.calico()
    nodes = [inputs.node(name) for name in ("n1", "n2", "n3", "n4")]
    pods = [
        inputs.agent_pod(agent, "n1"),
        inputs.agent_pod(agent, "n2", ready=False),
        inputs.agent_pod(agent, "n3", ready=None),
    ]
    assert covered(agent, *nodes, *pods) == {"n2": None, "n4": None}
    assert covered(*nodes, *pods) == {"n2": None, "n4": None}


def test_a_node_without_the_agents_pod_that_does_not_fit() -> None:
    agent = inputs.calico(nodeSelector=READY)
    nodes = [inputs.node("n1", READY), inputs.node("n2")]
    assert covered(agent, *nodes, inputs.agent_pod(agent, "n1")) == {"n2": False}
    tainted = inputs.node("n3", READY, (TAINT,))
    assert covered(agent, nodes[0], tainted, inputs.agent_pod(agent, "n1")) == {"n3": False}
    assert covered(agent, tainted, inputs.agent_pod(agent, "n3")) == {}


def test_a_daemon_set_that_says_that_pods_are_missing() -> None:
    agent = {**inputs.calico(), "status": {"desiredNumberScheduled": 3, "numberReady": 2}}
    assert covered(agent, inputs.node("n1")) == {"n1": None}
    assert covered(agent, inputs.node("n1"), inputs.agent_pod(agent, "n1")) == {}
    whole = {**inputs.calico(), "status": {"desiredNumberScheduled": 3, "numberReady": 3}}
    assert covered(whole, inputs.node("n1")) == {}


def test_a_pod_that_waits_is_not_ready() -> None:
    agent = inputs.calico()
    pod = inputs.agent_pod(agent, "n1", ready=None)
    pod["status"]["phase"] = "Pending"
    assert covered(agent, inputs.node("n1"), pod) == {"n1": None}


def test_pods_that_have_ended_are_none() -> None:
    agent = inputs.calico()
    over = inputs.agent_pod(agent, "n1")
    over["status"]["phase"] = "Failed"
    assert covered(agent, inputs.node("n1"), inputs.node("n2"), over) == {}


def test_another_daemon_set_covers_what_one_leaves_out() -> None:
    pools = [inputs.calico(nodeSelector={"pool": "a"})]
    pools.append(
        daemon_set("canal", container("calico-node", "quay.io/calico/node:v3.31.2"), nodeSelector={"pool": "b"})
    )
    nodes = [inputs.node(name, {"pool": name}) for name in ("a", "b", "c")]
    assert covered(*pools, *nodes) == {"c": False}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"a": "azure", "b": "none"}, {"b": False}),
        ({"a": "azure", "b": "azure"}, {}),
    ],
)
def test_aks_says_it_node_by_node(labels: dict[str, str], expected: dict[str, bool | None]) -> None:
    label = "kubernetes.azure.com/network-policy"
    assert covered(*(inputs.node(name, {label: value}) for name, value in labels.items())) == expected


def test_an_agent_of_ones_own_where_aks_installs_none() -> None:
    assert covered(inputs.cilium(), inputs.node("n1", {"kubernetes.azure.com/network-policy": "none"})) == {}


POLICY: Object = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "deny", "namespace": "shop"},
    "spec": {"podSelector": {}},
}


def pod(name: str, on: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": {"app": name},
            "ownerReferences": [{"kind": "ReplicaSet", "name": name, "controller": True}],
        },
        "spec": {"nodeName": on, "containers": [{"name": "c", "image": "none"}]},
    }


def pools() -> World:
    """Calico on n1, not on n2, and on n3 it is not ready."""
    agent = inputs.calico(nodeSelector=READY)
    nodes = [inputs.node("n1", READY), inputs.node("n2"), inputs.node("n3", READY)]
    pods = [inputs.agent_pod(agent, "n1"), inputs.agent_pod(agent, "n3", ready=False)]
    return load_objects([POLICY, agent, *nodes, *pods, pod("one", "n1"), pod("two", "n2"), pod("three", "n3")])


def test_verdicts_node_by_node() -> None:
    world = pools()
    verdicts = {name: world.can("app=x@other", f"shop/{name}", 80) for name in ("one", "two", "three")}
    assert verdicts["one"].verdict is Verdict.DENIED
    assert verdicts["two"].verdict is Verdict.ALLOWED
    assert verdicts["three"].verdict is Verdict.UNKNOWN
    assert "calico-node-n3 is not ready" in verdicts["three"].reason.message
    assert [notice.partition(":")[0] for notice in world.choice.notices] == [
        "calico@3.31 does not enforce policies on node n2",
        "calico@3.31 perhaps does not enforce policies on node n3",
    ]


def test_the_check_names_those_pods() -> None:
    outcome = pools().check(only=["NP-019"])
    (finding,) = [one for one in outcome.findings if one.evidence == ("uncovered-node",)]
    assert finding.subject.name == "two"
    assert "node n2, where calico enforces nothing: DaemonSet kube-system/calico-node selects nodes" in finding.message
    assert finding.witness is not None
    assert finding.witness.expected is Verdict.ALLOWED
    (open_,) = outcome.not_evaluable
    assert open_.scope.name == "three"
    assert "is open: its pod calico-node-n3 is not ready" in open_.why


def test_the_check_names_a_plugin_that_runs_nowhere() -> None:
    agent = inputs.calico(nodeSelector=READY)
    world = load_objects([POLICY, agent, inputs.node("n1"), inputs.node("n2"), pod("one", "n1")])
    (finding,) = world.check(only=["CNI-001"]).findings
    assert finding.evidence == ("nodes",)
    assert "calico covers no node of the cluster: NetworkPolicy shop/deny has no effect" in finding.message
    assert pools().check(only=["CNI-001"]).findings == ()
