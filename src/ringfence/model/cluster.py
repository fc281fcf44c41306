"""The objects of one cluster, as the input gives them, with what is open left open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ringfence.model.encryption import WireEncryption
from ringfence.model.entries import NO_ENTRIES, Entries
from ringfence.model.marks import NO_MARKS, Marks
from ringfence.model.plugins import NOTHING_DETECTED, DetectedPlugins
from ringfence.model.policy import NetworkPolicyRules
from ringfence.model.problems import Problem
from ringfence.model.provenance import Manifest, Place
from ringfence.sets.ports import Intervals
from ringfence.values import Value, field

MACHINE = "WorkloadEntry"
"""The kind of the workload of a machine."""
SENSITIVITY = "ringfence.dev/sensitivity"
"""The label or annotation of what must not be reached; any value but ``none``."""
NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that the API server sets on every Namespace (KEP-2161)."""
PER_POD_LABELS = frozenset(
    (
        "pod-template-hash",
        "controller-revision-hash",
        "pod-template-generation",
        "controller-uid",
        "job-name",
        "batch.kubernetes.io/controller-uid",
        "batch.kubernetes.io/job-name",
        "batch.kubernetes.io/job-completion-index",
        "statefulset.kubernetes.io/pod-name",
        "apps.kubernetes.io/pod-index",
    )
)
"""Labels that tell replicas or revisions apart: kept in a class only where a policy mentions them."""


class Namespace(Value):
    """``open_labels``: no Namespace object was read, so only the name label is known; every other is an open fact."""

    name: str
    labels: Mapping[str, str]
    open_labels: bool = False
    place: Place | None = None


