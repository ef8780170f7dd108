"""Our model's predictions for the field's data sets, as the JSONL that `r1 evaluate` scores."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r1_model.errors import R1Error
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer, Box
from r1_training.common.resumable_lines import ResumableLines
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.class_labels import LabelTable, read_labels
from r1_training.datasets.scannet.prepared import is_prepared, prepared_scenes, read_scene
from r1_training.datasets.scannet.splits import official_split
from r1_training.metrics.errors import EvaluationInputError, PredictionError
from r1_training.metrics.evaluate import read_samples
from r1_training.metrics.inputs import CAPTIONS, GROUNDING, EvaluationInputs
from r1_training.metrics.predictions import told_apart
from r1_training.metrics.protocols.scan2cap import caption_words

DESCRIBE = "Describe every object in the room."
# Detection ranks boxes by score; below this nothing is left to rank (VoteNet's evaluation).
LEAST_SCORE = 0.05
_SCAN = re.compile(r"scene\d{4}_\d{2}")


@dataclass
class Predicted:
    """What a run did.

    Attributes:
        earlier: predictions of earlier runs.
        made: predictions of this one.
        rows: what became of the annotation rows.
        unprepared: questions by scene that is not prepared.
        problems: id -> why there is no prediction.
    """

    earlier: int = 0
    made: int = 0
    rows: RowReport = field(default_factory=RowReport)
    unprepared: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Job:
    """One prediction to make: about a sample, or about a whole scene."""

    id: str
    scene_id: str
    sample: Sample | None = None


def predict(
    inputs: EvaluationInputs,
    reasoner: Reasoner,
    model: str,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:
    """Ask the model everything that `r1 evaluate` would score, and append to `inputs.predictions`.

    Scene by scene, so that each is read and encoded once. What the file holds already is not asked
    again.

    Args:
        inputs: as for the evaluation; `predictions` is the file to write, `scannet` is needed.
        reasoner: the model.
        model: its folder or name, which goes into every line.
        on_progress: called with the predictions that are there and those wanted.

    Raises:
        EvaluationInputError: the data set has no scenes to look at, or a file is not named.
        GroundTruthError: two different samples have one id.
        PredictionError: the file holds predictions of another model or data set.
        DatasetError, ResumeError: a file is broken.
    """
    _check(inputs)
    labels = read_labels(inputs.required("labels")) if inputs.dataset == "detection" else None
    result = Predicted()
    jobs = _jobs(inputs, result)
    origin = {"dataset": inputs.dataset, "model": model, "trained": reasoner.trained}
    lines = ResumableLines(inputs.predictions)
    try:
        done = _done(lines, model, inputs.dataset)
        scene_id, scene = "", None
        for job in sorted(jobs.values(), key=lambda job: job.scene_id):
            if job.id in done:
                result.earlier += 1
            elif not is_prepared(inputs.required("scannet"), job.scene_id, frames=False):
                result.unprepared[job.scene_id] += 1
            else:
                try:
                    if scene is None or job.scene_id != scene_id:
                        scene = _scene(inputs.required("scannet"), job.scene_id)
                        scene_id = job.scene_id
                    row = _row(job, scene, reasoner, inputs, labels)
                except (FileFormatError, R1Error) as error:
                    result.problems[job.id] = str(error)
                else:
                    lines.append({"id": job.id} | origin | row)
                    result.made += 1
            on_progress(result.earlier + result.made, len(jobs))
    finally:
        lines.close()
    return result


def _check(inputs: EvaluationInputs) -> None:
    if inputs.dataset == "cap3d":
        raise EvaluationInputError("Cap3D's objects are not scenes: this predicts in rooms only")
    if inputs.scannet is None:
        raise EvaluationInputError("predicting needs --scannet, the folder of `r1 prepare scannet`")
    if inputs.dataset == "detection" and inputs.labels is None:
        raise EvaluationInputError("detection needs --labels: our names become ScanNet's classes")
    if inputs.predictions.suffix != ".jsonl":
        raise EvaluationInputError(f"{inputs.predictions} must end in .jsonl: it grows by lines")


def _jobs(inputs: EvaluationInputs, result: Predicted) -> dict[str, _Job]:
    """By id: a file may repeat one, a prediction comes once."""
    if inputs.dataset == "detection":
        scenes = prepared_scenes(inputs.required("scannet"))
        return {s: _Job(s, s) for s in scenes if official_split(s) == inputs.split}
    samples = read_samples(inputs, result.rows)
    if inputs.dataset in CAPTIONS:
        return {sample.scene_id: _Job(sample.scene_id, sample.scene_id) for sample in samples}
    jobs = {}
    for sample in told_apart(samples):
        # OpenEQA names episodes, in which the scan's id stands
        scan = _SCAN.search(sample.scene_id)
        jobs[sample.id] = _Job(sample.id, scan[0] if scan else sample.scene_id, sample)
    return jobs


def _done(lines: ResumableLines, model: str, dataset: str) -> set[str]:
    for number, row in enumerate(lines.rows, 1):
        where = f"{lines.path}:{number}"
        if not isinstance(row.get("id"), str):
            raise PredictionError(f"{where}: `id` must be text, got {row.get('id')!r:.60}")
        if row.get("model") != model:
            raise PredictionError(f"{where} is of the model {row.get('model')!r}, not of {model!r}")
        # Files from before lines named their data set can still be gone on with.
        if row.get("dataset", dataset) != dataset:
            raise PredictionError(
                f"{where} is of the data set {row['dataset']!r}, not of {dataset!r}"
            )
    return {row["id"] for row in lines.rows}


def _scene(folder: Path, scene_id: str) -> Scene:
    return read_scene(folder, scene_id, frames=is_prepared(folder, scene_id, frames=True))


def _row(
    job: _Job,
    scene: Scene,
    reasoner: Reasoner,
    inputs: EvaluationInputs,
    labels: LabelTable | None,
) -> dict[str, Any]:
    if labels is not None:
        found = reasoner.detect(scene, LEAST_SCORE)
        names = [labels.class_of(box.label) for box in found]
        return {"boxes": _numbers(found), "labels": names, "scores": [b.score for b in found]}
    if job.sample is None:
        answer = reasoner.ask(scene, DESCRIBE, task="dense_caption")
        described = [box for box in answer.boxes if box.description]
        return {
            "boxes": _numbers(described),
            "labels": [box.label for box in described],
            "captions": [caption_words(box.description) for box in described],
            "raw": answer.raw,
        }
    answer = _asked(job.sample, scene, reasoner)
    row = {"answer": answer.answer, "raw": answer.raw}
    return row | ({"boxes": _numbers(answer.boxes)} if inputs.dataset in GROUNDING else {})


def _asked(sample: Sample, scene: Scene, reasoner: Reasoner) -> Answer:
    question = f"{sample.situation} {sample.question}".strip()
    return reasoner.ask(scene, question, task=sample.task, history=sample.turns)


def _numbers(boxes: Sequence[Box]) -> list[list[float]]:
    return [[*box.center.tolist(), *box.size.tolist()] for box in boxes]
