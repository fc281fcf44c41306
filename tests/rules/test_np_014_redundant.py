from __future__ import annotations

import random
from typing import Any

import pytest

from ringfence.rules.finding import Severity
from ringfence.world import World, load_objects
from tests.rules.checking import checked, messages, namespace, pod, policy

RULE = "NP-014"
SHOP = namespace("shop", team="a") + pod("web", app="web", tier="front") + pod("db")
WEB = "podSelector: {matchLabels: {app: web}}"
ALL = "podSelector: {}"
GATEWAY = "{podSelector: {matchLabels: {app: gateway}}}"
PORT = "ports: [{port: 80}]"


def ingress(name: str, subject: str, *rules: str) -> str:
    return policy(name, f"{{{subject}, policyTypes: [Ingress], ingress: [{', '.join(rules)}]}}")


def found(text: str) -> list[tuple[str, ...]]:
    return [(one.subject.name, *one.evidence) for one in checked(RULE, SHOP + text).findings]


def test_two_policies_that_say_the_same() -> None:
    text = ingress("a", WEB, f"{{from: [{GATEWAY}], {PORT}}}") + ingress("b", WEB, f"{{from: [{GATEWAY}], {PORT}}}")
    assert messages(RULE, SHOP + text) == [
        "NetworkPolicy shop/b is redundant: NetworkPolicy shop/a closes the same pods and allows all that it allows"
    ]


@pytest.mark.parametrize(
    "wide",
    [
        ingress("a", ALL, f"{{from: [{GATEWAY}], {PORT}}}"),
        ingress("a", ALL, f"{{from: [{GATEWAY}]}}"),
        ingress("a", WEB, "{from: [{podSelector: {}}], ports: [{port: 1, endPort: 100}]}"),
        ingress("a", WEB, f"{{{PORT}}}"),
        ingress("a", ALL, f"{{from: [{{namespaceSelector: {{matchLabels: {{team: a}}}}}}], {PORT}}}"),
        ingress(
            "a", ALL, f"{{from: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: gateway}}}}}}], {PORT}}}"
        ),
        ingress("a", "podSelector: {matchExpressions: [{key: app, operator: In, values: [db, web]}]}", f"{{{PORT}}}"),
        ingress("a", "podSelector: {matchExpressions: [{key: app, operator: Exists}]}", f"{{{PORT}}}"),
    ],
)
def test_a_policy_within_a_wider_one(wide: str) -> None:
    narrow = ingress("b", WEB, f"{{from: [{GATEWAY}], {PORT}}}")
    assert found(wide + narrow) == [("b", "policy")]
    assert found(narrow.replace("name: b", "name: first") + wide) == [("first", "policy")]


@pytest.mark.parametrize(
    "other",
    [
        # Fewer pods, fewer peers, fewer ports, the other direction, another namespace.
        ingress("a", "podSelector: {matchLabels: {app: web, tier: front}}", f"{{{PORT}}}"),
        ingress("a", WEB, f"{{from: [{{podSelector: {{matchLabels: {{app: other}}}}}}], {PORT}}}"),
        ingress("a", WEB, f"{{from: [{GATEWAY}], ports: [{{port: 80, protocol: UDP}}]}}"),
        ingress("a", WEB, f"{{from: [{{namespaceSelector: {{matchLabels: {{team: b}}}}}}], {PORT}}}"),
        policy("a", f"{{{WEB}, policyTypes: [Egress], egress: [{{}}]}}"),
        ingress("a", WEB, f"{{from: [{{ipBlock: {{cidr: 0.0.0.0/0}}}}], {PORT}}}"),
        policy("a", f"{{{WEB}, ingress: [{{from: [{GATEWAY}], {PORT}}}]}}", "elsewhere"),
    ],
)
def test_policies_that_say_something_else(other: str) -> None:
    assert found(other + ingress("b", WEB, f"{{from: [{GATEWAY}], {PORT}}}")) == []


