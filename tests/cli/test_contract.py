"""What the command line promises, over real manifests: exit codes, names of ends, forms of output, bad input.

Each test states one promise; the engine's own tests say who reaches whom.
"""

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
from tests.cli.conftest import Done, Run


def workload(name: str, kind: str = "Deployment", labels: str = "", spec: str = "", namespace: str = "shop") -> str:
    labels = labels or f"app: {name}"
    return f"""\
---
apiVersion: apps/v1
kind: {kind}
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  selector: {{matchLabels: {{{labels}}}}}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec: {{{spec}containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 8080}}]}}]}}
"""


def policy(name: str, app: str, spec: str = "ingress: []", namespace: str = "shop") -> str:
    return f"""\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  podSelector: {{matchLabels: {{app: {app}}}}}
  {spec}
"""


NAMESPACE = "---\n{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
POD = """\
---
apiVersion: v1
kind: Pod
metadata:
  name: web-7d9f-abcde
  namespace: shop
  labels: {app: web}
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-7d9f, uid: "1", controller: true}]
spec: {nodeName: worker, containers: [{name: c, image: i}]}
status: {phase: Running, podIP: 10.1.0.5, hostIP: 192.168.9.9}
"""
NODE = """\
---
apiVersion: v1
kind: Node
metadata: {name: worker}
status: {addresses: [{type: InternalIP, address: 192.168.9.9}]}
"""
SERVICE = """\
---
apiVersion: v1
kind: Service
metadata: {name: api-svc, namespace: shop}
spec: {clusterIP: 10.96.0.7, selector: {app: api}, ports: [{name: web, port: 80, targetPort: http}]}
"""
SHOP = "".join(
    [
        NAMESPACE, workload("api"), workload("db", "StatefulSet"), workload("cut"), POD, NODE, SERVICE,
        policy("db", "db", "ingress: [{from: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 5432}]}]"),
        policy("cut", "cut"),
    ]
)  # fmt: skip
UNKNOWN = policy("by-address", "db", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")
BROKEN = "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty repository, the working directory."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shop(folder: Path) -> Path:
    (folder / "shop.yaml").write_text(SHOP)
    return folder


# ---------------------------------------------------------------------------------------------------- exit codes


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize(
    "question, verdict, whole, part",
    [
        (("shop/api", "shop/db", "5432"), "allowed", 0, 3),
        (("shop/api", "shop/cut", "80"), "denied", 1, 1),
        (("shop/api", "shop/db"), "mixed", 1, 1),
        (("deploy/cut", "shop/open", "80", "-n", "shop"), "unknown", 5, 5),
    ],
)
@pytest.mark.parametrize("command", ["can", "explain"])
def test_exit_codes(
    ringfence: Run, shop: Path, command: str, question: tuple[str, ...], verdict: str, whole: int, part: int,
    partial: bool,
) -> None:  # fmt: skip
    (shop / "open.yaml").write_text(workload("open") + UNKNOWN.replace("app: db", "app: open"))
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    done = ringfence(command, *question)
    assert (done.out.splitlines()[0], done.code) == (verdict, part if partial else whole), done.err
    assert ("broken.yaml" in done.err) == partial


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "md", "dot"])
def test_a_list_is_zero_or_partial(ringfence: Run, shop: Path, output: str, partial: bool) -> None:
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    assert ringfence("map", "-o", output).code == (3 if partial else 0)


