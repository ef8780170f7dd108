"""Many questions about one scene in one sequence.

The scene and its views stand once at the front; every conversation follows, sees that prefix and
itself, and none of the others. Encoding a scene once for ten questions makes training cheap.
Boxes are slots that are filled when the scene's bounds are known, after it was observed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.attention.flex_attention import BlockMask, create_block_mask
from transformers import PreTrainedTokenizerBase

from r1_model.conversation import turn_texts
from r1_model.text.tokens import token_id
from r1_training.tiny.tokenizer import number_tokens

PLACEHOLDER = re.compile(r"<obj:(\d+)>")
PREFIX = 0  # segment of the scene and its views
UNUSED = -1  # segment of padding
# lists of objects that decide whether a question is fair
NEEDS = ("required", "reads", "unread", "tops", "no_tops")


@dataclass(frozen=True)
class Conversation:
    """One question with its earlier turns, boxes as `<obj:ID>`.

    Attributes:
        turns: (question, answer) pairs; the loss is on the last answer only.
        rows: object id -> row of the scene's box table.
        required: ids of the objects that must have been observed for the answer to be fair.
        reads, unread: ids of the objects whose print must be readable in a view, or may not be.
        tops, no_tops: ids of the objects whose top the cloud must show, or may not.
    """

    turns: tuple[tuple[str, str], ...]
    rows: dict[int, int]
    required: tuple[int, ...] = ()
    reads: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    tops: tuple[int, ...] = ()
    no_tops: tuple[int, ...] = ()


@dataclass(frozen=True)
class Packed:
    """A sequence of L tokens about one scene. Arrays of shape (L,) unless noted.

    Attributes:
        input_ids: int32, 0 in box slots.
        segment: int8, PREFIX, 1.. for conversations, UNUSED.
        position: int32, text position after the prefix (prefix and padding: 0).
        trained: bool, the token is part of a last answer.
        slot_box: int16, row of the box table for a slot, else -1.
        slot_coordinate: int8, 0..5 for a slot, else -1.
        required, reads, unread, tops, no_tops: (conversations, R) int16 rows of the box table, -1
            for none.
    """

    input_ids: np.ndarray
    segment: np.ndarray
    position: np.ndarray
    trained: np.ndarray
    slot_box: np.ndarray
    slot_coordinate: np.ndarray
    required: np.ndarray
    reads: np.ndarray
    unread: np.ndarray
    tops: np.ndarray
    no_tops: np.ndarray


def encode_with_slots(
    tokenizer: PreTrainedTokenizerBase, text: str, rows: dict[int, int]
) -> list[tuple[int, int, int]]:
    """Tokens of a text as (id, box row or -1, coordinate or -1).

    Args:
        tokenizer: of `r1-tiny`.
        text: with `<obj:ID>` placeholders.
        rows: object id -> row of the box table.

    Raises:
        KeyError: the text names an object that has no row.
    """
    start, end = token_id(tokenizer, "<obj>"), token_id(tokenizer, "</obj>")
    encoded: list[tuple[int, int, int]] = []
    for index, part in enumerate(PLACEHOLDER.split(text)):
        if index % 2:
            row = rows[int(part)]
            slots = [(0, row, coordinate) for coordinate in range(6)]
            encoded += [(start, -1, -1), *slots, (end, -1, -1)]
        elif part:
            ids = tokenizer(part, add_special_tokens=False)["input_ids"]
            encoded += [(token, -1, -1) for token in ids]
    return encoded


def pack(
    tokenizer: PreTrainedTokenizerBase,
    prefix: Sequence[int],
    conversations: Sequence[Conversation],
    length: int,
    most: int = 16,
    most_required: int = 16,
) -> Packed:
    """Pack conversations behind a prefix; what does not fit is left out.

    Args:
        tokenizer: of `r1-tiny`.
        prefix: token ids of scene and views.
        conversations: in order of preference.
        length: tokens of the sequence.
        most: conversations at most.
        most_required: objects of a list (`required`, ...) at most; longer ones are truncated.
    """
    table = np.zeros((5, length), np.int32)
    ids, segment, position, box, coordinate = table
    segment[:], box[:], coordinate[:] = UNUSED, -1, -1
    trained = np.zeros(length, bool)
    lists = {name: np.full((most, most_required), -1, np.int16) for name in NEEDS}
    ids[: len(prefix)], segment[: len(prefix)] = prefix, PREFIX
    cursor, number = len(prefix), 0
    for conversation in conversations:
        tokens, answer_start = _encode_conversation(tokenizer, conversation)
        if number == most or cursor + len(tokens) > length:
            continue
        number += 1
        block = slice(cursor, cursor + len(tokens))
        ids[block], box[block], coordinate[block] = np.asarray(tokens).T
        segment[block], position[block] = number, np.arange(len(tokens))
        trained[cursor + answer_start : block.stop] = True
        for name, table_of in lists.items():
            rows = [conversation.rows[id] for id in getattr(conversation, name)][:most_required]
            table_of[number - 1, : len(rows)] = rows
        cursor = block.stop
    return Packed(
        input_ids=ids,
        segment=segment.astype(np.int8),
        position=position,
        trained=trained,
        slot_box=box.astype(np.int16),
        slot_coordinate=coordinate.astype(np.int8),
        **lists,
    )


def _encode_conversation(
    tokenizer: PreTrainedTokenizerBase, conversation: Conversation
) -> tuple[list[tuple[int, int, int]], int]:
    """Tokens, and where the last answer starts. The prefix ends inside the first user message."""
    tokens: list[tuple[int, int, int]] = []
    answer_start = 0
    for read, said in turn_texts(conversation.turns):
        tokens += encode_with_slots(tokenizer, read, conversation.rows)
        answer_start = len(tokens)
        tokens += encode_with_slots(tokenizer, said, conversation.rows)
    return tokens, answer_start


def fill_slots(
    input_ids: Tensor, slot_box: Tensor, slot_coordinate: Tensor, levels: Tensor, numbers: Tensor
) -> Tensor:
    """Put the numbers of the boxes into their slots.

    Args:
        input_ids: (B, L).
        slot_box, slot_coordinate: (B, L), -1 outside of slots.
        levels: (B, M, 6) integers 0..255, the box table in the grammar's units.
        numbers: (2, 256) token ids of "n, " and "n", see `number_tokens`.
    """
    row = slot_box.long().clamp(min=0)
    coordinate = slot_coordinate.long().clamp(min=0)
    level = levels.long().flatten(1).gather(1, row * 6 + coordinate)
    filled = numbers[(coordinate == 5).long(), level]
    return torch.where(slot_coordinate >= 0, filled, input_ids.long())


def attention_mask(segment: Tensor) -> Tensor:
    """(B, L) segments -> (B, 1, L, L) bool: causal, the prefix and the token's own segment."""
    length = segment.shape[1]
    same = segment.unsqueeze(2) == segment.unsqueeze(1)
    visible = same | (segment == PREFIX).unsqueeze(1)
    causal = torch.ones(length, length, dtype=torch.bool, device=segment.device).tril()
    return (visible & causal).unsqueeze(1)


def block_mask(segment: Tensor) -> BlockMask:
    """`attention_mask` for FlexAttention, which never looks at blocks that are masked as a whole.

    Most of a sequence does not see most of it, so this takes a third of the time.
    """
    length = segment.shape[1]
    return create_block_mask(
        visibility(segment), len(segment), None, length, length, device=segment.device
    )


def visibility(segment: Tensor) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    """The rule of both masks, as FlexAttention asks for it: (batch, head, q, k) -> bool."""
    segment = segment.int()

    def visible(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        theirs = segment[batch, key]
        same = segment[batch, query] == theirs
        return (same | (theirs == PREFIX)) & (key <= query)

    return visible


def number_table(tokenizer: PreTrainedTokenizerBase) -> Tensor:
    """(2, 256) ids of "n, " and "n"."""
    return torch.tensor(number_tokens(tokenizer))
