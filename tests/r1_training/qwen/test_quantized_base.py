"""QLoRA: adapters on a base in 8 or 4 bits learn, sample fast, and end in a plain model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from r1_model.generation import Generator
from r1_model.generation.language import LanguageModel
from r1_model.pretrained import load_pretrained
from r1_model.quantization import quantize
from r1_training.common.config import TrainingConfigError
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import Scene30KConversations, usable_samples
from r1_training.qwen.grpo import train_full_size_grpo
from r1_training.qwen.memory import estimate_memory
from r1_training.qwen.merging import merged
from r1_training.qwen.model import prepare_for_training, qwen_7b_config
from r1_training.qwen.train import train_full_size
from tests.r1_model.test_generation import padded, prompts, slowly, tokens
from tests.r1_training.qwen.conftest import YAML
from tests.r1_training.qwen.test_grpo import given

KINDS = ("int4", "int8", "fp8")


@pytest.fixture(autouse=True)
def _torchao() -> None:
    pytest.importorskip("torchao")


def wrapped_model(config, kind: str):
    """An adapted model on a rounded base, its adapters awake, and its processor."""
    loaded = load_pretrained(config.model, device="cpu", dtype="float32", quantization=kind)
    wrapped = prepare_for_training(loaded.model, replace(config, quantization=kind))
    torch.manual_seed(1)
    for name, parameter in wrapped.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.1)
    return loaded, wrapped


@pytest.mark.parametrize("kind", KINDS)
def test_adapters_on_a_rounded_base_learn_and_it_does_not(config, kind):
    loaded, wrapped = wrapped_model(config, kind)
    samples, _ = usable_samples(config)
    data = Scene30KConversations(config, samples, loaded.processor)
    wrapped(**data.collate([{"index": 0}])).loss.backward()
    for name, parameter in wrapped.named_parameters():
        assert (parameter.grad is not None) == parameter.requires_grad, name
        assert parameter.requires_grad or "lora_" not in name
    adapters = [p for name, p in wrapped.named_parameters() if "lora_" in name]
    assert len(adapters) == 2 * 7 * 2 and all(p.grad.abs().sum() > 0 for p in adapters)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_merged_is_what_was_trained(config, kind):
    loaded, wrapped = wrapped_model(config, kind)
    policy = loaded.model.eval()
    some = prompts(policy)
    assert LanguageModel(policy).storage == kind
    said = slowly(policy, some, 8)
    assert tokens(Generator(policy)(*padded(some), max_new_tokens=8)) == said
    x, places = some[0], torch.arange(some[0].shape[1]).expand(3, 1, -1)
    with torch.no_grad():
        before = policy(inputs_embeds=x, position_ids=places).logits
        plain = merged(wrapped).eval()
        after = plain(inputs_embeds=x, position_ids=places).logits
    assert plain is policy and LanguageModel(plain).storage == "none"
    assert not any("lora" in name or "numbers" in name for name, _ in plain.named_parameters())
    assert torch.allclose(before, after, atol=1e-4)


def test_a_plain_base_is_merged_too(config):
    loaded, wrapped = wrapped_model(config, "none")
    x = prompts(loaded.model)[0]
    places = torch.arange(x.shape[1]).expand(3, 1, -1)
    with torch.no_grad():
        before = loaded.model(inputs_embeds=x, position_ids=places).logits
        after = merged(wrapped)(inputs_embeds=x, position_ids=places).logits
    assert torch.allclose(before, after, atol=1e-4)


def test_both_stages_run_and_their_models_load(config, monkeypatch):
    monkeypatch.setattr(R1GRPOTrainer, "_sample", given)
    sft = replace(config, quantization="int4", epochs=1)
    trained = train_full_size(sft)
    assert load_pretrained(trained, device="cpu").model.config.trained
    grpo = replace(
        *(sft,),
        stage="grpo",
        model=str(trained),
        output=f"{sft.output}-grpo",
        batch_size=2,
        group_size=3,
        answers_at_a_time=1,
        max_new_tokens=5,
        final_learning_rate=sft.learning_rate,
        embeddings=None,
    )
    final = load_pretrained(train_full_size_grpo(grpo), device="cpu")
    assert final.new_modules == () and LanguageModel(final.model).storage == "none"


def test_a_kind_that_is_none_is_named(config):
    with pytest.raises(TrainingConfigError, match="quantization must be one of none, fp8"):
        replace(config, quantization="nf4")


@pytest.mark.parametrize("kind", KINDS)
def test_the_estimate_of_a_rounded_base_is_exact(config, kind):
    loaded = load_pretrained(config.model, device="cpu", dtype="float32")
    model = loaded.model.bfloat16()
    quantize(model, kind, torch.device("cpu"))
    rounded = replace(config, quantization=kind)
    wrapped = prepare_for_training(model, rounded)
    frozen = [p for p in wrapped.parameters() if not p.requires_grad]
    # the voting heads are frozen in half precision, as the rest is
    held = sum(p.numel() * p.element_size() for p in frozen)
    assert estimate_memory(rounded, loaded.processor.config).parts["frozen weights"] == held


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_the_small_cards_settings_fit_it(stage):
    config = FullSizeConfig.load(YAML["sft"].parent / f"qwen2.5-vl-7b-{stage}-24gb.yaml")
    paper = FullSizeConfig.load(YAML[stage])
    assert config.quantization == "int4"
    assert estimate_memory(config, qwen_7b_config()).total < 16 * 2**30
    alike = replace(
        *(config,),
        quantization=paper.quantization,
        answers_at_a_time=paper.answers_at_a_time,
        output=paper.output,
        model=paper.model,
    )
    assert alike == paper and Path(config.output).name.endswith("24gb")
