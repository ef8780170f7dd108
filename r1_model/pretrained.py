"""Load models: presets, our own folders, and plain Qwen2.5-VL folders. Safetensors only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers import AutoTokenizer, PreTrainedTokenizerBase
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig

from r1_model.conversation import R1Processor
from r1_model.errors import InvalidConfigError, ModelLoadError
from r1_model.network.config import SCENE_END, SCENE_PAD, SCENE_START, R1Config, R1SceneConfig
from r1_model.network.modeling import NEW_MODULES, R1ForConditionalGeneration
from r1_model.quantization import quantize, require_kind
from r1_model.text.tokens import token_id

WEIGHTS = Path(__file__).parent / "weights"
PRESETS = {
    "r1-tiny": str(WEIGHTS / "r1-tiny"),
    "qwen2.5-vl-3b": "Qwen/Qwen2.5-VL-3B-Instruct",
    "qwen2.5-vl-7b": "Qwen/Qwen2.5-VL-7B-Instruct",
    "qwen2.5-vl-32b": "Qwen/Qwen2.5-VL-32B-Instruct",
}
SYSTEM_PROMPT = (
    "You see a 3D scene: its objects as scene tokens, then posed views of it. Think first, then "
    "answer: <think>...</think><answer>...</answer>. Point at things with "
    "<obj>cx, cy, cz, w, h, l</obj>, integers 0 to 255 over the scene's bounds. A plan is numbered "
    "lines: 1. action(object <obj>...</obj>): sentence"
)
_TOKENS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
    "scene_start_token_id": SCENE_START,
    "scene_token_id": SCENE_PAD,
    "scene_end_token_id": SCENE_END,
}
# What the libraries raise for files that are damaged or do not fit. They look into JSON without
# asking for its types: TypeError, KeyError, IndexError, AttributeError.
_DAMAGE = (
    OSError,
    ValueError,
    RuntimeError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    SafetensorError,
    StrictDataclassError,
)


@dataclass(frozen=True)
class Pretrained:
    """A loaded model.

    Attributes:
        model: in evaluation mode, on its device.
        processor: its processor.
        name: for people and logs.
        new_modules: modules that were initialised because the folder is a plain Qwen2.5-VL.
    """

    model: R1ForConditionalGeneration
    processor: R1Processor
    name: str
    new_modules: tuple[str, ...]


def load_pretrained(
    model: str | Path,
    *,
    device: str = "auto",
    dtype: str = "auto",
    quantization: str = "none",
    seed: int = 0,
) -> Pretrained:
    """Load a preset, a folder, or a model of the local hub cache.

    Args:
        model: a name in PRESETS, a folder, or a hub id.
        device: cpu, cuda, cuda:N, or auto (the GPU where there is one).
        dtype: float32, bfloat16, or auto (float32 on a CPU, bfloat16 on a GPU).
        quantization: none, fp8, int8 or int4, see `quantization.quantize`.
        seed: of the initialisation of new modules; torch's own random state stays as it is.

    Raises:
        ModelLoadError: missing or damaged files, weights that are unexpected, missing or of another
            shape, pickled weights, a configuration out of range, no such device, quantization
            without torchao. One line.
    """
    source = PRESETS.get(str(model), str(model))
    where = _device(device)
    precision = _dtype(dtype, where)
    require_kind(quantization)
    try:
        config = _config(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
        new = _prepare_plain_qwen(config, tokenizer) if not isinstance(config, R1Config) else ()
        r1_config = config if isinstance(config, R1Config) else _from_qwen(config, tokenizer)
        _check_tokens(r1_config, tokenizer)
        with torch.random.fork_rng(devices=()):  # new modules are made on the CPU
            torch.default_generator.manual_seed(seed)
            found: Any = R1ForConditionalGeneration.from_pretrained(
                source,
                config=r1_config,
                dtype=precision,
                use_safetensors=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # `_check_keys` names them
            )
        loaded, report = found  # a pair where the loading information is asked for
        _check_keys(report, new)
        quantize(loaded.eval(), quantization, where)
        loaded = loaded.to(where)
    except _DAMAGE as error:
        raise ModelLoadError(f"cannot load {model!r}: {_line(error)}") from error
    return Pretrained(
        model=loaded,
        processor=R1Processor(tokenizer, r1_config),
        name=Path(str(model)).name,
        new_modules=tuple(new),
    )


def _config(source: str) -> R1Config | Qwen2_5_VLConfig:
    folder = Path(source)
    if not folder.is_dir():
        if folder.is_absolute() or source.startswith("."):
            raise OSError("no such folder")
        if "/" not in source:
            raise OSError(f"no such folder, and the presets are {', '.join(PRESETS)}")
        # a hub id: the files come from the local cache, or from the hub where it can be reached
        return Qwen2_5_VLConfig.from_pretrained(source)
    if not (folder / "config.json").is_file():
        raise OSError("the folder has no config.json")
    values = json.loads((folder / "config.json").read_text())
    if not isinstance(values, dict):
        raise ValueError(f"config.json holds no object but {str(values)[:80]}")
    kind = values.get("model_type")
    if kind == R1Config.model_type:
        return R1Config.from_pretrained(folder)
    if kind == Qwen2_5_VLConfig.model_type:
        return Qwen2_5_VLConfig.from_pretrained(folder)
    raise ValueError(f"model_type is {kind!r}, not a 3D-R1 or Qwen2.5-VL model")


def _prepare_plain_qwen(
    config: Qwen2_5_VLConfig, tokenizer: PreTrainedTokenizerBase
) -> tuple[str, ...]:
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [SCENE_START, SCENE_PAD, SCENE_END]},
        replace_extra_special_tokens=False,
    )
    size = config.get_text_config().vocab_size
    if len(tokenizer) > size:
        raise ValueError(f"the vocabulary of {size} has no room for the scene tokens")
    return NEW_MODULES


def _from_qwen(config: Qwen2_5_VLConfig, tokenizer: PreTrainedTokenizerBase) -> R1Config:
    values = config.to_dict()
    values.pop("model_type")
    start, pad, end = (token_id(tokenizer, t) for t in (SCENE_START, SCENE_PAD, SCENE_END))
    return R1Config(
        **values,
        scene_config=R1SceneConfig(),
        scene_start_token_id=start,
        scene_token_id=pad,
        scene_end_token_id=end,
        system_prompt=SYSTEM_PROMPT,
    )


def _check_tokens(config: R1Config, tokenizer: PreTrainedTokenizerBase) -> None:
    for name, token in _TOKENS.items():
        said, known = getattr(config, name), token_id(tokenizer, token)
        if said != known or not known < config.text_config.vocab_size:
            raise InvalidConfigError(
                f"{name} is {said}, the tokenizer's {token} is {known} "
                f"of {config.text_config.vocab_size} tokens"
            )
    ends = config.eos_token_id
    ids = [ends] if isinstance(ends, int) else ends
    if not ids or not all(0 <= end < config.text_config.vocab_size for end in ids):
        raise InvalidConfigError(f"eos_token_id is {ends}: no answer would end")


def _check_keys(report: dict[str, Any], new_modules: tuple[str, ...]) -> None:
    prefixes = tuple(f"model.{name}." for name in new_modules)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(prefixes))
    mismatched = sorted(
        f"{key} is {tuple(found)}, not {tuple(expected)}"
        for key, found, expected in report["mismatched_keys"]
    )
    problems = []
    for label, keys in (
        ("missing", missing),
        ("unexpected", sorted(report["unexpected_keys"])),
        ("of another shape", mismatched),
    ):
        if keys:
            shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
            problems.append(f"{len(keys)} weights {label} ({shown})")
    if problems:
        raise ValueError("; ".join(problems))


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelLoadError(f"no such device: {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelLoadError(f"device {name!r} asked for, but PyTorch sees no CUDA GPU")
    try:
        torch.zeros(1, device=device).item()
    # a PyTorch that was built without a device says so in any of these ways
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ModelLoadError(f"device {name!r} cannot be used: {_line(error)}") from error
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if name not in ("float32", "bfloat16"):
        raise ModelLoadError(f"dtype must be auto, float32 or bfloat16, not {name!r}")
    return getattr(torch, name)


def _line(error: Exception) -> str:
    """What went wrong in one line; most errors of Python itself mean little without their name."""
    text = " ".join(str(error).split())[:400]
    says = text and isinstance(error, OSError | ValueError | RuntimeError)
    return text if says else f"{type(error).__name__}: {text}"
