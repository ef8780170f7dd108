"""A toy task for the trainer: four scenes of random tokens, and a judge that knows one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import Prompts
from r1_training.rewards.judge import Judged
from r1_training.synthetic.language.sample import Sample
from r1_training.tiny.batches import make_prefix
from r1_training.tiny.sft import train_language_alone
from tests.r1_model.small import seeded
from tests.r1_training.tiny_model import room_config


def toy_model(tokenizer) -> R1ForConditionalGeneration:
    """Random weights, a language model of two narrow layers, that often ends an answer."""
    config = room_config(tokenizer)
    config.vision_config.out_hidden_size = 64
    text = config.text_config
    text.hidden_size, text.intermediate_size = 64, 96
    text.rope_parameters["mrope_section"] = [2, 3, 3]
    model = seeded(lambda: R1ForConditionalGeneration(config))
    # Random weights hardly ever end an answer: all words have one direction in common, which every
    # output then has, and the end has more of it.
    words = model.lm_head.weight.data.normal_(std=0.1)
    words[:, 0] += 1
    words[config.text_config.eos_token_id, 0] += 0.8
    train_language_alone(model)
    return model


QUESTIONS = ("where?", "what colour is it?", "how many lamps are there in this room?")
Rule = Callable[[str], float]


def toy_run(output: object, **changes: object) -> GRPORunConfig:
    """Two scenes with two questions a step, groups of four."""
    settings = {
        "model": "toy",
        "steps": 2,
        "rooms": 2,
        "questions": 2,
        "group_size": 4,
        "answers_at_a_time": 8,
        "max_new_tokens": 6,
        "loss": "grpo",
        "kl_beta": 0.1,
        "learning_rate": 1e-3,
        "warmup": 0,
        "reward_semantic": 0.0,
        "validate_every": 0,
        "save_every": 100,
        "workers": 0,
        "precision": "fp32",
    }
    return GRPORunConfig(output=str(output), **{**settings, **changes})


class ToyQuestions:
    """`Questions` without rooms: a prompt's scene and views are noise of its own.

    Args:
        model, tokenizer: of the run.
        config: of the run.
        rule: the reward of a text.
        scenes: False hides scene and views.
    """

    def __init__(
        self,
        model: R1ForConditionalGeneration,
        tokenizer,
        config: GRPORunConfig,
        rule: Rule,
    ) -> None:
        self.model, self.tokenizer, self.config, self.rule = model, tokenizer, config, rule
        self.prefix = make_prefix(tokenizer, model.config, model.config.num_views)
        self.texts: list[str] = []

    def prompts(self, numbers: Sequence[int]) -> Prompts:
        rooms = sorted({number // self.config.questions for number in numbers})
        ids = self.prefix.ids
        sequences = [
            ids
            + self.tokenizer(
                f"{QUESTIONS[number % 3]}<|im_end|>\n<|im_start|>assistant\n",
                add_special_tokens=False,
            )["input_ids"]
            for number in numbers
        ]
        longest = max(map(len, sequences))
        table = torch.full((len(sequences), longest), self.tokenizer.pad_token_id)
        mask = torch.zeros_like(table)
        positions = torch.zeros(3, len(sequences), longest, dtype=torch.long)
        own = torch.from_numpy(self.prefix.positions)
        for row, sequence in enumerate(sequences):
            start = longest - len(sequence)
            table[row, start:], mask[row, start:] = torch.tensor(sequence), 1
            rest = torch.arange(len(sequence) - len(ids)).expand(3, -1)
            positions[:, row, start:] = torch.cat((own, self.prefix.next_position + rest), 1)
        hidden = self.model.config.text_config.hidden_size
        images = ids.count(self.model.config.image_token_id)
        places = ids.count(self.model.config.scene_token_id)
        noise = [torch.Generator().manual_seed(room) for room in rooms]
        sample = Sample("qa", "en", "toy", (), "where?", "", "here", (), {})
        return Prompts(
            asked=[(None, sample)] * len(numbers),
            ids=table,
            mask=mask,
            positions=positions,
            scene=torch.stack([torch.randn(places, hidden, generator=n) for n in noise]),
            views=torch.stack([torch.randn(images, hidden, generator=n) for n in noise]),
            room=torch.tensor([rooms.index(n // self.config.questions) for n in numbers]),
            opening=torch.tensor(ids),
            opening_positions=own,
            fair=torch.ones(len(numbers), dtype=torch.bool),
        )

    def judge(self, prompts: Prompts, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        self.texts += [text for group in texts for text in group]
        return [
            [Judged(self.rule(text), None, None, self.rule(text), text, "here") for text in group]
            for group in texts
        ]
