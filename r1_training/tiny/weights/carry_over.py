"""A new model that knows what another one knew: other words, other categories, the same widths.

Words of a vocabulary and labels of a list are known by name, so rows move to where their name is
now. A new word starts as the mean of what it used to be spelled with; a new label at random.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from r1_model.errors import InvalidConfigError
from r1_model.network.config import R1SceneConfig
from r1_model.network.modeling import R1ForConditionalGeneration

EMBEDDINGS = ("model.language_model.embed_tokens.weight", "lm_head.weight")
CLASSES = ("model.dense_decoder.classes.weight", "model.dense_decoder.classes.bias")
LABELS = "model.scene_tokens.labels.weight"
RARE = -4.0  # logit of a state that nobody has seen yet; at random it would shake all else
LOOKS, READER = "model.looks.", "model.looks.reader."
LOOKED = ("model.looks.classes.weight", "model.looks.classes.bias")
READ = "model.looks.read.0.weight"
KINDS = ("categories", "colors", "materials", "states")


def carry_over(
    model: R1ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    known: R1ForConditionalGeneration,
    known_tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Copy into `model` what `known` has learned; changes `model` in place.

    Args:
        model: new, of the same widths and layers; vocabulary, labels and sizes of views may differ.
        tokenizer: of `model`.
        known: trained.
        known_tokenizer: of `known`.

    Raises:
        InvalidConfigError: a weight has another shape than before, or is new.
    """
    old = known.state_dict()
    rows = label_rows(model.config.scene_config, known.config.scene_config)
    for name, new in model.state_dict().items():  # views of the parameters
        if name.startswith(LOOKS) and known.model.looks is None:
            continue  # they start as nothing that changes
        if name.startswith(READER) and name not in old:
            continue
        if name not in old:
            raise InvalidConfigError(f"{name} is not in the model that is carried over")
        if name in EMBEDDINGS:
            new.copy_(carried_words(tokenizer, known_tokenizer, old[name]))
        elif name in CLASSES:
            _move(new, old[name], rows)
            states = len(model.config.scene_config.states)
            fresh = set(range(len(new) - states, len(new))) - {to for to, _ in rows}
            new[sorted(fresh)] = RARE if new.ndim == 1 else 0.0
        elif name in LOOKED:  # without objectness, which is the first of the decoder's
            _move(new, old[name], [(to - 1, source - 1) for to, source in rows[1:]])
        elif name == READ and new.shape[1] > old[name].shape[1]:
            new.zero_()[:, : old[name].shape[1]] = old[name]  # what is read comes last
        elif name == LABELS:
            _move(new.T, old[name].T, rows)  # in front: objectness there, the score here
        elif new.shape == old[name].shape:
            new.copy_(old[name])
        else:
            raise InvalidConfigError(
                f"{name} is {tuple(new.shape)}, of the model that is carried over "
                f"{tuple(old[name].shape)}"
            )


def carried_words(
    tokenizer: PreTrainedTokenizerBase, known: PreTrainedTokenizerBase, embeddings: Tensor
) -> Tensor:
    """Embeddings (V_old, D) of a vocabulary as those of another one, (V, D)."""
    vocabulary = known.get_vocab()
    carried = embeddings.new_empty(len(tokenizer), embeddings.shape[1])
    for token, row in tokenizer.get_vocab().items():
        if token in vocabulary:
            carried[row] = embeddings[vocabulary[token]]
            continue
        pieces = known(tokenizer.decode([row]), add_special_tokens=False)["input_ids"]
        # half a character spells nothing; then it starts as the mean of all words
        carried[row] = (embeddings[pieces] if pieces else embeddings).mean(0)
    return carried


def label_rows(new: R1SceneConfig, old: R1SceneConfig) -> list[tuple[int, int]]:
    """(new row, old row) of what the dense decoder says, by name; the first row is objectness.

    Raises:
        InvalidConfigError: a label of the old list is not in the new one.
    """
    pairs, start, old_start = [(0, 0)], 1, 1
    for kind in KINDS:
        names: Sequence[str] = getattr(new, kind)
        old_names: Sequence[str] = getattr(old, kind)
        missing = sorted(set(old_names) - set(names))
        if missing:
            raise InvalidConfigError(f"{kind} lack {', '.join(missing)}, which were known before")
        pairs += [(start + names.index(n), old_start + i) for i, n in enumerate(old_names)]
        start, old_start = start + len(names), old_start + len(old_names)
    return pairs


def _move(into: Tensor, rows: Tensor, pairs: list[tuple[int, int]]) -> None:
    """rows (R, ...) by (new, old) pairs into (R', ...); the other rows stay."""
    to, source = torch.tensor(pairs).T
    into[to] = rows[source].to(into)
