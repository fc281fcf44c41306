"""The faults: one line each, with what it breaks. ``old`` must stand exactly once in its file."""

from __future__ import annotations

from tests.seeded_faults.check_faults import CHECKS
from tests.seeded_faults.diff_faults import DIFF_FAULTS
from tests.seeded_faults.edge_faults import EDGES
from tests.seeded_faults.fault import (
    CELLS,
    COLUMNS,
    CONDITIONS,
    FACTS,
    PROGRAMS,
    RELATION,
    ROWS,
    SINGLE,
    UNIVERSE,
    Fault,
)
from tests.seeded_faults.layer_faults import LAYER_FAULTS
from tests.seeded_faults.mesh_faults import MESH_FAULTS
from tests.seeded_faults.mesh_rule_faults import MESH_RULES
from tests.seeded_faults.more_rule_faults import MORE_RULES
from tests.seeded_faults.plugin_faults import PLUGINS
from tests.seeded_faults.policy_rule_faults import POLICY_RULES
from tests.seeded_faults.profile_faults import ENFORCEMENT
from tests.seeded_faults.reach_faults import REACH_FAULTS
from tests.seeded_faults.route_faults import ROUTES
from tests.seeded_faults.rule_faults import RULES
from tests.seeded_faults.way_out_faults import WAY_OUT_FAULTS

SETS = (
    Fault(
        "sets/labels.py",
        "return value is None or value not in self.values",
        "return value is not None and value not in self.values",
        "NotIn no longer matches a missing key",
    ),
    Fault(
        "sets/labels.py",
        "return value is not None and value in self.values",
        "return value is None or value in self.values",
        "In matches a missing key",
    ),
    Fault(
        "sets/labels.py",
        'return (value is not None) == (self.operator == "Exists")',
        'return (value is not None) != (self.operator == "Exists")',
        "Exists and DoesNotExist change places",
    ),
    Fault(
        "sets/labels.py",
        "return ValueSet(self.values, not self.cofinite, not self.absent)",
        "return ValueSet(self.values, not self.cofinite, self.absent)",
        "the complement keeps absence",
    ),
    Fault(
        "sets/labels.py",
        "return ValueSet(self.values | other.values, True, absent)",
        "return ValueSet(self.values & other.values, True, absent)",
        "two exclusions of values become weaker",
    ),
    Fault(
        "sets/labels.py",
        "return ValueSet(other.values - self.values, False, absent)",
        "return ValueSet(other.values, False, absent)",
        "an exclusion met by a finite set is forgotten",
    ),
    Fault(
        "sets/ports.py",
        "if merged and first <= merged[-1][1] + 1:",
        "if merged and first <= merged[-1][1] + 2:",
        "ports that are two apart merge",
    ),
    Fault("sets/ports.py", "if last > merged[-1][1]:", "if last < merged[-1][1]:", "a longer range is cut when merged"),
    Fault(
        "sets/ports.py",
        "first = max(left[i][0], right[j][0])",
        "first = left[i][0]",
        "intersection of ranges too large",
    ),
    Fault(
        "sets/ports.py",
        "found.append((first, gone_first - 1))",
        "found.append((first, gone_first))",
        "a difference keeps the first port that is taken away",
    ),
    Fault(
        "sets/ports.py", "first = gone_last + 1\n", "first = gone_last + 2\n", "a difference loses one port too many"
    ),
    Fault(
        "sets/ports.py", "return PROTOCOL_NUMBER[protocol] << 16 | port", "return port", "protocols are not told apart"
    ),
    Fault(
        "sets/addresses.py",
        "ASSIGNABLE: Intervals = subtract(UNICAST, LOCAL)",
        "ASSIGNABLE: Intervals = subtract(subtract(UNICAST, LOCAL), PRIVATE)",
        "open pods are never at private addresses",
    ),
    Fault("sets/addresses.py", "return 6 if number >= V6 else 4", "return 4", "every address is IPv4"),
)


