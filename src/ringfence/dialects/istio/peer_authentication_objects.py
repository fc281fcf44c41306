"""PeerAuthentication: what the API server and istiod's webhook accept, and what it says.

Source: istio/api ``security/v1beta1/peer_authentication.proto``, istio ``pkg/config/validation/validation.go``
(ValidatePeerAuthentication).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ringfence.dialects.fields.report import Report, quoted
from ringfence.dialects.fields.shapes import Record, Text
from ringfence.dialects.istio.objects import Mode, PeerAuthentication
from ringfence.dialects.istio.shapes import SELECTOR, kind_of_object, labels_of, named, spec_of
from ringfence.model.problems import Problem
from ringfence.model.provenance import FieldPath, Manifest

MODES = ("UNSET", "DISABLE", "PERMISSIVE", "STRICT")
_MTLS = Record(
    "mtls",
    {"mode": Text(choices=MODES, code="invalid-mode", instead={"DISABLED": "DISABLE", "OFF": "DISABLE"})},
    shorthand="mode",
    consequence=lambda kept, meant: "" if kept else "the mode of the namespace or the mesh then counts",
)


class _Ports:
    """``portLevelMtls``: by port number, which is a text in YAML and JSON."""

    zero: Mapping[str, Any] = {}

    def accept(self, value: Any, path: FieldPath, report: Report) -> Any:
        """The modes by port."""
        if not isinstance(value, Mapping):
            return Record("portLevelMtls", {}).accept(value, path, report)
        kept = {}
        for key, one in value.items():
            if one is None:
                continue
            text = str(key)
            if not (text.isascii() and text.isdigit() and len(text) < 11):
                fault = f"has {quoted(text)} for a port"
                report.reject((*path, key), "invalid-port", fault, "write the number of a port of the workload")
                continue
            if not 1 <= int(text) <= 65535:
                stored = "no connection has such a port: the entry changes nothing"
                report.refuse((*path, key), "invalid-port", "is no port", stored, "ports are 1 to 65535")
            kept[int(text)] = _MTLS.accept(one, (*path, key), report)
        return kept

    def fits(self, value: Any, silence: Report) -> bool:
        """Never: the keys become numbers."""
        return False


def _check(kept: Mapping[str, Any], path: FieldPath, report: Report) -> None:
    selector = kept.get("selector")
    labels = labels_of(selector)
    if kept.get("portLevelMtls") and not labels:
        report.refuse(
            (*path, "portLevelMtls"),
            "ports-without-selector",
            "needs a selector with labels",
            "the ports are ignored: the mode of the namespace or the mesh counts for them",
            "add selector: {matchLabels: …}, or set the mode for all ports",
        )
    for key, value in (labels or {}).items():
        if not key or "*" in key or "*" in value:
            fault = "has an empty key" if not key else "has a wildcard, which selectors do not know"
            where = (*path, "selector", "matchLabels", key)
            report.refuse(where, "invalid-selector", fault, "it selects nothing", "leave the selector out for all")


def _left(kept: Mapping[str, Any], meant: str) -> str:
    """What a policy means of which something was dropped."""
    if meant == "selector" and not kept.get("selector"):
        return "the policy is then for the whole namespace"
    if not kept.get("mtls") and not kept.get("portLevelMtls") and not kept.get("spec"):
        return "the policy then sets no mode: that of the namespace or the mesh holds, or PERMISSIVE"
    return ""


SPEC = Record(
    "the spec",
    {"selector": SELECTOR, "mtls": _MTLS, "portLevelMtls": _Ports()},
    check=_check,
    consequence=_left,
    instead={"mode": "mtls: {mode: …}", "matchLabels": "selector: {matchLabels: …}", "ports": "portLevelMtls"},
)
OBJECT = kind_of_object("a PeerAuthentication", SPEC, _left)


def read_peer_authentication(manifest: Manifest) -> tuple[PeerAuthentication, list[Problem]]:
    """A PeerAuthentication, and everything that the API server and istiod would say to it. Never raises."""
    spec, report, broken = spec_of(manifest, OBJECT)
    ports = spec.get("portLevelMtls")
    modes = {port: _mode(one) for port, one in ports.items()} if isinstance(ports, Mapping) and not broken else {}
    read = PeerAuthentication(
        named(manifest), labels_of(spec.get("selector")), None if broken else _mode(spec.get("mtls")), modes, broken
    )
    return read, report.problems


def _mode(mtls: Any) -> Mode | None:
    word = mtls.get("mode", "UNSET") if isinstance(mtls, Mapping) else "UNSET"
    return Mode(word) if word in ("STRICT", "PERMISSIVE", "DISABLE") else None
