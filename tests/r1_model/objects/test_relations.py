"""On, in and next to, by geometry."""

from __future__ import annotations

import numpy as np

from r1_model.objects.known_object import KnownObject, OrientedBox
from r1_model.objects.relations import IN, NEXT_TO, ON, Relation, find_relations


def thing(name: str, center: tuple, size: tuple) -> KnownObject:
    c, s = np.array(center, float), np.array(size, float)
    box = OrientedBox(c, s)
    return KnownObject(name, c, s, box, name, {name: 1.0}, 1.0, np.zeros(3), 1.0, 0, 0, 0)


TABLE = thing("table", (0, 0, 0.35), (1.2, 0.8, 0.7))
MUG = thing("mug", (0.3, 0, 0.75), (0.1, 0.1, 0.1))
NONE = np.zeros((0, 3))


def test_on_a_table() -> None:
    assert find_relations([TABLE, MUG], NONE) == [Relation("mug", ON, "table")]


def test_in_a_shelf_but_on_a_sofa() -> None:
    shelf = thing("shelf", (0, 0, 1), (1, 0.4, 2))
    book = thing("book", (0, 0, 1.0), (0.1, 0.2, 0.2))
    board = np.column_stack([np.linspace(-0.5, 0.5, 400), np.zeros(400), np.full(400, 1.3)])
    assert find_relations([shelf, book], board) == [Relation("book", IN, "shelf")]
    seat = np.column_stack([np.linspace(-0.5, 0.5, 400), np.zeros(400), np.full(400, 0.85)])
    assert find_relations([shelf, book], seat) == [Relation("book", ON, "shelf")]


def test_next_to_is_near_and_at_one_height() -> None:
    chair = thing("chair", (0.9, 0, 0.4), (0.4, 0.4, 0.8))
    far = thing("far", (3, 0, 0.4), (0.4, 0.4, 0.8))
    high = thing("high", (0.9, 0, 2.0), (0.4, 0.4, 0.3))
    found = find_relations([TABLE, chair, far, high], NONE)
    assert set(found) == {Relation("table", NEXT_TO, "chair"), Relation("chair", NEXT_TO, "table")}


def test_the_smallest_holder_counts() -> None:
    tray = thing("tray", (0.3, 0, 0.71), (0.4, 0.3, 0.02))
    mug = thing("mug", (0.3, 0, 0.77), (0.1, 0.1, 0.1))
    found = find_relations([TABLE, tray, mug], NONE)
    assert Relation("mug", ON, "tray") in found and Relation("tray", ON, "table") in found


def test_alone() -> None:
    assert find_relations([], NONE) == [] and find_relations([TABLE], NONE) == []
