"""Known objects as messages: turned boxes, what is gone, names of users."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("r1_ros.msg")

from r1_ros.msg import ObjectRelation  # noqa: E402

from r1_model.objects.known_object import KnownObject, OrientedBox  # noqa: E402
from r1_model.objects.memory import ObjectMemory  # noqa: E402
from r1_model.objects.object_file import memory_from_json  # noqa: E402
from r1_model.objects.relations import Relation  # noqa: E402
from r1_model.objects.words import ObjectWords, read_rooms, read_synonyms  # noqa: E402
from r1_ros.cli.objects import state_text, where_text  # noqa: E402
from r1_ros.messages.known_objects import known_objects_message, scene_graph  # noqa: E402

MUG = KnownObject(
    id="obj1",
    center=np.array([1.0, 2, 0.8]),
    size=np.array([0.1, 0.1, 0.1]),
    turned=OrientedBox(np.array([1.0, 2, 0.8]), np.array([0.12, 0.08, 0.1]), np.pi / 2),
    label="mug",
    votes={"mug": 1.0},
    score=0.75,
    color=np.full(3, np.nan),
    fill=float("nan"),
    first_seen=1_500_000_000,
    last_seen=2_000_000_001,
    order=3,
)
TABLE = replace(MUG, id="obj2", label="table", votes={"table": 1.0})
GONE = replace(MUG, id="obj3", gone=True, moved_at=7, previous=np.array([4.0, 5, 6]))
MEMORY = ObjectMemory((MUG, TABLE, GONE), 3, {5: 0}, 2_000_000_001, "odom")
RELATIONS = (Relation("obj1", "on", "obj2"),)
WORDS = ObjectWords(read_synonyms("mug: cup"), read_rooms("hall: 0 0 4 4"))


def test_a_message_has_all_of_a_thing() -> None:
    message = known_objects_message(MEMORY, RELATIONS, WORDS, map_id=9, revision=4)
    assert (message.header.frame_id, message.map_id, message.revision) == ("odom", 9, 4)
    mug, table, gone = message.objects
    assert (mug.id, mug.label, list(mug.synonyms), mug.room) == ("obj1", "mug", ["cup"], "hall")
    assert mug.pose.orientation.z == pytest.approx(np.sqrt(0.5)) and mug.size.x == 0.12
    assert mug.relations == [ObjectRelation(relation="on", object_id="obj2")]
    assert (mug.first_seen.sec, mug.first_seen.nanosec) == (1, 500_000_000)
    assert not (mug.moved or mug.gone) and not table.relations
    assert gone.gone and gone.moved and gone.previous_pose.position.y == 5.0


def test_only_some() -> None:
    def ids(**chosen: object) -> list[str]:
        message = known_objects_message(MEMORY, RELATIONS, WORDS, **chosen)
        return [item.id for item in message.objects]

    assert ids(include_gone=False) == ["obj1", "obj2"]
    assert ids(label=" CUP ") == ["obj1", "obj3"] and ids(label="sofa") == []


def test_the_scene_graph_is_json_that_loads_again() -> None:
    graph = json.loads(json.dumps(scene_graph(MEMORY, RELATIONS, WORDS), allow_nan=False))
    assert graph["relations"] == [["obj1", "on", "obj2"]]
    assert (graph["objects"][0]["synonyms"], graph["objects"][0]["room"]) == (["cup"], "hall")
    assert [thing.id for thing in memory_from_json(graph).objects] == ["obj1", "obj2", "obj3"]


def test_on_a_terminal() -> None:
    mug, table, gone = known_objects_message(MEMORY, RELATIONS, WORDS).objects
    assert where_text(mug, {"obj2": "table"}) == "on table obj2"
    assert where_text(mug, {}) == "on obj2" and where_text(table, {}) == ""
    assert (state_text(mug), state_text(gone)) == ("", "gone")
