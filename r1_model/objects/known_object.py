"""One thing that is known, and one sighting of it. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class OrientedBox:
    """A box that is turned about z.

    Attributes:
        center: (3,) float64, metres, scene frame.
        size: (3,) float64, full edge lengths along its own axes, metres.
        yaw: radians, counter-clockwise, in (-pi/2, pi/2].
    """

    center: np.ndarray
    size: np.ndarray
    yaw: float = 0.0


@dataclass(frozen=True)
class Sighting:
    """One thing in one version of a map, as it was detected.

    Attributes:
        center, size: (3,) float64, metres, axis-aligned.
        label: category.
        score: confidence in [0, 1].
        turned: the box around its points.
        color: (3,) float64 median RGB in [0, 255] of its upper points; NaN where it has none.
        fill: share of the rays into its box that end in it, in [0, 1]; NaN where no view looks.
        names: name -> how likely it is called so; empty: by its label, surely.
    """

    center: np.ndarray
    size: np.ndarray
    label: str
    score: float
    turned: OrientedBox
    color: np.ndarray
    fill: float
    names: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownObject:
    """One thing.

    Attributes:
        id: lasts.
        center, size: (3,) float64, metres, axis-aligned, where it is or was last.
        turned: the same, turned as it stands.
        label: the category that is told; it changes only against a clear majority of votes.
        votes: category -> sum of the scores of its sightings.
        names: what answers called it, newest last.
        score: best score of its sightings.
        color, fill: see `Sighting`; of its sightings, averaged.
        first_seen: stamp of the map that showed it first, nanoseconds.
        last_seen: stamp of the newest view that shows it; of the map where it has no views.
        order: arrival number of the newest view that shows it, see `ObjectMemory`.
        sightings: map versions in which it was detected.
        misses: map versions since then that looked at its place without detecting it.
        moved_at: stamp of the map that told that it was moved; 0: never.
        previous: (3,) centre before it moved; None: never.
        gone: its place was seen empty, and it was found nowhere else.
    """

    id: str
    center: np.ndarray
    size: np.ndarray
    turned: OrientedBox
    label: str
    votes: Mapping[str, float]
    score: float
    color: np.ndarray
    fill: float
    first_seen: int
    last_seen: int
    order: int
    names: tuple[str, ...] = field(default=())
    sightings: int = 1
    misses: int = 0
    moved_at: int = 0
    previous: np.ndarray | None = None
    gone: bool = False

    @property
    def moved(self) -> bool:
        """It was found at another place than before."""
        return self.moved_at > 0 or self.previous is not None
