"""The dense decoder's boxes on synthetic rooms, as detection is scored in the field."""

from __future__ import annotations

import numpy as np

from r1_model.reasoner import Reasoner
from r1_training.evaluation.room_evaluator import observed_rooms
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.detection import SceneObjects, detection_scores

LEAST_SCORE = 0.02


def detection_map(
    reasoner: Reasoner, *, rooms: int, seed: int, split: str = "test"
) -> dict[str, float]:
    """mAP and AR in percent at IoU 0.25 and 0.5 over the objects that the scans saw."""
    predictions: dict[str, Prediction] = {}
    scenes: dict[str, SceneObjects] = {}
    for place in observed_rooms(rooms, seed, split, reasoner.device):
        things = [place.room.object(id) for id in place.visible]
        if not things:
            continue
        name = str(place.room.seed)
        found = reasoner.detect(place.scene, LEAST_SCORE)
        predictions[name] = Prediction(
            id=name,
            boxes=np.array([[*box.center, *box.size] for box in found]).reshape(-1, 6),
            labels=tuple(box.label for box in found),
            scores=np.array([box.score for box in found]),
        )
        scenes[name] = SceneObjects(
            boxes=np.array([np.concatenate((t.center, t.size)) for t in things]),
            labels=tuple(thing.category for thing in things),
        )
    return detection_scores(predictions, scenes)["overall"]
