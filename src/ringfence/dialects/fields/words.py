"""The spelling of names, labels and port names. Each check returns what is wrong, or an empty string.

Source: apimachinery ``util/validation`` (IsQualifiedName, IsValidLabelValue, IsDNS1123Subdomain, IsDNS1123Label,
IsValidPortName).
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_LETTER = re.compile(r"[a-z]")
_NO_LABEL_CHARACTERS = re.compile(r"[^A-Za-z0-9_.-]+")
_NO_NAME_CHARACTERS = re.compile(r"[^a-z0-9.-]+")
KEY_HINT = "a label key is NAME or PREFIX/NAME, such as app or example.com/team"
PORT_NAME_HINT = "the name of a container port, such as http or web-8080"
_LABEL_CHARACTERS = "letters, digits, '-', '_' and '.', starting and ending with a letter or digit"


@lru_cache(maxsize=8192)
def label_key(text: str) -> str:
    """A label or annotation key: ``name`` or ``prefix.example/name``."""
    prefix, slash, name = text.rpartition("/")
    if slash:
        if "/" in prefix:
            return "has more than one '/'"
        if wrong := dns_subdomain(prefix):
            return f"has a prefix that {wrong}"
    if not name:
        return "has an empty name"
    if len(name) > 63:
        return "has a name of more than 63 characters"
    return "" if _LABEL_PART.fullmatch(name) else f"must consist of {_LABEL_CHARACTERS}"


def value_hint(text: str) -> str:
    """How to write what was meant as a label value."""
    like = _NO_LABEL_CHARACTERS.sub("-", text).strip("-_.")
    if like and like != text and not label_value(like):
        return f"did you mean {like}?"
    return "up to 63 letters, digits, '-', '_' or '.', with a letter or digit at both ends"


def name_hint(text: str) -> str:
    """How to write what was meant as the name of an object."""
    like = _NO_NAME_CHARACTERS.sub("-", text.lower()).strip("-.")
    if like and like != text and not dns_subdomain(like):
        return f"did you mean {like}?"
    return "a name is such as payments-api: lower case letters, digits and '-'"


@lru_cache(maxsize=8192)
def label_value(text: str) -> str:
    """A label value; the empty string is one."""
    if not text:
        return ""
    if len(text) > 63:
        return "has more than 63 characters"
    return "" if _LABEL_PART.fullmatch(text) else f"must consist of {_LABEL_CHARACTERS}, or be empty"


def dns_subdomain(text: str) -> str:
    """The name of most objects (RFC 1123 subdomain)."""
    if len(text) > 253:
        return "has more than 253 characters"
    if _DNS_SUBDOMAIN.fullmatch(text):
        return ""
    return "must consist of lower case letters, digits, '-' and '.', and start and end with a letter or digit"


def dns_label(text: str) -> str:
    """The name of a namespace (RFC 1123 label)."""
    if len(text) > 63:
        return "has more than 63 characters"
    if _DNS_LABEL.fullmatch(text):
        return ""
    return "must consist of lower case letters, digits and '-', starting and ending with a letter or digit"


def port_name(text: str) -> str:
    """The name of a port (IANA_SVC_NAME)."""
    if len(text) > 15:
        return "has more than 15 characters"
    if not _PORT_NAME.fullmatch(text):
        return "must consist of lower case letters, digits and '-'"
    if not _LETTER.search(text):
        return "has no letter"
    if "--" in text:
        return "has two hyphens in a row"
    return "starts or ends with a hyphen" if text[0] == "-" or text[-1] == "-" else ""


def finalizer(text: str) -> str:
    """The name of a finalizer: one of the standard ones, or a qualified name with a prefix."""
    if text in ("orphan", "foregroundDeletion", "kubernetes"):
        return ""
    return label_key(text) or ("" if "/" in text else "has no prefix, such as example.com/")
