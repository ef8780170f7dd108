"""Tokens and answers a second of the generator, beside transformers' own, in one run.

    python benchmarks/generation.py [--only tiny 7b] [--json output/generation.json]

The 7B has the architecture of Qwen2.5-VL-7B and random bfloat16 weights; the anchor is the same
language model in transformers, `generate` with a static cache and torch.compile. r1-tiny has the
weights that ship, and its questions are about unseen synthetic rooms. On a CPU only r1-tiny runs.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.generation.streamers import BaseStreamer

from r1_model.generation import Generator
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import load_pretrained
from r1_training.qwen.model import qwen_7b_config
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.room_prompts import RoomPrompts

PROMPT, NEW = 1_500, 256
TARGETS = {
    "7B, batch 1": 215,
    "7B, batch 8": 1_400,
    "r1-tiny, batch 1": 2_000,
    "r1-tiny, sampled answers": 2_000,
}


def wait(device: torch.device) -> None:
    """Until the device has done all it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def decode_speed(generator: Generator, x: Tensor, new: int, repeats: int = 3) -> dict[str, float]:
    """Tokens a second between the first and the last token of a batch; seconds of the prompt."""
    batch, size, _ = x.shape
    positions = torch.arange(size, device=x.device).expand(3, batch, -1)
    start = time.perf_counter()
    generator(x, positions, max_new_tokens=new)  # warms up
    wait(x.device)
    warm_up = time.perf_counter() - start
    speeds, firsts = [], []
    for _ in range(repeats):
        wait(x.device)
        arrived = [time.perf_counter()]
        generator(x, positions, max_new_tokens=new, on_tokens=partial(_note, arrived))
        firsts.append(arrived[1] - arrived[0])
        speeds.append((new - 1) * batch / (arrived[-1] - arrived[batch]))
    return {
        "tokens_per_s": float(np.median(speeds)),
        "first_token_s": float(np.median(firsts)),
        "warm_up_s": warm_up,
    }


def _note(arrived: list[float], *_: object) -> None:
    arrived.append(time.perf_counter())


def anchor_speed(model: Qwen2ForCausalLM, batch: int) -> dict[str, float]:
    """The same of transformers' `generate`, static cache and compiled."""
    ids = torch.randint(1_000, 100_000, (batch, PROMPT), device=model.device)
    arrived: list[float] = []

    class Clock(BaseStreamer):
        """Notes when a token is there; the first is the prompt."""

        def put(self, value: Tensor) -> None:
            arrived.append(time.perf_counter())

        def end(self) -> None:
            pass

    def run() -> float:
        arrived.clear()
        model.generate(
            ids,
            max_new_tokens=NEW,
            min_new_tokens=NEW,
            do_sample=False,
            eos_token_id=None,
            pad_token_id=0,
            cache_implementation="static",
            streamer=Clock() if batch == 1 else None,
        )
        wait(model.device)
        return time.perf_counter()

    start = time.perf_counter()
    run()
    warm_up = time.perf_counter() - start
    speeds = []
    for _ in range(3):
        wait(model.device)
        start = time.perf_counter()
        end = run()
        # transformers streams one sequence only; of several the prompt's share is small
        first, tokens = (arrived[1], NEW - 1) if batch == 1 else (start, NEW)
        speeds.append(tokens * batch / (end - first))
    return {"tokens_per_s": float(np.median(speeds)), "warm_up_s": warm_up}


def full_size_model(layers: int = 28, vision_layers: int = 32) -> R1ForConditionalGeneration:
    """The 7B with random bfloat16 weights, on the GPU; it never ends an answer by itself."""
    config = qwen_7b_config()
    config.text_config.num_hidden_layers = layers
    config.text_config.layer_types = config.text_config.layer_types[:layers]
    config.text_config.eos_token_id = None
    config.vision_config.depth = vision_layers
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda"):
            return R1ForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(torch.float32)


def full_size(layers: int, anchors: Sequence[int]) -> dict[str, dict[str, Any]]:
    """The 7B at batch 1 and 8, beside transformers."""
    device = torch.device("cuda")
    rows: dict[str, dict[str, Any]] = {}
    model = full_size_model(layers, vision_layers=1)
    config = model.config
    text = model.model.language_model
    weights = (
        sum(p.numel() * 2 for p in text.layers.parameters()) + model.lm_head.weight.numel() * 2
    )
    for batch in (1, 8):
        x = model.get_input_embeddings()(
            torch.randint(1_000, 100_000, (batch, PROMPT), device=device)
        ).detach()
        generator = Generator(model)
        rows[f"7B, batch {batch}"] = decode_speed(generator, x, NEW) | {"weight_bytes": weights}
        del generator
        gc.collect()
        print(rows, flush=True)
    stock = _stock(config, device, model)
    for batch in anchors:
        row = rows[f"7B, batch {batch}"]
        found = anchor_speed(stock, batch)
        row["anchor"], row["anchor_warm_up_s"] = "HF static + compile", found["warm_up_s"]
        row["anchor_tokens_per_s"] = found["tokens_per_s"]
        print(row, flush=True)
    return rows


