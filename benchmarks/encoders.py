"""Milliseconds of what comes before the first token: views, scene and prompt, in one run.

    python benchmarks/encoders.py [--json output/encoders.json]

Sizes of Qwen2.5-VL-7B, random bfloat16 weights: six views of 640 x 480 through the vision tower and
a prompt of 2,800 tokens, beside transformers' own forward; 40,000 points through the scene encoder.
Needs a GPU.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.generation import full_size_model
from benchmarks.point_operators import milliseconds, room
from r1_model.generation.language import LanguageModel
from r1_model.network.graphed import Graphed

GRID = (34, 46)  # patches of a view of 640 x 480
VIEWS, POINTS, PROMPT = 6, 40_000, 2_800


def graphed(call: Callable[[], Any]) -> Callable[[], Any]:
    """The call as one CUDA graph: what it would take without waiting for Python."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph.replay


def difference(one: Tensor, other: Tensor) -> float:
    """Relative, in the 2-norm."""
    return float((one.float() - other.float()).norm() / other.float().norm())


@torch.inference_mode()
def measure() -> dict[str, dict[str, Any]]:
    """One row a figure: ours, the anchor, and by how much the results differ."""
    model = full_size_model()
    backbone, rows = model.model, {}
    patches = torch.randn(VIEWS * GRID[0] * GRID[1], 1176, device="cuda", dtype=torch.bfloat16)
    grids = [GRID] * VIEWS
    thw = torch.tensor([(1, *GRID)] * VIEWS, device="cuda")
    rows["six views of 640x480"] = {
        "ours_ms": milliseconds(lambda: backbone.encode_views(patches, grids), 10),
        "graph_ms": milliseconds(graphed(lambda: backbone.encode_views(patches, grids)), 10),
        "anchor_ms": milliseconds(lambda: backbone.visual(patches, grid_thw=thw), 5),
        "difference": difference(
            backbone.encode_views(patches, grids),
            backbone.visual(patches, grid_thw=thw).pooler_output,
        ),
        "target_ms": 40.0,
    }
    points = room(1, POINTS).cuda()
    colors = torch.rand_like(points)
    bounds = torch.stack((points.amin(1), points.amax(1)), 1)

    encode = Graphed(backbone.encode_scene)

    def scene() -> Any:  # as `Reasoner` does it
        with torch.autocast("cuda", torch.bfloat16):
            return encode(points, colors, bounds)

    def plainly() -> Any:
        with torch.autocast("cuda", torch.bfloat16):
            return backbone.encode_scene(points, colors, bounds)

    rows["scene of 40,000 points"] = {
        "ours_ms": milliseconds(scene, 10),
        "without_graph_ms": milliseconds(plainly, 10),
        "difference": difference(scene().tokens, plainly().tokens),
        "target_ms": 6.0,
    }
    x = torch.randn(1, PROMPT, 3_584, device="cuda", dtype=torch.bfloat16)
    positions = torch.arange(PROMPT, device="cuda").expand(3, 1, -1)
    language = LanguageModel(model)
    slots = language.slots(1, 4_096)

    def ours() -> Tensor:
        return language.logits(language.extend(x, positions, slots, slice(0, 1), 0)[:, -1])

    def anchor() -> Tensor:
        outputs = backbone.language_model(inputs_embeds=x, position_ids=positions, use_cache=True)
        return model.lm_head(outputs.last_hidden_state[:, -1])

    rows["prompt of 2,800 tokens"] = {
        "ours_ms": milliseconds(ours, 5),
        "anchor_ms": milliseconds(anchor, 5),
        "difference": difference(ours(), anchor()),
    }
    return rows


def main() -> None:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, default=Path("output/encoders.json"))
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("skipped: no CUDA device")
        return
    rows = measure()
    print(
        f"{'what':<24}{'ours ms':>9}{'as graph':>9}{'HF ms':>8}{'ratio':>7}{'target':>7}  differ by"
    )
    for name, row in rows.items():
        anchor = row.get("anchor_ms")
        row["ratio"] = anchor / row["ours_ms"] if anchor else None
        print(
            f"{name:<24}{row['ours_ms']:>9.2f}{row.get('graph_ms', float('nan')):>9.2f}"
            f"{anchor and round(anchor, 1) or '':>8}"
            f"{row['ratio'] and round(row['ratio'], 2) or '':>7}"
            f"{row.get('target_ms', ''):>7}  {row.get('difference', float('nan')):.1e}"
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {"device": torch.cuda.get_device_name(), "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
