"""Requests for hosts, as proxies compare them: without regard to case, and with any port or none."""

from __future__ import annotations

from collections.abc import Iterable

from ringfence.sets.languages.patterns import Exact, Regex, Suffix
from ringfence.sets.requests.attributes import HOST
from ringfence.sets.requests.formulas import ALWAYS, Formula, Predicate, conjunction, disjunction, negation


def of_host(host: str) -> Formula:
    """Requests for a host, or for those that a wildcard covers, with any port or none."""
    if host in ("", "*"):
        return ALWAYS
    if not host.startswith("*"):
        with_port = Predicate(HOST, Regex(f"(?i){_quoted(host)}:[0-9]+"))
        return disjunction((Predicate(HOST, Exact(host, ignore_case=True)), with_port))
    rest = host[1:]
    itself = Predicate(HOST, Exact(rest, ignore_case=True))
    plain = conjunction((Predicate(HOST, Suffix(rest, ignore_case=True)), negation(itself)))
    return disjunction((plain, Predicate(HOST, Regex(f"(?i).+{_quoted(rest)}:[0-9]+"))))


def in_hosts(hosts: Iterable[str]) -> Formula:
    """Requests for one of some hosts."""
    return disjunction(map(of_host, hosts))


def _quoted(text: str) -> str:
    return "".join(one if one.isalnum() or one in "-_" else f"\\{one}" for one in text)