class WorkloadRef(Value):
    """The topmost controller of a pod, or the pod itself (kind ``Pod``)."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}[{self.kind}]"


class NamedPort(Value):
    """A declared container port that has a name."""

    name: str
    protocol: str
    number: int


class HostPort(Value):
    """A port of the pod's node that leads to a port of the pod. ``address``: of the node's addresses only this one;
    0: any."""

    protocol: str
    host: int
    container: int
    address: int = 0


class Pod(Value):
    """A pod, or the pods of a template that cannot be told apart (``template``; then the name is the workload's).

    ``open_labels`` are keys that are surely present with a value that the input does not give (pod-template-hash).
    ``addresses`` are family-tagged integers (see sets.addresses), at most one a family; empty means open, not absent.
    ``node`` is None when not known. A hostNetwork pod's addresses are its node's.
    ``replicas`` counts the pods that it stands for: 1 for a real one; for a template what the workload asks for (at
    least 1), so that two different replicas are two ends. ``service_account`` is the name of its ServiceAccount; empty:
    not known (a pod that nobody described). ``marks``: what it shows of meshes. ``sensitivity``: what its annotation
    says, empty without one.
    """

    namespace: str
    name: str
    labels: Mapping[str, str]
    workload: WorkloadRef
    open_labels: tuple[str, ...] = ()
    ports: tuple[NamedPort, ...] = ()
    addresses: tuple[int, ...] = ()
    node: str | None = None
    host_network: bool = False
    template: bool = False
    replicas: int = 1
    place: Place | None = None
    host_ports: tuple[HostPort, ...] = ()
    service_account: str = ""
    marks: Marks = NO_MARKS
    sensitivity: str = ""


class FinishedPod(Value):
    """A pod in phase Succeeded or Failed: no peer, but a name that people may ask for."""

    namespace: str
    name: str
    phase: str
    workload: WorkloadRef
    place: Place | None = None


class Node(Value):
    """``open_labels``: only named by pods, no Node object was read. ``pod_ranges`` are its podCIDRs."""

    name: str
    labels: Mapping[str, str]
    addresses: tuple[int, ...] = ()
    pod_ranges: Intervals = ()
    open_labels: bool = False
    place: Place | None = None


class ServicePort(Value):
    """``target`` is a number or a container port's name; the API server's default (the port itself) is filled in.
    ``application``: its appProtocol."""

    name: str
    protocol: str
    port: int
    target: int | str
    node_port: int | None = None
    application: str = ""


class Backend(Value):
    """One endpoint of a selectorless Service: an address with, for each port name of the Service, a number."""

    address: int
    ports: Mapping[str, tuple[str, int]]
    """Service port name → (protocol, number)."""


class External(Value):
    """How a Service is reached from outside the cluster. ``addresses``: externalIPs and those of its load balancer,
    family-tagged. ``local``: externalTrafficPolicy Local, which keeps the client's address and picks backends on the
    node that the packet came to. ``sources``: clients that its load balancer takes (loadBalancerSourceRanges); None:
    any. ``balanced``: type LoadBalancer."""

    addresses: tuple[int, ...] = ()
    local: bool = False
    sources: Intervals | None = None
    balanced: bool = False


class Service(Value):
    """A destination. ``selector`` None: backends come from EndpointSlices or Endpoints (``backends``)."""

    namespace: str
    name: str
    kind: str
    """ClusterIP, NodePort, LoadBalancer or ExternalName."""
    ports: tuple[ServicePort, ...] = ()
    selector: Mapping[str, str] | None = None
    backends: tuple[Backend, ...] = ()
    addresses: tuple[int, ...] = ()
    """clusterIPs, externalIPs and load balancer addresses that the input gives, family-tagged."""
    headless: bool = False
    external_name: str = ""
    place: Place | None = None
    families: tuple[int, ...] = ()
    """Address families (4, 6) that it serves; empty: not known."""
    external: External | None = None
    """None: it is only reached from inside."""
    created: str = ""
    """Its creationTimestamp; empty: not known."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Labels and annotations under a mesh's keys."""


class Opaque(Value):
    """An object of a policy kind that can change reach and is not modelled. ``namespace`` None: cluster-scoped."""

    api_version: str
    kind: str
    namespace: str | None
    name: str
    place: Place


class Ranges(Value):
    """Address ranges of the cluster that the input or the user gives; empty means not known."""

    pods: Intervals = ()
    services: Intervals = ()
    nodes: Intervals = ()


class Cluster(Value):
    """Everything that was read, ready for the engine.

    ``namespaces`` has an entry for every namespace that anything names. ``pods`` are in a stable order (namespace,
    name). ``mesh`` names objects of service meshes (they do not change the network verdict). ``unmodelled`` counts
    objects by "apiVersion kind" that nothing here reads and that cannot change reach.
    """

    namespaces: Mapping[str, Namespace] = field(default_factory=dict)
    pods: Sequence[Pod] = ()
    finished: tuple[FinishedPod, ...] = ()
    nodes: Mapping[str, Node] = field(default_factory=dict)
    services: tuple[Service, ...] = ()
    policies: Sequence[NetworkPolicyRules] = ()
    entries: Entries = NO_ENTRIES
    opaque: tuple[Opaque, ...] = ()
    mesh: tuple[Opaque, ...] = ()
    unmodelled: Mapping[str, int] = field(default_factory=dict)
    ranges: Ranges = Ranges()
    families: frozenset[int] = frozenset()
    """Address families (4, 6) that the input shows the cluster to use; empty: not known."""
    assume_no_labels: bool = False
    """The user says that namespaces have no labels but those that the input gives."""
    problems: tuple[Problem, ...] = ()
    manifests: tuple[Manifest, ...] = ()
    """The policy objects as they were read: snippets and edits are made from them."""
    objects: int = 0
    """How many Kubernetes objects were read."""
    machines: tuple[Pod, ...] = ()
    """Workloads outside of the cluster that a mesh knows: in a namespace, with an address. No policy selects them by
    their labels but the mesh's."""
    istio: object | None = None
    """What the dialect of Istio read, which it alone understands (``IstioObjects``); None: nothing shows an Istio."""
    accounts: frozenset[tuple[str, str]] = frozenset()
    """ServiceAccounts of the input, as namespace and name; empty: it does not tell."""
    plugin: DetectedPlugins = NOTHING_DETECTED
    """What the input shows of the network plugin."""
    encryption: tuple[WireEncryption, ...] = ()
    """What network plugins are told to encrypt between nodes."""

    @property
    def partial(self) -> bool:
        """Whether some of the input was not read."""
        return any(problem.partial for problem in self.problems)