ENGINE = (
    Fault(
        CONDITIONS, "if end.namespace != selection.namespace:", "if False:", "podSelector alone reaches every namespace"
    ),
    Fault(
        CONDITIONS,
        "if not requirement.matches({}):\n                        return None\n                    continue",
        "continue",
        "a missing label satisfies every requirement",
    ),
    Fault(
        CONDITIONS,
        "fact = Fact.ADMIN_HOST_NETWORK_PODS_ARE_PODS if admin else Fact.HOST_NETWORK_PODS_ARE_PODS",
        "fact = Fact.HOST_NETWORK_PODS_ARE_PODS",
        "admin tiers treat hostNetwork pods as NetworkPolicy does",
    ),
    Fault(CONDITIONS, "if inside_count == len(own):", "if inside_count:", "one address of several decides for all"),
    Fault(
        CONDITIONS,
        "condition | {Literal(FAMILY, frozenset((str(number),)))}",
        "condition",
        "a CIDR of one family matches a dual-stack pod in both",
    ),
    Fault(
        CONDITIONS,
        'if end.sort != "outside":\n            return ()\n        return tuple(',
        "return tuple(",
        "domain names stand for pods too",
    ),
    Fault(
        CONDITIONS,
        "if port.name == match.name and match.protocol in (None, port.protocol)",
        "if port.name == match.name",
        "named ports are resolved without the protocol",
    ),
    Fault(
        CONDITIONS, 'elif destination.sort == "pod":', 'elif destination.sort == "none":', "named ports match nothing"
    ),
    Fault(
        CONDITIONS,
        "if empty(variable, without(end.space, addresses), self.taken):\n                return SURELY",
        "return SURELY",
        "an open address is in every CIDR that it may be in",
    ),
    Fault(
        CONDITIONS,
        'return self.labels(selector, known.labels, {}, known.open_labels, "namespace-label", role)',
        'return self.labels(selector, known.labels, {}, False, "namespace-label", role)',
        "labels of a namespace without object are taken as absent",
    ),
    Fault(
        CONDITIONS,
        "return self._node_labels(peer.nodes, end.name or None, role)",
        "return ()",
        "nodes peers match no node",
    ),
    Fault(
        PROGRAMS,
        "hit = ports.intersection(state.undecided, step.ports)",
        "hit = step.ports",
        "later rules override earlier ones",
    ),
    Fault(
        PROGRAMS,
        "return replace(state, undecided=left, deny=ports.union(state.deny, hit))",
        "return replace(state, undecided=left, passed=ports.union(state.passed, hit))",
        "Deny is read as Pass",
    ),
    Fault(
        PROGRAMS,
        "return replace(state, undecided=left, passed=ports.union(state.passed, hit))",
        "return state",
        "Pass is ignored",
    ),
    Fault(
        PROGRAMS,
        "left = ports.difference(state.undecided, hit) if certain else state.undecided",
        "left = state.undecided",
        "a match does not end the tier",
    ),
    Fault(
        PROGRAMS,
        "rival_deny=ports.union(frame.rival_deny, state.deny),",
        "rival_deny=frame.rival_deny,",
        "Deny loses every tie",
    ),
    Fault(
        PROGRAMS,
        "return Ordered(frames=(*outer, frame))",
        "return replace(state, frames=(*outer, frame))",
        "the first of tied policies wins",
    ),
    Fault(
        PROGRAMS,
        "frames=tuple(outer),",
        "",
        "rivals within rivals end all of them",
    ),
    Fault(
        ROWS,
        "return (Rivals((self._by_priority(old), new)),)",
        "return (*self._by_priority(old), *new)",
        "the old Baseline kind comes before the new one",
    ),
    Fault(
        PROGRAMS,
        "undecided=ports.difference(within, frame.matched),",
        "undecided=within,",
        "a tied group never ends the tier",
    ),
    Fault(PROGRAMS, "deny = ports.union(deny, ports.difference(reaching, surely))", "pass", "isolated pods are open"),
    Fault(
        PROGRAMS,
        "deny = ports.union(deny, ports.intersection(reaching, baseline.deny))",
        "pass",
        "Baseline denies nothing",
    ),
    Fault(
        PROGRAMS,
        "program = replace(program, baseline=START, subject=Subject(True, False))",
        "program = replace(program, subject=Subject(False, False))",
        "NetworkPolicy no longer isolates",
    ),
    Fault(
        PROGRAMS,
        "reaching = ports.union(admin.passed, admin.undecided)",
        "reaching = admin.undecided",
        "what is passed is neither allowed nor denied",
    ),
    Fault(
        ROWS,
        "if value is None:\n            base |= {fact_literal(fact)}\n        found:",
        "found:",
        "an open answer about the own node is taken as yes",
    ),
    Fault(ROWS, "return -1 if priority is None else priority", "return 0", "priorities do not count in ties"),
    Fault(
        ROWS,
        "special = self._exempt if key.direction is Direction.INGRESS else self._unfiltered",
        "special = ()",
        "the own node is like any other",
    ),
    Fault(
        CELLS,
        "cell = Cell(self._sure(left, right), self.ports.intersection(left[0], right[0]))",
        "cell = Cell(self._sure(left, right), self.ports.union(left[0], right[0]))",
        "either direction is enough to be possible",
    ),
    Fault(
        CELLS,
        'if meeting.same_namespace and variable.kind == "namespace-label" and variable.role == "dst":',
        "if False:",
        "one namespace may have two sets of labels",
    ),
    Fault(
        CELLS,
        'meeting.same_namespace and "namespace-label" in needs,',
        "False,",
        "one namespace may have two sets of labels (in the key)",
    ),
    Fault(
        CELLS,
        'facts[variable] = frozenset(("yes" if meeting.same_node else "no",))',
        "pass",
        "whether two ends share a node is forgotten",
    ),
    Fault(
        CELLS,
        "ports.intersection(bounds[0], sure), ports.union(bounds[1], possible)",
        "ports.union(bounds[0], sure), ports.union(bounds[1], possible)",
        "sure in one completion is sure",
    ),
    Fault(
        FACTS,
        "if only in singles and singles[only].role != variable.role:",
        "if False:",
        "two pods may share an address",
    ),
    Fault(
        FACTS,
        "return variable.name not in SHARED_ADDRESSES and taken.free(domain) <= 0",
        "return False",
        "an open pod may have an address that another object has",
    ),
    Fault(
        COLUMNS,
        "mask &= ~(self.key(key) | self.open(key))",
        "mask &= ~self.key(key)",
        "DoesNotExist matches a label with an open value",
    ),
    Fault(
        COLUMNS,
        "mask &= self.key(key) | self.open(key)",
        "mask &= self.key(key)",
        "Exists misses a label with an open value",
    ),
    Fault(
        COLUMNS,
        "found[whole] = (*found.get(whole, ()), (start, bits))",
        "found[whole] = ((start, bits),)",
        "of several namespaces only the last one counts",
    ),
    Fault(
        COLUMNS,
        "result[condition] = (*result.get(condition, ()), (start, bits ^ own))",
        "result[condition] = (*result.get(condition, ()), (start, bits))",
        "hostNetwork pods match like any pod, as spans",
    ),
    Fault(
        COLUMNS,
        "add(result, outer, sure & region)",
        "add(result, outer, sure)",
        "far-reaching selectors forget the namespaces",
    ),
    Fault(
        "layers/network/row.py",
        "if column >= start and bits >> (column - start) & 1:",
        "if column > start and bits >> (column - start) & 1:",
        "the first class of a namespace has no overrides",
    ),
    Fault(
        ROWS,
        "if program != piece.program:",
        "if program == piece.program:",
        "overrides say what the base says",
    ),
    Fault(
        COLUMNS,
        "add(result, condition, mask & ~self.host_columns)",
        "add(result, condition, mask)",
        "hostNetwork pods are pods everywhere",
    ),
    Fault(
        COLUMNS,
        "return {ALWAYS: self.everything}",
        "return {ALWAYS: self.pod_columns}",
        "a rule without from or to is for pods only",
    ),
    Fault(
        UNIVERSE,
        "pods = ip.subtract(anywhere, ranges.nodes)",
        "pods = anywhere",
        "an open pod may be at a node's address",
    ),
    Fault(
        UNIVERSE,
        "changes[last + 1] = changes.get(last + 1, 0) ^ bit",
        "changes[last] = changes.get(last, 0) ^ bit",
        "the last address of a CIDR is cut off",
    ),
    Fault(
        UNIVERSE,
        "port_numbers = _Numbers(lambda ports: ports)",
        "port_numbers = _Numbers(lambda ports: ())",
        "replicas that differ in named ports are one class",
    ),
    Fault(
        RELATION,
        "return (-1 if priority is None else priority, compiled.policy.kind, compiled.policy.full_name)",
        "return (0 if priority is None else -priority, compiled.policy.kind, compiled.policy.full_name)",
        "the highest priority number comes first",
    ),
    Fault(
        RELATION,
        "(one for one in self.candidates(end.namespace) if one.policy.tier is tier and one.governs(direction)),",
        "(one for one in self.candidates(end.namespace) if one.policy.tier is tier),",
        "label-form pods: a policy governs both directions",
    ),
    Fault(
        SINGLE,
        "destination = subject if direction is Direction.INGRESS else peer",
        "destination = peer",
        "named ports of ingress rules are looked up at the source",
    ),
)

