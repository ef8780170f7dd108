"""Top-down pictures: geometry of the map, boxes where they belong, Chinese that is visible."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from r1_model.scene.scene import View
from r1_ros.pictures.fonts import font, wrap
from r1_ros.pictures.page import PageEntry, draw_page
from r1_ros.pictures.top_down import (
    BACKGROUND,
    PALETTE,
    MapView,
    PictureBox,
    draw_boxes,
    draw_cloud,
)


def glyph(character: str, language: str) -> np.ndarray:
    image = Image.new("L", (60, 60))
    ImageDraw.Draw(image).text((5, 5), character, font=font(40, language), fill=255)
    return np.asarray(image)


@pytest.mark.parametrize("language", ["zh-Hant", "zh-Hans", "en"])
def test_every_chinese_character_has_a_glyph_of_its_own(language: str) -> None:
    """A font without a character draws the same empty box for all of them."""
    characters = "餐桌周圍有幾把椅子冰箱銀色書架沙發茶几电视遥控器马克杯，。？！L1"
    drawn = [glyph(character, language) for character in characters]
    missing = glyph("\U000f1234", language)
    for character, picture in zip(characters, drawn, strict=True):
        assert picture.max() > 128, character
        assert not np.array_equal(picture, missing), character
    distinct = {picture.tobytes() for picture in drawn}
    assert len(distinct) == len(characters)


def test_traditional_and_mainland_shapes_differ() -> None:
    assert not np.array_equal(glyph("骨", "zh-Hant"), glyph("骨", "zh-Hans"))


@pytest.mark.parametrize(
    "text",
    [
        "How many chairs are there around the long wooden table by the window?",
        "這是一張位於房間中央的灰色L型布藝沙發，上面放著兩個黃色的抱枕。沙發前面有一張長方形的茶几。",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenständerhalterung",
        "第一行\n\nsecond paragraph 混合 text",
        "",
    ],
)
def test_wrapped_lines_fit_and_lose_nothing(text: str) -> None:
    face = font(16, "zh-Hant")
    lines = wrap(text, face, 150)
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert face.getlength(line.rstrip("，。？")) <= 150
        assert line[:1] not in tuple("，。？")


def test_map_axes_and_scale() -> None:
    view = MapView.fit(np.array([0.0, 0.0]), np.array([4.0, 2.0]), 424, 400)
    assert view.pixels_per_metre == pytest.approx(100)
    pixels = view.pixels(np.array([[2.0, 1.0], [3.0, 1.0], [2.0, 2.0]]))
    np.testing.assert_allclose(pixels, [[212, 200], [312, 200], [212, 100]])


def test_higher_points_hide_lower_ones_and_the_ceiling_is_cut_off() -> None:
    grid = np.mgrid[0:2:0.02, 0:2:0.02].reshape(2, -1).T
    layers = []
    for height, color in ((0.0, (200, 0, 0)), (0.8, (0, 200, 0)), (2.6, (0, 0, 200))):
        part = grid if height != 0.8 else grid[(grid < 1).all(1)]
        points = np.c_[part, np.full(len(part), height)].astype(np.float32)
        layers.append((points, np.tile(np.uint8(color), (len(part), 1))))
    # The order in the cloud must not matter.
    points = np.concatenate([layer[0] for layer in layers[::-1]])
    colors = np.concatenate([layer[1] for layer in layers[::-1]])
    view = MapView.fit(np.array([0.0, 0.0]), np.array([2.0, 2.0]), 300, 300)
    image = draw_cloud(points, colors, view)

    def at(x: float, y: float) -> tuple[int, ...]:
        column, row = view.pixels(np.array([[x, y]]))[0]
        return image.getpixel((int(column), int(row)))

    assert at(0.5, 0.5) == (0, 200, 0)
    assert at(1.5, 1.5) == (200, 0, 0)
    assert at(1.5, 0.5) == (200, 0, 0)
    assert image.getpixel((1, 1)) == BACKGROUND


def test_cloud_may_be_empty_or_hold_nan() -> None:
    view = MapView.fit(np.array([0.0, 0.0]), np.array([1.0, 1.0]), 50, 50)
    empty = draw_cloud(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), view)
    assert set(np.unique(np.asarray(empty).reshape(-1, 3), axis=0).ravel()) == set(BACKGROUND)
    nan = draw_cloud(np.full((4, 3), np.nan, np.float32), np.zeros((4, 3), np.uint8), view)
    assert np.array_equal(np.asarray(nan), np.asarray(empty))


def test_box_is_drawn_where_it_stands() -> None:
    view = MapView.fit(np.array([0.0, 0.0]), np.array([4.0, 4.0]), 400, 400)
    image = Image.new("RGB", (400, 400), BACKGROUND)
    turn = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    box = PictureBox(np.array([2.0, 1.0, 0.5]), np.array([2.0, 1.0, 1.0]), "", PALETTE[1], turn)
    draw_boxes(image, view, [box])
    rows, columns = np.nonzero((np.asarray(image) == PALETTE[1]).all(2))
    drawn = np.array([columns.min(), columns.max(), rows.min(), rows.max()])
    # Turned by 90 degrees: 1 m wide along x, 2 m along y.
    corners = view.pixels(np.array([[1.5, 2.0], [2.5, 0.0]]))
    expected = [corners[0, 0], corners[1, 0], corners[0, 1], corners[1, 1]]
    np.testing.assert_allclose(drawn, expected, atol=3)


def test_labels_avoid_each_other() -> None:
    view = MapView.fit(np.array([0.0, 0.0]), np.array([4.0, 4.0]), 500, 500)
    image = Image.new("RGB", (500, 500), BACKGROUND)
    boxes = [
        PictureBox(np.array([2.0, 2.0, 0.5]), np.array([0.3, 0.3, 0.3]), "杯子", color)
        for color in PALETTE[:3]
    ]
    draw_boxes(image, view, boxes)
    pixels = np.asarray(image)
    for color in PALETTE[:3]:  # each label's plate keeps most of its pixels
        plate = np.abs(pixels.astype(int) - color).max(2) < 25
        assert plate.sum() > 500


def test_page_shows_question_answer_and_boxes_outside_the_scene() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 3, (5000, 3)).astype(np.float32)
    colors = np.full((5000, 3), 128, np.uint8)
    far = PictureBox(np.array([50.0, 50.0, 0.0]), np.array([1.0, 1.0, 1.0]), "far", PALETTE[2])
    entry = PageEntry("qa", "餐桌周圍有幾把椅子？", "四把。" * 200, "zh-Hant", PALETTE[1])
    page = draw_page(points, colors, [far], [entry] * 14, title="房間", note="untrained")
    assert 1200 < page.width < 2000
    assert page.height < 2500
    panel = np.asarray(page)[:, -650:]
    assert (panel < 90).all(2).sum() > 2000  # ink of the questions
    assert (panel == PALETTE[1]).all(2).any()


def test_rerun_recording(tmp_path: Path) -> None:
    from r1_ros.pictures.rerun_recording import SceneRecording

    view = View(
        np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float32), np.eye(3), np.eye(4), 10**18
    )
    box = PictureBox(np.zeros(3), np.ones(3), "椅子")
    with SceneRecording(tmp_path / "x.rrd", "test") as recording:
        recording.log_cloud(np.zeros((10, 3), np.float32), np.zeros((10, 3), np.uint8))
        recording.log_views([view])
        recording.log_answer(PageEntry("qa", "幾張椅子？", "一張"), [box])
        recording.log_answer(PageEntry("qa", "?", "nothing"), [])
    content = (tmp_path / "x.rrd").read_bytes()
    assert content[:4] == b"RRF2"
    for entity in (b"scene/cloud", b"scene/camera", b"scene/answer", b"Pinhole"):
        assert entity in content
