"""A text's boxes in another frame mean the same places."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.geometry.oriented_boxes import turn
from r1_model.text.answer import TextFrame
from r1_model.text.frames import bounds_of, moved_text, text_frame
from r1_model.text.grammar import format_box, parse_answer

SMALL = TextFrame(0.0, (0.0, 0.0, 0.0), (4.0, 3.0, 2.5))


@settings(deadline=None)
@given(
    center=st.tuples(*(st.floats(0.2, 0.8),) * 3),
    quarters=st.integers(-3, 3),
    grown=st.tuples(*(st.floats(0.0, 3.0),) * 6),
)
def test_a_box_stays_where_it_is(center, quarters, grown):
    """The map has grown on all sides, and is looked at from another one."""
    where = np.array(center) * np.array(SMALL.high)
    size = np.array([0.6, 0.4, 0.5])
    yaw = quarters * math.pi / 2
    corners = np.array([[x, y, z] for x in (0, 4) for y in (0, 3) for z in (0, 2.5)])
    seen = corners @ turn(yaw)[:3, :3].T
    now = text_frame(yaw, (seen.min(0) - grown[:3], seen.max(0) + grown[3:]))
    text = f"<think>x</think><answer>The lamp {format_box(where, size, bounds_of(SMALL))}.</answer>"
    [box] = parse_answer(moved_text(text, SMALL, now), bounds_of(now), "qa").boxes
    rounding = (np.array(now.high) - now.low + 4.0).max() / 255
    assert np.allclose(turn(-yaw)[:3, :3] @ box.center, where, atol=rounding)
    assert np.allclose(box.size, size[[1, 0, 2]] if quarters % 2 else size, atol=rounding)
    assert box.label == "lamp"


def test_a_text_of_the_same_frame_stays_as_it_is():
    text = "<answer>lamp <obj>1, 2, 3, 4, 5, 6</obj></answer>"
    assert moved_text(text, SMALL, text_frame(0.0, bounds_of(SMALL))) is text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no box",
        "<obj>1, 2, 3</obj>",
        "<obj>1, 2, 3, 4, 5, 999</obj>",
        "<obj>1, 2, 3, 4, 5, 6",
        "<obj><obj></obj>",
        "<obj>" + " " * 500 + "</obj>",
        "</obj><obj>",
    ],
)
def test_what_cannot_be_read_stays_as_it_is(text):
    assert moved_text(text, SMALL, TextFrame(1.0, (-9.0, -9.0, 0.0), (9.0, 9.0, 3.0))) == text
