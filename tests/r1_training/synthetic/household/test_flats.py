"""Several rooms in one map: the plan, what stands where, the scan, and what is said of it."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from r1_training.common.labels import MAX_OBJECTS
from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.trajectories import room_of_part, sample_views
from r1_training.synthetic.household.floor_plan import (
    CORRIDOR,
    WALL,
    bounds,
    draw_plan,
)
from r1_training.synthetic.household.rooms import draw_count, make_household_room
from r1_training.synthetic.language import check_answer, fill_boxes, make_samples
from r1_training.synthetic.language.facts import Facts
from r1_training.synthetic.rooms.rng import Dice
from tests.r1_training.synthetic.household.packs import small_pack
from tests.r1_training.synthetic.language import slow
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, visible_of


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def flats(pack):
    return [make_household_room(s, pack, "test", rooms=2 + s % 3) for s in range(12)]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_rooms_of_a_plan_touch_without_overlap_and_can_all_be_reached(count):
    corridors = 0
    for seed in range(40):
        plan = draw_plan(Dice(np.random.default_rng(seed)), count, 2.5)
        assert len(plan) == count
        corridors += any(room.type == CORRIDOR for room in plan)
        low_x, high_x, low_y, high_y = bounds(plan)
        assert low_x == pytest.approx(-high_x) and low_y == pytest.approx(-high_y)
        for k, a in enumerate(plan):
            for b in plan[k + 1 :]:
                apart = max(
                    abs(a.x - b.x) - (a.width + b.width) / 2,
                    abs(a.y - b.y) - (a.depth + b.depth) / 2,
                )
                assert apart >= WALL - 1e-9
        ways = [way_of(room, o) for room in plan for o in room.openings]
        # each way through is one of two rooms, at the same place
        for place in ways:
            assert sum(np.allclose(place, other, atol=WALL + 0.01) for other in ways) == 2
        assert len(ways) >= 2 * (count - 1)
        assert all(room.openings for room in plan)
    assert corridors == 0 if count == 2 else 0 < corridors < 40


def way_of(room, opening):
    yaw = opening.wall * np.pi / 2
    away = (room.depth if opening.wall % 2 == 0 else room.width) / 2
    return (
        room.x + np.cos(yaw) * opening.along - np.sin(yaw) * away,
        room.y + np.sin(yaw) * opening.along + np.cos(yaw) * away,
    )


@pytest.mark.parametrize("count", [0, 1, 5])
def test_plans_of_other_counts_are_refused(count):
    with pytest.raises(ValueError, match=f"not {count}"):
        draw_plan(Dice(np.random.default_rng(0)), count, 2.5)


@pytest.mark.parametrize("wrong", [{"rooms": 5}, {"rooms": 0}, {"rooms": 2, "extent": "table"}])
def test_too_many_rooms_are_refused(pack, wrong):
    with pytest.raises(ValueError, match=rf"rooms.*got {wrong['rooms']}"):
        make_household_room(0, pack, **wrong)


def test_the_seed_says_how_many_rooms_there_are(pack):
    counts = [draw_count(seed, "train") for seed in range(400)]
    assert {1, 2, 3, 4} == set(counts) and 0.6 < np.mean([c == 1 for c in counts]) < 0.8
    for seed in range(5):
        room = make_household_room(seed, pack, rooms=None)
        assert len(room.parts) == (counts[seed] if counts[seed] > 1 else 0)
    assert not make_household_room(counts.index(2), pack).parts
    asked = make_household_room(counts.index(3), pack, room_type="kitchen", rooms=None)
    assert not asked.parts and asked.type == "kitchen"


def test_every_thing_stands_in_its_room(flats):
    for room in flats:
        assert 2 <= len(room.parts) <= 4 and len(room.objects) <= MAX_OBJECTS
        inverse = np.linalg.inv(room.T_map_room)
        for thing in room.objects:
            part = room.parts[thing.part]
            place = (inverse @ (*thing.center, 1.0))[:2] - part.center
            assert (np.abs(place) < part.size[:2] / 2 + WALL / 2).all()
            assert slow.room_type_at(room, thing) == part.type
            if thing.parent is not None:
                assert room.object(thing.parent).part == thing.part
        assert {thing.part for thing in room.objects} == set(range(len(room.parts)))


def test_scans_visit_every_room_from_within(flats):
    for room in flats:
        T, _ = sample_views(room, np.random.default_rng(0), 12)
        assert T.shape == (12, 4, 4)
        inverse = np.linalg.inv(room.T_map_room)
        eyes = (T[:, :3, 3] - room.T_map_room[:3, 3]) @ inverse[:3, :3].T
        inside = [
            (np.abs(eyes[:, :2] - part.center) < part.size[:2] / 2).all(1) for part in room.parts
        ]
        assert all(own.any() for own in inside)
        assert np.sum(inside, 0).tolist() == [1] * 12
        few, _ = sample_views(room, np.random.default_rng(0), 1)
        assert few.shape == (1, 4, 4)


def test_one_room_of_a_flat_is_a_room(flats):
    room = flats[2]
    for k, part in enumerate(room.parts):
        own = room_of_part(room, k)
        assert own.type == part.type and not own.parts
        place = np.linalg.inv(own.T_map_room) @ (*own.objects[0].center, 1.0)
        assert (np.abs(place[:2]) < part.size[:2] / 2 + WALL).all()


def test_clouds_hold_points_of_every_room(pack, flats):
    rooms = [replace(room, crop=None, sensor="structured light") for room in flats[:2]]
    seen = observe_batch(pack_rooms(rooms), 0, height=30, width=40, points=4000, pack=pack)
    for k, room in enumerate(rooms):
        assert (seen["object_points"][k] > 0).sum() > 5
        parts = {thing.part for thing in room.objects if seen["object_points"][k, thing.id - 1] > 0}
        assert parts == set(range(len(room.parts)))
    again = observe_batch(pack_rooms(rooms), 0, height=30, width=40, points=4000, pack=pack)
    assert all(torch.equal(seen[name], again[name]) for name in seen)


def test_relations_do_not_reach_through_walls(flats):
    for room in flats:
        facts = Facts(room, visible_of(room))
        things = list(facts.things.values())
        for a in things:
            for b in things:
                if a.part != b.part:
                    names = ("left", "right", "front", "behind", "next_to", "around")
                    assert not any(facts.relation(name, a, b) for name in names)


def test_what_is_said_of_flats_is_true_and_judged_right(flats):
    kinds = set()
    for room in flats:
        visible = visible_of(room)
        rng = np.random.default_rng(room.seed)
        for sample in make_samples(room, rng, visible=visible, count=60, split="test"):
            kinds.add(sample.kind)
            key = sample.answer_key
            if "claim" in key:
                assert slow.claim_holds(key["claim"], room, set(visible)), sample
            if key.get("ref") is not None:
                assert slow.fits(key["ref"], room, set(visible)) == [key["ref"].id], sample
            boxes, limits = boxes_of(room), bounds_of(room)
            text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, limits)
            verdict = check_answer(sample, text, boxes, room, limits)
            assert verdict["format"] and verdict["correct"], (sample, verdict)
            said = sample.question.lower()
            assert "this room" not in said and "the room" not in said
            assert "這個房間" not in said and "这个房间" not in said
    assert {"which_room", "count_in_room", "rooms", "room"} <= kinds
    assert "activity" not in kinds
