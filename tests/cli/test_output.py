"""Forms of output: documents fit their schemas, every form says the same, and what is cut off is counted."""

from __future__ import annotations

import csv
import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from ringfence.reports.documents import AnswerDocument, ConnectionsDocument, ExplanationDocument
from tests.cli.conftest import Run
from tests.cli.manifests import BROKEN, NAMESPACE, UNKNOWN, policy, workload


def test_a_namespace_limits_rows_and_nothing_else(ringfence: Run, shop: Path) -> None:
    (shop / "other.yaml").write_text(workload("far", namespace="other") + workload("further", namespace="other"))
    whole = pairs(ringfence("map", "-o", "json").out)
    assert ("other/far", "other/further") in whole
    shown = pairs(ringfence("map", "-n", "shop", "-o", "json").out)
    assert shown == {pair: ports for pair, ports in whole.items() if any(end.startswith("shop/") for end in pair)}
    assert ("other/far", "shop/api") in shown
    assert pairs(ringfence("map", "-n", "shop", "-A", "-o", "json").out) == whole


def pairs(text: str) -> dict[tuple[str, str], set[tuple[str, int, int, str]]]:
    found: dict[tuple[str, str], set[tuple[str, int, int, str]]] = {}
    for row in json.loads(text)["rows"]:
        for pair in product(row["sources"], row["destinations"]):
            for ports in row["ports"]:
                key = (ports["protocol"], ports["first"], ports["last"], row["verdict"])
                found.setdefault(pair, set()).add(key)
    return found


def validated(name: str, text: str, schema: Any) -> Any:
    document = json.loads(text)
    problems = list(violations(document, schema, schema))
    assert problems == [], (name, problems)
    return document


