"""Time that jumps back: told from late messages and from wrong stamps, once for all inputs."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_ros.mapping.synchronizer import Synchronizer
from r1_ros.tf.time_jumps import JUMPED, EdgeRounds, JumpWatch

MS = 10**6
INPUTS = ("color", "depth", "info", "points")
IMAGES = INPUTS[:3]


class Log:
    """A watch, and what it lets through."""

    def __init__(self) -> None:
        self.drops: Counter[tuple[str, str]] = Counter()
        self.jumps: list[float] = []
        self.ready: list[tuple[str, float]] = []
        self.received = 0
        self.watch = JumpWatch(INPUTS, lambda name, reason: self.drops.update([(name, reason)]))

    def add(self, name: str, ms: float) -> None:
        self.received += 1
        seen = self.watch.see(name, int(ms * MS), ms)
        if seen.jumped_to is not None:
            self.jumps.append(seen.jumped_to / MS)
        self.ready += [(other, item) for other, _, item in seen.ready]

    def frame(self, ms: float) -> None:
        for name in IMAGES:
            self.add(name, ms)

    def check(self) -> None:
        held = sum(self.watch.pending(name) for name in INPUTS)
        assert self.received == len(self.ready) + self.drops.total() + held


def test_a_loop_of_a_bag_is_one_jump_and_loses_nothing() -> None:
    log = Log()
    for _ in range(3):
        for ms in range(0, 30_000, 200):
            log.frame(ms)
            if ms % 400 == 0:
                log.add("points", ms + 5)
    assert log.jumps == [0, 0] and not log.drops
    assert Counter(name for name, _ in log.ready) == {
        **dict.fromkeys(IMAGES, 450),
        "points": 225,
    }


def test_one_input_alone_jumps_with_its_second_message() -> None:
    log = Log()
    for ms in (100, 200, 9000, 9100, 0):
        log.add("points", ms)
    assert not log.jumps and log.watch.pending("points") == 1
    log.add("points", 100)
    assert log.jumps == [0] and log.ready[-2:] == [("points", 0), ("points", 100)]
    log.check()


def test_an_input_that_stalls_and_comes_in_a_burst_is_no_jump() -> None:
    log = Log()
    for ms in range(0, 5000, 100):
        log.add("color", ms)
    for ms in range(0, 5000, 100):
        log.add("depth", ms)
    assert not log.jumps and len(log.ready) == 100


@pytest.mark.parametrize("wrong", [3_600_000, -3_600_000])
def test_one_wrong_stamp_is_no_jump(wrong: float) -> None:
    log = Log()
    for ms in range(0, 5000, 100):
        log.frame(ms)
        if ms == 2000:
            log.add("info", ms + wrong)
    assert not log.jumps and not log.drops
    log.check()
    for ms in range(0, 5000, 100):  # a jump is still seen
        log.frame(ms)
    assert log.jumps == [0]


def test_a_late_message_is_let_go_when_its_input_goes_on() -> None:
    log = Log()
    for ms in (0, 2000, 4000):
        log.add("color", ms)
    log.add("color", 100)
    assert log.watch.pending("color") == 1
    log.add("depth", 4000)
    assert log.watch.pending("color") == 1  # another input tells nothing
    log.add("color", 6000)
    assert log.ready[-2:] == [("color", 100), ("color", 6000)] and not log.jumps


def test_late_messages_of_the_round_before_are_dropped_and_are_no_second_jump() -> None:
    log = Log()
    for ms in range(0, 5000, 100):
        log.frame(ms)
        log.add("points", ms)
    for ms in range(0, 3000, 100):
        log.frame(ms)
        log.add("points", 5000 + ms)  # a queue that empties slowly
    for ms in range(0, 500, 100):
        log.add("points", ms)
    assert log.jumps == [0] and log.drops == {("points", JUMPED): 30}
    assert log.ready[-5:] == [("points", ms) for ms in range(0, 500, 100)]
    log.check()


def test_an_input_that_does_not_jump_with_the_others_goes_on() -> None:
    log = Log()
    for ms in range(0, 5000, 100):
        log.frame(ms)
        log.add("points", ms)
    for ms in range(0, 8000, 100):
        log.frame(ms)
        log.add("points", 5000 + ms)
    assert log.jumps == [0] and log.ready[-1] == ("points", 12_900)
    assert 45 <= log.drops["points", JUMPED] <= 55  # five seconds of them


def test_clear_drops_what_is_held_and_forgets() -> None:
    log = Log()
    for ms in (8000, 9000, 0):
        log.add("color", ms)
    log.watch.clear("reset")
    assert log.drops == {("color", "reset"): 1}
    log.add("color", 100)
    log.add("color", 200)
    assert not log.jumps
    log.check()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(INPUTS), st.integers(0, 9000)), max_size=150))
def test_every_message_is_accounted_for(messages) -> None:
    log = Log()
    for name, ms in messages:
        log.add(name, ms)
    log.check()


def test_frames_are_whole_across_a_jump() -> None:
    """With a synchroniser behind it: no frame of the new round is lost, none is of two rounds."""
    log, groups = Log(), []
    sync = Synchronizer(IMAGES, 20 * MS, 5, lambda *_: None)

    def add(name: str, ms: int, item: str) -> None:
        seen = log.watch.see(name, ms * MS, item)
        if seen.jumped_to is not None:
            sync.clear(JUMPED)
        for message in seen.ready:
            group = sync.add(*message)
            if group is not None:
                groups.append(set(group.values()))

    for item in ("old", "new"):
        for ms in range(0, 3000, 100):
            for name in IMAGES:
                add(name, ms, item)
        add("color", 30, item)
    assert groups == [{"old"}] * 30 + [{"new"}] * 30


def rounds_of(*stamps: float) -> tuple[EdgeRounds[float], list[float]]:
    """An edge, and the seconds of the samples that it would hold."""
    edge, samples = EdgeRounds[float](), []
    for second in stamps:
        add(edge, samples, second)
    return edge, samples


def add(edge: EdgeRounds[float], samples: list[float], second: float) -> None:
    keep(samples, edge.add(int(second * 1e9), second))


def keep(samples: list[float], answer: tuple[bool, list[tuple[int, float]]]) -> None:
    older, fresh = answer
    if older:
        samples.clear()
    samples += [second for _, second in fresh]


def test_an_edge_that_goes_back_twice_begins_a_round() -> None:
    assert rounds_of(7, 8, 9, 0)[1] == [7, 8, 9]
    assert rounds_of(7, 8, 9, 0, 0.1, 0.2)[1] == [0, 0.1, 0.2]


def test_a_single_old_sample_of_an_edge_is_late() -> None:
    assert rounds_of(7, 8, 9, 0, 9.1, 9.2)[1] == [7, 8, 9, 0, 9.1, 9.2]
    assert rounds_of(7, 8, 9, 8.5, 9.1)[1] == [7, 8, 9, 8.5, 9.1]


def test_images_that_jump_after_their_tf_lose_nothing_of_the_new_round() -> None:
    edge, samples = rounds_of(7, 8, 9, 0, 0.5, 1, 1.5, 2, 2.5)
    keep(samples, edge.jump_back(0, 10 * 10**9))
    assert samples == [0, 0.5, 1, 1.5, 2, 2.5]
    keep(samples, edge.jump_back(0, 10 * 10**9))  # the next jump finds only old ones
    assert samples == []


def test_images_that_jump_before_their_tf_wait_for_the_new_round() -> None:
    edge, samples = rounds_of(7, 8, 9)
    keep(samples, edge.jump_back(0, 10 * 10**9))
    for second in (9.1, 11.2, 0.0, 0.1):  # two late ones of the old round
        add(edge, samples, second)
    assert samples == [0.0, 0.1]
    keep(samples, edge.jump_back(0, 10 * 10**9))
    assert samples == []


def test_the_first_sample_of_a_round_is_kept_when_the_images_follow() -> None:
    edge, samples = rounds_of(7, 8, 9, 0)
    keep(samples, edge.jump_back(0, 10 * 10**9))
    add(edge, samples, 0.1)
    assert samples == [0, 0.1]


def test_a_round_of_long_ago_is_not_that_of_the_images() -> None:
    edge, samples = rounds_of(500, 501, 300, 301, 302)  # the edge alone began anew
    keep(samples, edge.jump_back(0, 10 * 10**9))
    assert samples == []


def test_an_edge_that_does_not_jump_goes_on() -> None:
    edge, samples = rounds_of(7, 8, 9)
    keep(samples, edge.jump_back(0, 10 * 10**9))
    for second in (9.5, 11, 13.9, 14.1, 15):
        add(edge, samples, second)
    assert samples == [14.1, 15]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.05, 5.0), min_size=4, max_size=40), st.integers(0, 3))
def test_two_rounds_are_never_mixed(steps: list[float], images: int) -> None:
    """Whatever the rate; `images` samples of the new round come before the images tell of it."""
    old = [1000 + sum(steps[:count]) for count in range(len(steps))]
    edge, samples = rounds_of(*old)
    for index, second in enumerate(old):
        if index == images:
            keep(samples, edge.jump_back(0, 10 * 10**9))
        add(edge, samples, second - 1000)
        assert max(samples) < 1000 or samples == old[: len(samples)]
    assert samples == [second - 1000 for second in old]
