"""What ServiceAccounts may do at the API server, by the RBAC objects of the input.

Sources: Kubernetes, "Using RBAC Authorization" (default roles, aggregation, groups of service accounts) and "Role Based
Access Control Good Practices" (rights that lead to more rights).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ringfence.model.provenance import Manifest, Place
from ringfence.rules.mesh_objects import mapping, members, words
from ringfence.values import Value

if TYPE_CHECKING:
    from ringfence.rules.situation import Situation

GROUP = "rbac.authorization.k8s.io"
BUILT_IN: Mapping[str, tuple[tuple[str, str], ...]] = {
    "cluster-admin": (("*", "*"),),
    "admin": (("*", "secrets"), ("create", "pods"), ("create", "rolebindings")),
    "edit": (("*", "secrets"), ("create", "pods")),
    "view": (("get", "pods"),),
}
"""Roles that every cluster has, by what matters of them here: verb and resource."""
FOR_EVERYBODY = (
    *("system:discovery", "system:basic-user", "system:public-info-viewer"),
    "system:service-account-issuer-discovery",
)
"""Roles that every account has, and that say nothing of the cluster's objects."""
WRITE = frozenset(("create", "update", "patch", "delete", "deletecollection", "*"))
READ = frozenset(("get", "list", "watch", "*"))
MESH_POLICIES = ("authorizationpolicies", "peerauthentications", "requestauthentications", "envoyfilters")
CONTROLLERS = (
    *("pods", "deployments", "daemonsets", "statefulsets", "replicasets", "jobs", "cronjobs"),
    "replicationcontrollers",
)


class Right(Value):
    """Verbs on resources, as a rule of a role says. ``namespace`` None: everywhere. ``binding``: who gives it, and
    ``place`` where."""

    verbs: frozenset[str]
    resources: frozenset[str]
    namespace: str | None
    binding: str
    place: Place
    all_names: bool = True

    def may(self, verbs: frozenset[str], *resources: str) -> bool:
        """Whether it has one of some verbs on one of some resources, whatever the object's name."""
        wanted = not self.resources.isdisjoint((*resources, "*"))
        return wanted and bool(self.verbs & (verbs | {"*"})) and self.all_names


class Rights:
    """The rights of all accounts of one input."""

    def __init__(self, situation: Situation) -> None:
        self._situation = situation

    @cached_property
    def _objects(self) -> Mapping[str, list[Manifest]]:
        found: dict[str, list[Manifest]] = {}
        for one in self._situation.manifests:
            if one.api_version.partition("/")[0] == GROUP and len(one.data) > 3:
                found.setdefault(one.kind, []).append(one)
        return found

    @property
    def known(self) -> bool:
        """Whether the input says anything of who may do what."""
        return bool(self._objects.get("ClusterRoleBinding") or self._objects.get("RoleBinding"))

    @cached_property
    def _roles(self) -> Mapping[tuple[str | None, str], list[Mapping[str, Any]]]:
        """Namespace (None: a ClusterRole) and name → the rules of a role."""
        found: dict[tuple[str | None, str], list[Mapping[str, Any]]] = {}
        clusters = self._objects.get("ClusterRole", [])
        for one in clusters:
            rules = [rule for _, rule in members(one.data.get("rules"))]
            for _, selector in members(mapping(one.data.get("aggregationRule")).get("clusterRoleSelectors")):
                labels = mapping(selector.get("matchLabels"))
                for other in clusters:
                    shown = mapping(mapping(other.data.get("metadata")).get("labels"))
                    if labels and all(shown.get(key) == value for key, value in labels.items()):
                        rules += [rule for _, rule in members(other.data.get("rules"))]
            found[None, one.name] = rules
        for one in self._objects.get("Role", []):
            found[one.namespace or "default", one.name] = [rule for _, rule in members(one.data.get("rules"))]
        return found

    @cached_property
    def _given(self) -> Mapping[str, list[tuple[str | None, Manifest]]]:
        """A subject in words → the bindings that name it, with their namespaces."""
        found: dict[str, list[tuple[str | None, Manifest]]] = {}
        for kind in ("ClusterRoleBinding", "RoleBinding"):
            for one in self._objects.get(kind, []):
                space = None if kind == "ClusterRoleBinding" else one.namespace or "default"
                for _, subject in members(one.data.get("subjects")):
                    name = str(subject.get("name", ""))
                    if subject.get("kind") == "ServiceAccount":
                        name = f"system:serviceaccount:{subject.get('namespace') or space}:{name}"
                    found.setdefault(name, []).append((space, one))
        return found

    def of(self, namespace: str, account: str) -> tuple[list[Right], list[str]]:
        """The rights of an account, beyond those of everybody, and the roles that it has and the input does not."""
        rights: list[Right] = []
        missing: dict[str, None] = {}
        names = (
            f"system:serviceaccount:{namespace}:{account}",
            f"system:serviceaccounts:{namespace}",
            *("system:serviceaccounts", "system:authenticated"),
        )
        for name in names:
            for space, binding in self._given.get(name, ()):
                role = mapping(binding.data.get("roleRef"))
                which = str(role.get("name", ""))
                if which in FOR_EVERYBODY:
                    continue
                home = space if role.get("kind") == "Role" else None
                said = f"{binding.kind} {f'{space}/' if space else ''}{binding.name}"
                place = binding.positions.place()
                rules = self._roles.get((home, which))
                if rules is not None:
                    rights += (_right(rule, space, said, place) for rule in rules)
                elif home is None and which in BUILT_IN:
                    rights += (
                        Right(frozenset((verb,)), frozenset((resource,)), space, said, place)
                        for verb, resource in BUILT_IN[which]
                    )
                else:
                    missing[f"{role.get('kind')} {which}"] = None
        return [right for right in rights if right.resources], list(missing)


def _right(rule: Mapping[str, Any], namespace: str | None, binding: str, place: Place) -> Right:
    resources = frozenset(words(rule.get("resources")))
    return Right(
        frozenset(words(rule.get("verbs"))), resources, namespace, binding, place, not words(rule.get("resourceNames"))
    )


def powers(right: Right) -> Iterator[str]:
    """What a right is worth to somebody who wants more, in words."""
    where = "in every namespace" if right.namespace is None else f"in {right.namespace}"
    if "*" in right.verbs and "*" in right.resources:
        yield f"do everything {where}"
        return
    if right.may(READ, "secrets"):
        yield f"read secrets {where}"
    if right.may(frozenset(("create",)), "serviceaccounts/token"):
        yield f"make tokens of other accounts {where}"
    if right.may(frozenset(("create", "update", "patch")), *CONTROLLERS):
        yield f"run pods as any account {where}"
    if right.may(frozenset(("create", "get")), "pods/exec", "pods/attach", "pods/ephemeralcontainers"):
        yield f"run commands in pods {where}"
    if right.may(frozenset(("impersonate",)), "users", "groups", "serviceaccounts"):
        yield "act as others"
    if right.may(WRITE, "rolebindings", "clusterrolebindings") or right.verbs & {"escalate", "bind"}:
        yield f"give rights {where}"
    if right.may(WRITE, *MESH_POLICIES):
        yield f"change policies of the mesh {where}"
    if right.may(WRITE, "networkpolicies", "ciliumnetworkpolicies", "adminnetworkpolicies", "clusternetworkpolicies"):
        yield f"change NetworkPolicies {where}"
    if right.namespace is None and right.may(frozenset(("update", "patch")), "namespaces"):
        yield "change the labels of namespaces"
    if right.may(WRITE, "mutatingwebhookconfigurations", "validatingwebhookconfigurations"):
        yield "change admission webhooks"
