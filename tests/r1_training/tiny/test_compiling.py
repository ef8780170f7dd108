"""Compiled training parts against the plain ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.checkpoints import newest_checkpoint
from r1_training.tiny import sft
from r1_training.tiny.compiling import PARTS, compile_parts, use_flex, uses_flex
from r1_training.tiny.sft import R1SFTTrainer
from r1_training.tiny.step_graph import WARM_UP
from tests.r1_training.tiny_model import small_run

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def load(folder: Path) -> R1ForConditionalGeneration:
    return R1ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)


def test_the_scene_encoder_is_one_graph(room_model):
    """A call that breaks the graph would cost what compiling wins."""
    encoder = load(room_model).model.scene_encoder
    points, colors = torch.rand(2, 600, 3) * 3, torch.rand(2, 600, 3)
    whole = torch.compile(encoder.forward, backend="eager", fullgraph=True)(points, colors)
    plain = encoder(points, colors)
    assert torch.equal(whole.seed_points, plain.seed_points)
    assert torch.allclose(whole.objects, plain.objects, atol=1e-5)


def test_parts_are_compiled_and_names_stay(room_model):
    model = load(room_model)
    names = set(model.state_dict())
    compile_parts(model)
    assert set(model.state_dict()) == names
    assert uses_flex(model)
    for module in model.modules():
        assert (module._compiled_call_impl is not None) == isinstance(module, PARTS)


def test_flex_is_not_saved_with_the_model(room_model, tmp_path):
    model = load(room_model)
    use_flex(model)
    assert uses_flex(model)
    model.save_pretrained(tmp_path)
    assert not uses_flex(load(tmp_path))


def test_without_a_gpu_nothing_is_compiled(room_model, tmp_path, monkeypatch):
    monkeypatch.setattr(sft.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sft, "compile_parts", lambda model: pytest.fail("compiled"))
    sft.train(str(room_model), small_run(tmp_path, steps=1, compile=True))


@pytest.mark.gpu
@cuda
def test_compiled_steps_have_the_loss_and_gradients_of_plain_ones(room_model, room_words, tmp_path):
    def step(compiled: bool) -> tuple[float, dict[str, torch.Tensor]]:
        model = load(room_model).cuda()
        if compiled:
            compile_parts(model)
        trainer = R1SFTTrainer(model, room_words, small_run(tmp_path))
        batch = trainer.observe(trainer.builder([{"batch": 0}]))
        loss, _ = trainer.losses(batch)
        loss.backward()
        return loss.item(), {name: p.grad for name, p in model.named_parameters()}

    (plain, gradients), (fast, others) = step(False), step(True)
    assert fast == pytest.approx(plain, rel=1e-3)
    for name, gradient in gradients.items():
        assert torch.allclose(gradient, others[name], rtol=2e-2, atol=1e-3), name


@pytest.mark.gpu
@cuda
@pytest.mark.parametrize("questions", [6, 0], ids=["sft", "dense"])
def test_a_compiled_run_has_the_losses_of_a_plain_one(room_model, tmp_path, questions):
    """Long enough that most of its steps come from the CUDA graph."""

    def losses(name: str, **changes: object) -> list[float]:
        settings = {"steps": 3 * WARM_UP, "learning_rate": 1e-4, "conversations": questions}
        run = small_run(tmp_path / name, **settings, **changes)
        folder = sft.train(str(room_model), run)
        state = json.loads((newest_checkpoint(folder.parent) / "trainer_state.json").read_text())
        return [entry["loss"] for entry in state["log_history"] if "loss" in entry]

    plain, fast = losses("plain"), losses("fast", compile=True)
    assert len(plain) == 3 * WARM_UP
    assert fast == pytest.approx(plain, rel=5e-3)
