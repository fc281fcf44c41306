"""Text from the input made safe to print: names are untrusted and may hold what a terminal or an editor obeys."""

from __future__ import annotations


def _escaped(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def printable(text: str) -> str:
    """The text with every character that is not visible as an escape: controls (so also terminal sequences and line
    ends), bidirectional and zero-width marks, unusual spaces, half surrogates, unassigned code points."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)