PROFILES = (
    Fault(
        "layers/profiles/generic.py",
        "Fact.NETWORKS_MATCH_PODS: Reading(\n            True,",
        "Fact.NETWORKS_MATCH_PODS: Reading(\n            False,",
        "generic: networks never match pods",
    ),
    Fault(
        "layers/profiles/generic.py",
        "Fact.OWN_NODE_EGRESS_EXEMPT: Reading(\n            None,",
        "Fact.OWN_NODE_EGRESS_EXEMPT: Reading(\n            True,",
        "generic: egress to the own node surely exempt",
    ),
    Fault(
        "layers/profiles/generic.py",
        "Fact.IPBLOCK_MATCHES_PODS: Reading(\n            None,",
        "Fact.IPBLOCK_MATCHES_PODS: Reading(\n            True,",
        "generic: ipBlock surely matches pods",
    ),
    Fault(
        "layers/profiles/calico.py",
        "Fact.BASELINE_PER_DIRECTION: Reading(\n            True,",
        "Fact.BASELINE_PER_DIRECTION: Reading(\n            False,",
        "calico: Baseline skipped for both directions",
    ),
    Fault(
        "layers/profiles/calico.py",
        "Fact.OWN_NODE_INGRESS_EXEMPT: Reading(\n            True,",
        "Fact.OWN_NODE_INGRESS_EXEMPT: Reading(\n            False,",
        "calico: the own node is filtered",
    ),
    Fault(
        "layers/profiles/netpol_analyzer.py",
        "Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(True,",
        "Fact.HOST_NETWORK_PODS_ARE_PODS: Reading(False,",
        "netpol-analyzer: hostNetwork is read",
    ),
)

