from __future__ import annotations

from dataclasses import replace

import pytest

from r1_training.evaluation import report
from r1_training.evaluation.matched_controls import alike
from tests.r1_training.evaluation.asked import ROOM, asked

# one object is a new combination of a category that has another object in the same room
NEW = next(
    thing
    for thing in ROOM.objects
    if sum(other.category == thing.category for other in ROOM.objects) > 1
)
TWIN = next(
    thing for thing in ROOM.objects if thing.category == NEW.category and thing.id != NEW.id
)
OTHER = next(thing for thing in ROOM.objects if thing.category != NEW.category)


def about(thing, correct: bool, **changes: object):
    return asked({"correct": correct}, task="grounding", objects=(thing.id,), **changes)


@pytest.fixture(autouse=True)
def held_out_object(monkeypatch):
    objects = [replace(thing, held_out=thing.id == NEW.id) for thing in ROOM.objects]
    monkeypatch.setattr("tests.r1_training.evaluation.asked.ROOM", replace(ROOM, objects=objects))


def test_the_company_is_of_the_same_category_and_task():
    run = [
        about(NEW, True, held_out=True),
        about(NEW, True, held_out=True),
        about(TWIN, False),
        about(TWIN, True),
        about(OTHER, True),  # another category is no company
        asked({"correct": True}, task="qa", objects=(TWIN.id,)),  # nor another task
    ]
    assert alike(run) == {"grounding": {"correct": [0.5, 0.5]}}


def test_without_company_there_is_no_figure():
    run = [about(NEW, True, held_out=True), about(OTHER, True)]
    assert alike(run) == {}
    assert ("grounding", "alike") not in report.by_group([run])["held out"]


def test_it_stands_beside_held_out_and_seen():
    run = [about(NEW, True, held_out=True), about(TWIN, False), about(OTHER, True)]
    found = report.by_group([run, run])["held out"]
    means = {group[1]: checks["correct"].mean for group, checks in found.items()}
    assert means == {"alike": 0.0, "held out": 1.0, "seen": 0.5}
    assert found["grounding", "alike"]["correct"].count == 2


def test_regions_are_nobodys_company():
    region = asked({"correct": True}, task="grounding", objects=(10_000,), held_out=True)
    assert alike([region, about(TWIN, True)]) == {}
