"""What people see of a run: validation on unseen rooms, sample answers, and an alarm."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from transformers import (
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations import TensorBoardCallback

from r1_model.conversation import R1Processor
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import Pretrained
from r1_model.reasoner import Reasoner
from r1_training.common.present import present
from r1_training.evaluation.room_evaluator import Asked, evaluate_rooms

if TYPE_CHECKING:
    from r1_training.grpo.trainer import R1GRPOTrainer

WINDOW = 20  # log lines that are compared with as many before them
LEAST = 0.02  # a smaller rise or fall is noise
# the figure of each task that counts for the mean
HEADLINE = {"qa": "correct", "grounding": "acc50", "planning": "valid"}
_LOG = logging.getLogger(__name__)


def alarm(history: Sequence[dict[str, float]]) -> str | None:
    """Says so where answers look better and are worse: the mark of a hacked reward.

    Args:
        history: `TrainerState.log_history`; rows without both figures are passed over.
    """
    rows = [
        (row["rewards/format/mean"], row["accuracy"])
        for row in history
        if row.get("rewards/format/mean") is not None and row.get("accuracy") is not None
    ]
    if len(rows) < 2 * WINDOW:
        return None
    before, now = rows[-2 * WINDOW : -WINDOW], rows[-WINDOW:]
    (format_before, right_before), (format_now, right_now) = map(_means, (before, now))
    if format_now - format_before < LEAST or right_before - right_now < LEAST:
        return None
    return (
        f"format rises ({format_before:.3f} -> {format_now:.3f}) while accuracy falls "
        f"({right_before:.3f} -> {right_now:.3f}): a reward is being hacked"
    )


def figures(asked: Sequence[Asked]) -> dict[str, float]:
    """Accuracy of each task, exact format, and the mean of the `HEADLINE` figures."""
    found: dict[str, float] = {"format": _mean([one.verdict["format"] for one in asked])}
    for task in sorted({one.sample.task for one in asked}):
        verdicts = [one.verdict for one in asked if one.sample.task == task]
        found[f"{task}/correct"] = _mean([verdict["correct"] for verdict in verdicts])
        for name in ("acc25", "acc50", "iou", "valid", "goal"):
            values = [verdict[name] for verdict in verdicts if name in verdict]
            if values:
                found[f"{task}/{name}"] = _mean(values)
    names = [f"{task}/{name}" for task, name in HEADLINE.items()]
    headline = [found[name] for name in names if name in found]
    if headline:
        found["mean"] = _mean(headline)
    return found


class Watch(TrainerCallback):
    """Validates, writes sample answers to TensorBoard, and raises the alarm."""

    def __init__(self) -> None:
        self.trainer: R1GRPOTrainer | None = None  # knows its callbacks before they know it
        self._validated = -1

    @property
    def _trainer(self) -> R1GRPOTrainer:
        return present(self.trainer, "the trainer that is watched")

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Validate what the run starts from; a run that goes on has done so."""
        if state.global_step == 0:
            self._validate(state.global_step)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Validate every so many steps."""
        every = self._trainer.run.validate_every
        if every and state.global_step % every == 0:
            self._validate(state.global_step)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Validate what the run has come to."""
        self._validate(state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: object,
    ) -> None:
        """Sample answers, and the alarm."""
        if not state.is_world_process_zero or "reward" not in (logs or {}):
            return
        self._write_samples(state.global_step)
        warning = alarm(state.log_history)
        if warning:
            _LOG.warning("step %d: %s", state.global_step, warning)
            self._writer().add_text("alarm", warning, state.global_step)

    def _write_samples(self, step: int) -> None:
        writer = self._writer()
        for number, sample in enumerate(self._trainer.samples):
            rewards = " ".join(
                f"{name} {value:.2f}" for name, value in sample.rewards.items() if value == value
            )
            # four blanks before a line make Markdown show it as it is
            lines = f"{sample.question}\n\n{sample.text}\n\n{rewards}".replace("\n", "\n    ")
            writer.add_text(f"sample answer {number}", f"    {lines}", step)

    def _writer(self) -> Any:
        [board] = [
            callback
            for callback in self._trainer.callback_handler.callbacks
            if isinstance(callback, TensorBoardCallback)
        ]
        return board.tb_writer

    def _validate(self, step: int) -> None:
        trainer = self._trainer
        if not trainer.run.validate_every or self._validated == step:
            return
        self._validated = step
        if trainer.is_world_process_zero():
            model = trainer.accelerator.unwrap_model(trainer.model)
            training = model.training
            model.eval()
            run = trainer.run
            with trainer.delivered():
                asked = evaluate_rooms(
                    _reasoner(model, trainer.own_tokenizer),
                    rooms=run.validation_rooms,
                    questions=run.validation_questions,
                    seed=run.seed,
                    split="val",
                    tasks=run.tasks,
                )
            model.train(training)
            # not by GRPOTrainer.log, which would add a batch's figures
            Trainer.log(trainer, {f"validation/{k}": v for k, v in figures(asked).items()})
        trainer.accelerator.wait_for_everyone()


def _reasoner(model: R1ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> Reasoner:
    """The policy as users would ask it; without a SceneClip it is shown views spread evenly."""
    processor = R1Processor(tokenizer, model.config)
    return Reasoner(Pretrained(model, processor, "policy", ()), None, model.config.num_views)


def _mean(values: Sequence[float | bool]) -> float:
    return sum(values) / len(values) if values else float("nan")


def _means(rows: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return _mean([row[0] for row in rows]), _mean([row[1] for row in rows])
