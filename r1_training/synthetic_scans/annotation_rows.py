"""Rows of the field's annotation files about one scan, in their official schemas."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from r1_training.metrics.protocols.scan2cap import caption_words
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.elements import RoomObject
from r1_training.synthetic_scans.scan_questions import (
    AskedScan,
    plain,
    short_answers,
    spoken,
    steps,
)

Row = dict[str, Any]
SQA3D_FIRST_ID = 990_000_000_000  # no id of the real SQA3D is as large
_TALL = 0.3  # metres; one does not stand before what is lower
_AHEAD = 0.8  # metres from the person to what is faced


def scanqa(scan: AskedScan, *, answers: bool = True) -> list[Row]:
    """ScanQA's rows; of test files without answers and objects."""
    rows = []
    for number, sample in enumerate(scan.samples["qa"]):
        named = scan.named(sample.objects)
        row: Row = {
            "scene_id": scan.scene_id,
            "question_id": f"{scan.split}-{scan.scene_id.partition('_')[0]}-{number}",
            "question": plain(sample.question),
        }
        if answers:
            row["answers"] = short_answers(sample)
            row["object_ids"] = [id for id, _ in named]
            row["object_names"] = [name for _, name in named]
        rows.append(row)
    return rows


def scanrefer(scan: AskedScan) -> list[Row]:
    """ScanRefer's rows: sentences about one object each; Scan2Cap scores captions by the same."""
    count: dict[int, int] = {}
    rows = []
    for sample in scan.samples["object_caption"]:
        [(number, name)] = scan.named((sample.answer_key["id"],))
        ann_id = count.get(number, 0)
        count[number] = ann_id + 1
        description = plain(sample.answer).lower()
        rows.append(
            {
                "scene_id": scan.scene_id,
                "object_id": str(number),
                "object_name": name.replace(" ", "_"),
                "ann_id": str(ann_id),
                "description": description,
                "token": caption_words(description).split(),
            }
        )
    return rows


def nr3d(scan: AskedScan, first: int) -> list[Row]:
    """Rows of Nr3D's CSV: one target among the objects of its category.

    Args:
        first: number of the first assignment.
    """
    rows: list[Row] = []
    for sample in scan.samples["grounding"]:
        if len(sample.answer_key["value"]) != 1:
            continue
        target = scan.room.object(sample.answer_key["value"][0])
        others = [scan.object_ids[o.id] for o in scan.alike(target) if o.id != target.id]
        number, label = scan.object_ids[target.id], target.category.replace(" ", "_")
        utterance = plain(sample.question)
        words = caption_words(utterance).split()
        listed = "-".join(map(str, (len(others) + 1, number, *others)))
        rows.append(
            {
                "assignmentid": str(first + len(rows)),
                "stimulus_id": f"{scan.scene_id}-{label}-{listed}",
                "utterance": utterance,
                "correct_guess": "True",
                "speaker_id": "0",
                "listener_id": "1",
                "scan_id": scan.scene_id,
                "instance_type": target.category,
                "target_id": str(number),
                "dataset": "nr3d",
                "mentions_target_class": str(target.category in utterance.lower()),
                "uses_object_lang": "True",
                "uses_spatial_lang": str(sample.kind not in ("colour", "name")),
                "uses_color_lang": str(target.color in utterance.lower()),
                "uses_shape_lang": str(target.shape in utterance.lower()),
                "tokens": repr(words),
            }
        )
    return rows


def multi3drefer(scan: AskedScan) -> list[Row]:
    """Multi3DRefer's rows: no, one or several targets, with or without others of their kind."""
    rows = []
    for number, sample in enumerate(scan.samples["grounding"]):
        targets = tuple(sample.answer_key["value"])
        categories = {scan.room.object(id).category for id in targets}
        category = min(categories) if categories else sample.answer_key.get("category")
        if category is None:  # nothing, of no kind: what is not there has no name to give
            continue
        alike = sum(
            item.category == category for item in scan.room.objects if item.id in scan.object_ids
        )
        if len(targets) > 1:
            kind = "mt"
        else:
            kind = f"{'st' if targets else 'zt'}_{'w' if alike > len(targets) else 'wo'}_d"
        rows.append(
            {
                "scene_id": scan.scene_id,
                "object_ids": [scan.object_ids[id] for id in targets],
                "object_name": category.replace(" ", "_"),
                "ann_id": number,
                "eval_type": kind,
                "description": plain(sample.question).lower(),
                "spatial": sample.kind not in ("colour", "name"),
            }
        )
    return rows


