"""Dockerfiles are linted, and copy what is there; hosted CI builds them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.markdown import ROOT

FILES = sorted((ROOT / "docker").glob("*.Dockerfile"))
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
    "hadolint"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
def test_hadolint_has_nothing_to_say(path: Path) -> None:
    done = subprocess.run([HADOLINT, path], capture_output=True, text=True)
    assert done.stdout == "" and done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_copied_is_there(path: Path) -> None:
    lines = re.findall(r"^COPY (.+)$", path.read_text(), re.MULTILINE)
    assert lines
    ignored = (ROOT / ".dockerignore").read_text().split()
    for source in (name for line in lines for name in line.split()[:-1]):
        assert (ROOT / source).exists() and source not in ignored, source


def test_the_bug_report_asks_for_the_doctor() -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "bug_report.yml").read_text())
    fields = {item["id"]: item for item in form["body"] if "id" in item}
    assert fields["doctor"]["validations"]["required"]
    assert {"what", "how", "installed", "log"} <= fields.keys()
