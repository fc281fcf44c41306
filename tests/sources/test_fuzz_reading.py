"""Whatever the bytes: no exception, and a file from which nothing was read although something is in it is named."""

from __future__ import annotations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from ringfence.sources.building import build
from ringfence.sources.reading import Reading, read_text

MANIFESTS = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop, labels: &labels {app: web, tier: "1"}}
spec:
  podSelector: {matchLabels: *labels}
  ingress:
  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]
    ports:
    - {port: 8080, endPort: 8090}
---
# a comment
apiVersion: v1
kind: PodList
items:
- metadata: {name: web-1, namespace: shop, labels: {<<: {app: web}, on: off}}
  spec:
    containers:
    - name: "c"
      ports: [{containerPort: 0x1F90, name: 'http'}]
---
{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
"""
JSON = (
    '{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{}}]}\n'
)

SIGNS = """\t \0 ---\n ... {{ } ] [ &a_ *a <<:_ ! \" ' | > \n __ -_ :_ , % @ \ufeff \ud7ff \x85 \u2028
NaN 1e999 .inf null ~
kind:_Secret\n"""
PIECES = st.one_of(st.sampled_from([sign.replace("_", " ") for sign in SIGNS.split(" ")]), st.text(max_size=5))


@st.composite
def mutated(draw: st.DrawFn, *texts: str) -> str:
    text = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 12))
        text = text[:at] + draw(PIECES) + text[at + gone :]
    return text


def check(reading: Reading) -> None:
    for problem in reading.problems:
        assert problem.place.file == "f"
        assert problem.message.isprintable()
        assert problem.hint.isprintable()
    for manifest in reading.manifests:
        assert manifest.place.file == "f"
        for path in (("metadata", "name"), ("spec", "ports", 0), ("spec", "containers", 0, "ports", 3)):
            assert manifest.positions.place(path).line >= manifest.place.line or "&" in str(manifest.data)
    build(reading)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    reading = read_text(data, "f")
    check(reading)
    assert reading.objects or reading.problems or _says_nothing(data)


def _says_nothing(data: bytes) -> bool:
    """White space, comments, empty documents: by PyYAML's own understanding."""
    if not data.decode("utf-8", "replace").strip():
        return True
    try:
        return all(value is None for value in yaml.safe_load_all(data))
    except (yaml.YAMLError, ValueError):
        return False


@given(st.text(alphabet="ab:{}[],&*!|>'\"%@`-?# \n\t~<0.", max_size=60))
def test_texts_of_yaml_signs(text: str) -> None:
    check(read_text(text, "f"))


@given(mutated(MANIFESTS, JSON * 2))
def test_mutated_manifests(text: str) -> None:
    """At most what was mutated is missing, and if something is missing, the file is named."""
    reading = read_text(text.encode("utf-8", "replace"), "f")
    check(reading)


@given(mutated(MANIFESTS))
def test_a_text_that_yaml_readers_refuse_is_named(text: str) -> None:
    data = text.encode("utf-8", "replace")
    try:
        for _ in yaml.compose_all(data, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):
            pass
    except yaml.YAMLError:
        assert any(problem.partial and problem.place.file == "f" for problem in read_text(data, "f").problems)
