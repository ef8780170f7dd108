"""The yardstick with reasoners that know the truth, or nothing."""

import importlib
import math
from dataclasses import dataclass, field

import numpy as np
import pytest

pytest.importorskip("open3d", reason="the mapper needs Open3D")

from r1_model.geometry.oriented_boxes import turn
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box
from r1_model.text.grammar import parse_answer
from r1_training.synthetic.household.rooms import make_household_room
from r1_training.synthetic.language import fill_boxes, make_samples
from tests.r1_training.synthetic.household.packs import small_pack

bench = importlib.import_module("benchmarks.yardstick")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return small_pack(tmp_path_factory.mktemp("pack"))


@dataclass
class Knowing:
    """Says what it was told to say, and finds the boxes that it was given."""

    raw: str = ""
    boxes: list[Box] = field(default_factory=list)
    asked: list[dict] = field(default_factory=list)

    def ask(self, scene, question, **options):
        self.asked.append({"question": question, **options})
        if not self.raw.startswith("<think>"):
            return Answer(self.raw, "", self.raw, options["task"], "en", boxes=self.boxes)
        read = parse_answer(self.raw, scene.bounds(), options["task"])
        return Answer(
            *(self.raw, read.thinking, read.answer, options["task"], "en", read.boxes, read.steps),
            exact=read.exact,
        )

    def detect(self, scene, least_score=0.0):
        return self.boxes


def some_scene(room):
    points = np.concatenate([[o.center - o.size, o.center + o.size] for o in room.objects])
    return Scene(points.astype(np.float32), np.zeros((len(points), 3), np.uint8))


def test_a_room_is_recorded_and_mapped_in_its_own_frame(pack, monkeypatch):
    monkeypatch.setattr(bench, "HEIGHT", 60)
    monkeypatch.setattr(bench, "WIDTH", 80)
    room = make_household_room(3, pack, "test", extent="whole")
    place = bench.recorded_room(room, pack, 4)
    scene, visible = place.scene, place.visible
    assert len(scene.points) > 300 and set(visible) <= {o.id for o in room.objects}
    inverse = np.linalg.inv(room.T_map_room)
    inside = scene.points @ inverse[:3, :3].T + inverse[:3, 3]
    within = (np.abs(inside[:, :2]) < room.size[:2] / 2 + 0.4).all(1)
    assert within.mean() > 0.7  # the rest is beyond an open wall
    assert set(place.readable) <= set(visible)


def test_every_room_of_a_flat_is_recorded(pack, monkeypatch):
    monkeypatch.setattr(bench, "HEIGHT", 60)
    monkeypatch.setattr(bench, "WIDTH", 80)
    room = make_household_room(0, pack, "test", extent="whole", rooms=2)
    scene = bench.recorded_room(room, pack, 6).scene
    inverse = np.linalg.inv(room.T_map_room)
    inside = scene.points @ inverse[:3, :3].T + inverse[:3, 3]
    for part in room.parts:
        near = (np.abs(inside[:, :2] - part.center) < part.size[:2] / 2).all(1)
        assert near.sum() > 100


def test_questions_of_rooms_are_counted_by_kind_rooms_and_swap(pack, monkeypatch):
    monkeypatch.setattr(bench, "HEIGHT", 60)
    monkeypatch.setattr(bench, "WIDTH", 80)
    monkeypatch.setattr(bench, "YAWS", (0,))
    silent = Knowing("<think></think><answer></answer>")
    report = bench.test_rooms(silent, pack, 2, 1, 2, 16)
    asked = {kind: row["questions"] for kind, row in report["kinds"].items()}
    assert asked["rooms: 1"] <= 4 and asked["rooms: 2"] <= 2 and asked["rooms: 4"] <= 2
    assert set(report["recall"]) == {1, 2, 4}
    assert all(row[0]["any"] == 0 for row in report["recall"].values())
    none = bench.test_rooms(silent, pack, 1, 0, 0, 4)
    assert none["kinds"] == {} and set(none["recall"]) == {1}


def test_the_true_answer_is_right_and_silence_is_not(pack):
    room = make_household_room(1, pack, "test", extent="whole")
    scene = some_scene(room)
    visible = [o.id for o in room.objects]
    samples = make_samples(room, np.random.default_rng(0), visible=visible, count=12)
    boxes = {o.id: (o.center, o.size) for o in room.objects}
    for sample in samples:
        raw = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, scene.bounds())
        reasoner = Knowing(raw)
        assert bench.is_right(reasoner, scene, room, sample), sample
        assert "<obj" not in reasoner.asked[0]["question"]
        assert len(reasoner.asked[0]["history"]) == len(sample.turns)
        if sample.answer_key.get("value") not in ((), 0, False):
            assert not bench.is_right(
                Knowing("<think></think><answer></answer>"), scene, room, sample
            )


def test_recall_follows_the_turned_boxes(pack):
    room = make_household_room(2, pack, "test", extent="whole")
    scene, visible = some_scene(room), [o.id for o in room.objects]
    for degrees in (0, 90):
        T = turn(math.radians(degrees))[:3, :3]
        swap = [1, 0, 2] if degrees else [0, 1, 2]
        found = [Box(T @ o.center, o.size[swap], label=o.category) for o in room.objects]
        hits = bench.room_recall(Knowing(boxes=found), scene, room, visible, degrees)
        assert all(hits["any"]) and all(hits["named"])
    wrong = [Box(o.center, o.size, label="zebra") for o in room.objects]
    hits = bench.room_recall(Knowing(boxes=wrong), scene, room, visible, 0)
    assert all(hits["any"]) and not any(hits["named"])
    assert not any(bench.room_recall(Knowing(), scene, room, visible, 0)["any"])


def test_questions_of_a_recording_are_counted():
    truth = {"table_0": (np.array([1.0, 0, 0.4]), np.array([1.0, 0.6, 0.8]), 0.0)}
    asked = [
        {"task": "grounding", "question": "the table", "answers": [], "objects": ["table_0"]},
        {"task": "qa", "question": "How many?", "answers": ["5", "five"], "objects": []},
        {"task": "planning", "question": "Tidy up.", "answers": [], "objects": []},
    ]
    scene = Scene(np.zeros((2, 3), np.float32), np.zeros((2, 3), np.uint8))
    knowing = Knowing("There are five.", [Box(*truth["table_0"][:2], label="table")])
    assert bench.answered(knowing, scene, asked, truth) == {
        "grounding": 1,
        "grounding asked": 1,
        "qa": 1,
        "qa asked": 1,
    }
    ignorant = Knowing("There are 55.", [Box(np.zeros(3), np.ones(3), label="table")])
    counts = bench.answered(ignorant, scene, asked, truth)
    assert counts["grounding"] == counts["qa"] == 0
