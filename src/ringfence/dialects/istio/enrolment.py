"""Who is in the mesh: as predicted from labels and annotations, and as observed on pods that run.

Sources: istio ``manifests/charts/istio-control/istio-discovery/templates/mutatingwebhook.yaml`` (which pods the
injector is asked about), ``pkg/kube/inject/inject.go`` (injectRequired), ``cni/pkg/util/podutil.go`` (ambient).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ringfence.dialects.istio import capture
from ringfence.dialects.istio.gateway_objects import GATEWAY_CLASSES, WAYPOINT_CLASS
from ringfence.dialects.istio.member_rolls import by_rolls, member_rolls
from ringfence.dialects.istio.mesh_config import MeshConfig
from ringfence.dialects.istio.objects import Injection, IstioObjects
from ringfence.dialects.istio.together import LABELLED, NO_LABEL
from ringfence.dialects.istio.workload_entry import has_proxy
from ringfence.model.cluster import MACHINE, Cluster, Namespace, Pod
from ringfence.model.marks import Marks
from ringfence.model.mesh import Membership, Option, Outgoing, Proxy
from ringfence.values import replace

NAME = "istio"
INJECTION, REVISION, INJECT = "istio-injection", "istio.io/rev", "sidecar.istio.io/inject"
DATAPLANE = "istio.io/dataplane-mode"
STATUS, REDIRECTION = "sidecar.istio.io/status", "ambient.istio.io/redirection"
TEMPLATES = "inject.istio.io/templates"
TUNNEL = "networking.istio.io/tunnel"
GATEWAY_CLASS_NAME = "gateway.networking.k8s.io/gateway-class-name"
MANAGED = "gateway.istio.io/managed"
IGNORED = frozenset({"kube-system", "kube-public", "kube-node-lease", "local-path-storage"})
PROXY = "istio-proxy"
NATIVE = "sidecar.istio.io/nativeSidecar"
"""Whether the proxy is an init container that stays, before the others, whatever istiod's flag says."""


def _aside(marks: Marks) -> str:
    """The containers whose connections the proxy leaves alone, where there are others."""
    return ", ".join(marks.users) if marks.others else ""


@dataclass(frozen=True, slots=True)
class Injected:
    """What an injector does to a pod. ``revision`` empty: the default one. ``sure`` False: nothing of the input answers
    for this revision, and something may."""

    yes: bool
    why: str
    revision: str = ""
    sure: bool = True


def asked_revision(
    namespace: Mapping[str, str], pod: Mapping[str, str], name: str, by_default: bool
) -> tuple[str | None, str]:
    """The revision whose webhook is asked about a pod (empty: the default one; None: none is), and why."""
    injection, space_revision = namespace.get(INJECTION), namespace.get(REVISION)
    inject, revision = pod.get(INJECT), pod.get(REVISION)
    if injection is not None:
        if injection != "enabled":
            return None, f"namespace {name} is labelled {INJECTION}={injection}"
        if inject == "false":
            return None, f"the pod is labelled {INJECT}=false"
        return "", f"namespace {name} is labelled {INJECTION}=enabled"
    if space_revision is not None:
        if inject == "false":
            return None, f"the pod is labelled {INJECT}=false"
        return space_revision, f"namespace {name} is labelled {REVISION}={space_revision}"
    if inject == "false":
        return None, f"the pod is labelled {INJECT}=false"
    if revision is not None:
        return revision, f"the pod is labelled {REVISION}={revision}"
    if inject == "true":
        return "", f"the pod is labelled {INJECT}=true"
    if by_default and name not in IGNORED:
        return "", "the injector takes namespaces without a label"
    return None, f"neither the pod nor namespace {name} asks for a sidecar"


def injection_required(
    pod: Pod, annotations: Mapping[str, str], injection: Injection | None, labels: Mapping[str, str]
) -> tuple[bool, str]:
    """What the injector answers when it is asked."""
    if pod.host_network:
        return False, "a hostNetwork pod gets no sidecar"
    if pod.namespace in IGNORED:
        return False, f"the injector leaves namespace {pod.namespace} alone"
    word = labels.get(INJECT, annotations.get(INJECT, ""))
    if word in ("true", "false"):
        return word == "true", f"it says {INJECT}: {word}"
    if injection is not None:
        if any(one.matches(labels) for one in injection.never):
            return False, "the injector's neverInjectSelector takes it"
        if any(one.matches(labels) for one in injection.always):
            return True, "the injector's alwaysInjectSelector takes it"
        if injection.enabled is False:
            return False, "the injector's policy is disabled"
    return True, ""


