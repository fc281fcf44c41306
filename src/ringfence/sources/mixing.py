"""States between two: the one before with some of the objects as they are after. They show the causes of changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from ringfence.model.provenance import Manifest, Place
from ringfence.sources.changes import Given, Identity, identity
from ringfence.sources.gateways import GATEWAY_GROUP, ROUTE_KINDS
from ringfence.sources.kinds import group_of
from ringfence.sources.meshes import ISTIO_GROUPS, setting_of_mesh
from ringfence.sources.pods import PodFacts
from ringfence.sources.snapshot_contents import is_kept, kept_of
from ringfence.values import replace
from ringfence.verdict.altered import Altered, how

T = TypeVar("T")
Thing = Manifest | PodFacts
AUTHORIZATION = "AuthorizationPolicy"
_SOFTWARE = ("istiod", "ztunnel", "istio-cni")


class Mixing(Generic[T]):
    """The objects that differ in anything that is read, and the states with any choice of them. ``make`` makes a state
    of its input; ``room``: how many objects may be built in all, so that big clusters are not built for ever."""

    def __init__(self, before: Given, after: Given, make: Callable[[Given], T], room: int = 120_000) -> None:
        self._before, self._make = before.settled(), make
        left, right = _things(self._before), _things(after.settled())
        self.pairs: list[tuple[Identity, Thing | None, Thing | None]] = [
            (key, left.get(key), right.get(key))
            for key in sorted({*left, *right}, key=str)
            if _differ(left.get(key), right.get(key))
        ]
        self.altered = [_altered(*pair) for pair in self.pairs]
        self._made: dict[frozenset[int], T] = {}
        self._left = max(room // (len(left) + 1), 4)

    def state(self, chosen: frozenset[int]) -> T | None:
        """The state before with these changes; None: too many have been made."""
        found = self._made.get(chosen)
        if found is None:
            if self._left <= 0:
                return None
            self._left -= 1
            found = self._made[chosen] = self._make(self._given(chosen))
        return found

    def _given(self, chosen: frozenset[int]) -> Given:
        swapped = {self.pairs[number][0]: self.pairs[number][2] for number in chosen}
        reading = self._before.reading
        manifests = [one for one in reading.manifests if _identity(one) not in swapped]
        pods = [one for one in reading.dump_pods if _identity(one) not in swapped]
        for thing in swapped.values():
            if isinstance(thing, PodFacts):
                pods.append(thing)
            elif thing is not None:
                manifests.append(thing)
        return replace(self._before, reading=replace(reading, manifests=manifests, dump_pods=pods))


def altered_of_mesh(before: Given, after: Given) -> list[Altered]:
    """The objects of a mesh that differ, and what tells how it is set up and which release runs. Policies of requests
    that say the same in another order, or under another name, do not."""
    mixing = Mixing(before, after, lambda given: given)
    told = [(_said(old), _said(new)) for _, old, new in mixing.pairs]
    gone = Counter(old for old, new in told if old != new)
    come = Counter(new for old, new in told if old != new)
    found: list[Altered] = []
    for one, (_, *things), (first, second) in zip(mixing.altered, mixing.pairs, told, strict=True):
        if not any(isinstance(thing, Manifest) and of_mesh(thing) for thing in things):
            continue
        if all(said is None or gone[said] == come[said] for said in (first, second)) and (first or second):
            continue
        found.append(one)
    return found


def _said(thing: Thing | None) -> object:
    """What a policy of requests says, equal for those that mean the same; None: it is none, or there is none. Rules are
    alternatives, and so is what their lists hold, or all of it has to be true: order means nothing."""
    if (
        not isinstance(thing, Manifest)
        or thing.kind != AUTHORIZATION
        or group_of(thing.api_version) not in ISTIO_GROUPS
    ):
        return None
    read = _read(thing) or {}
    metadata, spec = read.get("metadata"), read.get("spec")
    beside = (
        {key: metadata.get(key) for key in ("labels", "annotations")} if isinstance(metadata, Mapping) else metadata
    )
    # The services that are asked are told by their names alone, and with several of them order may matter.
    name = thing.name if not isinstance(spec, Mapping) or spec.get("action") == "CUSTOM" else ""
    return thing.namespace, name, _unordered(beside), _unordered(spec)


def _unordered(value: Any) -> object:
    if isinstance(value, Mapping):
        return frozenset((key, _unordered(one)) for key, one in value.items())
    if isinstance(value, list | tuple):
        return "any of", frozenset(map(_unordered, value))
    return type(value).__name__, str(value)


def of_mesh(manifest: Manifest) -> bool:
    """Whether an object is of a mesh, or tells how it is set up."""
    group = group_of(manifest.api_version)
    return (
        group in ISTIO_GROUPS
        or (group == GATEWAY_GROUP and manifest.kind in ("Gateway", "GatewayClass", *ROUTE_KINDS))
        or setting_of_mesh(manifest.api_version, manifest.kind, manifest.name) != ""
        or (manifest.kind in ("Deployment", "DaemonSet") and manifest.name.startswith(_SOFTWARE))
    )


def _identity(thing: Thing) -> Identity:
    if isinstance(thing, PodFacts):
        return "", "Pod", thing.namespace, thing.name
    group, kind, namespace, name = identity(thing)
    return group, kind, (namespace or "default") if kind == "Pod" and not group else namespace, name


def _things(given: Given) -> Mapping[Identity, Thing]:
    found: dict[Identity, Thing] = {_identity(one): one for one in given.reading.manifests}
    found.update((_identity(one), one) for one in given.reading.dump_pods)
    return found


def _differ(old: Thing | None, new: Thing | None) -> bool:
    if old is None or new is None:
        thing = old or new
        return not isinstance(thing, Manifest) or _read(thing) is not None
    if isinstance(old, PodFacts) and isinstance(new, PodFacts):
        return not old.says_the_same_as(new)
    if isinstance(old, Manifest) and isinstance(new, Manifest):
        if old is new or (old.api_version == new.api_version and old.data == new.data):
            return False
        return _read(old) != _read(new)
    return True


def _read(manifest: Manifest) -> Mapping[str, Any] | None:
    """What is read of an object, as a snapshot has it."""
    return manifest.data if is_kept(manifest) else kept_of(manifest)


def _altered(key: Identity, old: Thing | None, new: Thing | None) -> Altered:
    _, kind, namespace, name = key
    return Altered(how(old, new), kind, namespace, name, _place(old), _place(new))


def _place(thing: Thing | None) -> Place | None:
    return None if thing is None else thing.place
