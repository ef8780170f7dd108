"""Answers as rows of JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from r1_model.text.answer import Answer, Box, Step, TextFrame, Withheld


def answer_row(answer: Answer) -> dict[str, Any]:
    """Every field of an answer, as JSON knows it."""
    row = {field.name: getattr(answer, field.name) for field in fields(answer)}
    row["boxes"] = [box_row(box) for box in answer.boxes]
    row["steps"] = [_step_row(step) for step in answer.steps]
    row["withheld"] = [
        {"reason": item.reason, "words": item.words, "step": item.step and _step_row(item.step)}
        for item in answer.withheld
    ]
    row["frame"] = answer.frame and asdict(answer.frame)
    return row


def answer_of_row(row: Mapping[str, Any]) -> Answer:
    """The answer of `answer_row`."""
    parts = {
        "boxes": [box_of_row(box) for box in row["boxes"]],
        "steps": [_step(step) for step in row["steps"]],
        "withheld": [
            Withheld(item["reason"], item["words"], item["step"] and _step(item["step"]))
            for item in row["withheld"]
        ],
        "frame": row["frame"] and _frame(row["frame"]),
    }
    return Answer(**(dict(row) | parts))


def box_row(box: Box) -> dict[str, Any]:
    """Every field of a box, as JSON knows it."""
    return {
        "center": [float(value) for value in box.center],
        "size": [float(value) for value in box.size],
        "label": box.label,
        "description": box.description,
        "score": float(box.score),
        "yaw": float(box.yaw),
        "names": [[name, float(share)] for name, share in box.names],
    }


def box_of_row(row: Mapping[str, Any]) -> Box:
    """The box of `box_row`."""
    parts: dict[str, Any] = {name: np.array(row[name]) for name in ("center", "size")}
    parts["names"] = tuple((name, share) for name, share in row["names"])
    return Box(**(dict(row) | parts))


def _frame(row: Mapping[str, Any]) -> TextFrame:
    return TextFrame(row["yaw"], tuple(row["low"]), tuple(row["high"]))


def _step_row(step: Step) -> dict[str, Any]:
    row = {field.name: getattr(step, field.name) for field in fields(step)}
    return row | {"labels": list(step.labels), "boxes": [box_row(box) for box in step.boxes]}


def _step(row: Mapping[str, Any]) -> Step:
    parts = {
        "labels": tuple(row["labels"]),
        "boxes": tuple(box_of_row(box) for box in row["boxes"]),
    }
    return Step(**(dict(row) | parts))
