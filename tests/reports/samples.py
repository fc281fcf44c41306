"""Answers, explanations and lists made by hand, and the same with hostile names."""

from __future__ import annotations

from typing import Any

from ringfence.layers.profiles.detection import Choice, choose
from ringfence.model.plugins import DetectedPlugins, PluginCandidate, PluginHint, Seen, Setting
from ringfence.model.problems import Problem, Severity
from ringfence.model.provenance import Place
from ringfence.reports.context import Context
from ringfence.sets.ports import EVERYTHING, Intervals, port_key
from ringfence.verdict.answers import (
    Answer,
    Connections,
    Decision,
    DirectionTrace,
    Edit,
    Explanation,
    FlowChange,
    Part,
    PolicyTrace,
    Reason,
    Row,
    RowLayers,
    RuleTrace,
    TierTrace,
    Trace,
    Verdict,
)
from ringfence.verdict.portability import DecidingFact, Group, Portability, Under


def tcp(first: int, last: int | None = None) -> Intervals:
    return ((port_key("TCP", first), port_key("TCP", last or first)),)


ALLOWED = Reason("allowed", "an ingress rule allows it")
DENIED = Reason("denied", "isolated for ingress, and no rule matches")
UNKNOWN = Reason(
    "ipblock-matches-pods", "plugins differ in whether an ipBlock matches pods", "--cni NAME names the plugin"
)


RULE = Place("base/netpol.yaml", 12, 1)


def decision(name: str = "db-ingress", place: Place = RULE) -> Decision:
    return Decision("network", "ingress", "NetworkPolicy", "shop", name, 0, place)


def part(verdict: Verdict, ports: Intervals, reason: Reason, name: str = "shop/web") -> Part:
    return Part((name,), ("shop/db",), ports, verdict, reason, (decision(),), name, "shop/db-0", "TCP 5432")


def answer(verdict: Verdict = Verdict.DENIED, *parts: Part, name: str = "shop/web") -> Answer:
    reason = {Verdict.ALLOWED: ALLOWED, Verdict.DENIED: DENIED, Verdict.UNKNOWN: UNKNOWN}.get(
        verdict, Reason("mixed", "the flows differ")
    )
    return Answer(
        verdict, reason, (decision(),), parts or (part(verdict, tcp(5432), reason, name),), name,
        "shop/db", "TCP 5432", ("10.0.0.7 is pod shop/db-0",),
    )  # fmt: skip


def mixed() -> Answer:
    return answer(Verdict.MIXED, part(Verdict.ALLOWED, tcp(5432), ALLOWED), part(Verdict.DENIED, tcp(1, 5431), DENIED))


def explanation(name: str = "shop/web", place: Place = RULE) -> Explanation:
    rule = RuleTrace(0, "", "allow", False, "from podSelector app=api: the source has app=web", place)
    policy = PolicyTrace("NetworkPolicy", "shop", "db-ingress", place, True, "no match", (rule,))
    perhaps = PolicyTrace("NetworkPolicy", "shop", "open", place, None, "unknown", ())
    tier = TierTrace("NetworkPolicy tier", "denied: isolated, and no rule matches", (policy, perhaps))
    egress = DirectionTrace("egress", name, Verdict.ALLOWED, "not isolated for egress", ())
    ingress = DirectionTrace("ingress", "shop/db", Verdict.DENIED, "isolated", (tier,))
    trace = Trace(name, "shop/db", "TCP 5432", Verdict.DENIED, DENIED, (decision(),), (egress, ingress))
    change = FlowChange("shop/web", "shop/cache", tcp(6379), Verdict.DENIED, Verdict.ALLOWED)
    edit = Edit("give shop/web the label app=api", place, 1, 1, {"kind": "Deployment"}, (change,), 2)
    return Explanation(answer(name=name), (trace,), edit)


def connections() -> Connections:
    web, db, api = "shop/web", "shop/db", "shop/api"
    job = "batch/report"
    return Connections(
        "workload",
        (
            Row((web,), (api,), tcp(8080), Verdict.ALLOWED),
            Row((web, api, db), (job, db), EVERYTHING, Verdict.ALLOWED),
            Row((job,), (db,), tcp(5432), Verdict.UNKNOWN, UNKNOWN),
            Row((job,), (api,), tcp(80, 90), Verdict.UNKNOWN, UNKNOWN),
            Row(("internet",), (web,), tcp(443), Verdict.ALLOWED),
        ),
        2,
        (web, db, api, job, "internet"),
        ("each end to itself is not listed",),
    )


