"""Do rewards tell right answers from wrong ones? Groups of sampled answers, by task.

    PYTHONPATH=. python benchmarks/reward_spread.py [--model FOLDER] [--rooms 96] [--made 7]

GRPO divides by a group's spread, so a group whose right and wrong answers are worth nearly the same
weighs as much as one where they are far apart, and what else its answers differ in decides. Rooms
are those of SFT with seed 0, each seen once, in a frame of the map that SFT does not come to.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict

import numpy as np
import torch
from transformers import AutoTokenizer

from benchmarks.gradient_noise import sampled_answers, worth
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.grpo.config import GRPORunConfig
from r1_training.grpo.questions import RoomQuestions
from r1_training.grpo.run import worker_pool
from r1_training.grpo.sampling import Sampler, suppress_placeholders
from r1_training.rewards.text_embeddings import load_text_embeddings
from r1_training.tiny.room_prompts import RoomPrompts

BATCH = 6  # rooms that are asked together
LITTLE = 0.02  # a spread (standard deviation) that is called little
# true and wrong answers
PAIRS = (
    ("The lamp is left of the sofa.", "The lamp is right of the sofa."),
    ("There are two chairs.", "There are three chairs."),
    ("Yes.", "No."),
    ("2.1 m", "1.3 m"),
    ("red", "blue"),
    ("wood", "metal"),
    ("2", "3"),
)


def main() -> None:
    """Print a JSON object: of each task what `counted` says, and how near wrong answers are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="r1_model/weights/r1-tiny")
    parser.add_argument("--rooms", type=int, default=96)
    parser.add_argument("--made", type=int, default=7, help="questions made for a room")
    parser.add_argument("--workers", type=int, default=0)
    given = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = AutoTokenizer.from_pretrained(given.model)
    model = R1ForConditionalGeneration.from_pretrained(given.model, dtype=torch.float32)
    model.to(device).eval()  # type: ignore[arg-type]  # transformers' wrapper has lost `self`
    suppress_placeholders(model)
    run = GRPORunConfig(
        output="unused",
        model=given.model,
        made_questions=given.made,
        rooms=BATCH,
        questions=4,
        new_frames=True,
        reward_format=0.2,
        max_new_tokens=320,
        answers_at_a_time=BATCH * 4 * 16,
        all_rooms=max(BATCH, given.rooms),
    )
    sampler, embeddings = Sampler(model), load_text_embeddings(given.model, device)
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with worker_pool(given.workers) as pool, torch.no_grad():
        questions = RoomQuestions(run, RoomPrompts(model, tokenizer), pool)
        for batch in range(given.rooms // BATCH):
            asked = BATCH * run.questions
            prompts = questions.prompts(range(batch * asked, (batch + 1) * asked))
            sampled = sampled_answers(sampler, model, prompts, run)
            texts = tokenizer.batch_decode(sampled.tokens, skip_special_tokens=True)
            groups = [texts[n : n + run.group_size] for n in range(0, len(texts), run.group_size)]
            judged = questions.judge(prompts, groups)
            for (_, sample), group in zip(prompts.asked, judged, strict=True):
                right = float(np.mean([one.correct for one in group]))
                spread = float(worth(group, embeddings, run).std(correction=0))
                found[sample.task].append((spread, right))
                found["all"].append((spread, right))
    near = embeddings.cosines(*zip(*PAIRS, strict=True))
    told: dict[str, object] = {task: counted(groups) for task, groups in sorted(found.items())}
    told["cosines"] = {" | ".join(two): round(one, 4) for two, one in zip(PAIRS, near, strict=True)}
    print(json.dumps(told, indent=1))


def counted(groups: list[tuple[float, float]]) -> dict[str, float]:
    """What (spread, share right) of groups say: `both`: groups with right and wrong answers."""
    both = [spread for spread, right in groups if 0 < right < 1]
    alike = [spread for spread, right in groups if not 0 < right < 1]
    return {
        "groups": len(groups),
        "right": round(float(np.mean([right for _, right in groups])), 3),
        "both": len(both),
        "both_without_spread": sum(spread <= 1e-4 for spread in both),
        "both_with_little": sum(1e-4 < spread < LITTLE for spread in both),
        "alike_with_spread": sum(spread > 1e-4 for spread in alike),
    }


if __name__ == "__main__":
    main()
