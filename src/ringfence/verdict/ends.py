"""Naming ends: from the words of a question to pods, Services, nodes and addresses.

The forms are those of the reference page "Naming ends"; ``Directory.find`` resolves one text. A name is looked up as
Pod, then topmost controller, then Service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import copy
from difflib import get_close_matches

from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.universe import Universe
from ringfence.model.cluster import MACHINE, Cluster, FinishedPod, Pod, Service, WorkloadRef
from ringfence.model.provenance import Place
from ringfence.model.text import printable
from ringfence.sets import addresses as ip
from ringfence.sets.addresses import Intervals
from ringfence.values import Value, replace

KINDS: Mapping[str, str] = {
    word: kind
    for kind, words in {
        "Pod": ("pod", "pods", "po"),
        "Deployment": ("deployment", "deployments", "deploy"),
        "StatefulSet": ("statefulset", "statefulsets", "sts"),
        "DaemonSet": ("daemonset", "daemonsets", "ds"),
        "ReplicaSet": ("replicaset", "replicasets", "rs"),
        "ReplicationController": ("replicationcontroller", "replicationcontrollers", "rc"),
        "Job": ("job", "jobs"),
        "CronJob": ("cronjob", "cronjobs", "cj"),
        "Service": ("service", "services", "svc"),
        "Node": ("node", "nodes", "no"),
        MACHINE: ("workloadentry", "workloadentries", "we"),
    }.items()
    for word in words
}
"""kubectl's words for kinds: singular, plural, short."""

LABEL = re.compile(r"^(?:[A-Za-z0-9](?:[-A-Za-z0-9.]*[A-Za-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$")


