"""Our model's predictions for the field's data sets, as the JSONL that `r1 evaluate` scores."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from r1_model.asking.question import Question
from r1_model.errors import R1Error
from r1_model.scene.scene import Scene
from r1_model.text.answer import Answer
from r1_training.common.processes import Processes
from r1_training.common.shared_lines import SharedLines
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.class_labels import LabelTable, read_labels
from r1_training.datasets.scannet.prepared import (
    is_prepared,
    prepared_scenes,
    read_prepared_boxes,
    read_scene,
)
from r1_training.datasets.scannet.splits import official_split
from r1_training.metrics.errors import EvaluationInputError
from r1_training.metrics.evaluate import read_samples
from r1_training.metrics.inputs import CAPTIONS, GROUNDING, EvaluationInputs
from r1_training.metrics.predictions import told_apart
from r1_training.prediction.predict_rows import (
    CAPTIONS_OF,
    LEAST_SCORE,
    Captions,
    Predicted,
    detections,
    done_before,
    given_boxes,
    merged,
    numbers,
    object_captions,
    scene_captions,
)
from r1_training.prediction.switches import SwitchedReasoner

# Questions about a scene that are asked together, and that a kill can cost.
AT_A_TIME = 64
_SCAN = re.compile(r"scene\d{4}_\d{2}")


@dataclass(frozen=True)
class _Job:
    """One prediction to make: about a sample, or about a whole scene.

    Attributes:
        id: of the prediction.
        scene_id: the scan.
        sample: the question; None: about the whole scene.
        described: ids of the objects that the data set has captions of.
    """

    id: str
    scene_id: str
    sample: Sample | None = None
    described: list[int] = field(default_factory=list)


def predict(
    inputs: EvaluationInputs,
    reasoner: SwitchedReasoner,
    model: str,
    *,
    captions: Captions = "scene",
    group: Processes | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Predicted:
    """Ask the model everything that `r1 evaluate` would score, and append to `inputs.predictions`.

    Scene by scene, so that each is read and encoded once. What the file holds already is not asked
    again. Several processes share the scenes.

    Args:
        inputs: as for the evaluation; `predictions` is the file to write, `scannet` is needed.
        reasoner: the model with its switches.
        model: its folder or name, which goes into every line.
        captions: of dense captions: `scene` asks for all objects at once, `detected` for one after
            the other of those that the model detects, `given` of those that are described.
        group: the processes; None: this one is alone.
        on_progress: called with the predictions that are there and those wanted, of this process.

    Returns:
        What all processes did in the first one, this one's share in the others.

    Raises:
        EvaluationInputError: the data set has no scenes to look at, or a file is not named.
        GroundTruthError: two different samples have one id.
        PredictionError: the file holds predictions of another model, data set or switches.
        DatasetError, ResumeError: a file is broken.
    """
    _check(inputs, captions)
    labels = read_labels(inputs.required("labels")) if inputs.dataset == "detection" else None
    result = Predicted()
    jobs = _jobs(inputs, result)
    name = reasoner.switches.name
    if inputs.dataset in CAPTIONS and captions != "scene":
        name = f"captions-{captions}" + (f",{name}" if name else "")
    origin = {"dataset": inputs.dataset, "model": model, "trained": reasoner.trained}
    origin |= {"switches": name} if name else {}
    folder = inputs.required("scannet")
    group = group or Processes()
    scenes = set(group.share(sorted({job.scene_id for job in jobs.values()})))
    own = [job for job in jobs.values() if job.scene_id in scenes]
    lines = SharedLines(inputs.predictions, group)
    try:
        done = done_before(lines, origin)
        left = sorted(
            (job for job in own if job.id not in done), key=lambda job: (job.scene_id, job.id)
        )
        result.earlier = len(own) - len(left)
        for scene_id, of_scene in groupby(left, key=lambda job: job.scene_id):
            wanted = list(of_scene)
            if not is_prepared(folder, scene_id, frames=False):
                result.unprepared[scene_id] += len(wanted)
                continue
            try:
                scene = _scene(folder, scene_id)
            except FileFormatError as error:
                result.problems |= {job.id: str(error) for job in wanted}
                continue
            for start in range(0, len(wanted), AT_A_TIME):
                for job, row in _rows(
                    wanted[start : start + AT_A_TIME],
                    *(scene, reasoner, inputs, labels, captions, result),
                ):
                    lines.append({"id": job.id} | origin | row)
                    result.made += 1
                on_progress(result.earlier + result.made, len(own))
    finally:
        lines.close()
    return merged(lines, group, result)


def _check(inputs: EvaluationInputs, captions: str) -> None:
    if inputs.dataset == "cap3d":
        raise EvaluationInputError("Cap3D's objects are not scenes: they need --objects")
    if inputs.scannet is None:
        raise EvaluationInputError("predicting needs --scannet, the folder of `r1 prepare scannet`")
    if inputs.dataset == "detection" and inputs.labels is None:
        raise EvaluationInputError("detection needs --labels: our names become ScanNet's classes")
    if inputs.predictions.suffix != ".jsonl":
        raise EvaluationInputError(f"{inputs.predictions} must end in .jsonl: it grows by lines")
    if captions not in CAPTIONS_OF:
        raise EvaluationInputError(f"captions must be of {', '.join(CAPTIONS_OF)}: {captions!r}")


def _jobs(inputs: EvaluationInputs, result: Predicted) -> dict[str, _Job]:
    """By id: a file may repeat one, a prediction comes once."""
    if inputs.dataset == "detection":
        scenes = prepared_scenes(inputs.required("scannet"))
        return {s: _Job(s, s) for s in scenes if official_split(s) == inputs.split}
    samples = read_samples(inputs, result.rows)
    jobs: dict[str, _Job] = {}
    if inputs.dataset in CAPTIONS:
        for sample in samples:
            job = jobs.setdefault(sample.scene_id, _Job(sample.scene_id, sample.scene_id))
            job.described.extend(sample.object_ids)
        return jobs
    for sample in told_apart(samples):
        # OpenEQA names episodes, in which the scan's id stands
        scan = _SCAN.search(sample.scene_id)
        jobs[sample.id] = _Job(sample.id, scan[0] if scan else sample.scene_id, sample)
    return jobs


def _scene(folder: Path, scene_id: str) -> Scene:
    return read_scene(folder, scene_id, frames=is_prepared(folder, scene_id, frames=True))


def _rows(
    jobs: Sequence[_Job],
    scene: Scene,
    reasoner: SwitchedReasoner,
    inputs: EvaluationInputs,
    labels: LabelTable | None,
    captions: Captions,
    result: Predicted,
) -> Iterator[tuple[_Job, dict[str, Any]]]:
    """What the model says to some questions about one scene; `result` gets the problems.

    Questions are asked together, which `Reasoner.ask_many` answers as one by one. Sampled answers
    are not: each question has a stream of random numbers of its own. Where one of them cannot be
    asked, the others still are.
    """
    asked = [_question(job.sample, scene) for job in jobs if job.sample is not None]
    if len(asked) == len(jobs) > 1 and not reasoner.switches.temperature:
        try:
            answers = reasoner.ask_many(asked, max_new_tokens=reasoner.switches.max_new_tokens)
        except R1Error:
            pass  # one by one: they say which
        else:
            for job, answer in zip(jobs, answers, strict=True):
                yield job, _said(answer, inputs)
            return
    for job in jobs:
        try:
            reasoner.seed(zlib.crc32(job.id.encode()))
            yield job, _row(job, scene, reasoner, inputs, labels, captions)
        except (FileFormatError, R1Error) as error:
            result.problems[job.id] = str(error)


def _row(
    job: _Job,
    scene: Scene,
    reasoner: SwitchedReasoner,
    inputs: EvaluationInputs,
    labels: LabelTable | None,
    captions: Captions,
) -> dict[str, Any]:
    most = reasoner.switches.max_new_tokens
    if labels is not None:
        return detections(scene, reasoner, labels)
    if job.sample is None:
        if captions == "scene":
            return scene_captions(scene, reasoner, most)
        if captions == "detected":
            boxes = reasoner.detect(scene, LEAST_SCORE)
        else:
            described = read_prepared_boxes(inputs.required("scannet"), job.scene_id)
            boxes = given_boxes(described, job.described)
        return object_captions(scene, boxes, reasoner, most)
    [answer] = reasoner.ask_many([_question(job.sample, scene)], max_new_tokens=most)
    return _said(answer, inputs)


def _question(sample: Sample, scene: Scene) -> Question:
    text = f"{sample.situation} {sample.question}".strip()
    return Question(scene, text, sample.task, sample.turns)


def _said(answer: Answer, inputs: EvaluationInputs) -> dict[str, Any]:
    row: dict[str, Any] = {"answer": answer.answer, "raw": answer.raw}
    return row | ({"boxes": numbers(answer.boxes)} if inputs.dataset in GROUNDING else {})