@pytest.mark.parametrize(
    "arguments",
    [("can", "a", "b"), ("explain", "a", "b", "80"), ("map",), ("can", "--flows", "flows.jsonl")],
)
def test_usage_counts_more_than_partial(ringfence: Run, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "broken.yaml").write_text(BROKEN)
    (folder / "flows.jsonl").write_text("")
    done = ringfence(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "broken.yaml:" in done.err
    assert "no Kubernetes object" in done.err


@pytest.mark.parametrize(
    "lines, partial, code",
    [
        ('{"src": "shop/api", "dst": "shop/cut", "port": 80}\n', False, 0),
        ('{"src": "shop/api", "dst": "shop/cut", "port": 80}\n', True, 3),
        ('{"src": "shop/api", "dst": "shop/nobody", "port": 80}\n', False, 2),
        ("{\n", True, 2),
        ("", False, 0),
        ("", True, 3),
    ],
)
def test_exit_codes_of_many_flows(ringfence: Run, shop: Path, lines: str, partial: bool, code: int) -> None:
    if partial:
        (shop / "broken.yaml").write_text(BROKEN)
    done = ringfence("can", "--flows", "-", stdin=lines.encode())
    assert done.code == code, done.err
    assert done.out.count("\n") == lines.count("\n")


def test_a_bad_line_does_not_stop_the_rest(ringfence: Run, shop: Path) -> None:
    questions = [
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "id": 12345678901234567890, "note": {"deep": [1]}}',
        '{"src": "shop/api"}',
        "not json",
        "[1]",
        '{"src": "shop/api", "dst": "shop/db", "port": 70000}',
        '{"src": "shop/api", "dst": "shop/db", "port": -1}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5.5}',
        '{"src": "shop/api", "dst": "shop/db", "port": "80/UDP"}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "protocol": "ICMP"}',
        '{"src": "shop/api", "dst": "shop/db", "port": 5432, "protocol": null}',
        '{"src": "shop/api", "dst": "shop/api-svc", "port": "web"}',
        '{"src": "shop/api", "dst": "shop/db"}',
        '{"src": "internet", "dst": "shop/cut", "port": null}',
        "",
        '{"src": "shop/api", "dst": "shop/cut", "port": 80, "protocol": "udp"}',
    ]
    done = ringfence("can", "--flows", "-", stdin="\n".join(questions).encode())
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 2
    assert [answer["verdict"] for answer in answers] == [
        "allowed", None, None, None, None, None, None, None, None, "allowed", "allowed", "mixed", "denied", None, "denied",
    ]  # fmt: skip
    for answer in answers:
        assert ("error" in answer) == (answer["verdict"] is None)
        if answer["verdict"] is None:
            assert answer["error"]
        else:
            assert {"reason", "decided_by"} <= set(answer)
            for decision in answer["decided_by"]:
                assert set(decision) == {"layer", "direction", "kind", "namespace", "name", "rule", "file", "line"}
    assert (answers[0]["id"], answers[0]["note"]) == (12345678901234567890, {"deep": [1]})


def test_nothing_selects_means_nothing_decided(ringfence: Run, shop: Path) -> None:
    done = ringfence("can", "--flows", "-", stdin=b'{"src": "shop/db", "dst": "shop/api", "port": 1}')
    assert json.loads(done.out)["decided_by"] == []


# --------------------------------------------------------------------------------------------------- naming ends


@pytest.mark.parametrize(
    "end, arguments",
    [
        ("shop/db", ()),
        ("db", ("-n", "shop")),
        ("shop/statefulset/db", ()),
        ("shop/StatefulSets/db", ()),
        ("shop/sts/db", ()),
                ("sts/db", ("-n", "shop")),
        ("statefulsets/db", ("-n", "shop")),
    ],
)
def test_names_of_a_workload(ringfence: Run, shop: Path, end: str, arguments: tuple[str, ...]) -> None:
    done = ringfence("can", "shop/api", end, "5432", *arguments)
    assert (done.code, done.out) == (0, "allowed\n"), done.err


@pytest.mark.parametrize(
    "end",
    ["shop/web-7d9f-abcde", "shop/po/web-7d9f-abcde", "shop/pods/web-7d9f-abcde", "shop/web-7d9f", "shop/rs/web-7d9f", "10.1.0.5", "10.1.0.5/32"],
)
def test_names_of_a_pod(ringfence: Run, shop: Path, end: str) -> None:
    done = ringfence("can", end, "shop/cut", "80")
    assert (done.code, done.out) == (1, "denied\n"), done.err


