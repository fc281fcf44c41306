"""Findings made by hand, and the same with hostile names."""

from __future__ import annotations

from datetime import date

from ringfence.model.provenance import Place
from ringfence.reports.context import Context
from ringfence.reports.findings.report import Report
from ringfence.rules.assessment import Assessment, assess
from ringfence.rules.finding import Finding, NotEvaluable, Related, Severity, Subject, Witness
from ringfence.rules.registry import Entry, entries
from ringfence.rules.running import Outcome
from ringfence.rules.suppression import Origin, Suppression
from ringfence.values import replace
from ringfence.verdict.answers import Verdict
from tests.reports.samples import CONTEXT, explanation

SHOP = Subject("Namespace", "", "shop")
DATABASE = Subject("NetworkPolicy", "shop", "db")


def open_namespace(name: str = "shop") -> Finding:
    return Finding(
        "NP-001",
        f"no policy closes ingress of a pod of {name} with no labels: it accepts connections from everywhere",
        Place("base/namespaces.yaml", 3, 1),
        Subject("Namespace", "", name),
        ("open",),
        witness=Witness("@lab", f"@{name}", 443, "TCP", Verdict.ALLOWED),
        fix="add a default deny:\nkind: NetworkPolicy",
    )


def empty_selector(name: str = "db", number: int = 12) -> Finding:
    return Finding(
        "NP-005",
        f"NetworkPolicy shop/{name} selects no pod of shop: none has app=databse",
        Place("base/netpol.yaml", number, 3),
        Subject("NetworkPolicy", "shop", name),
        ("app=databse",),
        (Related(Place("base/app.yaml", 8, 5), "the pod that may be meant"),),
        fix="did you mean app: database?",
    )


def accepted(subject: Subject = SHOP, reason: str = "moves to the gateway") -> Suppression:
    place = Place("base/namespaces.yaml", 6, 5)
    return Suppression("NP-001", reason, "2027-01-31", "platform", Origin.ANNOTATION, place, subject, subject=subject)


def assessment() -> Assessment:
    """A finding of each kind, one of them suppressed, one low, and one thing that could not be evaluated."""
    low = replace(open_namespace("lab"), severity=Severity.LOW, evidence=("outside",), witness=None)
    findings = (open_namespace(), open_namespace("data"), empty_selector(), low)
    doubts = (NotEvaluable("NP-005", Subject("NetworkPolicy", "edge", "web"), "the input has no workloads of edge"),)
    outcome = Outcome(findings, doubts, ("NP-001", "NP-005", "GOV-002", "GOV-004"))
    return assess(outcome, [accepted()], date(2026, 11, 1))


def rules(found: Assessment) -> dict[str, Entry]:
    """The rules that ran, with pages that no change of their texts touches."""
    made = {}
    for entry in entries(found.rules):
        name = f"{entry.rule.id} {entry.rule.slug}"
        page = f"# {name}\n\n## Why this is bad\n\nBecause it is.\n\n## Example\n\n```yaml\nkind: Pod\n```"
        made[entry.rule.id] = replace(entry, page=page)
    return made


def report(context: Context = CONTEXT, explained: bool = False) -> Report:
    found = assessment()
    return Report(
        found,
        rules(found),
        context,
        explanations={one.fingerprint: explanation() for one in found.found} if explained else {},
        explained=explained,
        version="1.2.3",
    )


def hostile_report(name: str) -> Report:
    """Every text of the input is the name."""
    place = Place(name, 1, 3)
    finding = Finding(
        "NP-005",
        name,
        place,
        Subject(name, name, name),
        (name,),
        (Related(place, name),),
        Witness(name, name, name, "TCP", Verdict.ALLOWED),
        f"{name}\n{name}",
    )
    doubt = NotEvaluable("NP-001", Subject(name, name, name), name, place)
    subject = Subject("Namespace", "", name)
    hidden = accepted(subject, name)
    hidden = replace(hidden, owner=name, place=place)
    outcome = Outcome((finding, replace(open_namespace(name), subject=subject)), (doubt,), ("NP-001", "NP-005"))
    found = assess(outcome, [hidden], date(2026, 11, 1)).against([])
    gone = replace(found, known=found.found).entries()
    return Report(
        replace(found, fixed=tuple(gone)),
        rules(found),
        Context(name, name, True, CONTEXT.problems, (name,), lambda _: name),
        explanations={one.fingerprint: explanation(name, place) for one in found.found},
        explained=True,
        version="1.2.3",
    )
