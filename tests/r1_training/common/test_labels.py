from dataclasses import replace

import numpy as np
import pytest

from r1_training.common.labels import (
    MAX_OBJECTS,
    NAMES,
    PRINTS,
    STATES,
    label_tables,
)
from r1_training.synthetic.rooms.room import make_room

ROOMS = [make_room(seed, "train") for seed in range(12)]


def test_rows_are_the_objects_and_the_rest_is_padding():
    tables = label_tables(ROOMS)
    for index, room in enumerate(ROOMS):
        for thing in room.objects:
            row = {name: values[index, thing.id - 1] for name, values in tables.items()}
            assert np.allclose(row["center"], thing.center, atol=1e-6)
            assert np.allclose(row["size"], thing.size, atol=1e-6)
            assert NAMES["categories"][row["category"]] == thing.category
            for kind, name in (("color", thing.color), ("material", thing.material)):
                known = NAMES[f"{kind}s"]
                assert row[kind] == (known.index(name) if name in known else -1)
            for column, (axis, value) in enumerate(STATES.values()):
                expected = int(thing.states[axis] == value) if axis in thing.states else -1
                assert row["states"][column] == expected, (thing, axis)
        rest = slice(len(room.objects), None)
        for name in ("category", "color", "material", "states"):
            assert (tables[name][index, rest] == -1).all()
        assert (tables["size"][index, rest] > 0).all()  # its logarithm is taken


def test_every_state_is_seen_both_ways():
    """Else a name in STATES is none of the catalog's, and its label trains nothing."""
    states = label_tables([make_room(seed, "train") for seed in range(40)])["states"]
    for column, name in enumerate(STATES):
        assert {-1, 0, 1} <= set(states[..., column].ravel().tolist()), name


def test_prints_are_labels_of_their_own():
    things = list(ROOMS[0].objects)
    things[1] = replace(things[1], motif="star")
    states = label_tables([replace(ROOMS[0], objects=things)])["states"][0]
    names = NAMES["states"]
    assert len(names) == len(STATES) + len(PRINTS) == states.shape[1]
    assert [names[i] for i in np.flatnonzero(states[1, len(STATES) :] == 1) + len(STATES)] == [
        "shows star"
    ]
    assert (states[0, len(STATES) :] == 0).all()


def test_a_room_with_too_many_objects_is_refused():
    count = len(ROOMS[0].objects)
    assert count <= MAX_OBJECTS
    with pytest.raises(ValueError, match=f"room {ROOMS[0].seed} has {count} objects, over 1"):
        label_tables(ROOMS[:1], objects=1)
