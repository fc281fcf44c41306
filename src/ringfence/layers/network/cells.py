"""One cell of the relation: two programs, a source's and a destination's, under every joint completion of open facts.

``sure`` holds the ports that are allowed in every completion, ``possible`` those that are allowed in some. A port in
neither is denied, one in both is allowed, one only in ``possible`` is UNKNOWN, and then there is a completion that
allows and one that denies. The search splits on one literal at a time and stops a branch as soon as its bounds meet, so
it looks at few completions; past ``LIMIT`` branches the bounds are still right but may be loose (``exact`` False).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ringfence.layers.network.conditions import FAMILY, named_port
from ringfence.layers.network.facts import (
    OWN_ADDRESS,
    TRUE,
    Condition,
    Domain,
    Literal,
    Taken,
    Variable,
    both,
    consistent,
    empty,
    holds,
    truth,
    without,
)
from ringfence.layers.network.programs import Program, ProgramTable, outcome
from ringfence.sets.addresses import EVERY_IPV4, EVERY_IPV6
from ringfence.sets.ports import PortTable
from ringfence.values import Value, replace

LIMIT = 4096
"""Branches of one search. Interacting facts beyond it give loose bounds, and the reason then says "not decided"."""

LINES = {4: EVERY_IPV4, 6: EVERY_IPV6}

ALL, NONE = PortTable.ALL, PortTable.NONE

FAMILY_KINDS = frozenset(("family", "address", "node"))
"""Kinds of facts that hang on the address family of the flow."""

MEETING_KINDS = FAMILY_KINDS | {"namespace-label", "same-node", "named-port"}
"""Kinds of facts that hang on what the two ends of a flow share: without them two programs say it all."""


class Cell(Value):
    """Bounds of one kind of flow, as port set numbers."""

    sure: int
    possible: int
    exact: bool = True


OPEN_CELL = Cell(ALL, ALL)
CLOSED_CELL = Cell(NONE, NONE)


class Meeting(Value):
    """What two ends share, apart from their programs.

    ``families``: those that a flow between them may use; ``known`` False: which of them is an open fact (it is True for
    ends that surely have all of them, where each family is a flow of its own, asked one at a time).
    ``same_node`` None: not known; a name: the known node of one end, where that of the other, a hostNetwork pod, is
    not.
    ``itself``: both ends are the same pod, so that every fact of one is a fact of the other.
    """

    families: tuple[int, ...]
    same_namespace: bool
    same_node: bool | str | None
    itself: bool = False
    named: str = ""
    """The port that is asked for, as ``name/PROTOCOL``, where the destination's named ports are open."""


class Completion(Value):
    """A leaf of the search: the facts as narrowed down, and whether the port may be allowed, may be denied."""

    facts: dict[Variable, Domain]
    may_allow: bool
    may_deny: bool


def _weight(variable: Variable) -> int:
    """The order in which facts are split: those that settle most come first. Without enforcement nothing else
    matters."""
    return {"enforced": 0, "cni": 1}.get(variable.kind, 2)


