"""The trainer on a toy task: what moves, what stays, what is learned, and going on after a kill."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError
from r1_training.grpo.config import OBJECTIVES, REWARDS
from r1_training.grpo.sampling import Sampled
from r1_training.grpo.trainer import R1GRPOTrainer, TrainingDivergedError
from r1_training.rewards.semantic import semantic_reward
from tests.r1_training.grpo.toy import ToyQuestions, toy_model, toy_run

ROUNDED = 0.1  # of a logarithmic probability of about 6, of logits in bf16


def length(text: str) -> float:
    return len(text) / 20


@pytest.fixture
def make(room_words, tmp_path):
    def make(rule=length, output=tmp_path, **changes) -> R1GRPOTrainer:
        config, model = toy_run(output, **changes), toy_model(room_words)
        questions = ToyQuestions(model, room_words, config, rule)
        return R1GRPOTrainer(model, room_words, config, questions)

    return make


def state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def rows(trainer: R1GRPOTrainer) -> list[dict[str, float]]:
    return [row for row in trainer.state.log_history if "reward" in row]


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_the_language_model_moves_and_nothing_else(make, loss):
    trainer = make(loss=loss, updates=2, answers_at_a_time=4)
    before, reference = state(trainer.model), state(trainer.ref_model)
    trainer.train()
    after = state(trainer.model)
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    trained = {n for n, p in trainer.model.named_parameters() if p.requires_grad}
    assert trained <= moved and all("language_model" in n or "lm_head" in n for n in moved)
    assert all(value.isfinite().all() for value in after.values())
    for name, value in state(trainer.ref_model).items():
        assert torch.equal(value, reference[name]), name


def test_what_is_said_in_the_log(make):
    trainer = make(updates=2, answers_at_a_time=4, steps=4)
    trainer.train()
    row = rows(trainer)[-1]
    for name in (
        *("reward", "reward_std", "rewards/format/mean", "rewards/format/std", "accuracy"),
        *("frac_reward_zero_std", "entropy", "kl", "completions/mean_length"),
        *("completions/clipped_ratio", "clip_ratio/region_mean", "grad_norm"),
    ):
        assert math.isfinite(row[name]), name
    assert "rewards/plan/mean" not in row  # nothing asked for it
    assert rows(trainer)[0]["sampling/mismatch_max"] < 1e-3
    assert [sample.question for sample in trainer.samples] == ["where?"] * 3


def gradients(trainer: R1GRPOTrainer) -> list[torch.Tensor]:
    """Of one batch, as the loop would make them."""
    trainer.model.train()
    trainer.current_gradient_accumulation_steps = trainer.run.accumulation
    numbers = range(trainer.run.rooms * trainer.run.questions)
    rows = [{"number": n} for n in numbers for _ in range(trainer.run.group_size)]
    for _ in range(trainer.run.accumulation):
        trainer.training_step(trainer.model, rows, None)
    return [p.grad for p in trainer.model.parameters() if p.requires_grad]


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_equal_rewards_give_no_gradient_and_move_nothing(make, loss):
    assert all(
        grad is None or not grad.any() for grad in gradients(make(lambda text: 0.5, loss=loss))
    )
    trainer = make(lambda text: 0.5, loss=loss)
    before = state(trainer.model)
    trainer.train()
    assert all(torch.equal(value, before[name]) for name, value in state(trainer.model).items())
    assert all(row["frac_reward_zero_std"] == 1 for row in rows(trainer))


def scores(trainer: R1GRPOTrainer, *, hidden: bool = False) -> tuple[Sampled, torch.Tensor]:
    """Answers to one batch, and their log-probabilities at scoring."""
    run = trainer.run
    prompts = trainer.questions.prompts(range(run.rooms * run.questions))
    sampled = trainer._sample(prompts)
    if hidden:
        object.__setattr__(prompts, "scene", prompts.scene * 0)
        object.__setattr__(prompts, "views", prompts.views * 0)
    every = torch.arange(len(sampled.tokens))
    batch = trainer._batch(prompts, sampled, torch.ones(len(every)), every)
    with torch.no_grad():
        return sampled, trainer._score(trainer.model, batch)


def furthest(sampled: Sampled, scored: torch.Tensor) -> float:
    return max(
        float((torch.tensor(own) - row[: len(own)]).abs().max())
        for own, row in zip(sampled.log_probabilities, scored, strict=True)
    )


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_sampling_and_scoring_agree_where_both_see(make, temperature):
    trainer = make(temperature=temperature, max_new_tokens=12)
    assert furthest(*scores(trainer)) < 1e-3
    assert furthest(*scores(trainer, hidden=True)) > 0.05


def test_samples_are_of_the_newest_weights(make):
    """A step by TRL's optimizer, which is fused, is not seen by who watches for changes."""
    trainer = make(steps=1, learning_rate=1e-2)
    scores(trainer)  # what is kept of the weights before
    trainer.train()
    assert furthest(*scores(trainer)) < 1e-3


