"""Memories outlive a restart, damaged files have an error with a name; words and places."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from r1_model.objects.memory import ObjectMemory
from r1_model.objects.object_file import (
    ObjectFileError,
    memory_from_json,
    memory_to_json,
    read_objects,
    write_objects,
)
from r1_model.objects.place import Place
from r1_model.objects.sightings import make_sightings
from r1_model.objects.words import ObjectWords, ObjectWordsError, read_rooms, read_synonyms
from tests.r1_model.objects.rooms import box, scene

BOXES = [box(1.2, 1.5, label="mug"), box(2.8, 2.4, label="lamp")]


def memory() -> ObjectMemory:
    map = scene(BOXES, 100)
    known = ObjectMemory().update(map, make_sightings(map, BOXES)).called("obj1", "杯子")
    return known.update(scene(BOXES[:1], 200), make_sightings(scene(BOXES[:1], 200), BOXES[:1]))


def test_there_and_back(tmp_path: Path) -> None:
    known, stood = memory(), Place(np.array([[0.5, -1.25, 3.0], [7.125, 0.0, 1.0]]), -0.1)
    write_objects(tmp_path / "new" / "place.json", known, stood)
    again, place = read_objects(tmp_path / "new" / "place.json")
    assert json.dumps(memory_to_json(again)) == json.dumps(memory_to_json(known))
    assert np.allclose(place.points, stood.points, atol=1e-3) and place.floor == stood.floor
    assert again.arrivals == known.arrivals
    # and goes on like the one that never stopped
    map = scene(BOXES, 300)
    seen = make_sightings(map, BOXES)
    assert memory_to_json(again.update(map, seen)) == memory_to_json(known.update(map, seen))


@pytest.mark.parametrize(
    ("field", "value"),
    [("version", 9), ("objects", 3), ("arrivals", [1]), ("named", 1), ("named", "x")],
)
def test_damage_of_the_file(field: str, value: object) -> None:
    with pytest.raises(ObjectFileError):
        memory_from_json({**memory_to_json(memory()), field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "o1; rm"), ("votes", {}), ("votes", {"a": -1}), ("center", [1, 2]),
        ("center", [1, 2, float("nan")]), ("size", [1, 1, -1]), ("turned", None), ("id", "obj2"),
    ],
)  # fmt: skip
def test_damage_of_an_object(field: str, value: object) -> None:
    data = copy.deepcopy(memory_to_json(memory()))
    data["objects"][0][field] = value
    with pytest.raises(ObjectFileError):
        memory_from_json(data)


def test_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "place.json"
    with pytest.raises(ObjectFileError, match="cannot read"):
        read_objects(path)
    whole = memory_to_json(memory())
    places = [["x"], [3, 5], {"floor": 0}, {"points": [[1, 2]], "floor": 0}]
    places += [{"points": [[1, 2, float("nan")]], "floor": 0}, {"points": [], "floor": "low"}]
    damaged = [json.dumps({**whole, "place": place}) for place in places]
    for text in ("", "[]", "{}", "[" * 100_000, json.dumps(whole), *damaged):
        path.write_text(text)
        with pytest.raises(ObjectFileError):
            read_objects(path)


def test_words_of_users() -> None:
    words = ObjectWords(
        read_synonyms("mug: cup, coffee mug; sofa: couch"),
        read_rooms("hall: 0 0 2 2; den: 2,0,4,4"),
    )
    mug, lamp = memory().objects
    assert words.names(mug) == ["cup", "coffee mug", "杯子"] and words.names(lamp) == []
    assert (words.room(mug), words.room(lamp)) == ("hall", "den")
    assert ObjectWords().room(mug) == ""
    for text in ("mug", "mug:", ": cup"):
        with pytest.raises(ObjectWordsError):
            read_synonyms(text)
    for text in ("hall: 1 2 3", "hall: 0 0 a b", "hall: 2 0 1 1", "hall: 0 0 1 inf"):
        with pytest.raises(ObjectWordsError):
            read_rooms(text)
