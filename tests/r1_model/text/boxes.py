"""Boxes of a text, for tests."""

from __future__ import annotations

from r1_model.text.answer import Box
from r1_model.text.grammar import Bounds, parse_answer


def parse_boxes(text: str, bounds: Bounds) -> tuple[list[Box], list[str]]:
    """Every box of an answer with its label, and the parts that look like boxes but are none."""
    parsed = parse_answer(f"<think>x</think><answer>{text}</answer>", bounds, "qa")
    return parsed.boxes, parsed.unread
