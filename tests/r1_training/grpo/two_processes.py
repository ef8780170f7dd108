"""One process of `test_two_processes`: a short run with answers that are given, not sampled."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from r1_training.grpo.questions import Prompts
from r1_training.grpo.sampling import Sampled
from r1_training.grpo.trainer import R1GRPOTrainer
from tests.r1_training.grpo.toy import ToyQuestions, toy_model, toy_run
from tests.r1_training.tiny_model import room_tokenizer


class Given(R1GRPOTrainer):
    """Answers that follow from the question alone: sampling has noise of each process's own."""

    def _sample(self, prompts: Prompts) -> Sampled:
        end = self.model_config_end
        rows = []
        for row, ids in enumerate(prompts.ids.repeat_interleave(self.run.group_size, 0)):
            asked = int(ids[ids != self.processing_class.pad_token_id].sum())
            start = asked + 31 * (row % self.run.group_size)
            said = [60 + (start * 7 + n) % 300 for n in range(1 + start % 5)]
            rows.append(said + [end] * (start % 7 != 3))  # some are cut off
        finished = [row[-1] == end for row in rows]
        return Sampled(rows, finished, [[0.0] * len(row) for row in rows])


def main(output: Path, devices: int, loss: str) -> None:
    tokenizer = room_tokenizer()
    model = toy_model(tokenizer)
    config = toy_run(output, devices=devices, loss=loss, answers_at_a_time=2, learning_rate=1e-3)
    questions = ToyQuestions(model, tokenizer, config, lambda text: min(len(text), 12) / 12)
    trainer = Given(model, tokenizer, config, questions)
    trainer.model_config_end = model.config.text_config.eos_token_id
    trainer.train()
    if trainer.is_world_process_zero():
        trained = trainer.accelerator.unwrap_model(trainer.model).state_dict()
        save_file({n: v.clone().contiguous() for n, v in trained.items()}, output / "trained")
        rows = [row for row in trainer.state.log_history if "reward" in row]
        torch.save([[row[k] for k in ("reward", "grad_norm")] for row in rows], output / "log")
    # a process group that is left to the interpreter's end may abort there
    trainer.accelerator.wait_for_everyone()
    trainer.accelerator.end_training()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