NETWORK_POLICY = "dialects/networkpolicy/meaning.py"
CLUSTER = "dialects/clusternetworkpolicy/meaning.py"
ADMIN = "dialects/adminnetworkpolicy/meaning.py"

DIALECTS = (
    Fault(
        NETWORK_POLICY,
        'if spec.get("egress") else ("Ingress",)',
        'if "egress" in spec else ("Ingress",)',
        "an empty egress list without policyTypes isolates egress",
    ),
    Fault(
        NETWORK_POLICY,
        "if ends\n                else (AnyPeer(place),),",
        "if ends is not None\n                else (AnyPeer(place),),",
        "an empty list of peers matches nobody",
    ),
    Fault(
        NETWORK_POLICY,
        "addresses = subtract((cidr,), canonical(taken))",
        "addresses = canonical((cidr,))",
        "excepts are ignored",
    ),
    Fault(
        NETWORK_POLICY,
        'return PortMatch(protocol, number, port.get("endPort", number), place=place, end_port="endPort" in port)',
        "return PortMatch(protocol, number, number, place=place)",
        "endPort is ignored",
    ),
    Fault(
        NETWORK_POLICY,
        'protocol = port.get("protocol", "TCP")',
        'protocol = port.get("protocol", "UDP")',
        "the default protocol of a port is another one",
    ),
    Fault(
        NETWORK_POLICY,
        "return PodPeer(PodSelection(pods=pods, namespace=namespace), place)",
        "return PodPeer(PodSelection(pods=pods, namespaces=EVERYTHING), place)",
        "podSelector alone means pods of every namespace",
    ),
    Fault(
        NETWORK_POLICY,
        "broken=directions,",
        "broken=frozenset(),",
        "a rejected policy surely isolates and allows nothing",
    ),
    Fault(
        "dialects/networkpolicy/schema.py",
        "if outside or inner.length <= block.length:",
        "if outside:",
        "an except as large as its cidr is accepted",
    ),
    Fault(
        "dialects/fields/cidrs.py",
        "return Cidr(number & ~host, number | host, length, zeros, bool(number & host))\n\n\ndef _version_6",
        "return Cidr(number & ~host, (number | host) + 1, length, zeros, bool(number & host))\n\n\ndef _version_6",
        "an IPv4 CIDR is one address too long",
    ),
    Fault(
        "dialects/fields/selectors.py",
        "    if not expressions:\n        if not labels:",
        "    if not expressions or labels:\n        if not labels:",
        "matchExpressions beside matchLabels are ignored",
    ),
    Fault(
        CLUSTER,
        'return PortMatch(protocol, port["range"]["start"], port["range"]["end"], place=place)',
        'return PortMatch(protocol, port["range"]["start"], port["range"]["start"], place=place)',
        "ClusterNetworkPolicy: a range is its first port",
    ),
    Fault(
        CLUSTER,
        'TIERS = {"Admin": Tier.ADMIN, "Baseline": Tier.BASELINE}',
        'TIERS = {"Admin": Tier.ADMIN, "Baseline": Tier.ADMIN}',
        "ClusterNetworkPolicy: Baseline is Admin",
    ),
    Fault(
        CLUSTER,
        "return PortMatch(None, name=kept[NAMED_PORT], place=place)",
        'return PortMatch("TCP", name=kept[NAMED_PORT], place=place)',
        "ClusterNetworkPolicy: named ports are TCP",
    ),
    Fault(
        ADMIN,
        'return PortMatch(port.get("protocol", "TCP"), port["port"], port["port"], place=place)',
        'return PortMatch("TCP", port["port"], port["port"], place=place)',
        "AdminNetworkPolicy: the protocol is ignored",
    ),
    Fault(ADMIN, "tier = Tier.BASELINE\n", "tier = Tier.ADMIN\n", "BaselineAdminNetworkPolicy is Admin"),
    Fault(
        "layers/network/policies.py",
        "BROKEN_NETWORK_POLICY = frozenset((ABSENT, ISOLATES, ALLOWS))",
        "BROKEN_NETWORK_POLICY = frozenset((ABSENT, ISOLATES))",
        "a rejected NetworkPolicy never allows",
    ),
    Fault(
        "layers/network/policies.py",
        "BROKEN_ADMIN_POLICY = frozenset((ABSENT, ALLOWS, DENIES, PASSES))",
        "BROKEN_ADMIN_POLICY = frozenset((ABSENT, ALLOWS))",
        "a rejected admin policy never denies",
    ),
)

