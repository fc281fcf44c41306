"""Runs rules over a situation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ringfence.rules.finding import Finding, NotEvaluable, Result, Severity, Subject
from ringfence.rules.registry import Entry, entry
from ringfence.rules.situation import Situation
from ringfence.values import Value, replace
from ringfence.verdict.answers import Verdict
from ringfence.verdict.ends import EndError


class Outcome(Value):
    """What the rules found, worst first, and what they could not evaluate. ``rules``: ids of those that ran."""

    findings: tuple[Finding, ...]
    not_evaluable: tuple[NotEvaluable, ...]
    rules: tuple[str, ...]


def severity_of(finding: Finding) -> Severity:
    """Its own severity, else that of its rule."""
    return finding.severity or entry(finding.rule).rule.severity


def run(situation: Situation, rules: Iterable[Entry]) -> Outcome:
    """Every result of the rules, each once, in an order that depends on the input only."""
    chosen = list(rules)
    findings: dict[Finding, None] = {}
    not_evaluable: dict[NotEvaluable, None] = {}
    for one in chosen:
        for result in _results(one, situation):
            if isinstance(result, Finding):
                findings[_with_layers(situation, result)] = None
            else:
                not_evaluable[result] = None
    return Outcome(
        tuple(in_order(findings)),
        tuple(sorted(not_evaluable, key=lambda one: (one.rule, one.scope, one.why))),
        tuple(one.rule.id for one in chosen),
    )


def _results(one: Entry, situation: Situation) -> Iterator[Result]:
    """What a rule says. Where it asks about an object whose name cannot be (no API server takes it), the rest of
    the rule could not be evaluated."""
    try:
        yield from one.check(situation)
    except EndError as error:
        yield NotEvaluable(one.rule.id, Subject("Cluster", "", "input"), str(error))


def _with_layers(situation: Situation, finding: Finding) -> Finding:
    """The finding, its witness with what all layers say where that is something else than it expects: rules about the
    network ask the network layer alone, and a mesh may refuse what it lets through. A refusal that only the client's
    own side makes is none for somebody who controls its pod."""
    witness = finding.witness
    if witness is None or situation.mesh is None or witness.unbound:
        return finding
    try:
        answer = situation.answer(witness)
    except EndError:
        return finding
    together = answer.verdict
    own = together is Verdict.DENIED and answer.layered is not None and not answer.layered.holds
    if own and witness.expected is Verdict.ALLOWED:
        return replace(finding, witness=replace(witness, unbound=True))
    if own and witness.expected is Verdict.DENIED:
        return replace(finding, witness=replace(witness, binds=False))
    return finding if together is witness.expected else replace(finding, witness=replace(witness, together=together))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, then by rule and place."""
    return sorted(findings, key=_order)


def _order(finding: Finding) -> tuple[object, ...]:
    place = finding.place
    return (
        severity_of(finding).rank,
        finding.rule,
        place.file,
        place.line,
        place.column,
        finding.subject,
        finding.evidence,
    )
