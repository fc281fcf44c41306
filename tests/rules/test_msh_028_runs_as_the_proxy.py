from __future__ import annotations

from typing import Any

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod, world_of
from tests.rules.meshed import ambient, an, mtls, plain, service, sidecars

RULE = "MSH-028"


def spec(**own: int) -> dict[str, Any]:
    return {"containers": [{"name": "main", "image": "none", "securityContext": own}]}


def web(made: dict[str, Any]) -> str:
    return an("Pod", "web", made, labels={"app": "web"})


def test_a_container_that_runs_as_the_proxy() -> None:
    (finding,) = checked(RULE, sidecars() + web(spec(runAsUser=1337))).findings
    assert finding.message == "Pod shop/web runs its container main as user 1337: what it sends goes past its proxy"
    (message,) = messages(RULE, sidecars() + web(spec(runAsGroup=1337)))
    assert "as group 1337" in message


def test_the_whole_pod_and_its_init_containers() -> None:
    whole = {**spec(), "securityContext": {"runAsUser": 1337}}
    assert len(messages(RULE, sidecars() + web(whole))) == 1
    assert messages(RULE, sidecars() + web({**spec(runAsUser=1), "securityContext": {"runAsUser": 1337}})) == []
    first = {**spec(), "initContainers": [{"name": "init", "image": "x", "securityContext": {"runAsUser": 1337}}]}
    (message,) = messages(RULE, sidecars() + web(first))
    assert "container init" in message


@pytest.mark.parametrize("kind", ["Deployment", "CronJob"])
def test_templates(kind: str) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": spec(runAsUser=1337)}
    made: dict[str, Any] = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    if kind == "CronJob":
        made = {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}}
    text = an(kind, "web", made).replace("security.istio.io/v1", "batch/v1")
    (finding,) = checked(RULE, sidecars() + text).findings
    assert finding.message.startswith(f"{kind} shop/web runs its container main")


def test_who_is_not_looked_at() -> None:
    for space in (plain("shop"), ambient()):
        assert messages(RULE, space + web(spec(runAsUser=1337))) == []
    assert messages(RULE, sidecars() + web(spec(runAsUser=1000))) == []
    proxy = {
        "containers": [{"name": "istio-proxy", "image": "istio/proxyv2:1.27.0", "securityContext": {"runAsUser": 1337}}]
    }
    assert messages(RULE, sidecars() + web(proxy)) == []


def test_a_namespace_of_which_nothing_is_known() -> None:
    outcome = checked(RULE, web(spec(runAsUser=1337)) + sidecars("other"))
    assert not outcome.findings
    assert "whether it has a sidecar is open" in outcome.not_evaluable[0].why


def test_a_strict_server_refuses_it() -> None:
    text = sidecars() + web(spec(runAsUser=1337)) + sidecars("data") + pod("db", "data")
    text += service("db", space="data") + mtls("STRICT", "data")
    (finding,) = checked(RULE, text).findings
    assert finding.witness is not None
    assert finding.witness.destination == "data/pod/db"
    one = finding.witness
    usual = world_of(text.replace("1337", "1000"))
    assert usual.can(one.source, one.destination, one.port, one.protocol).verdict is Verdict.ALLOWED
