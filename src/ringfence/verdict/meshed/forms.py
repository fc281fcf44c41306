"""Further answers to a question: what clients get who control their pods, and what protects what gets through."""

from __future__ import annotations

from collections.abc import Iterator

from ringfence.layers.mesh.courses import Call, Course, plain
from ringfence.model.cluster import Cluster, Service
from ringfence.model.mesh import Mesh
from ringfence.verdict.answers import Part, Verdict
from ringfence.verdict.asking import Asker, fold
from ringfence.verdict.ends import Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed.asking import MeshedAsker, Question
from ringfence.verdict.meshed.reach import Reaches, Reading
from ringfence.verdict.meshed.request import Among, Request

BEST = (Verdict.ALLOWED, Verdict.MIXED, Verdict.UNKNOWN)
"""What somebody would rather have, first."""


def unbound(
    asker: MeshedAsker, source: Target, destination: Target, question: Asked, request: Request | None
) -> Verdict:
    """What clients get who control their pods: the best of every form that a connection may take. Raises EndError."""
    other = _UnboundAsker(asker.asker, asker.mesh, asker.cluster)
    other.reaches = None if asker.mesh is None else Reaches(asker.cluster, asker.mesh, Reading.UNBOUND)
    return fold(part.verdict for part in other.parts_of(source, destination, question, request))


def protections(
    asker: MeshedAsker, source: Target, destination: Target, question: Asked, request: Request | None
) -> frozenset[tuple[str, str | None]]:
    """What encrypts, and who is known to send, of every course that may get through. Raises EndError."""
    other = _ProtectionAsker(asker.asker, asker.mesh, asker.cluster)
    parts = list(other.parts_of(source, destination, question, request))
    if other.judged:
        return frozenset(other.found)
    return frozenset(
        (part.layered.encryption, part.layered.identity)
        for part in parts
        if part.verdict is not Verdict.DENIED and part.layered is not None
    )


class _UnboundAsker(MeshedAsker):
    reaches: Reaches | None = None

    def _ask(
        self, flow: Flow, verdict: Verdict, service: Service | None, port: int, request: Request | Among | None
    ) -> Question:
        return _UnboundQuestion(self, flow, verdict, service, port, request)


class _UnboundQuestion(Question):
    def part(self) -> Part:
        """The flow, with the verdict for who controls its client."""
        names = self.asker.asker.names(self.flow)
        told = self.judged()
        return Part(
            (self.flow.source.name,),
            (self.flow.destination.name,),
            self.flow.ports,
            self._best(),
            told.reason,
            (),
            *names,
            "",
        )

    def _best(self) -> Verdict:
        call = self.call()
        if call is None:
            return self.verdict
        told = [(frozenset(course.facts), self.judge(course).verdict) for course in self._courses(call)]
        facts = dict.fromkeys(one for one, _ in told)
        worlds = [
            [verdict for one, verdict in told if one <= world]
            for world in facts
            if not any(world < other for other in facts)
        ]
        best = [next((one for one in BEST if one in found), Verdict.DENIED) for found in worlds]
        return best[0] if len(set(best)) == 1 else Verdict.UNKNOWN

    def _courses(self, call: Call) -> Iterator[Course]:
        """By whichever Service the client calls."""
        assert isinstance(self.asker, _UnboundAsker)
        reaches = self.asker.reaches
        yield from call.unbound() if reaches is None else reaches.unbound(call)


class _ProtectionAsker(MeshedAsker):
    def __init__(self, asker: Asker, mesh: Mesh | None, cluster: Cluster) -> None:
        super().__init__(asker, mesh, cluster)
        self.found: set[tuple[str, str | None]] = set()
        self.judged = False

    def _ask(
        self, flow: Flow, verdict: Verdict, service: Service | None, port: int, request: Request | Among | None
    ) -> Question:
        self.judged = True
        question = Question(self, flow, verdict, service, port, request)
        call = question.call()
        for course in [plain(question.port)] if call is None else call.courses():
            judged = question.judge(course)
            if judged.verdict is not Verdict.DENIED:
                self.found.add((judged.layered.encryption, judged.layered.identity))
        return question
