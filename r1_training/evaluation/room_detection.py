"""The dense decoder's boxes on synthetic rooms, as detection is scored in the field."""

from __future__ import annotations

import numpy as np
import torch

from r1_training.common.labels import NAMES
from r1_training.evaluation.room_evaluator import CHUNK, RoomEvaluator
from r1_training.metrics.predictions import Prediction
from r1_training.metrics.protocols.detection import SceneObjects, detection_scores
from r1_training.synthetic.rooms.room import make_room

LEAST_SCORE = 0.02


def detection_map(
    evaluator: RoomEvaluator, *, rooms: int, seed: int, split: str = "test"
) -> dict[str, float]:
    """mAP and AR in percent at IoU 0.25 and 0.5 over the objects that the scans saw."""
    predictions: dict[str, Prediction] = {}
    scenes: dict[str, SceneObjects] = {}
    for start in range(0, rooms, CHUNK):
        numbers = range(seed * 10_000 + start, seed * 10_000 + min(start + CHUNK, rooms))
        observed, encoded, _ = evaluator.observe([make_room(n, split) for n in numbers], start)
        found = encoded.found.pick(encoded.index)
        for row, place in enumerate(observed):
            things = [place.room.object(id) for id in place.visible]
            if not things:
                continue
            name = str(place.room.seed)
            keep = encoded.score[row] >= LEAST_SCORE
            boxes = torch.cat((found.center[row], found.size[row]), -1)[keep]
            labels = found.category[row][keep].argmax(-1).tolist()
            predictions[name] = Prediction(
                id=name,
                boxes=boxes.double().cpu().numpy(),
                labels=tuple(NAMES["categories"][label] for label in labels),
                scores=encoded.score[row][keep].double().cpu().numpy(),
            )
            scenes[name] = SceneObjects(
                boxes=np.array([np.concatenate((t.center, t.size)) for t in things]),
                labels=tuple(thing.category for thing in things),
            )
    return detection_scores(predictions, scenes)["overall"]
