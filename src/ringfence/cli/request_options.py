"""The request that ``can`` and ``explain`` ask about, as options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ringfence.verdict.meshed.request import Request

_OPTIONS = (
    click.option("--http", metavar="'METHOD PATH'", help="The request over the connection, such as 'GET /orders'."),
    click.option("--host", metavar="NAME", help="Its host. Default: the name of the Service, or the address."),
    click.option(
        "--header", "headers", metavar="'NAME: VALUE'", multiple=True, help="A header of it. May be repeated."
    ),
    click.option(
        "--jwt",
        "claims",
        metavar="CLAIM=VALUE",
        multiple=True,
        help="A claim of its token; without any it has no token. Several of one name are a list. May be repeated.",
    ),
    click.option("--as", "identity", metavar="IDENTITY", help="Proven instead of SRC's own identity."),
)


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds them; the command takes ``http``, ``host``, ``headers``, ``claims`` and ``identity``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def request_of(
    http: str | None, host: str | None, headers: tuple[str, ...], claims: tuple[str, ...], identity: str | None
) -> Request | None:
    """The request; None where none is asked about. Raises EndError, and click.UsageError for what cannot be read."""
    if http is None and host is None and not headers and not claims and identity is None:
        return None
    from ringfence.verdict.meshed.request import http_line, request

    method, path = (None, None) if http is None else http_line(http)
    return request(
        method,
        path,
        host,
        _headers(headers) if headers else None,
        _claims(claims) if claims else None,
        identity,
    )


def _headers(texts: tuple[str, ...]) -> dict[str, list[str]]:
    """The values of each header, which may be given more than once."""
    found: dict[str, list[str]] = {}
    for name, value in map(_header, texts):
        found.setdefault(name.lower(), []).append(value)
    return found


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        name, colon, value = text.partition("=")
    if not colon or not name.strip():
        raise click.UsageError(f"--header {text!a} is not 'NAME: VALUE'")
    return name.strip(), value.strip()


def _claims(texts: tuple[str, ...]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--jwt {text!a} is not CLAIM=VALUE")
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
