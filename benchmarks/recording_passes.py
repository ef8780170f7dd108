"""A recording in which nothing moves, mapped twice: which ids stay, which moves are false?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.recording_zero_shot import fuse
from r1_model.geometry.boxes import aabb_iou
from r1_model.objects.known_object import KnownObject
from r1_model.objects.memory import DOUBTFUL_SCORE, ObjectMemory
from r1_model.objects.place import agreement, place_of, same_place
from r1_model.objects.sightings import make_sightings
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_ros.bags.rgbd_folder import RgbdFolder

MATCH_IOU = 0.25
HOUR = 3_600_000_000_000


def judge_recording(reasoner: Reasoner, folder: Path) -> dict[str, dict[str, float]]:
    """Counts for both ways to make two passes of one recording."""
    count = len(RgbdFolder.open(folder).frames)
    every = np.arange(count)
    ways = {
        "every other frame": (every[::2], every[1::2]),
        "halves": (every[: count // 2], every[count // 2 :]),
    }
    things = json.loads((folder / "objects.json").read_text())["objects"]
    return {
        name: judge_passes(reasoner, [fuse(folder, frames) for frames in passes], things)
        for name, passes in ways.items()
    }


def judge_passes(
    reasoner: Reasoner, scenes: Sequence[Scene], things: Sequence[dict]
) -> dict[str, float]:
    """Counts of two maps of one place in which nothing moved.

    Known things that the second pass looks at: whose id it finds again, and those that it calls
    moved or gone. Things that were annotated by hand: whose id is at their place after both.
    """
    first, second = (_later(scene, n * HOUR) for n, scene in enumerate(scenes, 1))
    memory = ObjectMemory().update(first, _seen(reasoner, first))
    later = memory.update(second, _seen(reasoner, second))
    of = {thing.id: later.find(thing.id) for thing in memory.present}
    again = [k for thing in memory.present if (k := of[thing.id]) and _seen_again(k, thing)]
    places = [place_of(scene.points) for scene in (first, second)]
    owners = [_owners(things, known.present) for known in (memory, later)]
    annotated = owners[0].keys() & owners[1].keys()
    return {
        "same_place": int(same_place(*places)),
        "agreement": agreement(*sorted(places, key=len)),
        "known": len(memory.present),
        "seen_again": len(again),
        "false_moves": sum(k is not None and k.moved for k in of.values()),
        "false_gone": sum(k is None or k.gone for k in of.values()),
        "known_later": len(later.present),
        "annotated_with_id_in_both": len(annotated),
        "annotated_ids_stay": sum(owners[0][a] == owners[1][a] for a in annotated),
    }


def _seen_again(now: KnownObject, before: KnownObject) -> bool:
    return now.sightings > before.sightings


def _later(scene: Scene, start: int) -> Scene:
    views = [replace(view, stamp=start + view.stamp) for view in scene.views]
    return replace(scene, views=views, stamp=start + scene.stamp)


def _seen(reasoner: Reasoner, scene: Scene) -> list:
    return make_sightings(scene, reasoner.detect(scene, DOUBTFUL_SCORE))


def _owners(things: Sequence[dict], known: Sequence[KnownObject]) -> dict[str, str]:
    """Id of an annotated thing -> id of the known one at its place; the best first, each once."""
    centers, sizes = (np.array([thing[n] for thing in things]) for n in ("center", "size"))
    pairs = sorted(
        (
            (-float(overlap), thing["id"], one.id)
            for one in known
            for overlap, thing in zip(
                aabb_iou(centers, sizes, one.center, one.size), things, strict=True
            )
            if overlap >= MATCH_IOU
        )
    )
    found: dict[str, str] = {}
    for _, thing_id, known_id in pairs:
        if thing_id not in found and known_id not in found.values():
            found[thing_id] = known_id
    return found
