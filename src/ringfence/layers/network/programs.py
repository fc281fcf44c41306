"""What the policies of one direction do to a flow, as an interned symbolic program.

For a subject and one peer, the rules that can match the peer are run in order. As long as every match is certain the
outcome is kept as sets of ports; from the first match that hangs on an open fact on, the rules themselves are kept, to
be run again under each completion of the facts. So most cells of the relation are a pair of port sets, and the rest are
exact too.

Outcomes are *may-sets*: ``allow`` holds the ports that may be allowed, ``deny`` those that may be denied. With all
facts decided a port is in both only where two policies of equal priority disagree, which upstream leaves undefined.

Source of the semantics: network-policy-api ``apis/v1alpha2`` type comments (order, Pass, ties) and
``networking/v1`` NetworkPolicy (isolation, union of rules).
"""

from __future__ import annotations

from collections.abc import Callable

from ringfence.layers.network.facts import ALWAYS, Condition
from ringfence.model.policy import Action
from ringfence.sets.ports import PortTable
from ringfence.values import Value, replace

ALL, NONE = PortTable.ALL, PortTable.NONE

Holds = Callable[[Condition], bool | None]


class Match(Value):
    """One rule that matches the peer under ``condition`` at ``ports`` (a number of the port table)."""

    condition: Condition
    action: Action
    ports: int


class Begin(Value):
    """Rivals begin: sequences of policies of which no text says which comes first. They may nest."""


class NextRival(Value):
    """Among rivals, the next one begins."""


class End(Value):
    """The innermost rivals end: any of them that matched may have decided."""


Step = Match | Begin | NextRival | End


class Frame(Value):
    """What waits while rivals are run: the may-sets of the sequence around them, and of the rivals that are done.

    ``matched`` holds the ports that some rival surely decided.
    """

    allow: int
    deny: int
    passed: int
    undecided: int
    rival_allow: int = NONE
    rival_deny: int = NONE
    rival_passed: int = NONE
    matched: int = NONE


class Ordered(Value):
    """An ordered tier after some steps: may-sets of the sequence in progress, and the steps that hang on facts.

    ``undecided`` may still be decided by a later rule. ``frames`` are the sequences around it, outermost first.
    """

    allow: int = NONE
    deny: int = NONE
    passed: int = NONE
    undecided: int = ALL
    frames: tuple[Frame, ...] = ()
    tail: tuple[Step, ...] = ()


START = Ordered()


class Union(Value):
    """NetworkPolicy rules that match: ports allowed for certain, and those allowed under a condition."""

    allow: int = NONE
    conditional: tuple[tuple[Condition, int], ...] = ()


NOTHING = Union()


class Subject(Value):
    """What holds for a subject whoever the peer is.

    ``isolated``: True, False, or the conditions of which one must hold. ``skip_baseline`` likewise (a NetworkPolicy
    isolates the other direction, and the plugin then drops Baseline for both).
    """

    isolated: bool | tuple[Condition, ...] = False
    skip_baseline: bool | tuple[Condition, ...] = False


OPEN_SUBJECT = Subject()


class Program(Value):
    """One direction of one kind of flow. ``exempt`` holds conditions under which nothing is judged at all (a pod's own
    node), ``unfiltered`` those under which NetworkPolicy admits everything."""

    subject: Subject = OPEN_SUBJECT
    admin: Ordered = START
    union: Union = NOTHING
    baseline: Ordered = START
    exempt: tuple[Condition, ...] = ()
    unfiltered: tuple[Condition, ...] = ()

    def conditions(self) -> frozenset[Condition]:
        """Every condition that the outcome may hang on."""
        found: set[Condition] = set(self.exempt) | set(self.unfiltered)
        for part in (self.subject.isolated, self.subject.skip_baseline):
            if isinstance(part, tuple):
                found.update(part)
        for ordered in (self.admin, self.baseline):
            found.update(step.condition for step in ordered.tail if isinstance(step, Match))
        found.update(condition for condition, _ in self.union.conditional)
        found.discard(ALWAYS)
        return frozenset(found)


