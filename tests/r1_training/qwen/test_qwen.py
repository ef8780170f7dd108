import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from r1_model.network.token_loss import IGNORED
from r1_model.pretrained import load_pretrained
from r1_training.common.config import TrainingConfigError
from r1_training.datasets.errors import FileFormatError
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import (
    Scene30KConversations,
    evenly_spaced,
    to_device,
    usable_samples,
    within_limit,
)
from r1_training.qwen.dry_run import DryRunError, check_data
from r1_training.qwen.grpo_step import group_advantages, grpo_loss
from r1_training.qwen.memory import estimate_memory
from r1_training.qwen.model import (
    load_scene_encoder,
    make_optimizer,
    prepare_for_training,
    qwen_7b_config,
    qwen_config,
    run_sizes,
)
from r1_training.qwen.train import (
    TRAINED,
    load_trained_weights,
    train_full_size,
    trained_weights,
)
from tests.r1_training.qwen.conftest import UNPREPARED, YAML


def test_the_files_hold_the_papers_settings():
    sft, grpo = (FullSizeConfig.load(YAML[stage]) for stage in ("sft", "grpo"))
    for config in (sft, grpo):
        assert (config.lora_rank, config.lora_alpha, config.lora_dropout) == (12, 16, 0)
        assert len(config.lora_targets) == 7 and config.epochs == 2 and config.batch_size == 12
        assert config.views == 6
    assert (sft.learning_rate, sft.final_learning_rate) == (1e-5, 1e-6)
    assert (sft.optimizer, sft.weight_decay) == ("adamw", 0.1)
    assert grpo.learning_rate == grpo.final_learning_rate == 1e-6
    assert (grpo.optimizer, grpo.kl_beta) == ("adam", 0.02)
    # 30,012 conversations, batch 12, 2 epochs.
    assert sft.steps(30_012) == 5_002


def test_the_adapters_of_the_7b_have_the_papers_size():
    estimate = estimate_memory(FullSizeConfig.load(YAML["sft"]), qwen_7b_config())
    assert estimate.parameters == pytest.approx(8.3e9, rel=0.01)
    # 12 blocks of rank 12 on all seven projections: "about 12M".
    new = sum(p.numel() for p in _meta_new_modules(qwen_7b_config()))
    assert estimate.trained - new == 12_976_128
    assert 17 < estimate.total / 2**30 < 24
    grpo = estimate_memory(FullSizeConfig.load(YAML["grpo"]), qwen_7b_config())
    assert grpo.total > estimate.total


@pytest.mark.parametrize(
    ("preset", "billions", "adapters", "fits"),
    [
        ("qwen2.5-vl-3b", 3.75, 7_483_392, 16),
        ("qwen2.5-vl-7b", 8.29, 12_976_128, 24),
        ("qwen2.5-vl-32b", 33.45, 18_874_368, 80),
    ],
)
def test_other_sizes_are_those_of_their_models(preset, billions, adapters, fits):
    """Parameters as the models' cards have them; ours are the scene branch, under 0.04 billion."""
    model = qwen_config(preset)
    for stage in ("sft", "grpo"):
        config = FullSizeConfig.load(YAML["sft"].parent / f"{preset}-{stage}.yaml")
        estimate = estimate_memory(config, model)
        assert 0 < estimate.parameters / 1e9 - billions < 0.07
        assert estimate.total / 2**30 < fits
    new = sum(p.numel() for p in _meta_new_modules(model))
    assert estimate.trained - new == adapters
    sizes, name = run_sizes(preset)
    assert sizes.text_config.hidden_size == model.text_config.hidden_size
    assert name == preset.rpartition("-")[2].upper()


def test_exact_parts_of_the_estimate_are_exact(config):
    loaded = load_pretrained(config.model, device="cpu")
    estimate = estimate_memory(config, loaded.processor.config)
    wrapped = prepare_for_training(loaded.model.bfloat16(), config)
    optimizer = make_optimizer(wrapped, config)
    sizes = {True: 0, False: 0}
    for parameter in wrapped.parameters():
        sizes[parameter.requires_grad] += parameter.numel() * parameter.element_size()
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    moments = sum(
        state[name].numel() * state[name].element_size()
        for state in optimizer.state.values()
        for name in ("exp_avg", "exp_avg_sq")
    )
    assert estimate.parts["frozen weights"] == sizes[False]
    assert estimate.parts["trained weights (fp32)"] == sizes[True]
    assert estimate.parts["Adam's two moments (fp32)"] == moments


