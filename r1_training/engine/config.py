"""Settings of the engine: plain dataclasses, read from YAML, validated here and nowhere else."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from r1_training.common.yaml_files import YamlFileError, read_yaml
from r1_training.engine.errors import EngineConfigError
from r1_training.engine.filters import PRESETS, SANE, FilterConfig
from r1_training.engine.teachers.teacher import Stage, Usage

TEACHERS = ("gemini", "rules")
SAFETY_CATEGORIES = ("harassment", "hate", "sexual", "dangerous")
SAFETY_THRESHOLDS = (
    "block_none",
    "block_low_and_above",
    "block_medium_and_above",
    "block_only_high",
)


@dataclass(frozen=True)
class ModelConfig:
    """A teacher model and its price.

    Attributes:
        name: e.g. `gemini-2.5-pro`.
        temperature: 0..2.
        input_usd_per_million, output_usd_per_million: list price of a million tokens.
    """

    name: str = "gemini-2.5-pro"
    temperature: float = 0.7
    input_usd_per_million: float = 1.25
    output_usd_per_million: float = 10.0

    def cost(self, usage: Usage) -> float:
        """Price of a request, US dollars."""
        return (
            usage.input_tokens * self.input_usd_per_million
            + usage.output_tokens * self.output_usd_per_million
        ) / 1e6


@dataclass(frozen=True)
class TeacherConfig:
    """Who writes.

    Attributes:
        kind: one of TEACHERS. `rules` works offline and costs nothing.
        reasoning: the model that writes <think> and <answer>.
        consistency: the model that answers again from the thinking.
        endpoint: REST endpoint, `http://` or `https://`.
        max_output_tokens: of one answer, hidden reasoning included.
        timeout_seconds: without a byte from the server.
        seed: of `rules`.
        safety: category (SAFETY_CATEGORIES) to threshold (SAFETY_THRESHOLDS).
    """

    kind: str = "gemini"
    reasoning: ModelConfig = field(default_factory=ModelConfig)
    consistency: ModelConfig = field(default_factory=lambda: ModelConfig(temperature=0.0))
    endpoint: str = "https://generativelanguage.googleapis.com"
    max_output_tokens: int = 8192
    timeout_seconds: float = 180.0
    seed: int = 0
    safety: dict[str, str] = field(
        default_factory=lambda: dict.fromkeys(SAFETY_CATEGORIES, "block_only_high")
    )

    def model(self, stage: Stage) -> ModelConfig:
        """The model of a stage."""
        return self.reasoning if stage == "reasoning" else self.consistency


@dataclass(frozen=True)
class LimitsConfig:
    """How fast, how long and how much.

    Attributes:
        concurrency: requests at the same time.
        requests_per_minute, tokens_per_minute: the account's quota; 0 is no limit.
        max_attempts: of one request, the first included.
        first_backoff_seconds, max_backoff_seconds: exponential, with full jitter.
        give_up_after: requests in a row, over all items, that used up their attempts before the
            run stops: the teacher is then down, and the items are worth keeping for later.
        budget_usd: never exceeded by what the server is known to bill, over all runs of one
            output; 0 is no limit.
        min_free_bytes: of the disk; no new request is sent below it.
    """

    concurrency: int = 50
    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    max_attempts: int = 5
    first_backoff_seconds: float = 1.0
    max_backoff_seconds: float = 60.0
    give_up_after: int = 20
    budget_usd: float = 0.0
    min_free_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True)
class EngineConfig:
    """All settings of a run. `limits` may change between two runs of one output, the rest may not.

    Raises:
        EngineConfigError: a value is out of range.
    """

    teacher: TeacherConfig = field(default_factory=TeacherConfig)
    filters: FilterConfig = SANE
    limits: LimitsConfig = field(default_factory=LimitsConfig)

    def __post_init__(self) -> None:
        _validate(self)

    def identity(self) -> dict[str, Any]:
        """What makes two runs comparable: recorded in the journal, compared on resume."""
        teacher = asdict(self.teacher)
        for name in ("endpoint", "timeout_seconds"):
            del teacher[name]
        return {"teacher": teacher, "filters": asdict(self.filters)}


def load_config(path: Path) -> EngineConfig:
    """Read a YAML file with the fields of EngineConfig; what it leaves out has its default.

    `filters` is the name of a preset, or a mapping of FilterConfig's fields.

    Raises:
        EngineConfigError: unreadable, an unknown setting, or a value out of range.
    """
    try:
        data = read_yaml(path)
    except YamlFileError as error:
        raise EngineConfigError(f"cannot read {error}") from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise EngineConfigError(f"{path} must be a mapping, got {data!r:.80}")
    filters = data.get("filters")
    if isinstance(filters, str):
        if filters not in PRESETS:
            raise EngineConfigError(f"{path}: filters is {filters!r}, not one of {list(PRESETS)}")
        data["filters"] = asdict(PRESETS[filters])
    try:
        return _build(EngineConfig, data, str(path))
    except EngineConfigError as error:
        told = str(error).startswith(str(path))
        raise EngineConfigError(str(error) if told else f"{path}: {error}") from error


def _build(cls: type, data: Any, where: str) -> Any:
    """A dataclass from a mapping, nested; unknown names and wrong types are errors."""
    if not isinstance(data, dict):
        raise EngineConfigError(f"{where} must be a mapping, got {data!r}")
    defaults = cls() if cls is not FilterConfig else FilterConfig(name="custom")
    known = {f.name for f in fields(cls)}
    if unknown := sorted(set(data) - known, key=str):
        raise EngineConfigError(f"{where}: unknown setting {unknown[0]!r}, known: {sorted(known)}")
    values = {}
    for name, value in data.items():
        default = getattr(defaults, name)
        if is_dataclass(default):
            values[name] = _build(type(default), value, f"{where}: {name}")
            continue
        if isinstance(default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(default):
            kind = type(default).__name__
            raise EngineConfigError(f"{where}: {name} must be a {kind}, got {value!r:.80}")
        values[name] = value
    return cls(**{f.name: getattr(defaults, f.name) for f in fields(cls)} | values)


def _validate(config: EngineConfig) -> None:
    teacher, filters, limits = config.teacher, config.filters, config.limits
    _require(teacher.kind in TEACHERS, "teacher.kind", teacher.kind, f"one of {TEACHERS}")
    for stage in ("reasoning", "consistency"):
        model = teacher.model(stage)
        is_name = re.fullmatch(r"((tuned)?[mM]odels/)?[\w.-]+", model.name) is not None
        _require(is_name, f"teacher.{stage}.name", model.name, "a model name")
        _require(0 <= model.temperature <= 2, f"{stage}.temperature", model.temperature, "0..2")
        for name in ("input_usd_per_million", "output_usd_per_million"):
            _require(getattr(model, name) >= 0, f"{stage}.{name}", getattr(model, name), ">= 0")
    is_url = teacher.endpoint.startswith(("http://", "https://"))
    _require(is_url, "teacher.endpoint", teacher.endpoint, "a http:// or https:// address")
    _require(teacher.max_output_tokens > 0, "max_output_tokens", teacher.max_output_tokens, "> 0")
    _require(teacher.timeout_seconds > 0, "timeout_seconds", teacher.timeout_seconds, "> 0")
    for category, threshold in teacher.safety.items():
        _require(category in SAFETY_CATEGORIES, "safety", category, f"one of {SAFETY_CATEGORIES}")
        _require(threshold in SAFETY_THRESHOLDS, category, threshold, f"{SAFETY_THRESHOLDS}")
    for name in ("min_think_words", "min_answer_words", "min_steps"):
        _require(getattr(filters, name) >= 0, f"filters.{name}", getattr(filters, name), ">= 0")
    value = filters.min_similarity
    _require(0 <= value <= 1, "filters.min_similarity", value, "0..1")
    _require(1 <= limits.concurrency <= 1000, "concurrency", limits.concurrency, "1..1000")
    for name in ("max_attempts", "give_up_after"):
        _require(getattr(limits, name) >= 1, f"limits.{name}", getattr(limits, name), ">= 1")
    for name in ("requests_per_minute", "tokens_per_minute", "budget_usd", "min_free_bytes"):
        _require(getattr(limits, name) >= 0, f"limits.{name}", getattr(limits, name), ">= 0")
    _require(
        0 < limits.first_backoff_seconds <= limits.max_backoff_seconds,
        "limits.first_backoff_seconds",
        limits.first_backoff_seconds,
        "0 < first <= max_backoff_seconds",
    )


def _require(ok: bool, name: str, value: object, expected: str) -> None:
    if not ok:
        raise EngineConfigError(f"{name} is {value!r}, expected {expected}")
