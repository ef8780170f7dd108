"""Documented commands of others, and those of the shell, run as they are written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag1 import Writer
from rosbags.typesys import Stores, get_typestore

from r1_ros.bags.bag import Bag

BIN = Path(sys.executable).parent


def run(line: str, folder: Path) -> str:
    """In a shell of its own, with nobody's home."""
    environment = os.environ | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "SHELL": "/bin/bash",
    }
    # a second command: else bash becomes the first one, which then finds no shell around it
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit $?"], cwd=folder, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_completion_is_installed_and_shown(tmp_path: Path) -> None:
    assert "_r1_completion" in run("r1 --show-completion", tmp_path)
    assert "bash completion installed" in run("r1 --install-completion", tmp_path)
    assert ".bash_completions/r1.sh" in (tmp_path / ".bashrc").read_text()
    asked = "COMP_WORDS='r1 visu' COMP_CWORD=1 _R1_COMPLETE=complete_bash r1"
    assert run(asked, tmp_path).split() == ["visualize"]


def test_a_ros_1_bag_is_converted_as_the_book_says(tmp_path: Path) -> None:
    if not (BIN / "rosbags-convert").exists():
        pytest.skip("rosbags' commands are not installed")
    types = get_typestore(Stores.ROS1_NOETIC)
    with Writer(tmp_path / "old.bag") as writer:
        kind = "std_msgs/msg/Float64"
        connection = writer.add_connection("/height", kind, typestore=types)
        message = types.types[kind](np.float64(1.5))
        writer.write(connection, 10**18, types.serialize_ros1(message, kind))
    run("rosbags-convert --src old.bag --dst new_bag", tmp_path)
    with Bag(tmp_path / "new_bag") as bag:
        assert bag.topics["/height"].type == "std_msgs/msg/Float64"
        assert len(list(bag.messages())) == 1
