"""The tokenizer of `r1-tiny`: byte-level BPE on the project's own text, one token per box number.

A box costs 8 tokens: `<obj>`, five times a number with its comma, a number, `</obj>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from r1_model.network.config import OBJ_END, OBJ_START, SCENE_END, SCENE_PAD, SCENE_START
from r1_model.network.scene_tokens import LEVELS
from r1_model.text.tokens import token_id

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
    SCENE_START,
    SCENE_PAD,
    SCENE_END,
)
# said by the model and read by the grammar, so never skipped when decoding
TAGS = ("<think>", "</think>", "<answer>", "</answer>", OBJ_START, OBJ_END)
SPLIT = r"\p{Han}+|[^\s\p{L}\p{N}\p{Han}]+| ?[^\s\p{N}\p{P}\p{S}\p{Han}]+|\p{N}|\s+"


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> PreTrainedTokenizerFast:
    """Train on text with boxes.

    Args:
        texts: the corpus; any text at all can be encoded afterwards.
        vocab_size: with the 528 fixed tokens (special tokens, tags and numbers).
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    numbers = [f"{n}, " for n in range(LEVELS)] + [str(n) for n in range(LEVELS)]
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(TAGS) - len(numbers),
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=12,  # four Han characters; a whole sentence is no word
        show_progress=False,
    )
    tokenizer.train_from_iterator(_words_only(texts), trainer)
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    tokenizer.add_tokens([AddedToken(number, normalized=False) for number in numbers])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL),
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )


def number_tokens(tokenizer: PreTrainedTokenizerBase) -> tuple[list[int], list[int]]:
    """Ids of "0, ".."255, " and of "0".."255": a box says five of the first and one of the second.

    Raises:
        ValueError: this tokenizer has no token per number.
    """
    first = [token_id(tokenizer, f"{n}, ") for n in range(LEVELS)]
    last = [token_id(tokenizer, str(n)) for n in range(LEVELS)]
    if tokenizer.unk_token_id in (*first, *last):
        raise ValueError("the tokenizer has no token for every number 0..255")
    return first, last


def _words_only(texts: Iterable[str]) -> Iterator[str]:
    """Text between tags, without digits: these are tokens already."""
    for text in texts:
        for tag in TAGS:
            text = text.replace(tag, "\n")
        yield "".join(character for character in text if not character.isdigit())