def test_a_policy_that_only_happens_to_select_the_same_pods() -> None:
    front = ingress("a", "podSelector: {matchLabels: {tier: front}}", f"{{from: [{GATEWAY}], {PORT}}}")
    assert found(front + ingress("b", WEB, f"{{from: [{GATEWAY}], {PORT}}}")) == []


def test_a_default_deny_is_not_redundant_where_every_pod_has_a_policy() -> None:
    own = "".join(
        ingress(name, f"podSelector: {{matchLabels: {{app: {name}}}}}", f"{{{PORT}}}") for name in ("web", "db")
    )
    assert found(policy("deny", f"{{{ALL}}}") + own) == []


def test_a_default_deny_stays_beside_other_policies_for_all_pods() -> None:
    deny = policy("deny", f"{{{ALL}}}")
    assert found(deny + ingress("same-namespace", ALL, "{from: [{podSelector: {}}]}")) == []
    assert found(deny + deny.replace("name: deny", "name: another")) == [("another", "policy")]


def test_a_deny_within_a_default_deny() -> None:
    assert found(policy("deny", f"{{{ALL}}}") + policy("web", f"{{{WEB}}}")) == [("web", "policy")]
    assert found(policy("deny", f"{{{ALL}}}") + policy("web", f"{{{WEB}, policyTypes: [Ingress, Egress]}}")) == []


@pytest.mark.parametrize(
    "rules, index",
    [
        (["{from: [{podSelector: {}}]}", f"{{from: [{GATEWAY}], {PORT}}}"], "1"),
        ([f"{{from: [{GATEWAY}], {PORT}}}", "{from: [{podSelector: {}}]}"], "0"),
        ([f"{{from: [{GATEWAY}], {PORT}}}", f"{{from: [{GATEWAY}], {PORT}}}"], "1"),
        (["{ports: [{port: http}, {port: 80}]}", "{ports: [{port: http}]}"], "1"),
        (["{ports: [{port: http}]}", "{ports: [{protocol: TCP}]}"], "0"),
        (
            [
                f"{{from: [{GATEWAY}], ports: [{{port: 1, endPort: 50}}]}}",
                "{from: [{podSelector: {}}], ports: [{port: 51, endPort: 99}]}",
                f"{{from: [{GATEWAY}], {PORT.replace('80', '40, endPort: 60')}}}",
            ],
            "2",
        ),
        (
            [
                "{from: [{ipBlock: {cidr: 10.0.0.0/9}}]}",
                f"{{from: [{{ipBlock: {{cidr: 10.0.0.0/8}}}}], {PORT}}}",
                "{from: [{ipBlock: {cidr: 10.128.0.0/9}}]}",
            ],
            "1",
        ),
        (
            [
                "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}",
                f"{{from: [{{ipBlock: {{cidr: 10.2.0.0/16}}}}], {PORT}}}",
            ],
            "1",
        ),
    ],
)
def test_a_rule_that_others_hold(rules: list[str], index: str) -> None:
    assert found(ingress("p", WEB, *rules)) == [("p", "ingress", index)]


@pytest.mark.parametrize(
    "rules",
    [
        [f"{{from: [{GATEWAY}], {PORT}}}", f"{{from: [{GATEWAY}], ports: [{{port: 81}}]}}"],
        ["{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}", "{from: [{ipBlock: {cidr: 10.1.2.0/24}}]}"],
        ["{from: [{ipBlock: {cidr: 10.0.0.0/9}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}"],
        ["{ports: [{port: 80}]}", "{ports: [{port: http}]}"],
        ["{ports: [{protocol: TCP}]}", "{ports: [{port: dns, protocol: UDP}]}"],
        ["{from: [{namespaceSelector: {}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"],
        ["{from: [{ipBlock: {cidr: 0.0.0.0/0}}, {ipBlock: {cidr: '::/0'}}]}", "{from: [{podSelector: {}}]}"],
    ],
)
def test_rules_that_add_something(rules: list[str]) -> None:
    assert found(ingress("p", WEB, *rules)) == []


