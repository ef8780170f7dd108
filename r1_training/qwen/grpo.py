"""GRPO of the full-size model on Scene-30K: questions about real scenes for `R1GRPOTrainer`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from r1_model.conversation import R1Inputs, R1Processor
from r1_model.generation.padding import padded_left
from r1_model.network.continuations import EmbeddedPrefix
from r1_model.network.modeling import R1Model
from r1_model.pretrained import load_pretrained
from r1_model.text.grammar import Bounds, parse_answer
from r1_training.common.checkpoints import newest_checkpoint, require_unused
from r1_training.common.config import TrainingConfigError
from r1_training.common.whole_files import written_whole
from r1_training.datasets.annotation_sample import Sample
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.grpo.watch import Watch
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import Scene30KConversations, usable_samples, within_limit
from r1_training.qwen.dry_run import check_data
from r1_training.qwen.merging import merged
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
        embeddings: (Q, L, hidden) with scene and views in their places. What sees is frozen, so
            sampling, the reference and every answer of the policy read the same ones.
        fair: (Q,) bool, all of them.
    """

    asked: list[tuple[Bounds, Sample]]
    ids: Tensor
    mask: Tensor
    positions: Tensor
    embeddings: Tensor
    fair: Tensor

    def embed(self, backbone: R1Model) -> Tensor:
        """(Q, L, hidden) with scene and views in their places."""
        return self.embeddings

    @property
    def scored(self) -> tuple[Tensor, Tensor, Tensor]:
        """ids, mask and positions of what is read for each answer anew: the last token."""
        return self.ids[:, -1:], self.mask[:, -1:], self.positions[:, :, -1:]

    def shown(self, rows: Tensor) -> dict[str, object]:
        """What the backbone sees with the questions `rows` (B,), by name of its arguments.

        Of a question only one copy is read, however many of the rows are its answers.
        """
        questions, numbers = rows.unique(return_inverse=True)
        prefix = EmbeddedPrefix(
            self.embeddings[questions, :-1],
            self.mask[questions, :-1],
            self.positions[:, questions, :-1],
            numbers,
        )
        return {"prefix": prefix}


class SceneQuestions:
    """Questions of Scene-30K by their numbers, each pass in an order of its own.

    Args:
        conversations: the samples with their scenes.
        backbone: of the policy; what sees in it stays as it is.
        seed: of the orders.
    """

    def __init__(self, conversations: Scene30KConversations, backbone: R1Model, seed: int) -> None:
        self.conversations, self.backbone, self.seed = conversations, backbone, seed

    def prompts(self, numbers: Sequence[int]) -> ScenePrompts:
        """The questions of these numbers, on the device."""
        asked, rows, inputs = [], [], []
        for number in numbers:
            epoch, place = divmod(number, len(self.conversations))
            order = np.random.default_rng((self.seed, epoch)).permutation(len(self.conversations))
            sample, own = self.conversations.question(int(order[place]))
            low, high = own.bounds[0].double().numpy()
            asked.append(((low, high), sample))
            inputs.append(own.to(self.backbone.device))
            rows.append(embedded(self.backbone, inputs[-1])[0])
        positions = [own.position_ids[:, 0] for own in inputs]
        embeddings, places, mask = padded_left(rows, positions)
        pad = self.conversations.processor.tokenizer.pad_token_id
        ids = torch.full_like(mask, pad)
        for row, own in enumerate(inputs):
            ids[row, -own.input_ids.shape[1] :] = own.input_ids[0]
        fair = torch.ones(len(asked), dtype=torch.bool, device=ids.device)
        return ScenePrompts(asked, ids, mask, places, embeddings, fair)

    def judge(self, prompts: ScenePrompts, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        """A list of answers for each question, judged."""
        return [
            [judge_against(sample, text, bounds) for text in group]
            for (bounds, sample), group in zip(prompts.asked, texts, strict=True)
        ]


@torch.no_grad()
def embedded(backbone: R1Model, inputs: R1Inputs) -> Tensor:
    """(1, L, hidden): a question as the language model reads it, scene and views seen."""
    kind = backbone.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=kind == "cuda"):
        encoded = backbone.encode_scene(inputs.points, inputs.colors, inputs.bounds)
        views = None
        if inputs.patches is not None:
            views = backbone.encode_views(inputs.patches, inputs.view_grids)
        places = inputs.view_positions, inputs.view_positions_valid
        return backbone.embed(inputs.input_ids, encoded.tokens, views, *places)


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
        answers_at_a_time=config.answers_at_a_time or config.group_size,
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
    loaded = load_pretrained(config.model, quantization=config.quantization)
    samples = within_limit(samples, loaded.processor, config)
    check_data(config, samples, report)
    embeddings = None
    if config.embeddings is not None:
        embeddings = load_text_embeddings(config.embeddings, str(loaded.model.device))
    run = run_settings(config, len(samples))
    torch.manual_seed(config.seed)  # of the adapters
    backbone = loaded.model.model
    wrapped = prepare_for_training(loaded.model, config)
    processor: R1Processor = loaded.processor
    questions = SceneQuestions(
        Scene30KConversations(config, samples, processor), backbone, config.seed
    )
    watch = Watch()
    trainer = R1GRPOTrainer(wrapped, processor.tokenizer, run, questions, embeddings, [watch])
    watch.trainer = trainer
    checkpoint = newest_checkpoint(output, clean=trainer.is_world_process_zero())
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    final = output / "final"
    if trainer.is_world_process_zero():
        model = merged(wrapped)
        with written_whole(final) as part:
            processor.tokenizer.save_pretrained(part)
            model.save_pretrained(part)
    trainer.accelerator.wait_for_everyone()
    return final
