"""Is an answer right? Checks the model's text against the truth of a sample."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

import numpy as np

from r1_model.plans.simulator import check_plan
from r1_model.text.answer import Answer, Box, Step
from r1_model.text.boxes import box_ious
from r1_model.text.grammar import Bounds, ParsedAnswer, parse_answer
from r1_training.synthetic.language.facts import BINARY, Facts, shut_away
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.symbolic_world import world_of
from r1_training.synthetic.language.words import read_words as read
from r1_training.synthetic.rooms.catalog import STATES
from r1_training.synthetic.rooms.elements import Room

Boxes = Mapping[int, tuple[np.ndarray, np.ndarray]]
Verdict = dict[str, bool | float]
Said = ParsedAnswer | Answer
SAME_OBJECT = 0.1  # IoU from which a box is taken for an object
NEAR_OBJECT = 0.3  # metres between centres, for small things
_OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


def check_answer(sample: Sample, text: str, boxes: Boxes, room: Room, bounds: Bounds) -> Verdict:
    """Compare the model's text with the truth.

    Args:
        sample: the question.
        text: the model's whole text, with its tags.
        boxes: id -> (centre, size) of the room's objects, metres, in the frame of `bounds`.
        room: exact scene, for relations and plans.
        bounds: minimum and maximum corner of the scene's cloud, metres.

    Returns:
        "format": the text is exact; "correct": the answer is right; and what the task adds:
        grounding "iou", "acc25", "acc50"; captions "category", "color", "relation"; dense captions
        "recall", "precision", "color"; plans "valid", "goal".
    """
    return check_parsed(sample, parse_answer(text, bounds, sample.task), boxes, room)


def check_parsed(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    """As `check_answer`, for a text that was read already, and for an answer."""
    verdict = _CHECKS[sample.answer_key["type"]](sample, parsed, boxes, room)
    return {"format": parsed.exact, **verdict}


def _count(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    return {"correct": read.count(parsed.answer) == sample.answer_key["value"]}


def _yes_no(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    return {"correct": read.yes_or_no(parsed.answer) is sample.answer_key["value"]}


def _measure(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    key, said = sample.answer_key, read.metres(parsed.answer)
    return {"correct": said is not None and abs(said - key["value"]) <= key["within"]}


def _colour(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    named = read.colors(parsed.answer, sample.language)
    return {"correct": named == {sample.answer_key["value"]}}


def _word(kind: str) -> Callable[..., Verdict]:
    """A check for one word: a material, a shape, a kind of room."""

    def check(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
        named = read.words_of(kind, parsed.answer, sample.language)
        return {"correct": named == {sample.answer_key["value"]}}

    return check


def _state(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    state, value = sample.answer_key["value"]
    categories = {room.object(id).category for id in sample.objects}
    said = {
        one
        for one in STATES[state]
        for category in categories
        if read.says_state(parsed.answer, category, (state, one), sample.language)
    }
    return {"correct": said == {value}}  # who says both has said nothing


def _location(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    relation, category = sample.answer_key["value"]
    if sample.answer_key.get("open"):  # "where is it?": whatever is true of it is an answer
        facts = Facts(room, [thing.id for thing in room.objects])
        id = sample.answer_key["claim"][1]
        return {"correct": true_relation(facts, id, parsed.answer, sample.language)}
    said = read.says_place(parsed.answer, relation, category, sample.language)
    other = _OPPOSITE.get(relation)
    both = other and read.says_place(parsed.answer, other, category, sample.language)
    return {"correct": said and not both}


def _which(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    key, text = sample.answer_key, parsed.answer
    first = read.first_place(text, key["value"], sample.language)
    return {"correct": first < read.first_place(text, key["other"], sample.language)}


def _list(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    text, language = parsed.answer, sample.language
    things = sample.answer_key["value"]
    if not things:
        nothing = ("nothing", "什麼都沒有", "什么都没有")
        return {"correct": any(word in text.lower() for word in nothing)}
    named = all(read.names_category(text, category, language) for category, _ in things)
    return {"correct": named and {color for _, color in things} <= read.colors(text, language)}


def _grounding(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    wanted = [{**boxes, **sample.extra_boxes}[id] for id in sample.answer_key["value"]]
    if not wanted:
        none = not parsed.boxes and bool(parsed.answer)
        return {"correct": none}
    if len(parsed.boxes) != len(wanted):
        return {"correct": False, "iou": 0.0, "acc25": False, "acc50": False}
    left, ious = list(wanted), []
    for box in parsed.boxes:
        overlaps = box_ious([Box(*other) for other in left], box)
        best = int(np.argmax(overlaps))
        ious.append(float(overlaps[best]))
        left.pop(best)
    least = min(ious)
    return {
        "correct": least >= 0.25,
        "iou": float(np.mean(ious)),
        "acc25": least >= 0.25,
        "acc50": least >= 0.5,
    }


def true_relation(facts: Facts, id: int, text: str, language: str) -> bool:
    """Does a sentence say at least one relation of the object that is true?"""
    thing = facts.things[id]
    for other in facts.things.values():
        if other.id == id:
            continue
        for relation in BINARY:
            if facts.relation(relation, thing, other) and read.says_place(
                text, relation, other.category, language
            ):
                return True
    places: dict[str, tuple[str, ...]] = {
        "wall": ("against the wall", "靠牆", "靠墙"),
        "corner": ("corner", "角落"),
    }
    places["middle"] = ("middle of the room", "房間中央", "房间中央")
    said = places.get(facts.place(thing) or "", ())
    if thing.kind == "wall":
        said = ("on the wall", "在牆上", "在墙上")
    elif thing.parent is None and thing.kind in ("small", "region"):
        said = ("on the floor", "在地上")
    return any(word in text for word in said)


def _caption(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    key, text, language = sample.answer_key, parsed.answer, sample.language
    facts = Facts(room, [thing.id for thing in room.objects])
    # the first sentence is about the object itself; later ones name its neighbours
    start = text.replace("。", ".").split(".")[0]
    category = read.names_category(start, key["category"], language)
    color = key["category"] == "puddle" or key["color"] in read.colors(start, language)
    relation = true_relation(facts, key["id"], text, language)
    correct = category and color and relation
    return {"correct": correct, "category": category, "color": color, "relation": relation}


def _dense(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    wanted = list(sample.answer_key["value"])
    found, colors, right = set(), 0, 0
    for box in parsed.boxes:
        id, overlap = best_match(box, {id: boxes[id] for id in boxes if id <= len(room.objects)})
        if id is None or overlap < 0.25 or id in found:
            continue
        thing = room.object(id)
        if not read.names_category(box.label, thing.category, sample.language):
            continue
        found.add(id)
        right += 1
        named = read.colors(box.description, sample.language)
        colors += thing.color in named or thing.category == "puddle"
    recall = len(found & set(wanted)) / len(wanted)
    precision = right / len(parsed.boxes) if parsed.boxes else 0.0
    color = colors / right if right else 0.0
    correct = recall >= 0.5 and precision >= 0.5
    return {"correct": correct, "recall": recall, "precision": precision, "color": color}


def best_match(box: Box, boxes: Boxes) -> tuple[int | None, float]:
    """The object that a box means: largest overlap, else nearest centre; and the overlap."""
    if not boxes:
        return None, 0.0
    found = box_ious([Box(*other) for other in boxes.values()], box)
    overlaps = dict(zip(boxes, found.tolist(), strict=True))
    best = max(overlaps, key=overlaps.__getitem__)
    if overlaps[best] >= SAME_OBJECT:
        return best, overlaps[best]
    distance = {id: float(np.linalg.norm(other[0] - box.center)) for id, other in boxes.items()}
    best = min(distance, key=distance.__getitem__)
    return (best, overlaps[best]) if distance[best] <= NEAR_OBJECT else (None, 0.0)


def _plan(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    key = sample.answer_key
    if not key["steps"]:
        correct = not parsed.steps and bool(parsed.answer)
        if key.get("missing"):
            named = read.names_category(parsed.answer, key["missing"], sample.language)
            correct = correct and named
        return {"correct": correct, "valid": correct, "goal": correct}
    if not parsed.steps:
        return {"correct": False, "valid": False, "goal": False}
    result = check_plan(world_of(room), plan_steps(sample, parsed, boxes, room), key["goal"])
    return {
        "correct": result.goal_reached,
        "valid": result.executable,
        "goal": result.goal_reached,
    }


def plan_steps(
    sample: Sample, parsed: Said, boxes: Boxes, room: Room
) -> list[tuple[str, list[Hashable]]]:
    """The steps of a plan as `plan_simulator` takes them, for `world_of(room)`."""
    every = {**boxes, **sample.extra_boxes}
    return [(step.action, _arguments(step, every, sample, room)) for step in parsed.steps]


def _arguments(step: Step, boxes: Boxes, sample: Sample, room: Room) -> list[Hashable]:
    """Ids of what a step acts on: by box, or by name for what is shut away."""
    found: list[Hashable] = []
    left = list(step.boxes)
    for label in step.labels:
        box = left[0] if left and left[0].label == label else None
        if box is not None:
            left.pop(0)
            id, _ = best_match(box, boxes)
            found.append(label if id is None else id)
        else:
            found.append(_shut_away(label, sample, room))
    return found


def _shut_away(label: str, sample: Sample, room: Room) -> Hashable:
    """The thing of that name which nobody can see; the one of the true plan first."""
    planned = {id for _, ids in sample.answer_key["steps"] for id in ids}
    things = [thing for thing in room.objects if shut_away(room, thing)]
    things.sort(key=lambda thing: (thing.id not in planned, thing.id))
    for thing in things:
        if read.names_category(label, thing.category, sample.language):
            return thing.id
    return label


def _reason(sample: Sample, parsed: Said, boxes: Boxes, room: Room) -> Verdict:
    key, text = sample.answer_key, parsed.answer.lower()

    def names(category: str) -> bool:
        return read.names_category(parsed.answer, category, sample.language)

    concluded = all(word in text for word in key["must"])
    some = any(word in text for word in key["any"]) if "any" in key else True
    listed = all(map(names, key.get("named", ()))) and not any(map(names, key.get("unnamed", ())))
    return {"correct": concluded and some and listed}


_CHECKS: dict[str, Callable[[Sample, Said, Boxes, Room], Verdict]] = {
    "count": _count,
    "yes_no": _yes_no,
    "measure": _measure,
    "colour": _colour,
    "material": _word("material"),
    "shape": _word("shape"),
    "room": _word("room"),
    "state": _state,
    "location": _location,
    "which": _which,
    "list": _list,
    "grounding": _grounding,
    "caption": _caption,
    "dense": _dense,
    "plan": _plan,
    "reason": _reason,
}
