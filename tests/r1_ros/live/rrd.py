"""Reads a Rerun recording back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rerun.chunk import RrdReader


def read(path: Path) -> dict[str, dict[str, list[Any]]]:
    """Entity -> component -> its values, in the order in which they were logged."""
    found: dict[str, dict[str, list[Any]]] = {}
    for chunk in RrdReader(str(path)).stream():
        components = found.setdefault(chunk.entity_path, {})
        for name, column in chunk.to_record_batch().to_pydict().items():
            components.setdefault(name, []).extend(column)
    return found


def texts(path: Path, entity: str) -> list[str]:
    """Documents or log lines of an entity."""
    components = read(path).get(f"/{entity}", {})
    rows = components.get("TextDocument:text", []) + components.get("TextLog:text", [])
    return [row[0] for row in rows if row]
