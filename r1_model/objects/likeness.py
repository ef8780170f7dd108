"""Does a sighting look like a known thing, wherever it is? By its name, its size and its colour.

Each is told as a natural logarithm: how many times likelier the sighting is where it shows the
thing than where it shows another one. Their widths are those of things of synthetic rooms that
were scanned twice (`benchmarks/objects.py`, rooms of other seeds than those that are reported).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r1_model.objects.known_object import KnownObject, Sighting

SAME_BY_CHANCE = 0.05  # pairs of other things in a room that are called the same
LEAST_NAME = 0.003  # a detector that knows better than that whether it sees a thing is not believed
SIZE_SPREAD = (0.08, 0.3)  # mean difference of log edges: of one thing twice, of two of a name
CHROMA_SPREAD = (0.025, 0.16)  # distance of shares of red, green, blue: the same
LIGHT_SPREAD = (0.17, 0.73)  # difference of log brightness, which changes with the place: the same
WORST_COLOR = -5.0  # each of the two: what was half hidden, or in the sun, has any colour
_DARK = 10.0  # RGB below which colours are noise


def likeness(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    """(N, M) logs; above 0 it is rather the same thing."""
    if not (known and seen):
        return np.zeros((len(known), len(seen)))
    return _of_names(known, seen) + _of_sizes(known, seen) + _of_colors(known, seen)


def name_share(thing: KnownObject, label: str) -> float:
    """Share of a thing's votes that a label has, in [0, 1]."""
    total = sum(thing.votes.values())
    return thing.votes.get(label, 0.0) / total if total else 0.0


def size_ratios(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    """(N, M) in (0, 1]: geometric mean of the ratios of edges, turned by quarters or not.

    Of boxes along the axes or of turned ones, whichever are more alike: how a thing is turned is
    not always seen.
    """
    along = [np.array([thing.size for thing in things]) for things in (known, seen)]
    turned = [np.array([thing.turned.size for thing in things]) for things in (known, seen)]
    return np.maximum(_ratios(*along), _ratios(*turned))


def _ratios(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    # what lies across now has its edges swapped; height stays
    a, b = (np.concatenate((np.sort(s[:, :2], -1), s[:, 2:]), -1) for s in (a, b))
    logs = np.abs(np.log(np.maximum(a, 1e-3))[:, None] - np.log(np.maximum(b, 1e-3)))
    return np.exp(-logs.mean(-1))


def _of_names(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    shares = np.array(
        [
            [
                sum(name_share(t, n) * p for n, p in (s.names or {s.label: 1.0}).items())
                for s in seen
            ]
            for t in known
        ]
    )
    return np.log((shares + LEAST_NAME) / SAME_BY_CHANCE)


def _of_sizes(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    return _log_ratio(-np.log(size_ratios(known, seen)), SIZE_SPREAD)


def _of_colors(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    a, b = (np.array([t.color for t in things]) + _DARK for things in (known, seen))
    (light_a, light_b), (a, b) = (
        (c.sum(-1) for c in (a, b)),
        (c / c.sum(-1, keepdims=True) for c in (a, b)),
    )
    chroma = np.linalg.norm(a[:, None] - b, axis=-1)
    light = np.abs(np.log(light_a)[:, None] - np.log(light_b))
    parts = [
        # a distance in a plane, so 0 is rare for both
        np.maximum(2 * _log_ratio(chroma / 2, CHROMA_SPREAD), WORST_COLOR),
        np.maximum(_log_ratio(light, LIGHT_SPREAD), WORST_COLOR),
    ]
    return np.nan_to_num(parts[0] + parts[1], nan=0.0)  # what has no colour tells nothing


def _log_ratio(distance: np.ndarray, spread: tuple[float, float]) -> np.ndarray:
    """Of two exponential distributions, of means `spread`."""
    same, other = spread
    return np.log(other / same) - distance * (1 / same - 1 / other)
