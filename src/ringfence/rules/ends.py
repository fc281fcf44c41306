"""Ends of witness flows, by names that mean just these ends, and the first flow that the engine confirms."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.rules.finding import Witness
from ringfence.rules.situation import Situation, Workload, labels_text
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError

STRANGER = labels_text({}, "stranger")
"""A pod without labels in a namespace that nobody named."""

INTERNET_ADDRESSES = ("203.0.113.10", "2001:db8::10")
"""Addresses for documentation (RFC 5737, RFC 3849): they stand for any on the internet."""


def workload_end(situation: Situation, workload: Workload) -> str:
    """The name of a workload; with its kind where the bare name means something else."""
    try:
        members = situation.target(workload.name).members
        if {index for member in members for index in member.pods} == set(workload.pods):
            return workload.name
    except EndError:
        pass
    return f"{workload.ref.namespace}/{workload.ref.kind.lower()}/{workload.ref.name}"


def pod_end(situation: Situation, pod: int) -> str:
    """The name of a pod; a template is known by its workload's name."""
    one = situation.cluster.pods[pod]
    ref = one.workload
    return f"{ref.namespace}/{ref.kind.lower()}/{ref.name}" if one.template else f"{one.namespace}/pod/{one.name}"


def first_confirmed(
    situation: Situation,
    flows: Iterable[tuple[str, str]],
    expected: Verdict = Verdict.ALLOWED,
    port: int | None = 443,
    protocol: str | None = "TCP",
) -> Witness | None:
    """The first of some (source, destination) pairs for which the engine gives the verdict."""
    for source, destination in flows:
        witness = Witness(source, destination, port, protocol, expected)
        try:
            if situation.confirms(witness):
                return witness
        except EndError:
            continue
    return None
