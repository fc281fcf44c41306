"""Broken and hostile input: one message that names the place, the rest analysed, nothing that acts, no secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.cli.manifests import policy

HOSTILE = ["\x1b[2Jevil", "=cmd|' /C calc'!A0", "**evil**|<b>", 'a"];evil[', "\u202eevil", "a\nevil: true", "`evil`"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_do_nothing_in_any_format(ringfence: Run, shop: Path, name: str) -> None:
    def object_(kind: str, version: str, **more: Any) -> dict[str, Any]:
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}

    objects = [
        object_("Pod", "v1", spec={"containers": [{"name": name, "ports": [{"name": name, "containerPort": 1}]}]}),
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
        f"kind: List\napiVersion: v1\nitems: [{{kind: Secret, data: {SECRET}}}, {SECRET}, [{SECRET}]]\n",
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


@pytest.mark.parametrize("indent", [None, 1])
def test_no_snippet_shows_the_data_of_a_secret(ringfence: Run, shop: Path, indent: int | None) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": SECRET}}
    allowing = yaml.safe_load(policy("beside", "api", "ingress: [{ports: [{port: 81}]}]").removeprefix("---\n"))
    items = {"apiVersion": "v1", "kind": "List", "items": [secret, allowing, secret]}
    (shop / "dump.json").write_text(json.dumps(items, indent=indent))
    (shop / "flow.yaml").write_text(json.dumps({**items, "items": [secret, allowing]}, indent=indent))
    for port in ("80", "81"):
        done = ringfence("explain", "shop/db", "shop/api", port)
        assert "shop/beside" in done.out
        assert SECRET not in done.out + done.err


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
def test_a_broken_file_is_named_and_the_rest_analysed(ringfence: Run, shop: Path, name: str, content: bytes) -> None:
    (shop / name).write_bytes(content)
    done = ringfence("can", "shop/api", "shop/db", "5432")
    assert (done.code, done.out) == (3, "allowed\n"), done
    assert f"{name}:" in done.err
    assert json.loads(ringfence("can", "shop/api", "shop/db", "5432", "-o", "json").out)["partial"] is True
    done = ringfence("can", "shop/api", "shop/db", "5432", "-q")
    assert f"{name}:" in done.err


def test_an_unreadable_file_is_named(ringfence: Run, shop: Path) -> None:
    (shop / "pipe.yaml").unlink(missing_ok=True)
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
    typo = "ingress: [{form: [{podSelector: {}}], ports: [{port: 80}]}]"
    (shop / "typo.yaml").write_text(policy("typo", "api", typo))
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


@pytest.mark.parametrize("content", ["cni: nosuch\n", "podCIDRs: [x]\n", "what: 1\n", "- 1\n", "a: [", "cni: [a]\n"])
def test_a_configuration_that_cannot_be(ringfence: Run, shop: Path, content: str) -> None:
    (shop / ".ringfence.yaml").write_text(content)
    done = ringfence("map", "-q")
    assert (done.code, done.out) == (2, "")
    assert ".ringfence.yaml:1:" in done.err or ".ringfence.yaml:2:" in done.err