@pytest.mark.parametrize(
    "address, meant", [("10.1.0.5", "shop/web-7d9f"), ("10.96.0.7", "shop/api-svc"), ("192.168.9.9", "node/worker")]
)
def test_an_address_that_an_object_has_means_it(ringfence: Run, shop: Path, address: str, meant: str) -> None:
    done = ringfence("can", "shop/api", address, "80", "-o", "json")
    document = json.loads(done.out)
    assert any(meant in note and address in note for note in document["notes"]), document["notes"]
    assert meant in ringfence("can", "shop/api", address, "80").err


@pytest.mark.parametrize(
    "source, hint",
    [
        ("shop/apj", "shop/api"),
        ("shpo/api", "shop"),
        ("shop/deplyo/api", "deploy"),
        ("shop/deploy/apj", "api"),
        ("node/wroker", "worker"),
        ("10.0.0.300", "10.0.0"),
        ("10.0.0.0/40", "10.0.0"),
        ("=x@shop", ""),
        ("", ""),
        ("shop/", ""),
        ("/api", ""),
        ("a/b/c/d", ""),
        ("internett", "internet"),
    ],
)
@pytest.mark.parametrize("command", ["can", "explain"])
def test_a_name_that_means_nothing(ringfence: Run, shop: Path, command: str, source: str, hint: str) -> None:
    done = ringfence(command, source, "shop/db", "5432", "-q")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert hint in done.err


def test_several_controllers_of_a_name(ringfence: Run, shop: Path) -> None:
    (shop / "more.yaml").write_text(workload("api", "StatefulSet", "app: other"))
    done = ringfence("can", "shop/api", "shop/db", "5432", "-q")
    assert done.code == 2
    assert "shop/deployment/api" in done.err
    assert "shop/statefulset/api" in done.err
    assert ringfence("can", "shop/deploy/api", "shop/db", "5432").out == "allowed\n"
    assert ringfence("can", "shop/sts/api", "shop/db", "5432").out == "denied\n"


def test_a_pod_is_meant_before_a_controller_and_a_controller_before_a_service(ringfence: Run, folder: Path) -> None:
    pod = "---\n{apiVersion: v1, kind: Pod, metadata: {name: %s, namespace: shop, labels: {app: pod}}, spec: {containers: [{name: c, image: i}]}}\n"
    service = "---\n{apiVersion: v1, kind: Service, metadata: {name: %s, namespace: shop}, spec: {selector: {app: cut}, ports: [{port: 80}]}}\n"
    (folder / "all.yaml").write_text(
        NAMESPACE + workload("api") + workload("twin") + workload("cut") + pod % "twin" + service % "twin"
        + service % "api" + policy("cut", "cut") + policy("twin", "twin")
    )  # fmt: skip
    assert ringfence("can", "shop/cut", "shop/twin", "80").out == "allowed\n"
    assert ringfence("can", "shop/cut", "shop/deploy/twin", "80").out == "denied\n"
    assert ringfence("can", "shop/api", "shop/api", "80").out == "allowed\n"
    assert ringfence("can", "shop/api", "shop/svc/api", "80").out == "denied\n"


def test_a_controller_that_only_its_pods_name(ringfence: Run, folder: Path) -> None:
    (folder / "pod.yaml").write_text(POD)
    assert ringfence("can", "shop/web-7d9f", "1.1.1.1", "443").out == "allowed\n"


