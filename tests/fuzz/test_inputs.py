"""Nothing that a topic can bring takes the mapper down, and every message is accounted for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from hypothesis import given
from hypothesis import strategies as st

from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.frame_pipeline import FramePipeline
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.messages.geometry import stamp_of, transform_from_message
from r1_ros.runtime.errors import BadMessageError
from r1_ros.tf.buffer import TransformBuffer, TransformError
from tests.fuzz import messages as any_message
from tests.ros import robot as views

pytestmark = pytest.mark.ros
CONFIG = MapperConfig(max_blocks=2000, max_cloud_points=20_000, tf_timeout=0.0)
sent = st.one_of(
    *(
        st.tuples(st.just(name), strategy)
        for name, strategy in (
            ("color", any_message.images()),
            ("color", any_message.compressed_images()),
            ("depth", any_message.images()),
            ("depth", any_message.compressed_images()),
            ("camera_info", any_message.camera_infos()),
            ("points", any_message.clouds()),
        )
    )
)


class Rig:
    def __init__(self) -> None:
        self.buffer = TransformBuffer()
        self.buffer.set_transform("map", views.OPTICAL, 0, np.eye(4), static=True)
        self.map = SceneMap(CONFIG)
        self.drops: Counter[str] = Counter()
        self.pipeline = FramePipeline(
            lambda: CONFIG, self.buffer, self.map, lambda _: None,
            lambda name, *_: self.drops.update([name]), lambda: None, lambda _: None,
        )  # fmt: skip

    def check(self) -> None:
        self.pipeline.process()
        for name, count in self.pipeline.counts.items():
            done = count.integrated + count.skipped + count.dropped.total()
            assert count.received == done + self.pipeline.pending(name), name


@given(st.lists(sent, max_size=12))
def test_any_messages_are_used_or_dropped_with_a_reason(found: list) -> None:
    rig = Rig()
    for name, message in found:
        rig.pipeline.add(name, message)
    rig.check()
    scene = rig.map.snapshot().scene
    assert np.isfinite(scene.points).all()


@given(any_message.camera_infos(), any_message.images(), any_message.images())
def test_any_frame_of_one_moment(info, color, depth) -> None:  # noqa: ANN001
    rig = Rig()
    for name, message in (("camera_info", info), ("color", color), ("depth", depth)):
        message.header = views.header_message(views.START, views.OPTICAL)
        rig.pipeline.add(name, message)
    rig.check()


@given(st.lists(any_message.transforms(), max_size=8), st.integers(0, 2**62))
def test_any_transforms(found: list, stamp: int) -> None:
    buffer = TransformBuffer()
    for message in found:
        try:
            T = transform_from_message(message.transform)
            parent, child = message.header.frame_id, message.child_frame_id
            buffer.set_transform(parent, child, stamp_of(message.header.stamp), T)
        except (BadMessageError, TransformError):
            continue
    for message in found:
        try:
            T = buffer.lookup("map", message.child_frame_id, stamp)
            assert np.isfinite(T).all()
        except TransformError as error:
            assert str(error)
