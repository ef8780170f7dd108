"""What transformers leaves open in a tokenizer's types: a token has one id, a sequence one text."""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from r1_model.errors import InvalidConfigError


def token_id(tokenizer: PreTrainedTokenizerBase, token: str) -> int:
    """The id of a token.

    Raises:
        InvalidConfigError: the tokenizer does not have it.
    """
    found = tokenizer.convert_tokens_to_ids(token)
    if not isinstance(found, int):
        raise InvalidConfigError(f"the tokenizer has no token {token!r}")
    return found


def decoded(tokenizer: PreTrainedTokenizerBase, tokens: Sequence[int]) -> str:
    """The text of one sequence of ids, without special tokens."""
    text = tokenizer.decode(list(tokens), skip_special_tokens=True)
    return text if isinstance(text, str) else "".join(text)
