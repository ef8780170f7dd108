"""Many sequences with a common start, each start read once: an opening, questions, and answers.

All questions about a scene begin with the same tokens, and all answers to a question with that
question. Reading them again for each answer would be most of the work of scoring answers. So a row
holds a scene's opening, then questions with their answers; a mask hides from each answer what does
not belong to it. One pass reads all of it: short passes cost a GPU more to launch than to run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from r1_model.network.modeling import R1Model

# Tokens of a row. Longer ones repeat fewer openings, and hide more of themselves from themselves.
WIDTH = 2048
ALIGNED = 8  # rows have a multiple of it: else a GPU copies the mask for each layer
OPENING, NOTHING = 0, -1  # in place of a question's number


@dataclass(frozen=True)
class Prefix:
    """What B sequences begin with: one of R scenes in the same opening, then one of Q questions.

    Attributes:
        ids: (P,) the opening, with placeholders.
        positions: (3, P).
        scenes: (Q,) which of the R scenes each question is about.
        asked: (Q, L) tokens of the questions behind the opening, padding on the left.
        asked_mask: (Q, L), 0 on padding.
        asked_positions: (3, Q, L).
        rows: (B,) which question each sequence goes on from.
    """

    ids: Tensor
    positions: Tensor
    scenes: Tensor
    asked: Tensor
    asked_mask: Tensor
    asked_positions: Tensor
    rows: Tensor


@dataclass(frozen=True)
class EmbeddedPrefix:
    """What B sequences begin with: one of Q prompts that are embedded already.

    For prompts with nothing in common, each with its own scene and its own number of views. A row
    then has a prompt and all its sequences.

    Attributes:
        embeddings: (Q, L, hidden), padding on the left.
        mask: (Q, L), 0 on padding.
        positions: (3, Q, L).
        rows: (B,) which prompt each sequence goes on from.
    """

    embeddings: Tensor
    mask: Tensor
    positions: Tensor
    rows: Tensor


@dataclass(frozen=True)
class Layout:
    """W rows of L tokens. The tokens are those of opening, questions and answers, in this order.

    Attributes:
        scenes: (W,) scene of each row.
        source: (W, L) which token stands there; anything on padding.
        question: (W, L) its question + 1, OPENING, or NOTHING on padding.
        answer: (W, L) its answer + 1; 0: it is of none.
        place: for each answer where its first token stands, row * L + column.
    """

    scenes: np.ndarray
    source: np.ndarray
    question: np.ndarray
    answer: np.ndarray
    place: np.ndarray


def read_continuations(
    backbone: R1Model,
    prefix: Prefix,
    scene: Tensor,
    views: Tensor,
    input_ids: Tensor,
    mask: Tensor,
    position_ids: Tensor,
) -> Tensor:
    """Hidden states of what stands behind a prefix; a gradient reaches the prefix from all of it.

    Args:
        backbone: that reads.
        prefix: of the sequences.
        scene, views: (R, T, hidden) and (R, I, hidden), see `R1Model.embed`.
        input_ids, mask: (B, S), padding on the right; each has a token at least.
        position_ids: (3, B, S).

    Returns:
        (B, S, hidden), zeros on padding.
    """
    layout = _layout(prefix, mask)
    source = torch.from_numpy(layout.source).to(input_ids.device)
    ids = torch.cat((prefix.ids, prefix.asked.flatten(), input_ids.flatten()))
    positions = torch.cat(
        (prefix.positions, prefix.asked_positions.flatten(1), position_ids.flatten(1)), 1
    )
    scenes = torch.from_numpy(layout.scenes).to(input_ids.device)
    embeddings = backbone.embed(ids[source], scene[scenes], views[scenes].flatten(0, 1))
    return _read(backbone, layout, embeddings, positions[:, source], mask)


def read_embedded_continuations(
    backbone: R1Model,
    prefix: EmbeddedPrefix,
    input_ids: Tensor,
    mask: Tensor,
    position_ids: Tensor,
) -> Tensor:
    """As `read_continuations`, behind prompts that are embedded already."""
    questions, width = prefix.mask.shape
    count, length = mask.shape
    # one wait for the GPU, not three
    told = torch.cat((prefix.mask.sum(1), prefix.rows, mask.sum(1))).tolist()
    first = questions * width
    prompts, answers = [], []
    for row, size in enumerate(told[:questions]):
        prompts.append(range((row + 1) * width - size, (row + 1) * width))
    for row, size in enumerate(told[-count:]):
        answers.append(range(first + row * length, first + row * length + size))
    owners = told[questions:-count]
    layout = lay_out(0, range(questions), prompts, answers, owners, first + count * length)
    source = torch.from_numpy(layout.source).to(input_ids.device)
    words = backbone.get_input_embeddings()(input_ids).to(prefix.embeddings)
    table = torch.cat((prefix.embeddings.flatten(0, 1), words.flatten(0, 1)))
    positions = torch.cat((prefix.positions.flatten(1), position_ids.flatten(1)), 1)
    return _read(backbone, layout, table[source], positions[:, source], mask)


def _read(
    backbone: R1Model, layout: Layout, embeddings: Tensor, positions: Tensor, mask: Tensor
) -> Tensor:
    """Hidden states (B, S, hidden) of the answers in a layout of embedded tokens."""
    device = mask.device
    question, answer = (
        torch.from_numpy(table).to(device) for table in (layout.question, layout.answer)
    )
    hidden = backbone.language_model(
        inputs_embeds=embeddings,
        attention_mask=visible(question, answer),
        position_ids=positions,
        use_cache=False,
    ).last_hidden_state.flatten(0, 1)
    own, real = torch.arange(mask.shape[1], device=device), mask.bool()
    place = torch.from_numpy(layout.place).to(device).unsqueeze(1) + own
    # what stands on padding is not read; spread, so that its gradients, zeros, do not queue up
    spread = torch.arange(mask.numel(), device=device).view_as(place) % len(hidden)
    found = hidden.index_select(0, torch.where(real, place, spread).flatten())
    return torch.where(real.unsqueeze(-1), found.view(*mask.shape, -1), 0.0)


def visible(question: Tensor, answer: Tensor) -> Tensor:
    """Which token (query) sees which (key), of a `Layout`: (W, 1, L, L) bool.

    Opening, the own question, the own answer, and nothing that comes later.
    """
    theirs, of = question.unsqueeze(1), answer.unsqueeze(1)
    own = (theirs == question.unsqueeze(2)) & ((of == 0) | (of == answer.unsqueeze(2)))
    length = question.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=question.device).tril()
    return (((theirs == OPENING) | own) & causal).unsqueeze(1)


def lay_out(
    opening: int,
    scenes: Sequence[int],
    asked: Sequence[range],
    answers: Sequence[range],
    owners: Sequence[int],
    width: int | None = None,
) -> Layout:
    """Where tokens stand, given which of all tokens each part has.

    Args:
        opening: tokens of the opening, which are the first ones.
        scenes: of each question.
        asked: tokens of each question.
        answers: tokens of each answer.
        owners: question of each answer.
        width: tokens of a row; None: `WIDTH`. One that is too small for an answer is enlarged.
    """
    of: dict[int, dict[int, list[int]]] = {}
    for answer, owner in enumerate(owners):
        of.setdefault(scenes[owner], {}).setdefault(owner, []).append(answer)
    least = max(
        opening + len(asked[owner]) + len(answers[answer]) for answer, owner in enumerate(owners)
    )
    limit = max(WIDTH if width is None else width, least)
    rows: list[tuple[int, list[tuple[range, int, int]]]] = []
    started = np.zeros((len(answers), 2), np.int64)  # row and column of each answer
    for scene, questions in of.items():
        used = limit  # the first question begins a row
        for owner, own in questions.items():
            open_row = -1
            for answer in own:
                begins = len(asked[owner]) if open_row != len(rows) - 1 else 0
                if used + begins + len(answers[answer]) > limit:
                    rows.append((scene, [(range(opening), OPENING, 0)]))
                    used, begins = opening, len(asked[owner])
                if begins or open_row != len(rows) - 1:
                    rows[-1][1].append((asked[owner], owner + 1, 0))
                    used, open_row = used + len(asked[owner]), len(rows) - 1
                started[answer] = len(rows) - 1, used
                rows[-1][1].append((answers[answer], owner + 1, answer + 1))
                used += len(answers[answer])
    length = max(sum(len(tokens) for tokens, _, _ in parts) for _, parts in rows)
    length = -(-length // ALIGNED) * ALIGNED
    # padding repeats a token that is no placeholder: the first of an answer
    source = np.full((len(rows), length), answers[0].start, np.int64)
    question = np.full((len(rows), length), NOTHING, np.int32)
    answer_of = np.zeros((len(rows), length), np.int32)
    for row, (_, parts) in enumerate(rows):
        column = 0
        for tokens, owner, answer in parts:
            part = slice(column, column + len(tokens))
            source[row, part], question[row, part], answer_of[row, part] = tokens, owner, answer
            column = part.stop
    return Layout(
        np.array([scene for scene, _ in rows]),
        source,
        question,
        answer_of,
        started[:, 0] * length + started[:, 1],
    )


def _layout(prefix: Prefix, mask: Tensor) -> Layout:
    opening, (questions, width), (count, length) = len(prefix.ids), prefix.asked.shape, mask.shape
    # one wait for the GPU, not four
    told = torch.cat((prefix.scenes, prefix.asked_mask.sum(1), prefix.rows, mask.sum(1))).tolist()
    scenes, asked = told[:questions], told[questions : 2 * questions]
    owners, lengths = told[2 * questions : -count], told[-count:]
    first = opening + questions * width
    return lay_out(
        opening,
        scenes,
        [
            range(opening + (row + 1) * width - size, opening + (row + 1) * width)
            for row, size in enumerate(asked)
        ],
        [
            range(first + row * length, first + row * length + size)
            for row, size in enumerate(lengths)
        ],
        owners,
    )
