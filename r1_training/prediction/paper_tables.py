"""Tables 2 to 10 of the paper (arXiv 2507.23478) for a model of one's own, the paper's row beside.

What a table needs, it predicts and scores; prediction files are shared by the tables and gone on
with. Tables 7 (rewards) and 11 (LoRA ranks) compare checkpoints: give one model a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r1_training.common.whole_files import written_whole
from r1_training.metrics.errors import EvaluationInputError
from r1_training.metrics.evaluate import evaluate
from r1_training.prediction.annotation_files import DataFolders
from r1_training.prediction.object_clouds import caption_objects
from r1_training.prediction.predict import predict
from r1_training.prediction.predict_rows import Captions
from r1_training.prediction.switches import SwitchedReasoner, Switches

_TEXT = ("CIDEr", "BLEU-4", "METEOR", "ROUGE-L")
_SHORT = {"CIDEr": "C", "BLEU-4": "B-4", "METEOR": "M", "ROUGE-L": "R"}


@dataclass(frozen=True)
class Column:
    """One figure: of a data set, of a group of its report, a metric."""

    dataset: str
    group: str
    metric: str

    @property
    def name(self) -> str:
        """For the table's head."""
        group = "" if self.group == "overall" else f" {self.group}"
        return f"{self.dataset}{group} {_SHORT.get(self.metric, self.metric)}"


@dataclass(frozen=True)
class PaperTable:
    """One table of the paper.

    Attributes:
        title: what it compares.
        columns: its figures.
        rows: name -> switches of each row of a model.
        paper: row -> the paper's figures, in order of the columns; NaN is not there.
    """

    title: str
    columns: tuple[Column, ...]
    rows: Mapping[str, Switches] = field(default_factory=lambda: {"": Switches()})
    paper: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def _texts(dataset: str, group: str = "overall", metrics: Sequence[str] = _TEXT) -> tuple:
    return tuple(Column(dataset, group, metric) for metric in metrics)


def _accuracies(dataset: str) -> tuple[Column, ...]:
    return tuple(Column(dataset, "overall", f"Acc@{k}") for k in (0.25, 0.5))


