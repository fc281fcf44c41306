"""What a proxy makes of a request before it sends it on.

Source: envoy ``source/common/router/config_impl.cc`` (finalizePathHeader: the part of a path that matched is replaced),
``header_parser.cc`` (what is removed goes first, then what is set and added).
"""

from __future__ import annotations

from collections.abc import Mapping

from ringfence.values import Value

HEADERS_THAT_TELL_MORE = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-forwarded-for", "x-forwarded-client-cert"}
)
"""Header fields that say who somebody is: a point reads more out of them than their text."""

LEFT_OUT = "% left out of the snapshot %"
"""Stands for what a route writes into a header field: it may be a password, and snapshots keep none."""


class Rewriting(Value):
    """Changes of one request. ``path`` replaces the ``prefix`` of its path, or the whole of it where that is empty;
    None: its path stays. ``segments``: the prefix ends where a segment does, and a path of ``/`` takes it away.
    ``host`` replaces its host (empty: it stays). ``removed``, ``replaced`` and ``added``: header fields, in lower case.
    ``unsure``: why what becomes of it is not known; empty: it is."""

    path: str | None = None
    prefix: str = ""
    segments: bool = False
    host: str = ""
    removed: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    added: tuple[tuple[str, str], ...] = ()
    unsure: str = ""

    def path_of(self, path: str) -> str:
        """The path of a request that had this one."""
        if self.path is None:
            return path
        if not self.prefix:
            return self.path
        rest = path[len(self.prefix) :]
        if self.segments and self.path == "/":
            return f"/{rest.removeprefix('/')}"
        return f"{self.path}{rest}"

    def headers_of(self, headers: Mapping[str, str]) -> dict[str, str]:
        """The header fields of a request that had these; several of one name are one, with commas."""
        found = {name: value for name, value in headers.items() if name not in self.removed}
        found |= dict(self.replaced)
        for name, value in self.added:
            found[name] = f"{found[name]},{value}" if name in found else value
        return found

    @property
    def names(self) -> frozenset[str]:
        """The header fields that it changes."""
        return frozenset((*self.removed, *(name for name, _ in self.replaced), *(name for name, _ in self.added)))


AS_IT_IS = Rewriting()


def both(first: Rewriting, second: Rewriting) -> Rewriting:
    """The changes of a route and of the destination that it chose."""
    if second == AS_IT_IS:
        return first
    clash = first.names & second.names or (second.path is not None)
    unsure = first.unsure or second.unsure or ("two places change the same header field" if clash else "")
    return Rewriting(
        first.path,
        first.prefix,
        first.segments,
        first.host or second.host,
        (*first.removed, *second.removed),
        (*first.replaced, *second.replaced),
        (*first.added, *second.added),
        unsure,
    )


__all__ = ["AS_IT_IS", "HEADERS_THAT_TELL_MORE", "LEFT_OUT", "Rewriting", "both"]
