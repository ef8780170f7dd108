"""The course of a training run as a picture: `loss.png` beside its checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from r1_training.common.whole_files import written_whole

FILE = "loss.png"
# what a log row has beside losses; a total of the whole run is no point of a curve
NOT_LOSSES = (
    "step",
    "epoch",
    "learning_rate",
    "grad_norm",
    "train_loss",
    "total_flos",
    "num_tokens",
    "entropy",
    "mean_token_accuracy",
)
SPEED = ("_runtime", "_per_second")
LANGUAGE = ("loss", "language")  # beside the others, which are the dense decoder's


def curves(history: Sequence[dict[str, float]]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Name -> (steps, values) of everything that a run logged, each (N,).

    Args:
        history: `TrainerState.log_history`. Where a step was logged more than once, because the
            run was killed and did it again, the last time counts.
    """
    found: dict[str, dict[int, float]] = {}
    for row in history:
        for name, value in row.items():
            if name != "step" and "step" in row:
                found.setdefault(name, {})[int(row["step"])] = float(value)
    return {
        name: (np.array(sorted(points)), np.array([points[step] for step in sorted(points)]))
        for name, points in found.items()
    }


def draw_loss_curve(history: Sequence[dict[str, float]], path: Path) -> None:
    """Draw total and language loss, the dense decoder's losses, and the learning rate.

    Args:
        history: as in `curves`; nothing is drawn before the first loss is logged.
        path: of the PNG; replaced whole, so that a viewer never sees half of it.
    """
    # own figure and canvas: pyplot would pick a window system and keep figures
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    found = curves(history)
    names = [n for n in found if n not in NOT_LOSSES and not n.endswith(SPEED)]
    # a stage without language logs zero for it
    spoken = [name for name in LANGUAGE if name in names and found[name][1].any()]
    dense = sorted(set(names) - set(LANGUAGE))
    parts = [part for part in (spoken, dense) if part]
    if not parts:
        return
    figure = Figure(figsize=(9, 3 * len(parts) + 2), layout="constrained")
    FigureCanvasAgg(figure)
    heights = [3.0] * len(parts) + [1.3]
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    for axis, part in zip(axes, parts, strict=False):
        for number, name in enumerate(part):
            steps, values = found[name]
            axis.plot(steps, values, ".-", ms=2, lw=1.2, label=name, color=f"C{number}")
        positive = all((found[name][1] > 0).all() for name in part)
        axis.set_yscale("log" if positive else "linear")
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)  # beside the curves
        axis.grid(alpha=0.25, which="both")
    axes[0].set_ylabel("loss" if spoken else "dense losses")
    if spoken and dense:
        axes[1].set_ylabel("dense losses")
    if "learning_rate" in found:
        axes[-1].plot(*found["learning_rate"], lw=1.2, color="0.3")
    axes[-1].set_ylabel("learning rate")
    axes[-1].set_xlabel("step")
    axes[-1].grid(alpha=0.25)
    with written_whole(path) as unfinished:
        figure.savefig(unfinished, dpi=110, format="png")


class LossCurve(TrainerCallback):
    """Keeps `loss.png` in the run's folder up to date, at every checkpoint and at the end."""

    def on_save(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **kwargs: object,
    ) -> None:
        """Draw what was logged so far."""
        if state.is_world_process_zero:
            draw_loss_curve(state.log_history, Path(args.output_dir or ".") / FILE)

    on_train_end = on_save
