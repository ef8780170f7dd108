"""What an evaluation is asked for: which data set, which files, how to count.

Apart from the scoring, which loads scipy and the caption metrics: `--help` should not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from r1_training.datasets.rows import OnBad
from r1_training.metrics.errors import EvaluationInputError
from r1_training.metrics.measures.text_scores import Protocol
from r1_training.metrics.predictions import OnMissing

if TYPE_CHECKING:
    from r1_training.datasets.threedllm import Kind

THREEDLLM: dict[str, Kind] = {
    "3dllm-dialogue": "dialogue",
    "3dllm-planning": "planning",
    "3dllm-description": "description",
    "3dllm-eqa": "eqa",
}
QA = ("scanqa", "scene30k", "openeqa")
GROUNDING = ("scanrefer", "nr3d", "multi3drefer")
CAPTIONS = ("scan2cap", "nr3d-captions")
DATASETS = (*QA, "sqa3d", *THREEDLLM, *GROUNDING, *CAPTIONS, "detection", "cap3d")
# What every prediction must have (one of), or it could only be scored as empty.
NEEDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("scanrefer", "multi3drefer"), ("boxes",)),
    "nr3d": ("boxes", "object_id"),
    **dict.fromkeys(CAPTIONS, ("captions",)),
    "detection": ("labels",),
}


@dataclass(frozen=True)
class EvaluationInputs:
    """Where predictions and ground truth are, and how to count.

    Attributes:
        dataset: one of `DATASETS`.
        predictions: prediction file (see `predictions`); for cap3d also embeddings (`.npz`).
        annotations: the data set's annotation file; not for detection and cap3d.
        split: train, val or test.
        questions: SQA3D's questions file.
        scannet: prepared ScanNet folder, for everything with boxes.
        labels: ScanNet's label table, for ScanRefer's unique and multiple.
        renders: cap3d, from captions: folder with `UID/` folders of renderings.
        clip_model, clip_weights: cap3d, from captions: architecture and weights (open_clip).
        protocol: how texts become words; None is the benchmark's own.
        meteor: METEOR needs Java.
        on_missing: what a missing prediction is.
        on_bad: what a bad annotation row is.
        checkpoint: name of the model in the report; None is the file's name.
        nms: detection: drop boxes that overlap a better one of their class by more; None: keep.
        min_score: detection: drop boxes below; None: keep all (logits may be below 0).
    """

    dataset: str
    predictions: Path
    annotations: Path | None = None
    split: str = "val"
    questions: Path | None = None
    scannet: Path | None = None
    labels: Path | None = None
    renders: Path | None = None
    clip_model: str = "ViT-B-32"
    clip_weights: str = "openai"
    protocol: Protocol | None = None
    meteor: bool = True
    on_missing: OnMissing = "fatal"
    on_bad: OnBad = "fatal"
    checkpoint: str | None = None
    nms: float | None = None
    min_score: float | None = None

    def __post_init__(self) -> None:
        if self.dataset not in DATASETS:
            raise EvaluationInputError(
                f"dataset must be one of {', '.join(DATASETS)}, got {self.dataset!r}"
            )
        if self.annotations is None and self.dataset not in ("detection", "cap3d"):
            raise EvaluationInputError(f"{self.dataset} needs --annotations")
        if self.questions is None and self.dataset == "sqa3d":
            raise EvaluationInputError("sqa3d needs --questions beside --annotations")
        if self.scannet is None and self.dataset in (*GROUNDING, *CAPTIONS, "detection"):
            raise EvaluationInputError(
                f"{self.dataset} needs --scannet, the folder of `r1 prepare scannet`"
            )
        if self.dataset != "detection" and (self.nms is not None or self.min_score is not None):
            raise EvaluationInputError("--nms and --min-score are for detection")
        if self.nms is not None and not 0 <= self.nms <= 1:
            raise EvaluationInputError(f"--nms must be an IoU from 0 to 1, got {self.nms}")
        if self.min_score is not None and not math.isfinite(self.min_score):
            raise EvaluationInputError(f"--min-score must be a number, got {self.min_score}")
        from_captions = self.dataset == "cap3d" and self.predictions.suffix != ".npz"
        if from_captions and self.renders is None:
            raise EvaluationInputError(
                "cap3d needs --renders for captions, or a .npz file of embeddings"
            )

    @property
    def needs(self) -> tuple[str, ...]:
        """What every prediction must have one of, see `prediction_entries.parse_prediction`."""
        return NEEDS.get(self.dataset, ("answer",))

    def required(
        self, name: Literal["annotations", "questions", "scannet", "labels", "renders"]
    ) -> Path:
        """A file or folder that this data set cannot do without.

        Raises:
            EvaluationInputError: it was not given.
        """
        path = getattr(self, name)
        if path is None:
            raise EvaluationInputError(f"{self.dataset} needs --{name}")
        return path
