"""Synchronisation: nearest partners, bounded queues, every message accounted for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_ros.mapping.synchronizer import DUPLICATE, NO_PARTNER, Synchronizer

MS = 10**6
INPUTS = ("color", "depth", "info")


class Log:
    def __init__(self, slop_ms: float = 20, queue_size: int = 5, inputs=INPUTS) -> None:
        self.drops: Counter[tuple[str, str]] = Counter()
        self.details: list[str] = []
        self.groups: list[tuple] = []
        self.received: Counter[str] = Counter()
        self.inputs = inputs
        self.sync = Synchronizer(
            inputs,
            int(slop_ms * MS),
            queue_size,
            self._drop,
        )

    def _drop(self, name: str, reason: str, detail: str) -> None:
        self.drops.update([(name, reason)])
        self.details.append(detail)

    def add(self, name: str, ms: float) -> bool:
        self.received[name] += 1
        group = self.sync.add(name, int(ms * MS), ms)
        if group is not None:
            self.groups.append(tuple(group[key] for key in self.inputs))
        return group is not None

    def frame(self, ms: float) -> None:
        for name in self.inputs:
            self.add(name, ms)

    def check(self) -> None:
        """received = grouped + dropped + pending, for each input."""
        for name in self.inputs:
            dropped = sum(n for (key, _), n in self.drops.items() if key == name)
            assert self.received[name] == len(self.groups) + dropped + self.sync.pending(name)


def test_equal_stamps_match_at_once() -> None:
    log = Log(slop_ms=0)
    for ms in (0, 33, 66):
        log.frame(ms)
    assert log.groups == [(0, 0, 0), (33, 33, 33), (66, 66, 66)] and not log.drops


def test_near_stamps_match_and_far_ones_do_not() -> None:
    log = Log(slop_ms=10)
    log.add("color", 100)
    log.add("depth", 109)
    assert log.add("info", 104)
    log.add("color", 200)
    log.add("depth", 212)
    assert not log.add("info", 206)
    log.check()


def test_the_nearest_partner_is_taken() -> None:
    log = Log(slop_ms=20, inputs=("color", "depth"))
    log.add("color", 100)
    log.add("color", 112)
    log.add("color", 125)
    log.add("depth", 114)
    assert log.groups == [(112, 114)]


def test_messages_may_arrive_out_of_order() -> None:
    log = Log(slop_ms=1)
    for ms in (66, 0, 33):
        log.add("color", ms)
    for ms in (33, 66, 0):
        log.add("info", ms)
    for ms in (0, 33, 66):
        log.add("depth", ms)
    assert sorted(log.groups) == [(0, 0, 0), (33, 33, 33), (66, 66, 66)]


def test_queues_are_bounded_and_the_oldest_goes() -> None:
    log = Log(queue_size=3)
    for ms in range(0, 500, 100):
        log.add("color", ms)
    assert log.drops == {("color", NO_PARTNER): 2} and log.sync.pending("color") == 3
    log.check()


def test_repeated_stamps_are_dropped() -> None:
    log = Log()
    log.add("color", 100)
    log.add("color", 100)
    log.add("depth", 100)
    log.add("info", 100)
    log.add("info", 100)
    assert log.drops == {("color", DUPLICATE): 1, ("info", DUPLICATE): 1}
    assert len(log.groups) == 1


def test_clear_drops_what_waits() -> None:
    log = Log()
    log.add("color", 0)
    log.sync.clear("reset")
    assert log.drops == {("color", "reset"): 1}
    log.check()


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(INPUTS), st.integers(0, 3000)), max_size=150),
    st.integers(0, 60),
)
def test_every_message_is_accounted_for(messages, slop_ms) -> None:
    log = Log(slop_ms=slop_ms, queue_size=4)
    for name, ms in messages:
        log.add(name, ms)
    log.check()
    assert all(max(group) - min(group) <= slop_ms for group in log.groups)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_jittered_cameras_lose_nothing(seed: int) -> None:
    """30 Hz with up to 8 ms between the streams and any order of arrival within a frame."""
    rng = np.random.default_rng(seed)
    log = Log(slop_ms=16.1)
    for index in range(60):
        for name in rng.permutation(INPUTS):
            log.add(str(name), index * 33.3 + rng.uniform(0, 16))
    assert len(log.groups) == 60 and not log.drops


def test_cameras_that_share_topics_and_stamps_are_grouped_each_with_its_own() -> None:
    log = Log(slop_ms=0)
    for ms in (0, 33):
        for name in INPUTS:
            for frame in ("left", "right"):
                log.received[name] += 1
                group = log.sync.add(name, ms * MS, (ms, frame), frame)
                if group is not None:
                    log.groups.append(tuple(group[key] for key in INPUTS))
    assert log.groups == [((ms, f),) * 3 for ms in (0, 33) for f in ("left", "right")]
    assert not log.drops
    log.check()


def test_one_message_is_one_where_stamp_frame_and_source_are_the_same() -> None:
    sync = Synchronizer(("points",), 0, 1, lambda *_: None)
    sent = [("a", ""), ("b", ""), ("a", ""), ("b", "2"), ("b", "2"), ("b", "")]
    taken = [sync.add("points", 7, None, frame, source) is not None for frame, source in sent]
    assert taken == [True, True, False, True, False, False]


def test_two_frames_are_grouped_where_there_is_one_camera() -> None:
    """So that whoever gets the group can say that depth is not registered to colour."""
    sync = Synchronizer(("color", "depth"), 0, 5, lambda *_: None)
    assert sync.add("color", 1, "c", "color_frame") is None
    assert sync.add("depth", 1, "d", "depth_frame") == {"color": "c", "depth": "d"}
    # also where the colour of one moment comes with a frame that nobody else has
    assert sync.add("color", 2, "c", "depth_frame") is None
    assert sync.add("depth", 2, "d", "depth_frame") is not None
    assert sync.add("color", 3, "wrong", "nowhere") is None
    assert sync.add("depth", 3, "d", "depth_frame") == {"color": "wrong", "depth": "d"}


def test_frames_without_end_do_not_fill_the_memory() -> None:
    sync = Synchronizer(("points",), 0, 1, lambda *_: None)
    for number in range(1000):
        sync.add("points", number, None, f"frame{number}")
    assert len(sync._queues["points"].matched) < 100 and len(sync._frames["points"]) < 50


@pytest.mark.parametrize(
    ("late_ms", "said"),
    [
        (50, "the nearest depth is +0.050 s away"),  # sync_slop is too small
        (-1_700_000_000_000, "the nearest depth is -1699999999.000 s away"),  # another clock
        (None, "no depth so far"),
    ],
)
def test_how_far_the_partner_was_is_told(late_ms: float | None, said: str) -> None:
    log = Log(queue_size=2, inputs=("color", "depth"))
    for ms in (0, 1000, 2000):
        log.add("color", ms)
        if late_ms is not None:
            log.add("depth", ms + late_ms)
    assert log.drops["color", "no partner within sync_slop"] == 1
    assert f"no partner within sync_slop: {said}" in log.details
    log.check()
