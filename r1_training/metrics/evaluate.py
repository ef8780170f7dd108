"""Scores a prediction file against a data set's own annotation files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.multi3drefer import read_multi3drefer
from r1_training.datasets.nr3d import read_nr3d_csv, read_nr3d_json
from r1_training.datasets.openeqa import read_openeqa
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.class_labels import CLASS_BY_NYU40, CLASSES, OTHERS, read_labels
from r1_training.datasets.scannet.prepared import read_prepared_boxes, read_prepared_classes
from r1_training.datasets.scannet.splits import official_split
from r1_training.datasets.scanqa import read_scanqa
from r1_training.datasets.scanrefer import ReferringTask, read_scanrefer
from r1_training.datasets.scene30k import read_scene30k
from r1_training.datasets.sqa3d import read_sqa3d
from r1_training.datasets.threedllm import read_threedllm
from r1_training.metrics.errors import (
    GroundTruthError,
    MissingPredictionsError,
    PredictionError,
)
from r1_training.metrics.inputs import CAPTIONS, GROUNDING, QA, THREEDLLM, EvaluationInputs
from r1_training.metrics.measures.boxes import pairwise_iou, suppress_overlaps
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.predictions import align, read_predictions, unknown_ids
from r1_training.metrics.protocols.cap3d import cap3d_scores, read_embeddings
from r1_training.metrics.protocols.detection import SceneObjects, detection_scores
from r1_training.metrics.protocols.multi3drefer import multi3drefer_scores
from r1_training.metrics.protocols.scan2cap import scan2cap_scores
from r1_training.metrics.protocols.scanqa import qa_scores
from r1_training.metrics.protocols.sqa3d import sqa3d_scores
from r1_training.metrics.protocols.threedllm import threedllm_scores
from r1_training.metrics.protocols.visual_grounding import (
    SceneBoxes,
    mentioning_target,
    nr3d_scores,
    scanrefer_scores,
)
from r1_training.metrics.report import EvaluationReport

# As the benchmark's own script; else as LL3DA.
_PTB = frozenset(QA)


def evaluate(
    inputs: EvaluationInputs, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> EvaluationReport:
    """Reads everything, scores it and reports.

    Args:
        inputs: what to score.
        on_progress: called with images embedded and all images, for Cap3D's captions.

    Raises:
        DatasetError, EvaluationError: a file is broken, predictions are missing, ...
    """
    name = inputs.checkpoint or inputs.predictions.stem
    if inputs.dataset == "cap3d":
        return _evaluate_cap3d(inputs, name, on_progress)
    predictions = read_predictions(inputs.predictions, inputs.needs)
    if inputs.dataset == "detection":
        return _evaluate_detection(inputs, name, predictions)
    report = RowReport()
    samples = list(read_samples(inputs, report))
    if not samples:
        raise GroundTruthError(
            f"{inputs.annotations} holds no sample of {inputs.split} ({report.summary()})"
        )
    if not any(sample.answers for sample in samples) and inputs.dataset not in GROUNDING:
        raise GroundTruthError(
            f"{inputs.annotations} has no answers to compare with: the test sets of ScanQA and "
            "others have none in public, their servers score them (`r1 submit` writes their files)"
        )
    silent_rows = [sample.id for sample in samples if not sample.answers]
    if silent_rows and inputs.dataset not in GROUNDING:
        raise GroundTruthError(
            f"{inputs.annotations}: {len(silent_rows)} samples have no answer to compare with, "
            f"first: {', '.join(silent_rows[:3])}"
        )
    if inputs.dataset in CAPTIONS:
        return _evaluate_captions(inputs, name, samples, predictions, report)
    silent: set[str] = set()
    if inputs.dataset == "nr3d":
        samples, silent = mentioning_target(samples)
        if not samples:
            raise GroundTruthError(
                f"{inputs.annotations}: no utterance of {inputs.split} mentions the target's class "
                "(`mentions_target_class`): nothing to score"
            )
        predictions = {id: value for id, value in predictions.items() if id not in silent}
    aligned = align(samples, predictions, on_missing=inputs.on_missing)
    scores, notes = _score(inputs, aligned.samples, aligned.predictions)
    if silent:
        notes["left out as in ReferIt3D, the class is not mentioned"] = str(len(silent))
    return EvaluationReport(
        *(inputs.dataset, inputs.split, name, scores, len(samples)),
        missing=aligned.missing,
        unused=aligned.unused,
        bad_rows=report.bad,
        notes=notes,
    )


def read_samples(inputs: EvaluationInputs, report: RowReport) -> Iterator[Sample]:
    """The samples of the annotation file."""
    path, split = inputs.required("annotations"), inputs.split
    options: dict[str, Any] = {"on_bad": inputs.on_bad, "report": report}
    task: ReferringTask = "object_caption" if inputs.dataset in CAPTIONS else "grounding"
    if inputs.dataset == "scanqa":
        return read_scanqa(path, split, **options)
    if inputs.dataset == "scene30k":
        return read_scene30k(path, split, **options)
    if inputs.dataset == "openeqa":
        return read_openeqa(path, split, **options)
    if inputs.dataset == "sqa3d":
        return read_sqa3d(inputs.required("questions"), path, split, **options)
    if (kind := THREEDLLM.get(inputs.dataset)) is not None:
        return read_threedllm(path, split, kind, **options)
    if inputs.dataset == "multi3drefer":
        return read_multi3drefer(path, split, **options)
    if inputs.dataset in ("scanrefer", "scan2cap"):
        return read_scanrefer(path, split, task=task, **options)
    if path.suffix.lower() == ".csv":
        return read_nr3d_csv(path, split, task=task, **options)
    return read_nr3d_json(path, split, task=task, **options)


def scene_boxes(scannet: Path, scenes: Iterable[str]) -> dict[str, dict[int, np.ndarray]]:
    """(6,) boxes by scene and object id, of a prepared ScanNet folder."""
    return {scene: read_prepared_boxes(scannet, scene) for scene in sorted(set(scenes))}


def _score(
    inputs: EvaluationInputs, samples: list[Sample], predictions: list[Prediction]
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    if inputs.dataset in GROUNDING:
        boxes = scene_boxes(inputs.required("scannet"), (sample.scene_id for sample in samples))
        boxless = sum(not len(prediction.boxes) for prediction in predictions)
        notes = {"predictions without a box": str(boxless)} if boxless else {}
        if boxless < len(predictions) and not _any_overlap(samples, predictions, boxes):
            notes["no box overlaps its object"] = (
                "they must be centre and size in metres, in the scan's aligned frame"
            )
        if inputs.dataset == "multi3drefer":
            return multi3drefer_scores(samples, predictions, boxes), notes
        absent = sum(s.object_ids[0] not in boxes[s.scene_id] for s in samples)
        notes |= {"objects without box (never found)": str(absent)} if absent else {}
        if inputs.dataset == "nr3d":
            return nr3d_scores(samples, predictions, boxes), notes
        labels = read_labels(inputs.labels) if inputs.labels else None
        if labels is None:
            notes["unique and multiple"] = "left out, they need --labels"
        return scanrefer_scores(samples, predictions, boxes, labels), notes
    protocol = inputs.protocol or ("ptb" if inputs.dataset in _PTB else "plain")
    options: dict[str, Any] = {"protocol": protocol, "meteor": inputs.meteor}
    notes = {"protocol": protocol} | ({} if inputs.meteor else {"METEOR": "left out"})
    if inputs.dataset == "sqa3d":
        return sqa3d_scores(samples, predictions, **options), notes
    score = threedllm_scores if inputs.dataset in THREEDLLM else qa_scores
    return {"overall": score(samples, predictions, **options)}, notes


def _any_overlap(samples: list[Sample], predictions: list[Prediction], boxes: SceneBoxes) -> bool:
    """Whether any box overlaps one of its objects: millimetres and corners hardly do."""
    for sample, prediction in zip(samples, predictions, strict=True):
        scene = boxes[sample.scene_id]
        targets = [scene[number] for number in sample.object_ids if number in scene]
        if targets and pairwise_iou(prediction.boxes, np.array(targets)).any():
            return True
    return False


def _evaluate_captions(
    inputs: EvaluationInputs,
    name: str,
    samples: list[Sample],
    predictions: Mapping[str, Prediction],
    report: RowReport,
) -> EvaluationReport:
    scenes = {sample.scene_id for sample in samples}
    missing = _count_missing(scenes, predictions, inputs)
    boxes = scene_boxes(inputs.required("scannet"), scenes)
    scores = scan2cap_scores(samples, predictions, boxes, meteor=inputs.meteor)
    notes = {"protocol": "plain"} | ({} if inputs.meteor else {"METEOR": "left out"})
    unused = len(predictions.keys() - scenes)
    return EvaluationReport(
        inputs.dataset, inputs.split, name, scores, len(samples), missing, unused, report.bad, notes
    )


def _evaluate_detection(
    inputs: EvaluationInputs, name: str, predictions: Mapping[str, Prediction]
) -> EvaluationReport:
    ending, folder = "_aligned_bbox.npy", inputs.required("scannet")
    names = (path.name.removesuffix(ending) for path in folder.glob(f"*{ending}"))
    scenes = {scene: _objects(folder, scene) for scene in sorted(names)}
    scenes = {s: objects for s, objects in scenes.items() if official_split(s) == inputs.split}
    if not scenes:
        raise FileFormatError(folder, f"holds no prepared scan of {inputs.split}")
    missing = _count_missing(set(scenes), predictions, inputs)
    kept = {
        scene: _filtered(predictions[scene], inputs) for scene in scenes if scene in predictions
    }
    notes = {"nms": str(inputs.nms), "min score": str(inputs.min_score)}
    notes |= _unknown_labels(inputs.predictions, kept.values())
    unused = len(predictions.keys() - scenes.keys())
    return EvaluationReport(
        *("detection", inputs.split, name, detection_scores(kept, scenes), len(scenes)),
        missing=missing,
        unused=unused,
        notes=notes,
    )


def _evaluate_cap3d(
    inputs: EvaluationInputs, name: str, on_progress: Callable[[int, int], None]
) -> EvaluationReport:
    if inputs.predictions.suffix == ".npz":
        images, texts = read_embeddings(inputs.predictions)
        scores = {"overall": cap3d_scores(images, texts)}
        return EvaluationReport("cap3d", inputs.split, name, scores, len(texts))
    # Imported late: they load PyTorch, which no other data set needs.
    from r1_training.metrics.measures.clip_embeddings import (
        embed_captions,
        embed_images,
        find_renders,
        load_clip,
    )

    predictions = read_predictions(inputs.predictions, inputs.needs)
    renders = find_renders(inputs.required("renders"))
    missing = _count_missing(set(renders), predictions, inputs, "objects")
    clip = load_clip(inputs.clip_model, inputs.clip_weights)
    captions = [predictions[uid].answer if uid in predictions else "" for uid in renders]
    texts = embed_captions(clip, captions)
    images = embed_images(clip, [path for files in renders.values() for path in files], on_progress)
    scores = {"overall": cap3d_scores(images.reshape(len(texts), -1, texts.shape[1]), texts)}
    return EvaluationReport(
        *("cap3d", inputs.split, name, scores, len(texts)),
        missing=missing,
        unused=len(predictions.keys() - renders.keys()),
        notes={
            "CLIP": f"{inputs.clip_model} {Path(inputs.clip_weights).name}",
            "renderings of an object": str(len(images) // len(texts)),
        },
    )


def _count_missing(
    wanted: set[str],
    predictions: Mapping[str, Prediction],
    inputs: EvaluationInputs,
    what: str = "scenes",
) -> int:
    missing = sorted(wanted - predictions.keys())
    if missing and inputs.on_missing == "fatal":
        raise MissingPredictionsError(
            f"{len(missing)} of {len(wanted)} {what} have no prediction, first: "
            f"{', '.join(missing[:3])}{unknown_ids(predictions.keys() - wanted)}; --missing empty "
            "counts them as empty"
        )
    return len(missing)


def _objects(scannet: Path, scene: str) -> SceneObjects:
    boxes, classes = read_prepared_boxes(scannet, scene), read_prepared_classes(scannet, scene)
    names = tuple(CLASS_BY_NYU40.get(classes[number], OTHERS) for number in boxes)
    return SceneObjects(np.array(list(boxes.values())).reshape(-1, 6), names)


def _unknown_labels(path: Path, predictions: Iterable[Prediction]) -> dict[str, str]:
    """A note about labels that are no class, whose boxes can never be right.

    Raises:
        PredictionError: all are: the file speaks of other classes.
    """
    labels = Counter(label for prediction in predictions for label in prediction.labels)
    unknown = Counter({name: count for name, count in labels.items() if name not in CLASSES})
    if not unknown:
        return {}
    shown = ", ".join(f"{name!r:.40} ({count})" for name, count in unknown.most_common(3))
    if len(unknown) == len(labels):
        raise PredictionError(
            f"{path}: no label is one of ScanNet's classes: {shown}; they are {', '.join(CLASSES)}"
        )
    return {"boxes of unknown labels (never right)": f"{unknown.total()}, {shown}"}


def _filtered(prediction: Prediction, inputs: EvaluationInputs) -> Prediction:
    if len(prediction.labels) != len(prediction.boxes):
        raise GroundTruthError(f"{prediction.id}: detection needs one of `labels` for every box")
    least = -np.inf if inputs.min_score is None else inputs.min_score
    chosen = np.flatnonzero(prediction.scores >= least)
    labels = np.array(prediction.labels)[chosen]
    if inputs.nms is not None:
        kept = suppress_overlaps(
            prediction.boxes[chosen], prediction.scores[chosen], labels, inputs.nms
        )
        chosen, labels = chosen[np.sort(kept)], labels[np.sort(kept)]
    return Prediction(
        prediction.id,
        boxes=prediction.boxes[chosen],
        scores=prediction.scores[chosen],
        labels=tuple(labels.tolist()),
    )
