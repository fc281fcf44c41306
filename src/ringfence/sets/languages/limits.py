"""What is given up on, said as an exception that callers turn into an answer that is unknown."""

from __future__ import annotations


class TooLarge(Exception):
    """Deciding would need more states, atoms or nodes than the stated cap. Nothing is wrong with what was asked."""


MOST_POSITIONS = 6_000
"""Bytes and classes of bytes in one pattern, repetitions written out."""

MOST_STATES = 10_000
"""States of the automaton that reads all patterns of a family at once."""

MOST_ATOMS = 10_000
"""Kinds of strings that a family tells apart."""