@pytest.mark.parametrize(
    "destination, port, verdict",
    [
        ("shop/svc/api-svc", "80", "allowed"),
        ("shop/service/api-svc", "web", "allowed"),
        ("shop/services/api-svc", "8080", "denied"),
        ("shop/api-svc", "nosuch", "denied"),
        ("shop/empty", "80", "denied"),
    ],
)
def test_ports_of_a_service(ringfence: Run, shop: Path, destination: str, port: str, verdict: str) -> None:
    (shop / "empty.yaml").write_text(
        "{apiVersion: v1, kind: Service, metadata: {name: empty, namespace: shop}, "
        "spec: {selector: {app: nobody}, ports: [{port: 80}]}}"
    )
    document = json.loads(ringfence("can", "shop/cut", destination, port, "-o", "json").out)
    assert document["verdict"] == verdict, document
    if verdict == "denied":
        assert {decision["layer"] for decision in document["decided_by"]} == {"service"}


def test_declared_ports_never_restrict(ringfence: Run, shop: Path) -> None:
    assert ringfence("can", "shop/cut", "shop/api", "9999").out == "allowed\n"


def test_internet_is_unicast_that_is_not_ours(ringfence: Run, shop: Path) -> None:
    private = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8"
    given, no_unicast = "198.18.0.0/15", "0.0.0.0/8, 224.0.0.0/3"
    (shop / "net.yaml").write_text(
        policy("out", "cut", "policyTypes: [Egress]\n  egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [%s]}}]}]")
        % f"{private}, {no_unicast}, {given}"
    )

    def verdicts(*ranges: str) -> set[str]:
        document = json.loads(ringfence("can", "shop/cut", "internet", "443", "-o", "json", *ranges).out)
        return {part["verdict"] for part in document["parts"] if "." in part["destinations"][0]}

    assert verdicts() == {"allowed", "denied"}
    for flag in ("--pod-cidr", "--service-cidr", "--node-cidr"):
        assert verdicts(flag, given) == {"allowed"}, flag


@pytest.mark.parametrize("text", ["80/ICMP", "TCP/80", "0", "65536", "-1", "http/", "/TCP", "80/tcp/udp", "8 0", "1e3"])
def test_ports_that_cannot_be(ringfence: Run, shop: Path, text: str) -> None:
    done = ringfence("can", "shop/api", "shop/db", "-q", "--", text)
    assert (done.code, done.out) == (2, ""), done
    assert done.err.count("\n") <= 4


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


# -------------------------------------------------------------------------------------------------- forms of output


def validated(name: str, text: str, schema: Any) -> Any:
    document = json.loads(text)
    problems = list(violations(document, schema, schema))
    assert problems == [], (name, problems)
    return document


def violations(value: Any, schema: Any, root: Any, where: str = "$") -> list[str]:
    """Where ``value`` breaks ``schema``: the few keywords of JSON Schema that our schemas use, any other is an error."""
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


# ------------------------------------------------------------------------------------------- bad and hostile input


HOSTILE = ["\x1b[2Jevil", "=cmd|' /C calc'!A0", "**evil**|<b>", 'a"];evil[', "\u202eevil", "a\nevil: true", "`evil`"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_do_nothing_in_any_format(ringfence: Run, shop: Path, name: str) -> None:
    def object_(kind: str, version: str, **more: Any) -> dict[str, Any]:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}

    objects = [
        object_("Pod", "v1", spec={"containers": [{"name": name, "image": "i", "ports": [{"name": name, "containerPort": 1}]}]}),
        object_("Service", "v1", spec={"selector": {"app": "api"}, "ports": [{"name": name, "port": 1}]}),
        object_("NetworkPolicy", "networking.k8s.io/v1", spec={"podSelector": {}, name: 1}),
        object_(name, "v1"),
        object_("Thing", f"{name}/v1"),
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {name: name}}},
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {name: name}}},
    ]
    (shop / "hostile.json").write_text("\n".join(json.dumps(one) for one in objects))
    (shop / "hostile.yaml").write_text(yaml.safe_dump_all(objects))
    for arguments in (
        *(("map", "-o", form) for form in ("table", "wide", "json", "yaml", "csv", "md", "dot")),
        ("map", "--level", "namespace"),
        ("can", f"shop/{name}", "shop/db", "5432"),
        ("can", "shop/api", name, name),
        ("explain", "shop/api", "shop/db", name),
        ("explain", "shop/api", f"{name}@shop", "80"),
        ("can", "shop/api", "shop/db", "5432", "-n", name),
        ("can", "shop/api", "shop/db", "5432", "--cni", name),
        ("can", "shop/api", "shop/db", "5432", "-f", name),
        ("map", "-l", name),
    ):
        done = ringfence(*arguments)
        assert done.code != 70
        assert all(line.isprintable() for line in (*done.out.split("\n"), *done.err.split("\n"))), arguments


