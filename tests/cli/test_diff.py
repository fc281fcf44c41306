"""``diff`` and ``equivalent``: states, changes, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Run
from tests.model.objects import controller, namespace, network_policy, pod, pods_peer, tcp
from tests.reports.html.reading import data_of

WEB, DB = {"app": "web"}, {"app": "db"}
OPAQUE = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "l7", "namespace": "shop"}}
Write = Callable[..., str]


def rule(*ports: int) -> dict[str, Any]:
    return {"from": [pods_peer(WEB)], "ports": tcp(*ports)}


BASE = [namespace("shop"), pod("shop/web", WEB), pod("shop/db", DB)]
IN = network_policy("shop/in", DB, ingress=[rule(80)])
WIDER = network_policy("shop/in", DB, ingress=[rule(80, 443)])
REORDERED = network_policy("shop/in", DB, ingress=[rule(80), rule(80)])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def save(name: str, *objects: Any) -> str:
        file = tmp_path / name / "all.yaml"
        file.parent.mkdir()
        file.write_text(yaml.safe_dump_all([*BASE, *objects]), encoding="utf-8")
        return str(file.parent)

    return save


@pytest.mark.parametrize(
    "before, after, flags, code, first",
    [
        ([IN], [IN], (), 0, "no difference"),
        ([IN], [REORDERED], (), 0, "text changed (1 object), behaviour the same"),
        ([IN], [WIDER], (), 1, "1 widened"),
        ([IN], [WIDER], ("--fail-on", "widened"), 1, "1 widened"),
        ([WIDER], [IN], (), 1, "1 narrowed"),
        ([WIDER], [IN], ("--fail-on", "widened"), 0, "1 narrowed"),
        ([IN], [WIDER], ("--fail-on", "nothing"), 0, "1 widened"),
        ([IN, OPAQUE], [WIDER, OPAQUE], ("--fail-on", "nothing"), 5, "no difference found"),
        ([IN], [IN, OPAQUE], ("--fail-on", "widened"), 1, ""),
        ([IN, OPAQUE], [WIDER, OPAQUE], (), 5, "no difference found, but not everything could be compared"),
        ([IN, OPAQUE], [IN, OPAQUE], (), 0, "no difference"),
    ],
)
def test_the_exit_code_says_whether_reach_differs(
    ringfence: Run, write: Write, before: list[Any], after: list[Any], flags: tuple[str, ...], code: int, first: str
) -> None:
    done = ringfence("diff", write("a", *before), write("b", *after), *flags)
    assert done.code == code
    assert done.out.startswith(first)


def test_a_row_names_ends_verdicts_and_the_line_of_the_cause(ringfence: Run, write: Write) -> None:
    done = ringfence("diff", write("a", IN), write("b", WIDER), "-o", "json")
    document = json.loads(done.out)
    (row,) = document["rows"]
    assert (row["change"], row["sources"], row["destinations"]) == ("widened", ["shop/web"], ["shop/db"])
    assert row["ports"] == [{"protocol": "TCP", "first": 443, "last": 443}]
    assert (row["before"], row["after"]) == ("denied", "allowed")
    (cause,) = row["causes"]
    assert (cause["kind"], cause["name"], cause["rule"], cause["how"]) == ("NetworkPolicy", "in", 0, "changed")
    assert cause["file"].endswith("b/all.yaml")
    assert cause["line"] > 1
    assert row["witness"]["port"] == "443/TCP"


def test_a_policy_that_only_changed_its_text_is_no_cause(ringfence: Run, write: Write) -> None:
    other = network_policy("shop/other", DB, ingress=[rule(8080)])
    rewritten = network_policy("shop/other", DB, ingress=[rule(8080), rule(8080)])
    document = json.loads(ringfence("diff", write("a", IN, other), write("b", WIDER, rewritten), "-o", "json").out)
    assert [cause["name"] for row in document["rows"] for cause in row["causes"]] == ["in"]
    assert [one["name"] for one in document["withoutEffect"]] == ["other"]


@pytest.mark.parametrize("sensitive, risk", [("high", "high"), ("none", "low")])
def test_what_reaches_something_sensitive_is_said(ringfence: Run, tmp_path: Path, sensitive: str, risk: str) -> None:
    def state(name: str, policy: Any) -> str:
        vault = pod("shop/db", {**DB, "ringfence.dev/sensitivity": sensitive})
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all([namespace("shop"), pod("shop/web", WEB), vault, policy]), encoding="utf-8")
        return str(file)

    done = ringfence("diff", state("a", IN), state("b", WIDER), "-o", "json")
    assert json.loads(done.out)["rows"][0]["risk"]["severity"] == risk
    first = ringfence("diff", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")).out.splitlines()[0]
    assert first == ("1 widened; 1 reaches what is sensitive" if risk == "high" else "1 widened")


def test_labels_are_a_cause(ringfence: Run, tmp_path: Path) -> None:
    def state(name: str, label: str) -> str:
        policy = network_policy(
            "shop/in", DB, ingress=[{"from": [{"namespaceSelector": {"matchLabels": {"team": "a"}}}]}]
        )
        objects = [namespace("lab", team=label), namespace("shop"), pod("lab/web", WEB), pod("shop/db", DB)]
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all([*objects, policy]), encoding="utf-8")
        return str(file)

    document = json.loads(ringfence("diff", state("a", "x"), state("b", "a"), "-o", "json").out)
    (row,) = document["rows"]
    assert [(cause["kind"], cause["name"], cause["detail"]) for cause in row["causes"]] == [
        ("Namespace", "lab", "label team: x → a")
    ]


def test_a_change_before_it_is_made(ringfence: Run, write: Write, tmp_path: Path) -> None:
    state = write("a", IN)
    file = tmp_path / "wider.yaml"
    file.write_text(yaml.safe_dump(WIDER), encoding="utf-8")
    assert ringfence("diff", state, "--with", str(file)).out.startswith("1 widened")
    removed = ringfence("diff", state, "--without", "NetworkPolicy/shop/in")
    assert removed.code == 1
    assert removed.out == ringfence("diff", state, "--without", "shop/networkpolicy/in").out


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((), "give two states (A B), or one and a change"),
        (("STATE", "--without", "x"), "give two states"),
        (("-f", "STATE"), "without -f"),
    ],
)
def test_what_is_compared_must_be_said_once(
    ringfence: Run, write: Write, arguments: tuple[str, ...], message: str
) -> None:
    state = write("a", IN)
    done = ringfence("diff", state, *[state if one == "STATE" else one for one in arguments])
    assert done.code == 2
    assert message in done.err


@pytest.mark.parametrize("command", ["diff", "equivalent"])
def test_a_part_that_was_not_read_is_never_clean(ringfence: Run, write: Write, command: str) -> None:
    one, other = write("a", IN), write("b", IN)
    Path(other, "broken.yaml").write_text("a: [", encoding="utf-8")
    assert ringfence(command, one, other).code == 3
    assert ringfence(command, other, one).code == 3


def test_states_without_anything_in_common_say_so(ringfence: Run, write: Write, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump_all([namespace("far"), pod("far/away", {"app": "x"})]), encoding="utf-8")
    done = ringfence("diff", write("a", IN), str(other))
    assert done.code == 1
    assert "not compared: the two states: they have no pod in common" in done.out
    assert "new: far/away" in done.out


def test_policies_without_pods_are_not_decided(ringfence: Run, tmp_path: Path) -> None:
    for name, policy in (("a", IN), ("b", WIDER)):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(policy), encoding="utf-8")
    files = str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")
    done = ringfence("diff", *files)
    assert done.code == 5
    assert "neither state has a pod" in done.out
    assert ringfence("equivalent", *files).code == 5
    assert ringfence("diff", files[0], files[0]).code == 0


@pytest.mark.parametrize(
    "before, after, words, code",
    [
        ([IN], [REORDERED], "equal", 0),
        ([IN], [WIDER], "A is within B", 1),
        ([WIDER], [IN], "B is within A", 1),
        ([IN], [network_policy("shop/in", DB, ingress=[rule(81)])], "neither is within the other", 1),
    ],
)
@pytest.mark.parametrize("flag", [(), ("--universal",)])
def test_the_order_of_two_states(
    ringfence: Run, write: Write, before: list[Any], after: list[Any], words: str, code: int, flag: tuple[str, ...]
) -> None:
    states = write("a", *before), write("b", *after)
    done = ringfence("equivalent", *states, *flag)
    assert done.code == code
    assert done.out == f"{words}{', in every possible cluster' if flag else ''}\n"
    assert json.loads(ringfence("equivalent", *states, *flag, "-o", "json").out)["universal"] == bool(flag)


def test_equal_here_is_not_equal_everywhere(ringfence: Run, write: Write) -> None:
    nobody = network_policy("shop/nobody", {"app": "none-yet"}, ingress=[])
    states = write("a", IN), write("b", IN, nobody)
    assert ringfence("equivalent", *states).out == "equal\n"
    everywhere = ringfence("equivalent", *states, "--universal")
    assert everywhere.out == "B is within A, in every possible cluster\n"
    assert "app=none-yet" in everywhere.err


def test_what_is_not_modelled_is_not_decided(ringfence: Run, write: Write) -> None:
    states = write("a", IN, OPAQUE), write("b", WIDER, OPAQUE)
    for flags in ((), ("--universal",)):
        done = ringfence("equivalent", *states, *flags)
        assert done.code == 5
        assert "CiliumNetworkPolicy" in done.err
    assert ringfence("diff", *states).code == 5


def test_a_page_of_both_states(ringfence: Run, write: Write) -> None:
    done = ringfence("diff", write("a", IN), write("b", WIDER), "-o", "html")
    assert done.code == 1
    assert done.out.lstrip().lower().startswith("<!doctype html>")
    assert '"before"' in done.out
    assert '"after"' in done.out
    assert "1 widened" in done.err


def test_n_limits_the_rows_and_not_the_answer(ringfence: Run, write: Write) -> None:
    lab = [namespace("lab"), pod("lab/web", WEB), pod("lab/db", DB)]
    a, b = write("a", *lab, IN), write("b", *lab, WIDER)
    done = ringfence("diff", a, b, "-n", "lab")
    assert done.code == 1
    assert done.out.splitlines()[0] == "1 widened"
    assert "1 more row is left out (--limit, -n)" in done.out
    assert "shop/web" not in done.out
    assert "shop/web" in ringfence("diff", a, b, "-n", "shop").out
    unknown = ringfence("diff", a, b, "-n", "shpo")
    assert (unknown.code, unknown.out) == (2, "")
    assert "did you mean shop?" in unknown.err
    page = data_of(ringfence("diff", a, b, "-n", "lab", "-o", "html").out)
    assert page["opened"]["with"] == "=lab/*"
    assert len(page["difference"]["rows"]) == 1


def test_what_a_snapshot_does_not_keep_is_no_difference(ringfence: Run, write: Write, tmp_path: Path) -> None:
    secret = controller("Deployment", "shop/api", {"app": "api"})
    secret["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "b"}]
    folder, kept = write("a", IN, secret), str(tmp_path / "world.json.gz")
    assert ringfence("snapshot", "-f", folder, "-o", kept).code == 0
    for states in ((kept, folder), (folder, kept)):
        assert ringfence("diff", *states).out == "no difference\n"
    silent = write("b", REORDERED, secret)
    assert ringfence("diff", kept, silent).out.splitlines()[0] == "text changed (1 object), behaviour the same"


FRONT = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
"""


