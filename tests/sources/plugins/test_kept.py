"""Snapshots and big dumps show the same plugin, and snapshots keep nothing of it that may be secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ringfence
from ringfence.sources import reading
from tests.sources.plugins import inputs
from tests.sources.plugins.inputs import Object
from tests.sources.plugins.test_detecting import DECLARED, K3S_WITHOUT, PLUGINS, SETTINGS, WEB

SECRET = "do-not-keep-this"
SETTING_OBJECTS = {name: objects for name, objects, _ in SETTINGS}
MISSING = {**inputs.calico(), "status": {"desiredNumberScheduled": 3, "numberReady": 2}}
ALL: dict[str, list[Object]] = {
    **PLUGINS,
    **{f"declared {name}": one for name, one in DECLARED.items()},
    **SETTING_OBJECTS,
    "missing pods": [MISSING, inputs.node("n1")],
    "selected nodes": [
        inputs.calico(nodeSelector={"pool": "a"}, tolerations=[{"key": "a", "operator": "Exists"}]),
        inputs.node("n1", {"pool": "a"}, ({"key": "a", "effect": "NoExecute"},)),
        inputs.node("n2", {"pool": "b"}),
    ],
}


def dump(*objects: Object) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})


@pytest.mark.parametrize("name", ALL)
def test_a_snapshot_shows_the_same_plugin(name: str, tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(dump(WEB, *ALL[name]))
    world = ringfence.load(str(tmp_path / "all.json"))
    kept = tmp_path / "world.json"
    kept.write_bytes(world.snapshot())
    again = ringfence.load(str(kept))
    assert again.cluster.plugin == world.cluster.plugin
    assert again.cluster.plugin.candidates
    assert again.choice == world.choice


def agents_with_secrets() -> list[Object]:
    router = inputs.kube_router("--run-firewall=false", f"--peer-router-passwords={SECRET}", "--run-router", SECRET)
    router["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PASSWORD", "value": SECRET}]
    router["spec"]["template"]["spec"]["tolerations"] = [{"operator": "Exists", "note": SECRET}]
    arguments = json.loads(K3S_WITHOUT["k3s.io/node-args"])
    annotations = {"k3s.io/node-args": json.dumps([*arguments, "--datastore", SECRET]), "other": SECRET}
    return [
        router,
        inputs.agent_pod(router, "n1"),
        inputs.cilium(),
        inputs.config_map("cilium-config", enable_policy="never", etcd_password=SECRET, enable_sctp=f"{SECRET}=x"),
        inputs.config_map("antrea-config", **{"antrea-agent.conf": f"AntreaProxy: false\npassword: {SECRET}\n"}),
        inputs.node("n1", kubelet="v1.33.4+k3s1", annotations=annotations),
        inputs.custom("operator.tigera.io/v1", "Installation", "default", spec={"imagePullSecrets": [SECRET]}),
    ]


def test_a_snapshot_keeps_nothing_secret_of_an_agent(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(dump(*agents_with_secrets()))
    world = ringfence.load(str(tmp_path / "all.json"))
    kept = world.snapshot()
    assert SECRET.encode() not in kept
    (tmp_path / "world.json").write_bytes(kept)
    assert ringfence.load(str(tmp_path / "world.json")).cluster.plugin == world.cluster.plugin


@pytest.mark.parametrize("ending", ["json", "yaml"])
@pytest.mark.parametrize("name", ALL)
def test_a_big_dump_shows_the_same_plugin(
    name: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objects = [WEB, *ALL[name]]
    for one in ALL[name]:
        if one["kind"] == "DaemonSet":
            objects += [inputs.agent_pod(one, "n1"), inputs.agent_pod(one, "n2", ready=False)]
    file = tmp_path / f"all.{ending}"
    file.write_text(dump(*objects) if ending == "json" else inputs.as_text(*objects))
    small = ringfence.load(str(file))
    monkeypatch.setattr(reading, "BIG", 0)
    big = ringfence.load(str(file))
    assert big.given.reading.dump_pods
    assert big.cluster.plugin == small.cluster.plugin
    assert big.choice == small.choice
