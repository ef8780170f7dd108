"""A scene from above: the fused cloud as an orthographic image, boxes and labels on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw

from r1_ros.pictures.fonts import font

BACKGROUND = (250, 250, 248)
INK = (33, 33, 36)
# Okabe and Ito's palette without black and yellow: told apart by colour-blind people too.
PALETTE = (
    (213, 94, 0),
    (0, 114, 178),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (117, 80, 123),
    (140, 86, 75),
)


@dataclass(frozen=True)
class PictureBox:
    """A box to draw.

    Attributes:
        center: (3,) metres, scene frame.
        size: (3,) full edge lengths, metres.
        label: written at the box; may be empty.
        color: RGB.
        R: (3, 3) box axes in the scene frame.
        language: of the label.
    """

    center: np.ndarray
    size: np.ndarray
    label: str = ""
    color: tuple[int, int, int] = PALETTE[0]
    R: np.ndarray = field(default_factory=lambda: np.eye(3))
    language: str = "en"

    def corners(self) -> np.ndarray:
        """(8, 3) metres, scene frame."""
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        return self.center + (signs * self.size / 2) @ np.asarray(self.R).T


@dataclass(frozen=True)
class MapView:
    """Where scene coordinates lie in a top-down image: +x to the right, +y up.

    Attributes:
        origin: (2,) scene x, y of the image's lower left corner, metres.
        pixels_per_metre: scale.
        width, height: pixels.
    """

    origin: np.ndarray
    pixels_per_metre: float
    width: int
    height: int

    @staticmethod
    def fit(low: np.ndarray, high: np.ndarray, width: int, height: int) -> MapView:
        """The largest view of the rectangle `low`..`high` (2,) metres, 3 % margin, centred."""
        extent = np.maximum(high - low, 0.5) * 1.06
        scale = float(min(width / extent[0], height / extent[1]))
        center = (low + high) / 2
        return MapView(center - np.array([width, height]) / scale / 2, scale, width, height)

    def pixels(self, xy: np.ndarray) -> np.ndarray:
        """(N, 2) metres -> (N, 2) float pixels, x right, y down."""
        moved = (np.asarray(xy, float) - self.origin) * self.pixels_per_metre
        return np.stack([moved[:, 0], self.height - moved[:, 1]], axis=1)


def scene_bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2,) low and high x, y of all but the outermost 0.2 % of the points, metres."""
    xy = points[np.isfinite(points).all(1), :2]
    if not len(xy):
        return np.array([-1.0, -1.0]), np.array([1.0, 1.0])
    low, high = np.percentile(xy, [0.2, 99.8], axis=0)
    return low, high


def draw_cloud(
    points: np.ndarray, colors: np.ndarray, view: MapView, *, cut_height: float = 2.1
) -> Image.Image:
    """The cloud seen from above; what lies higher than `cut_height` above the floor is left out.

    Args:
        points: (N, 3) metres.
        colors: (N, 3) uint8 RGB.
        view: where to draw.
        cut_height: metres; a ceiling would hide everything.
    """
    image = np.empty((view.height, view.width, 3), np.uint8)
    image[:] = BACKGROUND
    finite = np.isfinite(points).all(1)
    points, colors = points[finite], colors[finite]
    if len(points):
        below = points[:, 2] <= np.percentile(points[:, 2], 1) + cut_height
        points, colors = points[below], colors[below]
    order = np.argsort(points[:, 2], kind="stable")  # higher points are painted over lower ones
    at = np.floor(view.pixels(points[order, :2])).astype(int)
    inside = ((at >= 0) & (at < (view.width, view.height))).all(1)
    at, paint = at[inside], colors[order][inside]
    painted = np.zeros((view.height, view.width), np.uint8)
    image[at[:, 1], at[:, 0]] = paint
    painted[at[:, 1], at[:, 0]] = 1
    return Image.fromarray(_fill_gaps(image, painted, view.pixels_per_metre))