@pytest.mark.parametrize(("fail_on", "code"), [("any", 1), ("widened", 1)])
def test_a_way_in_is_a_difference(ringfence: Run, tmp_path: Path, fail_on: str, code: int) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {}\n"
    (tmp_path / "pod.yaml").write_text(pod)
    (tmp_path / "front.yaml").write_text(FRONT)
    states = [str(tmp_path / "pod.yaml"), "--with", str(tmp_path / "front.yaml")]
    done = ringfence("diff", *states, "--fail-on", fail_on)
    assert done.code == code
    assert "ways in: 1 widened" in done.out
    told = json.loads(ringfence("diff", *states, "-o", "json").out)["ways"]
    assert [(way["change"], way["openedBy"]["kind"], way["causes"][0]["line"]) for way in told] == [
        ("widened", "Service", 2)
    ]
    for output in ("sarif", "junit", "github", "gitlab", "md", "wide"):
        assert "node port" in ringfence("diff", *states, "-o", output).out


@pytest.mark.parametrize("command", ["diff", "equivalent"])
def test_a_state_without_objects_is_told_in_terms_of_states(
    ringfence: Run, write: Write, tmp_path: Path, command: str
) -> None:
    (tmp_path / "empty").mkdir()
    done = ringfence(command, str(tmp_path / "empty"), write("b", IN))
    assert done.code == 2
    assert "REV:PATH of a Git revision" in done.err
    assert "-f" not in done.err


