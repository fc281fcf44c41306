"""What a rule may ask: the cluster, the engine, and indexes that rules share. Everything is worked out when first
asked for and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ringfence.layers.network.facts import ALWAYS
from ringfence.layers.network.policies import CompiledPolicy
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import Profile
from ringfence.model.cluster import Cluster, Pod, Service, WorkloadRef
from ringfence.model.policy import Direction, NetworkPolicyRules, Tier
from ringfence.model.problems import Problem
from ringfence.model.provenance import FieldPath, Manifest, Place
from ringfence.rules.finding import Subject, Witness
from ringfence.values import Value
from ringfence.verdict.answers import Answer, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.default_deny import labels_text as labels_text
from ringfence.verdict.ends import Directory, Target
from ringfence.verdict.flow import asked
from ringfence.verdict.meshed.asking import MeshedAsker
from ringfence.verdict.ways_in.finder import WaysInFinder
from ringfence.verdict.ways_in.values import WaysIn

if TYPE_CHECKING:
    from ringfence.model.mesh import Mesh
    from ringfence.rules.enforcement import Enforcement
    from ringfence.rules.rights import Rights
    from ringfence.verdict.meshed.asking import MeshedAsker

NOWHERE = Place("")
_POD_SPECS: tuple[FieldPath, ...] = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
"""Where objects have the spec of their pods."""

DNS_SERVICES = frozenset(("kube-dns", "coredns", "rke2-coredns-rke2-coredns", "dns-default"))
"""Names of Services of the cluster's DNS: kubeadm and most others, some charts, RKE2, OpenShift."""
DNS_NAMESPACES = frozenset(("kube-system", "openshift-dns"))
DNS_APPS = frozenset(("kube-dns", "coredns"))
"""Values of the label k8s-app of the DNS pods, where the input has no Service for them."""


class Workload(Value):
    """A controller, or a pod without one, with its pods (indexes in ``cluster.pods``)."""

    ref: WorkloadRef
    pods: tuple[int, ...]
    place: Place

    @property
    def subject(self) -> Subject:
        """Its identity."""
        return Subject(self.ref.kind, self.ref.namespace, self.ref.name)

    @property
    def name(self) -> str:
        """As ``can`` takes it: ``shop/web``."""
        return f"{self.ref.namespace}/{self.ref.name}"


