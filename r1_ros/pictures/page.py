"""One page: the scene from above on the left, questions and answers on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from r1_ros.pictures.fonts import font, wrap
from r1_ros.pictures.top_down import (
    BACKGROUND,
    INK,
    MapView,
    PictureBox,
    draw_boxes,
    draw_cloud,
    draw_scale,
    scene_bounds,
)

_MUTED = (120, 120, 124)
_MARGIN = 24
_MAP_SIDE = 900
_PANEL_WIDTH = 620
_MAX_LINES = 3


@dataclass(frozen=True)
class PageEntry:
    """A question with its answer; `color` is that of its boxes on the map, None without boxes."""

    heading: str
    question: str
    answer: str
    language: str = "en"
    color: tuple[int, int, int] | None = None


def draw_page(
    points: np.ndarray,
    colors: np.ndarray,
    boxes: Sequence[PictureBox],
    entries: Sequence[PageEntry],
    *,
    title: str,
    note: str = "",
) -> Image.Image:
    """Draw a scene, boxes and answers.

    Args:
        points: (N, 3) metres, z up.
        colors: (N, 3) uint8 RGB.
        boxes: to draw on the map.
        entries: the panel's text, from top to bottom; none: the map alone.
        title: one line above the map.
        note: one muted line below the title.
    """
    low, high = scene_bounds(points)
    corners = [box.corners()[:, :2] for box in boxes]
    if corners:  # an untrained model's boxes may lie outside: show at most twice the scene
        reach = (high - low) / 2
        low = np.maximum(np.min([low, *(c.min(0) for c in corners)], 0), low - reach)
        high = np.minimum(np.max([high, *(c.max(0) for c in corners)], 0), high + reach)
    extent = np.maximum(high - low, 0.5)
    map_width, map_height = (np.minimum(extent / extent.max(), 1) * _MAP_SIDE).astype(int)
    view = MapView.fit(low, high, max(int(map_width), 420), max(int(map_height), 420))
    picture = draw_cloud(points, colors, view)
    draw_boxes(picture, view, boxes)
    draw_scale(picture, view)

    panel = _draw_panel(entries) if entries else Image.new("RGB", (0, 0))
    head = 84
    width = view.width + panel.width + _MARGIN * (3 if entries else 2)
    page = Image.new("RGB", (width, head + max(view.height, panel.height) + _MARGIN), BACKGROUND)
    draw = ImageDraw.Draw(page)
    draw.text((_MARGIN, 34), title, font=font(26), fill=INK, anchor="lm")
    draw.text((_MARGIN, 64), note, font=font(16), fill=_MUTED, anchor="lm")
    page.paste(picture, (_MARGIN, head))
    page.paste(panel, (view.width + 2 * _MARGIN, head))
    return page


def _draw_panel(entries: Sequence[PageEntry]) -> Image.Image:
    rows: list[
        tuple[int, str, tuple[int, int, int], ImageFont.FreeTypeFont]
    ] = []  # (y, text, colour, font)
    bars: list[tuple[int, int, tuple[int, int, int]]] = []
    y = 0
    for entry in entries:
        top = y
        rows.append((y, entry.heading, _MUTED, font(13)))
        y += 19
        for text, color, size in ((entry.question, INK, 17), (entry.answer, _MUTED, 16)):
            face = font(size, entry.language)
            lines = wrap(text, face, _PANEL_WIDTH - 16)
            if len(lines) > _MAX_LINES:
                lines = [*lines[: _MAX_LINES - 1], lines[_MAX_LINES - 1][:-1] + "…"]
            for line in lines:
                rows.append((y, line, color, face))
                y += round(size * 1.35)
        bars.append((top + 2, y, entry.color or (225, 225, 222)))
        y += 12
    panel = Image.new("RGB", (_PANEL_WIDTH, max(y, 1)), BACKGROUND)
    draw = ImageDraw.Draw(panel)
    for top, bottom, color in bars:
        draw.rectangle((0, top, 4, bottom), fill=color)
    for row, text, shade, letters in rows:
        draw.text((14, row), text, font=letters, fill=shade)
    return panel
