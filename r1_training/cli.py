"""`python -m r1_training.cli`: everything offline. `r1 synthesize` and others hand over to it."""

from __future__ import annotations

import typer

from r1_training.engine.cli import synthesize
from r1_training.evaluation.rooms_cli import evaluate_rooms
from r1_training.metrics.cli import evaluate
from r1_training.metrics.replay import score_replay
from r1_training.metrics.submit_cli import submit
from r1_training.prediction.predict_cli import predict
from r1_training.prediction.tables_cli import table
from r1_training.prepare.cli import app as prepare
from r1_training.qwen.cli import train_full
from r1_training.qwen.rehearsal_cli import rehearse
from r1_training.reproduce.cli import reproduce
from r1_training.rooms_cli import train
from r1_training.synthetic.cli import synthesize_room
from r1_training.synthetic_scans.cli import synthesize_scans

app = typer.Typer(help="3D-R1, offline: data, training, evaluation.", no_args_is_help=True)
app.command("synthesize")(synthesize)
app.command("predict")(predict)
app.command("table")(table)
app.command("evaluate")(evaluate)
app.command("score-replay")(score_replay)
app.command("submit")(submit)
app.command("train-full")(train_full)
app.command("rehearse")(rehearse)
app.command("evaluate-rooms")(evaluate_rooms)
app.command("reproduce")(reproduce)
app.add_typer(train, name="train")
app.add_typer(prepare, name="prepare")
app.command("synthesize-room")(synthesize_room)
app.command("synthesize-scans")(synthesize_scans)


@app.callback()
def _main() -> None:
    """Keeps the command's name even where there is only one."""


if __name__ == "__main__":
    app(prog_name="r1")  # as people call it
