"""The few names, labels, addresses and ports that random clusters are made of."""

from __future__ import annotations

from random import Random

NAMESPACES = ["n", "m", "o"]
NODES = ["k1", "k2"]
PROTOCOLS = ["TCP", "TCP", "UDP", "SCTP"]
PORTS = [1, 79, 80, 81, 8080, 65535]
PORT_NAMES = ["web", "dns"]
APP_LABELS = {"app": ["web", "db"], "tier": ["f", "b", ""]}
SPACE_LABELS = {"team": ["r", "s"], "env": ["p", "q"]}
NODE_LABELS = {"disk": ["ssd", "hdd"]}
CONTROLLER_LABELS = {
    "pod-template-hash": ["h1", "h2"],
    "job-name": ["w0", "w1"],
    "controller-revision-hash": ["h1"],
    "statefulset.kubernetes.io/pod-name": ["w0-0", "w1-0", "w1-1"],
}
NAME_LABEL = "kubernetes.io/metadata.name"
OUTSIDE = [
    "192.0.2.1",
    "192.0.2.200",
    "10.0.0.120",
    "10.0.1.1",
    "10.2.0.7",
    "10.1.0.9",
    "2001:db8::1",
    "fd00::99",
    "fd01::9",
]
CIDRS = [
    "0.0.0.0/0",
    "10.0.0.0/8",
    "10.0.0.0/29",
    "10.0.0.2/32",
    "10.0.0.3/32",
    "10.0.0.4/31",
    "10.0.0.0/25",
    "10.1.0.0/24",
    "10.1.0.1/32",
    "192.0.2.0/24",
    "192.0.2.1/32",
    "::/0",
    "fd00::/120",
    "fd00::2/127",
    "fd00::4/128",
    "fd01::1/128",
    "2001:db8::/32",
]
EXCEPTS = ["10.0.0.2/32", "10.0.0.0/30", "10.0.0.0/16", "10.1.0.0/25", "192.0.2.128/25", "fd00::/126", "2001:db8::/33"]
DOMAINS = ["example.com", "*.example.com"]


def chance(random: Random, likelihood: float) -> bool:
    """True this often."""
    return random.random() < likelihood


def labels(random: Random) -> dict[str, str]:
    """Labels of a pod; keys may be missing."""
    return {key: random.choice(values) for key, values in APP_LABELS.items() if chance(random, 0.65)}


def space_labels(random: Random) -> dict[str, str]:
    """Labels of a namespace."""
    return {key: random.choice(values) for key, values in SPACE_LABELS.items() if chance(random, 0.65)}