def violations(value: Any, schema: Any, root: Any, where: str = "$") -> list[str]:
    """Where ``value`` breaks ``schema``: the keywords of JSON Schema that our schemas use; another one is an error."""
    known = {
        "$ref", "$schema", "$id", "$defs", "type", "properties", "required", "items", "enum", "anyOf", "title",
        "description", "additionalProperties", "const", "default",
    }  # fmt: skip
    found = [f"{where}: keyword {key}" for key in schema if key not in known]
    if "$ref" in schema:
        found += violations(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, where)
    if "anyOf" in schema and all(violations(value, one, root, where) for one in schema["anyOf"]):
        found.append(f"{where}: fits none of anyOf")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not one of {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{where}: {value!r} is not {schema['const']!r}")
    types = {
        "object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
    }  # fmt: skip
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        fits = [isinstance(value, types[name]) and not (name == "integer" and value is True) for name in names]
        if not any(fits):
            return [*found, f"{where}: {type(value).__name__} is not {names}"]
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        found += [f"{where}: no {key}" for key in schema.get("required", []) if key not in value]
        if properties:
            found += [f"{where}: {key} is not in the schema" for key in value if key not in properties]
        for key, item in value.items():
            found += violations(item, properties.get(key, {}), root, f"{where}.{key}")
    if isinstance(value, list):
        for number, item in enumerate(value):
            found += violations(item, schema.get("items", {}), root, f"{where}[{number}]")
    return found


DOCUMENTS: list[tuple[str, tuple[str, ...], Any]] = [
    ("answer", ("can", "shop/api", "shop/db"), AnswerDocument),
    ("answer", ("can", "shop/api", "shop/api-svc", "web"), AnswerDocument),
    ("answer", ("can", "internet", "shop/cut"), AnswerDocument),
    ("explanation", ("explain", "shop/api", "shop/db", "5432"), ExplanationDocument),
    ("explanation", ("explain", "shop/api", "shop/cut", "80"), ExplanationDocument),
    ("explanation", ("explain", "shop/api", "shop/db"), ExplanationDocument),
    ("connections", ("map",), ConnectionsDocument),
    ("connections", ("map", "--limit", "1", "--level", "pod"), ConnectionsDocument),
    ("connections", ("map", "--level", "namespace"), ConnectionsDocument),
]


@pytest.mark.parametrize("extra", ["", UNKNOWN, BROKEN], ids=["whole", "unknown", "partial"])
@pytest.mark.parametrize("name, arguments, shape", DOCUMENTS)
def test_documents_fit_their_published_schema(
    ringfence: Run, shop: Path, name: str, arguments: tuple[str, ...], shape: Any, extra: str
) -> None:
    (shop / "extra.yaml").write_text(extra or NAMESPACE)
    schema = json.loads(ringfence("schema", name).out)
    text = ringfence(*arguments, "-o", "json").out
    document = validated(name, text, schema)
    assert document["schemaVersion"] == "1"
    assert document["layers"] == ["network"]
    assert document["partial"] == (extra == BROKEN)
    assert document["profile"]["name"] == "generic"
    msgspec.json.decode(text, type=shape)
    assert yaml.safe_load(ringfence(*arguments, "-o", "yaml").out) == document


def test_rows_that_are_cut_off_are_counted(ringfence: Run, shop: Path) -> None:
    whole = json.loads(ringfence("map", "-o", "json").out)
    cut = json.loads(ringfence("map", "-o", "json", "--limit", "2").out)
    assert len(cut["rows"]) == 2
    assert cut["leftOut"] == len(whole["rows"]) - 2
    for form in ("table", "wide", "csv", "md", "dot"):
        done = ringfence("map", "-o", form, "--limit", "2")
        assert f"{cut['leftOut']} more rows" in done.out + done.err, form


def test_every_form_of_the_list_says_the_same(ringfence: Run, shop: Path) -> None:
    listed = pairs(ringfence("map", "-o", "json").out)
    rows = list(csv.DictReader(io.StringIO(ringfence("map", "-o", "csv").out)))
    assert {(row["source"], row["destination"]) for row in rows} == set(listed)
    for form in ("wide", "md", "dot"):
        text = ringfence("map", "-o", form).out
        assert all(end in text for pair in listed for end in pair if end.startswith("shop/c")), form


@pytest.mark.parametrize("arguments", [("can", "shop/api", "shop/db", "5432"), ("map", "-o", "csv"), ("map",)])
def test_stdout_is_for_the_answer(ringfence: Run, shop: Path, arguments: tuple[str, ...]) -> None:
    (shop / "broken.yaml").write_text(BROKEN)
    loud, quiet = ringfence(*arguments), ringfence(*arguments, "--quiet")
    assert loud.out == quiet.out
    assert "broken" not in loud.out
    assert "broken.yaml:" in quiet.err
    assert "notice" not in quiet.err


def test_what_was_left_aside_is_said_in_the_overview(ringfence: Run, shop: Path) -> None:
    (shop / "aside.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
    question = ("can", "shop/api", "shop/db", "5432")
    sentence = "cannot change reach: 1 v1 ConfigMap"
    assert sentence not in ringfence(*question).err
    assert sentence in ringfence(*question, "-v").err
    assert sentence in ringfence("map").err
    assert any(sentence in notice for notice in json.loads(ringfence(*question, "-o", "json").out)["notices"])


@pytest.mark.parametrize("command", ["", "can", "map", "completion"])
def test_help_has_no_marks_of_its_making(ringfence: Run, folder: Path, command: str) -> None:
    text = ringfence(*([command] if command else []), "--help").out
    assert "\b" not in text
    assert "\\b" not in text


def test_flags_that_wait_for_a_cluster_say_what_to_do_instead(ringfence: Run, shop: Path) -> None:
    for flag, hint in (("--context", "kubectl get "), ("--kubeconfig", "kubectl get ")):
        done = ringfence("can", "shop/api", "shop/db", flag, "x")
        assert (done.code, done.out) == (2, "")
        assert hint in done.err


def test_many_ranges_of_addresses_are_counted(ringfence: Run, shop: Path) -> None:
    (shop / "port.yaml").write_text(policy("port", "api", "ingress: [{ports: [{port: 81}]}]"))
    done = ringfence("can", "internet", "shop/api")
    assert all(len(line) < 300 for line in done.out.splitlines())
    assert "more ranges" in done.out