def test_what_others_find_is_not_found_here() -> None:
    nobody = ingress("a", "podSelector: {matchLabels: {app: gone}}", "{}")
    assert found(nobody + nobody.replace("name: a", "name: b")) == []
    opens = ingress("a", WEB, "{}")
    assert found(opens + opens.replace("name: a", "name: b")) == []


def admin(*rules: str) -> str:
    listed = "".join(f"  - {rule}\n" for rule in rules)
    return (
        "---\napiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\n"
        f"spec:\n  priority: 5\n  subject: {{namespaces: {{}}}}\n  ingress:\n{listed}"
    )


def test_a_rule_that_never_gets_its_turn() -> None:
    all_pods = "{name: all, action: Allow, from: [{namespaces: {}}]}"
    some = "{name: some, action: Deny, from: [{namespaces: {matchLabels: {team: a}}}]}"
    (finding,) = checked(RULE, SHOP + admin(all_pods, some)).findings
    assert finding.severity is Severity.MEDIUM
    assert finding.message == (
        "ingress rule 2 of AdminNetworkPolicy a never gets its turn: "
        "rule 1 (allow) before it matches all that it would deny"
    )
    assert found(admin(some, all_pods)) == []
    (finding,) = checked(RULE, SHOP + admin(all_pods, some.replace("Deny", "Allow"))).findings
    assert finding.severity is None


APPS = ("web", "db", "gateway")


def _selector(chance: random.Random) -> dict[str, Any]:
    match chance.randrange(5):
        case 0:
            return {}
        case 1:
            return {"matchLabels": {"app": chance.choice(APPS)}}
        case 2:
            return {"matchLabels": {"app": chance.choice(APPS), "tier": "front"}}
        case 3:
            values = chance.sample(APPS, 2)
            return {"matchExpressions": [{"key": "app", "operator": chance.choice(("In", "NotIn")), "values": values}]}
        case _:
            return {"matchExpressions": [{"key": "tier", "operator": chance.choice(("Exists", "DoesNotExist"))}]}


def _rule(chance: random.Random, word: str) -> dict[str, Any]:
    peers: list[dict[str, Any]] = []
    for _ in range(chance.randrange(3)):
        match chance.randrange(4):
            case 0:
                peers.append({"podSelector": _selector(chance)})
            case 1:
                team = chance.choice(({}, {"matchLabels": {"team": chance.choice("ab")}}))
                peers.append({"namespaceSelector": team, "podSelector": _selector(chance)})
            case 2:
                names = {"matchLabels": {"kubernetes.io/metadata.name": chance.choice(("shop", "data"))}}
                peers.append({"namespaceSelector": names})
            case _:
                cidr = chance.choice(("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "203.0.113.0/24"))
                peers.append({"ipBlock": {"cidr": cidr}})
    ports = chance.choice(([], [{"port": 80}], [{"port": 80}, {"port": "http"}], [{"port": 1, "endPort": 90}]))
    return {word: peers, "ports": ports}


def _cluster(seed: int) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    objects: list[dict[str, Any]] = []
    for name, team in (("shop", "a"), ("data", "b")):
        objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"team": team}}})
        for number in range(3):
            labels = {"app": chance.choice(APPS)} | chance.choice(({}, {"tier": "front"}))
            ports = [{"containerPort": 80 + number, "name": chance.choice(("http", "web"))}]
            objects.append(
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {"name": f"p{number}", "namespace": name, "labels": labels},
                    "spec": {"containers": [{"name": "main", "ports": ports}]},
                    "status": {"podIP": f"10.{chance.randrange(256)}.0.{number}"},
                }
            )
        for number in range(4):
            types = chance.choice((["Ingress"], ["Ingress", "Egress"]))
            spec: dict[str, Any] = {"podSelector": _selector(chance), "policyTypes": types}
            spec["ingress"] = [_rule(chance, "from") for _ in range(chance.randrange(4))]
            if "Egress" in types:
                spec["egress"] = [_rule(chance, "to") for _ in range(chance.randrange(3))]
            metadata = {"name": f"n{number}", "namespace": name}
            kind = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy"}
            objects.append(kind | {"metadata": metadata, "spec": spec})
    return objects


