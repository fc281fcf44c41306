"""ringfence: who can talk to whom inside a Kubernetes cluster, computed exactly.

``load`` reads manifests and gives a ``World``; ``World.can``, ``explain``, ``connections`` and ``what_if`` ask it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ringfence.world import EndError, World, load, load_objects

__version__ = "0.1.0"

__all__ = ["EndError", "World", "__version__", "load", "load_objects"]


def __getattr__(name: str) -> Any:
    # The command line must start without the engine: the library's names are imported when first used.
    if name in ("EndError", "World", "load", "load_objects"):
        from ringfence import world

        return getattr(world, name)
    raise AttributeError(f"module 'ringfence' has no attribute {name!r}")
