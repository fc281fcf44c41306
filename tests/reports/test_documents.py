"""The published schemas are those of the documents."""

from __future__ import annotations

import json
from importlib.resources import files

import msgspec
import pytest

from ringfence.layers.profiles import find
from ringfence.model.cluster import Cluster, Opaque
from ringfence.model.provenance import Place
from ringfence.reports.blast_radius_documents import blast_radius_document, paths_document
from ringfence.reports.context import cluster_notices
from ringfence.reports.coverage.document import coverage_document
from ringfence.reports.differences.document import diff_document
from ringfence.reports.differences.equivalence import equivalence_document
from ringfence.reports.documents import (
    answer_document,
    connections_document,
    explanation_document,
)
from ringfence.reports.exposure_documents import exposure_document
from ringfence.reports.findings.document import findings_document
from ringfence.reports.portability import portability_document
from ringfence.reports.profiles import detection_document, profiles_document
from ringfence.reports.published import DOCUMENTS, schema
from tests.reports import reach_samples
from tests.reports.diff_samples import equivalence, of_mesh, whole
from tests.reports.finding_samples import report as findings_report
from tests.reports.samples import CONTEXT, connections, detection, explanation, mixed, portability

WRITTEN = {
    "answer": answer_document(mixed(), CONTEXT),
    "connections": connections_document(connections(), CONTEXT),
    "diff": diff_document(whole(), CONTEXT),
    "equivalence": equivalence_document(equivalence(), CONTEXT),
    "explanation": explanation_document(explanation(), CONTEXT),
    "coverage": coverage_document(reach_samples.coverage(), CONTEXT),
    "exposure": exposure_document(reach_samples.exposure(), CONTEXT),
    "blast-radius": blast_radius_document(reach_samples.blast_radius(), CONTEXT),
    "paths": paths_document(reach_samples.paths(), CONTEXT),
    "findings": findings_document(findings_report(explained=True)),
    "portability": portability_document(portability(), CONTEXT),
    "profiles": profiles_document([find("calico"), find("flannel")]),
    "detection": detection_document(*detection(), CONTEXT),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_published_schema_is_current(name: str) -> None:
    """``python -m ringfence.reports.schemas`` writes them anew."""
    published = (files("ringfence.reports") / "schemas" / f"{name}.schema.json").read_text("utf-8")
    assert json.loads(published) == schema(name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_decode_as_their_type(name: str) -> None:
    document = WRITTEN[name]
    assert msgspec.json.decode(msgspec.json.encode(document), type=DOCUMENTS[name]) == document


def test_documents_of_all_layers_are_of_the_same_type() -> None:
    for document in (diff_document(of_mesh(), CONTEXT), equivalence_document(equivalence(layered=True), CONTEXT)):
        assert document.layers == ["network", "transport", "requests"]
        assert msgspec.json.decode(msgspec.json.encode(document), type=type(document)) == document


@pytest.mark.parametrize("name", [name for name in DOCUMENTS if name != "profiles"])
def test_every_document_says_what_it_speaks_of(name: str) -> None:
    plain = msgspec.to_builtins(WRITTEN[name])
    assert plain["schemaVersion"] == "1"
    assert plain["layers"] == ["network"]
    assert plain["profile"] == {"name": "generic", "chosenBy": "the default"}
    assert plain["partial"] is False
    assert plain["problems"][0]["code"] == "unknown-field"
    assert plain["notices"] == ["service mesh objects were seen"]


def test_decisions_look_as_in_the_lines_of_flows() -> None:
    assert msgspec.to_builtins(WRITTEN["answer"])["decided_by"] == [
        {
            "layer": "network", "direction": "ingress", "kind": "NetworkPolicy", "namespace": "shop",
            "name": "db-ingress", "rule": 0, "file": "base/netpol.yaml", "line": 12,
        }
    ]  # fmt: skip


def test_notices_name_mesh_and_unmodelled_objects() -> None:
    place = Place("mesh.yaml", 1)
    cluster = Cluster(
        mesh=(Opaque("security.istio.io/v1", "AuthorizationPolicy", "shop", "a", place),) * 2,
        unmodelled={"v1 ConfigMap": 3},
    )
    mesh, unmodelled = cluster_notices(cluster)
    assert "2 AuthorizationPolicy (security.istio.io/v1)" in mesh
    assert "network layer only" in mesh
    assert "3 v1 ConfigMap" in unmodelled
