"""How the relation is kept: from which sizes on columns are masks, and what is turned over together.

None of it changes an answer. Tests set the limits low to see that, and that every way is taken.
"""

from __future__ import annotations

from ringfence.values import Value


class Form(Value):
    """Limits between one way of keeping something and another."""

    near_namespaces: int = 4
    """A selection that may match pods of more namespaces than these is kept as a mask of all columns, not as spans."""
    near_columns: int = 2048
    """The same for the columns of the namespaces together."""
    near_ends: int = 64
    """A set of addresses that holds no more columns than these is kept as spans."""
    indexed_namespaces: int = 8
    """From so many namespaces on labels are looked up for all pods at once."""
    shared_selections: int = 1024
    """So many sets of far-reaching policies that select the same subjects are told apart at once."""
    shared_bases: int = 64
    """Of so many bases at most zones of destinations are made, the most used first."""
    zones: int = 256
    """A base that would cut the destinations into more zones is turned over by itself."""
    sparse: int = 100
    """A matrix with less than one bit set in so many is turned over bit by bit."""


USUAL = Form()
