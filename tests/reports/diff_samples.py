"""Differences made by hand, and the same with hostile names."""

from __future__ import annotations

from typing import Literal

from ringfence.model.provenance import Place
from ringfence.values import replace
from ringfence.verdict.altered import Altered
from ringfence.verdict.answers import Decision, Reason, Verdict
from ringfence.verdict.changes import (
    OF_PROTECTION,
    AskedRequest,
    Cause,
    Change,
    Diff,
    DiffRow,
    Edge,
    Layers,
    NotCompared,
    WayChange,
    Witness,
)
from ringfence.verdict.equivalence import Equivalence, Order
from ringfence.verdict.equivalence import Witness as OrderWitness
from ringfence.verdict.meshed.request import Request
from ringfence.verdict.ways_in.values import Opening
from tests.reports.samples import decision, tcp

POLICY = Altered(
    "changed", "NetworkPolicy", "shop", "db-ingress", Place("old/netpol.yaml", 10, 1), Place("base/netpol.yaml", 10, 1)
)
LABELS = Altered(
    "changed", "Namespace", None, "lab", Place("old/ns.yaml", 2, 1), Place("base/ns.yaml", 2, 1), "label team: a → b"
)


def row(change: Change = Change.WIDENED, name: str = "shop/web", **more: object) -> DiffRow:
    before, after = {
        Change.WIDENED: (Verdict.DENIED, Verdict.ALLOWED),
        Change.NARROWED: (Verdict.ALLOWED, Verdict.UNKNOWN),
        Change.CHANGED: (Verdict.UNKNOWN, Verdict.MIXED),
        Change.NEW: (None, Verdict.ALLOWED),
        Change.GONE: (Verdict.UNKNOWN, None),
    }.get(change, (Verdict.ALLOWED, Verdict.ALLOWED))
    values: dict[str, object] = {
        "change": change,
        "sources": (name, "lab/a", "lab/b", "lab/c", "192.0.2.0/24"),
        "destinations": ("shop/db",),
        "ports": tcp(5432),
        "before": before,
        "after": after,
        "causes": (Cause(POLICY, 0, "ingress", Place("base/netpol.yaml", 12, 7)),),
        "witness": Witness(f"{name}-0", "shop/db-0", f"{name}-1", "shop/db-0", "5432/TCP"),
        "decided_before": (decision(),) if before else (),
        "decided_after": (decision(),) if after else (),
        "reason_before": Reason("denied", "isolated for ingress") if before else None,
        "reason_after": Reason("allowed", "a rule allows it") if after else None,
        **more,
    }
    return DiffRow(**values)  # type: ignore[arg-type]


def way(change: Change = Change.WIDENED, name: str = "shop/web", **more: object) -> WayChange:
    before, after = {
        Change.WIDENED: (None, Verdict.ALLOWED),
        Change.NARROWED: (Verdict.ALLOWED, Verdict.UNKNOWN),
        Change.CHANGED: (Verdict.UNKNOWN, Verdict.MIXED),
        Change.NEW: (None, Verdict.ALLOWED),
        Change.GONE: (Verdict.UNKNOWN, None),
    }.get(change, (Verdict.ALLOWED, Verdict.ALLOWED))
    place = Place("base/ingress.yaml", 4, 1)
    ingress = Altered("added", "Ingress", "shop", "site", None, place)
    values: dict[str, object] = {
        "change": change,
        "opening": Opening("route", "Ingress", "shop", "site", "Ingress shop/site", place),
        "openings": ("Ingress shop/site",),
        "hosts": ("shop.example.com",),
        "paths": ("shop.example.com/", "shop.example.com/cart", "shop.example.com/pay"),
        "through": ("internet", "web/nginx", name),
        "destinations": (name,),
        "ports": ("TCP 8080",),
        "before": before,
        "after": after,
        "causes": (Cause(ingress, None, "", place),),
        "witness": Witness("1.0.0.0", f"{name}-0", "1.0.0.0", f"{name}-1", "8080/TCP"),
        "decided_before": (decision(),) if before else (),
        "decided_after": (decision(),) if after else (),
        "reason_before": Reason("source-address", "whose address it is, is not known") if before else None,
        "reason_after": Reason("allowed", "a rule allows it") if after else None,
        **more,
    }
    return WayChange(**values)  # type: ignore[arg-type]


def diff(*rows: DiffRow, **more: object) -> Diff:
    counts: dict[Change, int] = {}
    for one in rows:
        counts[one.change] = counts.get(one.change, 0) + 1
    values: dict[str, object] = {
        "level": "workload",
        "rows": rows,
        "counts": counts,
        "left_out": 0,
        "new": (),
        "gone": (),
        "moved": (),
        "not_compared": (),
        "without_effect": (),
        "ends": ("shop/web", "shop/db", "lab/a", "lab/b", "lab/c", "192.0.2.0/24"),
        "common": 5,
        **more,
    }
    return Diff(**values)  # type: ignore[arg-type]


def whole() -> Diff:
    """One of everything."""
    rows = (
        row(),
        row(Change.WIDENED, family=6, explained=False, causes=(Cause(LABELS, None, "", Place("base/ns.yaml", 2, 1)),)),
        row(Change.NARROWED, ports=tcp(1, 65535)),
        row(Change.CHANGED, causes=(), explained=False),
        row(Change.NEW),
        row(Change.GONE),
    )
    return diff(
        *rows,
        left_out=2,
        new=("shop/fresh", "node/k9"),
        gone=("shop/old",),
        moved=(("shop/job[Job]", "shop/job[CronJob]"),),
        not_compared=(
            NotCompared("CiliumNetworkPolicy lab/l7", "this kind is not modelled", Place("base/cilium.yaml", 1), True),
        ),
        without_effect=(Altered("changed", "NetworkPolicy", "shop", "reordered", None, Place("base/netpol.yaml", 40)),),
        ways=(way(), way(Change.NARROWED, causes=(), explained=False)),
        way_counts={Change.WIDENED: 1, Change.NARROWED: 3},
        ways_left_out=2,
    )


