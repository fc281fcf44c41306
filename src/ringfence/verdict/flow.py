"""A question of ports, and one kind of flow that it is about, as values."""

from __future__ import annotations

from ringfence.layers.network.cells import Cell, Meeting
from ringfence.sets.addresses import Intervals
from ringfence.sets.ports import EVERYTHING, PROTOCOL_NUMBER, port_key
from ringfence.values import Value
from ringfence.verdict.answers import Reason
from ringfence.verdict.ends import EndError, Member

ICMP = "ICMP"
"""Of both address families."""


class Flow(Value, eq=False):
    """One kind of flow: its bounds at all ports, and which destination ports the question asks of it.

    ``closed`` names the layer that ends the flow before any policy ("service", "address"), ``itself`` marks a pod and
    its own address, ``opaque`` flows that a policy of a kind that is not modelled may decide.
    """

    source: Member
    destination: Member
    meeting: Meeting
    cell: Cell
    ports: Intervals
    asked: str = ""
    closed: str = ""
    why_closed: str = ""
    itself: bool = False
    opaque: bool = False
    mystery: str = ""
    """Not empty: an end of which nothing is known, and why."""
    programs: tuple[int, int] = (0, 0)
    """What the policies do to it: the programs of the source's egress and the destination's ingress, as the plugin sees
    the flow (through a Service that may be others than those of the two ends)."""
    port_name: str = ""
    """Not empty: the port is asked for by this name, and which of ``ports`` has it is not known."""
    perhaps: str = ""
    """Not empty: it is not known whether the flow is part of the question at all, and why."""
    hairpin: bool = False
    """A pod to itself, through a Service."""
    special: bool = False
    """``programs`` are not those of the two ends alone."""
    sender: Member | None = None
    """Who sends it, where that may be another one than policy sees."""
    unsure: Reason | None = None
    """Why it is not known whether it is this flow (``perhaps``) or another."""

    @property
    def passes(self) -> bool:
        """A pod and its own address, which no policy judges."""
        return self.itself and not self.hairpin


class Asked(Value):
    """Destination ports of a question: a number, a name, or all (None), of one protocol (None: of each)."""

    port: int | str | None
    protocol: str | None
    key: int = 0
    """The port key, where a number is asked for; else 0."""

    def __str__(self) -> str:
        if self.port is None:
            if self.icmp:
                return ICMP
            return "any port" if self.protocol is None else f"any {self.protocol} port"
        return f"{self.port}/{self.protocol or 'TCP'}"

    @property
    def icmp(self) -> bool:
        """Whether it is about ICMP, which has no ports."""
        return self.protocol == ICMP


def asked(port: int | str | None, protocol: str | None) -> Asked:
    """A checked question of ports. Digits in a string are a number. Raises EndError."""
    if protocol is not None:
        protocol = protocol.upper()
        if protocol == ICMP:
            if port is not None:
                raise EndError("ICMP has no ports", "leave the port out")
            return Asked(None, ICMP)
        if protocol not in PROTOCOL_NUMBER:
            raise EndError(
                f"{protocol!r} is no protocol that is known here", "use TCP, UDP, SCTP, or ICMP without a port"
            )
    if isinstance(port, str):
        if port.isascii() and port.isdigit():
            port = int(port)
        elif not port:
            raise EndError("the port is empty", "write a number 1-65535 or a port's name")
    if isinstance(port, bool) or not isinstance(port, int | str | None):
        raise EndError(f"{port!r} is no port", "give a whole number 1-65535 or a port's name")
    if isinstance(port, int) and not 1 <= port <= 65535:
        raise EndError(f"{port} is no port", "ports are 1-65535")
    if port is not None and protocol is None:
        protocol = "TCP"
    key = port_key(protocol, port) if isinstance(port, int) and protocol is not None else 0
    return Asked(port, protocol, key)


def spans(question: Asked) -> Intervals:
    """The port keys that a number, or the absence of one, asks for."""
    if question.port is None:
        if question.protocol is None:
            return EVERYTHING
        base = PROTOCOL_NUMBER[question.protocol] << 16
        return ((base | 1, base | 65535),)
    assert isinstance(question.port, int)
    assert question.protocol is not None
    key = port_key(question.protocol, question.port)
    return ((key, key),)
