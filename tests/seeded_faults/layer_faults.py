"""Faults of the lists and the matrix that tell layers apart."""

from __future__ import annotations

from tests.seeded_faults.fault import Fault, in_file

_GRID = ("tests/verdict/meshed/test_layered_grid.py",)
_MATRIX = ("tests/verdict/matrix/test_layers.py",)

LAYER_FAULTS: tuple[Fault, ...] = (
    *in_file(
        "verdict/meshed/layered_grid.py",
        _GRID,
        (
            "return self._partition(result, ports, leg.wire)",
            "return self._partition(result, ports, 0)",
            "the network is asked of the port that is on the wire",
        ),
        (
            "hops=tuple(self.reaches.as_own(hop, own) for hop in course.hops)",
            "hops=course.hops",
            "sources that send alike have identities of their own",
        ),
        (
            "return None if deciding.anonymous else False",
            "return False",
            "an identity that is not known is somebody's",
        ),
        (
            "return hop.point is not None\n",
            "return hop.point is not None and hop.transport.accepted\n",
            "policies of requests are asked of refused connections source by source",
        ),
    ),
    *in_file(
        "verdict/meshed/apart.py",
        _GRID,
        (
            'encryption=first.encryption if len(encryptions) == 1 else "unknown"',
            "encryption=first.encryption",
            "encryption that differs between courses is not known",
        ),
        ("place = by_hop.index(verdict)", "place = len(by_hop) - 1", "the first hop that denies tells the layer"),
    ),
    *in_file(
        "verdict/matrix/folding.py",
        _GRID,
        (
            "verdict = folded_verdict(line.verdict for line in own)",
            "verdict = own[0].verdict",
            "the pods of a cell are folded port by port",
        ),
    ),
    *in_file(
        "verdict/matrix/making.py",
        _MATRIX,
        (
            "pair = None if self.layered is None else (source, column)",
            "pair = None",
            "what a mesh says of cells that hang on nodes hangs on the pair",
        ),
    ),
    *in_file(
        "verdict/meshed/wires.py",
        _MATRIX,
        (
            "own = frozenset((pods[index].node, pods[index].host_network) for index in members[column])",
            "own = frozenset(pods[index].host_network for index in members[column])",
            "within a node nothing is encrypted",
        ),
    ),
)
