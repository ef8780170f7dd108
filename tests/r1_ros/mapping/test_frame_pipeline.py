"""FramePipeline without a node: what becomes of messages when time jumps, or seems to."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from r1_model.geometry.poses import pose_matrix
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.frame_pipeline import FramePipeline
from r1_ros.mapping.pose_jumps import PoseJump
from r1_ros.mapping.rgbd_frame import RgbdFrame
from r1_ros.tf.buffer import TransformBuffer
from r1_ros.tf.time_jumps import JUMPED
from tests.ros import robot as views

pytestmark = pytest.mark.ros
SECOND = 10**9
WALL = np.full((10, 3), 1.5)


class RecordingMap:
    """Stands in for the map: what was fused, in seconds since START, and resets."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.poses: list[tuple[float, float]] = []

    def add_frame(self, frame: RgbdFrame, _config: MapperConfig) -> None:
        second = (frame.stamp - views.START) / SECOND
        self.events.append(f"frame {second:.1f}")
        self.poses.append((second, frame.T_scene_camera[0, 3]))

    def add_points(self, _points: np.ndarray, _colors: np.ndarray, stamp: int) -> None:
        self.events.append(f"points {(stamp - views.START) / SECOND:.1f}")

    def reset(self) -> None:
        self.events.append("reset")


class Rig:
    """A pipeline that starts a new map when time jumps back."""

    def __init__(self, *, static: bool = True, **parameters: object) -> None:
        self.drops: Counter[tuple[str, str]] = Counter()
        self.said: list[str] = []
        self.map, self.buffer = RecordingMap(), TransformBuffer()
        self.pose_jumps: list[PoseJump] = []
        config = MapperConfig(jump_back_reset=True, **parameters)
        self.pipeline = FramePipeline(
            lambda: config,
            self.buffer,
            self.map,
            lambda _: None,
            self._dropped,
            lambda: None,
            self.pose_jumps.append,
        )
        self.buffer.set_transform("base", views.OPTICAL, 0, np.eye(4), static=True)
        if static:
            self.buffer.set_transform("map", "base", 0, np.eye(4), static=True)

    def _dropped(self, name: str, reason: str, detail: str) -> None:
        self.drops[name, reason] += 1
        self.said.append(detail)

    def add(self, name: str, second: float) -> None:
        stamp = views.START + round(second * SECOND)
        if name == "points":
            message = views.cloud(stamp, WALL)
        else:
            make = {"color": views.color, "depth": views.depth, "camera_info": views.camera_info}
            message = make[name](stamp)
        self.pipeline.add(name, message)

    def frame(self, second: float) -> None:
        for name in ("color", "depth", "camera_info"):
            self.add(name, second)

    def transform(self, second: float, x: float) -> None:
        T = pose_matrix([x, 0, 0], [0, 0, 0, 1])
        self.buffer.set_transform("map", "base", views.START + round(second * SECOND), T)
        self.pipeline.process()

    def check(self) -> None:
        """received = integrated + skipped + dropped + pending, on every input."""
        for name, count in self.pipeline.counts.items():
            done = count.integrated + count.skipped + count.dropped.total()
            assert count.received == done + self.pipeline.pending(name), name


def test_images_and_points_of_a_loop_are_one_jump_and_lose_nothing() -> None:
    rig = Rig()
    once = []
    for index in range(30):
        once.append(f"frame {index / 10:.1f}")
        once += [f"points {index / 10:.1f}"] * (index % 2 == 0)
    for _ in range(3):
        for index in range(30):
            rig.frame(index / 10)
            if index % 2 == 0:
                rig.add("points", index / 10)
    assert rig.map.events == [*once, "reset", *once, "reset", *once] and not rig.drops
    rig.check()


def test_depth_that_stalls_and_comes_in_a_burst_is_no_jump() -> None:
    rig = Rig()
    for index in range(20):
        rig.frame(index / 10)
    late = range(20, 34)
    for name in ("color", "camera_info", "depth"):
        for index in late:
            rig.add(name, index / 10)
    assert rig.map.events == [f"frame {index / 10:.1f}" for index in range(34)]
    assert not rig.drops