def step_once(ports: PortTable, state: Ordered, step: Step, certain: bool = True) -> Ordered:
    """One step on the may-sets. ``certain`` False: the match may also not happen."""
    if isinstance(step, Match):
        hit = ports.intersection(state.undecided, step.ports)
        if hit == NONE:
            return state
        left = ports.difference(state.undecided, hit) if certain else state.undecided
        if step.action is Action.ALLOW:
            return replace(state, undecided=left, allow=ports.union(state.allow, hit))
        if step.action is Action.DENY:
            return replace(state, undecided=left, deny=ports.union(state.deny, hit))
        return replace(state, undecided=left, passed=ports.union(state.passed, hit))
    if isinstance(step, Begin):
        frame = Frame(state.allow, state.deny, state.passed, state.undecided)
        return Ordered(frames=(*state.frames, frame))
    *outer, frame = state.frames
    frame = replace(
        frame,
        rival_allow=ports.union(frame.rival_allow, state.allow),
        rival_deny=ports.union(frame.rival_deny, state.deny),
        rival_passed=ports.union(frame.rival_passed, state.passed),
        matched=ports.union(frame.matched, ports.difference(ALL, state.undecided)),
    )
    if isinstance(step, NextRival):
        return Ordered(frames=(*outer, frame))
    within = frame.undecided
    return Ordered(
        allow=ports.union(frame.allow, ports.intersection(within, frame.rival_allow)),
        deny=ports.union(frame.deny, ports.intersection(within, frame.rival_deny)),
        passed=ports.union(frame.passed, ports.intersection(within, frame.rival_passed)),
        undecided=ports.difference(within, frame.matched),
        frames=tuple(outer),
    )


def add_step(ports: PortTable, state: Ordered, step: Step) -> Ordered:
    """The program with one more step: run at once if nothing before it hangs on a fact, else kept."""
    if state.tail:
        # What the sequence in progress left open says nothing of the rivals that a kept step begins.
        open_still = state.frames[0].undecided if state.frames else state.undecided
        if isinstance(step, Match) and ports.intersection(open_still, step.ports) == NONE:
            return state
        return replace(state, tail=(*state.tail, step))
    if isinstance(step, Match) and step.condition:
        if ports.intersection(state.undecided, step.ports) == NONE:
            return state
        return replace(state, tail=(step,))
    return step_once(ports, state, step)


def run_tail(ports: PortTable, state: Ordered, holds: Holds) -> Ordered:
    """The may-sets under what is known of the facts."""
    if not state.tail:
        return state
    result = replace(state, tail=())
    for step in state.tail:
        if isinstance(step, Match):
            value = holds(step.condition)
            if value is not False:
                result = step_once(ports, result, step, certain=value is True)
        else:
            result = step_once(ports, result, step)
    return result


def _any_holds(conditions: bool | tuple[Condition, ...], holds: Holds) -> bool | None:
    if isinstance(conditions, bool):
        return conditions
    verdict: bool | None = False
    for condition in conditions:
        value = holds(condition)
        if value is True:
            return True
        if value is None:
            verdict = None
    return verdict


def outcome(ports: PortTable, program: Program, holds: Holds) -> tuple[int, int]:
    """``(may be allowed, may be denied)`` under what is known of the facts."""
    exempt = _any_holds(program.exempt, holds)
    if exempt is True:
        return ALL, NONE
    admin = run_tail(ports, program.admin, holds)
    allow, deny = admin.allow, admin.deny
    reaching = ports.union(admin.passed, admin.undecided)
    if reaching != NONE:
        isolated = _any_holds(program.subject.isolated, holds)
        if isolated is not False:
            surely = possibly = program.union.allow
            for condition, numbers in program.union.conditional:
                value = holds(condition)
                if value is not False:
                    possibly = ports.union(possibly, numbers)
                if value is True:
                    surely = ports.union(surely, numbers)
            unfiltered = _any_holds(program.unfiltered, holds)
            if unfiltered is not False:
                possibly = ALL
            if unfiltered is True:
                surely = ALL
            allow = ports.union(allow, ports.intersection(reaching, possibly))
            deny = ports.union(deny, ports.difference(reaching, surely))
        if isolated is not True:
            skipped = _any_holds(program.subject.skip_baseline, holds)
            if skipped is not False:
                allow = ports.union(allow, reaching)
            if skipped is not True:
                baseline = run_tail(ports, program.baseline, holds)
                deny = ports.union(deny, ports.intersection(reaching, baseline.deny))
                open_still = ports.union(baseline.allow, ports.union(baseline.passed, baseline.undecided))
                allow = ports.union(allow, ports.intersection(reaching, open_still))
    return (ALL if exempt is None else allow), deny


