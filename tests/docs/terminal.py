"""Commands as a person types them: in a folder, some in the background."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.docs.markdown import ROOT


class Terminal:
    """A folder, an environment, and what was started in the background."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.background: list[subprocess.Popen] = []
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_HOME": str(folder / "ros_home"),
        }

    def start(self, line: str) -> Path:
        """In the background; its output is in the file."""
        log = self.folder / f"{len(self.background)}.log"
        with log.open("w") as file:
            self.background.append(
                subprocess.Popen(
                    ["bash", "-c", f"exec {line}"],
                    cwd=self.folder, env=self.environment, stdout=file, stderr=file,
                )
            )  # fmt: skip
        return log

    def run(self, line: str) -> str:
        """To its end, at a terminal where somebody says yes to everything."""
        parent, child = pty.openpty()
        try:
            os.write(parent, b"y\n")
            done = subprocess.run(
                ["bash", "-c", line], cwd=self.folder, env=self.environment, stdin=child,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
            )  # fmt: skip
        finally:
            os.close(parent)
            os.close(child)
        said = done.stdout.decode()
        assert done.returncode == 0, f"{line}\n{said}"
        return said

    def close(self) -> None:
        for program in self.background:
            program.send_signal(signal.SIGINT)
        for program in self.background:
            program.wait(60)
