"""`manifest.json`: what was prepared, from what, with sha256 hashes of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from r1_training.common.whole_files import written_whole

_CHUNK = 1 << 20


def sha256(path: Path) -> str:
    """Hash of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a file that is either there and whole or not there."""
    with written_whole(path) as part:
        part.write_text(json.dumps(value, indent=1, sort_keys=True), encoding="utf-8")


def write_array(path: Path, array: np.ndarray) -> str:
    """Saves an array as `write_json` saves text; returns the file's sha256."""
    with written_whole(path) as part, part.open("wb") as file:
        np.save(file, array)
    return sha256(path)
