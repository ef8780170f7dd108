"""A question as the model reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from r1_model.asking.question import Question
from r1_model.asking.scenes import KnownScene
from r1_model.conversation import Prompt
from r1_model.errors import InvalidQuestionError
from r1_model.scene.scene import View
from r1_model.text.answer import Box

# most tokens of an answer; dense captions name every object of a room
MAX_NEW_TOKENS = {"dense_caption": 900, "planning": 600}
DEFAULT_NEW_TOKENS = 300


@dataclass(frozen=True)
class Ready:
    """A question as the model reads it, and what reading its answer will need.

    Attributes:
        question: as it was given.
        known: its scene.
        task, language: see `Reasoner`.
        found: detections, which the answer's boxes are refined with.
        views: that are shown.
        prompt: with placeholders.
        max_new_tokens: see `Reasoner`.
    """

    question: Question
    known: KnownScene
    task: str
    language: str
    found: list[Box]
    views: list[View]
    prompt: Prompt
    max_new_tokens: int

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Corners, (3,) metres each, that boxes in text refer to, in the frame that is read."""
        return self.known.scene.bounds()


def most_tokens(asked: Question, max_new_tokens: int | None) -> int:
    """Upper bound of an answer.

    Raises:
        InvalidQuestionError, QuestionTooLongError: see `Question.known_task`; or no token is
            allowed.
    """
    task = asked.known_task()
    if max_new_tokens is None:
        return MAX_NEW_TOKENS.get(task, DEFAULT_NEW_TOKENS)
    if max_new_tokens < 1:
        raise InvalidQuestionError(f"max_new_tokens must be at least 1, not {max_new_tokens}")
    return max_new_tokens


def padded_prompts(prompts: Sequence[Prompt], pad: int) -> tuple[Tensor, Tensor, Tensor]:
    """Prompts of different lengths, filled up on the left.

    Returns:
        ids (B, L) with `pad` on padding, positions (3, B, L) and mask (B, L), 0 there.
    """
    batch, longest = len(prompts), max(len(prompt.ids) for prompt in prompts)
    ids = np.full((batch, longest), pad, np.int64)
    positions = np.zeros((3, batch, longest), np.int64)
    mask = np.zeros((batch, longest), np.int64)
    for row, prompt in enumerate(prompts):
        own = slice(longest - len(prompt.ids), None)
        ids[row, own], positions[:, row, own], mask[row, own] = prompt.ids, prompt.positions, 1
    return torch.from_numpy(ids), torch.from_numpy(positions), torch.from_numpy(mask)
