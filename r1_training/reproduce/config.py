"""Settings of `r1 reproduce`: its stages, each with the settings of its own kind of run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from r1_training.common.config import (
    TrainingConfig,
    TrainingConfigError,
    check_types,
    read_settings,
)
from r1_training.grpo.config import GRPORunConfig

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class ReproduceConfig:
    """A limited set of rooms: SFT on it until it gains no more, then more SFT, or GRPO.

    Attributes:
        output: folder of all stages.
        model: folder with a trained scene branch; its language model starts anew.
        seed: of the fresh language model and of every stage.
        sft: settings of `TrainingConfig` for SFT, with `distinct` batches of rooms.
        control: the same for the control, which goes on where SFT ended, on the same rooms.
        grpo: name of a run -> settings of `GRPORunConfig`; each starts from the SFT model and asks
            in SFT's rooms.
        rooms, questions, seeds: of the evaluation on unseen rooms.
    """

    output: str
    model: str
    sft: Mapping[str, object]
    control: Mapping[str, object]
    grpo: Mapping[str, Mapping[str, object]]
    seed: int = 0
    rooms: int = 100
    questions: int = 12
    seeds: int = 2

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("sft", "control", "grpo"):
            if not isinstance(getattr(self, name), Mapping):
                raise TrainingConfigError(f"{name} must hold settings: {getattr(self, name)!r}")
        for name in ("rooms", "questions", "seeds"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        made: dict[str, TrainingConfig | GRPORunConfig] = {}
        sft = self._make(TrainingConfig, "sft", {"seed": self.seed, **self.sft})
        control = self._make(TrainingConfig, "control", {"seed": self.seed, **self.control})
        made |= {"sft": sft, "control": control}
        if not sft.distinct:
            raise TrainingConfigError("sft: distinct must be set, else its rooms have no end")
        rooms = {
            "first_room": sft.seed * 1_000_000 * sft.rooms,
            "all_rooms": sft.distinct * sft.rooms,
            "made_questions": sft.conversations,
            "model": str(Path(self.output) / "sft" / "final"),
            "seed": self.seed,
        }
        for name, settings in self.grpo.items():
            if not isinstance(settings, Mapping):
                raise TrainingConfigError(f"grpo {name} must hold settings: {settings!r}")
            made[name] = self._make(GRPORunConfig, name, {**rooms, **settings})
        object.__setattr__(self, "_stages", made)

    @property
    def _made(self) -> dict[str, TrainingConfig | GRPORunConfig]:
        return vars(self)["_stages"]

    def stage(self, name: str) -> TrainingConfig | GRPORunConfig:
        """The settings of a stage: `sft`, `control`, or one of `grpo`."""
        return self._made[name]

    @property
    def stages(self) -> list[str]:
        """Names of all stages, in order."""
        return list(self._made)

    def _make(self, kind: Callable[..., Kind], name: str, settings: Mapping[str, object]) -> Kind:
        try:
            return kind(**{"output": str(Path(self.output) / name), **settings})
        except (TypeError, TrainingConfigError) as error:  # a TypeError names an unknown setting
            raise TrainingConfigError(f"{name}: {error}") from error

    @classmethod
    def load(cls, path: str | Path, **overrides: object) -> ReproduceConfig:
        """Read a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, or a value
                of any stage is impossible.
        """
        return cls(**read_settings(cls, path, overrides))
