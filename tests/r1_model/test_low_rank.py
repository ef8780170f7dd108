"""LoRA around projections: the fast steps give what peft's own modules give, and follow them."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model

from r1_model import nvrtc
from r1_model.generation import Generator
from r1_model.generation.cpu_step import CpuStep
from r1_model.generation.cuda_step import CudaStep
from r1_model.generation.language import LanguageModel
from r1_model.generation.low_rank import LowRanks, adapter_of, unadapted, with_adapter
from tests.r1_model import step_kernels
from tests.r1_model.test_generation import (
    MOST,
    padded,
    places,
    prompts,
    slowly,
    small_model,
    tokens,
)

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def adapted(model, targets=TARGETS, layers=(1,), **options) -> PeftModel:
    """With adapters that say something, in float32 as a training keeps them."""
    names = "|".join(targets)
    numbers = "|".join(map(str, layers))
    config = LoraConfig(
        r=3,
        lora_alpha=4,
        target_modules=rf"model\.language_model\.layers\.({numbers})\..*\.({names})",
        **options,
    )
    wrapped = get_peft_model(model, config, autocast_adapter_dtype=False).eval()
    torch.manual_seed(3)
    for name, parameter in wrapped.named_parameters():
        if "lora_" in name:
            parameter.data = torch.randn_like(parameter, dtype=torch.float32) / 6
    return wrapped


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return torch.device(request.param)


@pytest.fixture
def emulated(monkeypatch) -> None:
    monkeypatch.setattr(nvrtc, "launch", step_kernels.launch)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))


@pytest.mark.parametrize("targets", [TARGETS, ["v_proj"], ["gate_proj", "down_proj"]])
def test_answers_are_those_of_the_slow_twin(device, targets) -> None:
    model = small_model(num_key_value_heads=2).to(device)
    before = slowly(model, prompts(model))
    adapted(model, targets)
    if device.type == "cpu":
        assert CpuStep.fits(LanguageModel(model))
    some = prompts(model)
    expected = slowly(model, some)
    assert expected != before
    generator = Generator(model)
    assert tokens(generator(*padded(some), max_new_tokens=MOST)) == expected
    [alone] = generator(some[0], places(some[0]), max_new_tokens=MOST)
    assert alone.tokens == expected[0]


def test_steps_follow_an_optimizer_and_a_switch(device) -> None:
    """What was prepared for one call serves the next, with the adapters as they are then."""
    model = small_model().to(device)
    wrapped = adapted(model)
    generator, some = Generator(model), prompts(model)
    base = [p for name, p in wrapped.named_parameters() if "lora_" not in name]
    kept = [p.clone() for p in base]
    seen = []
    for _ in range(3):
        seen.append(tokens(generator(*padded(some), max_new_tokens=MOST)))
        assert seen[-1] == slowly(model, some)
        for name, parameter in wrapped.named_parameters():
            if "lora_B" in name:
                parameter.data.mul_(-1.7)  # autograd counts nothing, as with a fused optimizer
    assert seen[0] != seen[1] != seen[2]
    with wrapped.disable_adapter():
        reference = tokens(generator(*padded(some), max_new_tokens=MOST))
        assert reference == slowly(model, some) != seen[-1]
    assert tokens(generator(*padded(some), max_new_tokens=MOST)) == slowly(model, some)
    assert all(torch.equal(p, old) for p, old in zip(base, kept, strict=True))


@pytest.mark.parametrize("rows", [1, 3, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("targets", [TARGETS, ["k_proj", "up_proj"]])
def test_a_gpus_step_is_the_general_one(emulated, rows, dtype, targets) -> None:
    """Its kernels written in torch, so that what is asked of them is tried here as well."""
    model = small_model(num_key_value_heads=2, intermediate_size=768).to(dtype)
    plain = logits(model, rows, kernels=True)
    assert close(plain, logits(model, rows, kernels=False), dtype)
    adapted(model, targets)
    found, expected = (logits(model, rows, kernels=kernels) for kernels in (True, False))
    assert close(found, expected, dtype)
    assert (found - plain).norm() / plain.norm() > 0.2


@pytest.mark.gpu
@pytest.mark.parametrize("rows", [1, 8, 9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_kernels_with_adapters_are_the_general_step(rows, dtype) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = small_model(num_key_value_heads=2, intermediate_size=768).to("cuda", dtype)
    adapted(model)
    found, expected = (logits(model, rows, kernels=kernels) for kernels in (True, False))
    assert close(found, expected, dtype)


def logits(model, rows: int, kernels: bool) -> torch.Tensor:
    """Of three steps from the same cache."""
    language = LanguageModel(model)
    generator = torch.Generator().manual_seed(5)
    some = torch.randn(rows, 40, 256, generator=generator).to(language.device, language.dtype)
    positions = torch.arange(40, device=some.device).expand(3, rows, -1)
    lengths = [40 - 4 * row for row in range(rows)]
    with torch.inference_mode():
        slots = language.slots(rows, 512)
        language.extend(some, positions, slots, slice(0, rows), 0)
        slots.start(lengths, [length + 3 for length in lengths])
        slots.report[0] = torch.arange(40, 40 + rows)
        step = CudaStep(language, slots, rows) if kernels else partial(language.step, slots, rows)
        few = language.dtype == torch.bfloat16 and rows <= 8
        assert not kernels or step.is_few == few
        return torch.stack([step().float() for _ in range(3)])


def close(one: torch.Tensor, other: torch.Tensor, dtype: torch.dtype) -> bool:
    most = 1e-5 if dtype == torch.float32 else 0.02
    return bool((one - other).norm() / other.norm() < most)


def test_packed_copies_are_refreshed_in_place() -> None:
    model = small_model()
    adapted(model)
    layers = model.model.language_model.layers
    lows = LowRanks(layers, torch.float32)
    assert [sorted(groups) for groups in lows.of] == [[], ["down", "gate_up", "o", "qkv"]]
    low, attention = lows.of[1]["qkv"], layers[1].self_attn
    x = torch.randn(2, 256)
    for _ in range(2):
        out = torch.cat([unadapted(p)(x) for p in (attention.q_proj, attention.k_proj)], -1)
        out = torch.cat((out, unadapted(attention.v_proj)(x)), -1)
        with torch.no_grad():
            low.add(x, out)
            wanted = [p(x) for p in (attention.q_proj, attention.k_proj, attention.v_proj)]
        assert torch.allclose(out, torch.cat(wanted, -1), atol=1e-5)
        place = low.up.data_ptr()
        attention.k_proj.lora_B["default"].weight.data.neg_()
        lows.refresh()
        assert low.up.data_ptr() == place


@pytest.mark.parametrize("options", [{"use_dora": True}, {"lora_bias": True}])
def test_other_adapters_take_the_general_way(options) -> None:
    model = small_model()
    adapted(model, **options)
    projection = model.model.language_model.layers[1].self_attn.q_proj
    assert adapter_of(projection) is None and unadapted(projection) is projection
    assert LanguageModel(model).storage is None and not CpuStep.fits(LanguageModel(model))
    some = prompts(model)
    assert tokens(Generator(model)(*padded(some), max_new_tokens=6)) == slowly(model, some, 6)


def test_a_merged_adapter_adds_nothing_more() -> None:
    model = small_model()
    wrapped = adapted(model)
    projection = model.model.language_model.layers[1].self_attn.q_proj
    matrix = with_adapter(projection)
    wrapped.merge_adapter()
    assert adapter_of(projection).pairs == ()
    assert torch.allclose(with_adapter(projection), matrix, atol=1e-6)
