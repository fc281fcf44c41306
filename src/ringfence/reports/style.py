"""Colour as decoration: every coloured word says the same without its colour."""

from __future__ import annotations

from ringfence.values import Value

_CODES = {
    "allowed": "32",
    "denied": "31",
    "unknown": "33",
    "mixed": "35",
    "allow": "32",
    "deny": "31",
    "pass": "36",
    "error": "1;31",
    "warning": "1;33",
    "notice": "36",
    "critical": "1;31",
    "high": "31",
    "medium": "33",
    "low": "36",
    "info": "2",
    "strong": "1",
    "faint": "2",
}


class Style(Value):
    """``enabled`` False leaves every text as it is."""

    enabled: bool = False

    def paint(self, text: str, meaning: str) -> str:
        """The text in the colour of a meaning: a verdict, an action, a severity, ``strong`` or ``faint``."""
        code = _CODES.get(meaning)
        return f"\x1b[{code}m{text}\x1b[0m" if self.enabled and code else text

    def strong(self, text: str) -> str:
        """Bold."""
        return self.paint(text, "strong")

    def faint(self, text: str) -> str:
        """Dim."""
        return self.paint(text, "faint")


PLAIN = Style()
