"""Configuration of training runs: one YAML file a run, validated here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from r1_training.common.yaml_files import YamlFileError, read_yaml

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
TYPES = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
_OR_NONE = " | None"
LARGEST = 2**63  # what 64 bits hold; inf and nan are none either


class TrainingConfigError(ValueError):
    """A training configuration has an unknown key or an impossible value; the message names it."""


def training_configs(package: Path) -> Path:
    """The folder of the settings that ship: beside the package, or where colcon puts it.

    Args:
        package: folder of `r1_training`; colcon installs it as PREFIX/lib/pythonX/site-packages.
    """
    beside = package.parent / "config" / "training"
    if beside.is_dir() or len(package.parents) < 4:
        return beside
    return package.parents[3] / "share" / "r1_ros" / "config" / "training"


@dataclass(frozen=True)
class TrainingConfig:
    """A run of `r1 train dense` or `r1 train sft` on synthetic rooms.

    Attributes:
        output: folder of checkpoints, logs and the final model.
        init: model folder to start from; None starts from random weights of `r1-tiny`.
        seed: of rooms, weights and order.
        steps: optimizer steps.
        minutes: of training, after which a run ends that has not done its steps; its rate falls
            with the time then (`tiny.paced`). None: as many as the steps take.
        rooms: rooms in a batch, of each device.
        devices: GPUs of the run, each a process of torchrun with batches of its own.
        first_batch: number of its first batch: a run that goes on where another ended has scans and
            frames that the other did not have.
        distinct: batches with rooms of their own; then the same rooms and questions come again,
            scanned anew. 0: every room is new.
        new_frames: these rooms stand in another frame of the map each time, at another place and
            turned by few degrees, so that boxes cannot be learned by heart; without `meshes`.
        conversations: questions per room; 0 trains the scene encoder alone.
        sequence_length: tokens of scene, views and questions of one room.
        scan_views: RGB-D views that a room's cloud is made from.
        scan_size: (height, width) of these views.
        view_size: (height, width) of the colour of those views that the model is shown, finer than
            what its cloud is made from; None: as the others.
        learning_rate: peak of the cosine schedule.
        final_learning_rate: its end.
        warmup: steps of linear warm-up.
        weight_decay: of AdamW.
        dense_weight: factor of the dense decoder's losses beside the language loss.
        language: factor of the language loss.
        workers: processes that make rooms and questions.
        save_every: steps between checkpoints.
        log_every: steps between log lines.
        precision: bf16 or fp32.
        compile: fuse the model's parts (`compiling`) and replay each step from a CUDA graph
            (`step_graph`): takes a minute, on a GPU only.
        language_alone: train the language model; what sees is frozen.
        modality_dropout: share of the rooms of which the model is shown a part (`tiny.
            modality_dropout`), with `language_alone`.
        blind: train on the text alone, the baseline of a model that only reads the question.
        meshes: pack of `r1 prepare meshes`: rooms are made of its meshes; None for rooms of
            primitives.
        backbone: file with weights of MobileNetV2, see `build.load_photographs`: a new model looks
            at what it found. None: it does not.
        mesh_rooms: share of the rooms of a batch that are made of meshes, where there is a pack.
    """

    output: str
    init: str | None = None
    seed: int = 0
    steps: int = 1000
    minutes: float | None = None
    rooms: int = 64
    devices: int = 1
    first_batch: int = 0
    distinct: int = 0
    new_frames: bool = False
    conversations: int = 8
    sequence_length: int = 1536
    scan_views: int = 12
    scan_size: tuple[int, int] = (120, 160)
    view_size: tuple[int, int] | None = None
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    warmup: int = 200
    weight_decay: float = 0.05
    dense_weight: float = 0.3
    language: float = 1.0
    workers: int = 14
    save_every: int = 500
    log_every: int = 20
    precision: str = "bf16"
    compile: bool = False
    language_alone: bool = False
    modality_dropout: float = 0.0
    blind: bool = False
    meshes: str | None = None
    mesh_rooms: float = 1.0
    backbone: str | None = None

    def __post_init__(self) -> None:
        check_types(self)
        object.__setattr__(self, "scan_size", image_size("scan_size", self.scan_size))
        if self.view_size is not None:
            object.__setattr__(self, "view_size", image_size("view_size", self.view_size))
        positive = ("steps", "rooms", "devices", "sequence_length", "scan_views")
        for name in (*positive, "save_every", "log_every"):
            if getattr(self, name) < 1:
                raise TrainingConfigError(f"{name} must be at least 1, not {getattr(self, name)}")
        amounts = ("seed", "first_batch", "distinct", "conversations", "workers", "warmup")
        for name in (*amounts, "weight_decay", "dense_weight", "language"):
            if not getattr(self, name) >= 0:
                raise TrainingConfigError(f"{name} must not be negative: {getattr(self, name)}")
        if self.minutes is not None and not self.minutes > 0:
            raise TrainingConfigError(f"minutes must be above 0 or null, not {self.minutes}")
        if self.precision not in ("bf16", "fp32"):
            raise TrainingConfigError(f"precision must be bf16 or fp32, not {self.precision!r}")
        if self.new_frames and not self.distinct:
            raise TrainingConfigError("new_frames needs distinct: else every room is new anyway")
        if self.new_frames and self.meshes is not None:
            # what is cut off where a map ends differs from frame to frame, and so do the ids
            raise TrainingConfigError("new_frames is of rooms of primitives, not of meshes")
        if not 0 <= self.mesh_rooms <= 1:
            raise TrainingConfigError(f"mesh_rooms must lie in 0 to 1, not {self.mesh_rooms}")
        if not 0 <= self.modality_dropout <= 1:
            raise TrainingConfigError(
                f"modality_dropout must lie in 0 to 1, not {self.modality_dropout}"
            )
        if self.modality_dropout and (self.blind or not self.language_alone):
            raise TrainingConfigError("modality_dropout needs language_alone, and no blind model")
        if not 0 <= self.final_learning_rate <= self.learning_rate:
            raise TrainingConfigError(
                f"final_learning_rate {self.final_learning_rate} must lie between 0 and "
                f"learning_rate {self.learning_rate}"
            )

    @classmethod
    def load(cls, path: str | Path, **overrides: object) -> TrainingConfig:
        """Read a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, or a value
                is impossible.
        """
        return load_settings(cls, path, overrides)


def load_settings(
    kind: type[Settings], path: str | Path, overrides: Mapping[str, object]
) -> Settings:
    """Settings from a YAML file; overrides that are not None win, `~/` is the user's home.

    Raises:
        TrainingConfigError: the file is unreadable, a key is unknown, missing or there twice, or a
            value is impossible; names the file.
    """
    try:
        values = read_yaml(Path(path))
    except YamlFileError as error:
        raise TrainingConfigError(f"cannot read {error}") from error
    if not isinstance(values, dict):
        raise TrainingConfigError(f"{path} holds no settings")
    values |= {key: value for key, value in overrides.items() if value is not None}
    unknown = sorted(map(str, set(values) - {field.name for field in fields(kind)}))
    if unknown:
        raise TrainingConfigError(f"{path}: unknown settings {', '.join(unknown)}")
    needed = {f.name for f in fields(kind) if f.default is MISSING is f.default_factory}
    missing = sorted(needed - set(values))
    if missing:
        raise TrainingConfigError(f"{path}: missing settings {', '.join(missing)}")
    try:
        return kind(**{name: _at_home(value) for name, value in values.items()})
    except TrainingConfigError as error:
        raise TrainingConfigError(f"{path}: {error}") from error


def _at_home(value: object) -> object:
    is_home = isinstance(value, str) and value.startswith("~/")
    return str(Path(value).expanduser()) if is_home else value  # type: ignore[arg-type]


def check_types(config: DataclassInstance) -> None:
    """Numbers of a configuration are finite numbers: YAML reads 1e-3, without a dot, as text.

    Raises:
        TrainingConfigError: naming the setting and its value.
    """
    for field in fields(config):
        value, kind = getattr(config, field.name), str(field.type)
        allowed = TYPES.get(kind.removesuffix(_OR_NONE))
        if allowed is None or (value is None and kind.endswith(_OR_NONE)):
            continue
        truth = isinstance(value, bool) and bool not in allowed  # a bool is an int in Python
        if truth or not isinstance(value, allowed):
            raise TrainingConfigError(f"{field.name} must be {field.type}, not {value!r:.80}")
        if isinstance(value, str) and not value.strip():
            raise TrainingConfigError(f"{field.name} must not be an empty text")
        if isinstance(value, int | float) and not abs(value) < LARGEST:
            raise TrainingConfigError(f"{field.name} must be finite and below 2^63: {value!r}")


def image_size(name: str, value: Sequence[int]) -> tuple[int, int]:
    """(height, width) in pixels.

    Raises:
        TrainingConfigError: it is none.
    """
    size = tuple(value) if isinstance(value, list | tuple) else ()
    if len(size) != 2 or not all(isinstance(n, int) and n > 0 for n in size):
        raise TrainingConfigError(f"{name} must be [height, width] in pixels, not {value!r}")
    return size
