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
    judge_against,
    run_settings,
    train_full_size_grpo,
)
from r1_training.qwen.model import prepare_for_training
from tests.r1_training.rewards.nasty import ALL, BROKEN

CPU = torch.device("cpu")


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
    questions = SceneQuestions(Scene30KConversations(grpo, samples, loaded.processor), 0, CPU)
    run = run_settings(grpo, len(samples))
    return R1GRPOTrainer(wrapped, loaded.processor.tokenizer, run, questions)


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
    for own in prompts.inputs:  # other scenes, other views
        object.__setattr__(own, "colors", 1 - own.colors)
        object.__setattr__(own, "patches", -own.patches)
    assert furthest() > 1e-3


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
    questions = SceneQuestions(Scene30KConversations(grpo, samples, loaded.processor), 0, CPU)
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
