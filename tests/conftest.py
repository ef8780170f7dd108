"""Fixtures shared by all tests."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """The folder with real recordings and annotation excerpts, beside the repository.

    Skips the calling test where it is missing: the data cannot be distributed with the project.
    """
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found: {folder}")
    return folder


@pytest.fixture(scope="session")
def kitchen() -> Path:
    """A real Kinect recording as an RGB-D folder."""
    return shared_folder() / "kitchen"


@pytest.fixture(scope="session")
def annotations() -> Path:
    """Excerpts of the field's annotation files."""
    return shared_folder() / "annotations"