def test_data_are_counted_and_held_out_scenes_left_out(config):
    samples, report = usable_samples(config)
    assert len(samples) == report.usable == 6 and report.scenes == 1
    assert (report.rows.bad, report.rows.other_split) == (1, 1)
    assert report.missing == {UNPREPARED: 1}
    check_data(config, samples, report)
    with pytest.raises(DryRunError, match="no conversation is usable: 9 rows"):
        check_data(config, [], report)
    leak = [replace(samples[0], scene_id="scene0011_00")]
    with pytest.raises(DryRunError, match="scene0011_00 is held out"):
        check_data(config, leak, report)
    with pytest.raises(FileFormatError, match="cannot be opened"):
        usable_samples(replace(config, data="nowhere.jsonl"))


def test_an_example_trains_the_target_only(config):
    loaded = load_pretrained(config.model, device="cpu")
    samples, _ = usable_samples(config)
    data = Scene30KConversations(config, samples, loaded.processor)
    example = data[0]
    target = example["input_ids"][example["labels"] != IGNORED]
    text = loaded.processor.tokenizer.decode(target)
    assert text == samples[0].details["cot"] + "<|im_end|>\n"
    assert example["labels"].shape == example["input_ids"].shape
    # Text goes on one position at a time after the prompt.
    tail = example["position_ids"][:, 0, -len(target) - 1 :]
    assert (tail.diff(dim=1) == 1).all()
    assert len(example["view_grids"]) == 2
    assert torch.isfinite(loaded.model(**data.collate([{"index": 0}])).loss)


def test_the_loss_reaches_everything_that_trains(config):
    loaded = load_pretrained(config.model, device="cpu")
    samples, _ = usable_samples(config)
    wrapped = prepare_for_training(loaded.model, config)
    data = Scene30KConversations(config, samples, loaded.processor)
    wrapped(**data.collate([{"index": 0}])).loss.backward()
    unreached = [n for n, p in wrapped.named_parameters() if p.requires_grad and p.grad is None]
    assert unreached == []


def test_long_conversations_are_left_out(config):
    loaded = load_pretrained(config.model, device="cpu")
    samples, _ = usable_samples(config)
    data = Scene30KConversations(config, samples, loaded.processor)
    length = data[0]["input_ids"].shape[1]
    limit = replace(config, max_tokens=length)
    assert within_limit(samples, loaded.processor, limit) == samples
    # The end of the turn and a line break are not counted: two tokens.
    assert within_limit(samples, loaded.processor, replace(config, max_tokens=length - 3)) == []


def test_training_learns_resumes_and_saves_one_model(config):
    config = replace(config, learning_rate=3e-3, final_learning_rate=1e-3, epochs=3)
    final = train_full_size(config)
    checkpoints = sorted(Path(config.output).glob("checkpoint-*"))
    assert [path.name for path in checkpoints] == ["checkpoint-5", "checkpoint-6"]
    assert (checkpoints[0] / TRAINED).is_file()
    trained, fresh = (load_pretrained(folder, device="cpu") for folder in (final, config.model))
    assert trained.model.config.trained and trained.new_modules == ()
    samples, _ = usable_samples(config)

    def loss(loaded):
        data = Scene30KConversations(config, samples, loaded.processor)
        with torch.no_grad():
            return float(loaded.model(**data.collate([{"index": 0}])).loss)

    assert loss(trained) < loss(fresh) - 0.1
    # What is logged is the mean over the step's conversations.
    state = json.loads((checkpoints[0] / "trainer_state.json").read_text())
    assert float(state["log_history"][0]["loss"]) == pytest.approx(loss(fresh), rel=0.05)

    # Killed after the fifth step: the rest gives the same model.
    shutil.rmtree(checkpoints[1])
    again = load_pretrained(train_full_size(config, resume=True), device="cpu")
    for name, weight in trained.model.state_dict().items():
        torch.testing.assert_close(again.model.state_dict()[name], weight, atol=1e-5, rtol=1e-3)


