"""How many questions until GRPO's gradient is more signal than noise? For stages of `r1 reproduce`.

    PYTHONPATH=. python benchmarks/gradient_noise.py --model FOLDER [--stages verified all-rewards]
        [--questions 1000] [--seed 0] [--temperature 0.7]

FOLDER is the SFT model that a stage starts from. Each question's gradient, of its 16 sampled
answers with their advantages, is a draw around the one that all questions share. The ratio of that
one's square to the draws' is measured from products of different questions, which noise does not
raise, in units of each weight's own spread (Adam divides by it), on every `THINNED`th weight. One
over it is the noise scale (arXiv 1812.06162): a step on so many questions has as much signal as
noise, and a run on fewer in all cannot have learned much. ± is a jackknife over blocks of
questions. They are made as the configuration says, in the rooms of `--seed`: where it differs from
the one of the model's SFT, so do the questions.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from transformers import AutoTokenizer

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.grpo.advantages import group_advantages
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import Prompts, RoomQuestions
from r1_training.grpo.run import worker_pool
from r1_training.grpo.sampling import Sampled, Sampler, suppress_placeholders
from r1_training.reproduce.cli import CONFIG
from r1_training.reproduce.config import ReproduceConfig
from r1_training.rewards.judge import Judged
from r1_training.rewards.semantic import semantic_reward
from r1_training.rewards.text_embeddings import TextEmbeddings, load_text_embeddings
from r1_training.tiny.room_prompts import RoomPrompts
from r1_training.tiny.sft import train_language_alone

THINNED = 53
BLOCKS = 20


def worth(judged: list[Judged], embeddings: TextEmbeddings, run: GRPORunConfig) -> Tensor:
    """(G,) rewards of a group, as a stage weighs them."""
    said, true = [one.said for one in judged], [one.true for one in judged]
    cosines = embeddings.cosines(said, true)
    return torch.tensor(
        [
            run.reward_format * one.format
            + run.reward_perception * (one.perception or 0.0)
            + run.reward_semantic * semantic_reward(one.said, one.true, cosine)
            + run.reward_plan * (one.plan or 0.0)
            + run.reward_correct * one.correct
            for one, cosine in zip(judged, cosines, strict=True)
        ]
    )


def log_probabilities(
    model: R1ForConditionalGeneration,
    prompts: Prompts,
    number: int,
    answers: list[list[int]],
    temperature: float,
) -> Tensor:
    """(G,) of the answers to a question at a temperature, with gradients."""
    device, length = prompts.ids.device, int(prompts.mask[number].sum())
    longest = max(map(len, answers))
    tokens = torch.zeros(len(answers), longest, dtype=torch.long, device=device)
    for row, answer in enumerate(answers):
        tokens[row, : len(answer)] = torch.tensor(answer, device=device)
    said = torch.tensor([len(answer) for answer in answers], device=device)
    read = prompts.embed(model.model)[number, -length:].expand(len(answers), -1, -1)
    x = torch.cat((read, model.model.get_input_embeddings()(tokens)), 1)
    own = prompts.positions[:, number, -length:]  # (3, L)
    after = own[:, -1:] + 1 + torch.arange(longest, device=device)
    positions = torch.cat((own, after), 1).unsqueeze(1).expand(-1, len(answers), -1)
    found = model.model.language_model(
        inputs_embeds=x,
        position_ids=positions,
        attention_mask=torch.ones(x.shape[:2], dtype=torch.long, device=device),
        use_cache=False,
    )
    logits = model.lm_head(found.last_hidden_state[:, length - 1 : -1]).float() / temperature
    chosen = logits.log_softmax(-1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1)
    return (chosen * (torch.arange(longest, device=device) < said.unsqueeze(1))).sum(1)


def ratio(gradients: np.ndarray) -> tuple[float, float]:
    """(Q, D) gradients of questions -> square of the shared one over theirs, and its error."""
    spread = np.sqrt((gradients**2).mean(0))
    units = gradients / np.where(spread > 0, spread, 1.0)
    squares = np.einsum("qd,qd->q", units, units)

    def of(kept: np.ndarray) -> float:
        count, total = len(kept), units[kept].sum(0)
        alike = (total @ total - squares[kept].sum()) / (count * (count - 1))
        return float(alike / squares[kept].mean())

    every = np.arange(len(gradients))
    without = [of(np.delete(every, block)) for block in np.array_split(every, BLOCKS)]
    error = np.sqrt((BLOCKS - 1) * np.var(without))
    return of(every), float(error)


def sampled_answers(
    sampler: Sampler, model: R1ForConditionalGeneration, prompts: Prompts, run: GRPORunConfig
) -> Sampled:
    """`group_size` answers to each question."""
    with torch.no_grad():
        return sampler(
            prompts.embed(model.model),
            prompts.positions,
            prompts.mask,
            copies=run.group_size,
            max_new_tokens=run.max_new_tokens,
            temperature=run.temperature,
            seed=int(prompts.ids.sum()),
        )


def main() -> int:
    """Print a JSON object: for each stage the ratio and the noise scale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--stages", nargs="+", default=["verified", "all-rewards"])
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the SFT model: whose rooms")
    parser.add_argument("--temperature", type=float, help="of sampling; default: the stages'")
    parser.add_argument("--rooms", type=int, default=12, help="asked together")
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    whole = ReproduceConfig.load(given.config, model=given.model, seed=given.seed)
    runs = {}
    for name in given.stages:
        stage = whole.stage(name)
        if not isinstance(stage, GRPORunConfig):
            parser.error(f"{name} is no stage of GRPO")
        runs[name] = replace(
            stage,
            rooms=given.rooms,
            answers_at_a_time=given.rooms * stage.questions * stage.group_size,
            updates=1,
            temperature=given.temperature or stage.temperature,
        )
    run = runs[given.stages[0]]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    model = R1ForConditionalGeneration.from_pretrained(given.model, dtype=torch.float32)
    train_language_alone(model)
    model.to(device).eval()  # type: ignore[arg-type]  # transformers' wrapper has lost `self`
    suppress_placeholders(model)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    sampler, embeddings = Sampler(model), load_text_embeddings(given.model, device)
    found: dict[str, list[np.ndarray]] = {name: [] for name in runs}
    right, asked = [], 0
    with worker_pool(given.workers) as pool:
        questions = RoomQuestions(run, RoomPrompts(model, tokenizer), pool)
        each = given.rooms * run.questions
        while asked < given.questions:
            prompts = questions.prompts(range(asked, asked + each))
            asked += each
            sampled = sampled_answers(sampler, model, prompts, run)
            texts = tokenizer.batch_decode(sampled.tokens, skip_special_tokens=True)
            parts = [slice(n, n + run.group_size) for n in range(0, len(texts), run.group_size)]
            judged = questions.judge(prompts, [texts[part] for part in parts])
            for number, (part, group) in enumerate(zip(parts, judged, strict=True)):
                if not prompts.fair[number]:
                    continue
                right.append(np.mean([one.correct for one in group]))
                counted = torch.tensor(sampled.finished[part])[None]
                tokens = sampled.tokens[part]
                logs = log_probabilities(model, prompts, number, tokens, run.temperature)
                for name, stage in runs.items():
                    advantages, _ = group_advantages(
                        worth(group, embeddings, stage)[None],
                        counted,
                        scale=stage.objective.scale_rewards == "group",
                        least=stage.least_spread,
                    )
                    gained = (logs * advantages[0].to(logs)).sum()
                    own = torch.autograd.grad(gained, weights, retain_graph=True, allow_unused=True)
                    flat = [w.flatten()[::THINNED].cpu() for w in own if w is not None]
                    found[name].append(torch.cat(flat).numpy())
            print(f"{asked} questions", file=sys.stderr, flush=True)
    told: dict[str, object] = {
        "model": given.model,
        "seed": given.seed,
        "device": torch.cuda.get_device_name() if device == "cuda" else device,
        "temperature": run.temperature,
        "questions": len(right),
        "sampled_right": round(float(np.mean(right)), 3),
    }
    for name, gradients in found.items():
        every = np.stack(gradients)
        value, error = ratio(every)
        told[name] = {
            "questions_with_gradient": int((every != 0).any(1).sum()),
            "signal_over_noise": round(value, 6),
            "error": round(error, 6),
            "noise_scale_questions": round(1 / value) if value > 0 else None,
            "at_least": round(1 / (value + 2 * error)) if value + 2 * error > 0 else None,
        }
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
