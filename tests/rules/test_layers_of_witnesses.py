"""Witnesses of rules about the network, where a mesh says something else."""

from __future__ import annotations

import json

import pytest

from ringfence.reports.findings.report import witness_text
from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, pod
from tests.rules.meshed import account, authorization, mesh_config, mtls, service, sidecars

WEB = sidecars() + account("shop/web") + account("shop/api") + service("web")


@pytest.mark.parametrize("rule", ["NP-001", "NP-003"])
def test_the_network_allows_and_the_mesh_denies(rule: str) -> None:
    findings = [one for one in checked(rule, WEB + mtls("STRICT")).findings if one.witness is not None]
    assert findings
    for finding in findings:
        assert finding.witness is not None
        assert finding.witness.expected is Verdict.ALLOWED
        assert finding.witness.together is Verdict.DENIED
        assert witness_text(finding.witness).endswith(": allowed by the network layer; all layers together: denied")


@pytest.mark.parametrize("text", [WEB, pod("web")])
def test_all_layers_agree_or_there_is_no_mesh(text: str) -> None:
    findings = checked("NP-003", text).findings
    assert findings
    for finding in findings:
        assert finding.witness is not None
        assert finding.witness.together is None
        assert witness_text(finding.witness).endswith(": allowed")


def test_rules_of_the_mesh_speak_of_all_layers() -> None:
    text = WEB + mtls("PERMISSIVE") + authorization([{"from": [{"source": {"notPrincipals": ["x"]}}]}])
    for finding in checked("MSH-001", text).findings:
        assert finding.witness is None or finding.witness.together is None


def test_documents_tell_it() -> None:
    from ringfence.reports.findings.document import _witness

    (finding, *_) = checked("NP-003", WEB + mtls("STRICT")).findings
    document = _witness(finding.witness)
    assert document is not None
    assert (document.verdict, document.together) == ("allowed", "denied")
    assert json.dumps(document.together) == '"denied"'


def test_what_only_the_client_refuses_binds_nobody_who_holds_it() -> None:
    only = mesh_config("outboundTrafficPolicy: {mode: REGISTRY_ONLY}")
    found = [one for one in checked("NP-004", WEB + only).findings if one.witness is not None]
    assert found
    for finding in found:
        assert finding.witness is not None
        assert finding.witness.unbound
        assert finding.witness.together is None
        assert witness_text(finding.witness).endswith(": allowed past its own proxy")