_OURS = "3D-R1 (paper)"
TABLES: dict[int, PaperTable] = {
    2: PaperTable(
        "dense captioning",
        (
            *_texts("scan2cap", "@0.25IoU"),
            *_texts("scan2cap", "@0.5IoU"),
            *_texts("nr3d-captions", "@0.5IoU"),
        ),
        paper={
            _OURS: (
                *(91.85, 48.76, 32.14, 62.23, 86.45, 44.34, 29.78, 64.50),
                *(56.98, 31.13, 26.12, 57.54),
            )
        },
    ),
    3: PaperTable(
        "question answering, ScanQA's validation set; test sets: `r1 submit`",
        _texts("scanqa"),
        paper={_OURS: (106.45, 17.80, 22.13, 51.23)},
    ),
    4: PaperTable(
        "object captioning",
        tuple(Column("cap3d", "overall", name) for name in ("CLIP", "R@1", "R@5", "R@10")),
        paper={_OURS: (77.34, 32.23, 55.45, 63.12)},
    ),
    5: PaperTable(
        "dialogue, reasoning, planning",
        (*_texts("3dllm-dialogue"), *_texts("sqa3d"), *_texts("3dllm-planning")),
        paper={
            _OURS: (
                *(280.34, 39.45, 66.89, 55.34, 138.67, 23.56, 35.45, 60.02),
                *(230.50, 25.45, 48.34, 55.67),
            )
        },
    ),
    6: PaperTable(
        "visual grounding",
        (Column("nr3d", "overall", "Acc@0.25"), *_accuracies("scanrefer")),
        paper={_OURS: (68.80, 65.85, 59.24)},
    ),
    7: PaperTable(
        "rewards; one model a row",
        (
            *_texts("scanqa", metrics=("CIDEr", "ROUGE-L")),
            *_texts("scan2cap", "@0.25IoU", ("CIDEr", "ROUGE-L")),
        ),
        paper={
            "SFT (paper)": (97.95, 45.12, 85.20, 55.94),
            "format (paper)": (101.35, 46.65, 88.00, 57.52),
            "perception (paper)": (102.55, 47.34, 88.70, 58.24),
            "semantic (paper)": (102.45, 47.50, 88.50, 58.33),
            "all (paper)": (106.45, 51.23, 91.85, 62.23),
        },
    ),
    8: PaperTable(
        "views",
        (Column("cap3d", "overall", "R@1"), *_accuracies("scanrefer")),
        {
            "all": Switches(policy="all"),
            "horizontal-6": Switches(policy="horizontal", views=6),
            "bottom-6": Switches(policy="bottom", views=6),
            "selected-6": Switches(views=6),
        },
        {
            "all (paper)": (29.19, 61.25, 51.73),
            "horizontal-6 (paper)": (30.18, 60.53, 50.26),
            "bottom-6 (paper)": (6.63, 57.89, 47.63),
            "selected-6 (paper)": (32.23, 65.85, 59.24),
        },
    ),
    9: PaperTable(
        "weights of view selection: w_t, w_c, w_clip",
        (*_texts("scanqa", metrics=("CIDEr", "BLEU-4")), *_accuracies("scanrefer")),
        {
            ", ".join(f"{value:g}" for value in weights): Switches(weights=weights)
            for weights in (
                *((0.3, 0.6, 0.4), (0.3, 0.4, 0.6), (0.4, 0.5, 0.5)),
                *((0.2, 0.5, 0.5), (0.3, 0.5, 0.5)),
            )
        },
        {
            "0.3, 0.6, 0.4 (paper)": (122.76, 12.98, 55.34, 42.98),
            "0.3, 0.4, 0.6 (paper)": (128.49, 15.34, 60.45, 50.23),
            "0.4, 0.5, 0.5 (paper)": (137.78, 22.23, 63.98, 57.95),
            "0.2, 0.5, 0.5 (paper)": (136.67, 22.80, 60.45, 55.94),
            "0.3, 0.5, 0.5 (paper)": (138.67, 23.56, 65.85, 59.24),
        },
    ),
    10: PaperTable(
        "what the model sees beside the text",
        (
            *_texts("sqa3d", metrics=("CIDEr", "BLEU-4")),
            *_texts("3dllm-planning", metrics=("CIDEr", "BLEU-4")),
        ),
        {
            "image": Switches(modalities=("image",)),
            "image, depth": Switches(modalities=("image", "depth")),
            "image, depth, points": Switches(),
        },
        {
            "image (paper)": (110.23, 15.34, 200.45, 20.15),
            "image, depth (paper)": (115.23, 18.34, 205.45, 21.15),
            "image, depth, points (paper)": (120.12, 20.13, 215.34, 22.34),
            _OURS: (138.67, 23.56, 230.50, 25.45),
        },
    ),
}


