"""What the client sends, and what the server takes."""

from __future__ import annotations

from tests.oracle_mesh.membership import proxy
from tests.oracle_mesh.objects import ROOT, Json, World, has_labels, labels, leads_to, name, space

HTTP = ("http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws")
TCP = ("tcp", "https", "tls", "mongo", "mysql", "redis", "kubernetes.io/wss")


def protocol(service_port: Json | None, port: int) -> str:
    """``http``, ``tcp`` or ``auto``, of a port of a Service; None: the port is in no Service."""
    if service_port is None:
        return "auto"
    # An application protocol takes the place of the name, also one that nobody knows.
    said = str(service_port.get("appProtocol") or service_port.get("name") or "")
    if said not in HTTP + TCP:
        said = "grpc-web" if said.lower().startswith("grpc-web") else said.lower().partition("-")[0]
    if said in HTTP:
        return "http"
    if said in TCP or service_port["port"] in (25, 53, 3306, 27017):
        return "tcp"
    return "auto"


def inbound(world: World, pod: Json, port: int) -> str:
    """The protocol that a pod's sidecar takes a port for: that of the oldest Service that leads to it."""
    for service in world.oldest("Service"):
        found = leads_to(service, pod, port)
        if found is not None:
            return protocol(found, port)
    return "auto"


def peer_mode(world: World, pod: Json, port: int) -> str:
    """STRICT, PERMISSIVE or DISABLE, of a port of a pod."""
    mode, own = _space_mode(world, space(pod)), None
    for one in world.oldest("PeerAuthentication"):
        if space(one) == space(pod) and _selector(one) and has_labels(_selector(one), labels(pod)):
            own = one
            break
    if own is None:
        return mode
    above, mode = mode, _mode(own["spec"].get("mtls")) or mode
    at_port = _mode((own["spec"].get("portLevelMtls") or {}).get(str(port)))
    if (
        proxy(world, pod) == "node"
        and at_port == "DISABLE"
        and above == "STRICT"
        and not _mode(own["spec"].get("mtls"))
        and not any(_mode(one) == "PERMISSIVE" for one in own["spec"]["portLevelMtls"].values())
    ):
        # Only a port that says PERMISSIVE makes istiod look for exceptions from what a workload inherits.
        return "STRICT"
    if proxy(world, pod) == "node" and at_port == "STRICT" and mode != "STRICT" and _of_mesh_alone(world, pod):
        # istiod leaves the port to the mesh, whose mode the workload has put aside.
        return mode
    return at_port or mode


def _of_mesh_alone(world: World, pod: Json) -> bool:
    """Whether the mesh is STRICT, and the namespace says nothing."""
    all_of_them = [one for one in world.oldest("PeerAuthentication") if not _selector(one)]
    everywhere = [_mode(one["spec"].get("mtls")) for one in all_of_them if space(one) == ROOT]
    here = [_mode(one["spec"].get("mtls")) for one in all_of_them if space(one) == space(pod) != ROOT]
    return everywhere[:1] == ["STRICT"] and here[:1] in ([], [None])


def _space_mode(world: World, namespace: str) -> str:
    mode, all_of_them = "PERMISSIVE", world.oldest("PeerAuthentication")
    everywhere = [one for one in all_of_them if space(one) == ROOT and not _selector(one)]
    here = [one for one in all_of_them if space(one) == namespace != ROOT and not _selector(one)]
    for one in everywhere[:1] + here[:1]:
        mode = _mode(one["spec"].get("mtls")) or mode
    return mode


def _selector(policy: Json) -> dict[str, str]:
    return dict(((policy.get("spec") or {}).get("selector") or {}).get("matchLabels") or {})


def _mode(mtls: Json | None) -> str | None:
    said = (mtls or {}).get("mode")
    return None if said in (None, "UNSET") else str(said)


def sent_by_sidecar(world: World, client: Json, server: Json, port: int, service: Json, service_port: Json) -> str:
    """``plain``, ``mtls``, ``hbone``, ``tls`` (without a certificate of the mesh), or several of them with  or ."""
    found = [
        _sent_by(world, rule, server, port, service, service_port) for rule in destination_rules(world, client, service)
    ]
    return " or ".join(dict.fromkeys(found))


