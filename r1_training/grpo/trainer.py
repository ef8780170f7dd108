"""TRL's GRPOTrainer over questions about rooms, with answers that are sampled here.

TRL scores answers by calling the backbone with what it knows of a batch, which is text and images.
Here every answer belongs to a question about a scene, so the parts of TRL's trainer that sample,
score and collect a batch are its own below; losses, clipping, KL and the loop stay TRL's.
"""

from __future__ import annotations

import copy
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Protocol

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, TrainerCallback
from trl import GRPOTrainer
from trl.trainer.utils import add_fused_lm_head, split_tensor_dict

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError
from r1_training.common.present import present
from r1_training.common.step_clock import StepClock
from r1_training.grpo.advantages import (
    group_advantages,
    pad_rows,
    right_over_wrong,
    rooms_in_turn,
    weighted_sum,
)
from r1_training.grpo.arguments import trainer_arguments
from r1_training.grpo.config import REWARDS, GRPORunConfig
from r1_training.grpo.questions import Prompts
from r1_training.grpo.running_mean import RunningMean
from r1_training.grpo.sampling import Sampled, Sampler, suppress_placeholders
from r1_training.rewards.judge import Judged
from r1_training.rewards.semantic import semantic_reward
from r1_training.rewards.text_embeddings import TextEmbeddings

MOST_SKIPPED = 20  # steps in a row without a usable gradient after which a run is given up
SHOWN = 3  # sample answers of a log line
_LOG = logging.getLogger(__name__)


class TrainingDivergedError(RuntimeError):
    """Gradients are no numbers any more; the message says since when."""


