"""`ObjectMemory`: what is known of all things, kept over map versions, passes and restarts.

A thing changes its place or goes only where views that are newer than its last sighting show its
place empty: what nobody has looked at is still where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from r1_model.objects.evidence import Evidence, look
from r1_model.objects.known_object import KnownObject, Sighting
from r1_model.objects.matching import match
from r1_model.scene.scene import Scene

BIRTH_SCORE = 0.5  # a sighting that makes a thing known at once
DOUBTFUL_SCORE = 0.1  # one that only confirms what is known (ByteTrack, arXiv 2110.06864)
MOVED_SCORE = 0.2  # one that tells where a missing thing is now
LEAST_COVERAGE = 0.3  # of a place must be looked at before it can be empty
EMPTY_FILL = 0.35  # of its usual fill: a place that holds less than this is empty
LEFT_FILL, LEFT_COVERAGE = 0.6, 0.1  # the same, where what stood there is found elsewhere
SHOWN_FILL = 0.3  # of what is detected at its place again: more than this, or as above, is there
LEAST_FILL = 0.12  # things of thin parts, which rays miss anyway, are never told to be gone
MOVED_DISTANCE = 0.3  # metres between centres; detections of a thing that stayed differ by less
LABEL_MAJORITY = 1.5  # times the votes of the old label, for a new one to be told
GHOST_MISSES = 3  # maps that look at what was detected once without detecting it again
MOST_VIEWS = 10_000  # whose arrival is remembered
ID_PREFIX = "obj"


@dataclass(frozen=True)
class ObjectMemory:
    """All things of one place. Immutable: `update` makes a new one.

    Attributes:
        objects: in order of their ids, gone ones included.
        named: how many ids were given.
        arrivals: stamp of a view -> its arrival number; a bag that is played again brings
            nothing new.
        stamp: of the newest map, nanoseconds.
        frame_id: of all boxes.
    """

    objects: tuple[KnownObject, ...] = ()
    named: int = 0
    arrivals: Mapping[int, int] = field(default_factory=dict)
    stamp: int = 0
    frame_id: str = "map"

    def find(self, object_id: str) -> KnownObject | None:
        """The thing of an id."""
        return next((thing for thing in self.objects if thing.id == object_id), None)

    @property
    def present(self) -> list[KnownObject]:
        """Things that are not gone."""
        return [thing for thing in self.objects if not thing.gone]

    def update(self, scene: Scene, seen: Sequence[Sighting]) -> ObjectMemory:
        """What is known after one more version of the map.

        Args:
            scene: the map.
            seen: from `make_sightings`, doubtful ones included.
        """
        arrivals = _arrivals(self.arrivals, scene)
        orders = np.array([arrivals[view.stamp] for view in scene.views], int)
        things, views = list(self.objects), scene.views
        evidence = look(views, [thing.turned for thing in things])
        empty, left = (
            [_is_empty(t, row, evidence, orders, *bounds) for row, t in enumerate(things)]
            for bounds in ((EMPTY_FILL, LEAST_COVERAGE), (LEFT_FILL, LEFT_COVERAGE))
        )
        of_seen = look(views, [sighting.turned for sighting in seen])
        shown = [_last_shown(scene, orders, of_seen, row) for row in range(len(seen))]
        gone = np.array([thing.gone for thing in things], bool)
        movable = np.array([sighting.score >= MOVED_SCORE for sighting in seen], bool)
        # points of what was taken away may stay in a map; the newest views show the truth
        shown_again = [
            [
                not (empty[row] or thing.gone)
                or movable[index]
                and of_seen.fill(index, orders > thing.order)
                > min(SHOWN_FILL, LEFT_FILL * thing.fill)
                for index in range(len(seen))
            ]
            for row, thing in enumerate(things)
        ]
        found = match(
            things, seen, np.array(left, bool) | gone, np.array(shown_again, bool), movable
        )
        result: dict[str, KnownObject] = {}
        for row, index in found.stayed:
            result[things[row].id] = _seen_again(things[row], seen[index], shown[index])
        for row, index in found.moved:
            result[things[row].id] = _found_elsewhere(
                things[row], seen[index], shown[index], scene.stamp
            )
        free = set(range(len(seen))) - found.ghosts - {s for _, s in (*found.stayed, *found.moved)}
        for row, thing in enumerate(things):
            if thing.id not in result:
                kept = _not_seen(thing, row, evidence, orders, scene, empty=empty[row])
                if kept is not None:
                    result[thing.id] = kept
        named = self.named
        for index in sorted(free):
            if seen[index].score >= BIRTH_SCORE:
                named += 1
                name = f"{ID_PREFIX}{named}"
                result[name] = _born(name, seen[index], shown[index], scene.stamp)
        order = sorted(result.values(), key=lambda thing: int(thing.id.removeprefix(ID_PREFIX)))
        return ObjectMemory(tuple(order), named, arrivals, scene.stamp, scene.frame_id)

    def called(self, object_id: str, name: str) -> ObjectMemory:
        """The memory, with what an answer called a thing."""
        name = " ".join(name.split())
        thing = self.find(object_id)
        if thing is None or not name or name in (thing.label, *thing.names):
            return self
        named = replace(thing, names=(*thing.names, name)[-8:])
        return replace(self, objects=tuple(named if t is thing else t for t in self.objects))


# Arrival number and stamp of the newest view that shows a box; -1 and the map's stamp: none does.
_Shown = tuple[int, int]


def _last_shown(scene: Scene, orders: np.ndarray, evidence: Evidence, row: int) -> _Shown:
    views = np.flatnonzero(evidence.hit[row] > evidence.through[row] * LEAST_FILL)
    if not len(views):
        return -1, scene.stamp
    newest = views[orders[views].argmax()]
    return int(orders[newest]), scene.views[newest].stamp


def _arrivals(known: Mapping[int, int], scene: Scene) -> dict[int, int]:
    arrivals = dict(known)
    following = max(arrivals.values(), default=-1) + 1
    for stamp in sorted({view.stamp for view in scene.views} - arrivals.keys()):
        arrivals[stamp] = following
        following += 1
    excess = len(arrivals) - MOST_VIEWS
    if excess > 0:
        shown = {view.stamp for view in scene.views}
        oldest = set(sorted(arrivals, key=arrivals.__getitem__)[:excess])
        arrivals = {s: n for s, n in arrivals.items() if s in shown or s not in oldest}
    return arrivals


def _is_empty(
    thing: KnownObject,
    row: int,
    evidence: Evidence,
    orders: np.ndarray,
    bound: float,
    least_coverage: float,
) -> bool:
    """Do views that are newer than its last sighting show its place emptier than `bound`?"""
    newer = orders > thing.order
    if not newer.any() or not thing.fill >= LEAST_FILL:  # NaN: no view has ever shown it
        return False
    fill, coverage = evidence.fill(row, newer), evidence.coverage(row, newer)
    return coverage >= least_coverage and fill < bound * thing.fill


def _born(object_id: str, seen: Sighting, shown: _Shown, stamp: int) -> KnownObject:
    order, last_seen = shown
    return KnownObject(
        id=object_id,
        center=seen.center,
        size=seen.size,
        turned=seen.turned,
        label=seen.label,
        votes={seen.label: seen.score},
        score=seen.score,
        color=seen.color,
        fill=seen.fill,
        first_seen=stamp,
        last_seen=last_seen,
        order=order,
    )


def _seen_again(thing: KnownObject, seen: Sighting, shown: _Shown) -> KnownObject:
    order, stamp = shown
    if order <= thing.order and order >= 0:  # the same pictures: nothing new is known
        return replace(thing, gone=False)
    votes = dict(thing.votes)
    votes[seen.label] = votes.get(seen.label, 0.0) + seen.score
    shifted = float(np.linalg.norm(seen.center - thing.center)) > MOVED_DISTANCE
    # the average of what did not move is nearer to the truth than any of its sightings
    weight = 1.0 if shifted else seen.score / sum(votes.values())
    box_is_new = shifted or weight >= 0.5
    return replace(
        thing,
        center=thing.center + weight * (seen.center - thing.center),
        size=thing.size + weight * (seen.size - thing.size),
        turned=seen.turned if box_is_new else thing.turned,
        label=voted_label(thing.label, votes),
        votes=votes,
        score=max(thing.score, seen.score),
        color=_mean(thing.color, seen.color, weight),
        fill=float(_mean(np.array(thing.fill), np.array(seen.fill), weight)),
        last_seen=max(stamp, thing.last_seen),
        order=max(order, thing.order),
        sightings=thing.sightings + 1,
        misses=0,
        gone=False,
    )


def _found_elsewhere(
    thing: KnownObject, seen: Sighting, shown: _Shown, map_stamp: int
) -> KnownObject:
    order, stamp = shown
    votes = dict(thing.votes)
    votes[seen.label] = votes.get(seen.label, 0.0) + seen.score
    return replace(
        thing,
        center=seen.center,
        size=seen.size,
        turned=seen.turned,
        label=voted_label(thing.label, votes),
        votes=votes,
        score=max(thing.score, seen.score),
        last_seen=max(stamp, thing.last_seen),
        order=max(order, thing.order),
        fill=thing.fill if np.isnan(seen.fill) else seen.fill,
        sightings=thing.sightings + 1,
        misses=0,
        moved_at=map_stamp,
        previous=thing.center,
        gone=False,
    )


def _not_seen(
    thing: KnownObject,
    row: int,
    evidence: Evidence,
    orders: np.ndarray,
    scene: Scene,
    *,
    empty: bool,
) -> KnownObject | None:
    """What was not detected: gone, a ghost (None), or still there for all that is known."""
    if thing.gone or empty:
        return replace(thing, gone=True)
    newer = orders > thing.order
    if evidence.coverage(row, newer) < LEAST_COVERAGE:
        return thing
    misses = thing.misses + 1
    if thing.sightings == 1 and misses >= GHOST_MISSES:
        return None
    order, stamp = _last_shown(scene, orders, evidence, row)
    if order <= thing.order:
        return replace(thing, misses=misses)
    return replace(thing, misses=misses, order=order, last_seen=max(stamp, thing.last_seen))


def voted_label(label: str, votes: Mapping[str, float]) -> str:
    """The label to tell: another one than before only with a clear majority."""
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] > LABEL_MAJORITY * votes.get(label, 0.0) else label


def _mean(old: np.ndarray, new: np.ndarray, weight: float) -> np.ndarray:
    """Of two values; the other one where one is NaN."""
    mixed = old + weight * (new - old)
    return np.where(np.isnan(mixed), np.where(np.isnan(old), new, old), mixed)
