"""``--ingress-controller NS/SELECTOR``: the pods to take for ingress controllers that the input lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

HELP = (
    "The pods to take for ingress controllers that the input lacks, such as"
    " ingress-nginx/app.kubernetes.io/name=ingress-nginx."
)


def ingress_controller_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option; its value, as ``can`` takes a pod that may not exist: ``key=value@NS``."""
    return click.option("--ingress-controller", "controller", metavar="NS/SELECTOR", callback=_as_end, help=HELP)


def _as_end(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Before anything is read: what is wrong with it is said at once."""
    if text is None:
        return None
    namespace, slash, selector = text.partition("/")
    if not slash or not namespace or "=" not in selector:
        raise click.BadParameter(f"{text!a} is not NS/SELECTOR, such as ingress-nginx/app=nginx")
    from ringfence.verdict.ends import EndError, hypothetical_labels

    try:
        hypothetical_labels(selector, namespace)
    except EndError as error:
        raise click.BadParameter(f"{text!a}: {error}; write NS/key=value,key=value") from None
    return f"{selector}@{namespace}"