MESHED = [
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": "trustDomain: a.example"},
    },
    namespace("istio-system"),
    namespace("shop", **{"istio-injection": "enabled"}),
    controller("Deployment", "shop/web", WEB),
    controller("Deployment", "shop/api", {"app": "api"}),
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "api", "namespace": "shop"},
        "spec": {"selector": {"app": "api"}, "ports": [{"name": "http", "port": 80}]},
    },
]


def reads(*methods: str) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": "api"}}, "rules": [{"to": [{"operation": {"methods": [*methods]}}]}]}
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": metadata, "spec": spec}


def plain_text() -> dict[str, Any]:
    spec = {"host": "api.shop.svc.cluster.local", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}
    metadata = {"name": "api", "namespace": "shop"}
    return {"apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": metadata, "spec": spec}


@pytest.fixture
def mesh_file(tmp_path: Path) -> Write:
    def save(name: str, *objects: Any) -> str:
        file = tmp_path / f"{name}.yaml"
        file.write_text(yaml.safe_dump_all([*MESHED, *objects]), encoding="utf-8")
        return str(file)

    return save


@pytest.mark.parametrize(
    "before, after, flags, code, first",
    [
        ([reads("GET")], [reads("GET", "POST")], (), 1, "1 widened"),
        ([reads("GET")], [reads("GET", "POST")], ("--fail-on", "widened"), 1, "1 widened"),
        ([reads("GET", "POST")], [reads("GET")], ("--fail-on", "widened"), 0, "1 narrowed"),
        ([], [plain_text()], ("--fail-on", "widened"), 1, "1 weakened"),
        ([plain_text()], [], ("--fail-on", "widened"), 0, "1 strengthened"),
        ([plain_text()], [], (), 1, "1 strengthened"),
        ([reads("GET")], [reads("GET")], (), 0, "no difference"),
    ],
)
def test_a_mesh_has_its_say_in_the_exit_code(
    ringfence: Run, mesh_file: Write, before: list[Any], after: list[Any], flags: tuple[str, ...], code: int, first: str
) -> None:
    done = ringfence("diff", mesh_file("a", *before), mesh_file("b", *after), *flags)
    assert (done.code, done.out.splitlines()[0]) == (code, first)


