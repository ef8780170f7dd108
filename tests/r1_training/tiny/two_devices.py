"""One process of `test_devices`: a step of a run, whose gradients are written down."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.tiny.sft import R1SFTTrainer
from tests.r1_training.tiny_model import small_run


class Written(R1SFTTrainer):
    """Writes the gradients of every step."""

    def training_step(self, *arguments: object, **named: object) -> torch.Tensor:
        loss = super().training_step(*arguments, **named)
        parameters = self.whole.named_parameters()
        gradients = {name: p.grad.clone() for name, p in parameters if p.grad is not None}
        save_file(gradients, Path(self.run.output) / f"gradients-{self.args.process_index}")
        return loss


def main(model_folder: str, output: Path, devices: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model_folder)
    model = R1ForConditionalGeneration.from_pretrained(model_folder, dtype=torch.float32)
    trainer = Written(model, tokenizer, small_run(output, steps=1, devices=devices))
    trainer.train()
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