QUESTIONS = (
    Fault(
        "verdict/services.py",
        "and (question.port is None or question.port in (port.port, port.name))",
        "and (question.port is None or question.port == port.port)",
        "the ports of a Service have no names",
    ),
    Fault(
        "verdict/services.py",
        "elif isinstance(port.target, int):\n                key = port_key(port.protocol, port.target)",
        "elif isinstance(port.target, int):\n                key = port_key(port.protocol, port.port)",
        "policy sees the Service's port",
    ),
    Fault(
        "verdict/services.py",
        "elif service.headless and not isinstance(question.port, str):",
        "elif False:",
        "headless Services translate numbers",
    ),
    Fault(
        "verdict/services.py",
        "if named.name == port.target and named.protocol == port.protocol",
        "if named.name == port.target",
        "named targets are resolved without the protocol",
    ),
    Fault(
        "verdict/flows.py",
        "if port.name == question.port and port.protocol == question.protocol",
        "if port.name == question.port",
        "ports asked by name are resolved without the protocol",
    ),
    Fault(
        "verdict/ends.py",
        "space = ip.subtract(ip.INTERNET, inside)",
        "space = ip.subtract(ip.UNICAST, inside)",
        "internet has private addresses",
    ),
    Fault(
        "verdict/ends.py",
        "if wanted <= pod.labels.items():",
        "if pod.labels:",
        "a Service selects every pod of its namespace",
    ),
    Fault("sources/services.py", "    if not serves:\n", "    if False:\n", "endpoints that do not serve are backends"),
    Fault(
        "sources/services.py",
        "source = slices if name in slices.backends or name in slices.idle else endpoints",
        "source = slices",
        "Endpoints are not read",
    ),
    Fault(
        "sources/pods.py",
        "if facts.phase in FINISHED:",
        "if False:",
        "finished pods are peers",
    ),
)
"""Questions: Services, internet, names of ports, pods that have finished."""

SEMANTICS: tuple[Fault, ...] = SETS + DIALECTS + ENGINE + PROFILES + ENFORCEMENT + QUESTIONS
ASKED = (*REACH_FAULTS, *MESH_FAULTS, *DIFF_FAULTS, *EDGES, *LAYER_FAULTS, *ROUTES, *WAY_OUT_FAULTS)
FAULTS: tuple[Fault, ...] = (*SEMANTICS, *RULES, *MORE_RULES, *MESH_RULES, *POLICY_RULES, *CHECKS, *PLUGINS, *ASKED)
