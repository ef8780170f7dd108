"""The report of a reproduction: tables in Markdown, plots, and a JSON file that says whence."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from r1_training.common.whole_files import written_whole
from r1_training.grpo.config import GRPORunConfig
from r1_training.reproduce.config import FIRST, ReproduceConfig
from r1_training.reproduce.questions_plot import draw_questions
from r1_training.reproduce.results import read_results
from r1_training.reproduce.tables import (
    ALL,
    LAYOUTS,
    VERIFIED,
    Line,
    best_control,
    lines_of,
    table_text,
    verdict,
)

FOLDER, REPORT, FIGURES = "report", "README.md", "reproduce.json"
CURVES = {"reward": "sampled reward", "accuracy": "sampled answers right"}
VALIDATED = "validation/mean"
SMOOTH = 20  # steps of a moving mean
GOALS = {FIRST: 0.05, "control": 0.03}  # what GRPO is asked to be better by


def write_report(
    config: ReproduceConfig, folder: Path | None = None, words: Sequence[str] = ()
) -> Path:
    """Write what there is so far.

    Args:
        config: of the whole.
        folder: of the report; None: `config.output`/report.
        words: of the command that made the results.

    Returns:
        The Markdown file.
    """
    output = Path(config.output)
    folder = folder or output / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    tables = [(layout, lines_of(config, layout)) for layout in LAYOUTS]
    origin = {
        "commit": commit(),
        "command": " ".join(["r1", *words]),
        "seeds": config.all_seeds,
        "versions": {name: importlib.metadata.version(name) for name in ("torch", "trl")},
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    stages = {
        f"seed-{seed}": read_results(Path(config.at(seed).output)) for seed in config.all_seeds
    }
    data = {
        **origin,
        "tables": {layout.title: [asdict(line) for line in lines] for layout, lines in tables},
        "stages": stages,
    }
    with written_whole(folder / FIGURES) as part:
        part.write_text(json.dumps(data, indent=1, default=str) + "\n")
    text = [
        "# The paper re-run at r1-tiny's size",
        "",
        f"Commit {origin['commit']}, `{origin['command']}`, seeds {config.all_seeds}, "
        f"{origin['device']}. Mean ± standard error: over the seeds, or, marked *, of one seed "
        "over its rooms. The paper's own figures are of its data and its model of 7B; what can be "
        "compared is which way a row differs from another.",
        "",
        *_goals(config, tables[0][1]),
        "",
        *(table_text(layout, lines) for layout, lines in tables),
        *_spent(stages),
    ]
    if draw_learning(config, folder / "learning.png"):
        text += ["", "![sampled rewards and validation](learning.png)"]
    runs = [run for name in config.stages if isinstance(run := config.stage(name), GRPORunConfig)]
    if runs:
        draw_questions(runs[0], folder / "questions.png")
        text += ["", "Figure 2, of the questions that are asked here:", ""]
        text += ["![questions by task and type](questions.png)"]
    with written_whole(folder / REPORT) as part:
        part.write_text("\n".join(text) + "\n")
    return folder / REPORT


def commit() -> str:
    """Of the code that runs; `unknown` where it is no checkout."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def _goals(config: ReproduceConfig, lines: Sequence[Line]) -> list[str]:
    text = ["| GRPO against | mean of three | goal | reached |", "|---|---|---|---|"]
    against_sft = {line.stage: line.change for line in lines}
    for stage, mark in ((ALL, ""), (VERIFIED, ", right or wrong told")):
        if stage == VERIFIED and stage not in against_sft:
            continue
        changes = {FIRST: against_sft.get(stage, {}), "control": best_control(config, stage)}
        for name, goal in GOALS.items():
            figure = changes[name].get("mean")
            clear = figure is not None and figure.mean > 2 * figure.error
            reached = "not run"
            if figure is not None:
                reached = "yes" if clear and figure.mean >= goal else "no"
            text.append(f"| {name}{mark} | {verdict(figure)} | +{goal:.3f} | {reached} |")
    return text


def _spent(stages: Mapping[str, Mapping[str, Mapping]]) -> list[str]:
    lines = ["### Time", "", "| stage | steps | rate | minutes of training |", "|---|---|---|---|"]
    for seed, found in stages.items():
        for name, one in found.items():
            if one["seconds"]:
                cells = f"{one['steps']} | {one['rate']:g} | {one['seconds'] / 60:.1f}"
                lines.append(f"| {name}, {seed} | {cells} |")
    return lines


def draw_learning(config: ReproduceConfig, path: Path) -> bool:
    """Sampled rewards, answers right, and validation over the steps of each GRPO run.

    Returns:
        Whether there was anything to draw.
    """
    # own figure and canvas: pyplot would pick a window system and keep figures
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Picture

    histories = {
        (stage, seed): json.loads(file.read_text())
        for stage in config.stages
        if isinstance(config.stage(stage), GRPORunConfig)
        for seed in config.all_seeds
        if (file := Path(config.at(seed).output) / f"{stage}.history.json").is_file()
    }
    if not histories:
        return False
    picture = Picture(figsize=(9, 8), layout="constrained")
    FigureCanvasAgg(picture)
    axes = picture.subplots(3, 1, sharex=True)
    colours = {stage: f"C{row}" for row, stage in enumerate(dict.fromkeys(s for s, _ in histories))}
    for (stage, seed), rows in histories.items():
        look = {"color": colours[stage], "lw": 2.0 if stage == ALL else 1.0}
        for axis, name in zip(axes, CURVES, strict=False):
            steps, values = _series(rows, name)
            axis.plot(steps[: len(values)], values, **look, label=f"{stage} {seed}")
        points = [(row["step"], row[VALIDATED]) for row in rows if VALIDATED in row]
        if points:
            axes[2].plot(*zip(*points, strict=True), ".-", **look)
    for axis, title in zip(axes, [*CURVES.values(), "unseen rooms, mean of three"], strict=True):
        axis.set_ylabel(title)
        axis.grid(alpha=0.25)
    axes[0].legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)
    axes[2].set_xlabel("step")
    with written_whole(path) as part:
        picture.savefig(part, dpi=110, format="png")
    return True


def _series(rows: Sequence[Mapping[str, float]], name: str) -> tuple[list[float], np.ndarray]:
    """Steps and the moving mean of a logged figure."""
    found = [(row["step"], row[name]) for row in rows if name in row]
    values = np.array([value for _, value in found])
    width = min(SMOOTH, len(values)) or 1
    smooth = np.convolve(values, np.ones(width) / width, "valid") if len(values) else values
    return [step for step, _ in found][width - 1 :], smooth
