"""Whatever is wrong with an object, the message says where, and how to mend it; what is left out is said to be."""

from __future__ import annotations

import pytest

from ringfence.model.problems import Problem, Severity
from ringfence.sources.building import build
from ringfence.sources.reading import read_text

HEAD = "apiVersion: %s\nkind: %s\nmetadata: {name: a, namespace: s}\n"
SERVICE, POD, NODE = HEAD % ("v1", "Service"), HEAD % ("v1", "Pod"), HEAD % ("v1", "Node")
DEPLOYMENT = HEAD % ("apps/v1", "Deployment")
BROKEN = [
    (SERVICE + "spec: {type: NodPort}", "did you mean NodePort?"),
    (SERVICE + "spec: {ports: [{port: 80, protocol: tcp}]}", "did you mean TCP?"),
    (SERVICE + "spec: {ports: [{port: 80, protocol: TPC}]}", "did you mean TCP?"),
    (SERVICE + "spec: {ports: [{port: 80, protocol: ICMP}]}", "write TCP or UDP or SCTP"),
    (SERVICE + "spec: {ports: [{port: 99999}]}", "port numbers are 1 to 65535"),
    (SERVICE + 'spec: {ports: [{port: "80"}]}', "write the number without quotes"),
    (SERVICE + "spec: {ports: {port: 80}}", "begin each member with a dash"),
    (SERVICE + "spec: {ports: [80]}", "write it as KEY: VALUE, indented below the field"),
    (SERVICE + "spec: [ports]", "write it without the leading dash"),
    (
        SERVICE + "spec: {clusterIP: 10.0.0.300}",
        "an address is such as 10.0.0.1 or 2001:db8::1, without a prefix length",
    ),
    (POD + 'spec: {hostNetwork: "yes"}', "write true or false without quotes"),
    (NODE + "status: {addresses: [{type: InternalIP, address: here}]}", "an address is such as"),
    (
        DEPLOYMENT + "spec: {selector: {matchExpressions: [{key: a, operator: exist}]}, template: {}}",
        "did you mean Exists?",
    ),
    ("a: " + "[" * 300 + "]" * 300, "no Kubernetes object is that deep"),
    ('{"a": ' + "[" * 300 + "]" * 300 + "}", "no Kubernetes object is that deep"),
]


def problems_of(text: str) -> list[Problem]:
    """What reading the text and building a cluster of it report."""
    return list(build(read_text(text, "broken.yaml")).problems)


@pytest.mark.parametrize(("text", "hint"), BROKEN)
def test_each_fault_has_a_place_and_a_hint(text: str, hint: str) -> None:
    errors = [problem for problem in problems_of(text) if problem.severity is Severity.ERROR]
    assert errors
    assert all(problem.hint and problem.place.line and problem.place.column for problem in errors)
    assert hint in "".join(problem.hint for problem in errors)


@pytest.mark.parametrize("text", [SERVICE + "spec: {type: NodPort}", DEPLOYMENT + "spec: []"])
def test_an_object_that_is_left_out_is_said_to_be(text: str) -> None:
    [first, *_] = problems_of(text)
    assert first.message.endswith("; the object is left out")
    assert first.partial
