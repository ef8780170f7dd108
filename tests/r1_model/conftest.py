"""A `Reasoner` with a small random model, and what it is asked."""

from __future__ import annotations

import pytest

from r1_model.conversation import R1Processor
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from r1_model.text.answer import Turn
from tests.r1_model.small import scene_tokenizer, seeded, small_config


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    R1Processor(tokenizer, config).save_pretrained(folder)
    return folder


@pytest.fixture
def reasoner(folder) -> Reasoner:
    return Reasoner.from_pretrained(str(folder), device="cpu", num_views=2)


@pytest.fixture
def prompts(reasoner, monkeypatch) -> list[tuple[str, tuple[Turn, ...]]]:
    """Question and history of everything that reaches the model."""
    seen: list[tuple[str, tuple[Turn, ...]]] = []
    original = R1Processor.prompts

    def spy(self, many):
        seen.extend((one.question, tuple(one.history)) for one in many)
        return original(self, many)

    monkeypatch.setattr(R1Processor, "prompts", spy)
    return seen
