from __future__ import annotations

import pytest

from ringfence.verdict.answers import Verdict
from tests.rules.checking import checked, messages, pod
from tests.rules.meshed import ambient, mtls, plain, service, sidecars

RULE = "MSH-002"
REST = pod("web") + service("web") + plain() + pod("old", "legacy")
SELECTOR = {"matchLabels": {"app": "web"}}


def exception(mode: str, port: str = "DISABLE") -> str:
    return mtls(mode, name="web", selector=SELECTOR, portLevelMtls={"8080": {"mode": port}})


@pytest.mark.parametrize("space", [sidecars(), ambient()])
def test_an_exception_of_a_strict_workload(space: str) -> None:
    (finding,) = checked(RULE, space + REST + exception("STRICT", "PERMISSIVE")).findings
    assert finding.witness is not None
    assert finding.witness.source == "legacy/pod/old"
    assert finding.witness.expected is Verdict.ALLOWED
    assert finding.witness.port == 8080


def test_the_mode_may_be_that_of_the_namespace() -> None:
    assert len(messages(RULE, sidecars() + REST + mtls("STRICT") + exception("UNSET"))) == 1


def test_where_all_is_permissive_nothing_is_weakened() -> None:
    assert messages(RULE, sidecars() + REST + exception("PERMISSIVE")) == []
    assert messages(RULE, sidecars() + REST + exception("STRICT", "STRICT")) == []


def test_two_policies_of_unknown_age_leave_it_open() -> None:
    other = mtls("PERMISSIVE", name="other", selector=SELECTOR)
    outcome = checked(RULE, sidecars() + REST + exception("STRICT") + other)
    assert not outcome.findings
    assert len(outcome.not_evaluable) == 1
