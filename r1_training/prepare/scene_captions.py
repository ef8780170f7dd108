"""Scene descriptions from our own model: dense captions of prepared scans, as scene_caption.json.

`{scene id: {"captions": [text]}}`, the released schema: `r1 synthesize --describe captions=` reads
it. What is done is kept beside it, a scene a line, so a killed run continues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from r1_model.reasoner import Reasoner
from r1_model.text.answer import Box
from r1_training.common.resumable_lines import ResumableLines
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.prepared import is_prepared, prepared_scenes, read_scene
from r1_training.prepare.manifest import write_json
from r1_training.prepare.scannet_set import PrepareError

QUESTION = "Describe every object in the room."


def describe_scans(
    folder: Path,
    out: Path,
    reasoner: Reasoner,
    model: str,
    *,
    on_scan: Callable[[str, str], None] = lambda scene_id, problem: None,
) -> dict[str, str]:
    """Describe every prepared scan and write `out`.

    Args:
        folder: of `r1 prepare scannet`; frames are shown to the model where they are prepared.
        out: `scene_caption.json`; the lines are in the same name with `.jsonl`.
        reasoner: a trained model.
        model: its folder or name, which goes into every line: another's lines are refused.
        on_scan: called with each scan and its problem ("" where it is described), also with those
            of earlier runs.

    Returns:
        Scene id -> why it has no description; tried again by the next run.

    Raises:
        PrepareError: the model is not trained, or the lines are another model's.
        FileFormatError: no scan is prepared.
        ResumeError: the lines are broken.
    """
    if not reasoner.trained:
        raise PrepareError(f"{model} is not trained: its descriptions would be noise")
    scenes = prepared_scenes(folder)
    lines = ResumableLines(out.with_suffix(".jsonl"))
    try:
        for number, row in enumerate(lines.rows, 1):
            if row.get("model") != model:
                raise PrepareError(
                    f"{lines.path}:{number} is of the model {row.get('model')!r}, not of "
                    f"{model!r}: choose another --out"
                )
        captions = {row["scene_id"]: row["captions"] for row in lines.rows}
        problems: dict[str, str] = {}
        for scene_id in scenes:
            if scene_id not in captions:
                try:
                    text = describe_scan(folder, scene_id, reasoner)
                except FileFormatError as error:
                    problems[scene_id] = str(error)
                else:
                    captions[scene_id] = [text]
                    lines.append({"scene_id": scene_id, "model": model, "captions": [text]})
            on_scan(scene_id, problems.get(scene_id, ""))
    finally:
        lines.close()
    write_json(out, {scene_id: {"captions": texts} for scene_id, texts in captions.items()})
    return problems


def describe_scan(folder: Path, scene_id: str, reasoner: Reasoner) -> str:
    """A prepared scan in the model's words: a line for each object, with its place in metres.

    Raises:
        FileFormatError: the scan is broken, or the model describes nothing in it.
    """
    scene = read_scene(folder, scene_id, frames=is_prepared(folder, scene_id, frames=True))
    answer = reasoner.ask(scene, QUESTION, task="dense_caption")
    described = [box for box in answer.boxes if box.description]
    if not described:
        raise FileFormatError(
            folder, f"{scene_id}: the model describes nothing: {answer.raw[:80]!r}"
        )
    return description_of_boxes(described)


def description_of_boxes(boxes: Sequence[Box]) -> str:
    """Dense captions as a scene description, a line for each object."""
    lines = []
    for box in boxes:
        x, y, z = box.center
        w, d, h = box.size
        lines.append(
            f"- {box.label} at ({x:.2f}, {y:.2f}, {z:.2f}) m, {w:.2f} x {d:.2f} x {h:.2f} m: "
            f"{box.description}"
        )
    return "\n".join(dict.fromkeys(lines))  # the model may repeat itself
