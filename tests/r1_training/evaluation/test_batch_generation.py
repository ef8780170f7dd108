from __future__ import annotations

import pytest
import torch

from r1_model.generation import end_tokens, generate, placeholders
from r1_model.modeling import R1ForConditionalGeneration
from r1_training.evaluation.batch_generation import generate_batch
from tests.r1_model.small import scene_tokenizer, seeded, small_config

LENGTHS = (9, 4, 13, 7)
MOST = 40


@pytest.fixture
def model() -> R1ForConditionalGeneration:
    config = small_config(scene_tokenizer())
    model = seeded(lambda: R1ForConditionalGeneration(config)).eval()
    # a head that is tied to random embeddings says one token for ever
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    return model


@pytest.fixture
def prompts(model) -> list[torch.Tensor]:
    """(1, L, hidden) each."""
    torch.manual_seed(4)
    words = [torch.randint(30, 200, (1, length)) for length in LENGTHS]
    return [model.get_input_embeddings()(ids).detach() for ids in words]


def alone(model, prompts: list[torch.Tensor], most: int = MOST) -> list[list[int]]:
    return [
        generate(
            model,
            prompt,
            torch.arange(prompt.shape[1]).expand(3, 1, -1),
            max_new_tokens=most,
        ).tokens
        for prompt in prompts
    ]


def together(model, prompts: list[torch.Tensor], most: int = MOST) -> list[list[int]]:
    longest = max(prompt.shape[1] for prompt in prompts)
    embeddings = torch.zeros(len(prompts), longest, prompts[0].shape[2])
    positions = torch.zeros(3, len(prompts), longest, dtype=torch.long)
    mask = torch.zeros(len(prompts), longest, dtype=torch.long)
    for row, prompt in enumerate(prompts):
        length = prompt.shape[1]
        embeddings[row, -length:], mask[row, -length:] = prompt[0], 1
        positions[:, row, -length:] = torch.arange(length)
    return generate_batch(model, embeddings, positions, mask, max_new_tokens=most)


def test_many_at_a_time_are_the_same_as_one_at_a_time(model, prompts):
    expected = alone(model, prompts)
    assert together(model, prompts) == expected
    assert all(len(set(tokens)) > 3 for tokens in expected)
    assert not set(placeholders(model)) & {token for tokens in expected for token in tokens}


def test_each_ends_where_it_ends_alone(model, prompts):
    end = alone(model, prompts)[1][10]  # the second one says this, and is over there
    model.config.text_config.eos_token_id = [*end_tokens(model), end]
    expected = alone(model, prompts)
    assert together(model, prompts) == expected
    lengths = {len(tokens) for tokens in expected}
    assert len(expected[1]) <= 10 and len(lengths) > 1
    assert end not in {token for tokens in expected for token in tokens}


def test_no_more_tokens_than_asked_for(model, prompts):
    assert together(model, prompts, most=5) == [tokens[:5] for tokens in alone(model, prompts)]
