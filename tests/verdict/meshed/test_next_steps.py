"""What to do next in the layers of a mesh: each step, applied to the input, closes what it says that it closes."""

from __future__ import annotations

from typing import Any

from ringfence.reports.context import Context
from ringfence.reports.coverage.as_findings import findings_report
from ringfence.reports.coverage.text import sections
from ringfence.verdict.coverage import Status, Step
from ringfence.world import World
from tests.verdict.meshed.test_editing import STRICT, cluster, service
from tests.verdict.meshed.test_stolen import only
from tests.verdict.meshed.test_what_if import istio


def objects_of(step: Step) -> list[dict[str, Any]]:
    assert step.manifest is not None
    made = dict(step.manifest)
    return [dict(one) for one in made["items"]] if made["kind"] == "List" else [made]


def steps_of(world: World, layer: str) -> list[Step]:
    """The steps of one layer, each tried on the input."""
    found = [step for step in world.coverage().steps if step.layer == layer]
    for step in found:
        after = world.what_if(add=objects_of(step))
        sides = {one.name: one.mesh[layer].status for one in after.coverage().workloads}
        assert {sides[name] for name in step.workloads} == {Status.CLOSED}
    return found


def test_strict_for_a_namespace_says_who_comes_without_a_proof() -> None:
    (step,) = steps_of(cluster(), "transport")
    assert step.what == "add a PeerAuthentication that is STRICT for namespace shop"
    assert (step.closes, step.workloads) == (3, ("shop/api", "shop/vault", "shop/web"))
    assert ("plain/naked", "shop/vault") in {(one.source, one.destination) for one in step.refused}
    # Clients with a sidecar reach a Service with a proof.
    assert ("shop/web", "shop/vault") not in {(one.source, one.destination) for one in step.refused}
    assert step.flows > 0


def test_a_default_that_is_there_is_made_strict() -> None:
    lax = istio("PeerAuthentication", "default", {"mtls": {"mode": "PERMISSIVE"}})
    (step,) = steps_of(cluster(lax), "transport")
    assert step.what == "make PeerAuthentication shop/default STRICT"
    assert step.place is not None
    (made,) = objects_of(step)
    assert (made["metadata"]["name"], made["spec"]) == ("default", STRICT)


def test_what_a_workload_says_for_itself_is_not_closed_by_the_default() -> None:
    lax = istio(
        "PeerAuthentication",
        "own",
        {"selector": {"matchLabels": {"app": "vault"}}, "mtls": {"mode": "PERMISSIVE"}},
    )
    (step,) = steps_of(cluster(lax), "transport")
    assert step.workloads == ("shop/api", "shop/web")


def test_no_step_where_everybody_proves_who_he_is() -> None:
    assert steps_of(cluster(istio("PeerAuthentication", "default", STRICT)), "transport") == []


def test_a_default_deny_allows_who_comes_today() -> None:
    world = cluster(istio("PeerAuthentication", "default", STRICT))
    (step,) = steps_of(world, "requests")
    made = {one["metadata"]["name"]: one["spec"] for one in objects_of(step)}
    assert made["allow-nothing"] == {}
    (rule,) = made["allow-vault"]["rules"]
    comers = [f"cluster.local/ns/shop/sa/{name}" for name in ("api", "web")]
    assert rule == {"from": [{"source": {"principals": comers}}], "to": [{"operation": {"ports": ["8080"]}}]}
    assert (step.flows, step.refused) == (0, ())


def test_a_default_deny_takes_what_proves_nothing() -> None:
    (step,) = steps_of(cluster(), "requests")
    assert ("plain/naked", "shop/vault") in {(one.source, one.destination) for one in step.refused}
    assert ("shop/web", "shop/vault") not in {(one.source, one.destination) for one in step.refused}


def test_who_is_allowed_by_name_already_is_not_added_to() -> None:
    """``web`` comes to the vault by a policy of its own; nobody else is let in there by the step."""
    world = cluster(istio("PeerAuthentication", "default", STRICT), only("vault", "web"), service("api"))
    (step,) = steps_of(world, "requests")
    assert "allow-vault" not in {one["metadata"]["name"] for one in objects_of(step)}
    assert "shop/vault" not in step.workloads


def test_findings_of_a_layer_have_its_step_for_a_fix() -> None:
    report = findings_report(cluster().coverage(), Context("calico", ""), str, "1")
    fixes = {
        one.finding.rule: one.finding.fix for one in report.assessment.found if one.finding.subject.name == "vault"
    }
    (transport,) = [fix for rule, fix in fixes.items() if "TRANSPORT" in rule]
    assert transport.startswith("add a PeerAuthentication that is STRICT for namespace shop:")
    assert "mode: STRICT" in transport


def test_the_table_tells_layers_and_what_steps_take() -> None:
    found = cluster().coverage()
    (table,) = [one for one in sections(found) if one.title == "Next, the most first"]
    assert table.heads[:4] == ("#", "Closes", "Layer", "Takes")
    assert {row[2] for row in table.rows} == {"network", "transport", "requests"}
    assert any("takes plain/naked -> shop/" in line for line in table.after)
    assert {step.layer for step in found.with_steps_of("transport").steps} == {"transport"}