@pytest.mark.gpu
def test_training_learns_on_a_gpu(config):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    config = replace(config, learning_rate=3e-3, final_learning_rate=1e-3, epochs=3)
    torch.cuda.reset_peak_memory_stats()
    final = train_full_size(config)
    assert torch.cuda.max_memory_allocated() > 0
    trained, fresh = (load_pretrained(folder, device="cuda") for folder in (final, config.model))
    samples, _ = usable_samples(config)

    def loss(loaded):
        data = Scene30KConversations(config, samples, loaded.processor)
        batch = to_device(data.collate([{"index": 0}]), loaded.model.device)
        with torch.no_grad():
            return float(loaded.model(**batch).loss)

    assert loss(trained) < loss(fresh) - 0.1


def test_weights_of_another_run_are_refused(config, tmp_path):
    from safetensors.torch import save_file

    wrapped = prepare_for_training(load_pretrained(config.model, device="cpu").model, config)
    other = prepare_for_training(
        load_pretrained(config.model, device="cpu").model, replace(config, lora_rank=4)
    )
    save_file(trained_weights(other), tmp_path / TRAINED)
    with pytest.raises(TrainingConfigError, match="other adapters"):
        load_trained_weights(wrapped, tmp_path / TRAINED)
    with pytest.raises(TrainingConfigError, match="is missing"):
        load_trained_weights(wrapped, tmp_path / "none")
    with pytest.raises(TrainingConfigError, match="devices is 3, but 1 processes run"):
        train_full_size(replace(config, devices=3))
    with pytest.raises(TrainingConfigError, match="this trains sft"):
        train_full_size(replace(config, stage="grpo"))


def test_the_scene_encoder_can_come_from_another_model(config):
    loaded = load_pretrained(config.model, device="cpu")
    with torch.no_grad():
        for parameter in loaded.model.model.scene_encoder.parameters():
            parameter.zero_()
    load_scene_encoder(loaded.model, Path(config.model))
    assert any(p.abs().sum() > 0 for p in loaded.model.model.scene_encoder.parameters())


def test_advantages_and_loss_follow_their_definition():
    rewards = torch.tensor([0.0, 1.0, 2.0, 3.0])
    advantages = group_advantages(rewards)
    assert advantages.mean() == pytest.approx(0, abs=1e-6)
    assert advantages.std(correction=0) == pytest.approx(1)
    assert (group_advantages(torch.ones(4)) == 0).all()
    new = torch.tensor([-1.0, -2.0], requires_grad=True)
    old, reference = torch.tensor([-1.5, -2.0]), torch.tensor([-1.0, -1.0])
    loss = grpo_loss(new, old, reference, torch.tensor(2.0), kl_beta=0.02, clip_epsilon=0.2)
    # Token 1: ratio e^0.5 is clipped to 1.2. Token 2: ratio 1, KL e - 1 - 1.
    expected = -((2 * 1.2) + (2 * 1 - 0.02 * (torch.e - 2))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert new.grad[0] == 0 and new.grad[1] < 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"stage": "ppo"}, "stage must be sft or grpo"),
        ({"batch_size": 10, "devices": 4}, "multiple of devices"),
        ({"learning_rate": 1e-7}, "final_learning_rate"),
        ({"lora_targets": ["q_proj", "head"]}, "lora_targets"),
        ({"epochs": 0}, "epochs must be"),
        ({"views": -1}, "views must be"),
        ({"group_size": 1}, "group_size"),
        ({"lora_dropout": 1.0}, "lora_dropout"),
        ({"rank": 3}, "unknown settings rank"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(TrainingConfigError, match=message):
        FullSizeConfig.load(YAML["sft"], **change)


def test_missing_settings_are_named(tmp_path):
    path = tmp_path / "run.yaml"
    path.write_text("stage: sft\n")
    with pytest.raises(TrainingConfigError, match="output"):
        FullSizeConfig.load(path)
    path.write_text("- 1")
    with pytest.raises(TrainingConfigError, match="holds no settings"):
        FullSizeConfig.load(path)


def test_views_are_spread():
    assert evenly_spaced(list("abcde"), 3) == ["a", "c", "e"]
    assert evenly_spaced(list("ab"), 3) == ["a", "b"]
    assert evenly_spaced(list("ab"), 0) == []


def _meta_new_modules(model_config):
    from r1_model.network.modeling import NEW_MODULES, R1ForConditionalGeneration

    with torch.device("meta"):
        model = R1ForConditionalGeneration(model_config)
    model.model.scene_encoder.point_heads.requires_grad_(False)
    parameters = [p for name in NEW_MODULES for p in getattr(model.model, name).parameters()]
    return [p for p in parameters if p.requires_grad]
