"""GRPO of the full-size model on Scene-30K: questions about real scenes for `R1GRPOTrainer`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from r1_model.conversation import R1Inputs, R1Processor
from r1_model.network.modeling import R1Model
from r1_model.pretrained import load_pretrained
from r1_model.text.grammar import Bounds, parse_answer
from r1_training.common.checkpoints import newest_checkpoint, require_unused
from r1_training.common.config import TrainingConfigError
from r1_training.datasets.annotation_sample import Sample
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.grpo.watch import Watch
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import Scene30KConversations, usable_samples, within_limit
from r1_training.qwen.dry_run import check_data
from r1_training.qwen.model import prepare_for_training
from r1_training.rewards.format import format_reward
from r1_training.rewards.judge import Judged
from r1_training.rewards.perception import perception_reward
from r1_training.rewards.semantic import words
from r1_training.rewards.text_embeddings import load_text_embeddings


@dataclass(frozen=True)
class ScenePrompts:
    """Q questions, each about a scene of its own with its own number of views.

    Attributes:
        asked: bounds of the scene, and the question.
        ids, mask: (Q, L), padding on the left.
        positions: (3, Q, L).
        inputs: what each question is about, on the device.
        fair: (Q,) bool, all of them.
    """

    asked: list[tuple[Bounds, Sample]]
    ids: Tensor
    mask: Tensor
    positions: Tensor
    inputs: list[R1Inputs]
    fair: Tensor

    def embed(self, backbone: R1Model) -> Tensor:
        """(Q, L, hidden) with scene and views in their places, one question after the other."""
        rows = []
        for row, own in enumerate(self.inputs):
            encoded = backbone.encode_scene(own.points, own.colors, own.bounds)
            views = None
            if own.patches is not None:
                views = backbone.encode_views(own.patches, own.view_grids)
            places = own.view_positions, own.view_positions_valid
            rows.append(backbone.embed(self.ids[row : row + 1], encoded.tokens, views, *places))
        return torch.cat(rows)

    @property
    def scored(self) -> tuple[Tensor, Tensor, Tensor]:
        """ids, mask and positions of what is read for each answer anew: everything."""
        return self.ids, self.mask, self.positions

    def shown(self, rows: Tensor) -> dict[str, object]:
        """What the backbone sees with the questions `rows` (B,), by name of its arguments."""
        own = [self.inputs[row] for row in rows.tolist()]
        shown: dict[str, object] = {
            name: torch.cat([getattr(one, name) for one in own])
            for name in ("points", "colors", "bounds")
        }
        if any(one.patches is not None for one in own):
            for name in ("patches", "view_positions", "view_positions_valid"):
                shown[name] = torch.cat([getattr(one, name) for one in own])
            shown["view_grids"] = [grid for one in own for grid in one.view_grids]
        return shown


class SceneQuestions:
    """Questions of Scene-30K by their numbers, each pass in an order of its own.

    Args:
        conversations: the samples with their scenes.
        seed: of the orders.
        device: of the run.
    """

    def __init__(
        self, conversations: Scene30KConversations, seed: int, device: torch.device
    ) -> None:
        self.conversations, self.seed, self.device = conversations, seed, device

    def prompts(self, numbers: Sequence[int]) -> ScenePrompts:
        """The questions of these numbers, on the device."""
        asked, inputs = [], []
        for number in numbers:
            epoch, place = divmod(number, len(self.conversations))
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.conversations))
            sample, own = self.conversations.question(int(order[place]))
            low, high = own.bounds[0].double().numpy()
            asked.append(((low, high), sample))
            inputs.append(own.to(self.device))
        longest = max(own.input_ids.shape[1] for own in inputs)
        pad = self.conversations.processor.tokenizer.pad_token_id
        ids = torch.full((len(inputs), longest), pad, device=self.device)
        mask = torch.zeros_like(ids)
        positions = torch.zeros(3, *ids.shape, dtype=torch.long, device=self.device)
        for row, own in enumerate(inputs):
            start = longest - own.input_ids.shape[1]
            ids[row, start:], mask[row, start:] = own.input_ids[0], 1
            positions[:, row, start:] = own.position_ids[:, 0]
        fair = torch.ones(len(inputs), dtype=torch.bool, device=self.device)
        return ScenePrompts(asked, ids, mask, positions, inputs, fair)

    def judge(self, prompts: ScenePrompts, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        """A list of answers for each question, judged."""
        return [
            [judge_against(sample, text, bounds) for text in group]
            for (bounds, sample), group in zip(prompts.asked, texts, strict=True)
        ]


def judge_against(sample: Sample, text: str, bounds: Bounds) -> Judged:
    """Judge a model's whole text by the one answer that an annotation file has.

    The referred boxes are those of that answer; `correct` is the same words.
    """
    said = parse_answer(text, bounds, sample.task)
    true = parse_answer(sample.details["cot"], bounds, sample.task)
    perception = None
    if true.boxes:
        boxes, wanted = (
            np.array([(*box.center, *box.size) for box in parsed.boxes]) for parsed in (said, true)
        )
        perception = perception_reward(boxes, wanted)
    return Judged(
        format=format_reward(said),
        perception=perception,
        plan=None,  # nobody knows what is true of a real scene after a step
        correct=float(words(said.answer) == words(true.answer)),
        said=said.answer,
        true=true.answer,
    )


def run_settings(config: FullSizeConfig, conversations: int) -> GRPORunConfig:
    """The run in the trainer's terms: `batch_size` questions a step, each in a group.

    Raises:
        TrainingConfigError: naming the setting.
    """
    if config.learning_rate != config.final_learning_rate:
        raise TrainingConfigError(
            f"GRPO has a fixed rate: final_learning_rate {config.final_learning_rate} must be "
            f"learning_rate {config.learning_rate}"
        )
    return GRPORunConfig(
        output=config.output,
        model=config.model,
        seed=config.seed,
        steps=config.steps(conversations),
        all_rooms=conversations,
        rooms=config.batch_size,
        questions=1,
        group_size=config.group_size,
        max_new_tokens=config.max_new_tokens,
        loss="grpo",
        clip_low=config.clip_epsilon,
        clip_high=config.clip_epsilon,
        answers_at_a_time=1,
        kl_beta=config.kl_beta,
        reward_semantic=float(config.embeddings is not None),
        reward_plan=0.0,
        learning_rate=config.learning_rate,
        warmup=config.warmup,
        weight_decay=config.weight_decay,
        max_grad_norm=config.max_grad_norm,
        validate_every=0,
        save_every=config.save_every,
        log_every=config.log_every,
        workers=0,
        devices=config.devices,
        precision="bf16" if torch.cuda.is_available() else "fp32",
    )


def train_full_size_grpo(config: FullSizeConfig, resume: bool = False) -> Path:
    """Runs GRPO from an SFT model and saves the merged model to `config.output`/final.

    Args:
        config: of the run; its stage must be `grpo`.
        resume: go on from the newest whole checkpoint in `config.output`, where there is one.

    Raises:
        TrainingConfigError, DatasetError, ModelLoadError, DryRunError, EvaluationInputError: the
            run cannot start.
        TrainingDivergedError: gradients stopped being numbers.
    """
    output = Path(config.output)
    if not resume:
        require_unused(output)
    samples, report = usable_samples(config)
    loaded = load_pretrained(config.model)
    samples = within_limit(samples, loaded.processor, config)
    check_data(config, samples, report)
    embeddings = None
    if config.embeddings is not None:
        embeddings = load_text_embeddings(config.embeddings, str(loaded.model.device))
    run = run_settings(config, len(samples))
    torch.manual_seed(config.seed)  # of the adapters
    device = loaded.model.device
    wrapped = prepare_for_training(loaded.model, config)
    processor: R1Processor = loaded.processor
    questions = SceneQuestions(
        Scene30KConversations(config, samples, processor), config.seed, device
    )
    watch = Watch()
    trainer = R1GRPOTrainer(wrapped, processor.tokenizer, run, questions, embeddings, [watch])
    watch.trainer = trainer
    checkpoint = newest_checkpoint(output, clean=trainer.is_world_process_zero())
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    final = output / "final"
    if trainer.is_world_process_zero():
        merged = wrapped.merge_and_unload()
        part = final.with_name(f"{final.name}.part")  # a kill leaves no half model behind
        shutil.rmtree(part, ignore_errors=True)
        processor.tokenizer.save_pretrained(part)
        merged.save_pretrained(part)
        shutil.rmtree(final, ignore_errors=True)
        part.rename(final)
    trainer.accelerator.wait_for_everyone()
    return final
