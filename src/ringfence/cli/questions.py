"""The arguments of ``can`` and ``explain`` as people type them."""

from __future__ import annotations

import click

from ringfence.sets.ports import FIRST_PORT, LAST_PORT, PROTOCOLS


def parse_port(text: str | None) -> tuple[int | str | None, str | None]:
    """Port and protocol of ``PORT[/PROTO]``; the protocol defaults to TCP. No text: every port of every protocol.
    ``icmp`` stands alone: it has no ports.

    Raises click.UsageError.
    """
    if text is None:
        return None, None
    if text.upper() == "ICMP":
        return None, "ICMP"
    port, slash, protocol = text.partition("/")
    protocol = protocol.upper() if slash else "TCP"
    if protocol not in PROTOCOLS:
        if port.upper() in PROTOCOLS and protocol.isdigit():
            raise click.UsageError(f"{text!a} is the wrong way round: write {protocol}/{port.upper()}")
        if protocol == "ICMP":
            raise click.UsageError("ICMP has no ports: write icmp alone")
        raise click.UsageError(f"{protocol!a} is no protocol that policies know: {', '.join(PROTOCOLS)}")
    if port.isascii() and port.isdigit():
        number = int(port[:9])
        if len(port) > 9 or not FIRST_PORT <= number <= LAST_PORT:
            raise click.UsageError(f"{port[:20]!a} is no port: {FIRST_PORT} to {LAST_PORT}, or a port's name")
        return number, protocol
    if not port:
        raise click.UsageError(f"{text!a} names no port: write for example 5432, 53/UDP or https")
    return port, protocol
