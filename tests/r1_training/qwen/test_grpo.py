"""GRPO of a small model with adapters on real formats: what moves, what is seen, what comes out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from r1_model.pretrained import load_pretrained
from r1_training.common.config import TrainingConfigError
from r1_training.grpo.sampling import Sampled
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.qwen.data import Scene30KConversations, usable_samples
from r1_training.qwen.grpo import (
    SceneQuestions,
    embedded,
    judge_against,
    run_settings,
    train_full_size_grpo,
)
from r1_training.qwen.model import prepare_for_training
from tests.r1_training.rewards.nasty import ALL, BROKEN


@pytest.fixture
def grpo(config):
    return replace(
        config,
        stage="grpo",
        batch_size=2,
        epochs=1,
        group_size=3,
        max_new_tokens=5,
        learning_rate=1e-3,
        final_learning_rate=1e-3,
        kl_beta=0.05,
        embeddings=None,
    )


@pytest.fixture
def made(grpo):
    """A trainer as the run makes it, and its questions."""
    samples, _ = usable_samples(grpo)
    loaded = load_pretrained(grpo.model, device="cpu", dtype="float32")
    wrapped = prepare_for_training(loaded.model, grpo)
    conversations = Scene30KConversations(grpo, samples, loaded.processor)
    questions = SceneQuestions(conversations, loaded.model.model, 0)
    run = run_settings(grpo, len(samples))
    return R1GRPOTrainer(wrapped, loaded.processor.tokenizer, run, questions)


def inputs_of(made, number: int):
    """What the question of a number of the first pass is about."""
    order = np.random.default_rng((0, 0)).permutation(len(made.questions.conversations))
    return made.questions.conversations.question(int(order[number]))[1]


def given(self, prompts) -> Sampled:
    """Answers of different worth; random weights hardly ever end one."""
    end = self.policy.config.text_config.eos_token_id
    texts = ["<think>a</think><answer>b</answer>", "c", "<think>a</think><answer>"]
    rows = [self.processing_class(text)["input_ids"] + [end] for text in texts] * len(prompts.ids)
    return Sampled(rows, [True] * len(rows), [[0.0] * len(row) for row in rows])


def test_adapters_move_and_nothing_else(made, monkeypatch):
    monkeypatch.setattr(R1GRPOTrainer, "_sample", given)
    before = {name: p.detach().clone() for name, p in made.model.named_parameters()}
    made.train()
    moved = {n for n, p in made.model.named_parameters() if not torch.equal(p, before[n])}
    assert moved and all("lora_" in name for name in moved)
    rows = [row for row in made.state.log_history if "reward" in row]
    assert len(rows) == 3 and rows[0]["kl"] == 0 and rows[-1]["kl"] > 0
    assert all("rewards/perception/mean" in row or "rewards/format/mean" in row for row in rows)


def test_sampling_and_scoring_agree_where_both_see(made):
    prompts = made.questions.prompts([0, 1])
    seen = [(row, inputs_of(made, row)) for row in range(2)]
    assert len(set(prompts.mask.sum(1).tolist())) == 1 or prompts.mask[:, -1].all()
    sampled = made._sample(prompts)
    every = torch.arange(len(sampled.tokens))

    def furthest() -> float:
        batch = made._batch(prompts, sampled, torch.ones(len(every)), every)
        with torch.no_grad():
            scored = made._score(made.model, batch)
        return max(
            float((torch.tensor(own) - row[: len(own)]).abs().max())
            for own, row in zip(sampled.log_probabilities, scored, strict=True)
        )

    assert furthest() < 1e-3
    for row, (number, _) in enumerate(seen):  # other scenes, other views
        own = seen[row][1]
        blind = replace(own, colors=1 - own.colors, patches=-own.patches)
        prompts.embeddings[number, -own.input_ids.shape[1] :] = embedded(made.policy.model, blind)
    assert furthest() > 1e-3


def alone(made, prompts, number: int, tokens: list[int]) -> torch.Tensor:
    """(C,) log-probabilities of one answer: question, scene and views read for it alone."""
    own, policy = inputs_of(made, number), made.policy
    answer = torch.tensor([tokens])
    after = own.position_ids.max() + 1 + torch.arange(len(tokens))
    hidden = policy.model(
        input_ids=torch.cat((own.input_ids, answer), 1),
        position_ids=torch.cat((own.position_ids, after.expand(3, 1, -1)), 2),
        **{name: getattr(own, name) for name in ("points", "colors", "bounds", "patches")},
        **{name: getattr(own, name) for name in ("view_grids", "view_positions")},
        view_positions_valid=own.view_positions_valid,
    ).last_hidden_state
    scores = policy.lm_head(hidden[0, -len(tokens) - 1 : -1]).log_softmax(-1)
    return scores.gather(-1, answer.T)[:, 0]


def wake(made) -> None:
    """Adapters that have learned something."""
    torch.manual_seed(1)
    for name, parameter in made.model.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(std=0.1)


@pytest.mark.parametrize("at_a_time", [1, 6])
def test_one_copy_of_a_question_serves_all_its_answers_exactly(made, at_a_time):
    """Log-probabilities and gradients are those of reading everything for each answer anew."""
    wake(made)
    made.run = replace(made.run, answers_at_a_time=at_a_time)
    prompts = made.questions.prompts([0, 1])
    rows = [[40, 50, 60], [41], [42, 43, 44, 45, 46], [47, 48], [49, 50, 51], [52, 53, 54, 55]]
    sampled = Sampled(rows, [True] * 6, [[0.0] * len(row) for row in rows])
    every = torch.arange(6)
    batch = made._batch(prompts, sampled, torch.ones(6), every)
    assert batch["owner"].tolist() == [0, 0, 0, 1, 1, 1]
    wanted = torch.randn(6, 5)

    def gradient(scores: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        made.model.zero_grad()
        sum((s * w[: len(s)]).sum() for s, w in zip(scores, wanted, strict=True)).backward()
        return {n: p.grad.clone() for n, p in made.model.named_parameters() if p.grad is not None}

    packed = [s[: len(row)] for s, row in zip(made._score(made.model, batch), rows, strict=True)]
    plain = [alone(made, prompts, row // 3, tokens) for row, tokens in enumerate(rows)]
    for one, other in zip(packed, plain, strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    found, expected = gradient(packed), gradient(plain)
    assert found.keys() == expected.keys() and all("lora_" in name for name in found)
    for name, value in found.items():
        assert torch.allclose(value, expected[name], atol=1e-4), name


def test_the_reference_is_the_policy_without_its_adapters(made):
    """Not a second model; and not what the adapters have made of it."""
    assert made.ref_model is None
    prompts = made.questions.prompts([0, 1])
    rows = [[40, 50, 60], [41], [42, 43, 44, 45], [47, 48], [49, 50], [52, 53]]
    sampled = Sampled(rows, [True] * 6, [[0.0] * len(row) for row in rows])
    first = made._batch(prompts, sampled, torch.ones(6), torch.arange(6))
    assert torch.equal(first["ref_per_token_logps"], made._score(made.model, first).detach())
    wake(made)
    second = made._batch(prompts, sampled, torch.ones(6), torch.arange(6))
    assert torch.equal(second["ref_per_token_logps"], first["ref_per_token_logps"])
    moved = made._score(made.model, second).detach() - first["ref_per_token_logps"]
    assert moved.abs().max() > 1e-3


def test_sampling_follows_the_adapters_without_touching_the_base(made):
    prompts = made.questions.prompts([0, 1])
    before = {name: p.clone() for name, p in made.model.named_parameters()}
    first = made._sample(prompts)
    wake(made)
    second = made._sample(prompts)
    assert first.tokens != second.tokens
    batch = made._batch(prompts, second, torch.ones(6), torch.arange(6))
    scored = made._score(made.model, batch).detach()
    for own, row in zip(second.log_probabilities, scored, strict=True):
        assert torch.allclose(torch.tensor(own), row[: len(own)], atol=1e-3)
    for name, parameter in made.model.named_parameters():
        assert "lora_B" in name or torch.equal(parameter, before[name])


def test_how_many_answers_are_read_at_a_time_changes_no_step(grpo, monkeypatch):
    monkeypatch.setattr(R1GRPOTrainer, "_sample", given)
    start = load_pretrained(grpo.model, device="cpu").model.state_dict()
    ends = []
    for number in (1, None):
        own = f"{grpo.output}-{number}"
        final = train_full_size_grpo(replace(grpo, answers_at_a_time=number, output=own))
        ends.append(load_pretrained(final, device="cpu").model.state_dict())
    moved = sum(float((value - start[name]).square().sum()) for name, value in ends[0].items())
    apart = sum(float((value - ends[1][name]).square().sum()) for name, value in ends[0].items())
    assert moved > 0 and apart < 1e-4 * moved


def test_a_group_is_not_divided_unevenly(grpo):
    with pytest.raises(TrainingConfigError, match="answers_at_a_time must be a divisor"):
        replace(grpo, answers_at_a_time=2)


def test_a_run_leaves_a_model_that_loads(grpo):
    final = train_full_size_grpo(grpo)
    loaded = load_pretrained(final, device="cpu")
    assert loaded.new_modules == () and loaded.model.lm_head.bias is None
    with pytest.raises(TrainingConfigError, match="of an earlier run"):
        train_full_size_grpo(grpo)
    assert train_full_size_grpo(grpo, resume=True) == final


def test_the_rate_is_fixed(grpo):
    with pytest.raises(TrainingConfigError, match="GRPO has a fixed rate"):
        run_settings(replace(grpo, learning_rate=2e-3), 6)


def test_every_pass_asks_every_question(grpo):
    samples, _ = usable_samples(grpo)
    loaded = load_pretrained(grpo.model, device="cpu", dtype="float32")
    conversations = Scene30KConversations(grpo, samples, loaded.processor)
    questions = SceneQuestions(conversations, loaded.model.model, 0)
    one, other = (
        [sample.question for _, sample in questions.prompts(numbers).asked]
        for numbers in (range(6), range(6, 12))
    )
    assert sorted(one) == sorted(other) == sorted(s.question for s in samples) and one != other


@pytest.mark.parametrize("name", ALL)
def test_no_text_breaks_the_judge(grpo, name):
    [sample, *_], _ = usable_samples(grpo)
    bounds = (np.zeros(3), np.full(3, 5.0))
    judged = judge_against(sample, ALL[name], bounds)
    assert judged.format == (name not in BROKEN) and judged.plan is None
    true = judge_against(sample, sample.details["cot"], bounds)
    assert true.correct == 1 and true.said == true.true
    assert true.perception in (None, pytest.approx(1.0))
