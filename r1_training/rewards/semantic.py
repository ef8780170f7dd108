"""Does an answer mean what the reference means? Cosine of CLIP text embeddings, guarded."""

from __future__ import annotations

import re

_TAG = re.compile(r"</?(?:think|answer)>")
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W\u3400-\u9fff]+")
# An answer may be this much longer than its reference before it counts as padded.
_FACTOR, _SPARE = 1.5, 4
_MOST = 20_000  # characters that are looked at; no answer is longer


def semantic_reward(answer: str, reference: str, cosine: float) -> float:
    """The cosine of the two texts, less for an answer that is padded or repeats itself.

    CLIP hardly sees length, order or repetition, and cuts a text after 77 tokens: without the
    guards a list of all colours comes close to every answer about a colour.

    Args:
        answer: what people read of the model's answer (`ParsedAnswer.answer`); no letter: 0.
        reference: the same of the true answer.
        cosine: of their embeddings, see `text_embeddings`; NaN counts as 0.

    Returns:
        In [0, 1]; 1 for the reference itself.
    """
    said, expected = words(answer), words(reference)
    if not said or not cosine > 0:
        return 0.0
    allowed = _FACTOR * len(expected) + _SPARE
    brevity = min(1.0, allowed / len(said))
    # what the reference says twice may be said twice
    fresh = min(1.0, _distinct(said) / _distinct(expected))
    return min(cosine, 1.0) * brevity**2 * fresh**2


def words(text: str) -> list[str]:
    """Words of a text in lower case; each Chinese character is one, tags are none."""
    return _WORD.findall(_TAG.sub(" ", text[:_MOST].lower()))


def _distinct(said: list[str]) -> float:
    """Share of the runs of three words that are there once; 1 for fewer than three words."""
    runs = list(zip(said, said[1:], said[2:], strict=False))
    return len(set(runs)) / len(runs) if runs else 1.0