def edge(requests: str = "all", encryption: str = "mtls", identity: str | None = "web", holds: bool = True) -> Edge:
    return Edge(requests, encryption, f"spiffe://a.example/ns/shop/sa/{identity}" if identity else None, holds)


def of_mesh() -> Diff:
    """One of everything that only a mesh brings."""
    mixed = {"before": Verdict.MIXED, "after": Verdict.MIXED}
    orders = Request("POST", "/orders", "db.shop:80", {"x-user": "me"}, {("sub",): "a", ("groups",): ("b", "c")})
    flow = Witness("shop/web", "shop/db", "shop/web", "shop/db", "5432/TCP")
    gained = AskedRequest(orders, Verdict.DENIED, Verdict.ALLOWED)
    lost = AskedRequest(Request(), Verdict.ALLOWED, Verdict.DENIED)
    policy = Altered("changed", "AuthorizationPolicy", "shop", "db", Place("a.yaml", 1), Place("b.yaml", 1, 1))
    causes = (Cause(policy, 1, "ingress", Place("b.yaml", 7, 5)),)
    reads, writes = edge("method GET"), edge("method GET or POST")
    rows = (
        row(layers=Layers("configured", edge("none"), edge("all"))),
        row(causes=causes, **mixed, witness=replace(flow, gained=gained), layers=Layers("configured", reads, writes)),
        row(causes=causes, layers=Layers("unbound", edge("none"), edge("all"))),
        row(Change.NARROWED, before=Verdict.ALLOWED, after=Verdict.DENIED,
            layers=Layers("configured", edge("all"), edge("none", holds=False))),
        row(Change.CHANGED, causes=causes, **mixed, witness=replace(flow, gained=gained, lost=lost),
            layers=Layers("configured", edge("method GET"), edge("method POST"))),
        row(Change.WEAKENED, layers=Layers("protection", edge(), edge(encryption="none", identity=None))),
        row(Change.STRENGTHENED, layers=Layers("protection", edge(encryption="none", identity=None), edge())),
        row(Change.OTHERWISE, layers=Layers("protection", edge(), edge(encryption="hbone", identity="other"))),
        row(Change.WEAKENED, joined=True,
            layers=Layers("wire", edge(encryption="wireguard", identity=None), edge(encryption="none", identity=None))),
        row(Change.NEW, causes=(), after=Verdict.MIXED, layers=Layers("configured", None, writes),
            witness=replace(flow, source_before="", gained=replace(gained, before=None))),
        row(Change.GONE, causes=(), before=Verdict.ALLOWED, layers=Layers("unbound", edge("all"), None),
            witness=replace(flow, source="")),
    )  # fmt: skip
    return diff(*rows, layered=True)


def hostile(name: str) -> Diff:
    """The name wherever a name can stand."""
    asked = AskedRequest(
        Request(name, name, name, {name: name}, {(name, name): name, (name,): (name, name)}), None, Verdict.ALLOWED
    )
    aspects: dict[Change, Literal["unbound", "protection"]] = dict.fromkeys(OF_PROTECTION, "protection")
    place = Place(name, 3, 1)
    altered = Altered("changed", name, name, name, place, place, name)
    decided = (Decision("network", "ingress", name, name, name, 0, place),)
    every = [
        row(
            change,
            name,
            sources=(name, f"shop/{name}"),
            destinations=(name,),
            causes=(Cause(altered, 1, "ingress", place), Cause(altered, None, "", place)),
            decided_before=decided,
            decided_after=decided,
            reason_before=Reason(name, name, name),
            reason_after=Reason(name, name, name),
            explained=False,
            witness=Witness(name, name, name, name, name, None if change in OF_PROTECTION else asked, asked),
            layers=Layers(aspects.get(change, "unbound"), Edge(name, "mtls", name), Edge("all", "none", None)),
        )
        for change in Change
    ]
    return diff(
        *every,
        layered=True,
        new=(name,),
        gone=(name,),
        moved=((name, name),),
        not_compared=(NotCompared(name, name, place, True),),
        without_effect=(altered,),
        ends=(name, f"shop/{name}"),
        ways=tuple(
            way(
                change,
                name,
                opening=Opening("route", name, name, name, name, place),
                openings=(name, name),
                hosts=(name,),
                paths=(name,) * 4,
                through=(name, name),
                ports=(name,),
                causes=(Cause(altered, 1, "ingress", place), Cause(altered, None, "", place)),
                witness=Witness(name, name, name, name, name),
                decided_before=decided,
                decided_after=decided,
                reason_before=Reason(name, name, name),
                reason_after=Reason(name, name, name),
                explained=False,
            )
            for change in Change
            if change not in OF_PROTECTION
        ),
        way_counts={change: 1 for change in Change if change not in OF_PROTECTION},
    )


def equivalence(name: str = "shop/web", layered: bool = False) -> Equivalence:
    """Neither within the other."""
    asked = Request("GET", f"/{name}", name, {"x-user": name}) if layered else None
    flow = OrderWitness(name, "shop/db", "5432/TCP", Verdict.ALLOWED, Verdict.DENIED, asked, layered)
    back = OrderWitness("shop/db", name, "80/TCP", None, Verdict.ALLOWED)
    why = (NotCompared(name, name, Place(name, 1)),)
    return Equivalence(Order.NEITHER, flow, back, None, True, why, layered=layered)
