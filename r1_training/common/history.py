"""A run's log as a JSON file beside its checkpoints, for tables and plots."""

from __future__ import annotations

import json
import time
from pathlib import Path

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from r1_training.common.whole_files import written_whole

FILE = "history.json"
SELDOM = 15.0  # seconds between two writings


class History(TrainerCallback):
    """Keeps `history.json` in the run's folder: what the trainer logged, also after a kill."""

    def __init__(self) -> None:
        self._written = 0.0

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Write, but not at every line."""
        if time.monotonic() - self._written >= SELDOM:
            self._write(args, state)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Write all of it."""
        self._write(args, state)

    def _write(self, args: TrainingArguments, state: TrainerState) -> None:
        if not state.is_world_process_zero:
            return
        self._written = time.monotonic()
        with written_whole(Path(args.output_dir or ".") / FILE) as part:
            part.write_text(json.dumps(state.log_history))


def read_history(folder: Path) -> list[dict[str, float]]:
    """What a run in a folder logged; nothing where there is none."""
    path = folder / FILE
    return json.loads(path.read_text()) if path.is_file() else []
