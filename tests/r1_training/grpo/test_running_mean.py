"""The mean of the steps of a run: against sums by hand, across a kill, and in what is delivered."""

from __future__ import annotations

import pytest
import torch
from transformers import TrainerCallback

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError
from r1_training.grpo.run import train
from r1_training.grpo.running_mean import FILE, RunningMean
from r1_training.grpo.trainer import R1GRPOTrainer
from tests.r1_training.grpo.toy import ToyQuestions, toy_model, toy_run

DECAY = 0.75


@pytest.fixture
def make(room_words, tmp_path):
    def make(output=tmp_path, callbacks=(), **changes) -> R1GRPOTrainer:
        config, model = toy_run(output, mean_decay=DECAY, **changes), toy_model(room_words)
        questions = ToyQuestions(model, room_words, config, lambda text: len(text) / 20)
        return R1GRPOTrainer(model, room_words, config, questions, callbacks=callbacks)

    return make


def trained(trainer: R1GRPOTrainer) -> dict[str, torch.Tensor]:
    named = trainer.policy.named_parameters()
    return {name: p.detach().clone() for name, p in named if p.requires_grad}


def delivered(trainer: R1GRPOTrainer) -> dict[str, torch.Tensor]:
    with trainer.delivered():
        return trained(trainer)


class Noted(TrainerCallback):
    """What the policy is after each step."""

    def __init__(self) -> None:
        self.trainer, self.steps = None, []

    def on_step_end(self, args, state, control, **_):
        self.steps.append(trained(self.trainer))


def test_it_is_the_weighted_sum_of_the_steps(make):
    noted = Noted()
    noted.trainer = trainer = make(callbacks=[noted], steps=3, answers_at_a_time=16)
    mean = trained(trainer)
    trainer.train()
    assert len(noted.steps) == 3
    for step in noted.steps:
        mean = {name: DECAY * value + (1 - DECAY) * step[name] for name, value in mean.items()}
    for name, value in delivered(trainer).items():
        torch.testing.assert_close(value, mean[name])
    policy = trained(trainer)  # as the last step left it
    assert all(torch.equal(value, noted.steps[-1][name]) for name, value in policy.items())
    assert any(not torch.equal(value, mean[name]) for name, value in policy.items())


def test_the_policy_does_not_know_of_it(make, room_words, tmp_path):
    one = make(answers_at_a_time=16)
    config, model = toy_run(tmp_path, answers_at_a_time=16), toy_model(room_words)
    questions = ToyQuestions(model, room_words, config, lambda text: len(text) / 20)
    other = R1GRPOTrainer(model, room_words, config, questions)
    one.train(), other.train()
    assert all(torch.equal(value, trained(one)[name]) for name, value in trained(other).items())
    assert all(torch.equal(v, trained(other)[n]) for n, v in delivered(other).items())


def test_an_error_leaves_the_policy(make):
    trainer = make(steps=1)
    trainer.train()
    before = trained(trainer)
    with pytest.raises(ZeroDivisionError), trainer.delivered():
        _ = 1 / 0
    assert all(torch.equal(value, before[name]) for name, value in trained(trainer).items())


def test_a_run_that_goes_on_has_the_mean_of_one_that_was_never_stopped(make, tmp_path):
    settings = {"steps": 2, "save_every": 1, "answers_at_a_time": 16}
    whole = make(output=tmp_path / "whole", **settings)
    whole.train()
    make(output=tmp_path / "half", **(settings | {"steps": 1})).train()
    again = make(output=tmp_path / "half", **settings)
    checkpoint = tmp_path / "half" / "checkpoint-1"
    again.train(resume_from_checkpoint=str(checkpoint))
    for name, value in delivered(whole).items():
        torch.testing.assert_close(delivered(again)[name], value, atol=1e-6, rtol=0)
    (checkpoint / FILE).unlink()
    with pytest.raises(TrainingConfigError, match=f"checkpoint-1 has no {FILE}"):
        make(output=tmp_path / "half", **settings).train(resume_from_checkpoint=str(checkpoint))


def test_a_mean_of_another_model_is_refused(tmp_path):
    weight = torch.nn.Parameter(torch.ones(2))
    RunningMean({"a": weight}, 0.5).save(tmp_path)
    for other in ({"b": weight}, {"a": torch.nn.Parameter(torch.ones(3))}):
        with pytest.raises(TrainingConfigError, match="of another model"):
            RunningMean(other, 0.5).load(tmp_path)


class Nudge(TrainerCallback):
    """A step that moves: answers of random weights have no end, and teach nothing."""

    def on_optimizer_step(self, args, state, control, model, **_):
        for parameter in model.parameters():
            parameter.data += 0.01 * parameter.requires_grad


def test_the_result_of_a_run_is_the_mean(room_model, tmp_path):
    settings = {"rooms": 1, "questions": 2, "group_size": 2, "answers_at_a_time": 4, "steps": 1}
    run = toy_run(
        *[tmp_path], **settings, max_new_tokens=4, model=str(room_model), mean_decay=DECAY,
        save_every=1,
    )  # fmt: skip
    models = [train(run, callbacks=[Nudge()]), tmp_path / "checkpoint-1", room_model]
    final, last, first = (
        dict(R1ForConditionalGeneration.from_pretrained(folder).named_parameters())
        for folder in models
    )
    assert any(not torch.allclose(last[name], first[name].float()) for name in first)
    for name, value in final.items():
        expected = first[name].float().lerp(last[name].float(), 1 - DECAY)
        torch.testing.assert_close(value.float(), expected, atol=1e-5, rtol=1e-3)


def test_a_decay_of_one_would_never_move(tmp_path):
    for decay in (1.0, -0.1, float("nan")):
        with pytest.raises(TrainingConfigError, match="mean_decay must be"):
            toy_run(tmp_path, mean_decay=decay)
