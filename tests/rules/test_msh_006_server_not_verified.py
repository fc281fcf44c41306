from __future__ import annotations

from typing import Any

import pytest

from tests.rules.checking import checked
from tests.rules.meshed import an, istiod, sidecars

RULE = "MSH-006"
HOST = "api.bank.example"


def rule(spec: dict[str, Any]) -> str:
    return sidecars() + an("DestinationRule", "bank", {"host": HOST, **spec})


SIMPLE = {"tls": {"mode": "SIMPLE"}}


def test_nothing_is_verified_where_the_rule_says_so() -> None:
    skips = {"mode": "MUTUAL", "insecureSkipVerify": True, "caCertificates": "/ca.pem"}
    (finding,) = checked(RULE, rule({"trafficPolicy": {"tls": skips}})).findings
    assert finding.message.endswith(f"opens TLS to {HOST}, and takes any certificate (insecureSkipVerify)")
    assert finding.evidence == ("trafficPolicy", "tls")
    assert finding.place.line > 0


@pytest.mark.parametrize(
    ("version", "env", "count"),
    [
        ("1.20.3", {}, 1),
        ("1.21.0", {}, 0),
        ("1.27.1", {}, 0),
        ("1.27.1", {"VERIFY_CERTIFICATE_AT_CLIENT": "false"}, 1),
        ("1.20.3", {"VERIFY_CERTIFICATE_AT_CLIENT": "true"}, 0),
    ],
)
def test_releases_differ_where_no_certificates_are_named(version: str, env: dict[str, str], count: int) -> None:
    outcome = checked(RULE, rule({"trafficPolicy": SIMPLE}) + istiod(version, **env))
    assert len(outcome.findings) == count
    assert not outcome.not_evaluable


def test_an_unknown_release_leaves_it_open() -> None:
    outcome = checked(RULE, rule({"trafficPolicy": SIMPLE}))
    assert not outcome.findings
    assert "hangs on the release" in outcome.not_evaluable[0].why


def test_ports_and_subsets_are_looked_at() -> None:
    ports = {"portLevelSettings": [{"port": {"number": 443}, **SIMPLE}]}
    spec = {"trafficPolicy": ports, "subsets": [{"name": "v1", "labels": {}, "trafficPolicy": SIMPLE}]}
    findings = checked(RULE, rule(spec) + istiod("1.20.0")).findings
    assert {one.evidence for one in findings} == {
        ("trafficPolicy", "portLevelSettings", "0", "tls"),
        ("subsets", "0", "trafficPolicy", "tls"),
    }


@pytest.mark.parametrize(
    "tls",
    [
        {"mode": "SIMPLE", "caCertificates": "/ca.pem"},
        {"mode": "MUTUAL", "credentialName": "bank"},
        {"mode": "ISTIO_MUTUAL"},
        {"mode": "DISABLE"},
        {"mode": "SIMPLE", "caCertificates": "/ca.pem", "insecureSkipVerify": False},
    ],
)
def test_what_is_verified(tls: dict[str, Any]) -> None:
    outcome = checked(RULE, rule({"trafficPolicy": {"tls": tls}}) + istiod("1.20.0"))
    assert not outcome.findings
    assert not outcome.not_evaluable