def layered() -> Connections:
    """A list with what each layer says."""
    web, db, api = "shop/web", "shop/db", "shop/api"
    allowed, denied, unknown, mixed = Verdict.ALLOWED, Verdict.DENIED, Verdict.UNKNOWN, Verdict.MIXED

    def said(network: Verdict, transport: Verdict, requests: Verdict, *rest: Any) -> RowLayers:
        return RowLayers((("network", network), ("transport", transport), ("requests", requests)), *rest)

    some = Reason("mixed", "some requests pass (method GET), and some do not (method POST)")
    hangs = Reason("mesh-open", "it hangs on whether shop/db has its proxy", "the pod itself")
    return Connections(
        "workload",
        (
            Row(
                (web, api),
                (db,),
                tcp(8080),
                mixed,
                some,
                said(allowed, allowed, mixed, "mtls", True, "GET /orders*", "requests"),
            ),
            Row((web,), (db,), tcp(5432), allowed, None, said(allowed, allowed, allowed, "hbone", True)),
            Row(
                ("internet",),
                (db,),
                tcp(5432),
                denied,
                None,
                said(allowed, denied, allowed, "none", False, "", "transport"),
            ),
            Row(
                (api,),
                (db,),
                tcp(9090),
                unknown,
                hangs,
                said(allowed, unknown, allowed, "unknown", None, "", "transport", hangs),
            ),
            Row((api,), (web,), tcp(80), allowed, None, said(allowed, allowed, allowed)),
        ),
        0,
        (web, db, api, "internet"),
        layers=("network", "transport", "requests"),
        identities={
            web: "spiffe://cluster.local/ns/shop/sa/web",
            api: "spiffe://cluster.local/ns/shop/sa/a-rather-long-name",
        },
    )


def portability(name: str = "shop/web") -> Portability:
    allowed, unknown = answer(Verdict.ALLOWED, name=name), answer(Verdict.UNKNOWN, name=name)
    groups = (
        Group(Verdict.ALLOWED, (Under("calico@3.29", allowed, "before 3.32"), Under("flannel", allowed))),
        Group(Verdict.DENIED, (Under("kindnet", answer(name=name)),)),
        Group(Verdict.UNKNOWN, (Under("generic", unknown),)),
    )
    fact = DecidingFact("end-port", ("kindnet",), ("flannel",), ("generic",))
    return Portability(name, "shop/db", "TCP 5432", Verdict.MIXED, groups, (fact,))


def detection(name: str = "kindnet", place: Place = RULE) -> tuple[Choice, DetectedPlugins]:
    """Two engines, settings, nodes, and a hint; ``name`` stands wherever the input has a name."""
    seen = Seen(f"DaemonSet kube-system/{name}", place)
    first = PluginCandidate(
        "calico",
        (seen,),
        ("3.31.2", ""),
        (Setting("end-port", None, f"flag {name}", seen),),
        {name: False, "n2": None},
        {name: f"selects {name}", "n2": "is not ready"},
    )
    plugins = DetectedPlugins((first, PluginCandidate(name, (seen,))), (PluginHint("cilium", seen),))
    return choose(plugins), plugins


PROBLEM = Problem(
    Place("base/pod.yaml", 3, 7), "unknown-field", Severity.WARNING, "the API server drops 'contaniers'",
    "did you mean containers?",
)  # fmt: skip
CONTEXT = Context("generic", "the default", False, (PROBLEM,), ("service mesh objects were seen",))

HOSTILE = (
    "\x1b[2J\x1b]0;owned\x07",
    "a\x9b31mb",
    "‮moc.live",
    "zero​width⁠",
    "line\nbreak\r\ttab",
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-1",
    "@SUM(A1)",
    "|pipe|`tick`**bold**[x](http://evil.example)<script>alert(1)</script>",
    '"];evil[label="x',
    "back\\slash\\",
    "&lt;!-- #1 @someone www.evil.example",
    "---\n- yaml: *anchor",
    "half\ud800surrogate",
    "\x7fdel\x00nul",
    "%0A::error::evil",
    "a##[group]evil]]>",
    "{0}[x](1)",
)
