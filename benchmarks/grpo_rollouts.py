"""Answers a second: the trainer's own sampling against TRL's default, same prompts, cache on.

TRL's default is `model.generate` over the whole batch with a growing cache, as `GRPOTrainer` calls
it without vLLM. Both get the embeddings with scene and views, and the same limit of new tokens.

    python benchmarks/grpo_rollouts.py MODEL --output rollouts.json
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
from transformers import AutoTokenizer, GenerationConfig

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import RoomQuestions
from r1_training.grpo.sampling import Sampler, suppress_placeholders
from r1_training.tiny.room_prompts import RoomPrompts


def measure(model: R1ForConditionalGeneration, tokenizer, run: GRPORunConfig, repeats: int) -> dict:
    """Seconds and answers a second of both ways, one batch of `run`."""
    questions = RoomQuestions(run, RoomPrompts(model, tokenizer))
    prompts = questions.prompts(range(run.rooms * run.questions))
    with torch.no_grad():
        embeddings = prompts.embed(model.model)
    inputs = embeddings, prompts.positions, prompts.mask
    sampler = Sampler(model, half=True)  # as in a run in bf16

    def ours(seed: int) -> list[int]:
        found = sampler(
            *inputs,
            copies=run.group_size,
            max_new_tokens=run.max_new_tokens,
            temperature=run.temperature,
            seed=seed,
        )
        return [len(tokens) for tokens in found.tokens]

    @torch.no_grad()
    def default(seed: int, most: int = run.max_new_tokens) -> list[int]:
        torch.manual_seed(seed)
        end = model.config.text_config.eos_token_id
        out = model.generate(
            inputs_embeds=embeddings.repeat_interleave(run.group_size, 0),
            attention_mask=prompts.mask.repeat_interleave(run.group_size, 0),
            position_ids=prompts.positions.repeat_interleave(run.group_size, 1),
            generation_config=GenerationConfig(
                max_new_tokens=most,
                do_sample=True,
                temperature=run.temperature,
                top_k=0,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=end,
                use_cache=True,
                disable_compile=True,
            ),
        )
        ended = out == end
        first = torch.where(ended.any(1), ended.int().argmax(1) + 1, out.shape[1])
        return first.tolist()

    found = {"prompts": len(prompts.ids), "answers": len(prompts.ids) * run.group_size}
    default(0, 8)
    for name, way, times in (("ours", ours, repeats), ("default", default, 1)):
        if name == "ours":
            way(0)  # graphs are recorded
        seconds, tokens = [], 0
        for seed in range(1, times + 1):
            _wait()
            start = time.perf_counter()
            tokens = sum(way(seed))
            _wait()
            seconds.append(time.perf_counter() - start)
        best = min(seconds)
        found[name] = {
            "seconds": seconds,
            "answers_a_second": found["answers"] / best,
            "mean_tokens": tokens / found["answers"],
        }
    found["times"] = found["ours"]["answers_a_second"] / found["default"]["answers_a_second"]
    return found


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--rooms", type=int, default=12)
    parser.add_argument("--questions", type=int, default=6)
    parser.add_argument("--group-size", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    run = GRPORunConfig(
        output="unused",
        model=str(options.model),
        rooms=options.rooms,
        questions=options.questions,
        group_size=options.group_size,
        answers_at_a_time=options.group_size,
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    results = {"device": torch.cuda.get_device_name() if device == "cuda" else "cpu"}
    model = R1ForConditionalGeneration.from_pretrained(options.model, dtype=torch.float32)
    suppress_placeholders(model.to(device).eval())
    results |= measure(model, tokenizer, run, options.repeats)
    print(json.dumps(results, indent=2), flush=True)
    if options.output:
        options.output.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
