"""The whole path, scans to scores, in one go; the same of 40 scans with r1-tiny takes minutes."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from r1_model.pretrained import load_pretrained
from r1_training.cli import app
from r1_training.metrics.inputs import DATASETS
from r1_training.qwen.rehearsal import REPORT_NAME, RehearsalSettings, rehearse
from r1_training.synthetic_scans.scan_set import ScanSettings

needs_long = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long; R1_LONG=1 runs it")


def test_scans_become_scores(tmp_path, model_folder):
    settings = RehearsalSettings(
        model=str(model_folder),
        scans=ScanSettings(scans=3, frames=6, width=80, height=60, voxel=0.06, questions=3),
        frames=4,
        conversations=4,
        groups=2,
        batch_size=2,
        group_size=2,
        max_new_tokens=6,
        answer_tokens=6,
        lora_blocks=2,
        datasets=tuple(name for name in DATASETS if name not in ("openeqa", "cap3d")),
        meteor=False,
    )
    parts: list[str] = []
    report = rehearse(tmp_path, settings, on_part=parts.append)
    assert parts[:4] == ["scans", "prepare", "SFT", "GRPO"] and set(parts) == set(report.seconds)
    assert set(report.scores) == set(settings.datasets)
    assert all(report.samples[name] > 0 and not report.missing[name] for name in report.samples)
    assert load_pretrained(report.model, device="cpu").model.config.trained
    assert json.loads((tmp_path / REPORT_NAME).read_text())["model"] == report.model
    # Run again, it goes on from what is there: nothing is trained or asked anew.
    again = rehearse(tmp_path, replace(settings, datasets=("scanqa",)))
    assert again.scores["scanqa"] == report.scores["scanqa"]


@needs_long
def test_the_command_runs_forty_scans(tmp_path):
    result = CliRunner().invoke(app, ["rehearse", str(tmp_path / "out"), "--no-meteor"])
    assert result.exit_code == 0, result.output
    report = json.loads((tmp_path / "out" / REPORT_NAME).read_text())
    assert report["samples"]["detection"] == 8 and not any(report["missing"].values())


def test_a_model_that_is_not_there_is_named(tmp_path):
    arguments = ["rehearse", str(tmp_path / "out"), "--scans", "3", "--model", str(tmp_path)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and "error:" in result.output, result.output