def test_a_row_names_a_request_that_can_takes(ringfence: Run, mesh_file: Write) -> None:
    before, after = mesh_file("a", reads("GET")), mesh_file("b", reads("GET", "POST"))
    document = json.loads(ringfence("diff", before, after, "-o", "json").out)
    assert document["layers"] == ["network", "transport", "requests"]
    assert document["counts"]["weakened"] == 0
    row = next(row for row in document["rows"] if "shop/web" in row["sources"])
    gained = row["witness"]["gained"]
    assert (gained["before"], gained["after"], row["layered"]["aspect"]) == ("denied", "allowed", "configured")
    (cause,) = row["causes"]
    assert (cause["kind"], cause["rule"], cause["file"]) == ("AuthorizationPolicy", 0, after)
    flow = {"src": row["witness"]["source"], "dst": row["witness"]["destination"]}
    flow |= {"port": int(row["witness"]["port"].partition("/")[0]), "method": gained["method"], "path": gained["path"]}
    for file, verdict in ((before, "denied"), (after, "allowed")):
        done = ringfence("can", "--flows", "-", "-f", file, stdin=json.dumps(flow).encode())
        assert json.loads(done.out)["verdict"] == verdict


def test_what_if_and_equivalent_and_the_page_speak_of_all_layers(
    ringfence: Run, mesh_file: Write, tmp_path: Path
) -> None:
    before, after = mesh_file("a", reads("GET")), mesh_file("b", reads("GET", "POST"))
    change = tmp_path / "change.yaml"
    change.write_text(yaml.safe_dump(reads("GET", "POST")), encoding="utf-8")
    done = ringfence("diff", before, "--with", str(change))
    assert (done.code, done.out.splitlines()[0]) == (1, "1 widened")
    removed = ringfence("diff", before, "--without", "AuthorizationPolicy/shop/api")
    assert (removed.code, removed.out.splitlines()[0]) == (1, "1 widened")
    order = ringfence("equivalent", before, after)
    assert (order.code, order.out) == (1, "A is within B\n")
    assert "POST /" in order.err
    everywhere = ringfence("equivalent", before, after, "--universal")
    assert (everywhere.code, everywhere.out.partition(";")[0]) == (1, "not equal")
    assert "POST /" in everywhere.err
    assert "AuthorizationPolicy shop/api" in everywhere.err
    page = data_of(ringfence("diff", before, after, "-o", "html").out)
    told = [row[12] for row in page["difference"]["rows"]]
    assert "requests: method GET -> method GET or POST" in told


