from __future__ import annotations

from tests.rules.checking import checked, messages, namespace, pod
from tests.rules.meshed import ambient, an, service, sidecars

RULE = "MSH-021"
WEB = sidecars() + pod("web") + service("web")


def sidecar(name: str = "default", space: str = "shop", created: str = "", **spec: object) -> str:
    return an("Sidecar", name, spec, space, **({"creationTimestamp": created} if created else {}))


def for_(app: str) -> dict[str, object]:
    return {"workloadSelector": {"labels": {"app": app}}}


def test_two_for_a_namespace() -> None:
    (finding,) = checked(RULE, WEB + sidecar("a") + sidecar("b")).findings
    assert finding.message == (
        "Sidecar shop/b is for namespace shop: so is Sidecar shop/a, only the oldest counts, and the input has no ages"
    )
    old, new = sidecar("a", created="2026-01-02T00:00:00Z"), sidecar("b", created="2026-01-01T00:00:00Z")
    (message,) = messages(RULE, WEB + old + new)
    assert message == "Sidecar shop/a does not count for namespace shop: Sidecar shop/b is older"


def test_two_for_a_workload() -> None:
    both = sidecar("a", **for_("web")) + sidecar("b", **for_("web"))
    (message,) = messages(RULE, WEB + both)
    assert message.startswith("Sidecar shop/b is for shop/pod/web: so is Sidecar shop/a")
    assert messages(RULE, WEB + pod("db") + sidecar("a", **for_("web")) + sidecar("b", **for_("db"))) == []
    assert messages(RULE, WEB + sidecar("a") + sidecar("b", **for_("web"))) == []


def test_selectors() -> None:
    (message,) = messages(RULE, WEB + sidecar(**for_("wbe")))
    assert message == "Sidecar shop/default configures no workload: none has app=wbe"
    (message,) = messages(RULE, WEB + namespace("istio-system") + sidecar(space="istio-system", **for_("web")))
    assert "it is no default of the mesh" in message
    outcome = checked(RULE, WEB + sidecar(space="data", **for_("web")))
    assert not outcome.findings
    assert "no workloads of namespace data" in outcome.not_evaluable[0].why


def test_hosts() -> None:
    def knowing(host: str) -> str:
        return WEB + sidecar(egress=[{"hosts": [host]}])

    for host in ("./web.shop.svc.cluster.local", "shop/web.shop.svc.cluster.local", "*/web.shop.svc.cluster.local"):
        assert messages(RULE, knowing(host)) == [], host
    for host in ("./*", "*/*", "~/*", "shop/*.svc.cluster.local", "apps/*.local"):
        assert messages(RULE, knowing(host)) == [], host
    (message,) = messages(RULE, knowing("./wbe.shop.svc.cluster.local"))
    assert "namespace shop has no Service or ServiceEntry wbe.shop.svc.cluster.local" in message
    (message,) = messages(RULE, knowing("other/web.shop.svc.cluster.local"))
    assert "namespace other has no Service or ServiceEntry web.shop.svc.cluster.local" in message
    (message,) = messages(RULE, knowing("*/api.bank.example"))
    assert "nobody has api.bank.example" in message
    entry = an("ServiceEntry", "bank", {"hosts": ["api.bank.example"], "ports": [{"number": 443, "name": "tls"}]})
    assert messages(RULE, knowing("*/api.bank.example") + entry) == []
    outcome = checked(RULE, knowing("data/db.data.svc.cluster.local"))
    assert not outcome.findings
    assert "the input has nothing of the namespace" in outcome.not_evaluable[0].why


def test_an_empty_mode() -> None:
    (message,) = messages(RULE, WEB + sidecar(outboundTrafficPolicy={}))
    assert "which means REGISTRY_ONLY" in message
    assert messages(RULE, WEB + sidecar(outboundTrafficPolicy={"mode": "ALLOW_ANY"})) == []


def test_pods_that_read_no_sidecar() -> None:
    mine = ambient() + pod("web")
    for one in (sidecar(), sidecar(**for_("web"))):
        (message,) = messages(RULE, mine + one)
        assert message == "Sidecar shop/default configures no workload: shop/pod/web has no sidecar"
    assert messages(RULE, WEB + sidecar(**for_("web"))) == []
    assert messages(RULE, mine + sidecars("apps") + sidecar(space="apps")) == []
    root = ambient("istio-system") + pod("ztunnel", "istio-system")
    assert messages(RULE, WEB + root + sidecar(space="istio-system")) == []