def _cleaned(objects: list[dict[str, Any]], world: World) -> tuple[list[dict[str, Any]], int]:
    """The objects without everything that the rule finds, and how much that is."""
    gone: dict[tuple[str, str], list[tuple[str, ...]]] = {}
    findings = world.check(only=[RULE]).findings
    for finding in findings:
        gone.setdefault((finding.subject.namespace, finding.subject.name), []).append(finding.evidence)
    kept: list[dict[str, Any]] = []
    for one in objects:
        lost = gone.get((one["metadata"].get("namespace", ""), one["metadata"]["name"]), [])
        if one["kind"] != "NetworkPolicy" or not lost:
            kept.append(one)
        elif ("policy",) not in lost:
            spec = dict(one["spec"])
            for word in ("ingress", "egress"):
                if word in spec:
                    spec[word] = [rule for index, rule in enumerate(spec[word]) if (word, str(index)) not in lost]
            kept.append(one | {"spec": spec})
    return kept, len(findings)


def test_everything_that_is_found_can_be_deleted_at_once() -> None:
    total = 0
    strangers = [
        f"{labels}@{space}"
        for space in ("shop", "data")
        for labels in ("", "app=web", "app=db,tier=front", "app=other,tier=x", "tier=front")
    ]
    ends = [*strangers, "shop/p0", "data/p1", "10.1.2.3", "203.0.113.9"]
    for seed in range(15):
        objects = _cluster(seed)
        before = load_objects(objects)
        kept, count = _cleaned(objects, before)
        total += count
        if not count:
            continue
        after = load_objects(kept)
        assert before.fingerprint() == after.fingerprint(), seed
        for source in ends:
            for destination in ends:
                if source[0].isdigit() and destination[0].isdigit():
                    continue
                for port in (80, 85, 95):
                    left = before.can(source, destination, port).verdict
                    assert left is after.can(source, destination, port).verdict, (seed, source, destination, port)
    assert total > 20


def test_a_later_rule_does_not_take_an_earlier_ones_turn() -> None:
    first = "{name: first, action: Deny, from: [{namespaces: {matchLabels: {team: b}}}]}"
    some = "{name: some, action: Allow, from: [{namespaces: {matchLabels: {team: a}}}]}"
    all_pods = "{name: all, action: Allow, from: [{namespaces: {}}]}"
    assert found(admin(first, some, all_pods)) == []


def test_a_rule_of_an_admin_policy_that_selects_nothing_is_found_elsewhere() -> None:
    all_pods = "{name: all, action: Allow, from: [{namespaces: {}}]}"
    nobody = admin(all_pods, all_pods.replace("name: all", "name: again")).replace(
        "subject: {namespaces: {}}", "subject: {namespaces: {matchLabels: {team: none}}}"
    )
    assert found(nobody) == []
    assert len(found(admin(all_pods, all_pods.replace("name: all", "name: again")))) == 1


@pytest.mark.parametrize(
    "text",
    [
        ingress("a", WEB, f"{{{PORT}}}") + ingress("b", WEB, f"{{{PORT}}}"),
        admin("{name: a, action: Deny, from: [{namespaces: {}}]}", "{name: b, action: Deny, from: [{namespaces: {}}]}"),
    ],
)
def test_the_engine_has_the_last_word(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(found(text)) == 1
    monkeypatch.setattr("ringfence.rules.np_014_redundant.unchanged", lambda situation, changes: False)
    assert found(text) == []