def test_without_a_mesh_nothing_is_said_of_one(ringfence: Run, write: Write) -> None:
    document = json.loads(ringfence("diff", write("a", IN), write("b", WIDER), "-o", "json").out)
    assert document["layers"] == ["network"]
    assert set(document["counts"]) == {"widened", "narrowed", "changed", "new", "gone"}
    assert not any("layered" in row or "gained" in row["witness"] for row in document["rows"])


def cilium(word: str) -> dict[str, Any]:
    metadata = {"name": "cilium-config", "namespace": "kube-system"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"enable-wireguard": word}}


@pytest.mark.parametrize(
    "before, after, flags, code, first",
    [
        ([cilium("true")], [cilium("false")], ("--fail-on", "widened"), 1, "1 weakened"),
        ([cilium("false")], [cilium("true")], ("--fail-on", "widened"), 0, "1 strengthened"),
        ([cilium("false")], [cilium("true")], (), 1, "1 strengthened"),
        ([cilium("true")], [cilium("true")], (), 0, "no difference"),
    ],
)
def test_what_the_plugin_no_longer_encrypts_counts_without_a_mesh(
    ringfence: Run, write: Write, before: list[Any], after: list[Any], flags: tuple[str, ...], code: int, first: str
) -> None:
    done = ringfence("diff", write("a", *before), write("b", *after), *flags)
    assert done.code == code
    assert done.out.startswith(first)


@pytest.mark.parametrize("output", ["table", "wide", "json", "md", "sarif", "github", "junit", "html"])
def test_every_format_tells_that_the_plugin_no_longer_encrypts(ringfence: Run, write: Write, output: str) -> None:
    done = ringfence("diff", write("a", cilium("true")), write("b", cilium("false")), "-o", output)
    assert done.code == 1
    assert "wireguard" in done.out
    if output == "json":
        found = json.loads(done.out)
        assert found["counts"]["weakened"] == 1
        (row,) = found["rows"]
        assert (row["change"], row["layered"]["aspect"], row["causes"][0]["name"]) == (
            "weakened",
            "wire",
            "cilium-config",
        )
        assert found["layers"] == ["network"]


def istio(kind: str, name: str, spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


INJECTED = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}},
}


def methods(*names: str) -> dict[str, Any]:
    return istio("AuthorizationPolicy", "calls", {"rules": [{"to": [{"operation": {"methods": list(names)}}]}]})


@pytest.mark.parametrize(
    "after, code, first, order",
    [
        (methods("POST", "GET"), 0, "equal, in every possible cluster", "equal"),
        (
            methods("GET"),
            1,
            "not equal; whether one is within the other, in every possible cluster, is not decided",
            "different",
        ),
        (methods("PUT"), 1, "neither is within the other, in every possible cluster", "neither"),
        (
            istio("AuthorizationPolicy", "other", {"selector": {"matchLabels": {"app": "none"}}}),
            5,
            "not decided, in every possible cluster",
            "undecided",
        ),
    ],
)
def test_every_possible_cluster_with_a_mesh(
    ringfence: Run, write: Write, after: Any, code: int, first: str, order: str
) -> None:
    before = methods("GET", "POST")
    then = [after] if code != 5 else [before, after]
    states = write("a", INJECTED, before), write("b", INJECTED, *then)
    done = ringfence("equivalent", *states, "--universal")
    assert (done.code, done.out.splitlines()[0]) == (code, first)
    assert json.loads(ringfence("equivalent", *states, "--universal", "-o", "json").out)["order"] == order
