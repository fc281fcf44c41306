"""The tables of the room's spec-tables.md, row by row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ringfence.dialects.istio
from ringfence.dialects.istio.attachment import attaches
from ringfence.dialects.istio.authorization_config import AuthorizationConfig
from ringfence.dialects.istio.authorization_objects import Attachment, Target
from ringfence.dialects.istio.enrolment import asked_revision
from ringfence.model.cluster import Pod, Service, WorkloadRef
from ringfence.model.mesh import Point, PointSort
from tests.dialects.istio.meshes import Lab, an, namespace, workload
from tests.dialects.istio.test_enrolment import INJECT, ON, STATUS, injector

SPEC = Path(ringfence.dialects.istio.__file__).parent / "spec-tables.md"
LEAST_ROWS = 150
DATAPLANE = "istio.io/dataplane-mode"
Row = dict[str, str]


def labels(text: str) -> dict[str, str]:
    return {} if text == "-" else dict(word.split("=", 1) for word in text.split())


def which_injector_is_asked_about_a_pod(row: Row) -> dict[str, str]:
    revision, _ = asked_revision(labels(row["namespace"]), labels(row["pod"]), "test", False)
    return {"asked": "none" if revision is None else revision or "default"}


def what_the_injector_answers(row: Row) -> dict[str, str]:
    own, annotations = ({} if row[key] == "-" else {INJECT: row[key]} for key in ("label", "annotation"))
    spec = {"hostNetwork": True} if row["network"] == "host" else {}
    pod = workload("test/web", own, annotations, **spec)
    lab = Lab(injector(policy=row["policy"]), namespace("test", **ON), pod)
    return {"sidecar": "yes" if lab.member("test/web") == ["sidecar"] else "no"}


def what_ztunnel_takes(row: Row) -> dict[str, str]:
    space, own = ({} if row[key] == "-" else {DATAPLANE: row[key]} for key in ("namespace", "pod"))
    spec = {"hostNetwork": True} if row["network"] == "host" else {}
    annotations = STATUS if row["sidecar"] == "yes" else {}
    # Something else shows that there is a mesh at all.
    lab = Lab(namespace("else", **ON), namespace("test", **space), workload("test/web", own, annotations, **spec))
    return {"captured": "yes" if lab.member("test/web") == ["node"] else "no"}


def mode(word: str) -> dict[str, Any]:
    return {} if word == "-" else {"mtls": {"mode": word}}


def modes(*policies: str) -> dict[str, str]:
    found = {}
    for name, label in (("sidecar", ON), ("ztunnel", {DATAPLANE: "ambient"})):
        lab = Lab(namespace("test", **label), workload("test/web"), *policies)
        (word,) = lab.server("test/web", 8080)
        found[name] = word.split()[0]
    return found


def modes_of_peerauthentication_by_level(row: Row) -> dict[str, str]:
    policies = {"istio-system": row["mesh"], "test": row["namespace"]}
    return modes(
        *(an("PeerAuthentication", f"{space}/p", mode(word)) for space, word in policies.items() if word != "-")
    )


def modes_of_peerauthentication_by_port(row: Row) -> dict[str, str]:
    spec: dict[str, Any] = {"selector": {"matchLabels": {"app": "web"}}, **mode(row["workload"])}
    if row["port"] != "-":
        spec["portLevelMtls"] = {"8080": {"mode": row["port"]}}
    policies = an("PeerAuthentication", "istio-system/p", mode(row["mesh"])), an("PeerAuthentication", "test/p", spec)
    return modes(*policies)


GATEWAYS = "gateway.networking.k8s.io"
PLAIN = Pod("shop", "web", {"app": "web"}, WorkloadRef("Deployment", "shop", "web"))
PROXY = Pod("shop", "gw", {"app": "web", f"{GATEWAYS}/gateway-name": "gw"}, WorkloadRef("Deployment", "shop", "gw"))
POINTS = {
    "sidecar": Point(PointSort.SIDECAR, PLAIN, True),
    "ztunnel": Point(PointSort.NODE, PLAIN, False),
    "waypoint": Point(PointSort.WAYPOINT, PROXY, True, Service("shop", "web", "ClusterIP")),
    "gateway": Point(PointSort.GATEWAY, PROXY, True),
}


def what_a_policy_is_attached_to(row: Row) -> dict[str, str]:
    kind, _, name = row["attached to"].partition(" ")
    attachment = Attachment(row["namespace"])
    if kind == "selector":
        attachment = Attachment(row["namespace"], tuple(labels(name).items()))
    elif name:
        target = Target("" if kind == "Service" else GATEWAYS, kind, name)
        attachment = Attachment(row["namespace"], None, (target,))
    return {one: "yes" if attaches(attachment, point, AuthorizationConfig()) else "no" for one, point in POINTS.items()}


ASKED: dict[str, Callable[[Row], dict[str, str]]] = {
    "Which injector is asked about a pod": which_injector_is_asked_about_a_pod,
    "What the injector answers": what_the_injector_answers,
    "What ztunnel takes": what_ztunnel_takes,
    "Modes of PeerAuthentication, by level": modes_of_peerauthentication_by_level,
    "Modes of PeerAuthentication, by port": modes_of_peerauthentication_by_port,
    "What a policy is attached to": what_a_policy_is_attached_to,
}


def rows() -> Iterator[Any]:
    for part in re.split(r"^## ", SPEC.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title = part.partition("\n")[0]
        assert "\nSource: " in part, title
        lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
        head = [cell.strip() for cell in lines[0]]
        for cells in lines[2:]:
            row = dict(zip(head, (cell.strip() for cell in cells), strict=True))
            yield pytest.param(title, row, id=" ".join((title, *row.values())))


@pytest.mark.parametrize(("title", "row"), list(rows()))
def test_row(title: str, row: Row) -> None:
    found = ASKED[title](row)
    assert {key: row[key] for key in found} == found


def test_every_table_is_there() -> None:
    told = [one.values[0] for one in rows()]
    assert set(told) == set(ASKED)
    assert len(told) >= LEAST_ROWS
