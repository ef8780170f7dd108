"""Wear: stains, scratches, dust and fading on surfaces that no photograph covers."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.ndimage import gaussian_filter

from r1_training.synthetic.household.motifs import motif_tiles
from r1_training.synthetic.household.pack import TILE

WORN = 0.35  # of the items that have no texture
KINDS = ("stains", "scratches", "dust", "fading")
EACH = 4  # tiles of a kind
_SEED = 20
_PLAIN = 128  # a texture multiplies a colour by its texel over this


@cache
def wear_tiles() -> np.ndarray:
    """(len(KINDS) * EACH, TILE, TILE, 3) uint8 whose edges meet; their mean hardly differs from
    _PLAIN, so that a colour keeps its name.
    """
    rng = np.random.default_rng(_SEED)
    tiles = []
    for make in (_stains, _scratches, _dust, _fading):
        for _ in range(EACH):
            shade = make(rng)
            shade += 1 - shade.mean()
            tint = rng.uniform(-0.015, 0.015, 3)  # dirt is not quite grey
            tiles.append(_PLAIN * (shade[..., None] + tint * np.abs(shade - 1)[..., None] * 10))
    return (np.stack(tiles).clip(0, 255) + 0.5).astype(np.uint8)


def worn_tile(seed: int, item: int, textures: int) -> tuple[int, float] | None:
    """Number of a wear tile and metres a tile, for an item of a room; None where it is not worn.

    Drawn apart from all else that a room is made of: with and without wear it is the same room.

    Args:
        seed: of the room.
        item: its id.
        textures: how many the pack has; motifs come behind them, then wear.
    """
    rng = np.random.default_rng([seed, item, _SEED])
    if rng.random() >= WORN:
        return None
    number = int(rng.integers(len(KINDS) * EACH))
    return textures + len(motif_tiles()) + number, float(rng.uniform(0.25, 1.0))


def _smooth(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """(TILE, TILE) noise without an edge, of mean 0 and deviation 1."""
    noise = gaussian_filter(rng.standard_normal((TILE, TILE)), sigma, mode="wrap")
    return (noise - noise.mean()) / noise.std()


def _stains(rng: np.random.Generator) -> np.ndarray:
    """Few soft blots, darker."""
    return 1 - 0.22 * (1 / (1 + np.exp(-6 * (_smooth(rng, 6.0) - rng.uniform(0.9, 1.6)))))


def _scratches(rng: np.random.Generator) -> np.ndarray:
    """Thin lines, lighter or darker than what is around them."""
    shade = np.ones((TILE, TILE))
    for _ in range(rng.integers(5, 12)):
        x, y, angle = rng.uniform(0, TILE), rng.uniform(0, TILE), rng.uniform(0, np.pi)
        along = np.arange(0, rng.uniform(8, 40), 0.5)
        column = (x + along * np.cos(angle)).astype(int) % TILE
        row = (y + along * np.sin(angle)).astype(int) % TILE
        shade[row, column] += rng.choice((-1, 1)) * rng.uniform(0.15, 0.35)
    return shade


def _dust(rng: np.random.Generator) -> np.ndarray:
    """Specks, and grain between them."""
    specks = rng.random((TILE, TILE)) < rng.uniform(0.01, 0.04)
    return 1 + 0.03 * _smooth(rng, 0.7) + 0.25 * specks * rng.choice((-1, 1))


def _fading(rng: np.random.Generator) -> np.ndarray:
    """Large parts a little lighter than others."""
    return 1 + 0.07 * _smooth(rng, 12.0)
