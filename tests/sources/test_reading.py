"""Everything together: files, stdin, texts, objects in memory."""

from __future__ import annotations

import codecs
import gc
import io
import json
import mmap
from pathlib import Path

import pytest

from ringfence.model.provenance import Place
from ringfence.sources import reading as module
from ringfence.sources.building import build
from ringfence.sources.reading import from_objects, read, read_text

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"


def test_stdin() -> None:
    reading = read(["-"], io.BytesIO(POD.encode()))
    assert [str(manifest.place) for manifest in reading.manifests] == ["-:1:1"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
def test_an_empty_stdin_is_told(text: str) -> None:
    assert [problem.code for problem in read(["-"], io.BytesIO(text.encode())).problems] == ["no-manifests"]


def test_no_stdin_is_told() -> None:
    assert [(problem.code, problem.partial) for problem in read(["-"]).problems] == [("unreadable", True)]


@pytest.mark.parametrize(
    "data",
    [
        POD.encode(),
        codecs.BOM_UTF8 + POD.encode(),
        POD.encode("utf-16"),
        codecs.BOM_UTF16_BE + POD.encode("utf-16-be"),
        POD.encode("utf-32"),
        POD.replace("\n", "\r\n").encode(),
        codecs.BOM_UTF8 + b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}',
        b"{apiVersion: v1, kind: Pod, metadata: {name: p}}",
        b'---\n{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}',
    ],
)
def test_encodings_and_forms(data: bytes) -> None:
    reading = read_text(data, "f.yaml")
    assert [(manifest.name, str(manifest.place).split(":")[0]) for manifest in reading.manifests] == [("p", "f.yaml")]
    assert reading.problems == []


@pytest.mark.parametrize(
    "data, code, place",
    [
        (b"a: b\nc: \xe9\n", "not-utf-8", Place("f.yaml", 2, 4)),
        (b"\x89PNG\r\n\x1a\n\0\0", "binary-file", Place("f.yaml")),
        (b"a: \0\n", "binary-file", Place("f.yaml")),
        (b"\x1f\x8b\x08\0\0\0", "binary-file", Place("f.yaml")),
        (codecs.BOM_UTF16_LE + b"a", "not-utf-8", Place("f.yaml", 1, 1)),
    ],
)
def test_what_is_no_text_is_told(data: bytes, code: str, place: Place) -> None:
    reading = read_text(data, "f.yaml")
    assert [(problem.code, problem.place, problem.partial) for problem in reading.problems] == [(code, place, True)]
    assert reading.manifests == []


def test_a_broken_file_costs_only_itself(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(POD)
    (tmp_path / "b.yaml").write_text("a: [")
    (tmp_path / "c.json").write_text("{")
    (tmp_path / "d.yaml").write_text(POD)
    reading = read([str(tmp_path)])
    assert reading.objects == 2
    assert [Path(problem.place.file).name for problem in reading.problems] == ["b.yaml", "c.json"]


def test_a_broken_file_that_is_named_twice_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_text("a: [")
    assert len(read([str(path), str(path)]).problems) == 1


def test_many_problems_of_one_kind_are_counted() -> None:
    reading = read_text("---\na: [\n" * 200 + f"---\n{POD}", "f.yaml")
    assert reading.objects == 1
    assert len(reading.problems) == module.MOST_ALIKE + 1
    assert "150 more" in reading.problems[-1].message
    assert reading.problems[-1].partial


def test_objects_in_memory() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    reading = from_objects([pod, {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "q"}}]}, {}])
    assert [(manifest.name, str(manifest.place)) for manifest in reading.manifests] == [
        ("p", "<object 1>"), ("q", "<object 2>"),
    ]  # fmt: skip
    assert reading.manifests[0].data is pod
    assert [(problem.code, problem.place.file) for problem in reading.problems] == [("not-an-object", "<object 3>")]


def pod_list(count: int) -> dict[str, object]:
    items = [
        {"metadata": {"name": f"p{number}", "namespace": "n"}, "spec": {"containers": [{"name": "c"}]}, "x": "x" * 3000}
        for number in range(count)
    ]
    return {"apiVersion": "v1", "kind": "PodList", "items": items}


@pytest.mark.parametrize("form", ["file", "stdin"])
def test_a_big_json_list_is_read_as_a_dump(form: str, tmp_path: Path) -> None:
    data = json.dumps(pod_list(1000)).encode()
    assert len(data) > module.BIG
    path = tmp_path / "dump.json"
    path.write_bytes(data)
    reading = read([str(path)]) if form == "file" else read(["-"], io.BytesIO(data))
    assert (len(reading.manifests), len(reading.dump_pods), reading.objects) == (0, 1000, 1000)
    assert reading.problems == []


def test_a_big_json_text_of_another_shape_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "dump.json"
    path.write_text("\n".join(json.dumps(pod_list(1)) for _ in range(1000)))
    reading = read([str(path)])
    assert reading.objects == 1000
    assert reading.manifests[-1].place.line == 1000


def test_the_garbage_collector_runs_again_afterwards() -> None:
    assert gc.isenabled()
    read_text(POD, "f.yaml")
    assert gc.isenabled()


def test_a_file_that_is_too_big_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BIGGEST", 10)
    path = tmp_path / "a.yaml"
    path.write_text(POD)
    assert [(problem.code, problem.partial) for problem in read([str(path)]).problems] == [("unreadable", True)]


PODS = """apiVersion: v1
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a, namespace: n1, labels: &labels {app: web}}
  spec: {nodeName: one, containers: [{name: c, ports: [{name: http, containerPort: 80}]}]}
  status: {podIP: 10.0.0.1}
- apiVersion: v1
  kind: Pod
  metadata: {name: b, labels: *labels}
  spec: {hostNetwork: "no"}
- apiVersion: v1
  kind: Pod
  metadata: {name: 5}
- apiVersion: v1
  kind: Pod
  metadata: {name: kube-apiserver-x, namespace: kube-system}
  spec: {containers: [{name: c, command: [kube-apiserver, --service-cluster-ip-range=10.96.0.0/12]}]}
- apiVersion: v1
  kind: Service
  metadata: {name: s, namespace: n1}
  spec: {selector: {app: web}, ports: [{port: 80}]}
kind: List
---
apiVersion: v1
kind: Pod
metadata: {name: z, namespace: n1}
spec: {}
"""


def test_pods_of_a_big_yaml_text_come_out_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_text(PODS, "f.yaml")
    monkeypatch.setattr(module, "BIG", 10)
    reduced = read_text(PODS, "f.yaml")
    assert {manifest.kind: manifest.name for manifest in reduced.manifests} == {
        "Pod": "kube-apiserver-x",
        "Service": "s",
    }
    assert [pod.name for pod in reduced.dump_pods] == ["a", "z"]
    one, other = build(whole), build(reduced)
    assert one.pods == other.pods
    assert [pod.place for pod in one.pods] == [pod.place for pod in other.pods]
    assert sorted(one.problems) == sorted(other.problems)
    assert one.ranges == other.ranges


def test_an_interruption_in_a_mapped_file_stays_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing a mapped file of which views are in use is an error, which must not take its place."""
    views: list[memoryview] = []

    def interrupted(data: mmap.mmap, *_: object, **__: object) -> None:
        views.append(memoryview(data))
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "BIG", 10)
    monkeypatch.setattr(module, "_read_data", interrupted)
    (tmp_path / "pods.json").write_text('{"kind": "List", "items": []}')
    with pytest.raises(KeyboardInterrupt):
        read([str(tmp_path)])
    views.clear()
