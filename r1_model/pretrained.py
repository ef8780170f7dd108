"""Load models: presets, our own folders, and plain Qwen2.5-VL folders. Safetensors only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoTokenizer
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import Qwen2_5_VLConfig

from .config import SCENE_END, SCENE_PAD, SCENE_START, R1Config, R1SceneConfig
from .errors import ModelLoadError
from .modeling import NEW_MODULES, R1ForConditionalGeneration
from .processing import R1Processor

WEIGHTS = Path(__file__).parent / "weights"
PRESETS = {
    "r1-tiny": str(WEIGHTS / "r1-tiny"),
    "qwen2.5-vl-3b": "Qwen/Qwen2.5-VL-3B-Instruct",
    "qwen2.5-vl-7b": "Qwen/Qwen2.5-VL-7B-Instruct",
}
SYSTEM_PROMPT = (
    "You see a 3D scene: its objects as scene tokens, then posed views of it. Think first, then "
    "answer: <think>...</think><answer>...</answer>. Point at things with "
    "<obj>cx, cy, cz, w, h, l</obj>, integers 0 to 255 over the scene's bounds. A plan is numbered "
    "lines: 1. action(object <obj>...</obj>): sentence"
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
    model: str | Path, *, device: str = "auto", dtype: str = "auto", seed: int = 0
) -> Pretrained:
    """Load a preset, a folder, or a model of the local hub cache.

    Args:
        model: a name in PRESETS, a folder, or a hub id.
        device: cpu, cuda, cuda:N, or auto (the GPU where there is one).
        dtype: float32, bfloat16, or auto (float32 on a CPU, bfloat16 on a GPU).
        seed: of the initialisation of new modules.

    Raises:
        ModelLoadError: missing files, unexpected or missing weights, pickled weights, no such
            device. One line.
    """
    source = PRESETS.get(str(model), str(model))
    where = _device(device)
    precision = _dtype(dtype, where)
    try:
        config = _config(source)
        tokenizer = AutoTokenizer.from_pretrained(source)
        new = _prepare_plain_qwen(config, tokenizer) if not isinstance(config, R1Config) else ()
        r1_config = config if isinstance(config, R1Config) else _from_qwen(config, tokenizer)
        torch.manual_seed(seed)
        loaded, report = R1ForConditionalGeneration.from_pretrained(
            source,
            config=r1_config,
            dtype=precision,
            use_safetensors=True,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise ModelLoadError(f"cannot load {model!r}: {reason[:400]}") from error
    _check_keys(str(model), report, new)
    return Pretrained(
        model=loaded.eval().to(where),
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
    kind = json.loads((folder / "config.json").read_text()).get("model_type")
    if kind == R1Config.model_type:
        return R1Config.from_pretrained(folder)
    if kind == Qwen2_5_VLConfig.model_type:
        return Qwen2_5_VLConfig.from_pretrained(folder)
    raise ValueError(f"model_type is {kind!r}, not a 3D-R1 or Qwen2.5-VL model")


def _prepare_plain_qwen(config: Qwen2_5_VLConfig, tokenizer) -> tuple[str, ...]:
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [SCENE_START, SCENE_PAD, SCENE_END]},
        replace_extra_special_tokens=False,
    )
    if len(tokenizer) > config.text_config.vocab_size:
        raise ValueError(
            f"the vocabulary of {config.text_config.vocab_size} has no room for the scene tokens"
        )
    return NEW_MODULES


def _from_qwen(config: Qwen2_5_VLConfig, tokenizer) -> R1Config:
    values = config.to_dict()
    values.pop("model_type")
    start, pad, end = tokenizer.convert_tokens_to_ids([SCENE_START, SCENE_PAD, SCENE_END])
    return R1Config(
        **values,
        scene_config=R1SceneConfig(),
        scene_start_token_id=start,
        scene_token_id=pad,
        scene_end_token_id=end,
        system_prompt=SYSTEM_PROMPT,
    )


def _check_keys(model: str, report: dict, new_modules: tuple[str, ...]) -> None:
    prefixes = tuple(f"model.{name}." for name in new_modules)
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(prefixes))
    problems = []
    for label, keys in (
        ("missing", missing),
        ("unexpected", sorted(report["unexpected_keys"])),
        ("of another shape", sorted(str(key) for key in report["mismatched_keys"])),
    ):
        if keys:
            shown = ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
            problems.append(f"{len(keys)} weights {label} ({shown})")
    if problems:
        raise ModelLoadError(f"cannot load {model!r}: {'; '.join(problems)}")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ModelLoadError(f"no such device: {name!r}") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ModelLoadError(f"device {name!r} asked for, but PyTorch sees no CUDA GPU")
    return device


def _dtype(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    if name not in ("float32", "bfloat16"):
        raise ModelLoadError(f"dtype must be auto, float32 or bfloat16, not {name!r}")
    return getattr(torch, name)