class Cells:
    """Evaluates cells, each distinct one once."""

    def __init__(
        self, programs: ProgramTable, taken: Taken, node_families: Mapping[str, tuple[int, ...]] | None = None
    ) -> None:
        """``node_families``: the address families of the nodes whose addresses are known."""
        self.programs = programs
        self.node_families = node_families or {}
        self.ports = programs.ports
        self.taken = taken
        self._plain: dict[tuple[int, int], Cell | None] = {}
        self._cells: dict[tuple[int, int, Meeting], Cell] = {}
        self._needs: dict[int, frozenset[str]] = {}
        self._linked: Variable | None = None

    def plain(self, egress: int, ingress: int) -> Cell | None:
        """The cell of two programs that hang on no fact, else None."""
        key = (egress, ingress)
        if key in self._plain:
            return self._plain[key]
        left, right = self.programs.plain(egress), self.programs.plain(ingress)
        cell: Cell | None = None
        if left is not None and right is not None:
            cell = Cell(self._sure(left, right), self.ports.intersection(left[0], right[0]))
        self._plain[key] = cell
        return cell

    def plainly_allowed(self, egress: int, ingress: int) -> int | None:
        """The ports of a plain cell, without making it: where only they are asked of many pairs."""
        left, right = self.programs.plain(egress), self.programs.plain(ingress)
        return None if left is None or right is None else self._sure(left, right)

    def _sure(self, left: tuple[int, int], right: tuple[int, int]) -> int:
        """What neither side denies."""
        return self.ports.difference(self.ports.difference(ALL, left[1]), right[1])

    def needs(self, egress: int, ingress: int) -> frozenset[str]:
        """The kinds of facts that the two programs hang on."""
        return self._kinds(egress) | self._kinds(ingress)

    def _kinds(self, number: int) -> frozenset[str]:
        found = self._needs.get(number)
        if found is None:
            found = self._needs[number] = frozenset(
                literal.variable.kind
                for condition in self.programs.programs[number].conditions()
                for literal in condition
            )
        return found

    def cell(self, egress: int, ingress: int, meeting: Meeting) -> Cell:
        """The bounds over every joint completion."""
        plain = self.plain(egress, ingress)
        if plain is not None:
            return plain
        key = (egress, ingress, self.relevant(egress, ingress, meeting))
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = self._search(egress, ingress, key[2])
        return found

    def relevant(self, egress: int, ingress: int, meeting: Meeting) -> Meeting:
        """The meeting with what cannot matter left out, so that more cells share a key."""
        needs = self.needs(egress, ingress)
        place = meeting.same_node if "same-node" in needs else None
        if isinstance(place, str) and "node" not in needs:
            place = None
        return Meeting(
            meeting.families if needs & FAMILY_KINDS else (4,),
            meeting.same_namespace and "namespace-label" in needs,
            place,
            meeting.itself,
            meeting.named if "named-port" in needs else "",
        )

    def _pair(self, egress: int, ingress: int, meeting: Meeting) -> tuple[Program, Program, list[Literal]]:
        left, right = self.programs.programs[egress], self.programs.programs[ingress]
        literals: dict[Literal, None] = {}
        found = [condition for program in (left, right) for condition in sorted(program.conditions(), key=len)]
        self._linked = None
        if isinstance(meeting.same_node, str):
            nodes = {
                literal.variable for condition in found for literal in condition if literal.variable.kind == "node"
            }
            self._linked = next(iter(nodes), None)
        for condition in found:
            for literal in condition:
                literals[self._shared(literal, meeting)] = None
        ordered = sorted(literals, key=lambda literal: (_weight(literal.variable), repr(literal.variable.name)))
        return left, right, ordered

    def _shared(self, literal: Literal, meeting: Meeting) -> Literal:
        """A literal in terms of the facts that the two ends share: the labels of one namespace are the source's, and
        whether they share a node follows from the node of the one that is not known."""
        variable = literal.variable
        if meeting.itself and variable.role == "dst":
            return Literal(replace(variable, role="src"), literal.within)
        linked = self._linked
        if linked is not None and variable.kind == "same-node" and isinstance(meeting.same_node, str):
            assert isinstance(linked.domain, frozenset)
            here = frozenset((meeting.same_node,))
            return Literal(linked, here if literal.within == TRUE else linked.domain - here)
        if meeting.same_namespace and variable.kind == "namespace-label" and variable.role == "dst":
            return Literal(Variable("namespace-label", "src", variable.name, variable.domain), literal.within)
        return literal

    def _start(self, literals: Iterable[Literal], family: int, meeting: Meeting) -> dict[Variable, Domain] | None:
        facts: dict[Variable, Domain] = {FAMILY: frozenset((str(family),))}
        if meeting.named:
            facts[named_port(meeting.named)] = TRUE
        for literal in literals:
            variable = literal.variable
            if variable.kind == "address" and variable.name == OWN_ADDRESS:
                continue
            if variable.kind == "node":
                named = variable.domain
                assert isinstance(named, frozenset)
                facts[variable] = frozenset(name for name in named if family in self.node_families.get(name, (4, 6)))
            elif variable.kind == "address":
                domain = both(variable.domain, LINES[family])
                if empty(variable, domain, self.taken):
                    return None
                facts[variable] = domain
            elif variable.kind == "same-node" and isinstance(meeting.same_node, bool):
                facts[variable] = frozenset(("yes" if meeting.same_node else "no",))
        return facts

    def can_hold(self, condition: Iterable[Literal], meeting: Meeting) -> bool:
        """Whether the literals of a condition leave every fact an answer, in some address family of the meeting: two
        expressions of one selector may contradict each other, and a flow of IPv6 has no address of IPv4."""
        literals = [self._shared(literal, meeting) for literal in condition]
        for family in meeting.families:
            facts = self._start(literals, family, meeting)
            if facts is None:
                continue
            for literal in literals:
                variable = literal.variable
                facts[variable] = both(facts.get(variable, variable.domain), literal.within)
            if not any(empty(variable, domain, self.taken) for variable, domain in facts.items()):
                return True
        return False

    def _search(self, egress: int, ingress: int, meeting: Meeting) -> Cell:
        left, right, literals = self._pair(egress, ingress, meeting)
        starts = [facts for family in meeting.families if (facts := self._start(literals, family, meeting)) is not None]
        return self._explore(left, right, literals, starts, meeting)

    def _explore(
        self,
        left: Program,
        right: Program,
        literals: list[Literal],
        stack: list[dict[Variable, Domain]],
        meeting: Meeting,
    ) -> Cell:
        """The bounds over every completion of the given facts."""
        ports = self.ports
        bounds: tuple[int, int] | None = None
        budget = LIMIT
        exact = True
        while stack:
            facts = stack.pop()
            sure, possible = self._bounds(left, right, facts, meeting)
            if (
                bounds is not None
                and ports.union(possible, bounds[1]) == bounds[1]
                and (ports.intersection(sure, bounds[0]) == bounds[0])
            ):
                continue
            literal = None if sure == possible else self._undecided(literals, facts)
            if literal is not None and budget <= 0:
                exact, literal = False, None
            if literal is None:
                bounds = (
                    (sure, possible)
                    if bounds is None
                    else (ports.intersection(bounds[0], sure), ports.union(bounds[1], possible))
                )
                continue
            budget -= 1
            stack.extend(self._split(literal, facts))
        if bounds is None:
            return CLOSED_CELL
        return Cell(bounds[0], bounds[1], exact)

    def best_choice(
        self, egress: int, ingress: int, meeting: Meeting, chosen: Callable[[Variable], bool]
    ) -> tuple[int, int]:
        """Where somebody decides some of the facts: ``(ports that he gets with some choice, whatever the other facts
        are; ports that he gets with some choice and some other facts)``. Past ``LIMIT`` choices the first may be too
        few."""
        left, right, literals = self._pair(egress, ingress, meeting)
        others = [literal for literal in literals if not chosen(literal.variable)]
        own = [literal for literal in literals if chosen(literal.variable)]
        starts = [facts for family in meeting.families if (facts := self._start(literals, family, meeting)) is not None]
        ports = self.ports
        best = best_possible = NONE
        stack: list[dict[Variable, Domain]] = [{}]
        budget = LIMIT
        while stack and starts:
            choice = stack.pop()
            narrowed = [{**facts, **choice} for facts in starts]
            possible = NONE
            for facts in narrowed:
                possible = ports.union(possible, self._bounds(left, right, facts, meeting)[1])
            if ports.difference(possible, best) == NONE:
                continue
            literal = self._undecided(own, narrowed[0])
            if literal is not None and budget > 0:
                budget -= 1
                variable = literal.variable
                stack.extend({**choice, variable: branch[variable]} for branch in self._split(literal, narrowed[0]))
                continue
            cell = self._explore(left, right, literals if literal is not None else others, narrowed, meeting)
            best = ports.union(best, cell.sure)
            best_possible = ports.union(best_possible, cell.possible)
        return best, ports.union(best, best_possible)

    def _bounds(
        self, left: Program, right: Program, facts: dict[Variable, Domain], meeting: Meeting
    ) -> tuple[int, int]:
        memo: dict[Condition, bool | None] = {}

        def known(condition: Condition) -> bool | None:
            if condition not in memo:
                shared = frozenset(self._shared(literal, meeting) for literal in condition)
                memo[condition] = holds(shared, facts, self.taken)
            return memo[condition]

        ports = self.ports
        may_allow, may_deny = outcome(ports, left, known)
        other_allow, other_deny = outcome(ports, right, known)
        return (
            ports.difference(ports.difference(ALL, may_deny), other_deny),
            ports.intersection(may_allow, other_allow),
        )

    def _undecided(self, literals: list[Literal], facts: dict[Variable, Domain]) -> Literal | None:
        for literal in literals:
            if truth(literal, facts, self.taken) is None:
                return literal
        return None

    def _split(self, literal: Literal, facts: dict[Variable, Domain]) -> list[dict[Variable, Domain]]:
        variable = literal.variable
        domain = facts.get(variable, variable.domain)
        found = []
        for narrowed in (both(domain, literal.within), without(domain, literal.within)):
            branch = {**facts, variable: narrowed}
            if not empty(variable, narrowed, self.taken) and (
                variable.kind != "address" or consistent(branch, self.taken)
            ):
                found.append(branch)
        return found

    def completions(self, egress: int, ingress: int, meeting: Meeting, port: int) -> list[Completion]:
        """Every joint completion for one port key (at most ``LIMIT``), each fact decided as far as the verdict hangs
        on it: what is allowed or denied whatever the others are is not taken apart further."""
        meeting = self.relevant(egress, ingress, meeting)
        left, right, literals = self._pair(egress, ingress, meeting)
        found: list[Completion] = []
        stack = [facts for family in meeting.families if (facts := self._start(literals, family, meeting)) is not None]
        while stack and len(found) < LIMIT:
            facts = stack.pop()
            sure, possible = self._bounds(left, right, facts, meeting)
            may_allow, may_deny = self.ports.contains(possible, port), not self.ports.contains(sure, port)
            literal = self._undecided(literals, facts) if may_allow and may_deny else None
            if literal is not None:
                stack.extend(self._split(literal, facts))
                continue
            found.append(Completion(facts, may_allow, may_deny))
        return found
