"""Every documented command: its words exist, and it is run by a test or somebody said why not."""

from __future__ import annotations

import re

import pytest

from tests.docs.command_line import complaint
from tests.docs.markdown import PAGES, ROOT, Command, commands, spoken_commands

# How commands are held; the first match counts. `tests/...`: that file runs it, or what is behind
# it. Everything else is a reason why nobody runs it here.
HELD = [
    (r"make (demo|test)\b|R1_LONG=1 make test|make lint", "CI itself; tests/ros/test_demo.py"),
    (r"make (book|book-serve|interfaces|env)", "tests/docs/test_book.py; CI makes the rest"),
    (r"r1 demo", "tests/ros/test_demo.py"),
    (r"r1 up", "tests/ros/test_play.py"),
    (r"r1 (ask|plan)", "tests/ros/test_reasoner_process.py"),
    (r"r1 (approve|stop)", "tests/ros/test_approve.py"),
    (r"r1 objects", "tests/ros/test_objects.py"),
    (r"r1 serve", "tests/ros/test_web_api.py"),
    (r"r1 watch", "tests/ros/test_live.py"),
    (r"r1 mcp", "tests/ros/test_agents.py"),
    (r"r1 doctor", "tests/ros/test_doctor.py"),
    (r"r1 play", "tests/ros/test_play.py"),
    (r"r1 record", "tests/r1_ros/bags/test_recording.py"),
    (r"r1 visualize", "tests/r1_ros/cli/test_cli.py"),
    (r"r1 evaluate bag", "tests/ros/test_replay_evaluation.py"),
    (r"r1 --(install|show)-completion", "tests/docs/test_run.py"),
    (r"r1 poses", "tests/r1_ros/odometry/test_poses.py"),
    (r"ros2 launch", "needs an installed ROS: tests/launch, in hosted CI"),
    (r"ros2 bag|rosdep|colcon|source|export FASTRTPS", "needs an installed ROS: hosted CI builds"),
    (r"git clone|pip (install|download)|unzip", "fetches from elsewhere"),
    (r"docker", "no daemon in CI's sandbox: hosted CI builds the images"),
    (r"(export|cd|mkdir|touch|echo|python3 -m venv|for|done)\b", "the shell's own"),
    (r"(PYTHONPATH=\S+ )?\.venv/bin/(python|ruff)", "is run by developers all day"),
    (r"tensorboard", "the logs are read in tests/r1_training/tiny"),
    (r"(r1|torchrun .*-m r1_training.cli) train tiny", "hours on a GPU: tests/r1_training/tiny"),
    (r"(r1|torchrun .*-m r1_training.cli) train grpo", "hours on a GPU: tests/r1_training/grpo"),
    (r"(r1|torchrun .*-m r1_training.cli) train-full", "needs downloads: tests/r1_training/qwen"),
    (r"tools/train_part.sh", "tests/r1_training/tiny/test_newest.py"),
    (r"python -m r1_training.*averaged", "tests/r1_training/tiny/weights/test_averaged.py"),
    (r"(do tools/reproduce_part|r1 reproduce)", "half an hour, GPUs: tests/r1_training/reproduce"),
    (r"r1 rehearse|r1 synthesize-scans", "minutes: tests/r1_training/qwen, synthetic_scans"),
    (r"r1 synthesize-room", "tests/r1_training/test_cli.py"),
    (r"r1 synthesize", "needs a key or minutes: tests/r1_training/engine"),
    (r"r1 prepare", "needs data that cannot be passed on: tests/r1_training/prepare"),
    (r"(r1|torchrun .*-m r1_training.cli) (predict|table|submit)", "tests/r1_training/prediction"),
    (r"(r1|torchrun .*-m r1_training.cli) evaluate-rooms", "tests/r1_training/evaluation"),
    (r"r1 evaluate", "tests/r1_training/metrics"),
]  # fmt: skip

ALL = [command for page in PAGES for command in commands(page)]
SPOKEN = [
    command
    for page in PAGES
    for command in spoken_commands(page)
    if not re.match(r"r1 (X|COMMAND)\b", command.text)
]


def test_there_are_commands() -> None:
    assert len(ALL) > 100 and len(SPOKEN) > 50


@pytest.mark.parametrize("command", sorted({c.text for c in ALL}))
def test_its_words_exist(command: str) -> None:
    assert complaint(command) == ""


@pytest.mark.parametrize("command", sorted({c.text for c in SPOKEN}))
def test_what_is_named_in_the_text_exists(command: str) -> None:
    """Shortened there: `r1 predict` without its arguments, `a|b` for one of several."""
    for word in re.split(r"\s*\|\s*", command):
        text = word if word.startswith("r1 ") else f"r1 {word}"
        text = text.replace("...", "").replace("--plan`", "")
        said = complaint(text)
        if "no option" in said or "no command" in said:
            pytest.fail(said)


@pytest.mark.parametrize("command", sorted({c.text for c in ALL}))
def test_it_is_run_or_it_is_said_why_not(command: str) -> None:
    how = next((how for pattern, how in HELD if re.match(pattern, command)), "")
    assert how, f"nobody runs {command!r}: run it in a test, or say in HELD why not"
    for path in re.findall(r"tests/[\w/.]+", how):
        assert (ROOT / path).exists(), f"{command}: there is no {path}"


def test_every_way_is_needed() -> None:
    unused = [p for p, _ in HELD if not any(re.match(p, c.text) for c in [*ALL, *SPOKEN])]
    assert unused == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("r1 aks hello", "no command aks"),
        ("r1 ask hello --tsak qa", "no option --tsak"),
        ("r1 ask", "takes 1 to 1 arguments"),
        ("r1 train huge", "no command huge"),
        ("r1 predict MODEL OUT", "needs --dataset"),
        ("r1 predict MODEL OUT --dataset", "wants 1 value"),
        ("r1 evaluate-rooms --split tset", "tset is none of"),
        ("make tea", "make knows no tea"),
        ("make demo BAGS=x", "make knows no BAGS"),
        ("ros2 launch r1_ros scene_understanding.launch.py rivz:=true", "no argument rivz"),
        ("ros2 launch r1_ros none.launch.py", "no launch file"),
        ("torchrun --nnodes 4 -m r1_training.cli train tiny --device 4", "no option --device"),
        ("python benchmarks/none.py", "no file"),
        ("docker build -f docker/none.Dockerfile .", "no file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(text: str, says: str) -> None:
    assert says in complaint(text)


def test_a_line_is_taken_apart() -> None:
    from tests.docs.markdown import split

    line = "a 'x; y' && b --c '#1'   # said && so"
    assert split(line) == ["a 'x; y'", "b --c '#1'"]
    assert Command("p", "a") == Command("p", "a")
