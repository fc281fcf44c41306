"""What each layer says by itself of a kind of flows, and all of them together, as ``explain`` says it of one flow.

A *story* is one course of a connection with everything but the network told: what the transport and the requests layer
say on each hop. What the network says of the hops makes a ``Told`` of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ringfence.layers.mesh.courses import At
from ringfence.values import Value, replace
from ringfence.verdict.answers import Reason, Verdict
from ringfence.verdict.asking import fold
from ringfence.verdict.meshed.encryption import NOBODY, Encrypted
from ringfence.verdict.meshed.judging import NOT_ENCRYPTED, NOT_JUDGED, NOTHING_JUDGED, least
from ringfence.verdict.meshed.values import LAYERS, NETWORK, REQUESTS, TRANSPORT, LayerVerdict, joined

DIFFERS = Reason("mixed", "it is not the same for all of the pods")
UNTAKEN_TRANSPORT = LayerVerdict(TRANSPORT, Verdict.ALLOWED, NOT_ENCRYPTED)


class Leg(Value):
    """One hop. ``wire``: its port on the wire; 0: the port that is asked about. ``encrypted`` None: only what carries
    it between the two ends could encrypt it."""

    source: At
    destination: At
    wire: int
    transport: LayerVerdict
    requests: LayerVerdict
    encrypted: Encrypted | None = NOBODY


class Story(Value):
    """One course. ``proven``: whether the point that decides requests knows the client; None: it is not known whether.
    ``allows``: the requests that pass, in short, where not all do. ``unreached``: the client's own proxy sends nothing.
    ``waypoint``: indexes of its pods. ``elsewhere``: some requests go another way, of which it is not said what becomes
    of them there."""

    legs: tuple[Leg, ...]
    encryption: str
    proven: bool | None
    allows: str = ""
    fact: str = ""
    decide: str = ""
    unreached: LayerVerdict | None = None
    waypoint: tuple[int, ...] = ()
    way: str = ""
    why: str = NOBODY.why
    """Who encrypts it, or why nobody does."""
    elsewhere: LayerVerdict | None = None

    def over(self, wire: Callable[[Leg], Encrypted]) -> Story:
        """The same where what carries a hop between its ends encrypts it so."""
        if self.unreached is not None:
            return self
        found = least([wire(leg) if leg.encrypted is None else leg.encrypted for leg in self.legs])
        return replace(self, encryption=found.word, why=found.why)


ON_THE_WIRE = Story((Leg(At.CLIENT, At.SERVER, 0, UNTAKEN_TRANSPORT, NOTHING_JUDGED, None),), "none", False)
"""What no mesh takes, where something is told to encrypt between nodes."""
UNTAKEN = Story((Leg(At.CLIENT, At.SERVER, 0, UNTAKEN_TRANSPORT, NOTHING_JUDGED),), "none", False)
"""What no mesh takes."""


class Told(Value, eq=False):
    """What all layers say of a kind of flows. There is one of each: they are compared by identity.

    ``layer``: the first that has the verdict, where it is not allowed; empty where it is not known which one.
    ``reason`` is that layer's (None: the network's own, which hangs on the pair). ``network`` speaks of the hops as
    they are on the wire.
    """

    verdict: Verdict
    layer: str
    reason: Reason | None
    network: Verdict
    transport: LayerVerdict
    requests: LayerVerdict
    encryption: str
    proven: bool | None
    allows: str
    stories: tuple[Story, ...]
    open: Reason | None = None
    """What it hangs on whether it is one story or another."""
    why: str = ""
    """Who encrypts it, or why nobody does."""

    def of(self, layer: str) -> Verdict:
        """The verdict of one layer."""
        if layer == NETWORK:
            return self.network
        return self.transport.verdict if layer == TRANSPORT else self.requests.verdict


Nets = tuple[Verdict, ...]
"""What the network says of each hop of a course."""


def hops_of(story: Story) -> tuple[Leg, ...]:
    """The hops of which the network is asked: of a course that sends nothing, the one that it would have."""
    return story.legs or UNTAKEN.legs


def told(stories: tuple[Story, ...], nets: Sequence[Nets]) -> Told:
    """Everything together. ``nets``: the network's verdicts, for each story."""
    each = [_one(story, own) for story, own in zip(stories, nets, strict=True)]
    first = each[0]
    if len(each) == 1:
        return first
    fact = next((story for story in stories[1:] if story.fact), stories[0])
    reason = Reason("mesh-open", f"it hangs on whether {fact.fact or 'the input leaves the mesh open'}", fact.decide)
    network = _same([one.network for one in each])
    transport = _layer([one.transport for one in each], reason)
    requests = _layer([one.requests for one in each], reason)
    encryptions = {one.encryption for one in each}
    proofs = {one.proven for one in each}
    allows = {one.allows for one in each}
    found = replace(
        first,
        network=network,
        transport=transport,
        requests=requests,
        encryption=first.encryption if len(encryptions) == 1 else "unknown",
        why=first.why if len(encryptions) == 1 else reason.message,
        proven=first.proven if len(proofs) == 1 else None,
        allows=first.allows if len(allows) == 1 else "",
        stories=stories,
        open=reason,
    )
    verdict = _same([one.verdict for one in each])
    if verdict is not first.verdict:
        open_layers = [layer for layer in LAYERS if found.of(layer) is Verdict.UNKNOWN]
        return replace(found, verdict=verdict, layer=(open_layers or [TRANSPORT])[0], reason=reason)
    if verdict is not Verdict.ALLOWED and found.of(found.layer) is not verdict:
        # Which layer it is hangs on what is open.
        return replace(found, layer=next((layer for layer in LAYERS if found.of(layer) is verdict), ""))
    return found


