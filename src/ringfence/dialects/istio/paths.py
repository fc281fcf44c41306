"""The path of a request as proxies compare it with policies (pathNormalization of the mesh config).

Sources: istio.io, "Understand path normalization"; Envoy ``source/common/http/path_utility.cc``, which takes the path
canonicalisation of URLs from Chromium: escapes of letters, digits, ``-``, ``_``, ``~`` and dots are undone, a backslash
is a slash, segments of dots are resolved, in newer releases also with parameters (``..;a``, where no dot is escaped;
CVE-2026-73551), and some signs are escaped (asked of Envoy 1.40, ``tests/envoy``). ``%2F`` stays what it is.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"%(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aAeE])")
_UNSAFE = re.compile(r'["<>^`{|}]')
_SLASH = re.compile(r"%(?:2[fF]|5[cC])")
_SLASHES = re.compile(r"/{2,}")
_PARAMETERS = re.compile(r"(?:(?<=/\.)|(?<=/\.\.));[^/]*")
"""Of segments of dots that are written as such."""


def normalized(path: str, how: str, parameters: bool = True) -> str:
    """A path, without its query, under one of the settings. ``parameters``: those of segments of dots are left out."""
    if how == "NONE":
        return path
    path = _decoded(path, how)
    path = _base(_PARAMETERS.sub("", path) if parameters else path)
    return _merged(path) if how in ("MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES") else path


def without_parameters(path: str, how: str) -> str:
    """A path, not normalised yet, as releases read it that leave out parameters of segments of dots."""
    if how == "NONE":
        return path
    decoded = _decoded(path, how)
    short = _PARAMETERS.sub("", decoded)
    return path if short == decoded else short


def _decoded(path: str, how: str) -> str:
    return _SLASH.sub(lambda found: chr(int(found[0][1:], 16)), path) if how == "DECODE_AND_MERGE_SLASHES" else path


def _merged(path: str) -> str:
    """Slashes beside each other are one; of a path that is nothing else, two are left (asked of Envoy 1.40)."""
    if path.startswith("//") and not path.strip("/"):
        return "//"
    return _SLASHES.sub("/", path)


def _base(path: str) -> str:
    path = _ESCAPED.sub(lambda found: chr(int(found[0][1:], 16)), path.replace("\\", "/"))
    path = _UNSAFE.sub(lambda found: f"%{ord(found[0]):02X}", path)
    if not path.startswith("/"):
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for number, segment in enumerate(segments):
        last = number == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
            kept += [""] if last else []
        elif segment == ".":
            kept += [""] if last else []
        else:
            kept.append(segment)
    return "/" + "/".join(kept)