def sqa3d(scan: AskedScan, first: int) -> tuple[list[Row], list[Row]]:
    """SQA3D's questions and annotations: somebody stands before an object and faces it.

    Args:
        first: number of the first question, from 0.
    """
    questions, annotations = [], []
    large = [
        item for item in scan.room.objects if item.id in scan.object_ids and item.size[2] > 0.3
    ]
    asked = scan.samples["reasoning"] + scan.samples["qa"]
    for number, sample in enumerate(asked if large else ()):
        faced = large[number % len(large)]
        position, rotation = _before(scan, faced)
        question_id = SQA3D_FIRST_ID + first + number
        questions.append(
            {
                "scene_id": scan.scene_id,
                "situation": f"I am standing in front of the {faced.category} and facing it.",
                "alternative_situation": [
                    f"The {faced.category} is right before me.",
                    f"I just walked up to the {faced.category}.",
                ],
                "question": plain(sample.question),
                "question_id": question_id,
            }
        )
        answer = short_answers(sample)[0]
        annotations.append(
            {
                "scene_id": scan.scene_id,
                "question_type": "N/A",
                "answer_type": "other",
                "question_id": question_id,
                "answers": [{"answer": answer, "answer_confidence": "yes", "answer_id": 1}],
                "rotation": dict(zip(("_x", "_y", "_z", "_w"), rotation, strict=True)),
                "position": dict(zip("xyz", position, strict=True)),
            }
        )
    return questions, annotations


def dialogue(scan: AskedScan) -> list[Row]:
    """LL3DA's rows of 3D-LLM's dialogues: one for every turn, the earlier ones in its text."""
    rows = []
    for sample in scan.samples["dialogue"]:
        if steps(sample.answer):
            continue
        said = ""
        turns = [(question, spoken(raw)) for question, raw in sample.turns]
        for question, answer in (*turns, (sample.question, plain(sample.answer))):
            said = f"{said} ### human: {plain(question)} ### assistant:".strip()
            rows.append(_threedllm(scan, said, answer))
            said = f"{said} {answer}"
    return rows


def planning(scan: AskedScan) -> list[Row]:
    """LL3DA's rows of 3D-LLM's plans: what has been done, and the step that is next."""
    rows = []
    for sample in scan.samples["planning"]:
        plan = steps(sample.answer)
        for number, step in enumerate(plan):
            done = " ".join(f"{k}. {text}" for k, text in enumerate(plan[:number], 1))
            so_far = f"i have done these things: {done}. " if done else ""
            request = plain(sample.question).lower()
            prompt = f"### human: {request} {so_far}what should i do next?"
            rows.append(_threedllm(scan, prompt, step))
    return rows


def description(scan: AskedScan) -> list[Row]:
    """LL3DA's row of 3D-LLM's scene descriptions."""
    for sample in scan.samples["dense_caption"]:
        text = describe(sample)
        return [_threedllm(scan, "### human: Describe the room. ### assistant:", text)]
    return []


def embodied_qa(scan: AskedScan) -> list[Row]:
    """LL3DA's rows of 3D-LLM's embodied questions."""
    questions, annotations = sqa3d(scan, 0)
    return [
        _threedllm(
            scan,
            f"### human: {asked['situation']} {asked['question']} ### assistant:",
            answered["answers"][0]["answer"],
        )
        for asked, answered in zip(questions, annotations, strict=True)
    ]


def scene30k(scan: AskedScan) -> list[Row]:
    """Rows of Scene-30K of all tasks: the true thought and answer, boxes relative to the cloud."""
    rows = []
    for task, samples in scan.samples.items():
        for number, sample in enumerate(samples):
            said = [f"### human: {q} ### assistant: {spoken(raw)}" for q, raw in sample.turns]
            question = sample.question
            if said:
                question = " ".join([*said, f"### human: {question} ### assistant:"])
            rows.append(
                {
                    "scene_id": scan.scene_id,
                    "question": scan.filled(question),
                    "cot": scan.filled(sample.raw),
                    "task": task,
                    "item": f"synthetic/{scan.scene_id}/{task}-{number}",
                }
            )
    return rows


def describe(sample: Sample) -> str:
    """The sentences of a dense caption, without names and boxes."""
    return " ".join(line.partition(": ")[2] for line in plain_lines(sample.answer))


def plain_lines(text: str) -> list[str]:
    """The lines of a text without their boxes."""
    return [plain(line) for line in text.splitlines()]


def _threedllm(scan: AskedScan, prompt: str, answer: str) -> Row:
    return {"question": prompt, "answers": [answer], "scene_id": scan.scene_id}


def _before(scan: AskedScan, item: RoomObject) -> tuple[list[float], list[float]]:
    """Where a person stands who faces an object, and their turn (x, y, z, w), scan's frame."""
    center, size = scan.boxes[item.id]
    away = np.array([0.0, -1.0])  # at yaw 0 its front faces -y
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    away = np.array([c * away[0] - s * away[1], s * away[0] + c * away[1]])
    spot = center[:2] + away * (max(size[:2]) / 2 + _AHEAD)
    T = scan.T_scan_aligned
    x, y, z = (T @ [*spot, 0.0, 1.0])[:3]
    facing = T[:2, :2] @ -away
    half = math.atan2(facing[1], facing[0]) / 2
    return [round(float(v), 4) for v in (x, y, z)], [0.0, 0.0, math.sin(half), math.cos(half)]