def _one(story: Story, nets: Nets) -> Told:
    found = _of_one(story, nets)
    if story.elsewhere is None:
        return found
    # Whatever becomes of those that go the way that is asked about: of others it may be otherwise.
    layer = story.elsewhere
    return replace(
        found,
        verdict=layer.verdict,
        layer=layer.layer,
        reason=layer.reason,
        network=found.network if found.network is Verdict.ALLOWED else Verdict.UNKNOWN,
        transport=layer,
        encryption="unknown",
        why=layer.reason.message,
        proven=None,
        allows="",
    )


def _of_one(story: Story, nets: Nets) -> Told:
    network = joined(list(nets))
    if story.unreached is not None:
        refused = story.unreached
        return Told(
            Verdict.DENIED,
            NETWORK if network is Verdict.DENIED else TRANSPORT,
            None if network is Verdict.DENIED else refused.reason,
            network,
            refused,
            NOTHING_JUDGED,
            story.encryption,
            story.proven,
            "",
            (story,),
            None,
            story.why,
        )
    hops = [(net, leg.transport.verdict, leg.requests.verdict) for net, leg in zip(nets, story.legs, strict=True)]
    by_hop = [joined(list(hop)) for hop in hops]
    verdict = joined(by_hop)
    layer, reason = "", None
    if verdict is not Verdict.ALLOWED:
        place = by_hop.index(verdict)
        layer = LAYERS[hops[place].index(verdict)]
        leg = story.legs[place]
        reason = {NETWORK: None, TRANSPORT: leg.transport.reason, REQUESTS: leg.requests.reason}[layer]
    return Told(
        verdict,
        layer,
        reason,
        network,
        _over([leg.transport for leg in story.legs]),
        _over([leg.requests for leg in story.legs]),
        story.encryption,
        story.proven,
        story.allows,
        (story,),
        None,
        story.why,
    )


def _over(legs: list[LayerVerdict]) -> LayerVerdict:
    """What one layer says over all hops."""
    if len(legs) == 1:
        return legs[0]
    verdict = joined([one.verdict for one in legs])
    having = [one for one in legs if one.verdict is verdict]
    plain = (NOT_JUDGED, NOT_ENCRYPTED)
    reason = next((one.reason for one in having if one.reason not in plain), having[0].reason)
    decided = dict.fromkeys(decision for one in having for decision in one.decided_by)
    return LayerVerdict(legs[0].layer, verdict, reason, tuple(decided))


def _same(verdicts: list[Verdict]) -> Verdict:
    return verdicts[0] if len(set(verdicts)) == 1 else Verdict.UNKNOWN


def _layer(said: list[LayerVerdict], reason: Reason) -> LayerVerdict:
    if len({one.verdict for one in said}) == 1:
        return said[0]
    decided = dict.fromkeys(decision for one in said for decision in one.decided_by)
    return LayerVerdict(said[0].layer, Verdict.UNKNOWN, reason, tuple(decided))


class Together:
    """What several kinds of flows say together, as the cell of workloads whose pods differ. One of each."""

    def __init__(self) -> None:
        self._found: dict[frozenset[Told], Told] = {}

    def of(self, several: Sequence[Told]) -> Told:
        """Layer by layer the rule of the house (``asking.fold``); what is not the same for all is not known."""
        key = frozenset(several)
        if len(key) == 1:
            return several[0]
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = _together(list(dict.fromkeys(several)))
        return found


def _together(several: list[Told]) -> Told:
    first = several[0]
    verdict = fold(one.verdict for one in several)
    found = Told(
        verdict,
        "",
        None,
        fold(one.network for one in several),
        _folded([one.transport for one in several]),
        _folded([one.requests for one in several]),
        first.encryption if len({one.encryption for one in several}) == 1 else "",
        first.proven if len({one.proven for one in several}) == 1 else None,
        first.allows if len({one.allows for one in several}) == 1 else "",
        tuple(dict.fromkeys(story for one in several for story in one.stories)),
        first.open if len({one.open for one in several}) == 1 else None,
        first.why if len({one.why for one in several}) == 1 else "",
    )
    if verdict is Verdict.ALLOWED:
        return found
    layers = {one.layer for one in several if one.verdict is verdict}
    layer = next(iter(layers)) if len(layers) == 1 else ""
    reasons = {one.reason for one in several if one.verdict is verdict}
    return replace(found, layer=layer, reason=next(iter(reasons)) if len(reasons) == 1 else None)


def _folded(said: list[LayerVerdict]) -> LayerVerdict:
    verdict = fold(one.verdict for one in said)
    having = [one for one in said if one.verdict is verdict] or said
    decided = dict.fromkeys(decision for one in having for decision in one.decided_by)
    return LayerVerdict(said[0].layer, verdict, having[0].reason if having is not said else DIFFERS, tuple(decided))