SECRET = "c3VwZXJzZWNyZXQ-hunter2"


@pytest.mark.parametrize(
    "text",
    [
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, namespace: shop}}\ndata: {{key: {SECRET}}}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {SECRET}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{key: {SECRET}\n",
        f"apiVersion: v1\nkind: Secret\ndata:\n  key: {SECRET}\n  key: {SECRET}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  key: *{SECRET}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  {SECRET}: !{SECRET} {SECRET}\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n\t key: {SECRET}\n",
        f'{{"apiVersion": "v1", "kind": "Secret", "metadata": {{"name": "s"}}, "data": {{"key": "{SECRET}"}}\n',
        f'{{"apiVersion": "v1", "kind": "Secret", "metadata": [], "data": "{SECRET}"}}\n',
        f'{{"kind": "Secret", "data": "{SECRET}", "data": "{SECRET}"}}\n',
        f"kind: List\napiVersion: v1\nitems: [{{apiVersion: v1, kind: Secret, data: {SECRET}}}, {SECRET}, [{SECRET}]]\n",
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: 'key {SECRET}\n",
        f"kind: Secret\nmetadata: {{name: s}}\n{SECRET}\n",
    ],
)
@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_no_output_shows_the_data_of_a_secret(ringfence: Run, shop: Path, text: str, suffix: str) -> None:
    (shop / f"secret.{suffix}").write_text(text)
    for arguments in (
        ("can", "shop/api", "shop/db", "5432", "-v"),
        ("can", "shop/api", "shop/db", "5432", "-o", "json"),
        ("explain", "shop/api", "shop/cut", "80"),
        ("map", "-o", "yaml"),
    ):
        done = ringfence(*arguments)
        assert done.code != 70
        for part in ("hunter2", "c3VwZXJzZWNyZXQ"):
            assert part not in done.out + done.err, arguments


@pytest.mark.parametrize(
    "name, content",
    [
        ("syntax.yaml", b"a: [\n"),
        ("tab.yaml", b"a:\n\tb: 1\n"),
        ("binary.yaml", b"\x00\x01\x02\xff" * 50),
        ("latin.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: caf\xe9}\n"),
        ("alias.yaml", b"a: *nowhere\n"),
        ("bomb.yaml", b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
            b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 10)) for c in range(ord("b"), ord("k")))),
        ("itself.yaml", b"&a [*a]\n"),
        ("deep.yaml", b"[" * 50000),
        ("deep.json", b'{"a":' * 50000),
        ("syntax.json", b'{"apiVersion": "v1", "kind": "Pod",}'),
        ("cut.json", b'{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Po'),
        ("noname.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {}\n"),
        ("labels.yaml", b"apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: [x]}\n"),
        ("spec.yaml", b"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: 5\n"),
        ("list.yaml", b"apiVersion: v1\nkind: List\nitems: 5\n"),
        ("kind.yaml", b"apiVersion: v1\nkind: [Pod]\nmetadata: {name: a}\n"),
        ("version.yaml", b"apiVersion: 1\nkind: Pod\nmetadata: {name: a}\n"),
    ],
)  # fmt: skip
def test_a_broken_file_is_named_and_the_rest_analysed(
    ringfence: Run, shop: Path, name: str, content: bytes
) -> None:
    (shop / name).write_bytes(content)
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert (done.code, done.out) == (3, "allowed\n"), done
    assert f"{name}:" in done.err
    assert json.loads(ringfence("can", "shop/api", "shop/db", "5432", "-o", "json").out)["partial"] is True
    done = ringfence("can", "shop/api", "shop/db", "5432", "-q")
    assert f"{name}:" in done.err


