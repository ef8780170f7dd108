"""One stage's training: SFT, with trials of its length, or GRPO, with trials of its rate."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

from transformers import TrainerCallback

from r1_training.common.config import TrainingConfig
from r1_training.common.history import FILE as HISTORY
from r1_training.common.history import History, read_history
from r1_training.common.time_limit import Pause, StepLimit, TimeLimit, TimeSpent, Trained
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.run import train as train_grpo
from r1_training.grpo.run import worker_pool
from r1_training.tiny.sft import train as train_sft

_LOG = logging.getLogger(__name__)


SPENT = "spent.json"  # beside a stage's checkpoints


@dataclass(frozen=True)
class Limits:
    """When a stage ends, and when it pauses.

    Attributes:
        minutes: of training, over all the processes that the stage went on in; None: no end.
        pause_at: on the clock of `time.monotonic`, seconds: the stage is saved, and goes on when it
            is started again.
    """

    minutes: float | None = None
    pause_at: float = float("inf")

    def callbacks(self, output: Path) -> tuple[TimeSpent, list[TrainerCallback]]:
        """The clock of a stage in a folder, and what stops it; noted before it is left."""
        spent = TimeSpent(output / SPENT)
        left = float("inf") if self.minutes is None else 60 * self.minutes - spent.seconds
        return spent, [spent, TimeLimit(time.monotonic() + left), Pause(self.pause_at)]


def train_sft_stage(run: TrainingConfig, source: Path, limits: Limits) -> Trained:
    """SFT from a model folder to `run.output`/final.

    Returns:
        Its time of training.

    Raises:
        PausedError: it has to go on later.
    """
    spent, stops = limits.callbacks(Path(run.output))
    train_sft(str(source), run, resume=True, callbacks=[History(), *stops])
    return spent.taken()


def train_while_it_gains(
    run: TrainingConfig,
    source: Path,
    lengths: Sequence[int],
    score: Callable[[Path], float],
    limits: Limits,
) -> Trained:
    """SFT to `run.output`/final, as long as longer is better on rooms that nobody trains in.

    A rate that falls to its end knows its length from the start: each length is a run of its own.

    Args:
        run: settings.
        source: model folder to start from.
        lengths: steps, ascending; the first that is no better than the one before ends the search.
        score: of a model, on unseen rooms.
        limits: of all lengths together.

    Returns:
        The time of training of the run that is kept.

    Raises:
        PausedError: it has to go on later.
    """
    output = Path(run.output)
    best, kept, time_of_best = float("-inf"), Path(), Trained(0.0)
    _, stops = limits.callbacks(output)
    for steps in lengths:
        tried = replace(run, steps=steps, output=str(output / f"steps-{steps}"))
        own = TimeSpent(Path(tried.output) / SPENT)
        final = Path(tried.output) / "final"
        if not final.is_dir():
            train_sft(str(source), tried, resume=True, callbacks=[History(), own, *stops])
        trained = own.taken()  # scoring is no training
        found = score(final)
        _LOG.info("%s: %d steps score %.4f", output.name, steps, found)
        if found <= best:
            break
        best, kept, time_of_best = found, final, trained
    shutil.copy2(kept.parent / HISTORY, output / HISTORY)
    kept.rename(output / "final")
    return time_of_best


def train_grpo_stage(
    run: GRPORunConfig, rates: Sequence[float], trial_steps: int, limits: Limits
) -> tuple[float, Trained]:
    """GRPO to `run.output`/final.

    Of several rates each is tried for some steps on the same questions, and the one whose last
    third has the highest sampled reward goes on from there.

    Args:
        run: settings.
        rates: that are tried; none: the rate of the settings.
        trial_steps: steps of a trial.
        limits: of the stage; trials count.

    Returns:
        The rate that was used, and the time of training.

    Raises:
        PausedError: it has to go on later.
    """
    spent, stops = limits.callbacks(Path(run.output))
    with worker_pool(run.workers) as pool:
        if rates:
            rate = _best_rate(run, rates, trial_steps, stops, pool)
        else:
            train_grpo(run, resume=True, callbacks=[History(), *stops], pool=pool)
            rate = run.learning_rate
    return rate, spent.taken()


def _best_rate(
    run: GRPORunConfig,
    rates: Sequence[float],
    trial_steps: int,
    stops: Sequence[TrainerCallback],
    pool: Executor | None,
) -> float:
    """Try rates and go on with the best; returns it."""
    output, scores = Path(run.output), {}
    for rate in rates:
        trial = replace(_at_rate(run, rate), validate_every=0)
        if not _is_done(trial, trial_steps):
            own = [History(), StepLimit(trial_steps), *stops]
            train_grpo(trial, resume=True, callbacks=own, pool=pool)
        scores[rate] = trial_score(read_history(Path(trial.output)))
        _LOG.info("%s: rate %g scores %.4f", output.name, rate, scores[rate])
    best = max(scores, key=scores.__getitem__)
    chosen = _at_rate(run, best)
    final = train_grpo(chosen, resume=True, callbacks=[History(), *stops], pool=pool)
    shutil.copy2(Path(chosen.output) / HISTORY, output / HISTORY)
    final.rename(output / "final")
    return best


def trial_score(history: Sequence[dict[str, float]]) -> float:
    """Mean sampled reward of the last third of a trial; minus infinity where there is none."""
    values = [row["reward"] for row in history if "reward" in row]
    last = values[-max(1, len(values) // 3) :]
    return sum(last) / len(last) if last else float("-inf")


def _at_rate(run: GRPORunConfig, rate: float) -> GRPORunConfig:
    return replace(run, learning_rate=rate, output=str(Path(run.output) / f"rate-{rate:g}"))


def _is_done(trial: GRPORunConfig, steps: int) -> bool:
    rows = read_history(Path(trial.output))
    return bool(rows) and rows[-1].get("step", 0) >= min(steps, trial.steps)
