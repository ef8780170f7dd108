"""The presets by precision: first token, tokens a second, memory, accuracy, in one run.

    PYTHONPATH=. python benchmarks/full_size.py [--models 7b ...] [--kinds int4 ...] [--json FILE]

The 7B and the 3B have the architectures of Qwen2.5-VL with our scene branch. Their language and
vision weights are random (every layer has the same), scene branch and view selection those of
r1-tiny. They are asked about scenes that they have never seen: 40,000 points and views of
640 x 480. The allocator is capped while a model is loaded and asked (`CAPS`). r1-tiny answers
questions about unseen rooms, the same ones in every precision. Needs a GPU; half a minute a model
and precision.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer
from transformers.initialization import no_init_weights

from benchmarks.generation import NEW, PROMPT, decode_speed
from r1_model.conversation import R1Processor
from r1_model.generation import Generator
from r1_model.gpu_memory import give_back
from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import PRESETS, Pretrained, load_pretrained
from r1_model.quantization import FORMATS, quantize
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.tokens import token_id
from r1_model.views.scene_clip import SceneClip
from r1_training.evaluation.report import by_group
from r1_training.evaluation.room_evaluator import Asked, asked_pieces, observed, pieces_of
from r1_training.qwen.model import qwen_7b_config
from r1_training.synthetic.camera.observe import observe_batch, scene_of
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.rooms.room import make_room

CAPS = {"none": 24e9, "fp8": 16e9, "int8": 16e9, "int4": 12e9}  # bytes
SIZES_3B = {
    "vocab_size": 151_936,
    "hidden_size": 2_048,
    "intermediate_size": 11_008,
    "num_hidden_layers": 36,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
}
VIEWS, POINTS, SIZE = 6, 40_000, (480, 640)
SCENES, WARM = 6, 2
FIRST, SECOND = "Where is the red chair in this room?", "How many lamps are there, and are they on?"
TARGETS = {"first_token_ms": 130, "second_question_ms": 60, "batch_1_tokens_per_s": 215}
_TOKENS = {
    "image_token_id": "<|image_pad|>",
    "video_token_id": "<|video_pad|>",
    "vision_start_token_id": "<|vision_start|>",
    "vision_end_token_id": "<|vision_end|>",
    "scene_start_token_id": "<|scene_start|>",
    "scene_token_id": "<|scene_pad|>",
    "scene_end_token_id": "<|scene_end|>",
}


def full_size_config(size: str, tokenizer: Any, tiny: R1Config) -> R1Config:
    """Qwen's sizes with r1-tiny's scene branch and tokens; it never ends an answer by itself."""
    config = qwen_7b_config()
    if size == "3b":
        for name, value in SIZES_3B.items():
            setattr(config.text_config, name, value)
        config.text_config.layer_types = ["full_attention"] * config.text_config.num_hidden_layers
        config.vision_config.out_hidden_size = config.text_config.hidden_size
        config.tie_word_embeddings = config.text_config.tie_word_embeddings = True
    config.scene_config = tiny.scene_config
    for name, token in _TOKENS.items():
        setattr(config, name, token_id(tokenizer, token))
    config.text_config.eos_token_id = None
    config.num_views = VIEWS
    return config


@torch.no_grad()
def full_size_model(config: R1Config, tiny: R1ForConditionalGeneration) -> Any:
    """On the CPU, in bfloat16; layers share their memory until they are moved."""
    torch.set_default_dtype(torch.bfloat16)
    try:
        with no_init_weights():
            model = R1ForConditionalGeneration(config).eval()
    finally:
        torch.set_default_dtype(torch.float32)
    backbone = model.model
    for layers in (backbone.language_model.layers, backbone.visual.blocks):
        _fill(layers[0])
        for layer in layers[1:]:
            for own, other in zip(layer.parameters(), layers[0].parameters(), strict=True):
                own.data = other.data
    embeddings = backbone.language_model.embed_tokens
    for module in (embeddings, backbone.language_model.norm, backbone.visual.merger):
        _fill(module)
    _fill(backbone.visual.patch_embed)
    if config.tie_word_embeddings:
        model.lm_head.weight = embeddings.weight
    else:
        model.lm_head.weight.data = embeddings.weight.data
    for name in ("scene_tokens", "depth_positions"):
        for module in getattr(backbone, name).modules():
            reset = getattr(module, "reset_parameters", None)
            if reset is not None:
                reset()
    for name in ("scene_encoder", "dense_decoder", "looks"):
        getattr(backbone, name).load_state_dict(getattr(tiny.model, name).state_dict())
    return model


def _fill(module: torch.nn.Module) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"  # a CPU draws slowly
    for parameter in module.parameters():
        if parameter.ndim == 1:
            parameter.fill_(1.0)
        else:
            noise = torch.randn(parameter.shape, device=device, dtype=parameter.dtype)
            parameter.copy_(noise * 0.02)


def scenes(views: int, count: int, first: int) -> list[Scene]:
    """Scans of unseen rooms."""
    found = []
    for number in range(first, first + count):
        seen = observe_batch(
            pack_rooms([make_room(number, "test")]),
            number,
            views=12,
            keep_views=views,
            height=SIZE[0],
            width=SIZE[1],
            points=POINTS,
            device="cuda",
        )
        found.append(scene_of(seen))
    return found


def unseen(scene: Scene) -> Scene:
    """The same scan as nobody has looked at it yet: nothing that was found out goes along."""
    return replace(scene, views=[replace(view) for view in scene.views])


def ask_about(reasoner: Reasoner, scene: Scene, text: str) -> dict[str, float]:
    """Milliseconds from the question to each stage and to the first token."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    stages: dict[str, float] = {}

    def note(stage: str, text: str) -> None:
        stages.setdefault(stage, 1_000 * (time.perf_counter() - start))

    answer = reasoner.ask(scene, text, max_new_tokens=4, on_progress=note)
    return {
        "encode_begins": stages["encode"],
        "views_begin": stages["views"],
        "first_token": 1_000 * answer.first_token_seconds,
    }


