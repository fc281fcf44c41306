"""Changes of AuthorizationPolicies and PeerAuthentications that might refuse some connections to a workload.

What they are made of: STRICT refuses what proves nothing; a DENY refuses an identity, and, with ``notPrincipals: "*"``,
also what proves nothing (who controls its pod shows its certificate only where that helps); an ALLOW that names the
identity can stop naming it. A connection over a waypoint shows the workload the waypoint's identity, so the waypoint
has to refuse too. None of it is taken for effective here: ``verdict.meshed.editing`` tries it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ringfence.dialects.istio.attachment import GATEWAYS, attaches
from ringfence.dialects.istio.authorization_objects import AuthorizationPolicy
from ringfence.dialects.istio.authorization_objects import read_policy as read_authorization
from ringfence.dialects.istio.objects import IstioObjects, PeerAuthentication
from ringfence.dialects.istio.peer_authentication import selects
from ringfence.dialects.istio.peer_authentication_objects import read_peer_authentication
from ringfence.dialects.istio.trust_domains import with_aliases
from ringfence.model.cluster import PER_POD_LABELS, Pod, Service
from ringfence.model.mesh import Identity, Point, PointSort, Proxy, Source, Waypoint
from ringfence.model.mesh_edits import REQUESTS, TRANSPORT, Breach, Remedy, Written, both
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.model.text import printable
from ringfence.values import replace

if TYPE_CHECKING:
    from ringfence.dialects.istio.mesh import IstioMesh

AUTHORIZATION, PEER = "AuthorizationPolicy", "PeerAuthentication"
API_VERSION = "security.istio.io/v1"
MOST_PORTS = 25
"""Ports that a new object names; of more it speaks of the whole workload."""
LONGEST = 253
NOWHERE = Place("")

JsonObject = dict[str, Any]


class _Unplaced:
    def place(self, path: FieldPath = ()) -> Place:
        return NOWHERE


def with_policies(objects: IstioObjects, manifests: Sequence[Mapping[str, Any]]) -> IstioObjects | None:
    """The objects with these added, or in the place of those of their names; None where the API server would reject
    one."""
    peers = {(one.named.namespace, one.named.name): one for one in objects.peer_authentications}
    rules = {_key(one): one for one in objects.authorizations if isinstance(one, AuthorizationPolicy)}
    for data in manifests:
        metadata = data["metadata"]
        manifest = Manifest(
            data["apiVersion"], data["kind"], metadata.get("namespace"), metadata["name"], data, _Unplaced()
        )
        if manifest.kind == PEER:
            peer, _ = read_peer_authentication(manifest)
            if peer.broken:
                return None
            peers[peer.named.namespace, peer.named.name] = peer
        else:
            policy, _ = read_authorization(manifest)
            if policy.broken:
                return None
            rules[_key(policy)] = policy
    return replace(
        objects,
        peer_authentications=tuple(peers[key] for key in sorted(peers)),
        authorizations=tuple(rules.values()),
    )


def _key(policy: AuthorizationPolicy) -> tuple[str, str]:
    return policy.attachment.namespace, policy.name


class Remedies:
    """What one mesh proposes against one breach."""

    def __init__(self, mesh: IstioMesh, breach: Breach, written: Written) -> None:
        self.mesh = mesh
        self.breach = breach
        self.written = written
        self.pod = breach.server
        self.config = mesh.authorization
        self.labels = labels_of(self.pod)
        self.ports = tuple(port for first, last in breach.ports for port in range(first, min(last, first + 99) + 1))
        if len(self.ports) > MOST_PORTS:
            self.ports = ()
        self.spaces = None if self.pod.namespace == self.config.root_namespace else frozenset((self.pod.namespace,))

    def found(self) -> Iterator[Remedy]:
        """Proposals, those of one object first."""
        if not any(option.value.proxy is not Proxy.NONE for option in self.mesh.membership(self.pod)):
            return
        here = [*self._strict()]
        over = [*self._over_waypoints()]
        if self.breach.identities or self.breach.namespace:
            here += [*self._deny()]
            here += [*self._allow_no_more()]
        for one in here:
            yield one
            yield from (both(one, other) for other in over)

    # Over what.

    def _strict(self) -> Iterator[Remedy]:
        """STRICT for the workload, or for these ports of it."""
        name = self.pod.workload.name
        own = [
            one
            for one in self.mesh.objects.peer_authentications
            if one.named.namespace == self.pod.namespace and one.selector and selects(one.selector, self.pod)
        ]
        if own:
            yield from (self._made_strict(one) for one in own if not one.broken and self._data(PEER, one) is not None)
            return
        if not self.labels:
            return
        whole: JsonObject = {"selector": {"matchLabels": self.labels}, "mtls": {"mode": "STRICT"}}
        called = printable(f"{self.pod.namespace}/{name}")
        text = f"add a {PEER} that is STRICT for {called}"
        yield self._added(PEER, f"strict-{name}", whole, text, 2, TRANSPORT)
        if self.ports:
            ports = {str(port): {"mode": "STRICT"} for port in self.ports}
            few = {"selector": {"matchLabels": self.labels}, "portLevelMtls": ports}
            text = f"add a {PEER} that is STRICT for {self._ports_text} of {called}"
            yield self._added(PEER, f"strict-{name}", few, text, 1 + len(ports), TRANSPORT)

    def _made_strict(self, one: PeerAuthentication) -> Remedy:
        data = self._data(PEER, one)
        assert data is not None
        changed = _copied(data)
        spec = changed["spec"]
        spec["mtls"] = {"mode": "STRICT"}
        ports = spec.get("portLevelMtls")
        fields = 1
        if isinstance(ports, dict):
            kept = {port: mode for port, mode in ports.items() if self.ports and _number(port) not in self.ports}
            fields += len(ports) - len(kept)
            spec["portLevelMtls"] = kept
            if not kept:
                del spec["portLevelMtls"]
        text = f"make {PEER} {printable(f'{one.named.namespace}/{one.named.name}')} STRICT"
        return Remedy(text, one.named.place, (changed,), fields, (TRANSPORT,), self.spaces)

    # Who.

    def _deny(self) -> Iterator[Remedy]:
        """A DENY of the identity, and one of it and of whoever proves nothing."""
        name = self._denial_name()
        called = printable(f"{self.pod.namespace}/{self.pod.workload.name}")
        at = f"{self._ports_text} of {called}" if self.ports else called
        for unproven in (False, True):
            sources: list[JsonObject] = [{"source": self._who()}]
            if unproven:
                sources.append({"source": {"notPrincipals": ["*"]}})
            rule: JsonObject = {"from": sources}
            if self.ports:
                rule["to"] = [{"operation": {"ports": [str(port) for port in self.ports]}}]
            spec: JsonObject = {"action": "DENY", "rules": [rule]}
            if self.labels:
                spec = {"selector": {"matchLabels": self.labels}, **spec}
            who = f"{self._who_text()}{' and whoever proves nothing' if unproven else ''}"
            text = f"add an {AUTHORIZATION} that denies {who} at {at}"
            yield self._added(AUTHORIZATION, name, spec, text, 3 + unproven + bool(self.ports), REQUESTS)

    def _who(self) -> JsonObject:
        if self.breach.namespace:
            return {"namespaces": [self.breach.namespace]}
        return {"principals": [one.text.removeprefix("spiffe://") for one in self.breach.identities]}

    def _who_text(self) -> str:
        if self.breach.namespace:
            return f"namespace {printable(self.breach.namespace)}"
        return ", ".join(printable(one.text.removeprefix("spiffe://")) for one in self.breach.identities)

    def _denial_name(self) -> str:
        who = self.breach.namespace or "-".join(f"{one.namespace}-{one.account}" for one in self.breach.identities)
        return f"deny-{who}-at-{self.pod.workload.name}".replace("_", "-").lower()

    # Who is named.

    def _allow_no_more(self) -> Iterator[Remedy]:
        """The identity out of every ALLOW that names it."""
        if self.breach.namespace or len(self.breach.identities) != 1:
            return
        proxies = {option.value.proxy for option in self.mesh.membership(self.pod)}
        sort = PointSort.NODE if Proxy.NODE in proxies else PointSort.SIDECAR
        yield from self._without(Point(sort, self.pod, sort is PointSort.SIDECAR))

    def _without(self, point: Point) -> Iterator[Remedy]:
        """The identity out of every ALLOW at a point, as one change."""
        (identity,) = self.breach.identities
        found: list[Remedy] = []
        for policy in self.mesh.policies:
            if policy.action != "ALLOW" or policy.broken or policy.dry_run:
                continue
            if attaches(policy.attachment, point, self.config) is not False:
                changed = self._renamed(policy, identity)
                if changed is not None:
                    found.append(changed)
        if found:
            whole = found[0]
            for one in found[1:]:
                whole = both(whole, one)
            yield whole

    def _renamed(self, policy: AuthorizationPolicy, identity: Identity) -> Remedy | None:
        """One policy that no longer allows an identity; None where it names it in no way that is known here."""
        space = policy.attachment.namespace
        data = self.written(Source(AUTHORIZATION, space, policy.name, policy.place))
        if data is None:
            return None
        changed = _copied(data)
        rules = changed["spec"].get("rules")
        if not isinstance(rules, list):
            return None
        places = {clause.index: clause.place for clause in policy.clauses}
        told: list[str] = []
        place: Place | None = None
        fields = 0
        gone: list[int] = []
        called = printable(f"{AUTHORIZATION} {space}/{policy.name}")
        who = printable(identity.text.removeprefix("spiffe://"))
        for index, rule in enumerate(rules):
            if index not in places or not isinstance(rule, dict):
                continue
            entries = rule.get("from")
            if not isinstance(entries, list) or not entries:
                continue
            words, kept = self._narrowed(entries, identity, space)
            if not words:
                continue
            place = place or places[index]
            fields += len(words)
            verb = "remove" if "remove" in words else "except"
            if kept:
                rule["from"] = kept
                told.append(f"{verb} {who} from rule {index} of {called}")
            else:
                gone.append(index)
                told.append(f"remove rule {index} of {called}, which allows {who} only")
        if not told:
            return None
        for index in reversed(gone):
            del rules[index]
        root = space == self.config.root_namespace
        return Remedy(
            "; and ".join(told), place, (changed,), fields, (REQUESTS,), None if root else frozenset((space,))
        )

    def _narrowed(self, entries: list[Any], identity: Identity, space: str) -> tuple[list[str], list[Any]]:
        """What was done to the sources of a rule, and those that are left."""
        text = identity.text.removeprefix("spiffe://")
        accounts = {f"{identity.namespace}/{identity.account}"}
        if space == identity.namespace:
            accounts.add(identity.account)
        words: list[str] = []
        kept: list[Any] = []
        for entry in entries:
            source = entry.get("source") if isinstance(entry, dict) else None
            if not isinstance(source, dict):
                kept.append(entry)
                continue
            named = next((key for key in ("principals", "serviceAccounts") if isinstance(source.get(key), list)), "")
            if named:
                literal = [
                    one
                    for one in source[named]
                    if (one in accounts if named == "serviceAccounts" else text in self._literal(one))
                ]
                if literal:
                    words.append("remove")
                    source[named] = [one for one in source[named] if one not in literal]
                    if not source[named]:
                        continue
                if named == "principals" and any(self._matches(one, text) for one in source[named]):
                    words.append("except")
                    source["notPrincipals"] = [*(source.get("notPrincipals") or ()), text]
            elif isinstance(source.get("namespaces"), list):
                words.append("except")
                source["notPrincipals"] = [*(source.get("notPrincipals") or ()), text]
            kept.append(entry)
        return words, kept

    def _literal(self, principal: Any) -> tuple[str, ...]:
        """The identities that a principal without a wildcard names."""
        if not isinstance(principal, str) or "*" in principal:
            return ()
        return tuple(with_aliases([principal], self.config.trust_domains))

    def _matches(self, principal: Any, text: str) -> bool:
        if not isinstance(principal, str) or "*" not in principal:
            return False
        for one in with_aliases([principal], self.config.trust_domains):
            if one == "*" or (one.startswith("*") and text.endswith(one[1:])):
                return True
            if one.endswith("*") and text.startswith(one[:-1]):
                return True
        return False

    # Over a waypoint.

    def _over_waypoints(self) -> Iterator[Remedy]:
        """What refuses at the waypoints on the way: at the Services that lead there, or all that goes over them."""
        services = list(self.mesh.services.of(self.pod))
        ways: dict[tuple[str, str], Waypoint] = {}
        fronts: dict[tuple[str, str], Service] = {}
        for service in (None, *services):
            for option in self.mesh.waypoint(None, self.pod, service):
                way = option.value
                if way is not None and way.pods:
                    ways[way.namespace, way.name] = way
                    if service is not None:
                        fronts[service.namespace, service.name] = service
        if not ways or not (self.breach.identities or self.breach.namespace):
            return
        if fronts:
            refs = [{"kind": "Service", "group": "", "name": name} for _, name in sorted(fronts)]
            (space,) = {namespace for namespace, _ in fronts} or {""}
            named = printable(", ".join(f"{space}/{name}" for _, name in sorted(fronts)))
            yield self._denied_over(space, refs, f"Service {named}")
        if len({namespace for namespace, _ in ways}) == 1:
            (space,) = {namespace for namespace, _ in ways}
            refs = [{"kind": "Gateway", "group": GATEWAYS, "name": name} for _, name in sorted(ways)]
            named = printable(", ".join(f"{space}/{name}" for _, name in sorted(ways)))
            yield self._denied_over(space, refs, f"Gateway {named}")
        if len(self.breach.identities) == 1 and not self.breach.namespace:
            for way in ways.values():
                pod = self.mesh.pod(way.pods[0])
                for service in fronts.values() or (None,):
                    yield from self._without(Point(PointSort.WAYPOINT, pod, True, service, self.pod))

    def _denied_over(self, space: str, refs: list[JsonObject], called: str) -> Remedy:
        spec = {"targetRefs": refs, "action": "DENY", "rules": [{"from": [{"source": self._who()}]}]}
        text = f"add an {AUTHORIZATION} that denies {self._who_text()} at the waypoint of {called}"
        return self._added(AUTHORIZATION, f"{self._denial_name()}-over", spec, text, 3, REQUESTS, space)

    # Objects.

    @property
    def _ports_text(self) -> str:
        return f"port{'s' if len(self.ports) > 1 else ''} {', '.join(map(str, self.ports))}"

    def _data(self, kind: str, one: PeerAuthentication) -> Mapping[str, Any] | None:
        return self.written(Source(kind, one.named.namespace, one.named.name, one.named.place))

    def _added(
        self, kind: str, name: str, spec: JsonObject, text: str, fields: int, layer: str, namespace: str = ""
    ) -> Remedy:
        space = namespace or self.pod.namespace
        manifest = new_object(self.written, kind, space, name, spec)
        spaces = None if space == self.config.root_namespace else frozenset((space,))
        return Remedy(text, None, (manifest,), fields, (layer,), spaces)


def labels_of(pod: Pod) -> dict[str, str]:
    """The labels by which a selector names a pod and those like it."""
    return {key: value for key, value in pod.labels.items() if key not in PER_POD_LABELS and key not in pod.open_labels}


def new_object(written: Written, kind: str, namespace: str, name: str, spec: JsonObject) -> JsonObject:
    """An object of a name that is free."""
    name, number = name[:LONGEST].rstrip("-."), 1
    free = name
    while written(Source(kind, namespace, free, NOWHERE)) is not None:
        number += 1
        free = f"{name[: LONGEST - 4]}-{number}"
    metadata = {"name": free, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": deepcopy(spec)}


def _copied(data: Mapping[str, Any]) -> JsonObject:
    copied: JsonObject = deepcopy(dict(data))
    return copied


def _number(text: object) -> int:
    word = str(text)
    return int(word) if word.isascii() and word.isdigit() else 0


__all__ = ["Remedies", "labels_of", "new_object", "with_policies"]
