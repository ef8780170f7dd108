"""A buffer of tf transforms: what tf2's buffer does, for machines without tf2.

As in tf2, a lookup is for one stamp: it interpolates between the two neighbours of that stamp on
every moving edge and never extrapolates. It never waits either: callers try again later.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from r1_model.geometry.poses import invert_pose, pose_matrix, slerp, split_pose
from r1_ros.tf.time_jumps import EdgeRounds

_MAX_FRAMES = 10_000  # a publisher of made-up frames cannot fill the memory
_MAX_SAMPLES = 100_000  # of one edge


class TransformError(LookupError):
    """A transform is not available at the stamp that was asked for."""


class UnknownFrameError(TransformError):
    """A frame that no transform has named yet."""


class DisconnectedError(TransformError):
    """The two frames are in different trees, or a loop of frames has no root."""


class ExtrapolationError(TransformError):
    """The stamp lies outside of the transforms that have arrived.

    Attributes:
        into_future: True where newer transforms may still arrive and answer the lookup.
    """

    def __init__(self, message: str, *, into_future: bool) -> None:
        super().__init__(message)
        self.into_future = into_future


@dataclass
class _Samples:
    """Poses of one round, in order of their stamps."""

    stamps: list[int] = field(default_factory=list)
    poses: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def insert(self, stamp: int, pose: tuple[np.ndarray, np.ndarray]) -> None:
        index = bisect.bisect_left(self.stamps, stamp)
        if index < len(self.stamps) and self.stamps[index] == stamp:
            self.poses[index] = pose
            return
        self.stamps.insert(index, stamp)
        self.poses.insert(index, pose)

    def trim(self, cache: int) -> None:
        if self.stamps:
            oldest = bisect.bisect_left(self.stamps, self.stamps[-1] - cache)
            oldest = max(oldest, len(self.stamps) - _MAX_SAMPLES)
            del self.stamps[:oldest], self.poses[:oldest]

    def without_outlier(self, first: int) -> _Samples:
        """These without the last, where `first` and what follows go on from the last but one."""
        if len(self.stamps) > 1 and self.stamps[-2] <= first < self.stamps[-1]:
            return _Samples(self.stamps[:-1], self.poses[:-1])
        return self

    def cover(self, stamp: int) -> bool:
        return bool(self.stamps) and self.stamps[0] <= stamp <= self.stamps[-1]


@dataclass
class _Edge:
    """Transforms from one frame to its parent; `rival` is another one that is sent in turn."""

    parent: str
    former: str = ""  # the parent before this one
    rival: str = ""
    static: np.ndarray | None = None  # T_parent_child
    samples: _Samples = field(default_factory=_Samples)
    # Those of the round before, until the images follow: they may be seconds late.
    before: _Samples = field(default_factory=_Samples)
    rounds: EdgeRounds[tuple[np.ndarray, np.ndarray]] = field(default_factory=EdgeRounds)


class TransformBuffer:
    """Transforms of the last `cache_seconds`; static ones for ever."""

    def __init__(self, cache_seconds: float = 10.0) -> None:
        self._cache = int(cache_seconds * 1e9)
        self._edges: dict[str, _Edge] = {}

    def set_transform(
        self, parent: str, child: str, stamp: int, T: np.ndarray, *, static: bool = False
    ) -> None:
        """Add T_parent_child (4, 4) at `stamp`, nanoseconds.

        A transform older than the whole cache is ignored, as in tf2. Two in a row that are far
        behind mean that time jumped back (a bag that loops): what this edge had is kept apart for
        late images of the round before, until `jump_back` or for as long as the cache is.

        Raises:
            TransformError: parent and child are the same or empty, or there are too many frames.
        """
        parent, child = clean_edge(parent, child)
        edge = self._edges.get(child)
        if edge is None or edge.parent != parent or (edge.static is not None) != static:
            if edge is None and len(self._edges) >= _MAX_FRAMES:
                raise TransformError(f"more than {_MAX_FRAMES} frames, {child!r} is refused")
            edge = self._edges[child] = _replaced(edge, parent)
        if static:
            edge.static = np.array(T, np.float64)
        else:
            jumped, samples = edge.rounds.add(stamp, split_pose(T))
            if jumped:
                # One stamp from the future looks like a jump when the edge goes on as before. Kept,
                # it would serve every image until then with a pose between now and the future.
                edge.before = edge.samples.without_outlier(min(one for one, _ in samples))
                edge.samples = _Samples()
            self._insert(edge, samples)

    def lookup(self, target: str, source: str, stamp: int) -> np.ndarray:
        """T_target_source (4, 4) float64 at `stamp`, nanoseconds.

        Raises:
            UnknownFrameError, DisconnectedError, ExtrapolationError: see there.
        """
        target, source = _clean(target), _clean(source)
        if target == source:
            return np.eye(4)
        from_source, from_target, common = self._lines(target, source)
        T_common_source = self._compose(from_source, common, stamp)
        T_common_target = self._compose(from_target, common, stamp)
        return invert_pose(T_common_target) @ T_common_source

    def latest(self, target: str, source: str) -> tuple[np.ndarray, int | None]:
        """T_target_source (4, 4) at the newest stamp that every moving edge between them has.

        Returns:
            the transform, and that stamp [ns]; None: only static edges lie between them.

        Raises:
            UnknownFrameError, DisconnectedError, ExtrapolationError: see there.
        """
        target, source = _clean(target), _clean(source)
        if target == source:
            return np.eye(4), None
        from_source, from_target, common = self._lines(target, source)
        edges = [
            self._edges[frame]
            for line in (from_source, from_target)
            for frame in line[: line.index(common)]
        ]
        moving = [edge.samples.stamps for edge in edges if edge.static is None]
        stamp = min((stamps[-1] for stamps in moving if stamps), default=0)
        return self.lookup(target, source, stamp), stamp if moving else None

    def jump_back(self, stamp: int) -> None:
        """Images say that time has jumped back to `stamp`: forget what is from before the jump."""
        for edge in self._edges.values():
            older, samples = edge.rounds.jump_back(stamp, self._cache)
            edge.before = _Samples()
            if older:
                edge.samples = _Samples()
            self._insert(edge, samples)

    def frames(self) -> dict[str, str]:
        """Child frame -> parent frame."""
        return {child: edge.parent for child, edge in self._edges.items()}

    def _insert(
        self, edge: _Edge, samples: list[tuple[int, tuple[np.ndarray, np.ndarray]]]
    ) -> None:
        for stamp, pose in samples:
            edge.samples.insert(stamp, pose)
            # where the images do not follow at all
            if edge.before.stamps and stamp - edge.samples.stamps[0] >= self._cache:
                edge.before = _Samples()
        edge.samples.trim(self._cache)

    def _lines(self, target: str, source: str) -> tuple[list[str], list[str], str]:
        """Each frame with its ancestors, and the first ancestor that both have."""
        from_source, from_target = list(self._ancestors(source)), list(self._ancestors(target))
        known = set(from_target)
        common = next((frame for frame in from_source if frame in known), None)
        if common is None:
            for name, line in ((source, from_source), (target, from_target)):
                if len(line) == 1 and not any(e.parent == name for e in self._edges.values()):
                    raise UnknownFrameError(f"frame {name!r} is in no transform so far")
            raise DisconnectedError(
                f"{source!r} (root {from_source[-1]!r}) and {target!r} (root {from_target[-1]!r}) "
                "are not connected"
            )
        return from_source, from_target, common

    def _ancestors(self, frame: str) -> Iterator[str]:
        seen = {frame}
        yield frame
        while (edge := self._edges.get(frame)) is not None:
            frame = edge.parent
            if frame in seen:
                raise DisconnectedError(f"the parents of {frame!r} form a loop")
            seen.add(frame)
            yield frame

    def _compose(self, line: list[str], common: str, stamp: int) -> np.ndarray:
        """T_common_frame of the first frame of `line` (a frame and its ancestors)."""
        T = np.eye(4)
        for frame in line[: line.index(common)]:
            T = _evaluate(frame, self._edges[frame], stamp) @ T
        return T


def _replaced(edge: _Edge | None, parent: str) -> _Edge:
    """A new edge; two that replace each other by turns know so: neither is ever complete."""
    if edge is None or edge.parent == parent:
        return _Edge(parent)
    return _Edge(parent, edge.parent, edge.parent if parent == edge.former else "")


def _evaluate(child: str, edge: _Edge, stamp: int) -> np.ndarray:
    if edge.static is not None:
        return edge.static
    # no image of the new round is looked up before `jump_back`
    samples = edge.before if edge.before.cover(stamp) else edge.samples
    stamps, poses = samples.stamps, samples.poses
    where = f"{child!r} in {edge.parent!r}"
    if edge.rival:
        where += f" (also sent in {edge.rival!r}, and tf allows one parent)"
    if not stamps:
        raise ExtrapolationError(f"no transform of {where} yet", into_future=True)
    index = bisect.bisect_left(stamps, stamp)
    if index < len(stamps) and stamps[index] == stamp:
        return pose_matrix(*poses[index])
    if index == len(stamps):
        late = (stamp - stamps[-1]) / 1e9
        raise ExtrapolationError(
            f"the newest transform of {where} is {late:.3f} s too old", into_future=True
        )
    if index == 0:
        early = (stamps[0] - stamp) / 1e9
        raise ExtrapolationError(
            f"the oldest transform of {where} is {early:.3f} s too new", into_future=False
        )
    before, after = stamps[index - 1], stamps[index]
    fraction = (stamp - before) / (after - before)
    (p0, q0), (p1, q1) = poses[index - 1], poses[index]
    return pose_matrix((1 - fraction) * p0 + fraction * p1, slerp(q0, q1, fraction))


def clean_edge(parent: str, child: str) -> tuple[str, str]:
    """The frames of a transform, without the slash that tf1 put in front.

    Raises:
        TransformError: they are the same or empty.
    """
    parent, child = _clean(parent), _clean(child)
    if not parent or not child or parent == child:
        raise TransformError(f"no transform goes from {child!r} to {parent!r}")
    return parent, child


def _clean(frame: str) -> str:
    return frame.lstrip("/")
