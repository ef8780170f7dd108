"""Scene descriptions: from annotations, or from a description file.

`r1 prepare descriptions` makes such a file of our own model's dense captions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from r1_training.datasets.annotation_sample import Sample
from r1_training.engine.errors import InputFileError

MAX_CAPTIONS = 3
MAX_OBJECTS = 30


def read_scene_captions(path: Path) -> dict[str, str]:
    """Read `scene_caption.json`: {scene id: {"captions": [text, ...]}}.

    Returns:
        Scene id -> its captions, a paragraph each.

    Raises:
        InputFileError: unreadable, or of another form.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {scene: "\n".join(_texts(entry["captions"])) for scene, entry in data.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputFileError(
            f"{path} is no scene caption file ({type(error).__name__}: {error})"
        ) from error


def descriptions_from_annotations(samples: Iterable[Sample]) -> dict[str, str]:
    """Collect what annotators wrote about each scene.

    Args:
        samples: `dense_caption` samples (3D-LLM's scene descriptions: the first MAX_CAPTIONS of
            a scene are used) and `object_caption` samples (ScanRefer, Nr3D: the first description
            of each object, for up to MAX_OBJECTS objects).

    Returns:
        Scene id -> description: captions first, then a line for each object.
    """
    captions: dict[str, list[str]] = {}
    objects: dict[str, dict[tuple[int, ...], str]] = {}
    for sample in samples:
        if not sample.answers:
            continue
        if sample.task == "object_caption":
            name = sample.object_names[0] if sample.object_names else "object"
            known = objects.setdefault(sample.scene_id, {})
            if sample.object_ids not in known and len(known) < MAX_OBJECTS:
                known[sample.object_ids] = f"- {name}: {sample.answers[0].strip()}"
        elif len(captions.setdefault(sample.scene_id, [])) < MAX_CAPTIONS:
            captions[sample.scene_id].append(sample.answers[0].strip())
    return {
        scene: "\n".join([*captions.get(scene, ()), *objects.get(scene, {}).values()])
        for scene in {**captions, **objects}
    }


def first_of(tables: Sequence[Mapping[str, str]]) -> Callable[[str], str]:
    """A scene describer from tables, the first one that knows the scene; "" where none does."""
    return lambda scene_id: next((table[scene_id] for table in tables if scene_id in table), "")


def _texts(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError(f"captions must be a list of texts, got {value!r:.80}")
    return [text.strip() for text in value if text.strip()]
