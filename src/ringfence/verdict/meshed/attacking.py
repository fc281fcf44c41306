"""Why somebody gets through who controls its pod: the layers of the form of the connection that it would choose."""

from __future__ import annotations

from ringfence.model.cluster import Cluster, Service
from ringfence.model.mesh import Mesh
from ringfence.verdict.answers import Answer, Decision, Reason, Verdict
from ringfence.verdict.asking import Asker
from ringfence.verdict.ends import Target
from ringfence.verdict.flow import Asked, Flow
from ringfence.verdict.meshed.agreeing import open_courses
from ringfence.verdict.meshed.asking import MeshedAsker, Question
from ringfence.verdict.meshed.judging import Judged
from ringfence.verdict.meshed.reach import OWN, Holder, Reaches, Reading
from ringfence.verdict.meshed.request import Among, Request

PASSES = (Verdict.ALLOWED, Verdict.MIXED)
OPEN = (*PASSES, Verdict.UNKNOWN)


class Attackers(MeshedAsker):
    """Answers as ``Reading.UNBOUND`` reads: a port is open where some request passes in some form."""

    def __init__(self, asker: Asker, mesh: Mesh, cluster: Cluster | None = None, holder: Holder = OWN) -> None:
        super().__init__(asker, mesh, cluster)
        self.holder = holder
        self.reaches = Reaches(self.cluster, mesh, Reading.UNBOUND, holder)

    def opening(self, source: Target, destination: Target, question: Asked) -> Answer:
        """The answer about the flows that are open, if any is. Raises EndError."""
        flows = self.asker.flows.between(source, destination, question)
        parts = list(self._merged(self.parts_among(flows, destination.service, True, None)))
        telling = parts
        for verdicts in (PASSES, OPEN):
            some = [part for part in parts if part.verdict in verdicts]
            if some:
                telling = some
                break
        decided: dict[Decision, None] = {}
        for part in telling:
            decided.update(dict.fromkeys(part.decided_by))
        first = telling[0] if telling else None
        return Answer(
            Verdict.DENIED if first is None else first.verdict,
            Reason("no-flow", "there is no such flow") if first is None else first.reason,
            tuple(decided),
            tuple(telling),
            source.text,
            destination.text,
            str(question),
            (),
            self.asker.partial,
            None if first is None else first.layered,
        )

    def _ask(
        self, flow: Flow, verdict: Verdict, service: Service | None, port: int, request: Request | Among | None
    ) -> Question:
        return Attack(self, flow, verdict, service, port, request, self.holder)


class Attack(Question):
    """A question about the best of all forms that a client may choose, who has the certificates of ``holder``."""

    holder: Holder = OWN

    def judged(self) -> Judged:
        """The first form in which some request surely passes; else the first that perhaps does; else the first."""
        call = self.call()
        assert call is not None
        reaches = self.asker.reaches if isinstance(self.asker, Attackers) else None
        assert reaches is not None
        courses = [course for one in self.holder.calls(call) for course in reaches.unbound(one)]
        found = [self.judge(course) for course in courses]
        told = [(frozenset(course.facts), judged) for course, judged in zip(courses, found, strict=True)]
        facts = dict.fromkeys(one for one, _ in told)
        best: list[Judged] = []
        for world in (one for one in facts if not any(one < other for other in facts)):
            there = [judged for one, judged in told if one <= world]
            best.append(min(there, key=lambda one: 0 if one.verdict in PASSES else 1 + (one.verdict not in OPEN)))
        if len({one.verdict in PASSES for one in best}) == 1:
            return min(best, key=lambda one: one.verdict is Verdict.DENIED)
        return open_courses(courses, found)


__all__ = ["Attack", "Attackers"]
