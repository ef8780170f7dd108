"""Boxes of what this project writes: `r1 predict`'s file, and the record of `r1 evaluate bag`.

r1 predict        {"id": "scene0011_00", "boxes": [[x y z sx sy sz]], "labels"?, "scores"?,
                  "captions"?} a line; grounding has one entry a question, "scene0011_00|3|0"
r1 evaluate bag   {"answers": [{"id", "question", "objects": [{center, size, orientation, label}],
                  "steps": [{"objects"}]}]}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 3  # ids in an error
_CAPTION = 60  # characters at a box


class EntryError(ValueError):
    """No entry, several, or one that is malformed; the message names it."""


def is_entries(data: Any) -> bool:
    """Is this a file of `r1 predict`, or a record of `r1 evaluate bag`?"""
    if isinstance(data, Mapping):
        return "answers" in data
    return isinstance(data, list) and any(
        isinstance(entry, Mapping) and "id" in entry and "center" not in entry for entry in data
    )


def objects_of_entries(data: Any, wanted: str) -> list[dict[str, Any]]:
    """Objects {center, size, label?, score?, orientation?} of the entries that are meant.

    Args:
        data: of the file.
        wanted: an entry's id, or the scene's in front of `|`; empty: there is one entry.

    Raises:
        EntryError: no entry is meant or several are, or one is malformed.
    """
    record = isinstance(data, Mapping)
    entries = data["answers"] if record else data
    if not isinstance(entries, list):
        raise EntryError(f"`answers` must be a list, got {entries!r:.60}")
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
            raise EntryError(f"entry {number} must be an object with an `id`, got {entry!r:.60}")
    meant = _meant(entries, wanted)
    read = _of_answer if record else _of_prediction
    return [item for entry in meant for item in read(entry)]


def _meant(entries: Sequence[Mapping[str, Any]], wanted: str) -> list[Mapping[str, Any]]:
    first = ", ".join(entry["id"] for entry in entries[:_SHOWN])
    if not wanted:
        if len(entries) != 1:
            raise EntryError(f"{len(entries)} entries: choose by --id, as {first}")
        return list(entries)
    meant = [e for e in entries if e["id"] == wanted or e["id"].startswith(f"{wanted}|")]
    if not meant:
        raise EntryError(f"no entry {wanted!r}; there are {len(entries)}, as {first}")
    return meant


def _of_answer(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    steps = _list(entry, "steps", entry["id"])
    if not all(isinstance(step, Mapping) for step in steps):
        raise EntryError(f"entry {entry['id']!r}: a step must be an object, got {steps!r:.60}")
    of_steps = [item for step in steps for item in _list(step, "objects", entry["id"])]
    return [*_list(entry, "objects", entry["id"]), *of_steps]


def _list(of: Mapping[str, Any], key: str, entry: str) -> list[Any]:
    values = of.get(key, [])
    if not isinstance(values, list):
        raise EntryError(f"entry {entry!r}: `{key}` must be a list, got {values!r:.60}")
    return values


def _of_prediction(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    where = f"entry {entry['id']!r}"
    if "boxes" not in entry:
        raise EntryError(f"{where} has no `boxes`: its data set asks for none")
    boxes = _list(entry, "boxes", entry["id"])
    columns = {name: entry[name] for name in ("labels", "captions", "scores") if name in entry}
    for name, values in columns.items():
        if not isinstance(values, list) or len(values) != len(boxes):
            raise EntryError(f"{where}: `{name}` must be one for each of its {len(boxes)} boxes")
    items = []
    for number, box in enumerate(boxes):
        if not isinstance(box, list) or len(box) != 6:
            raise EntryError(f"{where}: a box must be six numbers, got {box!r:.60}")
        item: dict[str, Any] = {"center": box[:3], "size": box[3:]}
        for name in ("captions", "labels"):  # the name where there is one
            if name in columns:
                item["label"] = str(columns[name][number])[:_CAPTION]
        if "scores" in columns:
            item["score"] = columns["scores"][number]
        items.append(item)
    return items
