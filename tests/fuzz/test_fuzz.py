"""Whatever the bytes: no traceback, no exit code 70, nothing on the terminal that acts, and every broken file named.

The examples are the same on every run. ``RINGFENCE_FUZZ=20`` makes twenty times as many, other ones on every run:

    RINGFENCE_FUZZ=20 python -m pytest tests/fuzz
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringfence.sources.snapshots import packed
from tests.fuzz.commands import GOOD, QUESTIONS, ask, check, command, working_in
from tests.fuzz.manifests import PIECES, SPOILERS, VALUES, seeds, spoil_bytes

MORE = int(os.environ.get("RINGFENCE_FUZZ", "0"))
SEEDS = seeds()
KEYS = (
    "apiVersion", "kind", "metadata", "name", "namespace", "labels", "ownerReferences", "spec", "status", "template",
    "selector", "matchLabels", "matchExpressions", "podSelector", "ingress", "egress", "from", "to", "ports", "port",
    "endPort", "protocol", "policyTypes", "ipBlock", "cidr", "except", "subject", "pods", "namespaces", "networks",
    "priority", "tier", "action", "protocols", "tcp", "destinationPort", "items", "containers", "hostNetwork",
    "podIPs", "addresses", "podCIDRs", "clusterIP", "externalIPs", "endpoints", "subsets", "phase", "replicas",
)  # fmt: skip
KINDS = (
    ("v1", "Pod"), ("v1", "Namespace"), ("v1", "Node"), ("v1", "Service"), ("v1", "Endpoints"), ("v1", "List"),
    ("v1", "PodList"), ("v1", "Secret"), ("apps/v1", "Deployment"), ("apps/v1", "StatefulSet"), ("batch/v1", "CronJob"),
    ("batch/v1", "Job"), ("discovery.k8s.io/v1", "EndpointSlice"), ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"),
    ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"), ("cilium.io/v2", "CiliumNetworkPolicy"),
    ("projectcalico.org/v3", "GlobalNetworkPolicy"), ("security.istio.io/v1", "AuthorizationPolicy"),
)  # fmt: skip


def examples(number: int) -> settings:
    """The same examples on every run; in a long run more of them, and others."""
    return settings(
        max_examples=number * MORE if MORE else number,
        derandomize=not MORE,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = tmp_path_factory.mktemp("fuzz")
    (found / ".git").mkdir()
    with working_in(found):
        yield found


def inside(text: str) -> bool:
    """Whether a path stays where the tests work, however long that takes to read."""
    return not text.startswith("/") and ".." not in text and "//" not in text


def values() -> st.SearchStrategy[Any]:
    scalars = st.sampled_from(VALUES) | st.text(max_size=8) | st.integers() | st.booleans() | st.floats()
    keys = st.sampled_from(KEYS) | st.text(max_size=4)
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )


@st.composite
def objects(draw: st.DrawFn) -> dict[str, Any]:
    version, kind = draw(st.sampled_from(KINDS))
    metadata = {"name": draw(st.sampled_from(("x", "a", "b")) | st.text(max_size=5)), "namespace": "good"}
    found: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": metadata}
    for key in draw(st.lists(st.sampled_from(("spec", "status", "items", "metadata", "subsets", "data")), max_size=3)):
        found[key] = draw(values())
    return found


@examples(80)
@given(
    content=st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")),
    suffix=st.sampled_from((".yaml", ".yml", ".json")),
)
def test_any_bytes(folder: Path, content: bytes, suffix: str) -> None:
    ask(folder, f"odd{suffix}", content)


@examples(80)
@given(pieces=st.lists(st.sampled_from((*PIECES, b"a: b\n", b"kind: Pod\n", b"apiVersion: v1\n")), max_size=12))
def test_pieces_of_yaml(folder: Path, pieces: list[bytes]) -> None:
    ask(folder, "odd.yaml", b"".join(pieces))


@examples(150)
@given(made=st.lists(objects() | values(), min_size=1, max_size=3))
def test_objects_of_any_shape(folder: Path, made: list[Any]) -> None:
    ask(folder, "odd.json", "\n".join(json.dumps(one) for one in made).encode())


@pytest.mark.parametrize("spoiler", dict.fromkeys(SPOILERS), ids=lambda spoiler: str(spoiler.__name__))
@examples(150)
@given(seed=st.integers(0, 1 << 30))
def test_spoiled_manifests(folder: Path, spoiler: Any, seed: int) -> None:
    random = Random(seed)
    ask(folder, "odd.yaml", spoiler(random.choice(SEEDS), random))


@examples(100)
@given(content=st.binary(max_size=40), seed=st.integers(0, 1 << 30))
def test_standard_input(folder: Path, content: bytes, seed: int) -> None:
    random = Random(seed)
    spoiled = random.choice(SPOILERS)(GOOD, random) if seed % 4 else content
    check(command("can", "good/a", "good/b", "80", "-f", "-", stdin=spoiled), spoiled)


ENDS = st.sampled_from(
    (
        "good/a", "good/pod/b", "po/a", "node/x", "internet", "10.0.0.1", "10.0.0.0/8", "::1", "fe80::1%eth0",
        "app=a@good", "a=b,c@", "svc/x",
    )
)  # fmt: skip


@examples(300)
@given(
    source=ENDS | st.text(max_size=12), destination=ENDS | st.text(max_size=12),
    port=st.sampled_from(("80", "80/UDP", "http", "0/TCP")) | st.text(max_size=8), namespace=st.text(max_size=4),
    selector=st.text(max_size=10) | st.sampled_from(("a=b", "a in (b,c)", "!a", "a notin ()")),
)  # fmt: skip
def test_any_words(folder: Path, source: str, destination: str, port: str, namespace: str, selector: str) -> None:
    (folder / "good.yaml").write_bytes(GOOD)
    tail = ("-f", "good.yaml", f"--namespace={namespace}")
    for words in (
        ("can", *tail, "--", source, destination, port),
        ("explain", *tail, "--", source, destination),
        ("map", *tail, f"--from={source}", f"--selector={selector}"),
        ("map", *tail, f"--with={destination}", f"--pod-cidr={port}"),
    ):
        check(command(*words), words)


@examples(150)
@given(
    lines=st.lists(
        st.binary(max_size=30)
        | st.fixed_dictionaries(
            {"src": ENDS | values(), "dst": ENDS | values(), "port": st.just(80) | values()},
            optional={"protocol": st.sampled_from(("TCP", "udp", "ICMP")) | values(), "x": values()},
        ).map(lambda value: json.dumps(value).encode()),
        max_size=6,
    )
)  # fmt: skip
def test_any_flows(folder: Path, lines: list[bytes]) -> None:
    (folder / "good.yaml").write_bytes(GOOD)
    content = b"\n".join(lines)
    done = command("can", "--flows", "-", "-f", "good.yaml", stdin=content)
    check(done, content)
    answers = [json.loads(line) for line in done.out.splitlines()]
    asked = content.removeprefix(b"\xef\xbb\xbf")
    assert len(answers) == asked.count(b"\n") + bool(asked.rpartition(b"\n")[2]), content
    for answer in answers:
        assert answer["verdict"] in ("allowed", "denied", "unknown", "mixed", None)
        assert ("error" in answer) or answer["verdict"] is not None
    assert (done.code == 2) == any(answer["verdict"] is None for answer in answers)


@examples(150)
@given(
    content=st.binary(max_size=40)
    | st.fixed_dictionaries({}, optional={key: values() for key in ("cni", "podCIDRs", "assumeNoLabels")}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_configuration(folder: Path, content: bytes) -> None:
    (folder / "good.yaml").write_bytes(GOOD)
    file = folder / ".ringfence.yaml"
    file.write_bytes(content)
    try:
        done = command("can", "good/a", "good/b", "80", "-f", "good.yaml")
        check(done, content)
        if done.code == 2:
            assert ".ringfence.yaml" in done.err, content
    finally:
        file.unlink()


@examples(60)
@given(seed=st.integers(0, 1 << 30), whole=st.booleans())
def test_spoiled_snapshots(folder: Path, seed: int, whole: bool) -> None:
    random = Random(seed)
    (folder / "good.yaml").write_bytes(GOOD)
    check(command("snapshot", "-f", "good.yaml", "-o", "good.json"))
    spoiled = random.choice(SPOILERS)((folder / "good.json").read_bytes(), random)
    (folder / "odd.gz").write_bytes(packed(spoiled) if whole else spoil_bytes(packed(spoiled), random))
    for question in QUESTIONS:
        check(command(*question, "-f", "odd.gz"), spoiled[:2000])
    check(command("snapshot", "-f", "odd.gz", "-f", "good.yaml", "-o", "again.json"), spoiled[:2000])


@examples(60)
@given(text=st.text(alphabet="HEAD:kustomize:helm:@,./-{}~^\x1b\u202e ax", max_size=20).filter(inside))
def test_any_words_as_sources(folder: Path, text: str) -> None:
    (folder / "good.yaml").write_bytes(GOOD)
    for option in ("-f", "-k", "--helm"):
        check(command("can", "good/a", "good/b", "80", "-f", "good.yaml", f"{option}={text}"), option, text)