def is_gateway(pod: Pod) -> bool:
    """Whether the proxy is all that the pod is: a gateway, or a waypoint."""
    labels, annotations = pod.labels, pod.marks.annotations
    if MANAGED in labels or labels.get(GATEWAY_CLASS_NAME) in (*GATEWAY_CLASSES, WAYPOINT_CLASS):
        return True
    if "gateway" in annotations.get(TEMPLATES, "").split(","):
        return True
    refuses = "false" in (labels.get(INJECT), annotations.get(INJECT))
    by_hand = any(proxy.name == PROXY for proxy in pod.marks.proxies) and STATUS not in annotations
    return by_hand and (refuses or labels.get("istio", "").endswith("gateway"))


def is_waypoint(pod: Pod) -> bool:
    """Whether the pod is one of a waypoint."""
    return pod.labels.get(GATEWAY_CLASS_NAME) == WAYPOINT_CLASS


def exists(pod: Pod) -> bool:
    """Whether the pod is one that runs, or ran when it was read, so that what it shows is what it has."""
    return not pod.template and bool(
        pod.addresses or pod.node or STATUS in pod.marks.annotations or REDIRECTION in pod.marks.annotations
    )


def key_of(pod: Pod) -> tuple[object, ...]:
    """What decides what a pod is in the mesh: the same for its replicas. It holds as long as the pod is kept."""
    return pod.namespace, id(pod.labels), id(pod.marks), pod.host_network, pod.open_labels, exists(pod)


def _of_machine(pod: Pod) -> Membership:
    """A workload outside of the cluster: its proxy takes what comes to it, as a sidecar does."""
    if not has_proxy(pod):
        return Membership(
            NAME, Proxy.NONE, why="its WorkloadEntry has neither a service account nor a label that says so"
        )
    inbound = capture.without((capture.HBONE_PORT, *capture.OWN_PORTS))
    return Membership(NAME, Proxy.SIDECAR, inbound, Outgoing(), why="its WorkloadEntry has a service account")