def test_a_run_in_half_precision_samples_from_a_copy_of_the_newest_weights(make):
    trainer = make(steps=2, learning_rate=3e-2, precision="bf16", max_new_tokens=12)
    old, scored = scores(trainer)
    assert furthest(old, scored) < ROUNDED
    trainer.train()
    new, scored = scores(trainer)
    assert furthest(new, scored) < ROUNDED
    assert old.log_probabilities != new.log_probabilities
    assert {weight.dtype for weight in trainer.policy.parameters()} == {torch.float32}


def test_prompts_are_of_different_lengths(make):
    """Else padding on the wrong side would not show."""
    prompts = make().questions.prompts(range(4))
    assert prompts.mask[:, -1].all() and len(set(prompts.mask.sum(1).tolist())) > 1


def test_placeholders_are_never_said(make):
    trainer = make(temperature=50.0, max_new_tokens=40, answers_at_a_time=16)  # nearly uniform
    prompts = trainer.questions.prompts(range(4))
    said = {token for row in trainer._sample(prompts).tokens for token in row}
    config = trainer.model.config
    assert len(said) > 100
    assert not said & {config.image_token_id, config.scene_token_id, config.vision_start_token_id}


def test_another_seed_samples_other_answers(make):
    prompts = make().questions.prompts(range(4))
    one, same, other = (make(seed=seed)._sample(prompts) for seed in (0, 0, 1))
    assert one == same and one.tokens != other.tokens
    assert len({tuple(tokens) for tokens in one.tokens}) > 4


def test_the_log_says_whether_rewards_tell_right_from_wrong(make):
    """The toy's reward is its checker's verdict, so what is right has the higher advantage."""
    trainer = make(lambda text: float(len(text) % 2), loss="grpo", steps=1)
    trainer.train()
    assert rows(trainer)[0]["advantage/right_over_wrong"] > 1
    told_nothing = make(lambda text: 0.5)
    told_nothing.train()
    assert "advantage/right_over_wrong" not in rows(told_nothing)[0]


@pytest.mark.parametrize("loss", ["grpo", "dapo"])
def test_a_toy_task_is_learned(make, loss):
    """To say little."""
    settings = {"group_size": 8, "answers_at_a_time": 32, "max_new_tokens": 10, "kl_beta": 0.0}
    trainer = make(
        lambda text: 1 / (1 + len(text)), loss=loss, steps=10, learning_rate=2e-3, **settings
    )
    trainer.train()
    rewards = [row["reward"] for row in rows(trainer)]
    assert sum(rewards[-3:]) / 3 > rewards[0] + 0.25


def test_slices_add_up_to_the_whole(make):
    """Rows that only fill up, and slices of different content, change no gradient."""

    def some(text: str) -> float:  # many groups have no spread
        return float(len(text) % 2)

    for loss in ("grpo", "dapo"):
        whole = gradients(make(some, loss=loss, answers_at_a_time=16))
        parts = gradients(make(some, loss=loss, answers_at_a_time=2))
        assert any(grad.abs().max() > 1e-4 for grad in whole)
        for one, other in zip(whole, parts, strict=True):
            assert torch.allclose(one, other, atol=1e-5), loss


