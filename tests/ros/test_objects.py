"""Known objects: listed without a question, latched, named alike by answers, kept over restarts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from r1_ros.msg import ErrorCode, KnownObjects
from rclpy.qos import DurabilityPolicy, QoSProfile

from r1_ros.client import RequestFailedError
from r1_ros.pictures.scene_folder import read_scene_folder, write_scene_folder
from tests.r1_model.objects.rooms import box, scene
from tests.ros.background import background, eventually
from tests.ros.reasoner_rig import Robot, refused, start_robot
from tests.ros.scripted import DESK, LAMP, room

WORDS = {"object_synonyms": "mug: cup", "rooms": "hall: 0 0 2 4; den: 2 0 4 4"}
MUG, BOOK = box(1.2, 1.5, label="mug"), box(2.8, 2.4, label="book")
MOVED = replace(MUG, center=np.array([2.9, 1.0, 0.25]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "objects"


@pytest.fixture
def keeper(folder: Path) -> Iterator[Robot]:
    with background() as spinning:
        robot = start_robot(spinning, objects_directory=str(folder), **WORDS)
        show(robot, [MUG, BOOK], 100)
        yield robot
        robot.client.close()


def show(robot: Robot, boxes: list, start: int) -> None:
    robot.mapper.scene, robot.model.found = scene(boxes, start), list(boxes)
    robot.mapper.revision += 1


def test_a_second_pass_tells_what_was_moved_and_what_is_gone(keeper: Robot) -> None:
    first = keeper.client.list_objects()
    assert [(o.id, o.label, o.room) for o in first.objects] == [
        ("obj1", "mug", "hall"), ("obj2", "book", "den"),
    ]  # fmt: skip
    assert first.objects[0].synonyms == ["cup"] and first.header.frame_id == "map"
    assert [o.id for o in keeper.client.list_objects("Cup").objects] == ["obj1"]
    show(keeper, [MOVED], 200)
    keeper.mapper.map_id += 1  # a new map, of the same place
    assert [(o.id, o.moved) for o in keeper.client.list_objects().objects] == [("obj1", True)]
    every = keeper.client.list_objects(include_gone=True).objects
    assert [(o.id, o.gone) for o in every] == [("obj1", False), ("obj2", True)]
    assert every[0].previous_pose.position.x == pytest.approx(1.2, abs=0.05)
    graph = keeper.client.scene_graph()
    assert [node["id"] for node in graph["objects"]] == ["obj1", "obj2"]


def test_who_comes_late_still_gets_them(keeper: Robot) -> None:
    keeper.client.list_objects()
    heard: list[KnownObjects] = []
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node = keeper.client._node
    node.create_subscription(KnownObjects, "scene_reasoner/objects", heard.append, latched)
    eventually(lambda: heard)
    assert [o.id for o in heard[0].objects] == ["obj1", "obj2"]


def test_ids_outlive_a_restart(keeper: Robot, folder: Path) -> None:
    ids = [o.id for o in keeper.client.list_objects().objects]
    assert list(folder.glob("place-*.json"))
    keeper.node.trigger_deactivate()
    keeper.node.trigger_cleanup()
    keeper.node.trigger_configure()
    keeper.node.trigger_activate()
    eventually(lambda: keeper.node.is_active)
    keeper.mapper.map_id += 1  # as load_scene gives it
    keeper.mapper.revision += 1
    keeper.model.found = [BOOK, MUG]
    assert [o.id for o in keeper.client.list_objects().objects] == ids == ["obj1", "obj2"]


def test_another_place_has_other_ids(keeper: Robot) -> None:
    keeper.client.list_objects()
    other = scene([MUG], 300)
    points = other.points + np.float32([50, 0, 0])
    keeper.mapper.scene = replace(other, points=points, views=[])
    keeper.model.found = [replace(MUG, center=MUG.center + [50, 0, 0])]
    keeper.mapper.map_id += 1
    keeper.mapper.revision += 1
    assert "obj1" not in [o.id for o in keeper.client.list_objects().objects]


def test_answers_and_plans_use_the_same_ids(keeper: Robot) -> None:
    keeper.mapper.scene, keeper.model.found = room(), [replace(b, score=0.9) for b in (LAMP, DESK)]
    keeper.mapper.scene = replace(keeper.mapper.scene, views=[])
    keeper.mapper.map_id += 1
    keeper.mapper.revision += 1
    known = {o.label: o.id for o in keeper.client.list_objects().objects}
    answer = keeper.client.ask("Find the desk lamp.", task="grounding", session_id="s")
    assert answer.objects[0].id == known["desk lamp"]
    plan = keeper.client.plan("Put the lamp on the desk.")
    assert {t.id for step in plan.steps for t in step.targets} <= set(known.values())
    # an id of the list is a target, in any dialogue
    keeper.client.ask("What is this?", target=known["desk"], session_id="other")
    assert np.allclose(keeper.model.asked[-1][2].center, DESK.center, atol=0.01)


def test_what_cannot_be_listed_is_refused(keeper: Robot) -> None:
    refused(lambda: keeper.client.list_objects("x" * 1000), ErrorCode.INVALID_REQUEST)
    keeper.mapper.scene = replace(
        room(), points=np.zeros((0, 3), np.float32), colors=np.zeros((0, 3), np.uint8)
    )
    keeper.mapper.revision += 1
    refused(keeper.client.list_objects, ErrorCode.EMPTY_SCENE)
    keeper.node.trigger_deactivate()
    with pytest.raises(RequestFailedError) as caught:
        keeper.client.list_objects()
    assert caught.value.code == ErrorCode.INACTIVE


def test_the_exported_folder_loads_again(keeper: Robot, tmp_path: Path) -> None:
    graph, map = keeper.client.scene_graph(), keeper.client.get_scene()
    write_scene_folder(tmp_path / "out", map, graph)
    again, memory = read_scene_folder(tmp_path / "out")
    assert np.array_equal(again.points, map.points) and len(again.views) == len(map.views)
    assert [t.id for t in memory.objects] == ["obj1", "obj2"]
    assert len((tmp_path / "out" / "trajectory.txt").read_text().splitlines()) == len(map.views)
    assert (tmp_path / "out" / "cloud.ply").stat().st_size > 10 * len(map.points)