@dataclass
class FilledTable:
    """A table with figures.

    Attributes:
        number, title: of the table.
        columns: names of its columns.
        rows: name -> figure a column; None: not measured, `notes` say why.
        paper: the paper's rows.
        notes: what was left out and why, and what is missing.
    """

    number: int
    title: str
    columns: list[str]
    rows: dict[str, list[float | None]] = field(default_factory=dict)
    paper: dict[str, list[float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def fill_table(
    number: int,
    models: Sequence[str],
    data: DataFolders,
    out: Path,
    *,
    meteor: bool = True,
    device: str = "auto",
    clip_weights: str = "openai",
    max_new_tokens: int | None = None,
    on_run: Callable[[str], None] = lambda name: None,
) -> FilledTable:
    """Predict and score everything of a table, and write `table-N.json`.

    Args:
        number: one of `TABLES`.
        models: presets or folders; each has its rows.
        data: where the data are.
        out: folder of prediction files and reports.
        meteor: METEOR needs Java; False leaves its columns empty.
        device: cpu, cuda or auto.
        clip_weights: of Cap3D's CLIP, see `EvaluationInputs`.
        max_new_tokens: of an answer; None: its task's own.
        on_run: called with a name before each data set is predicted.

    Raises:
        EvaluationInputError: no such table, or a file is missing.
        DatasetError, EvaluationError, R1Error: a file is broken, predictions are missing, ...
    """
    if number not in TABLES:
        raise EvaluationInputError(
            f"there are commands for tables {', '.join(map(str, TABLES))}, not for {number}"
        )
    table = TABLES[number]
    filled = FilledTable(number, table.title, [column.name for column in table.columns])
    filled.paper = {name: list(values) for name, values in table.paper.items()}
    for model in models:
        reasoner = SwitchedReasoner.from_pretrained(model, device=device)
        for name, switches in table.rows.items():
            row = f"{model} {name}".strip()
            on_run(row)
            if max_new_tokens is not None:
                switches = replace_tokens(switches, max_new_tokens)
            reasoner.switch(switches)
            scores: dict[str, Mapping[str, Mapping[str, float]]] = {}
            for dataset in dict.fromkeys(column.dataset for column in table.columns):
                folder = out / _safe(model) / (_safe(switches.name) or "as-it-is")
                scored = _scored(
                    dataset, folder, reasoner, model, data, meteor, clip_weights, filled.notes
                )
                if scored is not None:
                    scores[dataset] = scored
            filled.rows[row] = [
                scores.get(c.dataset, {}).get(c.group, {}).get(c.metric) for c in table.columns
            ]
    filled.notes = list(dict.fromkeys(filled.notes))
    out.mkdir(parents=True, exist_ok=True)
    with written_whole(out / f"table-{number}.json") as path:
        path.write_text(json.dumps(filled.__dict__, indent=1, ensure_ascii=False) + "\n")
    return filled


def replace_tokens(switches: Switches, max_new_tokens: int) -> Switches:
    """The switches with this bound of an answer."""
    return Switches(**{**switches.__dict__, "max_new_tokens": max_new_tokens})


def _scored(
    dataset: str,
    folder: Path,
    reasoner: SwitchedReasoner,
    model: str,
    data: DataFolders,
    meteor: bool,
    clip_weights: str,
    notes: list[str],
) -> Mapping[str, Mapping[str, float]] | None:
    """Scores of one data set by group; None where its data are not given."""
    path = folder / f"{dataset}.jsonl"
    options: dict[str, Any] = {"on_missing": "empty", "on_bad": "skip", "meteor": meteor}
    if dataset == "cap3d":
        if data.objects is None or data.renders is None:
            notes.append("Cap3D: left out, it needs --objects and --renders")
            return None
        inputs = data.inputs(dataset, path, **options, clip_weights=clip_weights)
        made = caption_objects(data.objects, path, reasoner, model)
    else:
        # Which protocol the paper used it does not say; it builds on LL3DA, whose is `plain`.
        inputs = data.inputs(dataset, path, **options, protocol="plain")
        captions: Captions = "detected" if dataset in ("scan2cap", "nr3d-captions") else "scene"
        made = predict(inputs, reasoner, model, captions=captions)
    report = evaluate(inputs)
    report.write(folder / f"{dataset}.report.json")
    for count, what in (
        (report.missing, "predictions missing, counted as wrong"),
        (report.bad_rows, "bad annotation rows skipped"),
        (len(made.problems), "questions that could not be asked"),
        (len(made.unprepared), "scenes or objects that are not prepared"),
    ):
        if count:
            notes.append(f"{dataset}: {count} {what}")
    return report.scores


def _safe(name: str) -> str:
    """A name as a folder's."""
    return re.sub(r"[^\w.,+-]+", "_", name).strip("_.")