class Questions(Protocol):
    """What the trainer asks for: prompts by their numbers, and a judge of the answers."""

    def prompts(self, numbers: Sequence[int]) -> Any:
        """The questions of these numbers, on the device: what `questions.Prompts` has."""

    def judge(self, prompts: Any, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        """A list of answers for each question, judged; never raises on a text."""


@dataclass(frozen=True)
class SampleAnswer:
    """One answer for people to look at."""

    question: str
    text: str
    rewards: dict[str, float]


class R1GRPOTrainer(GRPOTrainer):
    """See the module's text.

    Args:
        model: policy; what shall train has `requires_grad`. A frozen copy becomes the reference; of
            a model with adapters it is the model with its adapters off, and nothing else may train.
        tokenizer: its tokenizer.
        config: of the run.
        questions: where prompts come from and answers go to.
        embeddings: of the semantic reward.
        callbacks: beside TRL's.
    """

    def __init__(
        self,
        model: R1ForConditionalGeneration | PeftModel,
        tokenizer: PreTrainedTokenizerBase,
        config: GRPORunConfig,
        questions: Questions,
        embeddings: TextEmbeddings | None = None,
        callbacks: Sequence[TrainerCallback] = (),
    ) -> None:
        arguments = trainer_arguments(config)
        if arguments.world_size != config.devices:
            raise TrainingConfigError(
                f"devices is {config.devices}, but {arguments.world_size} processes run: "
                f"torchrun --nproc_per_node {config.devices} starts them"
            )
        if config.reward_semantic and embeddings is None:
            raise TrainingConfigError("reward_semantic needs embeddings")
        self.run, self.questions, self.embeddings = config, questions, embeddings
        self.samples: list[SampleAnswer] = []
        self.clock = StepClock()
        self._prompts: Prompts | None = None
        self._owner: Tensor | None = None
        self._any_kept, self._skipped = True, 0
        self._slices: list[dict[str, Tensor | None]] = []
        adapted = isinstance(model, PeftModel)
        policy: Any = model.get_base_model() if isinstance(model, PeftModel) else model
        self.policy: R1ForConditionalGeneration = policy
        self.own_tokenizer = tokenizer  # `processing_class` has an open type
        suppress_placeholders(self.policy)
        self.mean = None
        if config.mean_decay:
            trained = {n: p for n, p in self.policy.named_parameters() if p.requires_grad}
            self.mean = RunningMean(trained, config.mean_decay)
        self.sampler = Sampler(self.policy, half=config.precision == "bf16")
        reference = None
        if config.kl_beta and not adapted:
            reference = copy.deepcopy(self.policy).requires_grad_(False).eval()
        batches = config.steps // config.updates
        super().__init__(
            model=model,
            # TRL gathers and weighs them; the values are there when it asks
            reward_funcs=[_reward(name) for name in REWARDS],
            args=arguments,
            train_dataset=Dataset.from_dict(
                {"number": range(batches * config.rooms * config.questions)}
            ),
            processing_class=tokenizer,
            callbacks=[*([self.mean] if self.mean else []), *callbacks],  # before who validates
        )
        if reference is not None:
            # TRL would load the reference by the name of its class, which transformers has not
            add_fused_lm_head(reference, temperature=config.temperature)
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)
        self.beta = config.kl_beta

    def delivered(self) -> AbstractContextManager[None]:
        """The policy is what the run delivers in here, and what it trains on behind it."""
        return nullcontext() if self.mean is None else self.mean.shown()

    def _save_optimizer_and_scheduler(self, output_dir: str) -> None:
        super()._save_optimizer_and_scheduler(output_dir)
        if self.mean is not None and self.args.should_save:
            self.mean.save(Path(output_dir))

    def _load_from_checkpoint(
        self, resume_from_checkpoint: str, model: nn.Module | None = None
    ) -> None:
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        if self.mean is not None:
            self.mean.load(Path(resume_from_checkpoint))

    def _generate_and_score_completions(
        self, inputs: list[dict[str, Any]]
    ) -> dict[str, Tensor | None]:
        """A batch of answers: sampled, judged, and what is worth training on."""
        run, device, clock = self.run, self.accelerator.device, self.clock
        clock.switch("prompts")
        with _evaluating(self.policy):  # `Looks` leaves some scenes out in training
            prompts = self.questions.prompts([row["number"] for row in inputs[:: run.group_size]])
        clock.switch("sampling")
        sampled = self._sample(prompts)
        clock.switch("judging")
        texts = self.own_tokenizer.batch_decode(sampled.tokens, skip_special_tokens=True)
        groups = [texts[i : i + run.group_size] for i in range(0, len(texts), run.group_size)]
        with _evaluating(self.policy):  # the next prompts' rooms are looked at meanwhile
            rewards, correct = self._judge(prompts, groups)
        clock.switch("collecting")
        total = weighted_sum(rewards, self.reward_weights.to(device)).view(-1, run.group_size)
        finished = torch.tensor(sampled.finished, device=device).view_as(total)
        advantages, useful = group_advantages(
            total,
            finished & prompts.fair.unsqueeze(1),
            scale=run.objective.scale_rewards == "group",
            least=run.least_spread,
        )
        kept = useful.flatten().nonzero()[:, 0]
        apart = right_over_wrong(advantages, useful, correct.view_as(total))
        self._note_batch(sampled, rewards, total, correct, useful.any(1), apart)
        self._keep_samples(prompts, texts, rewards, correct)
        batch = self._batch(prompts, sampled, advantages.flatten(), kept)
        if run.updates == 1:
            return batch
        # slices that are steps of their own are about all rooms; room by room it was scored faster
        order = rooms_in_turn(present(batch["owner"], "questions"), run.questions)
        return {
            name: value[order] if value is not None and value.dim() else value
            for name, value in batch.items()
        }

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        """The slice of a batch of answers that comes next; TRL would tear groups apart.

        A run that goes on in the middle of a batch answers it anew, and goes on with its slice.
        """
        run = self.run
        update = self.state.global_step % run.updates
        place = update * run.accumulation + self._step % run.accumulation
        if place == 0 or not self._slices:
            made = self._generate_and_score_completions(generation_batch)
            self._slices = split_tensor_dict(made, run.accumulation * run.updates)
        return self._slices[place]

    def training_step(
        self, model: nn.Module, inputs: Any, num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """TRL's; what is not named otherwise inside of it is the backward pass and its wait."""
        self.clock.switch("forward")
        loss = super().training_step(model, inputs, num_items_in_batch)
        self.clock.switch("optimizer")
        return loss

    def _sample(self, prompts: Prompts) -> Sampled:
        """`group_size` answers to each prompt, from the weights as they are now."""
        run = self.run
        batch = self.state.global_step // run.updates
        process = self.accelerator.process_index
        backbone = self.policy.model
        with torch.no_grad(), _evaluating(self.policy):
            with self.accelerator.autocast():
                embeddings = prompts.embed(backbone)
            return self.sampler(
                embeddings,
                prompts.positions,
                prompts.mask,
                copies=run.group_size,
                max_new_tokens=run.max_new_tokens,
                temperature=run.temperature,
                seed=(run.seed * 1_000_003 + batch) * run.devices + process,
            )

    def _judge(self, prompts: Prompts, groups: list[list[str]]) -> tuple[Tensor, Tensor]:
        """(B, R) rewards in the order of `REWARDS`, NaN where not asked for, and (B,) correct."""
        judged = self.questions.judge(prompts, groups)
        flat = [one for group in judged for one in group]
        table = {name: [getattr(one, name, None) for one in flat] for name in REWARDS}
        if self.embeddings is not None:
            pairs = [(one.said, one.true) for one in flat]
            said, true = zip(*dict.fromkeys(pairs), strict=True)  # many answers say the same
            cosines = self.embeddings.cosines(said, true)
            worth = map(semantic_reward, said, true, cosines)
            worth_of = dict(zip(zip(said, true, strict=True), worth, strict=True))
            table["semantic"] = [worth_of[pair] for pair in pairs]
        rows = [
            [float("nan") if value is None else value for value in row]
            for row in zip(*(table[name] for name in REWARDS), strict=True)
        ]
        rewards = torch.tensor(rows, device=self.accelerator.device)
        return rewards, rewards[:, REWARDS.index("correct")]

    def _batch(
        self, prompts: Prompts, sampled: Sampled, advantages: Tensor, kept: Tensor
    ) -> dict[str, Tensor | None]:
        """What TRL's loss needs, of the rows that are kept, as many as its slices divide."""
        run, device = self.run, self.accelerator.device
        rows, real = pad_rows(kept, run.accumulation * run.updates)
        owner = rows // run.group_size
        chosen = [sampled.tokens[row] for row in rows.tolist()]
        ids, mask = _right_padded(chosen, self.own_tokenizer.pad_token_id, device)
        mask = mask * real.unsqueeze(1)
        prompt_ids, prompt_mask, _ = prompts.scored
        self._prompts = prompts
        counts = self.accelerator.reduce(torch.stack((real.sum(), mask.sum())).float())
        self._any_kept = bool(counts[0] > 0)
        scale = counts.new_tensor(1.0)
        if run.objective.loss_type != "dapo":
            # TRL takes the mean over all rows of a slice; rows that only fill up must not count,
            # and where processes have kept different numbers each answer counts the same
            scale = len(rows) * self.accelerator.num_processes / counts[0].clamp(min=1)
        batch = {
            "prompt_ids": prompt_ids[owner],
            "prompt_mask": prompt_mask[owner],
            "completion_ids": ids,
            "completion_mask": mask,
            "advantages": torch.where(real, advantages[rows], 0.0),
            "owner": owner,
            "num_items_in_batch": counts[1],
            "scale": scale,
        }
        self.clock.switch("scoring")
        with torch.no_grad():
            if run.updates > 1:  # else the policy that samples is the one that trains
                batch["old_per_token_logps"] = self._score(present(self.model, "model"), batch)
            if self.beta and self.ref_model is not None:
                batch["ref_per_token_logps"] = self._score(self.ref_model, batch)
            elif self.beta:
                with self.accelerator.unwrap_model(self.model).disable_adapter():
                    own = present(self.model, "model")
                    batch["ref_per_token_logps"] = self._score(own, batch)
        self._note_mismatch(batch, sampled, rows)
        self.clock.switch("forward")
        return batch

    def _score(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        """(B, C) log-probabilities of the answers of a batch."""
        parts = []
        for start in range(0, len(batch["owner"]), self.run.answers_at_a_time):
            part = slice(start, start + self.run.answers_at_a_time)
            ids = torch.cat((batch["prompt_ids"][part], batch["completion_ids"][part]), 1)
            mask = torch.cat((batch["prompt_mask"][part], batch["completion_mask"][part]), 1)
            with self._showing(batch["owner"][part]):
                scores, _, _ = self._get_per_token_logps_and_entropies(
                    model, ids, mask, batch["completion_ids"].shape[1]
                )
            parts.append(scores)
        return torch.cat(parts)

    def _compute_loss(self, model: nn.Module, inputs: dict[str, Tensor]) -> Tensor:
        """TRL's loss, with the scene of each answer in sight."""
        with self._showing(inputs["owner"]):
            loss = super()._compute_loss(model, inputs) * inputs["scale"]
        self.clock.switch("backward")
        return loss

    def _get_per_token_logps_and_entropies(
        self,
        model: nn.Module,
        input_ids: Tensor,
        attention_mask: Tensor,
        logits_to_keep: int,
        batch_size: int | None = None,
        compute_entropy: bool = False,
        compute_aux_loss: bool = False,
        **unused: object,
    ) -> tuple[Tensor, Tensor | None, None]:
        """(B, C) log-probabilities and entropies of the answers, seen through the backbone."""
        prompts = present(self._prompts, "a batch of prompts")
        owner = present(self._owner, "the prompt of each answer")
        labels = input_ids.masked_fill(attention_mask == 0, -100)
        labels[:, :-logits_to_keep] = -100
        asked = prompts.scored[2][:, owner]
        after = asked.amax((0, 2)).unsqueeze(1) + 1
        after = after + torch.arange(logits_to_keep, device=after.device)
        with self.accelerator.autocast():
            outputs = model(
                input_ids=input_ids,
                attention_mask=attention_mask,
                position_ids=torch.cat((asked, after.expand(3, -1, -1)), 2),
                labels=labels,
                fused_lm_head=True,
                **prompts.shown(owner),
            )
        entropy = outputs.entropy[:, -logits_to_keep:] if compute_entropy else None
        return outputs.log_probs[:, -logits_to_keep:], entropy, None

    @contextmanager
    def _showing(self, owner: Tensor) -> Iterator[None]:
        """TRL hands its own names of a batch on to the scoring, and no others."""
        self._owner = owner
        try:
            yield
        finally:
            self._owner = None

    def _clip_grad_norm(self, model: nn.Module) -> Tensor:
        """Also keeps a step without a usable gradient from moving anything: Adam would go on by
        its memory, or for good to NaN."""
        self.clock.step()
        norm = super()._clip_grad_norm(model)
        if self._any_kept and bool(torch.isfinite(norm)):
            self._skipped = 0
            return norm
        present(self.optimizer, "optimizer").zero_grad(set_to_none=True)
        if self._any_kept:
            self._skipped += 1
            _LOG.warning("step %d: gradient %s, skipped", self.state.global_step + 1, float(norm))
        if self._skipped >= MOST_SKIPPED:
            raise TrainingDivergedError(
                f"gradients are no numbers since step {self.state.global_step + 2 - self._skipped}"
            )
        return norm

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As TRL, without figures that a batch does not have; and where the time has gone."""
        self.clock.switch("logging")
        if self.state.global_step:
            for name, seconds in self.clock.take().items():
                self._metrics["train"][f"seconds/{name}"].append(seconds)
        for values in self._metrics.values():
            for name in [name for name, found in values.items() if all(map(math.isnan, found))]:
                del values[name]
        super().log(logs, start_time)
        self.clock.switch("between")  # checkpoints, validation

    def _note_batch(
        self,
        sampled: Sampled,
        rewards: Tensor,
        total: Tensor,
        correct: Tensor,
        spread: Tensor,
        apart: Tensor,
    ) -> None:
        """Figures of the whole batch, over all processes."""
        device, gather = self.accelerator.device, self.accelerator.gather
        lengths = gather(torch.tensor(list(map(len, sampled.tokens)), device=device)).float()
        cut_off = 1 - gather(torch.tensor(sampled.finished, device=device).float()).mean()
        rewards, total = gather(rewards), gather(total)
        notes = {
            "completions/mean_length": lengths.mean(),
            "completions/max_length": lengths.max(),
            "completions/clipped_ratio": cut_off,
            "reward": total.mean(),
            "reward_std": total.std(1).mean(),
            "frac_reward_zero_std": 1 - gather(spread.float()).mean(),
            "accuracy": gather(correct).mean(),
            "advantage/right_over_wrong": gather(apart).nanmean(),
        }
        for column, name in enumerate(REWARDS):
            values = rewards[:, column]
            mean = values.nanmean()  # NaN where nothing asked for it; `log` leaves it out
            notes[f"rewards/{name}/mean"] = mean
            notes[f"rewards/{name}/std"] = (values - mean).square().nanmean().sqrt()
        # read together: each on its own would wait for the GPU
        for name, value in zip(notes, torch.stack(list(notes.values())).tolist(), strict=True):
            self._metrics["train"][name].append(value)

    def _note_mismatch(self, batch: dict[str, Tensor], sampled: Sampled, rows: Tensor) -> None:
        """How far log-probabilities at sampling are from those of the same weights at scoring.

        Of the reference on the first batch, which is the policy then, and where answers are used
        more than once; later the two are different models.
        """
        known = batch.get("old_per_token_logps")
        if known is None and self.state.global_step == 0:
            known = batch.get("ref_per_token_logps")
        mask = batch["completion_mask"].bool()
        if known is None or not mask.any():
            return
        said = [sampled.log_probabilities[row] for row in rows.tolist()]
        own, _ = _right_padded(said, 0.0, known.device)
        off = (own - known).abs()[mask]
        self._metrics["train"]["sampling/mismatch_mean"].append(float(off.mean()))
        self._metrics["train"]["sampling/mismatch_max"].append(float(off.max()))

    def _keep_samples(
        self, prompts: Prompts, texts: list[str], rewards: Tensor, correct: Tensor
    ) -> None:
        """The first answer to each of some questions, for the log."""
        step = max(1, len(prompts.asked) // SHOWN) * self.run.group_size
        shown = []
        for row in range(0, len(texts), step)[:SHOWN]:
            _, sample = prompts.asked[row // self.run.group_size]
            values = dict(zip(REWARDS, rewards[row].tolist(), strict=True))
            values["correct"] = float(correct[row])
            shown.append(SampleAnswer(sample.question, texts[row], values))
        self.samples = shown


def _reward(name: str) -> Callable[..., list[float | None]]:
    """A reward function in TRL's form; its name is what the log shows."""

    def reward(**columns: object) -> list[float | None]:
        raise NotImplementedError(f"{name} is judged by R1GRPOTrainer itself")

    reward.__name__ = name
    return reward


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


def _right_padded(
    rows: Sequence[Sequence[float]], padding: float, device: torch.device
) -> tuple[Tensor, Tensor]:
    """B rows of numbers -> (B, C), of the padding's kind, and (B, C) int64 mask."""
    lengths = torch.tensor(list(map(len, rows)))
    mask = torch.arange(int(lengths.max())) < lengths.unsqueeze(1)
    table = torch.full(mask.shape, padding)
    table[mask] = torch.tensor(list(chain.from_iterable(rows)), dtype=table.dtype)
    return table.to(device), mask.long().to(device)
