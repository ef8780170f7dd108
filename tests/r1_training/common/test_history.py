from __future__ import annotations

import json
from types import SimpleNamespace

from transformers import TrainerControl, TrainerState

from r1_training.common import history
from r1_training.common.history import FILE, History, read_history


def told(folder, rows, main: bool = True):
    state = TrainerState(log_history=rows, is_world_process_zero=main)
    return SimpleNamespace(output_dir=str(folder)), state, TrainerControl()


def test_the_log_is_a_file_and_is_whole_at_the_end(tmp_path):
    rows = [{"step": 1, "reward": 0.5}]
    callback = History()
    callback.on_log(*told(tmp_path, rows))
    assert read_history(tmp_path) == rows
    rows = [*rows, {"step": 2, "reward": 0.6}]
    callback.on_log(*told(tmp_path, rows))  # too soon
    assert len(read_history(tmp_path)) == 1
    callback.on_train_end(*told(tmp_path, rows))
    assert json.loads((tmp_path / FILE).read_text()) == rows


def test_it_is_written_again_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "SELDOM", 0.0)
    callback = History()
    for count in (1, 2):
        callback.on_log(*told(tmp_path, [{"step": n} for n in range(count)]))
        assert len(read_history(tmp_path)) == count


def test_one_process_writes(tmp_path):
    History().on_train_end(*told(tmp_path, [{"step": 1}], main=False))
    assert not list(tmp_path.iterdir()) and read_history(tmp_path) == []
