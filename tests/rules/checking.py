"""Runs one rule over manifests in a text, and holds every witness against the engine."""

from __future__ import annotations

from ringfence.model.problems import Severity
from ringfence.rules.assessment import Assessment
from ringfence.rules.finding import Finding
from ringfence.verdict.answers import Verdict
from ringfence.world import World


def world_of(text: str, cni: str = "generic") -> World:
    """The world of some YAML documents, with places in ``test.yaml``. The input must be in order."""
    from ringfence.layers.profiles import find
    from ringfence.sources.changes import Given
    from ringfence.sources.reading import read_text

    given = Given(read_text(text, "test.yaml"))
    return World(given.build(), find(cni), given)


def checked(rule: str, text: str, cni: str = "generic", faulty: bool = False) -> Assessment:
    """What one rule says. ``faulty``: the manifests are meant to have errors."""
    world = world_of(text, cni)
    if not faulty:
        assert not [problem for problem in world.problems if problem.severity is Severity.ERROR], world.problems
    outcome = world.check(only=[rule])
    for finding in outcome.findings:
        confirm(world, finding)
    identities = [(one.rule, one.subject, one.evidence) for one in outcome.findings]
    assert len(set(identities)) == len(identities), "two findings share an identity"
    return outcome


def confirm(world: World, finding: Finding) -> None:
    """The engine gives the verdict that the witness expects."""
    if finding.witness is not None:
        one = finding.witness
        answer = world.can(one.source, one.destination, one.port, one.protocol, request=one.request)
        if one.unbound and answer.verdict is Verdict.MIXED:
            assert answer.reason.code == "routed-elsewhere", finding
        elif one.unbound:
            assert answer.verdict is Verdict.DENIED, finding
            assert answer.layered is not None
            assert not answer.layered.holds, finding
        else:
            assert answer.verdict is (one.together or one.expected), finding
            if one.together is None and answer.layered is not None and answer.verdict is Verdict.DENIED:
                assert one.binds is answer.layered.holds, finding


def messages(rule: str, text: str, cni: str = "generic") -> list[str]:
    """The messages of one rule that can evaluate everything."""
    outcome = checked(rule, text, cni)
    assert not outcome.not_evaluable
    return [finding.message for finding in outcome.findings]


def namespace(name: str, **labels: str) -> str:
    """A Namespace document."""
    written = "".join(f"\n    {key}: {value}" for key, value in labels.items())
    more = f"\n  labels:{written}" if labels else ""
    return f"---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: {name}{more}\n"


def pod(name: str, space: str = "shop", port: int = 8080, **labels: str) -> str:
    """A Pod document; without labels it has ``app`` with its name."""
    written = "".join(f"\n    {key}: {value}" for key, value in (labels or {"app": name}).items())
    return (
        f"---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n  namespace: {space}\n  labels:{written}\n"
        f"spec:\n  containers:\n  - name: main\n    image: none\n    ports:\n    - containerPort: {port}\n"
    )


def policy(name: str, spec: str, space: str = "shop") -> str:
    """A NetworkPolicy document; ``spec`` in flow style (``{podSelector: {}}``) or as indented lines."""
    lines = "".join(f"\n  {line}" for line in spec.splitlines())
    body = f" {spec}\n" if spec.lstrip().startswith("{") else f"{lines}\n"
    return (
        f"---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {name}\n  namespace: {space}\n"
        f"spec:{body}"
    )