class Situation:
    """One cluster under one profile. ``chosen_by`` tells in words who chose the profile; ``mesh``: its service mesh, if
    the input shows one. ``objects`` gives every object of the input with its positions (the pods of big dumps are not
    among them)."""

    def __init__(
        self,
        cluster: Cluster,
        profile: Profile,
        relation: Relation,
        asker: Asker,
        directory: Directory,
        objects: Callable[[], Sequence[Manifest]],
        chosen_by: str = "",
        mesh: Mesh | None = None,
    ) -> None:
        self.cluster = cluster
        self.profile = profile
        self.relation = relation
        self.asker = asker
        self.directory = directory
        self.chosen_by = chosen_by
        self.mesh = mesh
        self._objects = objects
        self._targets: dict[str, Target] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the input."""
        return self.cluster.problems

    # What there is.

    @cached_property
    def manifests(self) -> Sequence[Manifest]:
        """Every object of the input, policies and others, as written."""
        return self._objects()

    @cached_property
    def _manifests(self) -> Mapping[tuple[str, str, str], Manifest]:
        found = {}
        for manifest in self.manifests:
            found[manifest.kind, manifest.namespace or "", manifest.name] = manifest
            if not manifest.namespace:
                found.setdefault((manifest.kind, "default", manifest.name), manifest)
        return found

    def manifest(self, subject: Subject) -> Manifest | None:
        """The object of the input, as written."""
        return self._manifests.get((subject.kind, subject.namespace, subject.name))

    def place_of(self, subject: Subject, path: FieldPath = (), otherwise: Place | None = None) -> Place:
        """Where a field of an object stands (its nearest parent if there is none)."""
        manifest = self.manifest(subject)
        return manifest.positions.place(path) if manifest is not None else otherwise or NOWHERE

    @cached_property
    def pods_by_namespace(self) -> Mapping[str, tuple[int, ...]]:
        """Namespace → its pods, as indexes in ``cluster.pods``."""
        found: dict[str, list[int]] = {}
        for index, pod in enumerate(self.cluster.pods):
            found.setdefault(pod.namespace, []).append(index)
        return {namespace: tuple(indexes) for namespace, indexes in found.items()}

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """Every workload, in the order of namespaces and names."""
        found: dict[WorkloadRef, list[int]] = {}
        for index, pod in enumerate(self.cluster.pods):
            found.setdefault(pod.workload, []).append(index)
        made = []
        for ref in sorted(found, key=lambda ref: (ref.namespace, ref.name, ref.kind)):
            subject = Subject(ref.kind, ref.namespace, ref.name)
            first = self.cluster.pods[found[ref][0]]
            made.append(Workload(ref, tuple(found[ref]), self.place_of(subject, otherwise=first.place)))
        return tuple(made)

    @cached_property
    def workloads_by_namespace(self) -> Mapping[str, tuple[Workload, ...]]:
        """Namespace → its workloads."""
        found: dict[str, list[Workload]] = {}
        for workload in self.workloads:
            found.setdefault(workload.ref.namespace, []).append(workload)
        return {namespace: tuple(members) for namespace, members in found.items()}

    def has_workloads(self, namespace: str) -> bool:
        """Whether the input has any pod or controller in the namespace: else nothing can be said of its selectors."""
        return namespace in self.pods_by_namespace

    @cached_property
    def policies(self) -> tuple[CompiledPolicy, ...]:
        """Every policy in force, with its subjects and rules as the engine sees them."""
        return tuple(self.relation.active())

    @cached_property
    def policies_by_namespace(self) -> Mapping[str | None, tuple[CompiledPolicy, ...]]:
        """Namespace → its policies; None: those of the whole cluster."""
        found: dict[str | None, list[CompiledPolicy]] = {}
        for compiled in self.policies:
            found.setdefault(compiled.policy.namespace, []).append(compiled)
        return {namespace: tuple(members) for namespace, members in found.items()}

    def services_of(self, pod: Pod) -> tuple[Service, ...]:
        """The Services that select a pod."""
        return tuple(
            service
            for service in self._selecting_services.get(pod.namespace, ())
            if all(pod.labels.get(key) == value for key, value in (service.selector or {}).items())
        )

    @cached_property
    def _selecting_services(self) -> Mapping[str, tuple[Service, ...]]:
        found: dict[str, list[Service]] = {}
        for service in self.cluster.services:
            if service.selector:
                found.setdefault(service.namespace, []).append(service)
        return {namespace: tuple(members) for namespace, members in found.items()}

    @cached_property
    def dns_services(self) -> tuple[Service, ...]:
        """The Services of the cluster's own DNS."""
        return tuple(
            service
            for service in self.cluster.services
            if service.namespace in DNS_NAMESPACES
            and service.name in DNS_SERVICES
            and any(port.port == 53 for port in service.ports)
        )

    @cached_property
    def dns_pods(self) -> tuple[int, ...]:
        """The pods behind them, as indexes; without such a Service those in kube-system that are labelled as DNS."""
        selectors = [(one.namespace, one.selector) for one in self.dns_services if one.selector]
        if not selectors:
            selectors = [("kube-system", {"k8s-app": app}) for app in sorted(DNS_APPS)]
        return tuple(
            index
            for index, pod in enumerate(self.cluster.pods)
            if any(
                pod.namespace == namespace and all(pod.labels.get(key) == value for key, value in labels.items())
                for namespace, labels in selectors
            )
        )

    @cached_property
    def ways_in(self) -> WaysIn:
        """Every way from outside into the cluster, and every route that cannot work."""
        return WaysInFinder(self.asker, meshed=None if self.mesh is None else self._meshed).found()

    @cached_property
    def enforcement(self) -> Enforcement | None:
        """What rules of Istio ask of its mesh; None: the input shows no Istio."""
        if self.mesh is None:
            return None
        from ringfence.dialects.istio.mesh import IstioMesh
        from ringfence.rules.enforcement import Enforcement

        return Enforcement(self, self.mesh) if isinstance(self.mesh, IstioMesh) else None

    def pod_spec(self, index: int) -> tuple[Manifest, FieldPath, Mapping[str, Any]] | None:
        """The spec of a pod as it is written: in which object, where, and what; None: the input does not have it."""
        pod = self.cluster.pods[index]
        ref = pod.workload
        subjects = [Subject(ref.kind, ref.namespace, ref.name)]
        if not pod.template:
            subjects.insert(0, Subject("Pod", pod.namespace, pod.name))
        for subject in subjects:
            manifest = self.manifest(subject)
            for path in _POD_SPECS if manifest is not None else ():
                found: Any = manifest.data if manifest is not None else None
                for key in path:
                    found = found.get(key) if isinstance(found, Mapping) else None
                if manifest is not None and isinstance(found, Mapping) and "containers" in found:
                    return manifest, path, found
        return None

    def declared_ports(self, index: int) -> frozenset[tuple[str, int]]:
        """Protocol and number of the ports that the containers of a pod declare, with a name or without."""
        from ringfence.rules.mesh_objects import members

        pod = self.cluster.pods[index]
        found = {(one.protocol, one.number) for one in pod.ports}
        written = self.pod_spec(index)
        spec = written[2] if written is not None else {}
        containers = [one for _, one in members(spec.get("containers"))]
        containers += [one for _, one in members(spec.get("initContainers")) if one.get("restartPolicy") == "Always"]
        for container in containers:
            for _, one in members(container.get("ports")):
                number = one.get("containerPort")
                if type(number) is int and 1 <= number <= 65535:
                    found.add((str(one.get("protocol") or "TCP"), number))
        return frozenset(found)

    def pods_behind(self, service: Service) -> Sequence[int]:
        """The pods that a Service selects, as indexes."""
        wanted = list((service.selector or {}).items())
        if not wanted:
            return ()
        first, *rest = sorted(wanted, key=lambda one: len(self._labelled.get((service.namespace, *one), ())))
        return [
            index
            for index in self._labelled.get((service.namespace, *first), ())
            if all(self.cluster.pods[index].labels.get(key) == value for key, value in rest)
        ]

    @cached_property
    def _labelled(self) -> Mapping[tuple[str, str, str], list[int]]:
        keys = {key for service in self.cluster.services for key in service.selector or ()}
        found: dict[tuple[str, str, str], list[int]] = {}
        for index, pod in enumerate(self.cluster.pods):
            for key, value in pod.labels.items():
                if key in keys:
                    found.setdefault((pod.namespace, key, value), []).append(index)
        return found

    @cached_property
    def rights(self) -> Rights:
        """What ServiceAccounts may do at the API server."""
        from ringfence.rules.rights import Rights

        return Rights(self)

    # What selects what.

    def selecting(self, pod: int, direction: Direction, tier: Tier = Tier.NETWORK_POLICY) -> Mapping[int, bool]:
        """The policies of a tier that govern a direction of a pod, by index in ``relation.policies``, in order of
        evaluation; False: only under facts that the input leaves open."""
        selected = self.relation.selected(self.relation.universe.class_of_pod[pod], direction, tier)
        found: dict[int, bool] = {}
        for index, condition in selected:
            found[index] = found.get(index, False) or condition == ALWAYS
        return found

    def isolated(self, pod: int, direction: Direction) -> bool | None:
        """Whether NetworkPolicies isolate a pod in a direction; None: that hangs on what the input leaves open.

        Isolation says nothing of what the policies then allow.
        """
        verdict: bool | None = False
        for index, surely in self.selecting(pod, direction).items():
            if surely and direction not in self.relation.policies[index].policy.broken:
                return True
            verdict = None
        return verdict

    def subjects(self, compiled: CompiledPolicy) -> Mapping[int, bool]:
        """The pods that a policy selects (indexes in ``cluster.pods``); False: perhaps."""
        found: dict[int, bool] = {}
        members = self.relation.universe.members
        for direction in Direction:
            if not compiled.governs(direction):
                continue
            for condition, mask in compiled.subjects(direction).items():
                column = 0
                while mask:
                    low = (mask & -mask).bit_length() - 1
                    column, mask = low, mask & (mask - 1)
                    for pod in members[column]:
                        found[pod] = found.get(pod, False) or condition == ALWAYS
        return found

    # What the engine says.

    def target(self, text: str) -> Target:
        """An end by its name, as ``can`` takes it. Raises EndError."""
        found = self._targets.get(text)
        if found is None:
            found = self._targets[text] = self.directory.find(text)
        return found

    def can(self, source: str, destination: str, port: int | str | None = None, protocol: str | None = None) -> Verdict:
        """The verdict of a flow: what ``World.can`` says. Raises EndError."""
        return self.asker.can(self.target(source), self.target(destination), asked(port, protocol)).verdict

    def outwards(self, source: str, port: int) -> Verdict:
        """The network's verdict of TCP to all addresses outside together. Raises EndError."""
        return self.asker.can(self.target(source), self.directory.everywhere(), asked(port, "TCP")).verdict

    def says(self, witness: Witness) -> Verdict:
        """The verdict of all layers: what ``World.can`` says of the flow of a witness. Raises EndError."""
        return self.answer(witness).verdict

    def refuses(self, witness: Witness) -> bool:
        """Whether all layers together deny the flow of a witness, whatever its client does. Raises EndError."""
        answer = self.answer(witness)
        return answer.verdict is Verdict.DENIED and (answer.layered is None or answer.layered.holds)

    def answer(self, witness: Witness) -> Answer:
        """The answer of all layers to the flow of a witness. Raises EndError."""
        source, destination = self.target(witness.source), self.target(witness.destination)
        return self._meshed.can(source, destination, asked(witness.port, witness.protocol), witness.request)

    @cached_property
    def _meshed(self) -> MeshedAsker:
        from ringfence.verdict.meshed.asking import MeshedAsker

        return MeshedAsker(self.asker, self.mesh)

    def confirms(self, witness: Witness) -> bool:
        """Whether the engine gives the verdict that a witness expects. Raises EndError."""
        return self.can(witness.source, witness.destination, witness.port, witness.protocol) is witness.expected


def policy_subject(policy: NetworkPolicyRules) -> Subject:
    """The identity of a policy."""
    return Subject(policy.kind, policy.namespace or "", policy.name)
