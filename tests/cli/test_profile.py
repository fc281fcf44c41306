"""``ringfence profile``, and ``can --cni all``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringfence.layers.profiles import PROFILES, Fact
from tests.cli.conftest import Run
from tests.sources.plugins import inputs
from tests.sources.plugins.test_detecting import POLICY, WEB


@pytest.fixture
def cluster(folder: Path) -> Path:
    (folder / "cluster.yaml").write_text(inputs.as_text(POLICY, WEB, inputs.calico(), inputs.node("n1")))
    return folder


def test_the_list_names_every_profile(ringfence: Run) -> None:
    done = ringfence("profile")
    assert done.code == 0
    assert [line.split()[0] for line in done.out.splitlines()] == list(PROFILES)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_every_answer_with_its_source(ringfence: Run, name: str) -> None:
    done = ringfence("profile", name)
    assert done.code == 0
    for fact in Fact:
        assert f"  {fact}" in done.out
        assert PROFILES[name].facts[fact].source in done.out or fact in PROFILES[name].by_version
    (document,) = json.loads(ringfence("profile", name, "-o", "json").out)["profiles"]
    assert {entry["fact"] for entry in document["facts"]} == set(Fact)


def test_a_version_settles_what_differs(ringfence: Run) -> None:
    open_ = json.loads(ringfence("profile", "calico", "-o", "json").out)["profiles"][0]["facts"]
    words = [entry["answer"] for entry in open_ if entry["fact"] == "clusternetworkpolicy"]
    assert words == ["no", "yes"]
    settled = json.loads(ringfence("profile", "calico@3.32", "-o", "json").out)["profiles"][0]
    assert settled["version"] == "3.32"
    assert [entry["answer"] for entry in settled["facts"] if entry["fact"] == "clusternetworkpolicy"] == ["yes"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profile", "calcio"], "did you mean calico?"),
        (["profile", "calico@2.0"], "did you mean calico@3.32? it covers 3.29 to 3.32"),
        (["profile", "calico@"], "is not a version"),
        (["profile", "calico@new"], "is not a version"),
        (["profile", "flannel@1"], "profile flannel has no versions"),
        (["profile", "all"], "no CNI profile is called 'all'"),
        (["profile", "calico", "--detect"], "leave NAME away"),
        (["profile", "-f", "."], "only go with --detect"),
        (["profile", "\x1b[31m"], "\\x1b[31m"),
        (["map", "--cni", "all"], "no CNI profile is called 'all'"),
        (["can", "--cni", "all", "--flows", "-"], "--cni all answers one question"),
    ],
)
def test_bad_usage(ringfence: Run, cluster: Path, arguments: list[str], message: str) -> None:
    done = ringfence(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err


def test_the_input_names_the_profile(ringfence: Run, cluster: Path) -> None:
    done = ringfence("can", "shop/web", "shop/web", "80", "-f", "cluster.yaml")
    assert "profile calico@3.31 (detected: DaemonSet kube-system/calico-node cluster.yaml:" in done.err
    document = json.loads(ringfence("can", "shop/web", "shop/web", "80", "-o", "json", "-f", "cluster.yaml").out)
    assert document["profile"]["name"] == "calico@3.31"
    assert document["profile"]["chosenBy"].startswith("detected: DaemonSet kube-system/calico-node")


def test_a_flag_and_a_file_count_more(ringfence: Run, cluster: Path) -> None:
    done = ringfence("can", "shop/web", "shop/web", "80", "-f", "cluster.yaml", "--cni", "flannel")
    assert "profile flannel (chosen by --cni)" in done.err
    assert "the input shows calico@3.31" in done.err
    (cluster / ".ringfence.yaml").write_text("cni: generic\n")
    done = ringfence("can", "shop/web", "shop/web", "80", "-f", "cluster.yaml")
    assert "profile generic (chosen by .ringfence.yaml:1:6)" in done.err


def test_what_was_detected(ringfence: Run, cluster: Path) -> None:
    done = ringfence("profile", "--detect", "-f", "cluster.yaml")
    assert done.code == 0
    first, *rest = done.out.splitlines()
    assert first.startswith("profile calico@3.31 (detected: DaemonSet kube-system/calico-node cluster.yaml:")
    assert "  version  3.31.2" in rest
    document = json.loads(ringfence("profile", "--detect", "-f", "cluster.yaml", "-o", "json").out)
    assert [plugin["profile"] for plugin in document["plugins"]] == ["calico@3.31"]


def test_two_plugins_in_one_input(ringfence: Run, cluster: Path) -> None:
    (cluster / "more.yaml").write_text(inputs.as_text(inputs.cilium()))
    done = ringfence("can", "app=x@other", "shop/web", "80", "-f", ".")
    assert done.out == "denied\n"
    assert "notice: the input shows more than one plugin that may enforce policies: calico@3.31" in done.err
    assert "choose one with --cni calico@3.31 or --cni cilium@1.16" in done.err
    assert "profile generic (the default)" in done.err


def test_nothing_is_seen(ringfence: Run, folder: Path) -> None:
    (folder / "a.yaml").write_text(inputs.as_text(POLICY))
    done = ringfence("profile", "--detect", "-f", "a.yaml")
    assert done.out == "profile generic (the default)\nno agent of a network plugin is seen in the input\n"


def test_partial_input_is_never_clean(ringfence: Run, cluster: Path) -> None:
    (cluster / "broken.yaml").write_text("a: [\n")
    assert ringfence("profile", "--detect", "-f", ".").code == 3
    done = ringfence("can", "shop/web", "shop/web", "80", "-f", ".", "--cni", "all")
    assert done.code == 3


@pytest.mark.parametrize(
    ("source", "word", "code"), [("app=x@other", "mixed", 1), ("10.0.0.1", "mixed", 1), ("shop/web", "allowed", 0)]
)
def test_the_question_under_every_profile(ringfence: Run, cluster: Path, source: str, word: str, code: int) -> None:
    done = ringfence("can", source, "shop/web", "80", "-f", "cluster.yaml", "--cni", "all")
    assert (done.code, done.out.splitlines()[0]) == (code, word)
    document = json.loads(
        ringfence("can", source, "shop/web", "80", "-f", "cluster.yaml", "--cni", "all", "-o", "json").out
    )
    assert document["verdict"] == word
    assert document["portable"] is (code == 0)
    names = [entry["profile"].partition("@")[0] for group in document["groups"] for entry in group["profiles"]]
    assert set(names) == set(PROFILES) - {"netpol-analyzer"}


def test_undecided_anywhere(ringfence: Run, cluster: Path) -> None:
    allow = {**POLICY, "spec": {"podSelector": {}, "ingress": [{"ports": [{"port": "web"}]}]}}
    named = {
        **WEB,
        "spec": {"containers": [{"name": "c", "image": "x", "ports": [{"name": "web", "containerPort": 80}]}]},
    }
    (cluster / "cluster.yaml").write_text(inputs.as_text(allow, named))
    done = ringfence("can", "app=x@other", "shop/web", "80", "-f", "cluster.yaml", "--cni", "all")
    assert (done.code, done.out.splitlines()[0]) == (5, "unknown")
    assert "unknown under weave" in done.err
