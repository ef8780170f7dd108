"""CLIP embeddings of texts, from the project's own SceneClip or any open_clip model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import AutoTokenizer

from r1_model.views.scene_clip import CONFIG_FILE, SceneClip
from r1_training.metrics.errors import EvaluationInputError
from r1_training.metrics.measures.clip_embeddings import load_clip

_CHARACTERS = 4_000  # of a text that are tokenized; CLIP reads 77 tokens
_MOST_KNOWN = 50_000  # texts whose embeddings are kept


class TextEmbeddings:
    """Embeds texts, keeping those of references, which come again and again.

    Args:
        encode: texts -> (N, D) of any length.
    """

    def __init__(self, encode: Callable[[Sequence[str]], Tensor]) -> None:
        self._encode = encode
        self._row: dict[str, int] = {}  # of each known text in the table
        self._table: Tensor | None = None

    @torch.inference_mode()
    def __call__(self, texts: Sequence[str]) -> Tensor:
        """(N, D) float32 of length 1 on the encoder's device; empty texts are zeros."""
        texts = [_clean(text) for text in texts]
        if len(self._row) > _MOST_KNOWN:  # answers are many, and few come again
            self._row, self._table = {}, None
        new = [text for text in dict.fromkeys(texts) if text and text not in self._row]
        if new:
            rows = F.normalize(self._encode(new).float(), dim=-1)
            if self._table is None:  # row 0 is the empty text
                self._table = rows.new_zeros(1, rows.shape[1])
            self._row |= {text: len(self._table) + row for row, text in enumerate(new)}
            self._table = torch.cat((self._table, rows))
        if self._table is None:
            return torch.zeros(len(texts), 1)
        wanted = [self._row[text] if text else 0 for text in texts]
        return self._table[torch.tensor(wanted, dtype=torch.long, device=self._table.device)]

    def cosines(self, first: Sequence[str], second: Sequence[str]) -> list[float]:
        """Cosines of pairs of texts; 0 where one is empty."""
        if not len(first):
            return []
        both = self([*first, *second])
        return (both[: len(first)] * both[len(first) :]).sum(-1).tolist()


def _clean(text: str) -> str:
    # half of a surrogate pair is no text, and tokenizers refuse it
    return text[:_CHARACTERS].encode("utf-8", "ignore").decode().strip()


def load_text_embeddings(source: str, device: str = "cpu") -> TextEmbeddings:
    """The text tower of a CLIP.

    Args:
        source: a folder with `scene_clip.json` and the model's tokenizer (ours), or `NAME:WEIGHTS`
            of open_clip, the weights a tag (`ViT-B-32:openai`) or a `.safetensors` file.
        device: where it runs.

    Raises:
        EvaluationInputError: there is no such model.
        ModelLoadError: the folder's files are damaged.
    """
    if (Path(source) / CONFIG_FILE).is_file():
        tokenizer = AutoTokenizer.from_pretrained(source)
        clip = SceneClip.from_pretrained(source).to(device)
        return TextEmbeddings(lambda texts: clip.encode_text(clip.tokenize(tokenizer, texts)))
    name, colon, weights = source.partition(":")
    if not colon:
        raise EvaluationInputError(
            f"{source!r} is neither a folder with {CONFIG_FILE} nor NAME:WEIGHTS of open_clip"
        )
    own = load_clip(name, weights, device)
    return TextEmbeddings(
        lambda texts: own.model.encode_text(own.tokenize(list(texts)).to(own.device))
    )