@pytest.mark.parametrize("lag", [0.0, 3.0])
def test_two_lidars_on_one_topic_both_count(lag: float) -> None:
    """With the same stamps, and where one of them is seconds behind the other."""
    rig = Rig()
    rig.buffer.set_transform("base", "rear", 0, np.eye(4), static=True)
    for index in range(30):
        for frame, behind in ((views.OPTICAL, 0.0), ("rear", lag)):
            stamp = views.START + round((10 + index / 10 - behind) * SECOND)
            rig.pipeline.add("points", views.cloud(stamp, WALL, frame))
    assert len(rig.map.events) == 60 and not rig.drops
    rig.check()


@pytest.mark.parametrize(("rate", "fused"), [(10.0, 31), (0.0, 90), (1000.0, 90)])
def test_a_fast_camera_is_fused_as_often_as_is_asked_for(rate: float, fused: int) -> None:
    """30 Hz for 3 s, the second half a period early, and clouds of 10 Hz; all is well."""
    rig = Rig(fusion_rate=rate)
    for index in range(90):
        rig.frame(index / 30)
        if index % 3 == 0:
            rig.add("points", index / 30)
    for name in ("color", "depth", "camera_info"):
        count = rig.pipeline.counts[name]
        assert (count.integrated, count.skipped) == (fused, 90 - fused)
    assert rig.pipeline.counts["points"].integrated == 30
    assert not rig.drops
    rig.check()


def test_a_bad_frame_does_not_take_the_turn_of_a_good_one() -> None:
    rig = Rig(fusion_rate=1.0)
    info = views.camera_info(views.START)
    info.width += 1
    rig.pipeline.add("camera_info", info)
    rig.add("color", 0.0)
    rig.add("depth", 0.0)
    rig.frame(0.1)
    assert rig.map.events == ["frame 0.1"] and rig.drops.total() == 3
    rig.check()


def test_after_a_jump_back_and_a_reset_the_next_frame_is_fused() -> None:
    rig = Rig(fusion_rate=0.1)
    for second in (20.0, 21.0, 1.0, 2.0):
        rig.frame(second)
    rig.pipeline.clear()
    rig.frame(3.0)
    assert rig.map.events == ["frame 20.0", "reset", "frame 1.0", "frame 3.0"]
    rig.check()


def test_senders_that_cannot_be_told_apart_lose_no_cloud() -> None:
    rig = Rig(fusion_rate=1.0)
    for index in range(20):
        stamp = views.START + index * SECOND // 10
        rig.pipeline.add("points", views.cloud(stamp, WALL), source=f"sum {index}", shared=True)
    assert len(rig.map.events) == 20
    rig.check()


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_two_lidars_behind_one_sender_both_count(rate: float) -> None:
    """As a relay or a bag sends them: of one frame and stamp, and of one publisher."""
    rig = Rig(fusion_rate=rate)
    for index in range(20):
        stamp = views.START + index * SECOND // 2
        for source in ("front", "rear", "front"):
            rig.pipeline.add("points", views.cloud(stamp, WALL), source=source)
    assert set(Counter(rig.map.events).values()) == {2}
    assert len(rig.map.events) == (22 if rate else 40)  # of every second moment both
    assert rig.drops == {("points", "duplicate stamp"): 20}
    rig.check()


def test_a_clock_that_stands_still_is_not_many_sensors() -> None:
    rig = Rig()
    for index in range(50):
        rig.pipeline.add("points", views.cloud(views.START, WALL), source=str(index))
    assert len(rig.map.events) == 8 and rig.drops == {("points", "duplicate stamp"): 42}


def test_what_comes_a_second_time_after_others_is_dropped() -> None:
    rig = Rig()
    for index in (0, 1, 2, 3, 0, 1, 2, 3, 4):
        rig.add("points", index / 10)
        rig.frame(index / 10)
    assert len(rig.map.events) == 10
    assert {reason for _, reason in rig.drops} == {"duplicate stamp"}
    rig.check()


