"""Settings of a GRPO run on synthetic rooms: one YAML file, validated here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from r1_model.text.answer import TASKS
from r1_training.common.config import TrainingConfigError, check_types, load_settings


@dataclass(frozen=True)
class Objective:
    """One of the published losses, in TRL's terms.

    Attributes:
        loss_type: how tokens are summed: per answer (`grpo`), over all (`dapo`), or over all by a
            constant (`dr_grpo`).
        scale_rewards: `group` divides advantages by the group's spread, `none` does not.
        level: importance ratios of a `token` or of a whole `sequence`.
        clip_low, clip_high: how far a ratio may be from 1.
    """

    loss_type: str
    scale_rewards: str
    level: str
    clip_low: float
    clip_high: float


OBJECTIVES = {
    "grpo": Objective("grpo", "group", "token", 0.2, 0.2),  # arXiv 2402.03300
    "dapo": Objective("dapo", "group", "token", 0.2, 0.28),  # arXiv 2503.14476
    "dr_grpo": Objective("dr_grpo", "none", "token", 0.2, 0.2),  # arXiv 2503.20783
    "gspo": Objective("grpo", "group", "sequence", 3e-4, 4e-4),  # arXiv 2507.18071
}
REWARDS = ("format", "perception", "semantic", "plan", "correct")


@dataclass(frozen=True)
class GRPORunConfig:
    """A run of `r1 train grpo`.

    Attributes:
        output: folder of checkpoints, logs and the final model.
        model: folder of the SFT model, which policy and reference start from.
        seed: of the order of rooms, questions and samples.
        steps: optimizer steps.
        first_room, all_rooms: the training rooms, by number; SFT's are
            `seed * 1_000_000 * rooms` and `steps * rooms`.
        made_questions: questions made for each room, as `conversations` in SFT.
        rooms: rooms of one batch of answers, over all devices.
        questions: of each of these rooms.
        scans: of a room that are kept and used in turn; 0: each visit scans it anew.
        new_frames: each of these scans stands in another frame of the map, none of SFT's (see
            `TrainingConfig.new_frames`).
        tasks: of the questions; dense captions are long, and no reward of ours needs them.
        group_size: answers to each question.
        temperature: of sampling.
        max_new_tokens: longest answer; what is cut off is not trained on.
        loss: one of `OBJECTIVES`.
        clip_low, clip_high: of the ratio; None: as the loss's authors have them.
        updates: optimizer steps on one batch of answers. With one, the ratio is 1 and never
            clipped.
        answers_at_a_time: answers in one forward and backward pass on a device.
        kl_beta: weight of the KL penalty to the SFT model; 0: no reference is kept.
        reward_format, reward_perception, reward_semantic, reward_plan, reward_correct: weights.
            `correct` is the room checker, which the paper does not have: it is logged always.
        least_spread: standard deviation of a group's rewards below which it is not trained on: its
            answers differ in little, and divided by that they would teach as loudly as others.
        embeddings: CLIP of the semantic reward, see `load_text_embeddings`; None: the model's own.
        learning_rate: constant after `warmup` steps.
        weight_decay, max_grad_norm: of Adam.
        mean_decay: of the `RunningMean` of the weights that a run delivers; 0: it delivers those of
            its last step.
        validate_every: steps between validations on unseen rooms, also before the first and after
            the last; 0: never.
        validation_rooms, validation_questions: how many, and of each.
        save_every, log_every: steps between checkpoints and log lines.
        workers: processes that make rooms and judge answers.
        devices: of the run, each a process of torchrun.
        precision: bf16 or fp32.
    """

    output: str
    model: str
    seed: int = 0
    steps: int = 1000
    first_room: int = 0
    all_rooms: int = 1064
    made_questions: int = 28
    rooms: int = 12
    questions: int = 6
    scans: int = 0
    new_frames: bool = False
    tasks: tuple[str, ...] = tuple(task for task in TASKS if task != "dense_caption")
    group_size: int = 16
    temperature: float = 1.0
    max_new_tokens: int = 256
    loss: str = "dapo"
    clip_low: float | None = None
    clip_high: float | None = None
    updates: int = 1
    answers_at_a_time: int = 192
    kl_beta: float = 0.02
    reward_format: float = 1.0
    reward_perception: float = 1.0
    reward_semantic: float = 1.0
    reward_plan: float = 1.0
    reward_correct: float = 0.0
    least_spread: float = 0.0
    embeddings: str | None = None
    learning_rate: float = 1e-6
    warmup: int = 10
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    mean_decay: float = 0.0
    validate_every: int = 50
    validation_rooms: int = 64
    validation_questions: int = 12
    save_every: int = 100
    log_every: int = 1
    workers: int = 14
    devices: int = 1
    precision: str = "bf16"

    def __post_init__(self) -> None:
        check_types(self)
        if not isinstance(self.tasks, list | tuple):
            raise TrainingConfigError(f"tasks must be a list: {self.tasks!r}")
        object.__setattr__(self, "tasks", tuple(self.tasks))
        unknown = sorted(set(map(str, self.tasks)) - set(TASKS))
        if unknown or not self.tasks:
            raise TrainingConfigError(f"tasks must be among {', '.join(TASKS)}: {unknown}")
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.group_size < 2:
            raise TrainingConfigError(
                f"group_size must be at least 2, a group of {self.group_size} has no spread"
            )
        for name in (*_NOT_NEGATIVE, *(f"reward_{reward}" for reward in REWARDS)):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise TrainingConfigError(f"{name} must be a number from 0 on, not {value}")
        if not any(self.reward_weights):
            raise TrainingConfigError("all reward weights are 0: there is nothing to learn from")
        for name in ("temperature", "max_grad_norm"):
            if not 0 < getattr(self, name) < math.inf:
                raise TrainingConfigError(f"{name} must be above 0, not {getattr(self, name)}")
        if not 0 <= self.mean_decay < 1:
            raise TrainingConfigError(f"mean_decay must be in [0, 1), not {self.mean_decay}")
        if self.loss not in OBJECTIVES:
            raise TrainingConfigError(
                f"loss must be one of {', '.join(OBJECTIVES)}, not {self.loss!r}"
            )
        if self.precision not in ("bf16", "fp32"):
            raise TrainingConfigError(f"precision must be bf16 or fp32, not {self.precision!r}")
        self._check_divisions()

    def _check_divisions(self) -> None:
        if self.rooms % self.devices:
            raise TrainingConfigError(
                f"rooms {self.rooms} must be a multiple of devices {self.devices}"
            )
        part = self.answers_at_a_time * self.updates
        if self.device_answers % part:
            raise TrainingConfigError(
                f"a device's {self.device_answers} answers (rooms x questions x group_size / "
                f"devices) must be a multiple of answers_at_a_time x updates, {part}"
            )
        for name in ("steps", "save_every"):
            if getattr(self, name) % self.updates:
                raise TrainingConfigError(
                    f"{name} {getattr(self, name)} must be a multiple of updates {self.updates}: "
                    "a checkpoint keeps no answers"
                )

    @property
    def reward_weights(self) -> list[float]:
        """In the order of `REWARDS`."""
        return [getattr(self, f"reward_{name}") for name in REWARDS]

    @property
    def device_answers(self) -> int:
        """Answers of one device in a batch."""
        return self.rooms // self.devices * self.questions * self.group_size

    @property
    def accumulation(self) -> int:
        """Forward and backward passes of a device in an optimizer step."""
        return self.device_answers // (self.answers_at_a_time * self.updates)

    @property
    def objective(self) -> Objective:
        """The loss with this run's clipping."""
        own = OBJECTIVES[self.loss]
        return Objective(
            own.loss_type,
            own.scale_rewards,
            own.level,
            own.clip_low if self.clip_low is None else self.clip_low,
            own.clip_high if self.clip_high is None else self.clip_high,
        )

    @classmethod
    def load(cls, path: str | Path, **overrides: object) -> GRPORunConfig:
        """Read a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, or a value
                is impossible.
        """
        return load_settings(cls, path, overrides)


_COUNTS = (
    *("steps", "all_rooms", "made_questions", "rooms", "questions", "max_new_tokens", "updates"),
    *("answers_at_a_time", "validation_rooms", "validation_questions", "save_every", "log_every"),
    "devices",
)
_NOT_NEGATIVE = (
    *("seed", "first_room", "kl_beta", "learning_rate", "warmup", "weight_decay", "workers"),
    *("validate_every", "clip_low", "clip_high", "scans", "least_spread"),
)