class EndError(ValueError):
    """An end that cannot be understood or does not exist. ``hint`` says how to mend it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Member(Value, eq=False):
    """Some ends of a target that the policies cannot tell apart.

    ``end`` is a column or an end of its own. ``pods`` are indexes in ``cluster.pods`` (empty for other ends).
    ``alternatives``: an end of which it is not known which of several it is; all must agree for a verdict to be known.
    """

    end: int | EndClass
    name: str
    pods: tuple[int, ...] = ()
    node: str | None = None
    alternatives: tuple[int | EndClass, ...] = ()
    mystery: str = ""
    """Not empty: nothing is known of this end, and so of no flow with it; why."""
    maybe: str = ""
    """Not empty: it is not known whether this end belongs to the target, and why."""
    witness: str = ""
    """One concrete end, as ``can`` takes it, where the name is a set of addresses."""
    machine: Pod | None = None
    """The workload of a mesh that has this address outside of the cluster."""


class Target(Value, eq=False):
    """What a text names. ``service`` is set for a Service, whose backends depend on the port asked."""

    text: str
    members: tuple[Member, ...]
    service: Service | None = None
    notes: tuple[str, ...] = ()
    outside: Intervals = ()
    """For ``internet``: its addresses; the families then follow the other end."""
    services: tuple[Service, ...] = ()
    """For a range of addresses: the Services that have one of them."""
    column: int = -1
    """The column, for the name of one pod that is in a class; -1 for everything else."""
    namesake: Service | None = None
    """The Service of the same name, where a name without a kind means pods."""


class Directory:
    """Finds ends by name in one cluster."""

    def __init__(self, universe: Universe, cluster: Cluster, moved: Mapping[int, int | EndClass] | None = None) -> None:
        self.universe = universe
        self.cluster = cluster
        self._moved = moved or {}
        self._pods: dict[tuple[str, str], list[int]] = {}
        self._workloads: dict[tuple[str, str], dict[str, list[int]]] = {}
        self._services: dict[tuple[str, str], Service] = {}
        self._finished: dict[tuple[str, str], FinishedPod] = {}
        self._owners: dict[tuple[str, str], dict[str, list[FinishedPod]]] = {}
        self._addresses: dict[int, tuple[str, int | str | Service]] | None = None
        pods = self._pods
        by_ref: dict[int, list[int]] = {}
        refs: list[WorkloadRef] = []
        for index, pod in enumerate(self.cluster.pods):
            key = (pod.namespace, pod.name)
            same = pods.get(key)
            if same is None:
                pods[key] = [index]
            else:
                same.append(index)
            group = by_ref.get(id(pod.workload))
            if group is None:
                by_ref[id(pod.workload)] = [index]
                refs.append(pod.workload)
            else:
                group.append(index)
        for ref in refs:
            kinds = self._workloads.setdefault((ref.namespace, ref.name), {})
            kinds.setdefault(ref.kind, []).extend(by_ref[id(ref)])
        for service in self.cluster.services:
            self._services[service.namespace, service.name] = service
        self._machines = {(one.namespace, one.name): one for one in cluster.machines}
        for done in self.cluster.finished:
            self._finished[done.namespace, done.name] = done
            workload = done.workload
            self._owners.setdefault((workload.namespace, workload.name), {}).setdefault(workload.kind, []).append(done)

    def relabelled(self, cluster: Cluster, moved: Mapping[int, int | EndClass]) -> Directory:
        """The same names after a what-if on labels: only the ends of some pods are others."""
        other = copy(self)
        other.cluster = cluster
        other._moved = moved
        return other

    def over(self, universe: Universe, cluster: Cluster) -> Directory:
        """The same names in a universe that has the same classes."""
        other = copy(self)
        other.universe, other.cluster = universe, cluster
        return other

    def end_of(self, pod: int) -> int | EndClass:
        """The column of a pod, or its own end where a what-if moved it."""
        return self._moved.get(pod, self.universe.class_of_pod[pod])

    def find(self, text: str, namespace: str | None = None) -> Target:
        """What a text names. ``namespace`` fills in a missing one. Raises EndError."""
        home, slash, name = text.partition("/")
        indexes = self._pods.get((home, name)) if slash else None
        if indexes is not None and len(indexes) == 1 and home not in KINDS:
            end = self.end_of(indexes[0])
            if isinstance(end, int) and not self.cluster.pods[indexes[0]].template:
                same = self._services.get((home, name))
                return Target(text, (Member(end, text, (indexes[0],)),), column=end, namesake=same)
        if text == "internet":
            return self._internet()
        if not text:
            raise EndError(
                "an end is empty", "write NAMESPACE/NAME, an address, node/NAME, internet or key=value@NAMESPACE"
            )
        if "=" in text or text.startswith("@"):
            return self._hypothetical(text, namespace)
        if text[0].isdigit() or ":" in text:
            found = self._address(text)
            if found is not None:
                return found
        words = text.split("/")
        if len(words) == 1:
            return self._named(namespace or "default", text, text)
        if len(words) == 2:
            return self._two_words(words[0], words[1], text, namespace)
        if len(words) == 3:
            return self._of_kind(words[0], words[1], words[2], text)
        raise EndError(f"{printable(text)!r} is no end", "write NAMESPACE/NAME or NAMESPACE/KIND/NAME")

    def _two_words(self, first: str, second: str, text: str, namespace: str | None) -> Target:
        kind = first.lower()
        if KINDS.get(kind) == "Node" and (first, second) not in self._pods:
            return self._node(second)
        if kind in KINDS and (namespace is not None or first not in self.cluster.namespaces):
            return self._of_kind(namespace or "default", first, second, text)
        return self._named(first, second, text)

    def _named(self, namespace: str, name: str, text: str) -> Target:
        key = (namespace, name)
        pods = [index for index in self._pods.get(key, ()) if not self._stands_for_workload(index)]
        if pods:
            return replace(self._pods_target(text, pods), namesake=self._services.get(key))
        kinds = self._workloads.get(key, {})
        if len(kinds) > 1:
            listed = ", ".join(f"{namespace}/{kind.lower()}/{name}" for kind in sorted(kinds))
            raise EndError(f"several controllers are called {printable(text)}", f"name one of: {printable(listed)}")
        if kinds:
            return replace(self._pods_target(text, next(iter(kinds.values()))), namesake=self._services.get(key))
        if key in self._services:
            return self._service(text, self._services[key])
        if key in self._machines:
            return self.machine(text, self._machines[key])
        raise self._missing(namespace, name, text)

    def machine(self, text: str, machine: Pod) -> Target:
        """A workload outside of the cluster: its address, known by whose it is."""
        number = machine.addresses[0]
        thing = self._known_addresses().get(number)
        found = self._known_address(text, thing) if thing is not None else None
        if found is not None and found.service is not None:
            return found
        members = found.members if found else tuple(self._unknown_addresses(((number, number),)))
        address = ip.address_text(number)
        named = tuple(
            replace(one, machine=machine, witness=address if text == address or one.machine is None else one.name)
            for one in members
        )
        return Target(text, named)

    def _stands_for_workload(self, index: int) -> bool:
        """Whether a pod is a template that carries its workload's name: the name then means the workload."""
        pod = self.cluster.pods[index]
        return pod.template and pod.name == pod.workload.name

    def _of_kind(self, namespace: str, word: str, name: str, text: str) -> Target:
        kind = KINDS.get(word.lower())
        if kind == "Node":
            return self._node(name)
        if kind == "Service":
            service = self._services.get((namespace, name))
            if service is None:
                raise self._missing(namespace, name, text)
            return self._service(text, service)
        if kind == MACHINE:
            machine = self._machines.get((namespace, name))
            if machine is None:
                raise self._missing(namespace, name, text)
            return self.machine(text, machine)
        if kind == "Pod":
            indexes = [index for index in self._pods.get((namespace, name), ()) if not self._stands_for_workload(index)]
            if not indexes:
                raise self._missing(namespace, name, text)
            return self._pods_target(text, indexes)
        kinds = self._workloads.get((namespace, name), {})
        for candidate, indexes in kinds.items():
            lowered = candidate.lower()
            if candidate == kind or (kind is None and word.lower() in (lowered, lowered + "s")):
                return self._pods_target(text, indexes)
        if kind is None and not any(word.lower() in (k.lower(), k.lower() + "s") for k in kinds):
            close = get_close_matches(word.lower(), KINDS, n=1)
            hint = f"did you mean {close[0]}?" if close else "kinds: " + ", ".join(sorted(set(KINDS.values())))
            raise EndError(f"{printable(word)!r} is no kind of workload or Service", hint)
        raise self._missing(namespace, name, text)

    def _missing(self, namespace: str, name: str, text: str) -> EndError:
        done = self._finished.get((namespace, name))
        if done is not None:
            return EndError(
                f"pod {printable(text)} has finished (phase {done.phase}): it sends and receives nothing",
                "ask about a running pod, or about its controller",
            )
        if (namespace, name) in self._owners:
            return EndError(f"all pods of {printable(text)} have finished: it sends and receives nothing", "")
        word = get_close_matches(text.lower(), ("internet",), n=1, cutoff=0.8)
        if word:
            return EndError(f"{printable(text)!r} names nothing", f"did you mean {word[0]}?")
        same = [one for one in self.names() if (one[0].lower(), one[1].lower()) == (namespace.lower(), name.lower())]
        if same:
            return EndError(
                f"no pod, controller or Service is called {printable(f'{namespace}/{name}')}",
                printable(f"did you mean {same[0][0]}/{same[0][1]}?"),
            )
        if namespace not in self.cluster.namespaces:
            close = get_close_matches(namespace, self.cluster.namespaces, n=1)
            elsewhere = self._elsewhere(name)
            hint = elsewhere
            if not hint and close:
                there = [other for space, other in self.names() if space == close[0]]
                near = get_close_matches(name, there, n=1)
                hint = f"did you mean {close[0]}/{near[0]}?" if near else f"did you mean namespace {close[0]}?"
            hint = hint or self._some_namespaces()
            return EndError(f"nothing in the input is in a namespace {printable(namespace)!r}", printable(hint))
        here = [other for space, other in self.names() if space == namespace]
        close = get_close_matches(name, here, n=1)
        hint = f"did you mean {namespace}/{close[0]}?" if close else self._elsewhere(name)
        if not hint:
            listed = sorted(set(here))
            more = f" and {len(listed) - 5} more" if len(listed) > 5 else ""
            hint = f"{namespace} has {', '.join(listed[:5])}{more}" if listed else f"nothing is in {namespace}"
        return EndError(f"no pod, controller or Service is called {printable(f'{namespace}/{name}')}", printable(hint))

    def _some_namespaces(self) -> str:
        names = sorted(self.cluster.namespaces)
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        return f"namespaces: {', '.join(names[:5])}{more}" if names else "the input names no namespace"

    def workload_size(self, pod: int) -> int:
        """How many pods the workload of a pod has."""
        workload = self.cluster.pods[pod].workload
        return len(self._workloads[workload.namespace, workload.name][workload.kind])

    def _elsewhere(self, name: str) -> str:
        places = sorted({space for space, other in self.names() if other == name})
        return f"there is {places[0]}/{name}" if places else ""

    def names(self) -> Iterable[tuple[str, str]]:
        """Every (namespace, name) that can be asked for."""
        yield from self._workloads
        yield from self._pods
        yield from self._services
        yield from self._machines

    def _pods_target(self, text: str, indexes: Iterable[int]) -> Target:
        return Target(text, tuple(self.members(indexes)))

    def members(self, indexes: Iterable[int]) -> Iterable[Member]:
        """Pods, grouped by class."""
        groups: dict[tuple[bool, int], list[int]] = {}
        ends: dict[tuple[bool, int], int | EndClass] = {}
        for index in indexes:
            end = self.end_of(index)
            key = (True, end) if isinstance(end, int) else (False, id(end))
            groups.setdefault(key, []).append(index)
            ends[key] = end
        whole = len(groups) == 1
        for group_key, group in groups.items():
            pod = self.cluster.pods[group[0]]
            name = f"{pod.namespace}/{pod.name}"
            if whole and pod.workload.name != pod.name and len(group) > 1:
                name = f"{pod.namespace}/{pod.workload.name}"
            elif len(group) > 1:
                name = f"{name} and {len(group) - 1} more"
            yield Member(ends[group_key], name, tuple(group))

    def selected(self, namespace: str, selector: Mapping[str, str]) -> Iterable[Member]:
        """The pods that a Service selects; those that may have its labels are marked ``maybe``."""
        span = self.universe.namespaces.get(namespace)
        wanted = selector.items()
        pods = self.cluster.pods
        if span is None or not wanted:
            return
        surely: list[int] = []
        perhaps: list[int] = []
        for column in range(*span):
            for index in self.universe.members[column]:
                pod = pods[index]
                if wanted <= pod.labels.items():
                    surely.append(index)
                elif pod.open_labels and all(
                    key in pod.open_labels or pod.labels.get(key) == value for key, value in wanted
                ):
                    perhaps.append(index)
        yield from self.members(surely)
        for member in self.members(perhaps):
            yield replace(member, maybe="whether the Service selects it hangs on a label that the input does not give")

    def service(self, namespace: str, name: str) -> Service | None:
        """A Service by name."""
        return self._services.get((namespace, name))

    def service_place(self, namespace: str, name: str) -> Place:
        """Where a Service stands in the input."""
        service = self._services.get((namespace, name))
        return service.place if service is not None and service.place is not None else Place("")

    def _service(self, text: str, service: Service) -> Target:
        return Target(text, (), service)

    def _node(self, name: str) -> Target:
        column = self.universe.nodes.get(name)
        if column is None:
            close = get_close_matches(name, self.universe.nodes, n=1)
            known = ", ".join(list(self.universe.nodes)[:5])
            hint = (
                f"did you mean node/{close[0]}?" if close else f"nodes: {known}" if known else "the input has no nodes"
            )
            raise EndError(f"no node is called {printable(name)!r}", printable(hint))
        return Target(f"node/{name}", (Member(column, f"node/{name}", node=name),))

    def _hypothetical(self, text: str, namespace: str | None) -> Target:
        words, at, space = text.rpartition("@")
        if not at:
            words, space = text, namespace or "default"
        labels = hypothetical_labels(words, space)
        notes: tuple[str, ...] = ()
        if space not in self.cluster.namespaces:
            notes = (f"namespace {space} is not in the input: its labels are not known",)
        end = EndClass("pod", space, labels, open_ports=True, space=self.universe.pod_space)
        return Target(text, (Member(end, text),), notes=notes)

    def _internet(self) -> Target:
        ranges = self.cluster.ranges
        inside = ip.merge((ranges.pods, ranges.services, ranges.nodes))
        space = ip.subtract(ip.INTERNET, inside)
        members = tuple(one for one in self.outside_members(space) if one.machine is None)
        return Target("internet", members, outside=space)

    def other_name(self, column: int) -> str:
        """The name of a column that is no pod."""
        end = self.universe.ends[column]
        return f"node/{end.name}" if end.sort == "node" else end.name or ip.describe(end.space)

    def everywhere(self) -> Target:
        """Every address outside the cluster that is no machine's."""
        members = (one for one in self.outside_members(ip.EVERY_ADDRESS) if one.machine is None)
        return Target("outside", tuple(members))

    def machines(self) -> Iterable[Target]:
        """The machines that are ends of their own, by name."""
        for column, machine in self.universe.machines.items():
            yield self.machine(self.universe.ends[column].name, machine)

    def outside_members(self, space: Intervals) -> Iterable[Member]:
        """Addresses outside, grouped by what the policies can tell apart."""
        for column in range(self.universe.outside, len(self.universe.ends)):
            shared = ip.intersect(self.universe.ends[column].space, space)
            if shared:
                name = self.universe.ends[column].name or ip.describe(shared)
                machine = self.universe.machines.get(column)
                yield Member(column, name, witness=ip.address_text(shared[0][0]), machine=machine)

    def _address(self, text: str) -> Target | None:
        try:
            if "/" in text:
                first, last = ip.cidr(text)
            else:
                first = last = ip.address(text)
        except ValueError as error:
            if re.match(r"^[0-9.]+(/[0-9]+)?$", text) or ":" in text:
                raise EndError(
                    f"{printable(text)!r} is no address: {printable(str(error))}", "write 10.0.0.1 or 10.0.0.0/8"
                ) from None
            return None
        known = self._known_addresses()
        members: list[Member] = []
        notes: list[str] = []
        if first == last:
            thing = known.get(first)
            if thing is not None:
                return self._known_address(text, thing)
            for machine in self.cluster.machines:
                if first in machine.addresses:
                    return self.machine(text, machine)
            return Target(text, tuple(self._unknown_addresses(((first, last),))))
        inside = [number for number in known if first <= number <= last]
        seen: set[int] = set()
        services: dict[tuple[str, str], Service] = {}
        for number in inside:
            kind, owner = known[number]
            if kind == "pod" and isinstance(owner, int):
                seen.add(owner)
            elif kind == "node" and isinstance(owner, str):
                members.append(Member(self.universe.nodes[owner], f"node/{owner}", node=owner))
            elif isinstance(owner, Service):
                services[owner.namespace, owner.name] = owner
        members.extend(self.members(sorted(seen)))
        if inside:
            notes.append(f"{len(inside)} addresses of {text} belong to objects of the input; they mean those objects")
        rest = ip.subtract(((first, last),), ip.canonical((number, number) for number in inside))
        members.extend(self._unknown_addresses(rest))
        return Target(text, tuple(members), notes=tuple(notes), services=tuple(services.values()))

    def _known_address(self, text: str, found: tuple[str, int | str | Service]) -> Target:
        kind, thing = found
        if kind == "node":
            assert isinstance(thing, str)
            node = self._node(thing)
            return Target(text, node.members, notes=(f"{text} is an address of node/{thing}",))
        if kind == "pod":
            assert isinstance(thing, int)
            pod = self.cluster.pods[thing]
            note = f"{text} is the address of pod {pod.namespace}/{pod.name}"
            return Target(text, tuple(self.members((thing,))), notes=(note,))
        assert isinstance(thing, Service)
        note = f"{text} is an address of Service {thing.namespace}/{thing.name}"
        return Target(text, (), thing, notes=(note,))

    def _known_addresses(self) -> dict[int, tuple[str, int | str | Service]]:
        if self._addresses is None:
            found: dict[int, tuple[str, int | str | Service]] = {}
            for service in self.cluster.services:
                for number in service.addresses:
                    found.setdefault(number, ("service", service))
            for index, pod in enumerate(self.cluster.pods):
                for number in pod.addresses:
                    if not pod.host_network or number not in found:
                        found[number] = ("pod", index)
            for name, node in self.cluster.nodes.items():
                for number in node.addresses:
                    if number not in found or found[number][0] != "pod" or self._is_host(found[number][1]):
                        found[number] = ("node", name)
            self._addresses = found
        return self._addresses

    def inhabited(self, space: Intervals) -> bool:
        """Whether every address of a space is one of a pod, a node or a Service of the input."""
        known = self._known_addresses()
        if sum(last - first + 1 for first, last in space) > len(known):
            return False
        return all(number in known for first, last in space for number in range(first, last + 1))

    def _is_host(self, thing: object) -> bool:
        return isinstance(thing, int) and self.cluster.pods[thing].host_network

    def _unknown_addresses(self, space: Intervals) -> Iterable[Member]:
        """Addresses that no object has: outside, or of an object that the input lacks where a cluster range has
        them."""
        ranges = self.cluster.ranges
        claimed: Intervals = ()
        for line in (ip.EVERY_IPV4, ip.EVERY_IPV6):
            for kind, own in (("service", ranges.services), ("node", ranges.nodes), ("pod", ranges.pods)):
                part = ip.subtract(ip.intersect(ip.intersect(space, own), line), claimed)
                if part:
                    claimed = ip.union(claimed, part)
                    yield self._stranger(kind, part)
        yield from self.outside_members(ip.subtract(space, claimed))

    def _stranger(self, kind: str, part: Intervals) -> Member:
        """A pod, node or Service that the input lacks: it may be any."""
        text, witness = ip.describe(part), ip.address_text(part[0][0])
        family = (ip.family(part[0][0]),)
        if kind == "node":
            end = EndClass("node", space=part, families=family)
            return Member(end, f"{text} (a node that is not in the input)", witness=witness)
        if kind == "service":
            return Member(
                EndClass("pod", None, any_label=True, open_ports=True, space=part, families=family),
                f"{text} (a Service that is not in the input)",
                mystery=f"the Service of {text} is not in the input",
                witness=witness,
            )
        homes: list[str | None] = [*self.cluster.namespaces, None]
        pods = tuple(
            EndClass("pod", home, any_label=True, open_ports=True, space=part, families=family) for home in homes
        )
        return Member(pods[0], f"{text} (a pod that is not in the input)", alternatives=pods, witness=witness)


def hypothetical_labels(words: str, space: str) -> dict[str, str]:
    """The labels ``key=value,key=value`` of a pod that does not exist, in the namespace ``space``. Raises EndError for
    what is no label or no namespace."""
    labels: dict[str, str] = {}
    for word in filter(None, words.split(",")):
        key, equals, value = word.partition("=")
        if (
            not equals
            or not LABEL.match(key)
            or (value and not re.match(r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$", value))
        ):
            raise EndError(
                f"{printable(word)!r} is no label",
                "write key=value,key=value@NAMESPACE for a pod that does not exist",
            )
        if key in labels and labels[key] != value:
            raise EndError(f"label {printable(key)!r} is given twice", "")
        labels[key] = value
    if not re.match(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", space):
        raise EndError(f"{printable(space)!r} is no namespace", "write key=value@NAMESPACE")
    return labels