class ProgramTable:
    """Numbers programs and memoises steps, so that folding a row costs dictionary look-ups."""

    def __init__(self, ports: PortTable) -> None:
        self.ports = ports
        self.programs: list[Program] = [Program()]
        self._numbers: dict[Program, int] = {self.programs[0]: 0}
        self._plain: list[tuple[int, int] | None] = [(ALL, NONE)]
        self._ordered: list[Ordered] = [START]
        self._ordered_numbers: dict[Ordered, int] = {START: 0}
        self._steps: list[Step] = []
        self._step_numbers: dict[Step, int] = {}
        self._after: dict[tuple[int, int], int] = {}
        self._unions: list[Union] = [NOTHING]
        self._union_numbers: dict[Union, int] = {NOTHING: 0}
        self._union_after: dict[tuple[int, Condition, int], int] = {}
        self._combined: dict[tuple[object, ...], int] = {}

    def step(self, step: Step) -> int:
        """The number of a step."""
        found = self._step_numbers.get(step)
        if found is None:
            found = self._step_numbers[step] = len(self._steps)
            self._steps.append(step)
        return found

    def after(self, state: int, step: int) -> int:
        """The ordered state after one more step, both by number."""
        key = (state, step)
        found = self._after.get(key)
        if found is None:
            new = add_step(self.ports, self._ordered[state], self._steps[step])
            number = self._ordered_numbers.get(new)
            if number is None:
                number = self._ordered_numbers[new] = len(self._ordered)
                self._ordered.append(new)
            found = self._after[key] = number
        return found

    def union_after(self, state: int, condition: Condition, numbers: int) -> int:
        """The union after one more allowing match."""
        key = (state, condition, numbers)
        found = self._union_after.get(key)
        if found is None:
            union = self._unions[state]
            if condition:
                entries = {*union.conditional, (condition, numbers)}
                new = replace(union, conditional=tuple(sorted(entries, key=lambda entry: (hash(entry[0]), entry[1]))))
            else:
                new = replace(union, allow=self.ports.union(union.allow, numbers))
            number = self._union_numbers.get(new)
            if number is None:
                number = self._union_numbers[new] = len(self._unions)
                self._unions.append(new)
            found = self._union_after[key] = number
        return found

    def combine(
        self,
        subject: Subject,
        admin: int,
        union: int,
        baseline: int,
        exempt: tuple[Condition, ...] = (),
        unfiltered: tuple[Condition, ...] = (),
    ) -> int:
        """The number of the whole program. Parts that cannot matter are dropped, so that equal outcomes are equal
        numbers wherever no fact is open."""
        key = (subject, admin, union, baseline, exempt, unfiltered)
        found = self._combined.get(key)
        if found is None:
            found = self._combined[key] = self._intern(
                Program(
                    subject,
                    self._ordered[admin],
                    self._unions[union],
                    self._ordered[baseline],
                    exempt,
                    unfiltered,
                )
            )
        return found

    def exempted(self, number: int, condition: Condition) -> int:
        """The program under which nothing is judged where a condition holds."""
        if number == 0 or not condition:
            return 0
        program = self.programs[number]
        return self._intern(replace(program, exempt=(*program.exempt, condition)))

    def ordered(self, state: int) -> int:
        """The program that is an ordered tier alone."""
        return self.combine(OPEN_SUBJECT, state, 0, 0)

    def _intern(self, program: Program) -> int:
        if program.subject.isolated is True:
            program = replace(program, baseline=START, subject=Subject(True, False))
        elif program.subject.isolated is False:
            program = replace(program, union=NOTHING, unfiltered=())
        if not program.conditions():
            allow, deny = outcome(self.ports, program, lambda condition: True)
            program = Program(admin=Ordered(allow=allow, deny=deny, undecided=NONE))
            plain: tuple[int, int] | None = (allow, deny)
            if plain == (ALL, NONE):
                return 0
        else:
            plain = None
        number = self._numbers.get(program)
        if number is None:
            number = self._numbers[program] = len(self.programs)
            self.programs.append(program)
            self._plain.append(plain)
        return number

    def plain(self, number: int) -> tuple[int, int] | None:
        """``(may be allowed, may be denied)`` of a program that hangs on no fact, else None."""
        return self._plain[number]
