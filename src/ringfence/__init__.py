"""ringfence: who can talk to whom inside a Kubernetes cluster, computed exactly.

``load`` reads manifests and gives a ``World``; ``World.can``, ``explain``, ``connections`` and ``what_if`` ask it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringfence.loading import load, load_objects
    from ringfence.verdict.meshed.request import request
    from ringfence.world import EndError, World

__version__ = "0.1.0"

__all__ = ["EndError", "World", "__version__", "load", "load_objects", "request"]


def __getattr__(name: str) -> Any:
    # The command line must start without the engine: the library's names are imported when first used.
    if name in ("load", "load_objects"):
        from ringfence import loading

        return getattr(loading, name)
    if name in ("EndError", "World"):
        from ringfence import world

        return getattr(world, name)
    if name == "request":
        from ringfence.verdict.meshed.request import request

        return request
    raise AttributeError(f"module 'ringfence' has no attribute {name!r}")
