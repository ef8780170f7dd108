"""Pictures of right and wrong answers: the observed room from above, what was asked and said."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from r1_model.text.boxes import extent
from r1_training.evaluation.room_evaluator import CHUNK, Asked, ObservedRoom, observed_rooms
from r1_training.synthetic.language.sample import Sample, placeholders
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix

MAP, PANEL, MARGIN, LEGEND = 760, 640, 20, 30  # pixels
PAPER, INK, MUTED = (250, 250, 248), (33, 33, 36), (120, 120, 124)
TRUE, SAID, ASKED = (0, 140, 60), (214, 30, 30), (0, 90, 200)
ROOM = {TRUE: 4, SAID: 0, ASKED: 8}  # pixels around a box, so that equal ones are all seen
CUT = 2.1  # metres above the floor; a ceiling would hide everything
FACES = {"zh-Hans": 2, "zh-Hant": 3}  # of the font collection: one letter is drawn in two ways
BOX = re.compile(r"<obj[^>]*>(?:[^<]*</obj>)?")  # filled or not; the box itself is on the map
WORD = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]|[^\s\u2e80-\u9fff\uff00-\uffef]+|\s+")

BoxList = list[tuple[np.ndarray, np.ndarray]]


class FontMissingError(RuntimeError):
    """There is no font with Chinese letters; the message says what to install."""


@dataclass(frozen=True)
class Drawing:
    """What stands on a picture.

    Attributes:
        points: (N, 3) metres; colors: (N, 3) uint8.
        boxes: (colour, (centre, size) in metres), the later ones on top.
        lines: (heading, text) of the panel.
        title: one line.
        right: is the answer right?
        language: of the texts.
    """

    points: np.ndarray
    colors: np.ndarray
    boxes: Sequence[tuple[tuple[int, int, int], tuple[np.ndarray, np.ndarray]]]
    lines: Sequence[tuple[str, str]]
    title: str
    right: bool
    language: str


def font(size: int, language: str = "en") -> ImageFont.FreeTypeFont:
    """A font with Latin and Chinese letters, `size` pixels high.

    Raises:
        FontMissingError: the package with the font is not installed.
    """
    try:
        from noto_cjk_sans_otc import FONT_PATH
    except ModuleNotFoundError as error:
        raise FontMissingError(
            "pictures need a font with Chinese letters: pip install noto-cjk-sans-otc"
        ) from error
    return ImageFont.truetype(str(FONT_PATH), size, index=FACES.get(language, 3))


def write_pictures(
    run: Sequence[Asked],
    rooms: int,
    folder: Path,
    device: torch.device,
    each: int = 2,
    mix: RoomMix = PRIMITIVES,
) -> list[Path]:
    """Draw some right and some wrong answers of each task, as TASK-right-1.png and so on.

    Args:
        run: what `evaluate_rooms` gave for seed 0; answers about its first rooms are drawn.
        rooms: as `evaluate_rooms` had it.
        folder: made where it is missing.
        device: where the rooms were scanned.
        each: right ones and wrong ones of a task at most.
        mix: where the rooms come from.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # exactly the scans that were asked about: they depend on what is observed together
    split = run[0].room.split
    places = {p.room.seed: p for p in observed_rooms(min(CHUNK, rooms), 0, split, device, mix)}
    near = [asked for asked in run if asked.room.seed in places]
    written = []
    for name, asked in _chosen(near, each):
        path = folder / f"{name}.png"
        draw(drawing(asked, places[asked.room.seed])).save(path)
        written.append(path)
    return written


def _chosen(run: Iterable[Asked], each: int) -> list[tuple[str, Asked]]:
    """Answers with their names; of different rooms and languages as far as there are."""
    groups: dict[tuple[str, bool], list[Asked]] = {}
    for asked in run:
        groups.setdefault((asked.sample.task, bool(asked.verdict["correct"])), []).append(asked)
    chosen = []
    for (task, right), found in sorted(groups.items()):
        taken: list[Asked] = []
        while found and len(taken) < each:
            languages = [asked.sample.language for asked in taken]
            rooms = [asked.room.seed for asked in taken]
            best = min(
                found,
                key=lambda a: (languages.count(a.sample.language), rooms.count(a.room.seed)),
            )
            found.remove(best)
            taken.append(best)
            chosen.append((f"{task}-{'right' if right else 'wrong'}-{len(taken)}", best))
    return chosen


def drawing(asked: Asked, place: ObservedRoom) -> Drawing:
    """What to draw of one answer.

    Args:
        asked: question, answer and verdict.
        place: the room as it was observed.
    """
    sample, answer = asked.sample, asked.answer
    said = [*answer.boxes, *(box for step in answer.steps for box in step.boxes)]
    every = {thing.id: (thing.center, thing.size) for thing in asked.room.objects}
    every |= dict(sample.extra_boxes)
    about = [every[id] for id in placeholders(sample.question)]
    checks = ", ".join(
        f"{name} {value:.2f}" if isinstance(value, float) else f"{name} {'yes' if value else 'no'}"
        for name, value in asked.verdict.items()
    )
    turns = [
        line for question, raw in sample.turns for line in (question, raw.split("<answer>")[-1])
    ]
    lines = [(("asked before", "answered before")[n % 2], text) for n, text in enumerate(turns)]
    lines += [
        ("question", sample.question),
        ("thought", answer.thinking),
        ("answer", answer.answer or answer.raw),
        ("truth", sample.answer),
        ("checks", checks),
    ]
    return Drawing(
        points=place.scene.points,
        colors=place.scene.colors,
        boxes=[
            *((TRUE, box) for box in true_boxes(sample, every)),
            *((ASKED, box) for box in about),
            *((SAID, (box.center, extent(box))) for box in said),
        ],
        lines=[(heading, BOX.sub("□", text).replace("</answer>", "")) for heading, text in lines],
        title=f"{sample.task}, {sample.kind}, {sample.language}, {asked.room.type} "
        f"{asked.room.seed}",
        right=bool(asked.verdict["correct"]),
        language=sample.language,
    )


