"""The generator against its slow twin, greedily and token by token; and what it promises beside."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import torch
from torch import Tensor

from r1_model import nvrtc
from r1_model.errors import ModelOutputError
from r1_model.generation import Generator, cuda_step, end_tokens, placeholders
from r1_model.generation.cpu_step import CpuStep
from r1_model.generation.cuda_step import CudaStep
from r1_model.generation.language import LanguageModel
from r1_model.generation.prefixes import common_length, group
from r1_model.generation.run import rows_for
from r1_model.generation.slots import capacity_for
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.quantization import FORMATS, quantize
from tests.r1_model.slow_generation import generate_slowly
from tests.r1_model.small import scene_tokenizer, seeded, small_config

LENGTHS = (9, 4, 13, 7, 1)
MOST = 24


def small_model(**text: int) -> R1ForConditionalGeneration:
    config = small_config(scene_tokenizer())
    for name, value in text.items():
        setattr(config.text_config, name, value)
    model = seeded(lambda: R1ForConditionalGeneration(config)).eval()
    # a head that is tied to random embeddings says one token for ever
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.lm_head.weight))
    return model


@pytest.fixture(params=[{}, {"num_key_value_heads": 2}], ids=["plain", "grouped"])
def model(request) -> R1ForConditionalGeneration:
    return small_model(**request.param)


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request) -> torch.device:
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    return torch.device(request.param)


def prompts(model, lengths=LENGTHS, seed: int = 4) -> list[Tensor]:
    """(1, L, hidden) each."""
    torch.manual_seed(seed)
    words = [torch.randint(30, 200, (1, length)) for length in lengths]
    embed = model.get_input_embeddings()
    return [embed(ids.to(model.device)).detach() for ids in words]


def places(prompt: Tensor) -> Tensor:
    return torch.arange(prompt.shape[1], device=prompt.device).expand(3, 1, -1)


def slowly(model, some: list[Tensor], most: int = MOST) -> list[list[int]]:
    return [generate_slowly(model, prompt, places(prompt), most) for prompt in some]


def padded(some: list[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    longest = max(prompt.shape[1] for prompt in some)
    device = some[0].device
    embeddings = some[0].new_full((len(some), longest, some[0].shape[2]), 7.0)
    positions = torch.full((3, len(some), longest), 99, dtype=torch.long, device=device)
    mask = torch.zeros(len(some), longest, dtype=torch.long, device=device)
    for row, prompt in enumerate(some):
        length = prompt.shape[1]
        embeddings[row, -length:], mask[row, -length:] = prompt[0], 1
        positions[:, row, -length:] = torch.arange(length)
    return embeddings, positions, mask


def tokens(results) -> list[list[int]]:
    return [one.tokens for one in results]


def with_adapters(model: R1ForConditionalGeneration) -> R1ForConditionalGeneration:
    """Projections that are no plain matrices any more, as LoRA makes them."""

    class Wrapped(torch.nn.Linear):
        pass

    model.model.language_model.layers[0].mlp.up_proj.__class__ = Wrapped
    return model


@pytest.mark.parametrize("change", [lambda model: model, with_adapters], ids=["plain", "adapters"])
def test_one_sequence_is_that_of_its_slow_twin(model, device, change) -> None:
    model = change(model.to(device))
    generator = Generator(model)
    for prompt in prompts(model):
        [found] = generator(prompt, places(prompt), max_new_tokens=MOST)
        assert [found.tokens] == slowly(model, [prompt])
        assert len(set(found.tokens)) > 2
        assert not set(placeholders(model)) & set(found.tokens)


@pytest.mark.parametrize("change", [lambda model: model, with_adapters], ids=["plain", "adapters"])
def test_many_sequences_are_those_of_their_slow_twin(model, device, change) -> None:
    model = change(model.to(device))
    some = prompts(model)
    found = Generator(model)(*padded(some), max_new_tokens=MOST)
    assert tokens(found) == slowly(model, some)


def test_each_ends_where_it_ends_alone(model, device) -> None:
    some = prompts(model.to(device))
    end = slowly(model, some)[1][10]  # the second one says this, and is over there
    model.config.text_config.eos_token_id = [*end_tokens(model), end]
    expected = slowly(model, some)
    found = Generator(model)(*padded(some), max_new_tokens=MOST)
    assert tokens(found) == expected
    assert [one.finished for one in found] == [len(one) < MOST for one in expected]
    assert len({len(one) for one in expected}) > 1 and not any(one.stopped for one in found)


def test_each_has_a_bound_of_its_own(model, device) -> None:
    some = prompts(model.to(device))
    limits = [3, 24, 1, 9, 5]
    found = Generator(model)(*padded(some), max_new_tokens=limits)
    assert tokens(found) == [
        one[:most] for one, most in zip(slowly(model, some), limits, strict=True)
    ]


def test_what_was_asked_before_does_not_matter(model, device) -> None:
    model = model.to(device)
    generator, some = Generator(model, keep_prefix=True), prompts(model)
    expected = slowly(model, some)
    for _ in range(2):
        assert tokens(generator(*padded(some), max_new_tokens=MOST)) == expected
        for prompt, one in zip(some, expected, strict=True):
            assert tokens(generator(prompt, places(prompt), max_new_tokens=MOST)) == [one]
        assert tokens(generator(*padded(some[:2]), max_new_tokens=MOST)) == expected[:2]


@pytest.fixture
def read(monkeypatch) -> Iterator[list[tuple[int, int]]]:
    """Rows and columns of everything that is read into a cache from embeddings."""
    seen: list[tuple[int, int]] = []
    original = LanguageModel.extend

    def spy(self, x, *rest):
        seen.append(tuple(x.shape[:2]))
        return original(self, x, *rest)

    monkeypatch.setattr(LanguageModel, "extend", spy)
    return seen


def test_a_known_beginning_is_not_read_again(model, device, read) -> None:
    model = model.to(device)
    generator = Generator(model, keep_prefix=True)
    [first, other] = prompts(model, (30, 8))
    second = torch.cat((first[:, :20], other), 1)
    for prompt, columns in ((first, 30), (second, 8), (second, 1), (first, 10)):
        [found] = generator(prompt, places(prompt), max_new_tokens=MOST)
        assert [found.tokens] == slowly(model, [prompt])
        assert read.pop() == (1, columns) and not read
    moved = places(first) + (places(first) >= 25)  # the same words at other places
    generator(first, moved, max_new_tokens=2)
    assert read == [(1, 5)]


def test_a_dialogue_goes_on_where_it_was(model, device, read) -> None:
    model = model.to(device)
    generator = Generator(model, keep_prefix=True)
    [first, question] = prompts(model, (12, 6))
    [answer] = generator(first, places(first), max_new_tokens=9)
    said = model.get_input_embeddings()(torch.tensor([answer.tokens], device=device))
    turns = torch.cat((first, said, question), 1)
    [found] = generator(turns, places(turns), max_new_tokens=MOST)
    # the newest token of the answer had not been read yet
    assert read == [(1, 12), (1, 7)]
    assert [found.tokens] == slowly(model, [turns])


@pytest.mark.parametrize("counted", [True, False])
def test_changed_weights_are_used(model, device, counted) -> None:
    model = model.to(device)
    generator = Generator(model)
    [prompt] = prompts(model, (9,))
    before = generator(prompt, places(prompt), max_new_tokens=MOST)
    version = model.lm_head.weight._version
    with torch.no_grad():
        weights = model.lm_head.weight, model.model.language_model.layers[0].mlp.up_proj.weight
        # a fused optimizer changes values, and autograd counts nothing
        head, up = weights if counted else (weight.data for weight in weights)
        head.normal_()
        up.mul_(-1)
    assert counted == (model.lm_head.weight._version > version)
    after = generator(prompt, places(prompt), max_new_tokens=MOST)
    assert tokens(after) == slowly(model, [prompt]) != tokens(before)


def test_sequences_of_one_prompt_read_it_once(model, device, read) -> None:
    model = model.to(device)
    [scene, other, *questions] = prompts(model, (30, 25, 3, 5, 2))
    some = [torch.cat((scene, question), 1) for question in questions]
    some += [other, some[0]]
    found = Generator(model)(*padded(some), max_new_tokens=MOST)
    # two beginnings, then what comes after them
    assert read == [(2, 30), (5, 5)]
    assert tokens(found) == slowly(model, some)


def test_drawn_tokens_follow_the_models_distribution(device) -> None:
    model = small_model().to(device)
    with torch.no_grad():
        model.lm_head.weight.mul_(0.05)  # otherwise one token has it all
    [prompt] = prompts(model, (9,))
    logits = model(inputs_embeds=prompt, position_ids=places(prompt)).logits[0, -1].detach() / 0.7
    logits[placeholders(model)] = -torch.inf
    expected = logits.log_softmax(-1)
    source, generator = torch.Generator(device).manual_seed(0), Generator(model)
    rows, found = 128, []
    for _ in range(16):
        found += generator(
            prompt.expand(rows, -1, -1),
            places(prompt).expand(-1, rows, -1),
            max_new_tokens=1,
            temperature=0.7,
            generator=source,
            log_probabilities=True,
        )
    ends = end_tokens(model)
    first = torch.tensor([one.tokens[0] if one.tokens else min(ends) for one in found])
    share = torch.bincount(first, minlength=len(expected)) / len(found)
    assert not set(placeholders(model)) & set(first.tolist())
    assert (share - expected.exp().cpu()).abs().sum() < 0.4  # about 0.2 for a true draw of 2,048
    told = torch.tensor([one.log_probabilities[0] for one in found])
    assert torch.allclose(told, expected.cpu()[first], atol=1e-4)


def test_a_seed_draws_the_same_again_and_another_one_does_not(model, device) -> None:
    some, generator = prompts(model.to(device)), Generator(model)
    drawn = [
        tokens(
            generator(
                *padded(some),
                max_new_tokens=MOST,
                temperature=1.5,
                generator=torch.Generator(device).manual_seed(seed),
            )
        )
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert tokens(generator(*padded(some), max_new_tokens=MOST)) == slowly(model, some)


def test_the_probability_of_an_end_is_told_too(model, device) -> None:
    some = prompts(model.to(device))
    end = slowly(model, some)[1][10]
    model.config.text_config.eos_token_id = end
    found = Generator(model)(*padded(some), max_new_tokens=MOST, log_probabilities=True)
    for prompt, one in zip(some, found, strict=True):
        assert len(one.log_probabilities) == len(one.tokens) + one.finished
        said = torch.tensor([one.tokens + [end] * one.finished], device=device)
        whole = torch.cat((prompt, model.get_input_embeddings()(said)), 1)
        logits = model(inputs_embeds=whole, position_ids=places(whole)).logits[0].detach()
        logits[:, placeholders(model)] = -torch.inf
        scores = logits[prompt.shape[1] - 1 : -1].log_softmax(-1).gather(-1, said.T)[:, 0]
        assert torch.allclose(torch.tensor(one.log_probabilities), scores.cpu(), atol=1e-3)


def test_it_streams_and_stops_between_tokens(model, device) -> None:
    some, seen = prompts(model.to(device)), []
    expected = slowly(model, some)
    found = Generator(model)(
        *padded(some),
        max_new_tokens=MOST,
        on_tokens=lambda row, said: seen.append((row, list(said))),
        should_stop=lambda: len(seen) >= 15,
    )
    assert all(one.stopped and not one.finished for one in found)
    assert tokens(found) == [one[:3] for one in expected]
    assert seen == [(row, one[:n]) for n in (1, 2, 3) for row, one in enumerate(expected)]


def test_stopped_before_the_start(model) -> None:
    [prompt] = prompts(model, (5,))
    [found] = Generator(model)(
        prompt, places(prompt), max_new_tokens=MOST, should_stop=lambda: True
    )
    assert found.stopped and not found.tokens


@pytest.mark.parametrize("wrong", [torch.nan, torch.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_output_that_is_no_number_is_named(device, wrong: float, temperature: float) -> None:
    model = small_model().to(device)
    [prompt] = prompts(model, (3,))
    generator, options = Generator(model), {"max_new_tokens": 2, "temperature": temperature}
    generator(prompt, places(prompt), **options)
    with torch.no_grad():
        model.model.language_model.norm.weight.fill_(wrong)
    with pytest.raises(ModelOutputError, match="token 1 .* NaN or infinite"):
        generator(prompt, places(prompt), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"max_new_tokens": 0},
        {"max_new_tokens": [3]},
        {"max_new_tokens": [3, 0]},
        {"max_new_tokens": 3, "temperature": -1.0},
    ],
)
def test_bounds_out_of_range_are_refused(options) -> None:
    model = small_model()
    with pytest.raises(ValueError, match=r"max_new_tokens|temperature"):
        Generator(model)(*padded(prompts(model, (4, 5))), **options)


def test_a_sequence_without_tokens_is_refused() -> None:
    model = small_model()
    embeddings, positions, mask = padded(prompts(model, (4, 5)))
    mask[0] = 0
    with pytest.raises(ValueError, match="sequence 0 holds no token"):
        Generator(model)(embeddings, positions, mask, max_new_tokens=3)


def test_no_sequences_have_no_answers(model) -> None:
    nothing = torch.zeros(0, 5, 256), torch.zeros(3, 0, 5, dtype=torch.long)
    assert Generator(model)(*nothing, max_new_tokens=[]) == []


def test_grouping_by_what_is_shared() -> None:
    rows = torch.tensor(
        [[1, 2, 3, 4, 5, 0], [9, 9, 9, 9, 9, 9], [1, 2, 3, 8, 0, 0], [1, 5, 5, 5, 5, 5]]
    )
    embeddings = rows[..., None].float()
    positions = torch.arange(6).expand(3, 4, -1)
    found = group(embeddings, positions, [5, 6, 4, 6])
    # the fourth one has but its first token in common with the first: not worth a group
    assert found.heads == [0, 1, 3]
    assert found.head_of == [0, 1, 0, 3] and found.shared == [3, 5, 3, 5]
    assert common_length(embeddings[0], embeddings[2], *positions[:, :2].unbind(1)) == 3


@pytest.mark.parametrize("batch", [*range(1, 40), 192, 200, 257])
def test_rows_are_few_numbers_and_enough(batch: int) -> None:
    rows = rows_for(batch)
    assert batch <= rows <= max(batch * 1.5, batch + 1)
    assert rows_for(rows) == rows


def test_capacities_are_few_numbers_and_enough() -> None:
    assert [capacity_for(n) for n in (1, 512, 513, 4_097, 9_000)] == [
        512,
        512,
        1_024,
        8_192,
        12_288,
    ]


def test_a_model_with_adapters_takes_the_general_way(model) -> None:
    assert CpuStep.fits(LanguageModel(model))
    assert not CpuStep.fits(LanguageModel(with_adapters(model)))


@pytest.mark.parametrize("arch", [(8, 0), (9, 0), (10, 0)])
@pytest.mark.parametrize("half", [0, 1])
def test_kernels_compile_without_a_gpu(arch: tuple[int, int], half: int) -> None:
    pytest.importorskip("cuda.bindings", reason="torch was installed without CUDA")
    for shape in (
        {"HEAD_DIM": 64, "GROUP": 1, "SPLITS": 1},
        {"HEAD_DIM": 128, "GROUP": 7, "SPLITS": 32},
    ):
        defines = (("BF16", half), *shape.items())
        assert b"attend" in nvrtc.compile_kernels(cuda_step.ATTEND, *arch, defines)
    for number in FORMATS.values():
        for gated, fetch in ((1, 0), (0, 1)):
            kind = (("NORM", gated), ("GATED", gated), ("FORMAT", number), ("FETCH", fetch))
            code = nvrtc.compile_kernels(cuda_step.PRODUCTS, *arch, (("BF16", half), *kind))
            assert b"gated" in code and (b"linear_few" in code) == half


@pytest.mark.gpu
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("rows", [1, 3, 8, 9])
@pytest.mark.parametrize("heads", [4, 2])
def test_half_precision_steps_are_those_of_the_general_way(
    rows: int, kind: str, heads: int
) -> None:
    """Logits of a step in bfloat16, by our kernels and by torch's, from the same cache."""
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    if kind != "none":
        pytest.importorskip("torchao")
    model = small_model(num_key_value_heads=heads, intermediate_size=768)
    quantize(model.to(torch.bfloat16), kind, torch.device("cuda"))
    model = model.to("cuda")
    language = LanguageModel(model)
    some = torch.randn(rows, 70, 256, device="cuda", dtype=torch.bfloat16)
    positions = torch.arange(70, device="cuda").expand(3, rows, -1)
    lengths = [70 - 9 * row for row in range(min(rows, 7))] + [1] * max(0, rows - 7)
    found = []
    with torch.inference_mode():
        for kernels in (True, False):
            slots = language.slots(rows, 512)
            language.extend(some, positions, slots, slice(0, rows), 0)
            slots.start(lengths, [length + 3 for length in lengths])
            slots.report[0] = torch.arange(40, 40 + rows)
            step = (
                CudaStep(language, slots, rows) if kernels else partial(language.step, slots, rows)
            )
            assert not kernels or step.is_few == (rows <= 8)
            found.append(torch.stack([step().float() for _ in range(3)]))
            assert slots.clock[1].tolist() == [length + 3 for length in lengths]
    difference = (found[0] - found[1]).norm() / found[1].norm()
    assert 0 < difference < 0.02, difference


@pytest.mark.gpu
def test_half_precision_answers_are_nearly_those_of_the_slow_twin(model) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = model.to("cuda", torch.bfloat16)
    some = prompts(model)
    expected = slowly(model, some, 8)
    together = tokens(Generator(model)(*padded(some), max_new_tokens=8))
    one_by_one = [Generator(model)(p, places(p), max_new_tokens=8)[0].tokens for p in some]
    for found in (together, one_by_one):
        assert [one[0] for one in found] == [one[0] for one in expected]
        same = [
            a == b for pair in zip(found, expected, strict=True) for a, b in zip(*pair, strict=True)
        ]
        assert sum(same) / len(same) > 0.6


@pytest.mark.gpu
def test_batches_that_grow_and_shrink_keep_their_graphs_apart(model) -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    model = model.to("cuda")
    generator = Generator(model)
    for lengths in ((5, 9), (4, 4, 7, 12, 3), (6, 8), (3,) * 20, (500, 7)):
        some = prompts(model, lengths)
        assert tokens(generator(*padded(some), max_new_tokens=6)) == slowly(model, some, 6)
        with torch.no_grad():
            model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.clone())
