"""The library: load a cluster's manifests, ask questions of them.

world = ringfence.load("manifests/", cni="generic"); world.can("shop/web", "shop/db", 5432).verdict
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial, reduce
from itertools import islice
from typing import TYPE_CHECKING, Any

from ringfence.layers import meshes
from ringfence.layers.network.enforcement import Unenforced, in_force, unenforced
from ringfence.layers.network.relation import Relation
from ringfence.layers.network.universe import Universe, build, coverage_of
from ringfence.layers.profiles import Profile
from ringfence.layers.profiles.detection import Choice, chosen
from ringfence.model.cluster import Cluster
from ringfence.model.problems import Problem
from ringfence.sources import changes
from ringfence.sources.changes import Given, Removal
from ringfence.sources.collecting import collector_paused
from ringfence.sources.originals import Originals
from ringfence.values import replace
from ringfence.verdict.answers import Answer, Connections, Explanation, FlowChange, LazyExplanation
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Directory, EndError, Target
from ringfence.verdict.flow import Asked, asked

if TYPE_CHECKING:
    from datetime import date

    from ringfence.model.mesh import Mesh
    from ringfence.model.provenance import Manifest
    from ringfence.rules.assessment import Assessment
    from ringfence.rules.situation import Situation
    from ringfence.rules.suppression import Suppression
    from ringfence.verdict.blast_radius import BlastRadius, ShortestWays
    from ringfence.verdict.changes import Diff
    from ringfence.verdict.connections import Lister
    from ringfence.verdict.coverage import Coverage
    from ringfence.verdict.edits import Editor
    from ringfence.verdict.equivalence import Equivalence
    from ringfence.verdict.explaining import Explainer
    from ringfence.verdict.exposure import Exposure
    from ringfence.verdict.grid import Grid
    from ringfence.verdict.many import FlowAnswers
    from ringfence.verdict.matrix.values import Matrix
    from ringfence.verdict.meshed.asking import MeshedAsker
    from ringfence.verdict.meshed.request import Request
    from ringfence.verdict.portability import Portability
    from ringfence.verdict.states import State
    from ringfence.verdict.tracing import Tracing
    from ringfence.verdict.ways_in.values import WaysIn
    from ringfence.verdict.whatif import Moved

__all__ = ["EndError", "World", "world_of"]

CHOSEN = "chosen by the caller"
Labels = Mapping[str, str | None]
"""Labels to set; None removes one."""


class World:
    """One cluster under one profile. Immutable: what-ifs are new worlds that share what did not change.

    ``given`` is what was read, so that a what-if can read it again with changes. ``choice`` says how the profile was
    chosen; what-ifs keep it.
    """

    def __init__(
        self,
        cluster: Cluster,
        profile: Profile,
        given: Given,
        relation: Relation | None = None,
        moved: Moved | None = None,
        choice: Choice | None = None,
        alike: Sequence[Universe] = (),
    ) -> None:
        self.choice = choice if choice is not None else Choice(profile, CHOSEN)
        self._as_read = cluster if relation is None else None
        if relation is None:
            cluster = replace(cluster, policies=in_force(cluster.policies, profile))
        self.cluster = cluster
        self.profile = profile
        self.given = given
        with collector_paused():
            self.relation = relation if relation is not None else self._relation(cluster, alike)
        self._universes = [self.relation.universe]
        self._moved = moved
        self._targets: dict[tuple[str, str | None], Target] = {}
        self._asked: dict[tuple[int | str | None, str | None], Asked] = {}

    def _relation(self, cluster: Cluster, alike: Sequence[Universe] = ()) -> Relation:
        """The network layer; where there is a mesh, with classes that it cannot tell apart either."""
        mesh = self.mesh
        apart, blocks = (None, ()) if mesh is None else (mesh.kind, mesh.address_blocks)
        return Relation(cluster, self.profile, build(cluster, coverage_of(self.profile), alike, apart, blocks))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the input."""
        return self.cluster.problems

    @property
    def partial(self) -> bool:
        """Whether some of the input could not be read."""
        return self.cluster.partial

    @property
    def originals(self) -> Mapping[str, bytes | None]:
        """Texts that places name and that cannot be opened again under this name (see ``sources.originals``)."""
        originals: Originals = self.given.reading.originals
        return originals

    @cached_property
    def unenforced(self) -> tuple[Unenforced, ...]:
        """The policies of the input that surely have no effect under the profile, each with the directions and why."""
        return unenforced(self.cluster.policies, self.profile)

    @cached_property
    def directory(self) -> Directory:
        """Finds ends by name."""
        return Directory(self.relation.universe, self.cluster, self._moved.ends if self._moved else None)

    @cached_property
    def asker(self) -> Asker:
        """Answers single questions."""
        return Asker(self.relation, self.directory, self.partial)

    @cached_property
    def whole_relation(self) -> Relation:
        """The relation with every pod in a class, also those that a what-if relabelled."""
        return self._relation(self.cluster) if self._moved else self.relation

    @cached_property
    def lister(self) -> Lister:
        """Lists connections."""
        from ringfence.verdict.connections import Lister

        relation = self.whole_relation
        if relation is self.relation:
            return Lister(self.asker, lambda: self.grid)
        return Lister(Asker(relation, Directory(relation.universe, self.cluster), self.partial), lambda: self.grid)

    def target(self, text: str, namespace: str | None = None) -> Target:
        """What a text names. Raises EndError."""
        if not isinstance(text, str):
            raise EndError(f"{text!r} is no end", "give its name as a text, such as 'shop/web'")
        key = (text, namespace)
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self.directory.find(text, namespace)
        return found

    def question(self, port: int | str | None, protocol: str | None) -> Asked:
        """A checked port. Raises EndError."""
        found = self._asked.get((port, protocol))
        if found is None:
            found = self._asked[port, protocol] = asked(port, protocol)
        return found

    def can(
        self,
        src: str,
        dst: str,
        port: int | str | None = None,
        protocol: str | None = None,
        namespace: str | None = None,
        request: Request | None = None,
    ) -> Answer:
        """May ``src`` open a connection to ``dst``? ``port``: a number, a name, or None for every port; ``protocol``
        defaults to TCP where a port is given. ``request``: an HTTP request over it (``ringfence.request`` makes one);
        None: all of them. Raises EndError (a ValueError) for ends or ports that cannot be."""
        source, destination = self.target(src, namespace), self.target(dst, namespace)
        if request is None and not self.has_layers:
            return self.asker.can(source, destination, self.question(port, protocol))
        return self.meshed.can(source, destination, self.question(port, protocol), request)

    @cached_property
    def mesh(self) -> Mesh | None:
        """The service mesh of the cluster, if the input shows one."""
        return meshes.of(self.cluster) if meshes.shown(self.cluster) else None

    @property
    def has_layers(self) -> bool:
        """Whether answers speak of more than the network: of a mesh, or of who encrypts."""
        return self.mesh is not None or bool(self.cluster.encryption)

    @property
    def mesh_notices(self) -> tuple[str, ...]:
        """What is assumed of the mesh, as the input does not tell it."""
        return self.mesh.assumptions if self.mesh is not None else ()

    @cached_property
    def meshed(self) -> MeshedAsker:
        """Answers single questions about all layers."""
        from ringfence.verdict.meshed.asking import MeshedAsker

        return MeshedAsker(self.asker, self.mesh, self.cluster)

    def explain(
        self,
        src: str,
        dst: str,
        port: int | str | None = None,
        protocol: str | None = None,
        namespace: str | None = None,
        request: Request | None = None,
    ) -> Explanation:
        """The answer with a trace for each kind of flow, and, for one kind with a known verdict, the smallest edit that
        flips it (looked for when ``edit`` is first read). Raises EndError."""
        source, destination = self.target(src, namespace), self.target(dst, namespace)
        question = self.question(port, protocol)
        if question.icmp:
            return Explanation(self.meshed.can(source, destination, question, None), (), None)
        flows = self.asker.flows.between(source, destination, question)
        explanation = self.explainer.explain(self.asker.whole(source, destination, question, flows), flows)
        if request is not None or self.has_layers:
            explanation = Explanation(self.meshed.can(source, destination, question, request), explanation.traces, None)
            if request is not None or self.mesh is not None:
                return explanation
        if port is None or self._moved or len(flows) != 1 or flows[0].port_name:
            return explanation
        verdict, ports = self.asker.regions(flows[0])[0]
        return LazyExplanation.of(
            explanation.answer,
            explanation.traces,
            lambda: self.editor.smallest(flows[0], verdict, ports[0][0]),
        )

    @cached_property
    def explainer(self) -> Explainer:
        """Traces answers."""
        from ringfence.verdict.explaining import Explainer

        return Explainer(self.asker)

    @cached_property
    def editor(self) -> Editor:
        """Looks for the smallest edits."""
        from ringfence.verdict.edits import Editor

        manifests = {
            compiled.index: data
            for compiled in self.relation.active()
            if (data := self.given.data_of(compiled.policy)) is not None
        }
        return Editor(self.asker, manifests, self.given.applier(self.relation), self.given.written)

    def connections(
        self,
        level: str = "workload",
        source: str | None = None,
        destination: str | None = None,
        namespace: str | None = None,
        limit: int | None = None,
        layer: str = "",
        denied: bool = False,
    ) -> Connections:
        """All allowed and unknown connections at level "workload", "pod" or "namespace", folded to few rows. ``source``
        and ``destination`` keep only those of one end, ``namespace`` those with an end in it. ``layer``: what this one
        alone says. ``denied``: also what is denied. Raises EndError."""
        directory = self.lister.asker.directory
        with collector_paused():
            return self._listing(layer, denied).connections(
                level,
                None if source is None else directory.find(source, namespace),
                None if destination is None else directory.find(destination, namespace),
                namespace,
                limit,
                self.partial,
            )

    def _listing(self, layer: str = "", denied: bool = False) -> Lister:
        from ringfence.verdict.meshed.grids import lister_of

        return lister_of(self.lister, self.mesh, lambda: self.meshed, layer, denied)

    def coverage(self, exclude: Iterable[str] = ()) -> Coverage:
        """Which workloads are closed in which direction, how tightly, and what to do next. ``exclude``: namespaces
        (``kube-*``) or workloads (``shop/web``) that are left out."""
        from ringfence.verdict.meshed.grids import surveyor_of

        with collector_paused():
            surveyor = surveyor_of(self.whole_relation, self.lister, self.mesh, self.given.written)
            return surveyor.coverage(exclude, self.partial)

    def exposure(self, targets: Iterable[str] = (), limit: int | None = None, namespace: str | None = None) -> Exposure:
        """What the internet, nodes, other namespaces, the metadata service and new pods reach, and are reached by.
        ``targets``: workloads of which the smallest sets of labels that reach them are looked for, beside those with
        the label ``ringfence.dev/sensitivity``. Raises EndError."""
        from ringfence.verdict.exposure import Exposer

        with collector_paused():
            chosen = self.sensitive(targets, namespace)
            exposer = Exposer(self.whole_relation, self.attackers_grid, self.lister.workloads, self.lister.reason)
            return exposer.exposure(chosen, limit, self.partial)

    def sensitive(self, targets: Iterable[str] = (), namespace: str | None = None) -> list[tuple[str, int]]:
        """The workloads that say ``ringfence.dev/sensitivity`` (see ``verdict.sensitivity``) and those that are named,
        each with its classes as columns. Raises EndError."""
        from ringfence.verdict.blast_radius import columns_of_target
        from ringfence.verdict.sensitivity import sensitive

        found = sensitive(self.lister.workloads, self.given.settled().reading.manifests)
        for text in targets:
            found.setdefault(text, columns_of_target(self.lister.asker.directory.find(text, namespace)))
        return sorted(found.items())

    def sensitive_names(self) -> frozenset[str]:
        """Every name that a sensitive workload, and those of its pods that are, may have in a list of ends."""
        from ringfence.verdict.sensitivity import any_sensitive, names_of

        if not any_sensitive(self.relation, self.given.settled().reading.manifests):
            return frozenset()
        return names_of(self.lister.workloads, self.sensitive())

    def blast_radius(
        self,
        source: str,
        targets: Iterable[str] = (),
        limit: int | None = None,
        namespace: str | None = None,
        edits: bool = True,
        controller: str | None = None,
    ) -> BlastRadius:
        """What somebody reaches who holds ``source`` (a workload, ``internet``, ``app=x@ns``, a stolen
        ``ns/serviceaccount/x``) and every workload that he reaches from there; the shortest ways to the targets (named,
        or ``ringfence.dev/sensitivity``), and the cheapest cut. ``controller`` as in ``ways_in``. Raises EndError."""
        with collector_paused():
            chosen = self.sensitive(targets, namespace)
            tracing = self._tracing(source, namespace, controller)
            return tracing.blast_radius(chosen, limit, self.editor if edits else None)

    def paths(
        self,
        source: str,
        destination: str,
        limit: int = 10,
        namespace: str | None = None,
        controller: str | None = None,
    ) -> ShortestWays:
        """The shortest ways from one end to another. ``controller`` as in ``ways_in``. Raises EndError."""
        with collector_paused():
            target = self.lister.asker.directory.find(destination, namespace)
            return self._tracing(source, namespace, controller).paths(target, limit)

    def _tracing(self, source: str, namespace: str | None, controller: str | None) -> Tracing:
        from ringfence.verdict.tracing import tracing_of

        asker = self.lister.asker
        known = None if controller is None else asker.directory.find(controller, namespace)
        return tracing_of(asker, self.lister.workloads, self.attackers_grid, self.mesh, source, namespace, known)

    def matrix(self, level: str = "workload", layered: bool = False) -> Matrix:
        """All ends against all, at level "workload" or "pod": every cell of the network layer and who decides it, or
        (``layered``) of all layers, apart and together. Raises EndError where they are too many."""
        from ringfence.verdict.matrix.making import matrix_of

        with collector_paused():
            return matrix_of(self._listing() if layered else self.lister.of_network(), level == "pod", self.partial)

    def complete(self) -> None:
        """Work out the whole relation now; questions otherwise make the rows that they need."""
        with collector_paused():
            self.whole_relation.complete()

    def count(self) -> int:
        """How many (source pod, destination pod, protocol and port) are surely allowed."""
        with collector_paused():
            return self.grid.count()

    def ways_in(self, controller: str | None = None, namespace: str | None = None) -> WaysIn:
        """Every way from outside into the cluster, hop by hop, and every route that cannot work. ``controller``: the
        pods to take for ingress controllers that the input lacks, as ``can`` takes an end. Raises EndError."""
        from ringfence.verdict.ways_in.finder import WaysInFinder

        with collector_paused():
            known = None if controller is None else self.target(controller, namespace)
            return WaysInFinder(self.asker, known, meshed=self.meshed if self.mesh is not None else None).found()

    @cached_property
    def grid(self) -> Grid:
        """The relation of all layers, for clients as they are configured."""
        from ringfence.verdict.meshed.grids import grid_of

        return grid_of(self.whole_relation, self.mesh)

    @cached_property
    def attackers_grid(self) -> Grid:
        """The relation of all layers, for clients who control their pods and are not bound by their own proxies."""
        from ringfence.verdict.meshed.grids import grid_of

        return self.grid if self.mesh is None else grid_of(self.whole_relation, self.mesh, unbound=True)

    def fingerprint(self) -> str:
        """Equal for two worlds if and only if every flow, with every request, has the same verdict in both."""
        from ringfence.verdict.fingerprint import fingerprint

        with collector_paused():
            return fingerprint(self.whole_relation, self.mesh)

    def situation(self, chosen_by: str = "") -> Situation:
        """What the rules of ``check`` see. ``chosen_by`` tells in words who chose the profile."""
        from ringfence.rules.situation import Situation

        asker, read = self.lister.asker, lambda: self.given.settled().reading.manifests
        return Situation(
            self.cluster, self.profile, self.whole_relation, asker, asker.directory, read, chosen_by, self.mesh
        )

    def check(
        self,
        only: Iterable[str] = (),
        skip: Iterable[str] = (),
        today: date | None = None,
        ignore: Iterable[Suppression] = (),
        chosen_by: str = "",
    ) -> Assessment:
        """What the rules find: all of them, or ``only`` some, without those to ``skip`` (ids or slugs).

        Suppressions in the input, and those to ``ignore``, hold if they do not expire before ``today``. Raises
        RuleError (a ValueError) for a rule that there is not."""
        # No other question needs the rules: they are imported here.
        from datetime import UTC, datetime

        from ringfence.rules.assessment import assess
        from ringfence.rules.registry import entries, resolve
        from ringfence.rules.running import run
        from ringfence.sources.suppressions import suppressions_of

        wanted, unwanted = {resolve(word) for word in only}, {resolve(word) for word in skip}
        chosen = [one for one in entries(wanted or None) if one.rule.id not in unwanted]
        with collector_paused():
            situation = self.situation(chosen_by)
            outcome = run(situation, chosen)
            reading = self.given.reading
            inside = suppressions_of(situation.manifests, reading.originals)
            suppressions = [*inside, *reading.suppressions, *ignore]
            return assess(outcome, suppressions, today or datetime.now(UTC).date())

    def snapshot(self) -> bytes:
        """What was read, as a snapshot that ``load`` reads again, without what may be secret; what the user told of the
        cluster (profile, ranges) is not in it. Raises ValueError for a what-if that set labels."""
        from ringfence.sources.snapshots import snapshot

        if self.given.relabels:
            raise ValueError("a what-if that sets labels cannot be kept: its objects say something else")
        return snapshot(self.given.settled().reading)

    def flow_answers(self) -> FlowAnswers:
        """Many single questions, fast."""
        from ringfence.verdict.many import FlowAnswers

        return FlowAnswers(self.asker, self.target, self.question, lambda: self.meshed, self.has_layers)

    def difference(self, other: World, limit: int | None = None) -> list[FlowChange]:
        """Flows whose verdict, or passing requests, are others in ``other``, with a pair of ends; at most ``limit``."""
        from ringfence.verdict.comparing import Comparison
        from ringfence.verdict.difference import flow_changes

        meshes = self.mesh, other.mesh
        with collector_paused():
            found = flow_changes(Comparison(self.whole_relation, other.whole_relation, False, meshes))
            return list(islice(found, limit))

    def diff(self, other: World, level: str = "workload", limit: int | None = None) -> Diff:
        """What differs in ``other``, as few rows at level "workload" or "pod": widened, narrowed, new and gone flows,
        each with a witness and the objects that caused it. ``limit``: at most so many rows; the rest is counted.
        Raises EndError for an unknown level."""
        from ringfence.sources.mixing import Mixing
        from ringfence.verdict.states import States

        between = partial(Mixing, self.given, other.given, lambda given: self._anew(given).meshed)
        with collector_paused():
            states = States(self._beside(other), other._beside(self), between)
            return states.whole_diff(level, limit, lambda: (self.ways_in(), other.ways_in()))

    def equivalent(self, other: World, universal: bool = False) -> Equivalence:
        """Whether ``other`` allows the same flows, only some of them, or more. ``universal``: the policies of both in
        every possible cluster, under the profile of this world, and not only between the ends that these have."""
        from ringfence.sources.crossing import equivalent

        with collector_paused():
            return equivalent(self, other, universal, World._anew, World._beside)

    def _beside(self, other: World) -> State:
        """This state, as it is compared with another: of a snapshot, with what a snapshot keeps of either."""
        from ringfence.sources.snapshot_contents import as_kept, is_kept
        from ringfence.verdict.states import State

        def read() -> Iterable[Manifest]:
            own, others = (one.given.settled().reading.manifests for one in (self, other))
            return as_kept(own) if any(map(is_kept, own)) or any(map(is_kept, others)) else own

        return State(self.whole_relation, read, self.partial, lambda: self.meshed, self.mesh)

    def _anew(self, given: Given) -> World:
        """What was read, built again under the same profile."""
        world = World(given.build(), self.profile, replace(given, relabels=()), choice=self.choice)
        return world._relabelled(given)

    def what_if(
        self,
        add: Iterable[Mapping[str, Any] | str] = (),
        remove: Iterable[str] = (),
        relabel: Mapping[str, Labels] | None = None,
    ) -> World:
        """The world after a change, this one unchanged. ``add``: objects (dicts), YAML or JSON text, or paths; one of
        the same kind and name replaces. ``remove``: ``NS/KIND/NAME``, ``KIND/NAME`` for what has no namespace, or
        ``NS/NAME`` for a policy. ``relabel``: ``{"NS/NAME": {label: value or None}}`` for a pod or a workload,
        ``{"namespace/NAME": …}`` for a namespace. Raises EndError for what does not exist."""
        from ringfence.verdict.whatif import policy_change

        adding = changes.read_additions(add)
        removing = [Removal.parse(text) for text in remove]
        if self._moved is None and (adding or removing) and not relabel:
            fast = policy_change(self.relation, self.cluster, self.given, adding, removing)
            if fast is not None:
                relation, cluster, given = fast
                world = World(cluster, self.profile, given, relation, choice=self.choice)
                if relation.universe is self.relation.universe:
                    # Pods, Services and nodes are the same: what finds them by name is too.
                    world.__dict__["directory"] = self.directory
                    world._targets = self._targets
                return world
        world = self
        if adding or removing:
            world = self._anew(self.given.changed(adding, removing))
        for text, labels in (relabel or {}).items():
            world = world._relabel(text, labels)
        return world

    def under(self, cni: str | Profile | None) -> World:
        """The same cluster under another profile or its name; None: the one that the input shows. Raises
        ProfileError."""
        if self.given.relabels or self._as_read is None:
            base = World(self.given.build(), self.profile, replace(self.given, relabels=()), choice=self.choice)
            return base.under(cni)._relabelled(self.given)
        world = world_of(self._as_read, self.given, cni, alike=self._universes)
        universe = world.relation.universe
        if universe.ends is self.relation.universe.ends:
            world.__dict__["directory"] = self.directory.over(universe, world.cluster)
        elif all(universe.ends is not one.ends for one in self._universes):
            self._universes.append(universe)
        return world

    def portability(
        self,
        src: str,
        dst: str,
        port: int | str | None = None,
        protocol: str | None = None,
        namespace: str | None = None,
    ) -> Portability:
        """What ``can`` says under the profile of every plugin, grouped, with the facts that make the difference. Of the
        plugin that this world stands for, what the input tells of its version, settings and nodes counts. Raises
        EndError."""
        from ringfence.verdict.portability import portability

        # The names are the same under every profile.
        self.target(src, namespace), self.target(dst, namespace), self.question(port, protocol)
        return portability(lambda one: self.under(one).can(src, dst, port, protocol, namespace), self.profile)

    def _relabelled(self, given: Given) -> World:
        return reduce(lambda world, one: world._relabel(*one), given.relabels, self)

    def _relabel(self, text: str, labels: Labels) -> World:
        from ringfence.verdict.whatif import Moved, must_be_labels, relabelled

        must_be_labels(labels)
        given = replace(self.given, relabels=(*self.given.relabels, (text, dict(labels))))
        kind, _, name = text.partition("/")
        if kind in ("namespace", "namespaces", "ns") and name in self.cluster.namespaces:
            cluster = relabelled(self.cluster, namespace=name, labels=labels)
            if self._moved is None:
                relation = Relation(cluster, self.profile, self.relation.universe)
                return World(cluster, self.profile, given, relation, choice=self.choice)
            return World(cluster, self.profile, given, choice=self.choice)
        indexes = [index for member in self.directory.find(text).members for index in member.pods]
        if not indexes:
            raise EndError(f"{text!r} has no pods to relabel", "name a pod, a workload, or namespace/NAME")
        cluster = relabelled(self.cluster, pods=indexes, labels=labels)
        moved = Moved.of(self.relation, cluster, self._moved, indexes)
        world = World(cluster, self.profile, given, self.relation, moved, self.choice)
        world.__dict__["directory"] = self.directory.relabelled(cluster, moved.ends)
        return world


def world_of(
    cluster: Cluster, given: Given, cni: str | Profile | None, chosen_by: str = "", alike: Sequence[Universe] = ()
) -> World:
    """A world under a profile, or under the one that the input shows."""
    choice = chosen(cluster.plugin, cni, chosen_by or CHOSEN)
    return World(cluster, choice.profile, given, choice=choice, alike=alike)