def test_the_mean_of_the_steps_of_a_batch_is_one_step_on_all_of_it(make):
    """In whole groups, each answer once."""

    def some(text: str) -> float:
        return float(len(text) % 2)

    settings = {"loss": "dapo", "rooms": 4, "kl_beta": 0.0}
    whole = gradients(make(some, **settings, answers_at_a_time=32))
    stepped = make(some, **settings, answers_at_a_time=16, updates=2)
    run = stepped.run
    rows = [{"number": n} for n in range(8) for _ in range(run.group_size)]
    stepped.model.train()
    stepped.current_gradient_accumulation_steps = run.accumulation
    owners = []
    for step in range(run.updates):
        stepped.training_step(stepped.model, rows, None)  # without the optimizer's
        owners.append({*stepped._slices[step]["owner"].tolist()})
        stepped.state.global_step += 1
    # the end of the first slice may be the beginning of the second
    assert len(owners[0] & owners[1]) <= 1
    assert {owner % 2 for owner in owners[0] - owners[1]} == {0}
    parts = [p.grad for p in stepped.model.parameters() if p.requires_grad]
    assert any(grad.abs().max() > 1e-4 for grad in whole)
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other / run.updates, atol=1e-5)


def test_a_run_that_was_left_in_the_middle_of_a_batch_goes_on_with_its_slice(make, tmp_path):
    settings = {"steps": 4, "updates": 2, "answers_at_a_time": 8, "save_every": 2}
    half = make(output=tmp_path, **settings)
    stop_after(half, 1, save=True)
    half.train()
    again = make(output=tmp_path, **settings)
    asked = []
    answered = again._generate_and_score_completions
    again._generate_and_score_completions = lambda rows: (
        asked.append((again.state.global_step, rows[0]["number"])) or answered(rows)
    )
    again.train(resume_from_checkpoint=str(tmp_path / "checkpoint-1"))
    assert again.state.global_step == 4
    # the first batch anew for its second step, then the second batch when its turn comes
    assert asked == [(1, 0), (2, 4)]


