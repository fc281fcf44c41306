"""Faults of the ways out of the cluster."""

from __future__ import annotations

from tests.seeded_faults.fault import Fault, in_file

_ONWARD = ("tests/verdict/meshed/test_onward.py",)
_ABROAD = ("tests/verdict/meshed/test_abroad.py",)

WAY_OUT_FAULTS: tuple[Fault, ...] = (
    *in_file(
        "verdict/meshed/gateways.py",
        _ONWARD,
        (
            "and _covers(listener.hostname, asks)",
            "and listener.hostname is not asks",
            "a server of a gateway is for the names that it says",
        ),
        (
            "self.asker.network(*ends, leaving.port, differing)",
            "self.asker.network(*ends, self.question.port, differing)",
            "the network is asked of the port that the gateway's route names",
        ),
        (
            "found = replace(first.judge(course), by_client=True)",
            "found = first.judge(course)",
            "what denies at a gateway binds nobody who dials the address itself",
        ),
    ),
    *in_file(
        "verdict/meshed/abroad.py",
        _ABROAD,
        (
            "return {Verdict.ALLOWED: True, Verdict.DENIED: False}.get(takes(question, one.requests, request, port))",
            "return True",
            "an entry has its own hosts",
        ),
    ),
)
