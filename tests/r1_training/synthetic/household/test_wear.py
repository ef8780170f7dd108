"""Wear changes what is seen of a room and nothing that is true of it."""

from __future__ import annotations

import numpy as np
import pytest

from r1_training.synthetic.household import builder, wear
from r1_training.synthetic.household.motifs import motif_tiles
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.household.wear import EACH, KINDS, WORN, wear_tiles, worn_tile
from tests.r1_training.synthetic.household.packs import small_pack


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


def test_tiles_differ_meet_at_their_edges_and_keep_a_colours_name():
    tiles = wear_tiles().astype(float)
    assert len(tiles) == len(KINDS) * EACH
    assert np.abs(tiles.mean((1, 2)) / 128 - 1).max() < 0.02
    assert (tiles.std((1, 2)).mean(-1) > 1.5).all()
    flat = tiles.reshape(len(tiles), -1)
    apart = np.abs(flat[:, None] - flat[None]).mean(2)
    assert (apart[~np.eye(len(tiles), dtype=bool)] > 1).all()
    for axis in (1, 2):  # from the last row to the first it is no further than between others
        steps = np.abs(tiles - np.roll(tiles, 1, axis)).mean((2, 3) if axis == 1 else (1, 3))
        assert (steps[:, 0] < 2.5 * steps.mean(1) + 1).all()


def test_a_third_is_worn_always_the_same():
    drawn = [worn_tile(seed, item, 100) for seed in range(40) for item in range(40)]
    assert drawn == [worn_tile(seed, item, 100) for seed in range(40) for item in range(40)]
    worn = [one for one in drawn if one is not None]
    assert len(worn) / len(drawn) == pytest.approx(WORN, abs=0.05)
    first = 100 + len(motif_tiles())
    assert {tile for tile, _ in worn} == set(range(first, first + len(wear_tiles())))


def test_a_room_is_the_same_room_without(pack, monkeypatch):
    worn = make_household_room(5, pack, "train", extent="whole")
    monkeypatch.setattr(builder, "worn_tile", lambda *_: None)
    plain = make_household_room(5, pack, "train", extent="whole")
    for one, other in zip(worn.objects, plain.objects, strict=True):
        assert (one.category, one.color, one.material, one.motif) == (
            other.category,
            other.color,
            other.material,
            other.motif,
        )
        assert np.array_equal(one.center, other.center) and np.array_equal(one.size, other.size)
    first = len(pack.textures) + len(motif_tiles())
    assert (worn.meshes.tile >= first).any() and not (plain.meshes.tile >= first).any()
    same = worn.meshes.tile < first
    assert np.array_equal(worn.meshes.tile[same], plain.meshes.tile[same])
    assert (plain.meshes.tile[~same] == -1).all()
    assert wear.WORN > 0
