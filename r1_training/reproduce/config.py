"""Settings of `r1 reproduce`: its stages, each with the settings of its own kind of run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
        controls: name of a control -> the same; each goes on where SFT ended, on the same rooms,
            for as many steps as SFT does in the time that the first of `grpo` took.
        grpo: name of a run -> settings of `GRPORunConfig`; each starts from the SFT model and asks
            in SFT's rooms.
        rates: name of a GRPO run -> learning rates that are tried; the best goes on.
        trial_steps: steps of a trial.
        minutes: name of a stage -> training that ends it before its steps are done.
        rooms, questions, seeds, tasks: of the evaluation on unseen rooms.
    """

    output: str
    model: str
    sft: Mapping[str, object]
    controls: Mapping[str, Mapping[str, object]]
    grpo: Mapping[str, Mapping[str, object]]
    rates: Mapping[str, Sequence[float]] = field(default_factory=dict)
    trial_steps: int = 60
    minutes: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    rooms: int = 100
    questions: int = 12
    seeds: int = 2
    tasks: Sequence[str] | None = None

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("sft", "controls", "grpo", "rates", "minutes"):
            if not isinstance(getattr(self, name), Mapping):
                raise TrainingConfigError(f"{name} must hold settings: {getattr(self, name)!r}")
        for name in ("rooms", "questions", "seeds", "trial_steps"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        made: dict[str, TrainingConfig | GRPORunConfig] = {}
        sft = self._make(TrainingConfig, "sft", {"seed": self.seed, **self.sft})
        made["sft"] = sft
        if not sft.distinct:
            raise TrainingConfigError("sft: distinct must be set, else its rooms have no end")
        rooms = {
            "first_room": sft.seed * 1_000_000 * sft.rooms,
            "all_rooms": sft.distinct * sft.rooms,
            "made_questions": sft.conversations,
            "model": str(Path(self.output) / "sft" / "final"),
            "seed": self.seed,
        }
        for name, settings in self._runs("grpo"):
            made[name] = self._make(GRPORunConfig, name, {**rooms, **settings})
        for name, settings in self._runs("controls"):
            made[name] = self._make(TrainingConfig, name, {"seed": self.seed, **settings})
        object.__setattr__(self, "_stages", made)
        self._check_limits()

    def _runs(self, kind: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        for name, settings in getattr(self, kind).items():
            if not isinstance(settings, Mapping):
                raise TrainingConfigError(f"{kind} {name} must hold settings: {settings!r}")
            yield name, settings

    def _check_limits(self) -> None:
        """Of `rates` and `minutes`: of stages that there are, and above 0."""
        for setting, stages in (("rates", self.grpo), ("minutes", self._made)):
            for name, value in getattr(self, setting).items():
                if name not in stages:
                    raise TrainingConfigError(f"{setting}: there is no stage {name!r}")
                values = value if setting == "rates" else [value]
                if not isinstance(values, list | tuple) or not values:
                    raise TrainingConfigError(f"{setting} {name}: a list of numbers, not {value!r}")
                for one in values:
                    if not isinstance(one, int | float) or not one > 0:
                        raise TrainingConfigError(f"{setting} {name} must be above 0, not {one!r}")

    @property
    def _made(self) -> dict[str, TrainingConfig | GRPORunConfig]:
        return vars(self)["_stages"]

    def stage(self, name: str) -> TrainingConfig | GRPORunConfig:
        """The settings of a stage: `sft`, one of `grpo` or one of `controls`."""
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
