"""The benchmark that holds rooms of meshes against geometry, on a few of them."""

import importlib
from dataclasses import replace

import numpy as np
import pytest

from r1_training.synthetic.household.rooms import make_household_room
from tests.r1_training.synthetic.household.packs import small_pack

bench = importlib.import_module("benchmarks.household_exactness")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


def test_a_few_rooms_are_exact(pack):
    report = bench.examine(pack, 6, 10)
    assert not [name for name, (wrong, _) in report["checks"].items() if wrong], report
    assert report["largest_box_error_m"] < 1e-4
    assert report["checks"]["pixels in the box of their id"][1] > 100


def test_what_is_wrong_is_found(pack):
    room = make_household_room(0, pack, "test", extent="whole")
    room.objects[0] = replace(room.objects[0], center=room.objects[0].center + 0.5)
    moved = [e for e in bench.box_errors(room, pack) if e > 0.1]
    assert moved or (room.primitives.instance == 1).any()
    for thing in room.objects:
        thing.size = thing.size / 8
    stray, pixels = bench.stray_pixels(room, pack)
    assert stray > 0.3 * pixels > 0
    other = make_household_room(1, pack, "test", extent="whole")
    again = make_household_room(1, pack, "test", extent="whole")
    assert bench.check_same(other, again)
    again.meshes.size[0] += np.float32(0.01)
    assert not bench.check_same(other, again)
