"""Faults at the edges: who encrypts, ICMP, what passes by a proxy, names of Services, extensions, releases."""

from __future__ import annotations

from tests.seeded_faults.fault import in_file

SPEC = "tests/dialects/istio/test_spec.py"
ENCRYPTED = ("tests/verdict/meshed/test_encryption.py", "tests/sources/plugins/test_encryption.py")

EDGES = (
    *in_file(
        "model/encryption.py",
        ENCRYPTED,
        ("return self.nodes.get(node, self.on)", "return self.on", "settings of one node count for nothing"),
        ("return self.to_host if to_host else True", "return True", "connections to nodes are encrypted as to pods"),
    ),
    *in_file(
        "verdict/meshed/encryption.py",
        ENCRYPTED,
        ("if some & others:", "if False:", "pods on one node are encrypted"),
        ("if len(some | others) > 1:", "if True:", "pods on one node are perhaps encrypted"),
        ("        if same is None:", "        if False:", "pods whose nodes are not known are encrypted"),
        ("if not one.sure:", "if False:", "a setting that cannot be read encrypts"),
        (
            "_Part(takes, one.exempt not in",
            "_Part(takes, one.exempt in",
            "the control plane alone encrypts its own traffic",
        ),
        ("if said in _TLS:", "if said:", "every port with a name speaks TLS"),
        ("if len(positive) == 1:", "if positive:", "of two plugins the first one encrypts"),
    ),
    *in_file(
        "sources/plugins/encryption.py",
        ENCRYPTED,
        ('if mode in ("Disabled", "External"):', 'if mode == "Disabled":', "IPsec to the outside encrypts pods"),
        ("host = False if node == _OFF else True if", "host = True if", "Cilium encrypts nodes unasked"),
        (
            "sure = how is not None and encapsulation",
            "sure = how is not None or encapsulation",
            "Antrea needs none",
        ),
    ),
    *in_file(
        "verdict/icmp.py",
        ("tests/verdict/test_icmp.py",),
        ("if decided or others", "if others", "ICMP is what TCP is"),
        ("if destination.service is not None or destination.services:", "if False:", "Services translate ICMP"),
    ),
    *in_file(
        "sources/marks.py",
        ("tests/sources/test_marks.py", SPEC),
        ("if user == ids[0] or group == ids[1]:", "if user == ids[0]:", "the proxy's group is redirected"),
        (
            "said if said is not None else all_ for",
            "all_ if all_ is not None else said for",
            "the pod goes first",
        ),
        (
            "            break\n        if one.first",
            "            pass\n        if one.first",
            "nothing is behind",
        ),
    ),
    *in_file(
        "layers/mesh/courses.py",
        ("tests/dialects/istio/test_spec.py",),
        ("if client is not None and client.aside:", "if False:", "the proxy takes what its own user sends"),
        ("return len(course.facts) < 2 or", "return True or", "a namespace has other labels for its other end"),
    ),
    *in_file(
        "dialects/istio/together.py",
        ("tests/dialects/istio/test_together.py", SPEC),
        ("left[namespace] & said if", "left[namespace] | said if", "facts that exclude each other hold together"),
        ("proxy is not client.proxy", "proxy is client.proxy", "a client has the other proxy"),
    ),
    *in_file(
        "dialects/istio/domain.py",
        ("tests/dialects/istio/test_domain.py", SPEC),
        ('        return f"{host}."\n', "        return host\n", "hosts of the usual domain name Services of any"),
        ("if wild and own.endswith(tail):", "if False:", "a wildcard of the domain names no Service"),
    ),
    *in_file(
        "dialects/istio/entry_scope.py",
        (SPEC,),
        ("if not known or any(inside):", "if True:", "an entry takes every address"),
        (
            "return any(one.protocol.upper() in _BYTES",
            "return all(one.protocol.upper() not in _BYTES",
            "bytes have hosts",
        ),
    ),
    *in_file(
        "dialects/istio/extension_scope.py",
        ("tests/dialects/istio/test_extensions.py",),
        ("extension.http and not point.http", "False", "a filter of requests sees connections"),
        ("if extension.ports and own_chain and", "if False and", "a filter for one port is at every port"),
        ("if extension.ports and own_chain and", "if extension.ports and", "ports without a Service have no filters"),
        ("return not waypoint or extension.waypoints is True", "return True", "waypoints have what selects nobody"),
        ("return space == pod.namespace and name == own", "return True", "a filter is in every gateway"),
    ),
    *in_file(
        "dialects/istio/since.py",
        ("tests/dialects/istio/test_since.py",),
        ("if old < since]", "if since < old]", "new releases do not know old fields"),
        ("        attachment = replace(attachment, targets=())\n", "        pass\n", "old releases know targetRefs"),
    ),
    *in_file(
        "verdict/meshed/request.py",
        ("tests/verdict/meshed/test_preflight.py",),
        ('return self.method == "OPTIONS" and all(asks)', 'return self.method == "OPTIONS"', "OPTIONS is a preflight"),
    ),
    *in_file(
        "verdict/meshed/ruling.py",
        ("tests/verdict/meshed/test_words_of_claims.py",),
        ("not isinstance(value, str) or not any(", "not any(", "a list of words has its items divided"),
        (
            "if len(path) == 1 and all(name in names for names in taking):",
            "if len(path) == 1:",
            "one rule of an issuer divides claims for the others",
        ),
    ),
)
"""Caught by tests."""
