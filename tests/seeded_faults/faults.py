"""The faults: one line of the semantics each, with what it breaks. ``old`` must stand exactly once in its file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """``file`` is below the package; ``old`` and ``new`` are whole pieces of text."""

    file: str
    old: str
    new: str
    breaks: str


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

CONDITIONS = "layers/network/conditions.py"
PROGRAMS = "layers/network/programs.py"
ROWS = "layers/network/rows.py"
SINGLE = "layers/network/single.py"
CELLS = "layers/network/cells.py"
COLUMNS = "layers/network/columns.py"
UNIVERSE = "layers/network/universe.py"
RELATION = "layers/network/relation.py"
FACTS = "layers/network/facts.py"
POLICIES_FILE = "layers/network/policies.py"

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
        "if state.in_group else state.undecided\n        hit =",
        "if state.in_group else ALL\n        hit =",
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
        "left = ports.difference(within, hit) if certain else within",
        "left = within",
        "a match does not end the tier",
    ),
    Fault(
        PROGRAMS,
        "return replace(changed, group_deny=ports.union(state.group_deny, hit))",
        "return changed",
        "Deny loses every tie",
    ),
    Fault(PROGRAMS, "return replace(state, rest=ALL)", "return state", "the first of tied policies wins"),
    Fault(
        PROGRAMS,
        "undecided=ports.difference(within, state.matched),",
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
        "ports.difference(ports.difference(ALL, left[1]), right[1]), ports.intersection(left[0], right[0])",
        "ports.difference(ports.difference(ALL, left[1]), right[1]), ports.union(left[0], right[0])",
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
        "mask &= ~(self.keys.get(key, 0) | self.open.get(key, 0))",
        "mask &= ~self.keys.get(key, 0)",
        "DoesNotExist matches a label with an open value",
    ),
    Fault(
        COLUMNS,
        "mask &= self.keys.get(key, 0) | self.open.get(key, 0)",
        "mask &= self.keys.get(key, 0)",
        "Exists misses a label with an open value",
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
        "if compiled.policy.tier is tier and compiled.governs(direction):\n                condition = ",
        "if compiled.policy.tier is tier:\n                condition = ",
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

ENFORCEMENT_FILE = "layers/network/enforcement.py"
FLOWS_FILE = "verdict/flows.py"

ENFORCEMENT = (
    Fault(
        ENFORCEMENT_FILE,
        "        if value is False:\n            return None\n        if value is None:\n            literals.append",
        "        if value is None:\n            literals.append",
        "a kind that is not enforced has its effect nevertheless",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "        if value is None:\n            literals.append(fact_literal(fact))\n    return frozenset",
        "    return frozenset",
        "a kind of which it is open whether it is enforced surely is",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "    Direction.INGRESS: Fact.NETWORK_POLICY_INGRESS,",
        "    Direction.INGRESS: Fact.NETWORK_POLICY_EGRESS,",
        "ingress is enforced where egress is",
    ),
    Fault(
        ENFORCEMENT_FILE,
        '"BaselineAdminNetworkPolicy": Fact.BASELINE_ADMIN_NETWORK_POLICY',
        '"BaselineAdminNetworkPolicy": Fact.ADMIN_NETWORK_POLICY',
        "the Baseline kind is enforced where the Admin kind is",
    ),
    Fault(ENFORCEMENT_FILE, "HIGHEST_LOW_PRIORITY = 99", "HIGHEST_LOW_PRIORITY = 100", "priority 100 counts as low"),
    Fault(
        ENFORCEMENT_FILE,
        "        return (fact, Fact.HIGH_ADMIN_PRIORITIES)",
        "        return (fact,)",
        "high priorities are always enforced",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "broken=frozenset(governs(policy))",
        "broken=frozenset(governs(policy)[:1])",
        "what is not understood is open in one direction only",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "    named = Fact.ADMIN_NAMED_PORTS if admin else Fact.NAMED_PORTS",
        "    named = Fact.NAMED_PORTS",
        "named ports of admin policies are judged as those of NetworkPolicy",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "        return named\n",
        "        pass\n",
        "named ports are always understood",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "(Fact.ADMIN_NODE_PEERS, NodePeer), (Fact.ADMIN_DOMAIN_PEERS, DomainPeer)",
        "(Fact.ADMIN_DOMAIN_PEERS, NodePeer), (Fact.ADMIN_NODE_PEERS, DomainPeer)",
        "nodes and domainNames peers change places",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "if any(peer.excepts for peer in blocks) and (len(rules) > 1 or len(blocks) > 1):",
        "if any(peer.excepts for peer in blocks) and len(blocks) > 1:",
        "an except of which the meaning is open leaves the other rules alone",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "        if sctp is False:\n            return\n",
        "",
        "ports of SCTP are open where they match nothing",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "    if sctp is not True and match.protocol is None:\n        for",
        "    if False:\n        for",
        "a named port of any protocol is found on SCTP too",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "    yield replace(match, last=match.first)\n",
        "    yield match\n",
        "endPort counts where it does not",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "yield replace(match, first=match.first + 1, readings=(*match.readings, (Fact.END_PORT, True)))",
        "yield replace(match, first=match.first + 1)",
        "endPort surely counts where that is open",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "            if six is False:\n                continue\n",
        "",
        "IPv6 blocks are open where they match nothing",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "            under = ((Fact.IPV6_BLOCKS, True),)",
        "            under = ()",
        "IPv6 blocks surely match where that is open",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "        return space if zero else LIMITED_IPV6",
        "        return space",
        "::/0 is everything for every plugin",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "key=lambda entry: entry[0] - entry[1]",
        "key=lambda entry: entry[1] - entry[0]",
        "the shortest prefix of an ipset decides",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "        for excepted in other.excepts:",
        "        for excepted in other.excepts if other is peer else ():",
        "an except in an ipset is local",
    ),
    Fault(
        ENFORCEMENT_FILE,
        "    if disputed:\n",
        "    if False:\n",
        "of two equal prefixes the except surely wins",
    ),
    Fault(
        POLICIES_FILE,
        "        return None if enforced is None else own | selected | enforced",
        "        return own | selected",
        "a pod that does not exist is always on a node that enforces policy",
    ),
    Fault(
        COLUMNS,
        "                if enforced is not None:\n",
        "                if True:\n                    enforced = enforced or frozenset()\n",
        "a node without enforcement enforces",
    ),
    Fault(
        UNIVERSE,
        "            if where is None:\n                where = pod.node\n",
        "            if where is None:\n                where = True\n",
        "a node of which it is open whether it enforces policy surely does",
    ),
    Fault(
        UNIVERSE,
        "            where = self.nodes.get(pod.node, self.elsewhere)",
        "            where = self.nodes.get(pod.node, True)",
        "nodes that are not named always enforce policy",
    ),
    Fault(
        UNIVERSE,
        "        if covered:\n            key = (*key, coverage.of(pod))\n",
        "",
        "pods on nodes that differ are one class",
    ),
    Fault(
        UNIVERSE,
        'pod.workload.kind == "Pod" if self.owners else None',
        'pod.workload.kind != "Pod" if self.owners else None',
        "pods with and without an owner change places",
    ),
    Fault(
        CONDITIONS,
        'literals.append(Literal(Variable("enforced", role, SOME_NODE, BOOLEAN), TRUE))',
        "pass",
        "a pod of which the node is not known is surely governed",
    ),
    Fault(
        CONDITIONS,
        'literals.append(Literal(Variable("enforced", role, SOME_OWNER, BOOLEAN), TRUE))',
        "pass",
        "a pod that does not exist surely has an owner",
    ),
    Fault(
        ROWS,
        '(Fact.SCTP_FILTERED, ALWAYS, self.programs.ports.number((protocol_range("SCTP"),)))',
        '(Fact.SCTP_FILTERED, ALWAYS, self.programs.ports.number((protocol_range("UDP"),)))',
        "what is not filtered is UDP",
    ),
    Fault(
        ROWS,
        "(Fact.IPV6_FILTERED, IN_IPV6, PortTable.ALL)",
        "(Fact.IPV6_FILTERED, ALWAYS, PortTable.ALL)",
        "IPv4 is not filtered either",
    ),
    Fault(
        ROWS,
        "self._tier(key.admin, key, subject, self.start(key))",
        "self._tier(key.admin, key, subject)",
        "everything is filtered",
    ),
    Fault(
        SINGLE,
        "_tier(rows, key.admin, key, subject, peer, rows.start(key))",
        "_tier(rows, key.admin, key, subject, peer)",
        "everything is filtered, for ends that are no column",
    ),
    Fault(
        CONDITIONS,
        "            plugin |= readings_condition(peer.readings)",
        "            pass",
        "a block that is read in two ways is read in both at once",
    ),
    Fault(
        FACTS,
        "fact_literal(fact, TRUE if value else FALSE) for fact, value in readings",
        "fact_literal(fact, TRUE) for fact, value in readings",
        "the other reading of ::/0 goes with the same answer",
    ),
    Fault(
        RELATION,
        "found.append(0 if value else number)",
        "found.append(number if value else 0)",
        "hairpins are exempt where they are judged",
    ),
    Fault(
        RELATION,
        "((Fact.HAIRPIN_EGRESS_EXEMPT, egress), (Fact.HAIRPIN_INGRESS_EXEMPT, ingress))",
        "((Fact.HAIRPIN_INGRESS_EXEMPT, egress), (Fact.HAIRPIN_EGRESS_EXEMPT, ingress))",
        "the directions of a hairpin change places",
    ),
    Fault(
        PROGRAMS,
        "exempt=(*program.exempt, condition)))",
        "exempt=program.exempt))",
        "hairpins are judged where that is open",
    ),
    Fault(
        CELLS,
        'if meeting.itself and variable.role == "dst":',
        "if False:",
        "a pod's own facts differ between the two ends of a hairpin",
    ),
    Fault(
        FLOWS_FILE,
        "translated = not service.headless",
        "translated = True",
        "a headless Service has an address of its own",
    ),
    Fault(
        FLOWS_FILE,
        "            seen = relation.towards_service(end, egress)",
        "            seen = egress",
        "every plugin sees the pod behind a Service",
    ),
    Fault(
        RELATION,
        "steps += [(condition, Action.ALLOW) for _, condition in whole]",
        "pass",
        "a rule that opens everything does not open a Service's address",
    ),
    Fault(
        RELATION,
        "        for _, condition in key.admin:\n            steps",
        "        for _, condition in ():\n            steps",
        "admin policies do not see a Service's address",
    ),
    Fault(
        "layers/profiles/profile.py",
        "after > self.since",
        "after >= self.since",
        "a version holds for the one before it too",
    ),
    Fault(
        "layers/profiles/profile.py",
        "    if len({reading.value for reading in found}) == 1:",
        "    if found:",
        "without a version the oldest answer holds",
    ),
    Fault(
        "layers/profiles/kube_router.py",
        "IN_IPSETS = Reading(\n    False,",
        "IN_IPSETS = Reading(\n    True,",
        "k3s: excepts are local",
    ),
    Fault(
        "layers/profiles/aws_vpc_cni.py",
        "Fact.SERVICES_SEEN_AS_PODS: Reading(\n            False,",
        "Fact.SERVICES_SEEN_AS_PODS: Reading(\n            True,",
        "aws-vpc-cni: judged after translation",
    ),
    Fault(
        "layers/profiles/flannel.py",
        "NO = Reading(False,",
        "NO = Reading(True,",
        "flannel enforces policy",
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
        "verdict/flows.py",
        "and (question.port is None or question.port in (port.port, port.name))",
        "and (question.port is None or question.port == port.port)",
        "the ports of a Service have no names",
    ),
    Fault(
        "verdict/flows.py",
        "elif isinstance(port.target, int):\n                key = port_key(port.protocol, port.target)",
        "elif isinstance(port.target, int):\n                key = port_key(port.protocol, port.port)",
        "policy sees the Service's port",
    ),
    Fault(
        "verdict/flows.py",
        "elif service.headless and not isinstance(question.port, str):",
        "elif False:",
        "headless Services translate numbers",
    ),
    Fault(
        "verdict/flows.py",
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

FAULTS: tuple[Fault, ...] = SETS + DIALECTS + ENGINE + PROFILES + ENFORCEMENT + QUESTIONS