class Enrolment:
    """Who is in the mesh of one cluster."""

    def __init__(
        self, cluster: Cluster, objects: IstioObjects, configs: Mapping[str, MeshConfig], native: bool | None = None
    ) -> None:
        """``native``: whether injectors make the proxy an init container that stays; None: not known."""
        self.native = native
        self._namespaces = cluster.namespaces
        self._objects = objects
        self._configs = configs
        self._webhooks = [one for one in objects.injections if one.named.kind == "MutatingWebhookConfiguration"]
        self._rolls = member_rolls(cluster.mesh)
        """Objects of OpenShift Service Mesh 2, which says in its own way who is in the mesh."""
        self._cache: dict[tuple[object, ...], tuple[Pod, tuple[Option[Membership], ...]]] = {}

    def membership(self, pod: Pod) -> tuple[Option[Membership], ...]:
        """Whether and how a pod is in the mesh: as observed where it runs, else as predicted."""
        key = key_of(pod)
        found = self._cache.get(key)
        if found is None:
            if pod.workload.kind == MACHINE:
                options: tuple[Option[Membership], ...] = (Option(_of_machine(pod)),)
            else:
                options = (self.observed(pod),) if exists(pod) else tuple(self.predicted(pod))
            # The pod is kept, so that its labels and marks keep their ids.
            found = self._cache[key] = (pod, options)
        return found[1]

    def observed(self, pod: Pod) -> Option[Membership]:
        """What a pod that runs shows."""
        annotations = pod.marks.annotations
        if any(proxy.name == PROXY for proxy in pod.marks.proxies):
            return Option(self._sidecar(pod, "it has a container istio-proxy", pod.labels.get(REVISION, ""), True))
        if not pod.host_network and annotations.get(REDIRECTION) == "enabled":
            return Option(self._node(pod, f"it is annotated {REDIRECTION}: enabled", True))
        predicted = {option.value.proxy for option in self.predicted(pod)}
        why = "it has neither a container istio-proxy nor the annotation of ztunnel"
        if predicted not in ({Proxy.NONE}, set()) and not self._rolls:
            why += "; made anew, it would be in the mesh"
        if annotations.get(REDIRECTION) == "pending":
            why = "ztunnel has not taken it yet"
        return Option(Membership(NAME, Proxy.NONE, observed=True, why=why))

    def predicted(self, pod: Pod) -> Iterator[Option[Membership]]:
        """What a pod with these labels and annotations would be, one option for each different outcome."""
        found: dict[tuple[object, ...], Option[Membership]] = {}
        cases = list(self._cases(pod))
        for labels, space, fact, decide in cases:
            for option in self._of_labels(pod, labels, space):
                facts = ", and ".join(filter(None, (fact, option.fact)))
                one = option.value
                key = (one.proxy, one.inbound, one.outbound, one.tunnel, one.ends_tunnels, one.revision)
                known_as = found.get(key)
                if known_as is None:
                    found[key] = Option(one, facts, option.decide or decide)
                elif known_as.fact and facts and facts not in known_as.fact:
                    found[key] = Option(one, f"{known_as.fact}, or {facts}", known_as.decide)
        options = list(found.values())
        if len(options) == 1:
            options = [Option(options[0].value)]
        by_hand = any(proxy.name == PROXY for proxy in pod.marks.proxies)
        yield from by_rolls(pod, self._rolls, options, self._sidecar) if self._rolls and not by_hand else options

    def _cases(self, pod: Pod) -> Iterator[tuple[Mapping[str, str], Mapping[str, str], str, str]]:
        """The labels that the pod and its namespace may have: those that are open are looked at with each of the values
        that make a difference."""
        space = self._namespaces.get(pod.namespace) or Namespace(pod.namespace, {}, True)
        spaces: list[tuple[Mapping[str, str], str]] = [(space.labels, "")]
        if space.open_labels:
            name = pod.namespace
            spaces = [
                (space.labels, NO_LABEL.format(name)),
                ({**space.labels, INJECTION: "enabled"}, LABELLED.format(name, INJECTION, "enabled")),
                ({**space.labels, DATAPLANE: "ambient"}, LABELLED.format(name, DATAPLANE, "ambient")),
            ]
        decide = f"the Namespace {pod.namespace}" if space.open_labels else ""
        pods: list[tuple[Mapping[str, str], str]] = [(pod.labels, "")]
        for key in (INJECT, REVISION, DATAPLANE):
            if key in pod.open_labels:
                values = {INJECT: ("true", "false"), REVISION: ("",), DATAPLANE: ("ambient", "none")}[key]
                pods = [
                    ({**labels, key: value}, ", and ".join(filter(None, (fact, f"the pod is labelled {key}={value}"))))
                    for labels, fact in pods
                    for value in values
                ]
        for labels, fact in pods:
            for space_labels, space_fact in spaces:
                facts = ", and ".join(filter(None, (space_fact, fact)))
                yield labels, space_labels, facts, decide or ("the labels of the pod" if fact else "")

    def _of_labels(self, pod: Pod, labels: Mapping[str, str], space: Mapping[str, str]) -> Iterator[Option[Membership]]:
        annotations = pod.marks.annotations
        if any(proxy.name == PROXY for proxy in pod.marks.proxies) and not self._asks_for_template(annotations):
            yield Option(
                self._sidecar(pod, "its template has a container istio-proxy", labels.get(REVISION, ""), False)
            )
            return
        injected = self._injected(pod, labels, space)
        if injected.yes:
            fact = "" if injected.sure else f"an injector of revision {injected.revision} is installed"
            decide = "the injector's MutatingWebhookConfigurations" if fact else ""
            yield Option(self._sidecar(pod, injected.why, injected.revision, False), fact, decide)
            if injected.sure:
                return
            why = f"no injector of revision {injected.revision} is installed"
            yield Option(self._without_sidecar(pod, labels, space, why), why, decide)
            return
        yield Option(self._without_sidecar(pod, labels, space, injected.why))

    def _asks_for_template(self, annotations: Mapping[str, str]) -> bool:
        """A container istio-proxy beside this annotation only adds to what the injector makes."""
        return TEMPLATES in annotations

    def _without_sidecar(self, pod: Pod, labels: Mapping[str, str], space: Mapping[str, str], why: str) -> Membership:
        mode, own = labels.get(DATAPLANE), space.get(DATAPLANE)
        if pod.host_network or STATUS in pod.marks.annotations:
            return Membership(NAME, Proxy.NONE, why=why)
        if self._objects.enablement:
            for pods, spaces in self._objects.enablement:
                if pods.matches(labels) and spaces.matches(space):
                    return self._node(pod, "the node agent's enablement selectors take it", False)
            return Membership(NAME, Proxy.NONE, why=why)
        if mode == "ambient":
            return self._node(pod, f"the pod is labelled {DATAPLANE}=ambient", False)
        if own == "ambient" and mode != "none":
            return self._node(pod, f"namespace {pod.namespace} is labelled {DATAPLANE}=ambient", False)
        return Membership(NAME, Proxy.NONE, why=why)

    def _injected(self, pod: Pod, labels: Mapping[str, str], space: Mapping[str, str]) -> Injected:
        by_default = any(one.by_default for one in self._objects.injections if not one.revision)
        revision, why = asked_revision(space, labels, pod.namespace, by_default)
        if revision is None:
            return Injected(False, why)
        answers = self.answers(revision)
        if answers is False:
            return Injected(False, f"{why}, and the input has no injector of that revision")
        required, reason = injection_required(pod, pod.marks.annotations, self._injector(revision), labels)
        if not required:
            return Injected(False, reason)
        return Injected(True, why, revision, answers is True)

    def answers(self, revision: str) -> bool | None:
        """Whether an injector of this revision is installed; None: the input does not tell."""
        revision = "" if revision == "default" else revision
        if self._webhooks:
            # What is made for a tag selects the tag, and not the revision that it stands for.
            tags = {tag for one in self._webhooks for tag in one.tags or (one.revision,)}
            return revision in {"" if tag == "default" else tag for tag in tags}
        if not revision:
            return True
        planes = {one.revision for one in self._objects.control_planes}
        return True if not planes or revision in planes else None

    def _injector(self, revision: str) -> Injection | None:
        for one in self._objects.injections:
            if one.named.kind == "ConfigMap" and one.revision == revision:
                return one
        return None

    def config(self, revision: str) -> MeshConfig:
        """The mesh config of a revision."""
        return self._configs.get(revision) or self._configs[""]

    def _sidecar(self, pod: Pod, why: str, revision: str, observed: bool) -> Membership:
        annotations = pod.marks.annotations
        if is_gateway(pod):
            # A gateway is the server of its ports itself: nothing is redirected, and it speaks for nobody else.
            ends = is_waypoint(pod)
            inbound = () if ends else capture.without((capture.HBONE_PORT, *capture.OWN_PORTS))
            why = "it is a waypoint" if ends else "it is a gateway"
            found = Membership(NAME, Proxy.SIDECAR, inbound, Outgoing(), False, observed, why, None, revision)
            return replace(found, ends_tunnels=ends)
        config, injector = self.config(revision), self._injector(revision)
        defaults = injector.defaults if injector is not None else {}
        if pod.host_network:
            why = f"{why}; in the network of its node nothing is redirected to it"
            return Membership(NAME, Proxy.SIDECAR, (), capture.NOTHING, False, observed, why, None, revision)
        if not capture.intercepts(annotations, config.interception):
            why = f"{why}; its interceptionMode is NONE, so that nothing is redirected"
            return Membership(NAME, Proxy.SIDECAR, (), capture.NOTHING, False, observed, why, None, revision)
        marks, outbound = pod.marks, capture.outbound_of_sidecar(annotations, defaults)
        if marks.users and not marks.others:
            outbound = capture.NOTHING
            why = f"{why}; its containers run as the proxy's own user or group, whose connections are not redirected"
        return Membership(
            NAME,
            Proxy.SIDECAR,
            capture.inbound_of_sidecar(annotations, defaults),
            outbound,
            self._tunnels(pod, config, observed),
            observed,
            why,
            None,
            revision,
            _aside(marks),
            tuple(self._notes(pod)),
        )

    def _notes(self, pod: Pod) -> Iterator[str]:
        """What init containers send: the injector puts its own behind them, or (native sidecars) the proxy before."""
        marks = pod.marks
        if not marks.early:
            return
        placed = any(proxy.name == PROXY for proxy in marks.proxies)
        word = marks.annotations.get(NATIVE, "")
        if not placed and (word == "true" or (word != "false" and self.native is True)):
            return
        verb = "run" if placed or word == "false" or self.native is False else "may run"
        names = ", ".join(marks.early)
        what = "what they send is in the clear and nobody's, or lost where istio-cni has set up the redirection"
        yield f"init containers of the client ({names}) {verb} before its proxy: {what}"

    def _tunnels(self, pod: Pod, config: MeshConfig, observed: bool) -> bool:
        """Whether a sidecar receives over HBONE: istiod tells so to others by a label of the pod."""
        if pod.labels.get(TUNNEL) == "http":
            return True
        if observed:
            return False
        said = pod.marks.annotations.get(capture.PROXY_CONFIG, "")
        for line in said.splitlines():
            key, _, value = line.partition(":")
            if key.strip("\" '") == "ISTIO_META_ENABLE_HBONE":
                return value.strip("\" '") == "true"
        return config.tunnels

    def _node(self, pod: Pod, why: str, observed: bool) -> Membership:
        bypass = pod.marks.annotations.get(capture.BYPASS) == "true"
        if bypass:
            # The node agent redirects nothing there; istiod still tells clients to tunnel, and ztunnel listens.
            why = f"{why}; it is annotated {capture.BYPASS}: true, so that only tunnels that it receives are taken"
        inbound = capture.inbound_of_node(pod.marks.annotations)
        return Membership(NAME, Proxy.NODE, inbound, Outgoing(), True, observed, why)


def ambient_shown(cluster: Cluster, objects: IstioObjects) -> bool:
    """Whether anything of the input shows that there is an ambient mesh."""
    if objects.node_agents or objects.waypoints:
        return True
    labelled = any("istio.io/dataplane-mode" in one.labels for one in cluster.namespaces.values())
    return labelled or any(
        "ambient.istio.io/redirection" in pod.marks.annotations or "istio.io/dataplane-mode" in pod.labels
        for pod in cluster.pods
    )
