"""All rewards of one answer about a synthetic room, but for the semantic one, which embeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from r1_model.text.answer import Box
from r1_model.text.grammar import Bounds, ParsedAnswer, parse_answer
from r1_model.text.refinement import snap_answer, snap_to_detections
from r1_training.rewards.format import format_reward
from r1_training.rewards.perception import perception_reward
from r1_training.rewards.plan import plan_reward
from r1_training.synthetic.language.answer_check import check_parsed, plan_steps
from r1_training.synthetic.language.sample import PLACEHOLDER, Sample
from r1_training.synthetic.language.symbolic_world import world_of
from r1_training.synthetic.rooms.elements import Room

_LONGER, _SPARE = 2, 20  # how much longer an answer may be: times, and characters


@dataclass(frozen=True)
class Judged:
    """What an answer is worth. None: the question does not ask for that.

    Attributes:
        format, perception, plan: see the functions of these names.
        correct: the room checker's verdict, of answers that are not padded. It is no reward of
            the paper; it tells whether the rewards' rise means anything.
        said, true: the answer and the true one as people read them, for the semantic reward.
    """

    format: float
    perception: float | None
    plan: float | None
    correct: float
    said: str
    true: str


def judge(
    sample: Sample, text: str, room: Room, bounds: Bounds, found: Sequence[Box] = ()
) -> Judged:
    """Judge the model's whole text; never raises on it.

    Args:
        sample: the question.
        text: of the model, with its tags.
        room: exact scene.
        bounds: minimum and maximum corner of the scene's cloud, metres.
        found: detections that boxes in the text may repeat, as in `snap_answer`.
    """
    parsed = parse_answer(text, bounds, sample.task)
    boxes = {thing.id: (thing.center, thing.size) for thing in room.objects}
    snapped = snap_answer(parsed, found, bounds)
    verdict = check_parsed(sample, snapped, boxes, room)
    return Judged(
        format=format_reward(parsed),
        perception=_perception(sample, parsed, boxes, bounds, found),
        plan=_plan(sample, snapped, boxes, room, bool(verdict["correct"])),
        correct=float(verdict["correct"] and not _padded(sample, parsed)),
        said=parsed.answer,
        true=reference_text(sample),
    )


def reference_text(sample: Sample) -> str:
    """The true answer as people read it, without boxes."""
    return " ".join(PLACEHOLDER.sub("", sample.answer).split())


def _padded(sample: Sample, parsed: ParsedAnswer) -> bool:
    """Is an answer in words far longer than the true one? Who says enough says what is true, too.

    Boxes and steps are counted by their own checks.
    """
    if sample.answer_key["type"] in ("grounding", "dense", "plan"):
        return False
    return len(parsed.answer) > _LONGER * len(reference_text(sample)) + _SPARE


def _perception(
    sample: Sample,
    parsed: ParsedAnswer,
    boxes: dict[int, tuple[np.ndarray, np.ndarray]],
    bounds: Bounds,
    found: Sequence[Box],
) -> float | None:
    key = sample.answer_key
    if key["type"] != "grounding":
        return None
    if not parsed.answer and not parsed.boxes:
        return 0.0  # silence is no "there is none"
    wanted = [{**boxes, **sample.extra_boxes}[id] for id in key["value"]]
    # not as `snap_answer` does it, which takes a box that is said twice for one
    said = [snap_to_detections(box, found, bounds) for box in parsed.boxes]
    return perception_reward(
        np.array([(*box.center, *box.size) for box in said]),
        np.array([np.concatenate(box) for box in wanted]),
    )


def _plan(
    sample: Sample,
    parsed: ParsedAnswer,
    boxes: dict[int, tuple[np.ndarray, np.ndarray]],
    room: Room,
    correct: bool,
) -> float | None:
    key = sample.answer_key
    if key["type"] != "plan":
        return None
    if not key["steps"]:  # there is nothing to do, or no way to do it: to say so is right
        return float(correct)
    steps = plan_steps(sample, parsed, boxes, room)
    return plan_reward(steps, key["steps"], world_of(room), key["goal"])
