"""The dense decoder's boxes on synthetic rooms, as detection is scored in the field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from r1_model.reasoner import Reasoner
from r1_model.text.answer import Box
from r1_model.text.boxes import extent
from r1_training.evaluation.room_evaluator import ObservedRoom, observed_rooms
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.detection import SceneObjects, detection_scores
from r1_training.synthetic.rooms.elements import RoomObject

LEAST_SCORE = 0.02


@dataclass(frozen=True)
class DetectedRoom:
    """What was found in a room, beside what the scan saw of it.

    Attributes:
        name: of the room.
        found: boxes with labels and scores.
        things: the objects that are there to be found, at least one.
    """

    name: str
    found: list[Box]
    things: list[RoomObject]


def detected(reasoner: Reasoner, places: Iterable[ObservedRoom]) -> list[DetectedRoom]:
    """Boxes of rooms; one of which nothing was seen is left out."""
    return [
        DetectedRoom(
            str(place.room.seed),
            reasoner.detect(place.scene, LEAST_SCORE),
            [place.room.object(id) for id in place.visible],
        )
        for place in places
        if place.visible
    ]


def room_scores(rooms: Iterable[DetectedRoom]) -> dict[str, float]:
    """mAP and AR in percent at IoU 0.25 and 0.5."""
    predictions: dict[str, Prediction] = {}
    scenes: dict[str, SceneObjects] = {}
    for room in rooms:
        predictions[room.name] = Prediction(
            id=room.name,
            boxes=np.array([[*box.center, *extent(box)] for box in room.found]).reshape(-1, 6),
            labels=tuple(box.label for box in room.found),
            scores=np.array([box.score for box in room.found]),
        )
        scenes[room.name] = SceneObjects(
            boxes=np.array([np.concatenate((t.center, t.size)) for t in room.things]),
            labels=tuple(thing.category for thing in room.things),
        )
    return detection_scores(predictions, scenes)["overall"]


def detection_map(
    reasoner: Reasoner, *, rooms: int, seed: int, split: str = "test"
) -> dict[str, float]:
    """mAP and AR in percent at IoU 0.25 and 0.5 over the objects that the scans saw."""
    return room_scores(detected(reasoner, observed_rooms(rooms, seed, split, reasoner.device)))
