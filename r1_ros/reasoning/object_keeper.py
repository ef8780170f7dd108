"""What is known of all things: followed from map to map, kept on disk, asked by box and by id.

`look` belongs to the thread that owns the model; everything else may be called from any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from r1_model.geometry.boxes import aabb_iou
from r1_model.objects.known_object import KnownObject, Sighting
from r1_model.objects.memory import DOUBTFUL_SCORE, ObjectMemory
from r1_model.objects.object_file import ObjectFileError, read_objects, write_objects
from r1_model.objects.place import LEAST_CELLS, Place, place_of, same_place
from r1_model.objects.registration import LEAST_POINTS
from r1_model.objects.relations import Relation, find_relations
from r1_model.objects.reposed import found_again
from r1_model.objects.sightings import make_sightings
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import extent

if TYPE_CHECKING:
    from r1_model.reasoner import Reasoner

SAME_IOU = 0.5  # of an answer's box and a known thing, whatever they are called
SAME_NAME_IOU = 0.2
SURE_IOU = 0.8  # an answer's name is kept only for a box that is surely the thing's
MOST_PLACES = 50  # files that a new map is held against
MOST_TURNED = 10  # of the newest of them, in any other frame as well: a second each


@dataclass(frozen=True)
class Known:
    """A snapshot of what is known.

    Attributes:
        memory: all things.
        relations: of those that are there.
        map_id, revision: of the map that they were last looked for in.
    """

    memory: ObjectMemory = field(default_factory=ObjectMemory)
    relations: tuple[Relation, ...] = ()
    map_id: int = 0
    revision: int = 0


@dataclass(frozen=True)
class _KnownPlace:
    """A place, its things, and their file, if they have one."""

    memory: ObjectMemory
    place: Place
    path: Path | None


class ObjectKeeper:
    """Keeps `Known`.

    Args:
        folder: of one file a place; None: nothing is kept on disk.
        on_change: called in `look`'s thread with what is known now.
        warn: called with a sentence when a file cannot be read or written.
    """

    def __init__(
        self,
        folder: Path | None,
        on_change: Callable[[Known], object],
        warn: Callable[[str], object],
    ) -> None:
        self._folder, self._on_change, self._warn = folder, on_change, warn
        self._known = Known()
        self._place = Place()
        self._path: Path | None = None
        self._settled = False
        self._lock = threading.Lock()

    @property
    def known(self) -> Known:
        """The newest snapshot."""
        return self._known

    def look(self, reasoner: Reasoner, scene: Scene, map_id: int, revision: int) -> None:
        """Follow the things into a map; nothing happens where it is the one of before.

        Raises:
            EmptySceneError: the scene has no points.
        """
        before = self._known
        if (before.map_id, before.revision) == (map_id, revision):
            return
        place = place_of(scene.points)
        seen = make_sightings(scene, reasoner.detect(scene, DOUBTFUL_SCORE))
        if map_id != before.map_id or not self._settled:
            self._enter(scene, place, seen, is_new=map_id != before.map_id)
        with self._lock:  # an answer may call a thing by name meanwhile
            memory = self._known.memory.update(scene, seen)
            relations = tuple(find_relations(memory.present, scene.points))
            self._known = Known(memory, relations, map_id, revision)
        self._place = self._place.with_more(place)
        self._write()
        self._on_change(self._known)

    def identify(self, box: Box) -> str | None:
        """Id of the thing that an answer's box means; None: it is not known."""
        thing, overlap = self._at(box)
        if thing is None:
            return None
        if overlap >= SURE_IOU and box.label:
            with self._lock:
                memory = self._known.memory.called(thing.id, box.label)
                self._known = replace(self._known, memory=memory)
        return thing.id

    def box(self, object_id: str) -> Box | None:
        """Where a thing is; None: there is none of that id, or it is gone."""
        thing = self._known.memory.find(object_id)
        if thing is None or thing.gone:
            return None
        return Box(thing.center, thing.size, thing.label, score=thing.score)

    def _at(self, box: Box) -> tuple[KnownObject | None, float]:
        things = self._known.memory.present
        if not things:
            return None, 0.0
        centers, sizes = (np.array([getattr(t, n) for t in things]) for n in ("center", "size"))
        overlap = aabb_iou(centers, sizes, box.center, extent(box))
        alike = [box.label.casefold() in _names(thing) for thing in things]
        enough = np.where(alike, SAME_NAME_IOU, SAME_IOU)
        value = np.where(overlap >= enough, overlap + 0.25 * np.array(alike), 0.0)
        best = int(value.argmax())
        return (things[best], float(overlap[best])) if value[best] > 0 else (None, 0.0)

    def _enter(self, scene: Scene, new: Place, seen: list[Sighting], *, is_new: bool) -> None:
        """A map that is new, or was too small to tell: of which place is it?"""
        current = self._known.memory
        agrees = current.frame_id == scene.frame_id and same_place(new, self._place)
        if is_new and current.objects and agrees:
            self._settled = True
            return
        places = self._places(with_current=is_new)
        again = _known_again(places, scene.frame_id, new, seen)
        self._settled = again is not None or len(new) >= LEAST_POINTS
        # ids are never used again, also in another place
        named = max([current.named, *(known.memory.named for known in places)])
        if again is not None:
            if not is_new:
                self._forget_file()
            memory = replace(again.memory, named=named, frame_id=scene.frame_id)
            self._start(_KnownPlace(memory, again.place, again.path))
        elif is_new:
            memory = ObjectMemory(named=named, frame_id=scene.frame_id)
            self._start(_KnownPlace(memory, Place(), None))

    def _start(self, known: _KnownPlace) -> None:
        self._known = Known(known.memory)
        self._place, self._path = known.place, known.path

    def _places(self, *, with_current: bool) -> list[_KnownPlace]:
        """All that are known, newest first; what the current map shows may be one of them."""
        current = _KnownPlace(self._known.memory, self._place, self._path)
        places = [current] if with_current and current.memory.objects else []
        for path in self._files():
            try:
                if path != self._path:
                    places.append(_KnownPlace(*read_objects(path), path))
            except ObjectFileError as error:
                self._warn(str(error))
        return places

    def _files(self) -> list[Path]:
        if self._folder is None or not self._folder.is_dir():
            return []
        files = sorted(self._folder.glob("place-*.json"), key=lambda p: p.stat().st_mtime)
        return files[::-1][:MOST_PLACES]

    def _forget_file(self) -> None:
        """This map turned out to be of a place that has a file already."""
        try:
            if self._path is not None:
                self._path.unlink(missing_ok=True)
        except OSError as error:
            self._warn(f"cannot remove {self._path}: {error.strerror or error}")

    def _write(self) -> None:
        memory = self._known.memory
        if self._folder is None or not memory.objects or len(self._place) < LEAST_CELLS:
            return
        if self._path is None:
            # of the first id: no other place has it
            self._path = self._folder / f"place-{memory.objects[0].id}.json"
        try:
            write_objects(self._path, memory, self._place)
        except ObjectFileError as error:
            self._warn(str(error))


def _known_again(
    places: Sequence[_KnownPlace], frame_id: str, new: Place, seen: Sequence[Sighting]
) -> _KnownPlace | None:
    """The place of a new map in its frame; None: it is of none of them."""
    for known in places:
        if known.memory.frame_id == frame_id and same_place(new, known.place):
            return known
    for known in [known for known in places if known.memory.objects][:MOST_TURNED]:
        again = found_again(known.memory, known.place, new, seen)
        if again is not None:
            return _KnownPlace(*again, known.path)
    return None


def _names(thing: KnownObject) -> set[str]:
    return {name.casefold() for name in (thing.label, *thing.votes, *thing.names)}
