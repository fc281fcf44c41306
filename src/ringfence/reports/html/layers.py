"""What each layer says of a cell, for the page: verdicts, encryption, identity, the hops, and who decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ringfence.layers.mesh.courses import At
from ringfence.model.text import printable
from ringfence.reports.html.tables import VERDICTS, Texts
from ringfence.verdict.answers import Decision, Reason
from ringfence.verdict.matrix.values import Matrix
from ringfence.verdict.meshed.apart import Leg, Story, Told
from ringfence.verdict.meshed.values import LAYERS, LayerVerdict

SOURCE, DESTINATION = -1, -2
"""Ends of a hop; others are numbers of waypoints."""
PROVEN = {False: 0, True: 1, None: 2}


class ToldTable:
    """Numbers what is told. ``reason`` and ``decision`` number reasons and objects in the tables of the state."""

    def __init__(self, matrix: Matrix, reason: Callable[[Reason | None], int], decision: Callable[[Decision], int]):
        self.matrix = matrix
        self.reason, self.decision = reason, decision
        self.tolds, self.encryptions, self.allows = Texts(), Texts(), Texts()
        self.identities, self.ways = Texts(), Texts()

    def number(self, told: Told) -> int:
        """The number of something told."""
        found = self.tolds.known(told)
        return self.tolds.number(told, self._told(told)) if found is None else found

    def made(self) -> dict[str, Any]:
        """All that was numbered, and the identities of units."""
        identities = [
            -1 if text is None else self.identities.number(printable(text)) for text in self.matrix.identities
        ]
        return {
            "tolds": self.tolds.items,
            "encryptions": self.encryptions.items,
            "allows": self.allows.items,
            "identities": self.identities.items,
            "identityOf": identities,
            "ways": self.ways.items,
        }

    def _told(self, told: Told) -> list[Any]:
        return [
            [VERDICTS.index(told.of(layer)) for layer in LAYERS],
            LAYERS.index(told.layer) if told.layer else -1,
            self.encryptions.number(told.encryption),
            PROVEN[told.proven],
            self.allows.number(printable(told.allows)),
            self._layer(told.transport),
            self._layer(told.requests),
            self.reason(told.open),
            [self._story(story) for story in told.stories[:MOST_STORIES]],
            self.allows.number(printable(told.why)),
        ]

    def _layer(self, said: LayerVerdict) -> list[Any]:
        return [self.reason(said.reason), [self.decision(one) for one in said.decided_by]]

    def _story(self, story: Story) -> list[Any]:
        way = -1
        if story.waypoint:
            way = self.ways.number(story.waypoint, [printable(story.way), list(self.matrix.waypoints[story.waypoint])])
        return [printable(story.fact), [self._leg(leg, way) for leg in story.legs]]

    @staticmethod
    def _leg(leg: Leg, way: int) -> list[int]:
        places: Mapping[At, int] = {At.CLIENT: SOURCE, At.SERVER: DESTINATION, At.WAYPOINT: way}
        return [places[leg.source], places[leg.destination], leg.wire]


MOST_STORIES = 6
"""Courses that are shown of one kind of flows."""
