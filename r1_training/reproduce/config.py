"""Settings of `r1 reproduce`: its stages, each with the settings of its own kind of run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from r1_training.common.config import (
    TrainingConfig,
    TrainingConfigError,
    check_types,
    load_settings,
)
from r1_training.grpo.config import GRPORunConfig
from r1_training.metrics.errors import EvaluationInputError
from r1_training.prediction.switches import Switches

LONGEST = 20.0  # minutes of a stage: one machine is not lent for longer
FIRST = "sft"  # what the others start from, and are compared with
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class ShownConfig:
    """A stage's model asked again, and shown something else.

    Attributes:
        stage: whose model.
        policy, views, modalities: see `Switches`.
        prints: ask what is printed on things, in rooms of meshes: what only views can tell.
    """

    stage: str
    policy: str = "selected"
    views: int | None = None
    modalities: Sequence[str] = Switches().modalities
    prints: bool = False

    def __post_init__(self) -> None:
        check_types(self)
        if isinstance(self.modalities, str):
            raise TrainingConfigError(f"modalities must be a list, not {self.modalities!r}")
        self.switches  # noqa: B018  # says what is wrong

    @property
    def switches(self) -> Switches:
        """What the model is shown."""
        try:
            return Switches(self.policy, self.views, tuple(self.modalities))  # type: ignore[arg-type]
        except EvaluationInputError as error:
            raise TrainingConfigError(str(error)) from error


Stage = TrainingConfig | GRPORunConfig | ShownConfig


@dataclass(frozen=True)
class ReproduceConfig:
    """A limited set of rooms: SFT on it until it gains no more, then more SFT, or GRPO.

    Attributes:
        output: folder of all stages.
        model: folder with a trained scene branch; its language model starts anew.
        seed: of the fresh language model and of every stage.
        sft: settings of `TrainingConfig` for SFT, with `distinct` batches of rooms.
        lengths: steps of SFT that are tried, ascending, until one gains nothing in rooms of the
            split val; none: those of `sft`.
        starts: name of a run -> the same; SFT of another kind, from the untrained language model.
        controls: name of a control -> the same; each goes on where SFT ended, on the same rooms,
            for as many steps as SFT does in the time that the first of `grpo` took that was run.
        grpo: name of a run -> settings of `GRPORunConfig`; each starts from the SFT model and asks
            in SFT's rooms.
        shown: name -> settings of `ShownConfig`.
        meshes: pack of `r1 prepare meshes` for stages of `starts` with `meshes: true` and what is
            asked about prints; None: there are no such stages.
        replicates: how many seeds, from `seed` on.
        replicated: stages that each seed has; the others are those of the first seed alone.
        rates: name of a GRPO run -> learning rates that are tried; the best goes on.
        trial_steps: steps of a trial.
        minutes: name of a stage -> training that ends it before its steps are done; LONGEST where
            nothing is said.
        rooms, questions, seeds, tasks: of the evaluation on unseen rooms.
    """

    output: str
    model: str
    sft: Mapping[str, object]
    controls: Mapping[str, Mapping[str, object]]
    grpo: Mapping[str, Mapping[str, object]]
    lengths: Sequence[int] = ()
    starts: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    shown: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    meshes: str | None = None
    replicates: int = 1
    replicated: Sequence[str] = (FIRST,)
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
        for name in ("sft", "controls", "grpo", "starts", "shown", "rates", "minutes"):
            if not isinstance(getattr(self, name), Mapping):
                raise TrainingConfigError(f"{name} must hold settings: {getattr(self, name)!r}")
        if self.tasks is not None and not isinstance(self.tasks, list | tuple):
            raise TrainingConfigError(f"tasks must be a list: {self.tasks!r:.80}")
        for name in ("rooms", "questions", "seeds", "trial_steps", "replicates"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        made: dict[str, Stage] = {}
        sft = self._make(TrainingConfig, FIRST, {"seed": self.seed, **self.sft})
        made[FIRST] = sft
        if not sft.distinct:
            raise TrainingConfigError("sft: distinct must be set, else its rooms have no end")
        rooms = {
            "first_room": sft.seed * 1_000_000 * sft.rooms,
            "all_rooms": sft.distinct * sft.rooms,
            "made_questions": sft.conversations,
            "new_frames": sft.new_frames,
            "model": str(Path(self.output) / "sft" / "final"),
            "seed": self.seed,
        }
        for name, settings in self._runs("grpo"):
            made[name] = self._make(GRPORunConfig, name, {**rooms, **settings})
        for name, settings in self._runs("controls"):
            made[name] = self._make(TrainingConfig, name, {"seed": self.seed, **settings})
        for name, settings in self._runs("starts"):
            if settings.get("meshes") is not True:
                made[name] = self._make(TrainingConfig, name, {"seed": self.seed, **settings})
            elif self.meshes is not None:
                own = {"seed": self.seed, **settings, "meshes": self.meshes}
                made[name] = self._make(TrainingConfig, name, own)
        for name, settings in self._runs("shown"):
            asked = self._make_shown(name, settings)
            if asked.stage in made and (self.meshes is not None or not asked.prints):
                made[name] = asked
        object.__setattr__(self, "_stages", made)
        self._check_limits()

    def _runs(self, kind: str) -> Iterator[tuple[str, Mapping[str, object]]]:
        for name, settings in getattr(self, kind).items():
            if not isinstance(settings, Mapping):
                raise TrainingConfigError(f"{kind} {name} must hold settings: {settings!r}")
            yield name, settings

    def _check_limits(self) -> None:
        """Of `lengths`, `rates` and `minutes`: of stages that there are, and above 0."""
        lengths = self.lengths if isinstance(self.lengths, list | tuple) else [self.lengths]
        ascending = [steps for steps in lengths if isinstance(steps, int) and steps > 0]
        if lengths is not self.lengths or ascending != sorted({*self.lengths}):
            raise TrainingConfigError(f"lengths must be ascending steps, not {self.lengths!r}")
        known = {FIRST, *self.starts, *self.grpo, *self.controls, *self.shown}
        if not isinstance(self.replicated, list | tuple) or not set(self.replicated) <= known:
            raise TrainingConfigError(f"replicated must be a list of stages: {self.replicated!r}")
        for name in set(self.replicated) & set(self._made):
            if self.before(name) not in (None, *self.replicated):
                raise TrainingConfigError(
                    f"replicated: {name} starts from {self.before(name)}, which is not replicated"
                )
        for setting, stages in (("rates", {*self.grpo}), ("minutes", known)):
            for name, value in getattr(self, setting).items():
                if name not in stages:
                    raise TrainingConfigError(f"{setting}: there is no stage {name!r}")
                values = value if setting == "rates" else [value]
                if not isinstance(values, list | tuple) or not values:
                    raise TrainingConfigError(f"{setting} {name}: a list of numbers, not {value!r}")
                for one in values:
                    if not isinstance(one, int | float) or not one > 0:
                        raise TrainingConfigError(f"{setting} {name} must be above 0, not {one!r}")
                    if setting == "minutes" and one > LONGEST:
                        raise TrainingConfigError(f"minutes {name}: at most {LONGEST:g}, not {one}")

    @property
    def _made(self) -> dict[str, Stage]:
        return vars(self)["_stages"]

    def stage(self, name: str) -> Stage:
        """The settings of a stage."""
        return self._made[name]

    @property
    def stages(self) -> list[str]:
        """Names of all stages, in order: each after what it starts from."""
        return list(self._made)

    def before(self, name: str) -> str | None:
        """The stage that this one starts from; None: from the untrained language model."""
        stage = self._made[name]
        if isinstance(stage, ShownConfig):
            return stage.stage
        return None if name == FIRST or name in self.starts else FIRST

    def limit(self, name: str) -> float:
        """Minutes of training that a stage has at most."""
        return 0.0 if isinstance(self._made[name], ShownConfig) else self.minutes.get(name, LONGEST)

    @property
    def all_seeds(self) -> list[int]:
        """The seeds of the whole."""
        return list(range(self.seed, self.seed + self.replicates))

    def at(self, seed: int) -> ReproduceConfig:
        """The stages of one seed, in a folder of their own."""
        return replace(self, seed=seed, output=str(Path(self.output) / f"seed-{seed}"))

    def _make(self, kind: Callable[..., Kind], name: str, settings: Mapping[str, object]) -> Kind:
        try:
            return kind(**{"output": str(Path(self.output) / name), **settings})
        except (TypeError, TrainingConfigError) as error:  # a TypeError names an unknown setting
            raise TrainingConfigError(f"{name}: {error}") from error

    def _make_shown(self, name: str, settings: Mapping[str, object]) -> ShownConfig:
        try:
            asked = ShownConfig(**settings)  # type: ignore[arg-type]
        except (TypeError, TrainingConfigError) as error:
            raise TrainingConfigError(f"{name}: {error}") from error
        if asked.stage not in {FIRST, *self.starts, *self.grpo, *self.controls}:
            raise TrainingConfigError(f"{name}: there is no stage {asked.stage!r} to be asked")
        return asked

    @classmethod
    def load(cls, path: str | Path, **overrides: object) -> ReproduceConfig:
        """Read a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, or a value
                of any stage is impossible.
        """
        return load_settings(cls, path, overrides)
