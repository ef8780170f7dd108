"""The dry run, for the most part through the command."""

from dataclasses import replace

import pytest
import yaml
from typer.testing import CliRunner

from r1_model.pretrained import load_pretrained
from r1_training.cli import app
from r1_training.qwen import dry_run
from r1_training.qwen import first_step as first_step_module
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import usable_samples
from r1_training.qwen.dry_run import GIB, DryRunError, check_memory, check_step
from r1_training.qwen.first_step import first_step
from r1_training.qwen.memory import estimate_memory
from r1_training.qwen.model import make_optimizer, qwen_7b_config, run_sizes
from tests.r1_training.qwen.conftest import YAML


def run(config, stage="sft", **changes):
    """The command on a shipped file, with the small model and data."""
    options = {"model": config.model, "data": config.data, "scannet": config.scannet} | changes
    arguments = ["train-full", "--config", str(YAML[stage]), "--dry-run"]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)] if value is not None else []
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def gpu_of(monkeypatch):
    """Sets the memory that the dry run finds; None is a machine without a GPU."""

    def set_memory(size):
        monkeypatch.setattr(dry_run, "_device_bytes", lambda: size)

    return set_memory


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_the_command_prints_what_it_checked(config, stage, gpu_of):
    gpu_of(None)
    code, output = run(config, stage)
    assert code == 0, output
    for text in (
        "dry run passed; memory was not compared: no GPU here",
        "of held-out scenes",
        f"memory of one device, 7B, {stage}",
        "8.32 billion",
        "this GPU",
        "gradient of the adapters",
        "gradient of the new modules",
    ):
        assert text in output
    code, output = run(config, stage, scannet="nowhere")
    assert code == 1 and "no conversation is usable" in output


@pytest.mark.parametrize(("stage", "needs", "stand_in"), [("sft", 19.2, True), ("grpo", 22.3, 0)])
def test_a_gpu_that_the_7b_does_not_fit_fails(config, stage, needs, stand_in, gpu_of):
    # Neither a small stand-in nor a model that is not downloaded yet makes the run fit.
    gpu_of(4 * GIB)
    code, output = run(config, stage, model=config.model if stand_in else None)
    assert code == 1 and "dry run passed" not in output
    assert f"the run needs about {needs} GiB on each device, this one has 4.0 GiB" in output


def test_without_the_model_the_dry_run_is_incomplete(config, gpu_of, tmp_path):
    gpu_of(80 * GIB)
    settings = yaml.safe_load(YAML["sft"].read_text()) | {"model": "./not-downloaded"}
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(settings))
    arguments = ["train-full", "--config", str(path), "--dry-run"]
    arguments += ["--data", config.data, "--scannet", config.scannet]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and "dry run passed" not in result.output
    assert "dry run incomplete: the first step is left out" in result.output
    assert "memory of one device, 7B" in result.output


def test_the_memory_is_estimated_for_the_model_of_the_configuration(config, tmp_path):
    small, name = run_sizes(config.model)
    assert name == config.model
    assert (
        small.text_config.hidden_size
        == load_pretrained(config.model, device="cpu").model.config.text_config.hidden_size
    )
    for missing in ("qwen2.5-vl-7b", "output/qwen2.5-vl-7b-sft/final", str(tmp_path)):
        sizes, name = run_sizes(missing)
        assert sizes.text_config.hidden_size == 3_584, missing


def test_a_device_that_is_too_small_fails_the_dry_run():
    estimate = estimate_memory(FullSizeConfig.load(YAML["sft"]), qwen_7b_config())
    check_memory(estimate, None)
    check_memory(estimate, 24 * GIB)
    with pytest.raises(DryRunError, match=r"needs about 19\.\d GiB .* has 16\.0 GiB"):
        check_memory(estimate, 16 * GIB)


@pytest.mark.parametrize("stage", ["sft", "grpo"])
@pytest.mark.parametrize("checkpointing", [True, False])
def test_the_first_step_trains_what_shall_train(config, stage, checkpointing):
    config = replace(config, stage=stage, gradient_checkpointing=checkpointing)
    loaded = load_pretrained(config.model, device="cpu")
    samples, _ = usable_samples(config)
    step = first_step(config, loaded.model, loaded.processor, samples)
    check_step(step)
    assert len(step.losses) == 3 and step.frozen_moved == 0
    assert step.adapters_moved > 0
    # in GRPO the reference sees by the policy's eyes, so these are frozen
    assert (step.new_moved > 0) == (step.new_trained > 0) == (stage == "sft")
    of_new = (
        ({"new_gradient": 0.0}, "new modules get no gradient"),
        ({"new_gradient": float("inf")}, "new modules is not finite: inf"),
        ({"new_moved": 0}, "moved nothing in the new modules"),
    )
    always = (
        ({"losses": [float("nan")]}, "loss is not finite"),
        ({"adapter_gradient": 0.0}, "adapters get no gradient"),
        ({"adapters_moved": 0}, "moved nothing in the adapters"),
        ({"frozen_moved": 2}, "2 frozen parameters changed"),
    )
    for change, message in (*always, *(of_new if stage == "sft" else ())):
        with pytest.raises(DryRunError, match=message):
            check_step(replace(step, **change))


def test_a_frozen_weight_that_moves_is_seen_wherever_it_is(config, monkeypatch):
    loaded = load_pretrained(config.model, device="cpu")
    embedding = loaded.model.get_input_embeddings().weight
    assert embedding.numel() > 8_192

    def make(model, settings):
        optimizer = make_optimizer(model, settings)
        take_step = optimizer.step

        def step():
            take_step()
            embedding.data[-1, -1] += 1

        optimizer.step = step
        return optimizer

    monkeypatch.setattr(first_step_module, "make_optimizer", make)
    samples, _ = usable_samples(config)
    step = first_step(config, loaded.model, loaded.processor, samples)
    assert step.frozen_moved == 1


def test_checkpointing_changes_no_gradient(config):
    steps = []
    for checkpointing in (True, False):
        loaded = load_pretrained(config.model, device="cpu")
        samples, _ = usable_samples(config)
        steps.append(
            first_step(
                replace(config, gradient_checkpointing=checkpointing),
                *(loaded.model, loaded.processor, samples),
            )
        )
    assert steps[0].losses == pytest.approx(steps[1].losses)
    assert steps[0].adapter_gradient == pytest.approx(steps[1].adapter_gradient, rel=1e-4)
