"""`r1`: one command for everything a person does with this package."""

from __future__ import annotations

import io
import os
import re
import sys

import typer

from r1_ros.cli.approve import approve, stop
from r1_ros.cli.ask import ask, describe, plan
from r1_ros.cli.demo import demo
from r1_ros.cli.doctor import doctor
from r1_ros.cli.mcp import mcp
from r1_ros.cli.objects import objects
from r1_ros.cli.poses import poses
from r1_ros.cli.recordings import play, record
from r1_ros.cli.serve import serve
from r1_ros.cli.up import up
from r1_ros.cli.visualize import visualize
from r1_ros.cli.watch import watch

app = typer.Typer(
    name="r1",
    help="3D-R1 for robots: map a room from RGB-D topics, ask about it, plan with it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_RUN = "Run"
_TALK = "Talk to running nodes"
_FILES = "Recordings and pictures"
_OFFLINE = "Offline: training and evaluation (no ROS needed)"

app.command(rich_help_panel=_RUN)(demo)
app.command(rich_help_panel=_RUN)(up)
app.command(rich_help_panel=_RUN)(doctor)
app.command(rich_help_panel=_TALK)(ask)
app.command(rich_help_panel=_TALK)(plan)
app.command(rich_help_panel=_TALK)(describe)
app.command(rich_help_panel=_TALK)(approve)
app.command(rich_help_panel=_TALK)(stop)
app.command(rich_help_panel=_TALK)(objects)
app.command(rich_help_panel=_TALK)(serve)
app.command(rich_help_panel=_TALK)(watch)
app.command(rich_help_panel=_TALK)(mcp)
app.command(rich_help_panel=_FILES)(record)
app.command(rich_help_panel=_FILES)(poses)
app.command(rich_help_panel=_FILES)(play)
app.command(rich_help_panel=_FILES)(visualize)


def _hand_over(name: str, summary: str) -> None:
    # r1_ros does not import r1_training (docs/decisions.md, 3): the process becomes that program,
    # which parses its own options, --help included.
    @app.command(
        name=name,
        help=summary,
        rich_help_panel=_OFFLINE,
        add_help_option=False,
        context_settings={
            "allow_extra_args": True,
            "ignore_unknown_options": True,
            "help_option_names": [],
        },
    )
    def command(context: typer.Context) -> None:
        if (name, context.args[:1]) == ("evaluate", ["bag"]):
            # not offline: the nodes run
            from r1_ros.cli.evaluate_bag import app as evaluate_bag

            evaluate_bag(context.args[1:], prog_name="r1 evaluate bag")
        arguments = [sys.executable, "-m", "r1_training.cli", name, *context.args]
        encoding = os.environ.get("PYTHONIOENCODING", "").partition(":")[0]
        os.environ["PYTHONIOENCODING"] = f"{encoding}:replace"  # see `main`
        os.execv(sys.executable, arguments)


_hand_over("train", "Train r1-tiny on synthetic rooms (docs/training.md).")
_hand_over("train-full", "Train Qwen2.5-VL-7B with the paper's settings (docs/training.md).")
_hand_over("predict", "Ask a model the questions of the field's annotation files.")
_hand_over("evaluate", "Score predictions, or a bag: r1 evaluate bag --help.")
_hand_over("table", "A table of the paper for a checkpoint of one's own.")
_hand_over("submit", "Write what the servers of ScanQA, ScanRefer and Scan2Cap take.")
_hand_over("evaluate-rooms", "Ask a model about synthetic rooms that it has never seen.")
_hand_over("reproduce", "The paper's SFT and reinforcement learning at r1-tiny's size.")
_hand_over("synthesize", "Turn questions into chains of thought (the Scene-30K engine).")
_hand_over("synthesize-room", "Render a synthetic room as an RGB-D folder for `r1 record`.")
_hand_over("synthesize-scans", "Synthetic rooms in ScanNet's formats, with the benchmarks' rows.")
_hand_over("rehearse", "The full-size path, scans to scores, on synthetic scans.")
_hand_over("prepare", "Prepare data sets for training and evaluation.")


def main() -> None:
    """Entry point of the console script."""
    # A terminal that cannot show a character gets another one, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # No option has a blank in its name: "- how many chairs?" is a question.
    sys.argv[1:] = [re.sub(r"^(?=-[^=]*\s)", " ", argument) for argument in sys.argv[1:]]
    app()


if __name__ == "__main__":
    main()
