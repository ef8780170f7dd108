"""Ranges of a model's configuration, so that a damaged one is named before anything is built."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from r1_model.errors import InvalidConfigError

if TYPE_CHECKING:
    from r1_model.network.config import R1Config, R1SceneConfig

_MOST = 2**20  # of anything that is counted; more is damage and would fill the memory
_CONTEXT_HEADS = 6  # of the scene encoder's context blocks
_BALLS = 4
_COUNTS = (
    "num_points",
    "num_center_points",
    "num_centers",
    "num_context",
    "point_width",
    "context_width",
    "width",
    "num_candidates",
    "num_seeds",
    "num_objects",
    "layers",
    "heads",
)
# a sample cannot have more than what it is drawn from
_PARTS = (
    ("num_centers", "num_points"),
    ("num_centers", "num_center_points"),
    ("num_context", "num_centers"),
    ("num_uniform", "num_context"),
    ("num_seeds", "num_points"),
    ("num_seeds", "num_candidates"),
    ("num_objects", "num_seeds"),
)
_TEXT_COUNTS = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "max_position_embeddings",
)
_VISION_COUNTS = (
    "depth",
    "hidden_size",
    "intermediate_size",
    "num_heads",
    "in_channels",
    "patch_size",
    "spatial_merge_size",
    "temporal_patch_size",
    "window_size",
    "out_hidden_size",
)


def require_count(
    config: Any, name: str, prefix: str = "", *, least: int = 1, most: int = _MOST
) -> int:
    """`config.name`; raises InvalidConfigError where it is no integer from `least` to `most`."""
    value = getattr(config, name)
    if not (_whole(value) and least <= value <= most):
        shown = f"{value!r}"[:80]
        raise InvalidConfigError(f"{prefix}{name} must be {least} to {most}, not {shown}")
    return value


def check_scene_config(config: R1SceneConfig) -> None:
    """Raises InvalidConfigError for sizes that the scene branch cannot have."""
    for name in _COUNTS:
        require_count(config, name)
    require_count(config, "num_uniform", least=0)
    for part, whole in _PARTS:
        if getattr(config, part) > getattr(config, whole):
            raise InvalidConfigError(
                f"{part} is {getattr(config, part)}, more than {whole}, {getattr(config, whole)}"
            )
    _divisible("width", config.width, "heads", config.heads)
    _divisible("width", config.width, "its two groupings", 2)
    _divisible("context_width", config.context_width, "its heads", _CONTEXT_HEADS)
    _four("radii", config.radii, lambda value: _number(value) and value > 0)
    _four("samples", config.samples, lambda value: _whole(value) and 0 < value <= _MOST)
    if not (_number(config.duplicate_iou) and 0 <= config.duplicate_iou <= 1):
        raise InvalidConfigError(f"duplicate_iou must be 0 to 1, not {config.duplicate_iou!r}")
    extent = config.max_extent
    if extent is not None and not (_number(extent) and extent > 0):
        raise InvalidConfigError(f"max_extent must be above 0 or null, not {extent!r}"[:200])
    if config.look_size is not None:
        require_count(config, "look_size", least=32)
    if config.read_width is not None:
        _divisible("read_width", require_count(config, "read_width"), "its groups", 32)
        if config.look_size is None:
            raise InvalidConfigError(
                f"read_width is {config.read_width}, and without look_size there is nothing to read"
            )
    for name in ("categories", "colors", "materials", "states"):
        names = getattr(config, name)
        if not (_list(names) and names and all(isinstance(entry, str) for entry in names)):
            raise InvalidConfigError(f"{name} must be a list of names, not {str(names)[:80]}")


def check_model_config(config: R1Config) -> None:
    """Raises InvalidConfigError for sizes that the model cannot have; the scene's are checked."""
    text, vision = config.text_config, config.vision_config
    for name in _TEXT_COUNTS:
        require_count(text, name, "text_config.")
    for name in _VISION_COUNTS:
        require_count(vision, name, "vision_config.")
    heads = text.num_attention_heads
    _divisible("text_config.hidden_size", text.hidden_size, "num_attention_heads", heads)
    kv_heads = require_count(text, "num_key_value_heads", "text_config.")
    _divisible("num_attention_heads", heads, "num_key_value_heads", kv_heads)
    _divisible("vision_config.hidden_size", vision.hidden_size, "num_heads", vision.num_heads)
    require_count(config, "num_views")
    flags = (
        "trained",
        "normalise_questions",
        "drop_unrelated_history",
        "names_as_requests",
        "asks_back",
        "align_to_walls",
    )
    for name, kind in (*((flag, bool) for flag in flags), ("system_prompt", str)):
        value = getattr(config, name)
        if not isinstance(value, kind):
            raise InvalidConfigError(f"{name} must be {kind.__name__}, not {value!r}"[:200])
    if config.view_size is not None:
        size = config.view_size
        cell = require_count(vision, "patch_size", "vision_config.") * vision.spatial_merge_size
        fits = _list(size) and len(size) == 2
        if not fits or any(not _whole(n) or not 0 < n <= _MOST or n % cell for n in size):
            raise InvalidConfigError(
                f"view_size must be height and width, multiples of {cell}, not {size!r}"
            )


def _divisible(name: str, value: int, by: str, divisor: int) -> None:
    if value % divisor:
        raise InvalidConfigError(f"{name} is {value}, no multiple of {by}, {divisor}")


def _four(name: str, values: Any, good: Any) -> None:
    if not (_list(values) and len(values) == _BALLS and all(map(good, values))):
        raise InvalidConfigError(f"{name} must be {_BALLS} numbers above 0, not {str(values)[:80]}")


def _list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return (_whole(value) or isinstance(value, float)) and math.isfinite(value)
