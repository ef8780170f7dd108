"""Several processes take the step of their batches' mean gradient."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError
from r1_training.tiny.devices import average_gradients, require_devices
from r1_training.tiny.sft import R1SFTTrainer
from tests.r1_training.processes import run_processes
from tests.r1_training.tiny_model import small_run


@pytest.mark.timeout(700)
def test_two_processes_have_the_mean_gradient_of_their_batches(room_model, tmp_path):
    run_processes("tests.r1_training.tiny.two_devices", 2, room_model, tmp_path, 2)
    first, second = (load_file(tmp_path / f"gradients-{rank}") for rank in (0, 1))
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(room_model)
    trainer = R1SFTTrainer(model, tokenizer, small_run(tmp_path))
    model.train()
    for number in (0, 1):
        loss, _ = trainer.losses(trainer.observe(trainer.builder([{"batch": number}])))
        (loss / 2).backward()
    expected = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
    assert first.keys() == second.keys() == expected.keys()
    for name, gradient in expected.items():
        assert torch.equal(first[name], second[name]), name
        assert torch.allclose(first[name], gradient, rtol=1e-3, atol=1e-5), name


def test_one_process_keeps_its_gradients():
    parameter = torch.nn.Parameter(torch.ones(3))
    parameter.grad = torch.tensor([1.0, 2.0, 3.0])
    average_gradients([parameter])
    assert parameter.grad.tolist() == [1.0, 2.0, 3.0]


def test_another_number_of_processes_is_refused():
    with pytest.raises(TrainingConfigError, match="devices is 4, but 1 processes run"):
        require_devices(4)