def _sent_by(world: World, rule: Json | None, server: Json, port: int, service: Json, service_port: Json) -> str:
    policy = {} if rule is None else (rule["spec"].get("trafficPolicy") or {})
    mode = _tls(policy, service_port["port"])
    subset = subset_of(world, service, service_port)
    for one in (rule or {"spec": {}})["spec"].get("subsets") or ():
        if one["name"] == subset and one.get("trafficPolicy"):
            mode = _tls(one["trafficPolicy"], service_port["port"])
    kind, alone = proxy(world, server), service["spec"].get("clusterIP") == "None"
    if kind == "node":
        if mode is None and alone:
            # No source says whether pods are tunnelled to that are dialled by their addresses.
            return "hbone or plain"
        # Releases differ in whether DISABLE also turns the tunnel off.
        return "hbone or plain" if mode == "DISABLE" else "hbone"
    if mode is not None:
        return {"DISABLE": "plain", "ISTIO_MUTUAL": "mtls"}.get(mode, "tls")
    # Clients look at the mode of the namespace first, and then at that of the endpoint.
    on = world.config.get("enableAutoMtls", True) and _space_mode(world, space(server)) != "DISABLE"
    if alone:
        # All pods of a headless Service share one answer, and none is asked what it takes.
        behind = [one for one in world.of("Pod") if leads_to(service, one, port)]
        return "mtls" if on and all(proxy(world, one) == "sidecar" for one in behind) else "plain"
    return "mtls" if on and kind == "sidecar" and peer_mode(world, server, port) != "DISABLE" else "plain"


def _tls(policy: Json, port: int) -> str | None:
    for one in policy.get("portLevelSettings") or ():
        if one["port"]["number"] == port:
            policy = one
            break
    return (policy.get("tls") or {}).get("mode")


def subset_of(world: World, service: Json, service_port: Json) -> str | None:
    """The subset that a VirtualService sends a port's connections to."""
    host = f"{name(service)}.{space(service)}.svc.cluster.local"
    for one in world.oldest("VirtualService"):
        if host in one["spec"]["hosts"]:
            kind = "tcp" if protocol(service_port, service_port["port"]) == "tcp" else "http"
            for route in one["spec"].get(kind) or ():
                return route["route"][0]["destination"].get("subset")
    return None


def destination_rules(world: World, client: Json, service: Json) -> list[Json | None]:
    """The rules of which one is that which a client's proxy goes by: of its own namespace, else of the Service's, else
    of the root's."""
    host, own = f"{name(service)}.{space(service)}.svc.cluster.local", space(client)
    rules = [(one, _exports(one)) for one in world.oldest("DestinationRule")]
    local = [one for one, to in rules if space(one) == own and (not to or {"*", ".", own} & to)]
    if own == ROOT:
        local = [one for one, to in rules if space(one) == own and to in ({"."}, {own})]
    found = _for_host(local, host)
    if found:
        # The host has chosen. A selector takes its own pods; where none takes the client, no rule is left at all.
        chosen = [one for one in found if _chosen(one) and has_labels(_chosen(one), labels(client))]
        return _merged(chosen or [one for one in found if not _chosen(one)])
    for place in (space(service), ROOT):
        exported = [one for one, to in rules if space(one) == place and to not in ({"."}, {place})]
        found = [one for one in _for_host(exported, host) if not _exports(one) or {"*", own} & _exports(one)]
        if found:
            return _merged(found)
    return [None]


def _merged(rules: list[Json]) -> list[Json | None]:
    """Rules for one host are one: the oldest that has a policy says what is sent, and the subsets of all are there.
    Those that are exported otherwise are not merged, and then no page says which of them counts."""
    if len({frozenset(_exports(one)) for one in rules}) > 1:
        return list(rules)
    if not rules:
        return [None]
    alike = [one["spec"] for one in rules if _chosen(one) == _chosen(rules[0])]
    subsets: dict[str, Json] = {}
    for spec in alike:
        for subset in spec.get("subsets") or ():
            subsets.setdefault(subset["name"], subset)
    policy = next((spec["trafficPolicy"] for spec in alike if spec.get("trafficPolicy")), None)
    return [{**rules[0], "spec": {**rules[0]["spec"], "trafficPolicy": policy, "subsets": list(subsets.values())}}]


def _chosen(rule: Json) -> dict[str, str]:
    return dict((rule["spec"].get("workloadSelector") or {}).get("matchLabels") or {})


def _exports(rule: Json) -> set[str]:
    """A rule for some pods is for its own namespace."""
    return {"."} if _chosen(rule) else set(rule["spec"].get("exportTo") or ())


def _for_host(rules: list[Json], host: str) -> list[Json]:
    """Those of the most specific host, the oldest first."""
    found: dict[str, list[Json]] = {}
    for one in rules:
        said = str(one["spec"]["host"])
        if "." not in said and "*" not in said:
            said = f"{said}.{space(one)}.svc.cluster.local"
        if said == host or (said.startswith("*") and host.endswith(said[1:])):
            found.setdefault(said, []).append(one)
    return found[max(found, key=lambda one: (not one.startswith("*"), len(one)))] if found else []


def accepted(world: World, server: Json, port: int, sent: str, chain: str) -> bool:
    """Whether a sidecar takes what arrives at a port that is its own."""
    mode = peer_mode(world, server, port)
    if sent == "hbone":
        return True
    if mode == "STRICT":
        return sent == "mtls"
    # Without TLS at the port the bytes of a handshake go to the application.
    return sent == "plain" or (sent == "mtls" and mode == "PERMISSIVE")