@pytest.mark.parametrize(
    ("encoding", "value", "said"),
    [
        ("32FC1", 1500.0, "the median is 1500 m; 32FC1 is metres"),
        ("16UC1", 2, "the median is 0.002 m; 32FC1 is metres, 16UC1 millimetres"),
        ("16UC1", 0, "every pixel is 0 or no number"),
        ("32FC1", np.nan, "every pixel is 0 or no number"),
    ],
)
def test_depth_in_another_unit_is_told_with_its_value(encoding: str, value, said: str) -> None:
    rig = Rig()
    kind = np.float32 if encoding == "32FC1" else np.uint16
    depth = np.full((views.HEIGHT, views.WIDTH), value, kind)
    rig.add("color", 0.0)
    rig.add("camera_info", 0.0)
    rig.pipeline.add("depth", views.image(views.START, encoding, depth))
    assert not rig.map.events and said in rig.said[-1]
    rig.pipeline.add("points", views.cloud(views.START, WALL * 1000))
    assert "the median is 2598.08 m away" in rig.said[-1]
    rig.check()


def test_camera_info_of_another_camera_is_refused() -> None:
    rig = Rig()
    frames = ((views.OPTICAL, 1), ("/" + views.OPTICAL, 2), ("", 3), ("ir", 3))
    for second, (frame, integrated) in enumerate(frames):
        stamp = views.START + second * SECOND
        info = views.camera_info(stamp)
        info.header.frame_id = frame
        rig.pipeline.add("camera_info", info)
        rig.pipeline.add("color", views.color(stamp))
        rig.pipeline.add("depth", views.depth(stamp))
        assert rig.pipeline.counts["color"].integrated == integrated, frame
    assert rig.drops["camera_info", "camera info of another camera"] == 1
    rig.check()


def test_one_camera_info_from_the_future_is_no_jump() -> None:
    rig = Rig()
    for index in range(40):
        if index == 20:
            rig.add("camera_info", 3600.0)
        rig.frame(index / 10)
    assert len(rig.map.events) == 40 and "reset" not in rig.map.events
    rig.check()


def test_what_waits_from_before_a_jump_is_dropped() -> None:
    rig = Rig()
    for second in (28.0, 29.0):
        rig.frame(second)
    rig.add("color", 30.0)
    rig.frame(0.0)
    assert rig.drops == {("color", JUMPED): 1}
    assert rig.map.events == ["frame 28.0", "frame 29.0", "reset", "frame 0.0"]
    rig.check()


def test_frames_that_wait_for_their_transform_do_not_meet_that_of_the_next_round() -> None:
    rig = Rig(static=False, tf_timeout=30.0)
    for second in (5.0, 6.0, 7.0):
        rig.frame(second)
    rig.frame(0.0)
    assert rig.drops["color", JUMPED] == 3
    for second in (0.0, 5.0, 6.0, 7.0):
        rig.transform(second, second)
    assert rig.map.poses == [(0.0, 0.0)]
    rig.check()


@pytest.mark.parametrize("lag", [-0.3, 0.0, 0.3, 2.5])
def test_images_are_never_fused_with_poses_of_another_round(lag: float) -> None:
    """A loop of 8 s, another x in each round; images come `lag` seconds after the transforms."""
    rig = Rig(static=False, tf_timeout=30.0, max_waiting_frames=1000)
    events = []
    for index in range(160):
        second, new = index % 80 / 10, index // 80
        events.append((index / 10, 0, second, second + 100.0 * new))
        events.append((index / 10 + lag + 0.001, 1, second + 0.05, 0.0))
    for _, is_image, second, x in sorted(events):
        if is_image:
            rig.frame(second)
        else:
            rig.transform(second, x)
    jump = rig.map.events.index("reset")
    before, after = rig.map.poses[:jump], rig.map.poses[jump:]
    assert all(x == pytest.approx(second, abs=1e-3) for second, x in before)
    assert all(x == pytest.approx(second + 100, abs=1e-3) for second, x in after)
    # The last image of a round has no second transform; of images that come before their
    # transforms, those that wait when time jumps are lost.
    assert len(after) == 79 and len(before) >= 79 + 10 * min(0.0, lag) - 1
    rig.check()
