"""The whole path of the 7B on synthetic scans: `r1 rehearse` with random weights of its sizes.

    PYTHONPATH=. python benchmarks/full_size_rehearsal.py FOLDER [--scans 40]
    PYTHONPATH=. python benchmarks/full_size_rehearsal.py FOLDER --small     # a CPU: that it runs

Scans, preparation, SFT, GRPO, predictions and scores, as `docs/training.md` has them, with the
views, groups and adapters of the 7B's own settings. Random weights say nothing that is right: what
is shown is that everything fits, and what each part takes. FOLDER gets three models of 17 GB.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console

from benchmarks.full_size_training import random_model
from r1_model.pretrained import PRESETS
from r1_training.qwen.rehearsal import RehearsalSettings, rehearse
from r1_training.qwen.rehearsal_cli import report_table
from r1_training.synthetic_scans.scan_set import ScanSettings

ANSWER_TOKENS = 48  # random weights never end an answer


def random_folder(folder: Path, small: bool) -> Path:
    """A model folder with random weights of the 7B's sizes; or r1-tiny."""
    if folder.is_dir():
        return folder
    cuda = torch.cuda.is_available() and not small
    model, processor = random_model(torch.device("cuda" if cuda else "cpu"), small)
    part = folder.with_name(f"{folder.name}.part")
    model.to(torch.bfloat16).save_pretrained(part)
    processor.tokenizer.save_pretrained(part)
    for file in Path(PRESETS["r1-tiny"]).glob("scene_clip.*"):  # it selects the views
        shutil.copy2(file, part)
    return part.rename(folder)


def settings_of(model: Path, scans: int, small: bool, meteor: bool) -> RehearsalSettings:
    """What is rehearsed; the small one is `r1 rehearse`'s."""
    few = RehearsalSettings(
        model=str(model),
        scans=ScanSettings(scans=scans, frames=12, width=160, height=120, questions=2),
        answer_tokens=ANSWER_TOKENS,
        meteor=meteor,
    )
    return few if small else replace(few, views=6, group_size=8, lora_blocks=12)


def main() -> None:
    """Rehearse, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scans", type=int, default=40)
    parser.add_argument("--small", action="store_true", help="r1-tiny itself, on a CPU")
    parser.add_argument("--meteor", action="store_true", help="METEOR needs Java")
    options = parser.parse_args()
    if not torch.cuda.is_available() and not options.small:
        print("skipped: needs a GPU (--small tries the script on a CPU)")
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    model = random_folder(options.folder / "random", options.small)
    print(f"random weights: {time.perf_counter() - start:.0f} s", flush=True)
    report = rehearse(
        options.folder,
        settings_of(model, options.scans, options.small, options.meteor),
        workers=os.cpu_count() or 1,
        on_part=lambda name: print(f"{time.perf_counter() - start:5.0f} s  {name}", flush=True),
    )
    Console(width=110).print(report_table(report))
    if torch.cuda.is_available():
        peak = torch.cuda.max_memory_allocated() / 2**30
        print(f"{torch.cuda.get_device_name()}, peak {peak:.1f} GiB")


if __name__ == "__main__":
    main()
