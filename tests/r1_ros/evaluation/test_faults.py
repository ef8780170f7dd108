"""Faults that are put into a recording: what comes out, message by message."""

from __future__ import annotations

import numpy as np
import pytest

from r1_ros.bags.bag import BagMessage
from r1_ros.bags.bag_messages import TYPES, camera_info_message, image_message
from r1_ros.evaluation.faults import KINDS, Fault, FaultError, with_faults

TOPICS = {"/d": "depth", "/c": "color", "/i": "camera_info"}
KIND = {"/d": "sensor_msgs/msg/Image", "/c": "sensor_msgs/msg/Image"}
KIND |= {"/i": "sensor_msgs/msg/CameraInfo"}
SECOND = 10**9


def recording() -> list[BagMessage]:
    found = []
    for k in range(5):
        stamp = (100 + k) * SECOND
        depth = image_message(stamp, "cam", "16UC1", np.full((4, 6), 1000 + k, np.uint16))
        info = camera_info_message(stamp, "cam", 6, 4, np.eye(3))
        color = image_message(stamp, "cam", "rgb8", np.full((4, 6, 3), 9, np.uint8))
        for topic, message in (("/d", depth), ("/i", info), ("/c", color)):
            data = bytes(TYPES.serialize_cdr(message, KIND[topic]))
            found.append(BagMessage(topic, stamp, data))
    return found


def played(kind: str, **fields: object) -> list[BagMessage]:
    fault = Fault.read({"at": 1, "seconds": 2, "input": "depth", "kind": kind} | fields)
    return list(with_faults(recording(), [fault], TOPICS, KIND, 100 * SECOND))


def depths(messages: list[BagMessage]) -> list:
    return [TYPES.deserialize_cdr(m.data, KIND["/d"]) for m in messages if m.topic == "/d"]


def first_values(messages: list[BagMessage]) -> list[int]:
    return [int(m.data[0]) + 256 * int(m.data[1]) for m in depths(messages)]


def test_without_faults_nothing_changes() -> None:
    assert list(with_faults(recording(), [], TOPICS, KIND, 0)) == recording()


@pytest.mark.parametrize("kind", KINDS)
def test_other_inputs_and_times_are_left_alone(kind: str) -> None:
    before, after = recording(), played(kind)
    assert [m for m in after if m.topic != "/d"] == [m for m in before if m.topic != "/d"]
    assert [m.time for m in after] == sorted(m.time for m in after)
    assert first_values(after)[0] == 1000 and first_values(after)[-1] == 1004


def test_each_kind() -> None:
    assert first_values(played("drop")) == [1000, 1003, 1004]
    assert first_values(played("freeze")) == [1000, 1000, 1000, 1003, 1004]
    assert first_values(played("repeat")) == [1000, 1001, 1001, 1002, 1002, 1003, 1004]
    assert first_values(played("nan")) == [1000, 0, 0, 1003, 1004]
    assert [m.header.frame_id[:3] for m in depths(played("wrong_frame"))] == [
        *("cam", "a_f", "a_f", "cam", "cam")
    ]
    assert [len(m.data) for m in depths(played("cut"))] == [48, 24, 24, 48, 48]
    late = played("delay", by=1.5)
    assert [(m.time / SECOND - 100) for m in late if m.topic == "/d"] == [0, 2.5, 3, 3.5, 4]
    assert sorted(first_values(late)) == [1000, 1001, 1002, 1003, 1004]


def test_a_camera_info_of_nothing() -> None:
    fault = Fault(1, 2, "camera_info", "nan")
    after = with_faults(recording(), [fault], TOPICS, KIND, 100 * SECOND)
    infos = [TYPES.deserialize_cdr(m.data, KIND["/i"]) for m in after if m.topic == "/i"]
    assert [bool(np.isnan(info.k).all()) for info in infos] == [False, True, True, False, False]


def test_a_fault_may_be_one_of_several_cameras() -> None:
    row = {"at": 1, "seconds": 1, "input": "rear/depth", "kind": "drop"}
    assert Fault.read(row).input == "rear/depth"
    with pytest.raises(FaultError, match="no input 'rear/infra'"):
        Fault.read(row | {"input": "rear/infra"})
