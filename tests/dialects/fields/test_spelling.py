"""A misspelt word is met with the one that was probably meant; a number is not shown as if it were text."""

from __future__ import annotations

import pytest

from ringfence.dialects.fields.cidrs import hint_for
from ringfence.dialects.fields.spelling import hint_for_word
from ringfence.dialects.fields.words import name_hint, value_hint
from tests.dialects.reading import manifest, read

NETWORK_POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {%s}, policyTypes: [%s], ingress: [{ports: [{%s}]}]}
"""
CLUSTER_POLICY = """\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: web}
spec: {tier: %s, priority: %s, subject: {namespaces: {}}, ingress: [{action: %s, from: [{namespaces: {}}]}]}
"""
EXPRESSION = "matchExpressions: [{key: app, operator: %s, values: [web]}]"

MISSPELT = [
    (NETWORK_POLICY % (EXPRESSION % "Inn", "Ingress", "port: 80"), "must be one of In, NotIn, Exists,", "In"),
    (NETWORK_POLICY % (EXPRESSION % "notin", "Ingress", "port: 80"), "must be one of In, NotIn, Exists,", "NotIn"),
    (NETWORK_POLICY % ("", "ingres", "port: 80"), "must be one of Ingress, Egress,", "Ingress"),
    (NETWORK_POLICY % ("", "Ingress", "protocol: tcp"), "must be one of TCP, UDP, SCTP,", "TCP"),
    (NETWORK_POLICY % ("", "Ingress", "protocol: TPC"), "must be one of TCP, UDP, SCTP,", "TCP"),
    (CLUSTER_POLICY % ("Admn", 5, "Deny"), "must be one of Admin, Baseline,", "Admin"),
    (CLUSTER_POLICY % ("Admin", 5, "Dny"), "must be one of Accept, Deny, Pass,", "Deny"),
    (CLUSTER_POLICY % ("Admin", 5, "Alow"), "must be one of Accept, Deny, Pass,", "Accept"),
]


@pytest.mark.parametrize(("text", "choices", "meant"), MISSPELT)
def test_a_misspelt_word_is_met_with_the_choices_and_the_likely_one(text: str, choices: str, meant: str) -> None:
    [problem] = read(manifest(text))[1]
    assert choices in problem.message
    assert problem.hint == f"did you mean {meant}?"


def test_a_word_like_none_of_the_choices_is_not_guessed() -> None:
    assert hint_for_word("ICMP", ("TCP", "UDP")) == "write TCP or UDP, with these very capitals"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (NETWORK_POLICY % ("", "Ingress", "port: 99999"), "between 1 and 65535, not 99999 ["),
        (NETWORK_POLICY % ("", "Ingress", "port: 80, endPort: 70000"), "between 1 and 65535, not 70000 ["),
        (CLUSTER_POLICY % ("Admin", 1001, "Deny"), "between 0 and 1000, not 1001 ["),
    ],
)
def test_a_number_out_of_bounds_is_shown_as_a_number_with_a_hint(text: str, written: str) -> None:
    [problem] = read(manifest(text))[1]
    assert written in str(problem)
    assert problem.hint


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10.0.0.1", "for the single address write 10.0.0.1/32"),
        ("10.0.0.0/33", "IPv4 prefix lengths are 0 to 32; the single address is 10.0.0.0/32"),
        ("010.0.0.0/8", "write 10.0.0.0/8"),
        ("fe80::1%eth0/64", "leave out the zone: the % and what follows it"),
        ("::ffff:10.0.0.1/128", "write the IPv4 address 10.0.0.1, and the prefix length less 96"),
        ("hello", "a CIDR is an address and a prefix length, such as 10.0.0.0/8 or 2001:db8::/32"),
    ],
)
def test_an_invalid_cidr_has_its_hint(text: str, hint: str) -> None:
    assert hint_for(text) == hint


def test_labels_and_names_are_met_with_the_nearest_valid_one() -> None:
    assert value_hint("my team") == "did you mean my-team?"
    assert "up to 63" in value_hint("x" * 64)
    assert name_hint("Payments_API") == "did you mean payments-api?"