def full_size(
    size: str, kind: str, tiny: Reasoner, scans: Sequence[Sequence[Scene]]
) -> dict[str, Any]:
    """Everything about a large model in a precision."""
    give_back()
    total = torch.cuda.get_device_properties(0).total_memory
    tokenizer = AutoTokenizer.from_pretrained(PRESETS["r1-tiny"])
    config = full_size_config(size, tokenizer, tiny.settings)
    model = full_size_model(config, tiny._model)
    known = [[unseen(scene) for scene in some] for some in scans]
    give_back()
    before = torch.cuda.memory_reserved()
    torch.cuda.set_per_process_memory_fraction((before + CAPS[kind]) / total)
    torch.cuda.reset_peak_memory_stats()
    start = time.perf_counter()
    device = torch.device("cuda")
    quantize(model, kind, device)
    model = model.to(device)
    row: dict[str, Any] = {
        "load_s": time.perf_counter() - start,
        "cap_gb": CAPS[kind] / 1e9,
        "weights_gb": torch.cuda.memory_allocated() / 1e9 - before / 1e9,
    }
    clip = SceneClip.from_pretrained(PRESETS["r1-tiny"])
    loaded = Pretrained(model, R1Processor(tokenizer, config), size, ())
    reasoner = Reasoner(loaded, clip, VIEWS)
    for name, some in zip(("six views", "six of twelve views"), known, strict=True):
        firsts = [ask_about(reasoner, scene, FIRST) for scene in some]
        row[name] = {
            stage: float(np.median([one[stage] for one in firsts[WARM:]])) for stage in firsts[0]
        }
    again = []
    for scene in known[0]:
        reasoner.ask(scene, FIRST, max_new_tokens=4)
        again.append(ask_about(reasoner, scene, SECOND))
    row["second_question_ms"] = float(np.median([one["first_token"] for one in again[WARM:]]))
    row["first_token_ms"] = row["six views"]["first_token"]
    reasoner.ask(known[0][0], FIRST, max_new_tokens=300)
    row["peak_gb"] = (torch.cuda.max_memory_reserved() - before) / 1e9
    torch.cuda.set_per_process_memory_fraction(1.0)
    reasoner.close()
    for batch in (1, 8):
        ids = torch.randint(1_000, 100_000, (batch, PROMPT), device=device)
        x = model.get_input_embeddings()(ids).detach()
        row[f"batch_{batch}_tokens_per_s"] = decode_speed(Generator(model), x, NEW)["tokens_per_s"]
    del reasoner, model, loaded, clip
    give_back()
    row["left_gb"] = (torch.cuda.memory_reserved() - before) / 1e9
    return row


def tiny_tasks(kind: str, rooms: int) -> dict[str, Any]:
    """r1-tiny's share of right answers by task, and its tokens a second."""
    give_back()
    before = torch.cuda.memory_reserved()
    torch.cuda.reset_peak_memory_stats()
    reasoner = Reasoner.from_pretrained("r1-tiny", device="cuda", quantization=kind)
    weights = torch.cuda.memory_allocated() / 1e9
    place = observed(pieces_of(1, 4)[0], "test", torch.device("cpu"))[0]
    reasoner.ask(place.scene, FIRST)
    peak = (torch.cuda.max_memory_reserved() - before) / 1e9
    asked: list[Asked] = []
    for _, _, some in asked_pieces(reasoner, pieces_of(rooms, 3), questions=12, split="test"):
        asked += some
    tasks = {key[0]: checks["correct"].mean for key, checks in by_group([asked])["task"].items()}
    model = reasoner._model
    model.config.text_config.eos_token_id = None
    ids = torch.randint(100, 4_000, (1, 400), device="cuda")
    x = model.get_input_embeddings()(ids).detach()
    speed = decode_speed(Generator(model), x, NEW)["tokens_per_s"]
    whole = float(np.mean([bool(one.verdict["correct"]) for one in asked]))
    return {
        "questions": len(asked),
        "correct": whole,
        "tasks": tasks,
        "tokens_per_s": speed,
        "weights_gb": weights,
        "peak_gb": peak,
    }


def main() -> None:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    models = ("r1-tiny", "7b", "3b")
    parser.add_argument("--models", nargs="+", choices=models, default=list(models))
    parser.add_argument("--kinds", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--rooms", type=int, default=48, help="that r1-tiny is asked about")
    parser.add_argument("--json", type=Path, default=Path("output/full_size.json"))
    options = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {name: {} for name in options.models}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    tiny = Reasoner(load_pretrained("r1-tiny", device="cpu", dtype="float32"), None, VIEWS)
    scans = [scenes(VIEWS, SCENES, 100), scenes(2 * VIEWS, SCENES, 200)]
    for name in options.models:
        for kind in options.kinds:
            if name == "r1-tiny":
                rows[name][kind] = tiny_tasks(kind, options.rooms)
            else:
                rows[name][kind] = full_size(name, kind, tiny, scans)
            print(name, kind, json.dumps(rows[name][kind]), flush=True)
            device = torch.cuda.get_device_name()
            text = json.dumps({"device": device, "targets": TARGETS, "rows": rows}, indent=1)
            options.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
