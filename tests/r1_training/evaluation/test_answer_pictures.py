from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from r1_model.scene.scene import Scene
from r1_training.evaluation.answer_pictures import (
    ASKED,
    MAP,
    MARGIN,
    PAPER,
    SAID,
    TRUE,
    Drawing,
    FontMissingError,
    draw,
    drawing,
    font,
    true_boxes,
    wrap,
)
from r1_training.evaluation.majority import room_bounds
from r1_training.evaluation.room_evaluator import ObservedRoom
from r1_training.synthetic.language.sample import fill_boxes
from tests.r1_training.evaluation.asked import ROOM, asked

FLOOR, SHELF, CEILING = (200, 180, 160), (10, 20, 30), (255, 0, 255)
# in the lower right quarter of the map: +x is to the right, +y up
CORNER = (np.array([3.2, 0.8, 0.5]), np.array([0.4, 0.4, 1.0]))
FAR = (np.array([0.8, 3.2, 0.5]), np.array([0.4, 0.4, 1.0]))


def level(height: float, color: tuple[int, int, int], upto: float = 4.0):
    axis = np.arange(0, upto, 0.02)
    xy = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    points = np.column_stack((xy, np.full(len(xy), height)))
    return points.astype(np.float32), np.full((len(xy), 3), color, np.uint8)


def picture(**changes: object) -> Drawing:
    points, colors = level(0.0, FLOOR)
    drawn = Drawing(points, colors, [], [("question", "Where?")], "a title", True, "en")
    return replace(drawn, **changes)


def map_of(drawn: Drawing) -> np.ndarray:
    """(MAP, MAP, 3) the map of the page."""
    return np.asarray(draw(drawn))[MARGIN : MARGIN + MAP, MARGIN : MARGIN + MAP].astype(int)


def where(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    """(N, 2) rows and columns of a colour."""
    return np.argwhere((image == color).all(-1))


def test_boxes_lie_where_they_are():
    image = map_of(picture(boxes=[(TRUE, CORNER), (SAID, FAR)]))
    (row, column), (far_row, far_column) = (where(image, c).mean(0) for c in (TRUE, SAID))
    assert row > MAP * 0.7 and column > MAP * 0.7
    assert far_row < MAP * 0.3 and far_column < MAP * 0.3


def test_equal_boxes_are_all_seen():
    image = map_of(picture(boxes=[(TRUE, CORNER), (ASKED, CORNER), (SAID, CORNER)]))
    assert all(len(where(image, color)) > 100 for color in (TRUE, SAID, ASKED))


def test_a_box_far_outside_of_the_room_is_on_the_map():
    image = map_of(picture(boxes=[(SAID, (np.array([9.0, 2, 1]), np.ones(3)))]))
    assert len(where(image, SAID)) > 100


def test_the_room_is_seen_from_above_and_without_its_ceiling():
    floor, shelf, ceiling = level(0, FLOOR), level(1.5, SHELF, upto=2.0), level(2.4, CEILING)
    # the order of the points does not matter
    points, colors = (np.concatenate(parts) for parts in zip(ceiling, shelf, floor, strict=True))
    image = map_of(picture(points=points, colors=colors))
    assert len(where(image, CEILING)) == 0
    row, column = where(image, SHELF).mean(0)
    assert row > MAP / 2 and column < MAP / 2
    assert 2.5 < len(where(image, FLOOR)) / len(where(image, SHELF)) < 3.5
    assert len(where(image, PAPER)) < MAP**2 / 5  # no gaps between the points


def test_long_texts_make_the_page_longer():
    short = draw(picture())
    long = draw(picture(lines=[("answer", "word " * 2_000)]))
    assert long.height > short.height * 2 and long.width == short.width


@pytest.mark.parametrize(
    "text",
    [
        "Where is the red chair that stands next to the table by the window in this room?",
        "在這個房間裡，請問靠近窗戶的桌子旁邊的紅色椅子在哪裡？它的上面有沒有一本打開的書。",
    ],
)
def test_lines_fit_and_nothing_is_lost(text):
    face = font(18, "zh-Hant")
    lines = wrap(text, face, 200)
    assert len(lines) > 2
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    closing = set("，。？")
    for line in lines:
        assert face.getlength(line.rstrip("，。？")) <= 200
        assert line[0] not in closing
    assert wrap("one\ntwo", face, 200) == ["one", "two"]


def test_the_font_has_chinese_letters_of_both_kinds():
    def shape(letter: str, language: str) -> bytes:
        return bytes(font(40, language).getmask(letter))

    missing = shape("\U0010fffd", "zh-Hant")
    for letter in "椅橱檯燈灯a":
        assert shape(letter, "zh-Hant") != missing, letter
    assert shape("骨", "zh-Hant") != shape("骨", "zh-Hans")  # drawn differently in both places


def test_a_missing_font_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "noto_cjk_sans_otc", None)
    with pytest.raises(FontMissingError, match="pip install noto-cjk-sans-otc"):
        font(12)


def place() -> ObservedRoom:
    points, colors = level(0.0, FLOOR)
    return ObservedRoom(ROOM, Scene(points, colors), [1, 2], {})


def test_a_drawing_has_what_was_asked_said_and_true():
    first, second = ((ROOM.object(id).center, ROOM.object(id).size) for id in (1, 2))
    boxes = {1: first, 2: second}
    bounds = room_bounds(ROOM)
    text = "<think>chair <obj:2></think><answer>chair <obj:2></answer>"
    answer = asked(
        {"correct": False, "iou": 0.2},
        text=fill_boxes(text, boxes, bounds),
        task="grounding",
        turns=(("A chair?", "<think>x</think><answer>Yes <obj:1>.</answer>"),),
        question="The one at <obj:1>?",
        answer="chair <obj:1>",
        objects=(1,),
    )
    found = drawing(answer, place())
    assert [color for color, _ in found.boxes] == [TRUE, ASKED, SAID]
    assert found.boxes[0][1] == first and found.boxes[1][1] == first
    said = found.boxes[2][1]
    clipped = np.clip(second[0], *bounds)
    assert np.allclose(said[0], clipped, atol=0.02)
    assert found.lines == [
        ("asked before", "A chair?"),
        ("answered before", "Yes □."),
        ("question", "The one at □?"),
        ("thought", "chair □"),
        ("answer", "chair"),
        ("truth", "chair □"),
        ("checks", "correct no, iou 0.20"),
    ]
    assert not found.right
    draw(found)


def test_garbage_is_shown_as_it_was_said():
    answer = asked({"correct": False}, text="<obj>1, 2</obj> hm")
    shown = dict(drawing(answer, place()).lines)
    assert "hm" in shown["answer"]


def test_an_answer_without_boxes_shows_what_it_rests_on():
    boxes = {1: FAR, 2: CORNER}
    named = asked({}, answer="There are two.", objects=(2,)).sample
    assert true_boxes(named, boxes) == [CORNER]
    named = asked({}, answer="chair <obj:1>, chair <obj:1>", objects=(2,)).sample
    assert true_boxes(named, boxes) == [FAR]
