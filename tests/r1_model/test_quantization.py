"""Layers in 8 and 4 bits: what torchao rounded is what is multiplied with, and nothing else is."""

from __future__ import annotations

import sys

import pytest
import torch
from torch import nn

from r1_model.errors import ModelLoadError
from r1_model.generation import Generator
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import load_pretrained
from r1_model.quantization import FORMATS, GROUP, EightBitLinear, Int4Linear, quantize, stored
from tests.r1_model.small import scene_tokenizer, seeded, small_config
from tests.r1_model.test_generation import places, prompts, slowly, small_model

KINDS = [kind for kind in FORMATS if kind != "none"]
CPU = torch.device("cpu")
# of the change of a random matrix's product; what so many bits allow
MOST_ERROR = {"fp8": 0.04, "int8": 0.01, "int4": 0.12}


def test_four_bits_are_packed_without_loss():
    generator = torch.Generator().manual_seed(0)
    values = torch.randint(-8, 8, (6, 4 * GROUP), generator=generator)
    scales = torch.rand(6, 4, generator=generator) + 0.1
    module = Int4Linear(values, scales, None)
    assert module.packed.shape == (6, 4 * GROUP // 8)
    assert torch.equal(module.widened(), values * scales.repeat_interleave(GROUP, 1))


@pytest.mark.parametrize("kind", ["fp8", "int8"])
def test_eight_bits_stand_for_what_torchao_means(kind: str):
    quantization = pytest.importorskip("torchao.quantization")
    config = {
        "fp8": quantization.Float8WeightOnlyConfig,
        "int8": quantization.Int8WeightOnlyConfig,
    }[kind]
    torch.manual_seed(0)
    linear = nn.Linear(64, 48)
    quantization.quantize_(linear, config())
    module = EightBitLinear(kind, linear.weight.qdata, linear.weight.scale, linear.bias)
    x = torch.randn(5, 64)
    exact = torch.nn.functional.linear(x, linear.weight.dequantize(), linear.bias)
    assert torch.allclose(module(x), exact, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_layers_are_rounded_and_little(kind: str):
    pytest.importorskip("torchao")
    model, exact = small_model(), small_model()
    quantize(model, kind, CPU)
    x = torch.randn(3, 256, generator=torch.Generator().manual_seed(1))
    pairs = zip(exact.model.language_model.layers, model.model.language_model.layers, strict=True)
    for before, after in pairs:
        for name in ("gate_proj", "up_proj"):
            one, other = getattr(before.mlp, name), getattr(after.mlp, name)
            found = stored(other)
            assert found is not None and found.kind == kind
            bytes_of = found.data.numel() * found.data.element_size()
            assert bytes_of * (2 if kind == "int4" else 1) == one.weight.numel()
            error = (other(x) - one(x)).norm() / one(x).norm()
            assert 0 < error < MOST_ERROR[kind]
    kept = [model.lm_head, model.get_input_embeddings(), model.model.visual.blocks[0].attn.qkv]
    assert all(type(module.weight) is nn.Parameter for module in kept)


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_those_of_the_slow_twin_with_the_same_matrices(kind: str):
    pytest.importorskip("torchao")
    model = small_model()
    quantize(model, kind, CPU)
    generator = Generator(model)
    for prompt in prompts(model):
        [found] = generator(prompt, places(prompt), max_new_tokens=12)
        assert [found.tokens] == slowly(model, [prompt], 12)


def saved(folder) -> str:
    tokenizer = scene_tokenizer()
    config = small_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_folder_is_loaded_rounded(tmp_path):
    pytest.importorskip("torchao")
    loaded = load_pretrained(saved(tmp_path), device="cpu", quantization="int4")
    layer = loaded.model.model.language_model.layers[0]
    assert type(layer.mlp.down_proj) is Int4Linear


def test_unknown_kinds_and_a_missing_package_are_named(tmp_path, monkeypatch):
    with pytest.raises(ModelLoadError, match="none, fp8, int8, int4, not 'int3'"):
        load_pretrained(tmp_path / "none", device="cpu", quantization="int3")
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    with pytest.raises(ModelLoadError, match="needs the package torchao"):
        quantize(small_model(), "fp8", CPU)


def test_a_matrix_that_does_not_fit_is_named():
    pytest.importorskip("torchao")
    model = small_model()
    model.model.language_model.layers[0].mlp.down_proj = nn.Linear(40, 256)
    with pytest.raises(ModelLoadError, match="down_proj has 40 columns"):
        quantize(model, "int4", CPU)