def true_boxes(sample: Sample, boxes: dict[int, tuple[np.ndarray, np.ndarray]]) -> BoxList:
    """Boxes that the right answer names; where it names none, those that it rests on."""
    named = dict.fromkeys(placeholders(sample.answer)) or dict.fromkeys(sample.objects)
    return [boxes[id] for id in named]


def draw(picture: Drawing) -> Image.Image:
    """The picture: the map on the left, the texts on the right.

    Raises:
        FontMissingError: see `font`.
    """
    low, high = np.percentile(picture.points[:, :2], (0.2, 99.8), axis=0)
    for _, (center, size) in picture.boxes:  # a wrong box may lie anywhere
        low = np.minimum(low, center[:2] - size[:2] / 2)
        high = np.maximum(high, center[:2] + size[:2] / 2)
    scale = MAP / float((high - low).max() * 1.05)
    corner = (low + high) / 2 - MAP / scale / 2
    plan = Image.fromarray(_cloud(picture.points, picture.colors, corner, scale))
    pen = ImageDraw.Draw(plan)
    for color, (center, size) in picture.boxes:
        middle = (center[:2] - corner) * scale * (1, -1) + (0, MAP)  # +x to the right, +y up
        half = size[:2] * scale / 2 + ROOM[color]
        for grown, line, width in ((1, PAPER, 5), (0, color, 3)):
            pen.rectangle(
                [*(middle - half - grown), *(middle + half + grown)], outline=line, width=width
            )
    panel = _panel(picture)
    height = max(MAP + LEGEND, panel.height) + 2 * MARGIN
    page = Image.new("RGB", (MAP + PANEL + 3 * MARGIN, height), PAPER)
    page.paste(plan, (MARGIN, MARGIN))
    page.paste(panel, (MAP + 2 * MARGIN, MARGIN))
    pen, y = ImageDraw.Draw(page), MARGIN + MAP + LEGEND // 2
    pen.line([(MARGIN, y), (MARGIN + scale, y)], fill=INK, width=3)
    x = MARGIN + scale + 8
    for color, text in ((INK, "1 m"), (TRUE, "□ true"), (SAID, "□ answered"), (ASKED, "□ given")):
        pen.text((x, y), text, fill=color, font=font(16), anchor="lm")
        x += pen.textlength(text, font(16)) + 24
    return page


def wrap(text: str, face: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Lines of at most `width` pixels: broken between words and between Chinese letters."""
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in WORD.findall(paragraph):
            # closing punctuation never starts a line
            if face.getlength((line + word).rstrip()) <= width or word in "，。、；：？！」）":
                line += word
                continue
            lines.append(line.rstrip())
            line = word.lstrip()
        lines.append(line.rstrip())
    return lines


def _panel(picture: Drawing) -> Image.Image:
    rows: list[tuple[int, str, tuple[int, int, int], ImageFont.FreeTypeFont]] = []
    verdict = ("right", TRUE) if picture.right else ("wrong", SAID)
    rows.append((0, verdict[0], verdict[1], font(30)))
    rows.append((44, picture.title, MUTED, font(15)))
    y = 80
    face = font(18, picture.language)
    for heading, text in picture.lines:
        rows.append((y, heading, MUTED, font(14)))
        y += 20
        for line in wrap(text, face, PANEL):
            rows.append((y, line, INK, face))
            y += 25
        y += 10
    panel = Image.new("RGB", (PANEL, y), PAPER)
    pen = ImageDraw.Draw(panel)
    for row, text, color, letters in rows:
        pen.text((0, row), text, font=letters, fill=color)
    return panel


def _cloud(points: np.ndarray, colors: np.ndarray, corner: np.ndarray, scale: float) -> np.ndarray:
    """(MAP, MAP, 3) uint8: points from above, higher ones over lower ones, below `CUT`."""
    image = np.full((MAP, MAP, 3), PAPER, np.uint8)
    below = points[:, 2] <= np.percentile(points[:, 2], 1) + CUT
    points, colors = points[below], colors[below]
    order = np.argsort(points[:, 2], kind="stable")
    reach = int(np.ceil(0.012 * scale))  # a voxel is 2 cm
    steps = np.arange(-reach, reach + 1)
    spread = np.stack(np.meshgrid(steps, steps), -1).reshape(1, -1, 2)
    at = np.floor((points[order, None, :2] - corner) * scale).astype(int) + spread
    x, y = at[..., 0].ravel(), MAP - 1 - at[..., 1].ravel()
    paint = np.repeat(colors[order], spread.shape[1], 0)
    inside = (x >= 0) & (x < MAP) & (y >= 0) & (y < MAP)
    image[y[inside], x[inside]] = paint[inside]  # of equal places the last counts: the highest
    return image
