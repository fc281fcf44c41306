"""From documents to objects."""

from __future__ import annotations

import pytest

from ringfence.model.problems import Severity
from ringfence.sources.reading import Reading, read_text


def found(reading: Reading) -> list[tuple[str, str, str | None, str, str]]:
    return [
        (manifest.api_version, manifest.kind, manifest.namespace, manifest.name, str(manifest.place))
        for manifest in reading.manifests
    ]


def test_an_object() -> None:
    reading = read_text("apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n", "f.yaml")
    assert found(reading) == [("v1", "Pod", "shop", "p", "f.yaml:1:1")]
    assert reading.problems == []
    assert reading.objects == 1


def test_a_list_is_opened() -> None:
    text = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: p}
- apiVersion: v1
  kind: List
  items:
  - {apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}
"""
    assert found(read_text(text, "f.yaml")) == [
        ("v1", "Pod", None, "p", "f.yaml:5:3"),
        ("apps/v1", "Deployment", None, "d", "f.yaml:11:5"),
    ]


@pytest.mark.parametrize(
    "text, place",
    [
        ("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: d}\n", "f.yaml:4:3"),
        ('{"kind":"DeploymentList","apiVersion":"apps/v1","items":[{"metadata":{"name":"d"}}]}', "f.yaml:1:58"),
    ],
)
def test_items_of_typed_lists_are_of_its_kind(text: str, place: str) -> None:
    reading = read_text(text, "f.yaml")
    assert found(reading) == [("apps/v1", "Deployment", None, "d", place)]
    assert reading.manifests[0].data["kind"] == "Deployment"
    assert reading.manifests[0].data["apiVersion"] == "apps/v1"
    assert str(reading.manifests[0].positions.place(("metadata", "name"))) != place


@pytest.mark.parametrize("text", ["kind: List\napiVersion: v1\nitems:\n", "kind: List\napiVersion: v1\nitems: []\n"])
def test_an_empty_list_holds_nothing(text: str) -> None:
    assert found(read_text(text, "f.yaml")) == []


@pytest.mark.parametrize(
    "text",
    ["a: 1\n", "apiVersion: v2\nname: chart\n", "- a\n", "just text\n", "5\n", "kind: Deployment\nreplicas: 1\n"],
)
def test_what_is_no_object_is_a_notice_and_makes_nothing_partial(text: str) -> None:
    reading = read_text(text, "f.yaml")
    assert found(reading) == []
    assert [(problem.code, problem.severity, problem.partial) for problem in reading.problems] == [
        ("not-an-object", Severity.NOTICE, False)
    ]


@pytest.mark.parametrize(
    "text, line, code",
    [
        ("kind: NetworkPolicy\nmetadata: {name: x}\nspec: {}\n", 1, "missing-field"),
        ("apiVersion: v1\nmetadata: {name: x}\n", 1, "missing-field"),
        ("apiVersion: v1\nkind: [Pod]\nmetadata: {name: x}\n", 2, "wrong-type"),
        ("apiVersion: 1\nkind: Pod\nmetadata: {name: x}\n", 1, "wrong-type"),
        ("apiVersion: v1\nkind: Pod\nmetadata: x\n", 3, "wrong-type"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: 5\n", 4, "wrong-type"),
        ("apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\n  namespace: yes\n", 5, "wrong-type"),
        ("apiVersion: v1\nkind: List\nitems: {}\n", 3, "wrong-type"),
        ("apiVersion: v1\nkind: List\nitems:\n- text\n", 4, "wrong-type"),
    ],
)
def test_a_broken_object_is_left_out_and_makes_the_input_partial(text: str, line: int, code: str) -> None:
    reading = read_text(text, "f.yaml")
    assert found(reading) == []
    assert [(problem.code, problem.place.line, problem.partial) for problem in reading.problems] == [(code, line, True)]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("apiversion: v1\nkind: Pod\nmetadata: {name: x}\n", "write apiVersion for apiversion"),
        ("apiVersion: v1\nKind: Pod\nmetadata: {name: x}\n", "write kind for Kind"),
        ("kind: Pod\nmetadata: {name: x}\n", "every Kubernetes object has apiVersion, kind and metadata"),
    ],
)
def test_a_field_in_other_letters_is_the_one_that_is_meant(text: str, hint: str) -> None:
    (problem,) = read_text(text, "f.yaml").problems
    assert (problem.code, problem.hint) == ("missing-field", hint)


def test_a_policy_whose_name_is_no_text_is_left_to_its_reader() -> None:
    """Which says what the policy would touch."""
    text = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: 5}\n"
    assert [manifest.name for manifest in read_text(text, "f.yaml").manifests] == ["5"]


def test_lists_in_lists_have_an_end() -> None:
    text = "{apiVersion: v1, kind: List, items: [" * 20 + "]}" * 20
    reading = read_text(text, "f.yaml")
    assert [(problem.code, problem.partial) for problem in reading.problems] == [("too-deep", True)]


def test_a_kustomization_is_no_object_but_one_of_flux_is() -> None:
    text = (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n---\n"
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: k}\n"
    )
    reading = read_text(text, "f.yaml")
    assert [manifest.name for manifest in reading.manifests] == ["k"]
    assert [problem.code for problem in reading.problems] == ["not-an-object"]
