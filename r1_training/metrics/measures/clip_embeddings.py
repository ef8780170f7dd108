"""CLIP embeddings of captions and renderings, for Cap3D. The field uses OpenAI's ViT-B/32."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import open_clip
import torch
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError

from r1_training.metrics.errors import EvaluationInputError, GroundTruthError

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp")
BATCH = 64
Progress = Callable[[int, int], None]
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Clip:
    """A CLIP with its preprocessing, in evaluation mode."""

    model: open_clip.CLIP
    preprocess: Callable[[Image.Image], torch.Tensor]
    tokenize: Callable[[Sequence[str]], torch.Tensor]
    device: torch.device


def load_clip(name: str, weights: str, device: str = "auto") -> Clip:
    """An open_clip model.

    Args:
        name: of the architecture, e.g. `ViT-B-32`.
        weights: a tag that open_clip knows (`openai`), or a `.safetensors` file.
        device: cpu, cuda or auto.

    Raises:
        EvaluationInputError: no such model or weights, or they cannot be read.
    """
    if name not in open_clip.list_models():
        raise EvaluationInputError(f"open_clip has no model {name!r}")
    is_tag = weights in open_clip.list_pretrained_tags_by_model(name)
    is_file = weights.endswith(".safetensors") and Path(weights).is_file()
    if not is_tag and not is_file:
        raise EvaluationInputError(
            f"CLIP weights {weights!r} are neither a tag of {name} nor a .safetensors file"
        )
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        model, preprocess = open_clip.create_model_from_pretrained(
            name, pretrained=weights, device=device
        )
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]
        raise EvaluationInputError(f"CLIP {name} {weights}: {reason}") from error
    return Clip(model.eval(), preprocess, open_clip.get_tokenizer(name), torch.device(device))


def find_renders(folder: Path) -> dict[str, list[Path]]:
    """Object uid -> its renderings, sorted by name: `folder/UID/*.png`.

    Raises:
        GroundTruthError: there are none, or objects have different numbers of them.
    """
    renders = {
        path.name: sorted(file for file in path.iterdir() if file.suffix in IMAGE_ENDINGS)
        for path in sorted(folder.iterdir() if folder.is_dir() else ())
        if path.is_dir()
    }
    if not renders:
        raise GroundTruthError(f"{folder} holds no folder UID/ with renderings")
    counts = {len(files): uid for uid, files in renders.items()}
    if len(counts) != 1 or 0 in counts:
        raise GroundTruthError(
            f"objects have different numbers of renderings in {folder}: "
            + ", ".join(f"{uid} {count}" for count, uid in sorted(counts.items()))
        )
    return renders


@torch.inference_mode()
def embed_captions(clip: Clip, captions: Sequence[str]) -> np.ndarray:
    """(N, D) float32. Captions longer than CLIP's 77 tokens lose their end."""
    parts = [
        clip.model.encode_text(clip.tokenize(list(batch)).to(clip.device)).float().cpu().numpy()
        for batch in _batches(captions)
    ]
    return np.concatenate(parts)


@torch.inference_mode()
def embed_images(
    clip: Clip, paths: Sequence[Path], on_progress: Progress = lambda done, total: None
) -> np.ndarray:
    """(N, D) float32.

    Raises:
        GroundTruthError: a file is no image.
    """
    parts = []
    for batch in _batches(paths):
        pixels = torch.stack([clip.preprocess(_image(path)) for path in batch])
        parts.append(clip.model.encode_image(pixels.to(clip.device)).float().cpu().numpy())
        on_progress(sum(map(len, parts)), len(paths))
    return np.concatenate(parts)


def _batches(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))


def _image(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError) as error:
        raise GroundTruthError(f"{path} is no image: {error}") from error
