"""Versions in the tags of images."""

from __future__ import annotations

import re

_VERSION = re.compile(r"(\d+\.\d+(?:\.\d+)?)")


def version_of_image(image: object) -> str:
    """``1.27.3`` of ``docker.io/istio/proxyv2:1.27.3-distroless``; empty where its tag says none."""
    if not isinstance(image, str):
        return ""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _VERSION.match(tag.removeprefix("v"))
    return found[1] if found else ""