def test_an_unreadable_file_is_named(ringfence: Run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (shop / "pipe.yaml").unlink(missing_ok=True)
    import os

    os.mkfifo(shop / "pipe.yaml")
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert done.code == 3
    assert "pipe.yaml: error" in done.err


@pytest.mark.parametrize(
    "spec, place, code",
    [
        ("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/33}}]}]", ":7:", "cidr"),
        ("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]", ":7:", "except"),
        ("ingress: [{ports: [{port: 70000}]}]", ":7:", "port"),
        ("ingress: [{ports: [{port: 80, endPort: 79}]}]", ":7:", "port"),
        ("ingress: [{ports: [{protocol: ICMP}]}]", ":7:", "protocol"),
        ("ingress: [{from: [{}]}]", ":7:", "peer"),
        ("ingress: [{from: [{podSelector: {matchExpressions: [{key: a, operator: Inn}]}}]}]", ":7:", "selector"),
        ("ingress: {}", ":7:", "type"),
        ("policyTypes: [Ingres]", ":7:", "policy-type"),
        ("ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", ":7:", "peer"),
    ],
)
def test_a_policy_that_the_api_server_rejects(ringfence: Run, shop: Path, spec: str, place: str, code: str) -> None:
    (shop / "bad.yaml").write_text(policy("bad", "api", spec))
    done = ringfence("can", "shop/db", "shop/api", "80")
    assert (done.code, done.out) == (5, "unknown\n"), done
    error = next(line for line in done.err.splitlines() if line.startswith("./bad.yaml"))
    assert f"bad.yaml{place}" in error
    assert ": error: " in error
    assert code in error.rpartition("[")[2]
    untouched = ringfence("can", "shop/db", "shop/cut", "80")
    assert untouched.out == "denied\n"


def test_unknown_fields_are_pruned_and_reported(ringfence: Run, shop: Path) -> None:
    (shop / "typo.yaml").write_text(policy("typo", "api", "ingress: [{form: [{podSelector: {}}], ports: [{port: 80}]}]"))
    done = ringfence("can", "shop/db", "shop/api", "80")
    assert (done.code, done.out) == (0, "allowed\n"), done
    assert "typo.yaml:7:14: warning" in done.err
    assert "did you mean from?" in done.err


def test_the_same_object_twice(ringfence: Run, shop: Path) -> None:
    (shop / "a.yaml").write_text(policy("twice", "api"))
    (shop / "b.yaml").write_text(policy("twice", "api"))
    done = ringfence("can", "shop/db", "shop/api", "80")
    assert (done.code, done.out) == (1, "denied\n")
    assert "given" not in done.err
    (shop / "b.yaml").write_text(policy("twice", "api", "ingress: [{}]"))
    done = ringfence("can", "shop/db", "shop/api", "80")
    assert (done.code, done.out) == (0, "allowed\n")
    assert "a.yaml:2" in done.err
    assert "b.yaml:2" in done.err


def test_a_key_twice_is_reported_and_the_last_counts(ringfence: Run, shop: Path) -> None:
    (shop / "key.yaml").write_text(policy("key", "api", "ingress: []\n  ingress: [{}]"))
    done = ringfence("can", "shop/db", "shop/api", "80")
    assert (done.code, done.out) == (0, "allowed\n")
    assert "key.yaml:8:3: warning" in done.err


@pytest.mark.parametrize("arguments, verdict, code", [((), "unknown", 5), (("--assume-no-labels",), "denied", 1)])
def test_labels_of_a_namespace_that_is_not_there(
    ringfence: Run, shop: Path, arguments: tuple[str, ...], verdict: str, code: int
) -> None:
    (shop / "far.yaml").write_text(
        workload("far", namespace="other")
        + policy("by-label", "api", "ingress: [{from: [{namespaceSelector: {matchLabels: {team: x}}}]}]")
    )
    done = ringfence("can", "other/far", "shop/api", "80", *arguments)
    assert (done.code, done.out) == (code, f"{verdict}\n"), done.err
    if verdict == "unknown":
        assert "--assume-no-labels" in done.err
    named = policy("by-name", "api", "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: other}}}]}]")
    (shop / "named.yaml").write_text(named)
    assert ringfence("can", "other/far", "shop/api", "80", *arguments).out == "allowed\n"


def test_ranges_decide_addresses_that_are_open(ringfence: Run, shop: Path) -> None:
    (shop / "net.yaml").write_text(policy("net", "api", "ingress: [{from: [{ipBlock: {cidr: 10.7.0.0/16}}]}]"))
    question = ("can", "shop/db", "shop/api", "80", "--cni", "calico")
    assert ringfence(*question).out == "unknown\n"
    assert ringfence(*question, "--pod-cidr", "10.7.0.0/16,10.7.0.0/17").out == "allowed\n"
    assert ringfence(*question, "--pod-cidr", "10.8.0.0/16").out == "denied\n"
    (shop / ".ringfence.yaml").write_text("cni: calico\npodCIDRs: [10.8.0.0/16]\n")
    done = ringfence(*question[:4])
    assert done.out == "denied\n"
    assert "profile calico (chosen by .ringfence.yaml:1:6)" in done.err
    assert ringfence(*question, "--pod-cidr", "10.7.0.0/16").out == "allowed\n"


@pytest.mark.parametrize("content", ["cni: nosuch\n", "podCIDRs: [x]\n", "what: 1\n", "- 1\n", "a: [", "cni: [calico]\n"])
def test_a_configuration_that_cannot_be(ringfence: Run, shop: Path, content: str) -> None:
    (shop / ".ringfence.yaml").write_text(content)
    done = ringfence("map", "-q")
    assert (done.code, done.out) == (2, "")
    assert ".ringfence.yaml:1:" in done.err or ".ringfence.yaml:2:" in done.err


def chart(folder: Path) -> str:
    (folder / "chart/templates").mkdir(parents=True)
    (folder / "chart/Chart.yaml").write_text("apiVersion: v2\nname: chart\nversion: 1.0.0\n")
    (folder / "chart/values.yaml").write_text("replicas: 1\n")
    (folder / "chart/templates/pod.yaml").write_text("{{- if .Values.x }}\nkind: Pod\n{{- end }}\n")
    return "helm template ./chart"


def overlay(folder: Path) -> str:
    (folder / "overlay").mkdir()
    (folder / "overlay/kustomization.yaml").write_text("resources: [../shop.yaml]\npatches: [{path: patch.yaml}]\n")
    (folder / "overlay/patch.yaml").write_text(workload("api", labels="app: patched"))
    return "kubectl kustomize ./overlay"


@pytest.mark.parametrize("make", [chart, overlay])
def test_what_must_be_rendered_first(ringfence: Run, shop: Path, make: Any) -> None:
    how = make(shop)
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert (done.code, done.out) == (3, "allowed\n"), done.err
    assert how in done.err


@pytest.mark.parametrize(
    "object_, verdicts",
    [
        ("{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: p, namespace: shop}}", ("unknown", "allowed")),
        ("{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p, namespace: shop}}", ("unknown", "allowed")),
        ("{apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: {name: p}}", ("unknown", "unknown")),
        ("{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: p}}", ("unknown", "unknown")),
        ("{apiVersion: crd.antrea.io/v1beta1, kind: ClusterNetworkPolicy, metadata: {name: p}}", ("unknown", "unknown")),
        ("{apiVersion: example.com/v1, kind: NetworkPolicy, metadata: {name: p, namespace: shop}}", ("allowed", "allowed")),
        ("{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: p, namespace: shop}}", ("allowed", "allowed")),
    ],
)  # fmt: skip
def test_objects_that_are_not_modelled(ringfence: Run, shop: Path, object_: str, verdicts: tuple[str, str]) -> None:
    (shop / "far.yaml").write_text(workload("far", namespace="other") + workload("further", namespace="other"))
    (shop / "foreign.yaml").write_text(object_)
    kind = yaml.safe_load(object_)["kind"]
    for question, verdict in zip((("shop/db", "shop/api"), ("other/far", "other/further")), verdicts, strict=True):
        done = ringfence("can", *question, "80", "-v")
        assert done.out == f"{verdict}\n", done.err
        assert kind in done.err
    assert done.code == (5 if verdicts[1] == "unknown" else 0)


def test_mesh_objects_are_noticed(ringfence: Run, shop: Path) -> None:
    (shop / "mesh.yaml").write_text(
        "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: p, namespace: shop}}"
    )
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert "network layer only" in done.err
    assert done.code == 0


def test_a_document_that_is_no_object_is_noticed(ringfence: Run, shop: Path) -> None:
    (shop / "values.yaml").write_text("replicas: 3\n")
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert done.code == 0
    assert "values.yaml:1:1: notice" in done.err


@pytest.mark.parametrize("form", ["yaml", "json", "list", "typed list", "stream"])
def test_every_shape_of_manifests_on_stdin(ringfence: Run, folder: Path, form: str) -> None:
    objects = list(yaml.safe_load_all(SHOP))
    objects = [one for one in objects if one]
    items = {"apiVersion": "v1", "kind": "List", "items": objects}
    texts = {
        "yaml": SHOP,
        "json": "".join(json.dumps(one) + "\n" for one in objects),
        "list": json.dumps(items, indent=1),
        "typed list": yaml.safe_dump_all(
            [
                {"apiVersion": "apps/v1", "kind": f"{kind}List", "items": [
                    {key: value for key, value in one.items() if key not in ("apiVersion", "kind")}
                    for one in objects if one["kind"] == kind
                ]}
                for kind in ("Deployment", "StatefulSet")
            ] + [one for one in objects if one["kind"] not in ("Deployment", "StatefulSet")]
        ),
        "stream": yaml.safe_dump(items),
    }  # fmt: skip
    done = ringfence("can", "shop/api", "shop/db", "5432", "-f", "-", stdin=texts[form].encode())
    assert (done.code, done.out) == (0, "allowed\n"), done.err
    done = ringfence("can", "shop/api", "shop/cut", "5432", "-f", "-", stdin=texts[form].encode())
    assert (done.code, done.out) == (1, "denied\n"), done.err


def test_hidden_folders_and_links_that_leave(ringfence: Run, shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "evil.yaml").write_text(policy("evil", "api"))
    (shop / ".hidden").mkdir()
    (shop / ".hidden/evil.yaml").write_text(policy("evil", "api"))
    (shop / ".git/evil.yaml").write_text(policy("evil", "api"))
    (shop / "deep/er").mkdir(parents=True)
    (shop / "deep/er/policy.yaml").write_text(policy("deep", "db", "ingress: [{ports: [{port: 1}]}]"))
    (shop / "link.yaml").symlink_to(outside / "evil.yaml")
    (shop / "linked").symlink_to(outside)
    (shop / "around").symlink_to(shop)
    assert ringfence("can", "shop/db", "shop/api", "80").out == "allowed\n"
    assert ringfence("can", "shop/cut", "shop/db", "1").out == "allowed\n"
    done: Done = ringfence("can", "shop/cut", "shop/db", "1", "-R", "-f", ".")
    assert done.out == "allowed\n"
    assert "link.yaml" in done.err
