"""`r1 rehearse`: the whole path of a full-size model, on scans that anyone may have.

Synthetic scans in ScanNet's formats, `r1 prepare scannet`, SFT, GRPO, `r1 predict` and
`r1 evaluate`, each by the code that its own command runs. It shows that everything fits together,
not what a model can: a few steps teach nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from r1_training.common.whole_files import written_whole
from r1_training.metrics.evaluate import evaluate
from r1_training.metrics.inputs import EvaluationInputs
from r1_training.prediction.annotation_files import DataFolders
from r1_training.prediction.predict import predict
from r1_training.prepare.scannet_set import LABELS_NAME, find_scans, prepare_scannet
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.grpo import train_full_size_grpo
from r1_training.qwen.train import train_full_size
from r1_training.synthetic_scans.scan_set import ScanSettings, synthesize_scans

REPORT_NAME = "rehearsal.json"
SCANNED = ("scanrefer", "nr3d", "multi3drefer", "scan2cap", "detection")  # these need the boxes


@dataclass(frozen=True)
class RehearsalSettings:
    """What is rehearsed.

    Attributes:
        model: preset or folder of a 3D-R1 model.
        scans: of the scans.
        frames: that are prepared of each scan.
        conversations: of SFT, evenly chosen from the training rows; one pass.
        groups: questions of GRPO; one pass.
        views, batch_size, group_size, max_new_tokens, lora_blocks: of both trainings.
        answer_tokens: most of a prediction; None: its task's own.
        datasets: what is predicted and scored, names of `metrics.inputs.DATASETS`.
        meteor: METEOR needs Java.
        embeddings: of GRPO's semantic reward; None: no such reward.
    """

    model: str = "r1-tiny"
    scans: ScanSettings = field(default_factory=lambda: ScanSettings(questions=2))
    frames: int = 8
    conversations: int = 24
    groups: int = 4
    views: int = 2
    batch_size: int = 4
    group_size: int = 4
    max_new_tokens: int = 48
    lora_blocks: int = 2
    answer_tokens: int | None = None
    datasets: tuple[str, ...] = ("scanqa", "sqa3d", "3dllm-planning", *SCANNED)
    meteor: bool = True
    embeddings: str | None = None


@dataclass
class RehearsalReport:
    """What was done.

    Attributes:
        settings: of the rehearsal.
        seconds: of every part.
        samples, missing, scores: by data set; scores of its first group.
        model: folder of the final model.
    """

    settings: dict[str, object]
    seconds: dict[str, float] = field(default_factory=dict)
    samples: dict[str, int] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)
    model: str = ""


def rehearse(
    folder: Path,
    settings: RehearsalSettings,
    *,
    workers: int = 1,
    on_part: Callable[[str], None] = lambda name: None,
) -> RehearsalReport:
    """Run everything in `folder` and write `rehearsal.json`.

    Args:
        folder: to write to. What an earlier rehearsal finished there is used again.
        settings: of the rehearsal.
        workers: processes, where a part has several.
        on_part: called with the name of each part before it starts.

    Raises:
        DatasetError, EvaluationError, TrainingConfigError, ModelLoadError, ...: as the commands do.
    """
    # Imported late: it loads the model's code.
    from r1_training.prediction.switches import SwitchedReasoner, Switches

    report = RehearsalReport(asdict(settings))
    part = _timed(report, on_part)
    raw, prepared, rows = folder / "scannet", folder / "scannet-prepared", folder / "annotations"
    with part("scans"):
        synthesize_scans(folder, settings.scans, workers=workers)
    with part("prepare"):
        records = prepare_scannet(
            *(find_scans(raw), prepared, raw / LABELS_NAME),
            workers=workers,
            frames=settings.frames,
        )
        problems = [record for record in records if record.problem]
        if problems:
            raise RuntimeError(f"{problems[0].scene_id}: {problems[0].problem}")
    sft = FullSizeConfig(
        stage="sft",
        output=str(folder / "sft"),
        model=settings.model,
        data=str(_chosen(rows / "Scene-30K.jsonl", folder / "sft.jsonl", settings.conversations)),
        scannet=str(prepared),
        epochs=1,
        batch_size=settings.batch_size,
        lora_blocks=settings.lora_blocks,
        views=settings.views,
        workers=0,
        save_every=10_000,
        log_every=1,
    )
    with part("SFT"):
        trained = _finished(sft) or train_full_size(sft, resume=True)
    grpo = replace(
        sft,
        stage="grpo",
        output=str(folder / "grpo"),
        model=str(trained),
        data=str(_chosen(rows / "Scene-30K.jsonl", folder / "grpo.jsonl", settings.groups)),
        batch_size=1,
        final_learning_rate=sft.learning_rate,
        group_size=settings.group_size,
        max_new_tokens=settings.max_new_tokens,
        embeddings=settings.embeddings,
    )
    with part("GRPO"):
        final = _finished(grpo) or train_full_size_grpo(grpo, resume=True)
    report.model = str(final)
    switches = Switches(views=settings.views, max_new_tokens=settings.answer_tokens)
    reasoner = SwitchedReasoner.from_pretrained(str(final)).switch(switches)
    for name in settings.datasets:
        inputs = _inputs(name, folder, settings)
        with part(f"predict {name}"):
            predict(inputs, reasoner, str(final))
        with part(f"evaluate {name}"):
            scored = evaluate(inputs)
        report.samples[name], report.missing[name] = scored.samples, scored.missing
        report.scores[name] = dict(next(iter(scored.scores.values())))
    with written_whole(folder / REPORT_NAME) as path:
        path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    return report


def _inputs(name: str, folder: Path, settings: RehearsalSettings) -> EvaluationInputs:
    """What is predicted and scored of the validation scans."""
    labels = folder / "scannet" / LABELS_NAME
    data = DataFolders(folder / "annotations", folder / "scannet-prepared", labels)
    plain = not settings.meteor and name in ("scanqa", "scene30k")  # the other needs Java
    return data.inputs(
        name,
        folder / "predictions" / f"{name}.jsonl",
        split="val",
        protocol="plain" if plain else None,
        meteor=settings.meteor,
    )


def _chosen(source: Path, path: Path, count: int) -> Path:
    """`count` lines of a file, evenly chosen, as a file of their own."""
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    if not path.is_file():
        step = max(1, len(lines) // count)
        path.write_text("".join(lines[::step][:count]), encoding="utf-8")
    return path


def _finished(config: FullSizeConfig) -> Path | None:
    final = Path(config.output) / "final"
    return final if final.is_dir() else None


def _timed(report: RehearsalReport, on_part: Callable[[str], None]) -> Callable:
    @contextmanager
    def part(name: str) -> Iterator[None]:
        on_part(name)
        start = time.perf_counter()
        yield
        report.seconds[name] = round(time.perf_counter() - start, 2)

    return part
