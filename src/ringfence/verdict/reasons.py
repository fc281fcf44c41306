"""Why: a sentence for a known verdict, the pivotal fact for an unknown one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ringfence.layers.network.cells import Completion, Meeting
from ringfence.layers.network.conditions import SOME_NODE, SOME_OWNER
from ringfence.layers.network.ends import EndClass
from ringfence.layers.network.enforcement import EQUAL_PREFIX
from ringfence.layers.network.facts import NONE_TAKEN, Domain, Variable, both, empty
from ringfence.layers.network.relation import Relation
from ringfence.layers.profiles import Fact, Profile
from ringfence.layers.profiles.generic import GENERIC
from ringfence.model.cluster import Namespace
from ringfence.model.text import printable
from ringfence.verdict.answers import Reason
from ringfence.verdict.judging import Judgement

NOT_DECIDED = Reason("not-decided", "not decided: too many open facts interact for this flow")
AMBIGUOUS = "ambiguous-priority"
NOT_SELECTED = "no policy selects either end"
ANY_MEETING = Meeting((4,), False, None)
"""For flows that hang on no fact: how the ends meet cannot matter."""

CNI_SENTENCES: dict[str, tuple[str, str]] = {
    Fact.IPBLOCK_MATCHES_PODS: (
        "network plugins differ in whether an ipBlock matches the address of a pod",
        "--cni NAME",
    ),
    Fact.IPBLOCK_MATCHES_NODES: (
        "network plugins differ in whether an ipBlock matches the address of a node",
        "--cni NAME",
    ),
    Fact.HOST_NETWORK_PODS_ARE_PODS: (
        "network plugins differ in whether NetworkPolicy treats a hostNetwork pod as a pod or as its node",
        "--cni NAME",
    ),
    Fact.OWN_NODE_EGRESS_EXEMPT: (
        "network plugins differ in whether they filter what a pod sends to its own node",
        "--cni NAME",
    ),
    Fact.BASELINE_PER_DIRECTION: (
        "network plugins differ in whether Baseline applies to the direction that no NetworkPolicy isolates",
        "--cni NAME",
    ),
}

PREFERENCE = (
    "broken",
    "unclear",
    "namespace-label",
    "pod-label",
    "node-label",
    "named-port",
    "address",
    "family",
    "node",
    "same-node",
    "enforced",
    "domain",
    "cni",
)
"""Facts of the input before facts of the plugin, where either would decide."""


def of_profile(name: str, profile: Profile) -> Reason:
    """The sentence for an open answer of the profile: what it hangs on, and what would settle it."""
    if name == EQUAL_PREFIX:
        message = (
            f"which of two equal prefixes of a rule counts for {profile.full_name}, the ipBlock or the except, is open"
        )
        return Reason(name, message, "other prefixes")
    reading = profile.facts[Fact(name)]
    if profile.name == GENERIC.name and name in CNI_SENTENCES:
        return Reason(name, *CNI_SENTENCES[name])
    why = reading.why or f"the answer to {name} is open"
    return Reason(name, f"profile {profile.full_name}, {name}: {why}", reading.decide)


def of_plugin(variable: Variable, relation: Relation) -> Reason:
    """The sentence for a policy of which nobody knows what the plugin makes."""
    profile = relation.profile.full_name
    for compiled in relation.active():
        policy = compiled.policy
        if policy.unclear and variable.name.startswith(f"{policy.kind} {policy.full_name} "):
            called = printable(f"{policy.kind} {policy.full_name}")
            message = f"profile {profile}: what it makes of {called} is open: {policy.unclear}"
            return Reason("unclear-policy", message, policy.would_settle)
    return Reason("unclear-policy", f"profile {profile}: what it makes of {printable(variable.name)} is open")


def of_coverage(variable: Variable, name: str, profile: Profile) -> Reason:
    """The sentence for a pod of which it is open whether policy is enforced for it."""
    if variable.name == SOME_NODE:
        message = f"which node {name} runs on is not known, and not every node enforces policy"
        return Reason("unenforced-node", message, "the Pod objects, with spec.nodeName")
    if variable.name == SOME_OWNER:
        message = f"whether a controller owns {name} is not known, and policy is not enforced for pods without one"
        return Reason("standalone-pods", message, "the Pod object")
    why = profile.node_reasons.get(variable.name.removeprefix("node "), "")
    message = f"whether {printable(variable.name)} enforces policy is not known{f': {printable(why)}' if why else ''}"
    return Reason("unenforced-node", message, "the DaemonSet and pods of the network plugin")


def of_fact(
    variable: Variable, source: EndClass, destination: EndClass, names: tuple[str, str], relation: Relation
) -> Reason:
    """The sentence for one open fact of a flow between two ends."""
    end, name = (source, names[0]) if variable.role == "src" else (destination, names[1])
    kind = variable.kind
    namespaces: Mapping[str, Namespace] = relation.cluster.namespaces
    if kind == "cni":
        return of_profile(variable.name, relation.profile)
    if kind == "unclear":
        return of_plugin(variable, relation)
    if kind == "enforced":
        return of_coverage(variable, name, relation.profile)
    if kind == "namespace-label":
        home = printable(end.namespace or "")
        known = namespaces.get(end.namespace or "")
        if known is not None and known.place is not None:
            return Reason(
                "namespace-labels",
                f"the labels of namespace {home} are not valid as written",
                f"{known.place}, put right",
            )
        where = f"label {variable.name} of namespace {home} is" if home else "the pod's namespace is"
        return Reason(
            "namespace-labels",
            f"{where} not in the input",
            f"the Namespace object {home}, or --assume-no-labels" if home else "the pod itself",
        )
    if kind == "pod-label":
        return Reason(
            "pod-labels",
            f"the value of label {variable.name} of {name} is not in the input",
            "the Pod objects",
        )
    if kind == "node-label":
        return Reason("node-labels", "labels of the node are not in the input", "the Node objects")
    if kind == "address":
        what = "node" if end.sort == "node" or end.host_network else "pod"
        flag = "--node-cidr" if what == "node" else "--pod-cidr"
        return Reason(
            f"{what}-address",
            f"the address of {name} is not known",
            f"{flag}, or the {what.capitalize()} objects",
        )
    if kind == "family":
        return Reason(
            "address-family",
            "whether the flow uses IPv4 or IPv6 is not known",
            "--pod-cidr, or the Pod objects",
        )
    if kind == "node":
        return Reason("node-of-pod", f"the node that {name} runs on is not known", "the Pod objects")
    if kind == "same-node":
        return Reason(
            "own-node",
            f"whether {names[0]} and {names[1]} are on one node is not known",
            "the Pod objects, with spec.nodeName",
        )
    if kind == "named-port":
        port = variable.name.split("/")[0]
        return Reason(
            "named-ports",
            f"which port a pod like {name} calls {printable(port)} is not known",
            "the Pod object",
        )
    if kind == "domain":
        return Reason(
            "domain-name",
            f"whether {name} is an address of {printable(variable.name)} is known to DNS only",
            "",
        )
    return Reason(
        "invalid-object",
        f"the API server would reject {printable(variable.name)} as written",
        "the object, put right",
    )


def unknown(
    relation: Relation,
    egress: int,
    ingress: int,
    meeting: Meeting,
    port: int,
    source: EndClass,
    destination: EndClass,
    names: tuple[str, str],
) -> Reason:
    """The fact on which an UNKNOWN hangs: one that flips the verdict while all others stay, else those that differ."""
    completions = relation.cells.completions(egress, ingress, meeting, port)
    if any(one.may_allow and one.may_deny for one in completions):
        return Reason(
            AMBIGUOUS,
            "AMBIGUOUS: policies of equal priority disagree, and any of them may apply",
            "different priorities",
        )
    pivots = pivotal(completions)
    if not pivots:
        return NOT_DECIDED
    reasons = [of_fact(variable, source, destination, names, relation) for variable in pivots]
    first = reasons[0]
    others = [reason.message for reason in reasons[1:] if reason.message != first.message]
    if not others:
        return first
    return Reason(first.code, "; and ".join([first.message, *others]), first.decide)


def pivotal(completions: Iterable[Completion]) -> list[Variable]:
    """One variable that flips the verdict by itself (the most telling one), else a smallest set that does together."""
    allowed: list[dict[Variable, Domain]] = []
    denied: list[dict[Variable, Domain]] = []
    for one in completions:
        (allowed if one.may_allow else denied).append(one.facts)
    best: list[Variable] | None = None
    best_rank: tuple[int, list[tuple[int, str, str]]] = (0, [])
    for left in allowed[:256]:
        for right in denied[:256]:
            differing = sorted(
                (
                    variable
                    for variable in left
                    if variable in right and empty(variable, both(left[variable], right[variable]), NONE_TAKEN)
                ),
                key=_telling,
            )
            rank = (len(differing), [_telling(variable) for variable in differing])
            if best is None or rank < best_rank:
                best, best_rank = differing, rank
    return best or []


def _telling(variable: Variable) -> tuple[int, str, str]:
    return PREFERENCE.index(variable.kind), variable.role or "", variable.name


def known(allowed: bool, egress: Judgement | None, ingress: Judgement | None, names: tuple[str, str]) -> Reason:
    """The sentence for a verdict that is certain. A judgement is None where the direction has nothing to say."""
    words = [
        text
        for judgement, name in ((egress, names[0]), (ingress, names[1]))
        if judgement is not None and (text := of_direction(judgement, allowed, name))
    ]
    if allowed:
        return Reason("allowed", "; ".join(words) or NOT_SELECTED)
    return Reason("denied", "; ".join(words) or "no reading of the open facts lets both directions through")


def of_direction(judgement: Judgement, allowed: bool, name: str) -> str:
    """Why one direction allows or denies; empty where nothing has a say."""
    return _allowing(judgement, name) if allowed else _denying(judgement, name)


def _called(decision_namespace: str | None, kind: str, name: str, rule: int | None) -> str:
    whole = f"{decision_namespace}/{name}" if decision_namespace else name
    text = f"{kind} {printable(whole)}"
    return text if rule is None else f"{text} rule {rule}"


def _allowing(judgement: Judgement, name: str) -> str:
    if judgement.unseen:
        return f"{judgement.direction.value} of {name}: {judgement.unseen}"
    decisions = judgement.decisions(True)
    if not decisions:
        return ""
    first = decisions[0]
    called = _called(first.namespace, first.kind, first.name, first.rule)
    if judgement.only_passes:
        return f"{judgement.direction.value} of {name} passed on by {called}, and nothing after it denies the flow"
    return f"{judgement.direction.value} of {name} allowed by {called}"


def _denying(judgement: Judgement, name: str) -> str:
    decisions = judgement.decisions(False)
    if not decisions:
        return f"{judgement.direction.value} of {name} is denied"
    first = decisions[0]
    called = _called(first.namespace, first.kind, first.name, first.rule)
    if first.rule is not None:
        return f"{judgement.direction.value} of {name} denied by {called}"
    more = f" and {len(decisions) - 1} more" if len(decisions) > 1 else ""
    return f"{judgement.direction.value} of {name} is isolated by {called}{more}, and no rule allows the flow"
