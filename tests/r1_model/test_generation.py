from __future__ import annotations

import pytest
import torch

from r1_model.errors import ModelOutputError
from r1_model.generation import generate
from r1_model.modeling import R1ForConditionalGeneration
from tests.r1_model.small import scene_tokenizer, seeded, small_config


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_output_that_is_no_number_is_named(wrong: float, temperature: float) -> None:
    model = seeded(lambda: R1ForConditionalGeneration(small_config(scene_tokenizer()))).eval()
    embeddings = torch.zeros(1, 3, model.config.text_config.hidden_size)
    positions = torch.arange(3).expand(3, 1, 3)
    options = {"max_new_tokens": 2, "temperature": temperature}
    generate(model, embeddings, positions, **options)
    with torch.no_grad():
        model.model.language_model.norm.weight.fill_(wrong)
    with pytest.raises(ModelOutputError, match="token 1 .* NaN or infinite"):
        generate(model, embeddings, positions, **options)
