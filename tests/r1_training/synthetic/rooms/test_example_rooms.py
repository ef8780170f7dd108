import pytest

from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.rooms.example_rooms import (
    EXAMPLES,
    bedroom,
    bookshelf_room,
    coffee_kitchen,
    desk_room,
    dining_kitchen,
    living_room,
    spill_room,
)

SEEDS = range(4)


def only(room, category, **attributes):
    found = [
        item
        for item in room.objects
        if item.category == category
        and all((vars(item) | item.states)[key] == value for key, value in attributes.items())
    ]
    assert len(found) == 1, (category, attributes, found)
    return found[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_living_room(seed):
    room = living_room(seed)
    sofa = only(room, "sofa", color="grey", shape="L-shaped", material="fabric")
    cushions = [item for item in room.objects if item.category == "cushion"]
    assert [item.color for item in cushions] == ["yellow", "yellow"]
    assert all(item.parent == sofa.id for item in cushions)
    table = only(room, "coffee table", color="dark brown", shape="rectangular", material="wood")
    assert table.center[1] < sofa.center[1]  # in front
    mug = only(room, "mug", color="white", parent=table.id)
    remote = only(room, "remote control", parent=table.id)
    assert 0.15 < mug.center[0] - remote.center[0] < 0.5
    cabinet = only(room, "tv cabinet", color="white")
    only(room, "tv", color="black", parent=cabinet.id)
    plant, window = only(room, "plant", color="green"), only(room, "window")
    assert ((plant.center - window.center)[:2] ** 2).sum() < 1.5**2


@pytest.mark.parametrize("seed", SEEDS)
def test_bookshelf(seed):
    room = bookshelf_room(seed)
    only(room, "book", color="blue", level=1)
    only(room, "book", color="red", level=1)
    assert only(room, "book", color="blue", level=3).levels >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_dining_kitchen(seed):
    room = dining_kitchen(seed)
    table = only(room, "dining table")
    chairs = [item for item in room.objects if item.category == "chair"]
    assert len(chairs) == 4
    assert all(abs(c.center - table.center)[:2].max() < 1.4 for c in chairs)
    only(room, "fridge", color="silver")
    assert only(room, "microwave").parent == only(room, "counter").id


@pytest.mark.parametrize("seed", SEEDS)
def test_desk(seed):
    room = desk_room(seed)
    desk = only(room, "desk")
    lamp = only(room, "lamp", color="black", power="on", parent=desk.id)
    assert lamp.center[0] < desk.center[0] - 0.3


@pytest.mark.parametrize("seed", SEEDS)
def test_bedroom(seed):
    room = bedroom(seed)
    only(room, "bed", bedding="messy")
    assert only(room, "book", opening="open").parent_relation == "floor"
    assert only(room, "lamp", power="on").parent == only(room, "nightstand").id


@pytest.mark.parametrize("seed", SEEDS)
def test_spill(seed):
    room = spill_room(seed)
    puddle, cup = only(room, "puddle"), only(room, "cup", pose="tipped")
    assert abs(puddle.center - cup.center)[:2].max() < 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_coffee_kitchen(seed):
    room = coffee_kitchen(seed)
    cupboard = only(room, "cupboard", opening="closed")
    mugs = [item for item in room.objects if item.category == "mug"]
    assert len(mugs) == 2 and all(mug.parent == cupboard.id for mug in mugs)
    assert all(mug.parent_relation == "in" for mug in mugs)
    only(room, "coffee machine"), only(room, "coffee table")


@pytest.mark.parametrize("build", EXAMPLES)
def test_what_the_example_is_about_can_be_seen(build):
    room = build()
    _, counts = room_to_scene(room, partial=0.0)
    for item in room.objects:
        if item.parent_relation != "in":
            assert counts[item.id] > 0, item.category