class Lengths:
    """Embeddings whose cosine is what two texts have in common in length."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def cosines(self, first, second):
        self.asked += zip(first, second, strict=True)
        return [1 / (1 + abs(len(a) - len(b))) for a, b in zip(first, second, strict=True)]


def test_what_is_said_more_than_once_is_embedded_once(room_words, tmp_path):
    config, model = toy_run(tmp_path, reward_semantic=1.0), toy_model(room_words)
    questions, embeddings = ToyQuestions(model, room_words, config, length), Lengths()
    trainer = R1GRPOTrainer(model, room_words, config, questions, embeddings)
    groups = [["here", "there", "here", ""], ["here", "far away", "there", "here"]]
    rewards, _ = trainer._judge(questions.prompts(range(2)), groups)
    assert len(embeddings.asked) == len({*embeddings.asked}) == 4
    slow = [
        semantic_reward(text, "here", *Lengths().cosines([text], ["here"]))
        for group in groups
        for text in group
    ]
    assert rewards[:, REWARDS.index("semantic")].tolist() == pytest.approx(slow)


def test_groups_with_little_spread_are_left_out(make):
    """Lengths tell answers apart, but by less than is asked for."""
    trainer = make(lambda text: 0.5 + len(text) / 10_000, least_spread=0.04, steps=1)
    before = state(trainer.model)
    trainer.train()
    assert rows(trainer)[0]["reward_std"] > 1e-4 and rows(trainer)[0]["frac_reward_zero_std"] == 1
    assert all(torch.equal(value, before[name]) for name, value in state(trainer.model).items())


def test_what_sees_is_asked_as_users_ask_it(make, monkeypatch):
    """In training mode it is blind to the looks of some scenes."""
    trainer = make(steps=1)
    asked, modes = trainer.questions.prompts, []

    def noted(numbers):
        modes.append(trainer.policy.training)
        return asked(numbers)

    monkeypatch.setattr(trainer.questions, "prompts", noted)
    trainer.train()
    assert modes == [False] and trainer.policy.training


def test_answers_that_are_cut_off_are_not_trained_on(make):
    trainer = make(max_new_tokens=3)
    run = trainer.run
    rows = [{"number": n} for n in range(4) for _ in range(run.group_size)]
    trainer.model.train()
    batch = trainer._generate_and_score_completions(rows)
    ends = trainer.model.config.text_config.eos_token_id
    for ids, mask in zip(batch["completion_ids"], batch["completion_mask"], strict=True):
        if mask.any():
            assert ids[mask.bool()][-1] == ends


def history(output: Path) -> list[dict[str, float]]:
    newest = max(output.glob("checkpoint-*"), key=lambda path: int(path.name.split("-")[1]))
    found = json.loads((newest / "trainer_state.json").read_text())["log_history"]
    timed = ("step_time", "seconds/", "runtime", "per_second", "epoch")
    return [{k: v for k, v in row.items() if not any(t in k for t in timed)} for row in found]


def test_a_run_that_goes_on_equals_one_that_was_never_stopped(make, tmp_path):
    settings = {"steps": 2, "save_every": 1, "answers_at_a_time": 16}
    whole = make(output=tmp_path / "whole", **settings)
    whole.train()
    half = make(output=tmp_path / "half", **settings)
    stop_after(half, 1)
    half.train()
    again = make(output=tmp_path / "half", **settings)
    again.train(resume_from_checkpoint=str(tmp_path / "half" / "checkpoint-1"))
    assert again.state.global_step == 2
    for one, other in zip(history(tmp_path / "whole"), history(tmp_path / "half"), strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-7, nan_ok=True)
    for name, value in state(whole.model).items():
        assert torch.allclose(value, state(again.model)[name], atol=1e-6), name


def stop_after(trainer: R1GRPOTrainer, step: int, *, save: bool = False) -> None:
    from transformers import TrainerCallback

    class Stop(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_training_stop = state.global_step >= step
            control.should_save |= save and control.should_training_stop

    trainer.add_callback(Stop())


def test_a_gradient_that_is_no_number_moves_nothing(make, monkeypatch):
    trainer = make(steps=2)
    computed = R1GRPOTrainer._compute_loss

    def poisoned(self, model, inputs):
        return computed(self, model, inputs) * (math.nan if self.state.global_step == 0 else 1)

    monkeypatch.setattr(R1GRPOTrainer, "_compute_loss", poisoned)
    before = state(trainer.model)
    stop_after(trainer, 1)
    trainer.train()
    assert all(torch.equal(value, before[name]) for name, value in state(trainer.model).items())


def test_a_run_without_any_gradient_is_given_up(make, monkeypatch):
    monkeypatch.setattr("r1_training.grpo.trainer.MOST_SKIPPED", 2)
    trainer = make(steps=5, group_size=8, answers_at_a_time=32)  # some group has spread
    monkeypatch.setattr(
        R1GRPOTrainer, "_compute_loss", lambda self, model, inputs: sum_of(model) * math.nan
    )
    with pytest.raises(TrainingDivergedError, match="since step 1"):
        trainer.train()
    assert trainer.state.global_step == 1


def sum_of(model: torch.nn.Module) -> torch.Tensor:
    return sum(p.sum() for p in model.parameters() if p.requires_grad)


def test_the_head_of_the_saved_model_is_as_it_was(make, tmp_path, room_words):
    trainer = make(steps=1, save_every=1)
    trainer.train()
    again = R1ForConditionalGeneration.from_pretrained(tmp_path / "checkpoint-1")
    assert again.lm_head.bias is None
    assert set(again.state_dict()) == set(toy_model(room_words).state_dict())


def test_the_policy_is_not_the_reference(make):
    trainer = make()
    assert trainer.ref_model is not trainer.model
    shared = {p.data_ptr() for p in trainer.model.parameters()}
    assert not shared & {p.data_ptr() for p in trainer.ref_model.parameters()}
    assert not any(p.requires_grad for p in trainer.ref_model.parameters())


def test_processes_that_do_not_run_are_named(make):
    with pytest.raises(TrainingConfigError, match="devices is 2, but 1 processes run"):
        make(devices=2)


def test_a_semantic_reward_needs_embeddings(make):
    with pytest.raises(TrainingConfigError, match="needs embeddings"):
        make(reward_semantic=1.0)
