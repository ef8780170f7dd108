from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from transformers import TrainerControl, TrainerState, TrainingArguments

from r1_training.common.loss_curve import FILE, LossCurve, curves, draw_loss_curve


def history(steps: range = range(20, 220, 20)) -> list[dict[str, float]]:
    return [
        {
            "step": step,
            "loss": 9 - step / 40,
            "language": 7 / step,
            "vote": 3.0,
            "giou": 2.0 + step / 100,
            "learning_rate": 1e-3 * step / 220,
            "grad_norm": 5.0,
            "epoch": step / 220,
        }
        for step in steps
    ] + [{"step": steps[-1], "train_runtime": 1.0, "train_loss": 5.0}]


def test_curves_are_what_was_logged():
    found = curves(history())
    steps, values = found["giou"]
    assert steps.tolist() == list(range(20, 220, 20))
    assert values.tolist() == pytest.approx([2.0 + step / 100 for step in steps])
    assert "step" not in found and len(found["train_loss"][0]) == 1


def test_of_steps_that_were_done_twice_the_second_time_counts():
    rows = [{"step": 2, "loss": 5.0}, {"step": 1, "loss": 9.0}, {"step": 2, "loss": 4.0}]
    steps, values = curves(rows)["loss"]
    assert (steps.tolist(), values.tolist()) == ([1, 2], [9.0, 4.0])


def colors(path) -> set[tuple[int, ...]]:
    pixels = np.asarray(Image.open(path).convert("RGB")).reshape(-1, 3)
    found, count = np.unique(pixels, axis=0, return_counts=True)
    return {tuple(color) for color, number in zip(found.tolist(), count, strict=True) if number > 9}


BLUE, ORANGE = (31, 119, 180), (255, 127, 14)  # the first and the second curve of a part


def test_the_picture_holds_the_curves(tmp_path):
    path = tmp_path / FILE
    draw_loss_curve(history(), path)
    assert Image.open(path).size[0] > 800
    assert {BLUE, ORANGE} <= colors(path)
    assert list(tmp_path.iterdir()) == [path]


def test_each_part_is_drawn_alone(tmp_path):
    whole, dense = tmp_path / "whole.png", tmp_path / "dense.png"
    draw_loss_curve(history(), whole)
    rows = [{k: v for k, v in row.items() if k not in ("loss", "language")} for row in history()]
    draw_loss_curve(rows, dense)
    assert Image.open(dense).size[1] < Image.open(whole).size[1]
    silent = [{**row, "language": 0.0, "loss": 0.0} for row in history()]  # the dense stage's
    draw_loss_curve(silent, whole)
    assert Image.open(whole).size == Image.open(dense).size


def test_before_the_first_loss_there_is_no_picture(tmp_path):
    for rows in ([], [{"step": 3, "learning_rate": 0.1}]):
        draw_loss_curve(rows, tmp_path / FILE)
    assert list(tmp_path.iterdir()) == []


def test_it_is_drawn_at_checkpoints_by_one_process(tmp_path):
    arguments = TrainingArguments(output_dir=str(tmp_path), report_to=[])
    state = TrainerState(log_history=history(), is_world_process_zero=False)
    LossCurve().on_save(arguments, state, TrainerControl())
    assert not (tmp_path / FILE).exists()
    state.is_world_process_zero = True
    LossCurve().on_save(arguments, state, TrainerControl())
    first = (tmp_path / FILE).read_bytes()
    state.log_history = history(range(20, 420, 20))
    LossCurve().on_train_end(arguments, state, TrainerControl())
    assert (tmp_path / FILE).read_bytes() != first
