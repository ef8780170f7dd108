"""Cap3D object captioning: CLIP score and R@k from CLIP embeddings (ViT-B/32 in the field)."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from r1_training.metrics.errors import GroundTruthError, PredictionError

# CLIPScore's rescaling (Hessel et al., 2021), which Cap3D's numbers have.
CLIP_SCALE = 2.5
RANKS = (1, 5, 10)
_ARRAYS = ("images", "texts")


def cap3d_scores(images: np.ndarray, texts: np.ndarray) -> dict[str, float]:
    """CLIP score and the share of images whose own caption is among the k nearest, in percent.

    Args:
        images: (N, V, D) embeddings of V renderings of N objects, or (N, D) of one.
        texts: (N, D) embeddings of their captions, in the same order.

    Captions at equal distance rank in order of the file.

    Raises:
        GroundTruthError: shapes differ, there are no objects, or an embedding has no length or is
            not finite.
    """
    images = np.asarray(images, np.float64)
    texts = np.asarray(texts, np.float64)
    images = images[:, None] if images.ndim == 2 else images
    if texts.ndim != 2 or not len(texts) or images.ndim != 3 or not images.shape[1]:
        raise GroundTruthError(f"embeddings have shapes {images.shape} and {texts.shape}")
    count = len(texts)
    if len(images) != count or images.shape[2] != texts.shape[1]:
        raise GroundTruthError(f"embeddings have shapes {images.shape} and {texts.shape}")
    for name, vectors in (("images", images), ("texts", texts)):
        if not np.isfinite(vectors).all():
            raise GroundTruthError(f"`{name}` holds a number that is not finite")
    units = _unit(texts)
    own, ranks = [], []
    # One object at a time: all similarities of 5,000 objects and 8 views would be 1.6 GB.
    for index, views in enumerate(images):
        similarity = _unit(views) @ units.T
        mine = similarity[:, index : index + 1]
        own.append(mine[:, 0])
        ranks.append((similarity > mine).sum(1) + (similarity[:, :index] == mine).sum(1))
    rank = np.concatenate(ranks)
    scores = {"CLIP": float(100 * CLIP_SCALE * np.concatenate(own).mean())}
    return scores | {f"R@{k}": float(100 * (rank < k).mean()) for k in RANKS}


def read_embeddings(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """`images` and `texts` from an `.npz` file.

    Raises:
        PredictionError: cannot be read, or an array is missing.
    """
    found: dict[str, np.ndarray] = {}
    try:
        arrays = np.load(path, allow_pickle=False)
        if isinstance(arrays, np.lib.npyio.NpzFile):
            with arrays:
                found = {name: arrays[name] for name in _ARRAYS if name in arrays.files}
    except OSError as error:
        raise PredictionError(f"{path}: cannot be opened: {error.strerror or error}") from error
    # numpy says of an empty file that it ends, of a cut one that it is no zip
    except (ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise PredictionError(f"{path}: {error}") from error
    if set(found) != set(_ARRAYS):
        raise PredictionError(f"{path} is no .npz archive of the two arrays `images` and `texts`")
    for name, array in found.items():
        if array.dtype.kind not in "fiu":
            raise PredictionError(f"{path}: `{name}` must hold numbers, not {array.dtype}")
    return found["images"], found["texts"]


def _unit(vectors: np.ndarray) -> np.ndarray:
    # Scaled first: the squares of very large and very small numbers do not fit.
    largest = np.abs(vectors).max(axis=-1, keepdims=True, initial=0)
    if not (largest > 0).all():
        raise GroundTruthError("an embedding has no length")
    scaled = vectors / largest
    return scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)
