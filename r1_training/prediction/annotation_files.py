"""A folder of the field's annotation files under their official names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from r1_training.metrics.errors import EvaluationInputError
from r1_training.metrics.inputs import EvaluationInputs

# {split} is the split; files of all splits in one have none.
NAMES = {
    "scanqa": "ScanQA_v1.0_{split}.json",
    "sqa3d": "v1_balanced_sqa_annotations_{split}_scannetv2.json",
    "scene30k": "Scene-30K.jsonl",
    "openeqa": "open-eqa-v0.json",
    "scanrefer": "ScanRefer_filtered_{split}.json",
    "scan2cap": "ScanRefer_filtered_{split}.json",
    "nr3d": "nr3d.csv",
    "nr3d-captions": "nr3d.csv",
    "multi3drefer": "multi3drefer_{split}.json",
    "3dllm-dialogue": "3d_llm_embodied_dialogue_filtered_{split}.json",
    "3dllm-planning": "3d_llm_embodied_planning_filtered_{split}.json",
    "3dllm-description": "3d_llm_scene_description_{split}.json",
    "3dllm-eqa": "3d_llm_embodied_question_answer_{split}.json",
}
QUESTIONS = "v1_balanced_questions_{split}_scannetv2.json"
# What the paper's tables are made on, where it is not `val`.
SPLITS = {"sqa3d": "test", "openeqa": "test"}


@dataclass(frozen=True)
class DataFolders:
    """Where a lab's data are.

    Attributes:
        annotations: folder of annotation files under their official names.
        scannet: folder of `r1 prepare scannet`.
        labels: scannetv2-labels.combined.tsv; None leaves out what needs it.
        objects: Cap3D's clouds; None leaves Cap3D out.
        renders: Cap3D's renderings, folders `UID/`; needed with `objects`.
    """

    annotations: Path
    scannet: Path
    labels: Path | None = None
    objects: Path | None = None
    renders: Path | None = None

    def inputs(
        self, dataset: str, predictions: Path, *, split: str | None = None, **options: Any
    ) -> EvaluationInputs:
        """What `r1 predict` and `r1 evaluate` are given for a data set.

        Args:
            dataset: one of `metrics.inputs.DATASETS`.
            predictions: the prediction file.
            split: of the annotations; None: what the paper's tables are made on.
            options: further fields of `EvaluationInputs`.

        Raises:
            EvaluationInputError: the annotation file is not there.
        """
        split = split or SPLITS.get(dataset, "val")
        name, questions = NAMES.get(dataset), None
        if dataset == "sqa3d":
            questions = self._file(QUESTIONS.format(split=split))
        return EvaluationInputs(
            dataset=dataset,
            predictions=predictions,
            annotations=None if name is None else self._file(name.format(split=split)),
            split=split,
            questions=questions,
            scannet=self.scannet,
            labels=self.labels,
            renders=self.renders,
            **options,
        )

    def _file(self, name: str) -> Path:
        path = self.annotations / name
        if not path.is_file():
            raise EvaluationInputError(f"{path} is missing: annotations keep their official names")
        return path
