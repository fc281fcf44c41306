"""Faults in who is in the mesh, what its proxies send and take, what policies say there, and how it is all judged."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file
from tests.seeded_faults.request_faults import REQUESTS, VERDICTS

_ORACLE = "tests/properties/test_mesh_against_oracle.py"
ORACLE = (f"{_ORACLE}::test_they_agree[0]", f"{_ORACLE}::test_they_agree_on_what_is_rarer[0]")
SPEC, SPEC_AUTHORIZATION = "tests/dialects/istio/test_spec.py", "tests/dialects/istio/test_spec_authorization.py"
MEMBERS = ("tests/dialects/istio/test_enrolment.py", SPEC)
TAKEN = ("tests/dialects/istio/test_peer_authentication.py", SPEC, *ORACLE)
SENT = ("tests/dialects/istio/test_sending.py", SPEC, *ORACLE)
SPOKEN = ("tests/dialects/istio/test_speech.py", SPEC)
OVER_WAYPOINTS = ("tests/dialects/istio/test_waypoint.py", SPEC, *ORACLE)
ATTACHED = ("tests/dialects/istio/test_attachment.py", SPEC_AUTHORIZATION)
READ = ("tests/dialects/istio/test_authorization.py", "tests/dialects/istio/test_trust_domains.py", SPEC_AUTHORIZATION)

MACHINES = (
    *in_file(
        "verdict/meshed/grid.py",
        ("tests/verdict/meshed/test_machines.py", "tests/properties/test_machines.py"),
        (
            "else self.universe.machines.get(column)",
            "else None",
            "machines outside of the cluster are any address to lists",
        ),
        (
            'found["no workload", column] =',
            "found[column] =",
            "a machine is mixed up with some other address",
        ),
    ),
    *in_file(
        "verdict/meshed/backends.py",
        ("tests/verdict/meshed/test_backends.py",),
        ("if more and False not in picks:", "if False:", "a Service without pods is closed to clients of the mesh"),
        ("if takes is not False:", "if True:", "a client past its proxy gets machines"),
        ("found = led_to(port, machine)", "found = port.port", "a machine is reached at the Service's port"),
    ),
    *in_file(
        "verdict/spreading.py",
        ("tests/verdict/meshed/test_machines.py",),
        (
            "if self.workloads >> column & 1:\n                    levels[depth",
            "if column < self.universe.pods:\n                    levels[depth",
            "nobody goes on from a machine",
        ),
    ),
)
EDITED = ("tests/verdict/meshed/test_editing.py", "tests/properties/test_mesh_edits.py")
EDITS = (
    *in_file(
        "verdict/meshed/editing.py",
        EDITED,
        (
            "            if after is None or not self._closes(after, step):",
            "            if after is None:",
            "an edit of the mesh is told only if it closes the step",
        ),
        (
            "            rank = (lost.flows, 1, len(remedy.manifests), remedy.fields)",
            "            rank = (0, 1, len(remedy.manifests), remedy.fields)",
            "the edit that takes the fewest flows goes first",
        ),
    ),
    *in_file(
        "dialects/istio/remedies.py",
        EDITED,
        (
            'sources.append({"source": {"notPrincipals": ["*"]}})',
            'sources.append({"source": {"notPrincipals": ["nobody"]}})',
            "who controls a pod need not show its certificate",
        ),
    ),
    *in_file(
        "verdict/meshed/next_steps.py",
        ("tests/verdict/meshed/test_next_steps.py",),
        (
            "                sides.closes(layer, column)",
            "                True",
            "a step names only workloads that it closes",
        ),
        (
            "                    if own is not None and not alone and self._member(client):",
            "                    if False:",
            "a default deny allows who comes today",
        ),
    ),
    *in_file(
        "dialects/istio/defaults.py",
        ("tests/verdict/meshed/test_next_steps.py",),
        (
            "        if not labels or _has_allow(mesh, allowing, config, one.server):",
            "        if not labels:",
            "a workload that allows by name is not opened to others",
        ),
    ),
    *in_file(
        "layers/mesh/courses.py",
        ("tests/properties/test_mesh_against_oracle.py::test_they_agree_on_the_port_of_tunnels",),
        (
            "port == self.mesh.tunnel_port:",
            "port == 0:",
            "the port of tunnels takes nothing else",
        ),
    ),
)

MEMBERSHIP = (
    *in_file(
        "dialects/istio/enrolment.py",
        MEMBERS,
        ('        if injection != "enabled":', "        if False:", "istio-injection=disabled injects"),
        (
            "    if space_revision is not None:",
            "    if space_revision is not None and revision is None:",
            "a pod's revision goes before that of its namespace",
        ),
        (
            '    if inject == "true":\n        return "", f"the pod',
            '    if False:\n        return "", f"the pod',
            "a pod cannot ask for a sidecar by itself",
        ),
        (
            "    if pod.host_network:\n        return False,",
            "    if False:\n        return False,",
            "hostNetwork pods get sidecars",
        ),
        ("    if pod.namespace in IGNORED:", "    if False:", "kube-system gets sidecars"),
        (
            'word = labels.get(INJECT, annotations.get(INJECT, ""))',
            'word = annotations.get(INJECT, labels.get(INJECT, ""))',
            "the injector asks the annotation before the label",
        ),
        (
            "tags = {tag for one in self._webhooks for tag in one.tags or (one.revision,)}",
            "tags = {tag for one in self._webhooks for tag in (*one.tags, one.revision)}",
            "an injector for a tag answers for its revision too",
        ),
        (
            'if own == "ambient" and mode != "none":',
            'if own == "ambient":',
            "a pod cannot leave the ambient mesh of its namespace",
        ),
        (
            'if not pod.host_network and annotations.get(REDIRECTION) == "enabled":',
            "if not pod.host_network and REDIRECTION in annotations:",
            "a pod that ztunnel has yet to take is in the mesh",
        ),
        (
            "options = (self.observed(pod),) if exists(pod) else tuple(self.predicted(pod))",
            "options = tuple(self.predicted(pod))",
            "a pod that runs is what it would be",
        ),
        (
            "return Membership(NAME, Proxy.NODE, inbound, Outgoing(), True, observed, why)",
            "return Membership(NAME, Proxy.NODE, inbound, Outgoing(), bool(inbound), observed, why)",
            "nobody tunnels to a pod that only asks not to be captured",
        ),
    ),
    *in_file(
        "dialects/istio/capture.py",
        MEMBERS,
        (
            "return without((*excluded, *status, *OWN_PORTS, HBONE_PORT))",
            "return without((*excluded, *status, HBONE_PORT))",
            "a sidecar takes its own ports",
        ),
        (
            '    if include != "*":\n        return intervals',
            '    if include and include != "*":\n        return intervals',
            "an empty list of ports to take is all of them",
        ),
        (
            "addresses(word(EXCLUDE_ADDRESSES)),",
            "(),",
            "addresses are never left out",
        ),
        (
            'return () if annotations.get(BYPASS) == "true" else',
            "return () if BYPASS in annotations else",
            "ztunnel passes by a pod that says false",
        ),
    ),
)
"""Who is in the mesh, and what its proxy takes."""

TRANSPORT = (
    *in_file(
        "dialects/istio/peer_authentication.py",
        TAKEN,
        (
            "    for one in (chosen.mesh, chosen.namespace, chosen.workload):",
            "    for one in (chosen.workload, chosen.namespace, chosen.mesh):",
            "the mesh's mode goes before the workload's",
        ),
        (
            "if workload is not None and workload.ports.get(port) is not None:",
            "if False:",
            "modes of ports count for nothing",
        ),
        (
            "        if pod.namespace == self._root:\n            yield None",
            "        if False:\n            yield None",
            "selectors count in the root namespace",
        ),
        (
            "if namespace != self._root:\n            space = _first",
            "if False:\n            space = _first",
            "namespaces have no mode of their own",
        ),
        (
            "return Mode.PERMISSIVE in modes if strict else Mode.STRICT in modes",
            "return bool(modes & {Mode.PERMISSIVE, Mode.DISABLE}) if strict else Mode.STRICT in modes",
            "ztunnel takes DISABLE at a port for an exception",
        ),
        (
            "return port in denied.ports or (denied.others and port not in denied.except_ports)",
            "return port in denied.ports",
            "ztunnel forgets the mode of ports that nothing names",
        ),
    ),
    *in_file(
        "dialects/istio/ages.py",
        ("tests/dialects/istio/test_peer_authentication.py", SPEC),
        ("one.named.namespace))[:1]", "one.named.namespace))[-1:]", "the youngest policy counts"),
        ("sorted([*without, *first],", "sorted(first or without[:1],", "without ages the first by name counts"),
    ),
    *in_file(
        "dialects/istio/speech.py",
        SPOKEN,
        (
            "word = application or name",
            "word = name or application",
            "the name of a port goes before its appProtocol",
        ),
        (
            "return Speech.TCP if number in WELL_KNOWN else Speech.DETECTED",
            "return Speech.DETECTED",
            "what databases speak is detected",
        ),
        ('found = parse(word.partition("-")[0])', "found = parse(word)", "http-api is no HTTP"),
        (
            "candidates = [min(candidates,",
            "candidates = [max(candidates,",
            "the youngest Service says what a port speaks",
        ),
    ),
    *in_file(
        "dialects/istio/destination_rule.py",
        SENT,
        (
            "        if local:\n",
            "        if any(not one.selector for one in local):\n",
            "a rule that selects no client lets those of other namespaces in",
        ),
        (
            "for namespace in dict.fromkeys((home, self._root)):",
            "for namespace in dict.fromkeys((self._root, home)):",
            "the root namespace's rules go before the Service's own",
        ),
        (
            "seen = [one for one in exported if visible(one.exports, namespace, client)]",
            "seen = list(exported)",
            "rules reach namespaces that they are not exported to",
        ),
        (
            "return policy.ports.get(port, policy.tls)",
            "return policy.ports.get(port) or policy.tls",
            "the settings of a port inherit the host's TLS",
        ),
        (
            "chosen = [one for one in rules if one.selector and selects(one.selector, source)]",
            "chosen = [one for one in rules if one.selector]",
            "a rule with a selector is for all clients of its namespace",
        ),
    ),
    *in_file(
        "dialects/istio/hosts.py",
        SENT,
        ("    if host in found:\n        return host\n", "", "a wildcard may say more about a host than its name"),
        (
            "return max(found, key=len, default=None)",
            "return min(found, key=len, default=None)",
            "the widest host counts",
        ),
    ),
    *in_file(
        "dialects/istio/sending.py",
        SENT,
        (
            "        if not config.auto_mtls:\n",
            "        if False:\n",
            "auto mTLS cannot be turned off",
        ),
        (
            "if service.headless and not self._all_have_sidecars(service):",
            "if False:",
            "pods of headless Services are asked one by one",
        ),
        (
            "            if mode.value is Mode.DISABLE:\n                yield False",
            "            if False:\n                yield False",
            "the mode of the namespace does not matter to clients",
        ),
        (
            "takes = taken.value.acceptance is not Acceptance.PLAIN",
            "takes = True",
            "a client speaks TLS to a server that has turned it off",
        ),
        (
            "if not service.headless or speaks is Speech.HTTP or",
            "if not service.headless or",
            "a sidecar knows pods of headless HTTP Services by their addresses",
        ),
        (
            "if any_outside(sidecar, config):\n                yield from passed_on(",
            "if True:\n                yield from passed_on(",
            "a sidecar passes on what it does not know although it may not",
        ),
        (
            "routed = route.requests if http else route.connections",
            "routed = route.connections or route.requests",
            "routes for connections are routes for requests",
        ),
        (
            "if node and sending is Sending.PLAIN and tunnels:",
            "if False:",
            "DISABLE turns the tunnel off in every release",
        ),
    ),
    *in_file(
        "dialects/istio/virtual_hosts.py",
        ("tests/dialects/istio/test_virtual_hosts.py", *ORACLE),
        (
            "elif own is not Speech.HTTP and Speech.HTTP not in told:",
            "elif own is Speech.TCP and Speech.HTTP not in told:",
            "requests to a port that is found out go by their host",
        ),
        (
            "        return Aim(away=other)",
            "        return None",
            "what names another Service goes where it is dialled",
        ),
        (
            "                return Aim(service=other)",
            "                return Aim(away=other)",
            "another Service of the same pods leads away from them",
        ),
        (
            "    if service.namespace == namespace:\n        yield service.name",
            "    yield service.name",
            "a name alone is one of every namespace",
        ),
        (
            "            return Aim()\n",
            "            return None\n",
            "what names nobody is sent as one for the Service",
        ),
    ),
    *in_file(
        "dialects/istio/sidecar_scope.py",
        SENT,
        (
            "for one in sidecar.egress if one.port in (None, port))",
            "for one in sidecar.egress)",
            "a listener of a Sidecar is for every port",
        ),
        (
            '(space == "." and namespace == client)',
            '(space == ".")',
            "a Sidecar's own namespace is every namespace",
        ),
        (
            "    if sidecar is not None and sidecar.any_outside is not None:\n        return sidecar.any_outside\n",
            "",
            "a Sidecar's outboundTrafficPolicy counts for nothing",
        ),
    ),
    *in_file(
        "dialects/istio/waypoint.py",
        OVER_WAYPOINTS,
        (
            "service = None if service is None or service.headless else service",
            "pass",
            "headless Services have waypoints",
        ),
        (
            'if gateway is None or gateway.serves not in (wanted, "all"):',
            "if gateway is None:",
            "a waypoint for Services is one for workloads",
        ),
        (
            "        if named is not None:\n",
            "        if named is not None and named != (NONE, NONE):\n",
            "use-waypoint: none leaves it to the namespace",
        ),
        (
            "return gateway.named.namespace == asking",
            "return True",
            "waypoints serve other namespaces unasked",
        ),
        (
            "return labels.get(NAMESPACE) or namespace, name",
            "return namespace, name",
            "a waypoint is always in its own namespace",
        ),
    ),
)
"""What is taken at a port, what is spoken there, what clients send, and over which waypoint."""

POLICIES = (
    *in_file(
        "dialects/istio/attachment.py",
        ATTACHED,
        (
            "    if attachment.namespace not in namespaces:\n        return False\n",
            "",
            "policies reach other namespaces",
        ),
        (
            "if point.sort is PointSort.WAYPOINT or not config.selectors_reach_gateways:",
            "if not config.selectors_reach_gateways:",
            "a policy with a selector reaches a waypoint",
        ),
        (
            "return False if attachment.targets else selects(attachment.labels, pod)\n    gateway",
            "return selects(attachment.labels, pod)\n    gateway",
            "a policy with targets reaches ztunnel",
        ),
        (
            "return (service.namespace, service.name) == (namespace, target.name)",
            "return service.name == target.name",
            "a policy targets Services of other namespaces",
        ),
        (
            "return namespace == config.root_namespace",
            "return True",
            "anybody targets all waypoints",
        ),
    ),
    *in_file(
        "dialects/istio/matching.py",
        READ,
        (
            "    if is_literal is False:\n        return older\n",
            "    if is_literal is False:\n        return literal\n",
            "older releases take dots literally",
        ),
        (
            "return NEVER if attributes.names_no_claim(key) else None",
            "return None",
            "claims without a name drop the condition",
        ),
        (
            '    if value == "*":\n        return Present(empty)\n',
            '    if value == "*":\n        return Present(True)\n',
            "an empty claim is any",
        ),
        (
            "return Prefix(value[:-1], ignore_case) if",
            "return Prefix(value, ignore_case) if",
            "the star of a prefix is a character",
        ),
        (
            "Predicate(HOST, text(value, empty=True, ignore_case=True))",
            "Predicate(HOST, text(value, empty=True))",
            "hosts are told apart by case",
        ),
        (
            'issuer, slash, subject = value.rpartition("/")',
            'issuer, slash, subject = value.partition("/")',
            "the first slash parts issuer and subject",
        ),
        (
            "        space, name = namespace, value\n    literal",
            '        space, name = "default", value\n    literal',
            "an account without namespace is one of default",
        ),
    ),
    *in_file(
        "dialects/istio/trust_domains.py",
        READ,
        (
            "known = domain == LOCAL or any",
            "known = any",
            "cluster.local is a trust domain like others",
        ),
        (
            "for own in domains:\n            written",
            "for own in domains[:1]:\n            written",
            "aliases of the trust domain are not known",
        ),
    ),
    *in_file(
        "dialects/istio/envoy_rules.py",
        READ,
        (
            'elif self.policy.action == "ALLOW":\n                raise _Dropped',
            "elif True:\n                raise _Dropped",
            "a DENY rule of HTTP fields is dropped on a chain of connections",
        ),
        (
            'elif self.policy.action == "ALLOW":\n                raise _Dropped',
            "elif False:\n                raise _Dropped",
            "an ALLOW rule of HTTP fields widens on a chain of connections",
        ),
        (
            "if any(attributes.sort_of(one.key) is None for one in clause.conditions):",
            "if False:",
            "a key that there is not drops no rule",
        ),
        (
            'return NEVER if self.policy.action == "CUSTOM" and key.startswith("request.auth.") else meaning',
            "return meaning",
            "external services are asked after tokens are looked at",
        ),
    ),
    *in_file(
        "dialects/istio/node_rules.py",
        (SPEC_AUTHORIZATION, *ORACLE),
        (
            "return conjunction(parts) if parts else NEVER",
            "return conjunction(parts)",
            "to ztunnel a match without fields takes everything",
        ),
        (
            'if beyond and policy.action == "ALLOW":',
            "if beyond:",
            "ztunnel drops rules that deny",
        ),
        (
            "            parts.append(Not(disjunction(others)))\n    return",
            "            parts.append(disjunction(others))\n    return",
            "ztunnel takes notPrincipals for principals",
        ),
    ),
    *in_file(
        "dialects/istio/authorization.py",
        READ,
        (
            "too_many = len(asked) > 1 and not config.several_providers",
            "too_many = False",
            "two providers are asked",
        ),
        (
            "if provider is Provider.HTTP and not http and not too_many:",
            "if False:",
            "a provider of HTTP is asked about connections",
        ),
        (
            "refuses = too_many or provider is Provider.UNUSABLE",
            "refuses = too_many",
            "a provider that is not there is asked",
        ),
        (
            "shadow=policy.dry_run and (refuses or not external),",
            "shadow=False,",
            "dry runs are enforced",
        ),
    ),
    *in_file(
        "dialects/istio/paths.py",
        ("tests/dialects/istio/test_settings.py", SPEC_AUTHORIZATION, "tests/dialects/istio/test_authorization.py"),
        ('if how == "NONE":', "if False:", "paths are normalised although nobody wants it"),
        (
            'return _merged(path) if how in ("MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES") else path',
            "return path",
            "slashes are never merged",
        ),
        (
            "            if kept:\n                kept.pop()\n",
            "",
            "two dots lead nowhere",
        ),
    ),
)
"""Which policies reach a point, and how it reads them."""

MESH_FAULTS = (*MACHINES, *MEMBERSHIP, *TRANSPORT, *POLICIES, *VERDICTS, *REQUESTS, *EDITS)