def _fill_gaps(image: np.ndarray, painted: np.ndarray, pixels_per_metre: float) -> np.ndarray:
    """Close the gaps between points that are closer than about 5 cm."""
    reach = max(1, round(pixels_per_metre * 0.025))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = cv2.morphologyEx(painted, cv2.MORPH_CLOSE, kernel)
    gaps = (closed > 0) & (painted == 0)
    if not gaps.any() or not painted.any():
        return image
    _, nearest = cv2.distanceTransformWithLabels(
        1 - painted, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    # Label numbers run over the painted pixels; a table leads from a label back to its pixel.
    rows, columns = np.nonzero(painted)
    table = np.zeros((nearest.max() + 1, 2), int)
    table[nearest[rows, columns]] = np.stack([rows, columns], 1)
    source = table[nearest[gaps]]
    image[gaps] = image[source[:, 0], source[:, 1]]
    return image


def draw_boxes(image: Image.Image, view: MapView, boxes: Sequence[PictureBox]) -> None:
    """Draw outlines first, then labels where they cover each other least."""
    draw = ImageDraw.Draw(image, "RGBA")
    outlines = [_outline(box, view) for box in boxes]
    for box, outline in zip(boxes, outlines, strict=True):
        polygon = [tuple(map(float, corner)) for corner in outline]
        draw.polygon(polygon, fill=(*box.color, 28))
        draw.line([*polygon, polygon[0]], fill=(255, 255, 255, 220), width=5, joint="curve")
        draw.line([*polygon, polygon[0]], fill=(*box.color, 255), width=3, joint="curve")
    taken: list[tuple[float, float, float, float]] = []
    for box, outline in zip(boxes, outlines, strict=True):
        if box.label:
            taken.append(_draw_label(draw, view, box, outline, taken))


def _outline(box: PictureBox, view: MapView) -> np.ndarray:
    corners = view.pixels(box.corners()[:, :2]).astype(np.float32)
    return cv2.convexHull(corners).reshape(-1, 2)


def _draw_label(
    draw: ImageDraw.ImageDraw,
    view: MapView,
    box: PictureBox,
    outline: np.ndarray,
    taken: list[tuple[float, float, float, float]],
) -> tuple[float, float, float, float]:
    face = font(17, box.language)
    label = box.label if len(box.label) <= 28 else box.label[:27] + "…"
    width, height = face.getlength(label) + 10, 24
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    middle = (left + right - width) / 2
    candidates = [
        (middle, top - height - 2), (middle, bottom + 2), (right + 2, top), (left - width - 2, top),
        (middle, (top + bottom - height) / 2), (right + 2, bottom - height),
        *((middle, bottom + 2 + n * height) for n in range(1, 4)),
        *((middle, top - 2 - (n + 1) * height) for n in range(1, 4)),
    ]  # fmt: skip
    spots = []
    for x, y in candidates:
        x = float(np.clip(x, 0, max(view.width - width, 0)))
        y = float(np.clip(y, 0, max(view.height - height, 0)))
        spots.append((x, y, x + width, y + height))
    spot = min(spots, key=lambda spot: sum(_overlap(spot, other) for other in taken))
    draw.rounded_rectangle(spot, 4, fill=(*box.color, 235))
    draw.text((spot[0] + 5, spot[1] + 11), label, font=face, fill=(255, 255, 255), anchor="lm")
    return spot


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def draw_scale(image: Image.Image, view: MapView) -> None:
    """A bar of one metre and the axes of the scene frame, lower left."""
    draw = ImageDraw.Draw(image)
    face = font(15)
    x, y, metre = 18, view.height - 18, view.pixels_per_metre
    for color, width in (((255, 255, 255), 7), (INK, 3)):
        draw.line([(x, y), (x + metre, y)], fill=color, width=width)
        draw.line([(x, y), (x, y - 34)], fill=color, width=width)
    for spot, text, anchor in (
        ((x + metre + 8, y), "x: 1 m", "lm"),
        ((x, y - 38), "y", "mb"),
    ):
        draw.text(
            spot, text, font=face, fill=INK, anchor=anchor, stroke_width=2, stroke_fill="white"
        )