def _stock(
    config: Any, device: torch.device, model: R1ForConditionalGeneration
) -> Qwen2ForCausalLM:
    """transformers' language model with the same weights (not a second set of them)."""
    names = ("vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers")
    names += ("num_attention_heads", "num_key_value_heads", "rms_norm_eps")
    values = {name: getattr(config.text_config, name) for name in names}
    with torch.device("meta"):
        stock = Qwen2ForCausalLM(Qwen2Config(**values, max_position_embeddings=8_192))
    state = {f"model.{k}": v for k, v in model.model.language_model.state_dict().items()}
    stock.load_state_dict(state | {"lm_head.weight": model.lm_head.weight}, assign=True)
    with torch.device(device):
        stock.model.rotary_emb = type(stock.model.rotary_emb)(stock.config)
    return stock.eval()


def tiny(device: torch.device, rooms: int, group: int) -> dict[str, dict[str, Any]]:
    """r1-tiny at batch 1, and answers a second of many prompts, drawn and greedy."""
    loaded = load_pretrained("r1-tiny", device=str(device), dtype="float32")
    model, tokenizer = loaded.model, loaded.processor.tokenizer
    prompts = RoomPrompts(model, tokenizer)
    observed, _, _ = prompts.observe([make_room(n, "test") for n in range(rooms)], seed=0)
    questions = []
    for place in observed:
        rng = np.random.default_rng((0, place.room.seed))
        samples = make_samples(place.room, rng, visible=place.visible, count=12, split="test")
        questions += [(place, sample) for sample in samples]
    x, positions, mask = prompts.inputs(questions)
    if device.type == "cuda":
        x = x.to(torch.bfloat16)
        model.to(torch.bfloat16)
    rows: dict[str, dict[str, Any]] = {}
    ends, model.config.text_config.eos_token_id = model.config.text_config.eos_token_id, None
    rows["r1-tiny, batch 1"] = decode_speed(Generator(model), x[:1], NEW)  # it never ends
    model.config.text_config.eos_token_id = ends
    generate = Generator(model)
    print(rows, flush=True)
    wide = [
        tensor.repeat_interleave(group, dim) for tensor, dim in ((x, 0), (positions, 1), (mask, 0))
    ]
    source = torch.Generator(device).manual_seed(0)
    for name, call in (
        (
            "r1-tiny, sampled answers",
            lambda: generate(
                *wide, max_new_tokens=300, temperature=1.0, generator=source, log_probabilities=True
            ),
        ),
        (
            "r1-tiny, greedy answers",
            lambda: generate(x, positions, mask, max_new_tokens=900),
        ),
    ):
        rows[name] = answers_speed(call, device)
        print(name, rows[name], flush=True)
    rows["r1-tiny, greedy answers"]["one_by_one_equal"] = alike(generate, x, positions, mask)
    return rows


def alike(generator: Generator, x: Tensor, positions: Tensor, mask: Tensor) -> str:
    """How many greedy answers of a batch are those of one at a time."""
    some = slice(0, 24)
    together = generator(x[some], positions[:, some], mask[some], max_new_tokens=200)
    equal = 0
    for row, one in enumerate(together):
        own = slice(x.shape[1] - int(mask[row].sum()), None)
        [alone] = generator(
            x[row : row + 1, own], positions[:, row : row + 1, own], max_new_tokens=200
        )
        equal += alone.tokens == one.tokens
    return f"{equal} of {len(together)}"


def answers_speed(
    call: Callable[[], list], device: torch.device, repeats: int = 3
) -> dict[str, float]:
    """Answers and tokens a second of a call that answers many."""
    start = time.perf_counter()
    call()
    wait(device)
    warm_up = time.perf_counter() - start
    seconds, answers = [], []
    for _ in range(repeats):
        wait(device)
        start = time.perf_counter()
        answers = call()
        wait(device)
        seconds.append(time.perf_counter() - start)
    best = float(np.median(seconds))
    total = sum(len(one.tokens) + one.finished for one in answers)
    return {
        "answers": len(answers),
        "answers_per_s": len(answers) / best,
        "tokens_per_s": total / best,
        "finished": sum(one.finished for one in answers) / len(answers),
        "warm_up_s": warm_up,
    }


def main() -> None:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=("tiny", "7b"), default=["tiny", "7b"])
    parser.add_argument("--rooms", type=int, default=16)
    parser.add_argument("--group", type=int, default=4, help="drawn answers to each question")
    parser.add_argument("--layers", type=int, default=28, help="of the 7B")
    parser.add_argument(
        "--anchors",
        type=int,
        nargs="*",
        default=[1, 8],
        help="batches of transformers; it compiles",
    )
    parser.add_argument("--json", type=Path, default=Path("output/generation.json"))
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    rows: dict[str, dict[str, Any]] = {}
    if "tiny" in options.only:
        rows |= tiny(device, options.rooms, options.group)
    if "7b" in options.only and device.type == "cuda":
        rows |= full_size(options.layers, options.anchors)
    print(f"\n{'what':<28}{'a second':>10}{'target':>8}{'anchor':>9}{'ratio':>7}{'warm-up s':>11}")
    for name, row in rows.items():
        own = row.get("answers_per_s", row["tokens_per_s"])
        anchor = row.get("anchor_tokens_per_s")
        row["target"], row["ratio"] = TARGETS.get(name), own / anchor if anchor else None
        print(
            f"{name:<28}{own:>10.1f}{row['target'] or '':>8}{anchor and round(anchor, 1) or '':>9}"
            f"{row['ratio'] and round(row['ratio'], 2) or '':>7}{row['warm_up_s']:>11.1f}"
        )
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.processor() or "CPU"
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"device": name, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
