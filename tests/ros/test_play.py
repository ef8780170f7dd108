"""`r1 play` with real publishers and subscribers."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import Qos, QosReliability
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosgraph_msgs.msg import Clock
from scipy.spatial.transform import Rotation
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from r1_ros.bags.bag import Bag, BagError, BagTopic
from r1_ros.bags.bag_messages import TYPES, transform_message
from r1_ros.bags.player import InvalidPlayError, Player, PlayOptions, PlayReport
from r1_ros.bags.publishers import publisher_qos
from r1_ros.bags.recording import frame_stamps, record
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.runtime.dds_transport import use_large_message_transport
from tests.conftest import write_rgbd_folder

pytestmark = pytest.mark.ros
TIMEOUT_S = 30.0
NAN = math.nan
LATCHED = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
# best effort as the mapper listens; deep enough that a busy machine loses nothing
SENSOR = QoSProfile(depth=100, reliability=ReliabilityPolicy.BEST_EFFORT)


def stamp_of(message: object) -> int:
    if isinstance(message, TFMessage):
        message = message.transforms[0]
    stamp = message.clock if isinstance(message, Clock) else message.header.stamp
    return stamp.sec * 10**9 + stamp.nanosec


class Listener:
    """Hears the topics of a recording in a thread: topic -> [(wall seconds, stamp)]."""

    def __init__(self, namespace: str = "") -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("listener", context=self.context)
        self.heard: dict[str, list[tuple[float, int]]] = {}
        self.bytes: dict[str, list[bytes]] = {}
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self._listen(Image, namespace + "/color/image", SENSOR)
        self._listen(Image, namespace + "/depth/image", SENSOR)
        self._listen(CameraInfo, namespace + "/color/camera_info", SENSOR)
        self._listen(TFMessage, "/tf", 100)
        self._listen(TFMessage, "/tf_static", LATCHED)
        self._listen(Clock, "/clock", 100)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()

    def _listen(self, kind: type, topic: str, qos: QoSProfile | int) -> None:
        self.heard[topic] = []

        def hear(message: object) -> None:
            self.heard[topic].append((time.monotonic(), stamp_of(message)))

        self.node.create_subscription(kind, topic, hear, qos)

    def stamps(self, topic: str) -> list[int]:
        return [stamp for _, stamp in self.heard[topic]]

    def counts(self) -> dict[str, int]:
        return {name: len(heard) for name, heard in self.heard.items() if name != "/clock"}

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(TIMEOUT_S)
        self.node.destroy_node()
        self.context.shutdown()


@pytest.fixture
def listener() -> Iterator[Listener]:
    use_large_message_transport()
    made = Listener()
    yield made
    made.close()


@pytest.fixture
def player_node() -> Iterator[Node]:
    context = Context()
    rclpy.init(context=context)
    node = Node("player", context=context)
    yield node
    node.destroy_node()
    context.shutdown()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.01)


def play(path: Path, node: Node, **options: object) -> PlayReport:
    with Bag(path) as bag:
        return Player(bag, node, PlayOptions(**options)).play()


@pytest.fixture
def bag(rgbd_folder: Path, tmp_path: Path) -> Path:
    record(RgbdFolder.open(rgbd_folder), tmp_path / "bag")
    return tmp_path / "bag"


ALL = {"/color/image": 6, "/depth/image": 6, "/color/camera_info": 6, "/tf": 6, "/tf_static": 1}


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
def test_everything_arrives_in_time_with_a_clock(
    rgbd_folder: Path, tmp_path: Path, listener: Listener, player_node: Node, storage: StoragePlugin
) -> None:
    folder = RgbdFolder.open(rgbd_folder)
    record(folder, tmp_path / "bag", storage=storage)
    report = play(tmp_path / "bag", player_node, clock_hz=100.0)
    wait_for(lambda: listener.counts() == ALL)
    assert report.counts == ALL
    assert (report.rounds, report.damage, report.left_out) == (1, None, [])
    assert 0.4 < report.seconds < 5.0
    stamps = frame_stamps(folder)
    for topic in ("/color/image", "/depth/image", "/color/camera_info", "/tf"):
        assert listener.stamps(topic) == stamps
    clock = listener.stamps("/clock")
    assert len(clock) >= 10
    assert clock == sorted(clock)
    assert clock[0] == stamps[0]
    assert clock[-1] <= stamps[-1]


def test_rate(bag: Path, listener: Listener, player_node: Node) -> None:
    slow = play(bag, player_node, rate=0.25)
    assert slow.seconds > 1.9
    fast = play(bag, player_node, rate=100.0)
    assert fast.seconds < slow.seconds / 2  # a busy machine has a second to spare
    wait_for(lambda: listener.counts()["/color/image"] == 12)


def test_no_clock(bag: Path, listener: Listener, player_node: Node) -> None:
    play(bag, player_node, clock_hz=0.0, rate=10.0)
    wait_for(lambda: listener.counts() == ALL)
    assert listener.heard["/clock"] == []


def test_loop_jumps_back(bag: Path, listener: Listener, player_node: Node) -> None:
    with Bag(bag) as opened:
        player = Player(opened, player_node, PlayOptions(rate=5.0, loop=True))
        thread = threading.Thread(target=player.play)
        thread.start()
        wait_for(lambda: listener.counts()["/color/image"] >= 15)
        player.stop()
        thread.join(TIMEOUT_S)
    assert player.report.rounds >= 2
    stamps = listener.stamps("/color/image")
    assert stamps[6:12] == stamps[:6]
    clock = listener.stamps("/clock")
    assert any(after < before for before, after in zip(clock, clock[1:], strict=False))


def test_start_later_keeps_static_transforms(
    bag: Path, listener: Listener, player_node: Node
) -> None:
    play(bag, player_node, start=0.25)
    half = {name: 1 if name == "/tf_static" else 3 for name in ALL}
    wait_for(lambda: listener.counts() == half)


def test_static_transforms_reach_a_late_subscriber(bag: Path, player_node: Node) -> None:
    with Bag(bag) as opened:
        player = Player(opened, player_node, PlayOptions(settle_limit_s=0.0, rate=50.0))
        player.play()
        late = Listener()
        wait_for(lambda: len(late.heard["/tf_static"]) == 1)
        late.close()


def test_all_static_transforms_without_recorded_qos_reach_a_late_subscriber(
    tmp_path: Path, player_node: Node
) -> None:
    kind = "tf2_msgs/msg/TFMessage"
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        connection = writer.add_connection("/tf_static", kind, typestore=TYPES)
        for stamp in range(30):
            pose = transform_message(
                stamp, "base", f"part{stamp}", np.zeros(3), Rotation.identity()
            )
            writer.write(connection, 10**18 + stamp, TYPES.serialize_cdr(pose, kind))
    with Bag(tmp_path / "bag") as opened:
        Player(opened, player_node, PlayOptions(settle_limit_s=0.0)).play()
        late = Listener()
        wait_for(lambda: late.stamps("/tf_static") == list(range(30)))
        late.close()


@pytest.mark.parametrize(
    ("name", "durability"),
    [
        ("/tf_static", "TRANSIENT_LOCAL"),
        ("/robot1/tf_static", "TRANSIENT_LOCAL"),
        ("/tf", "VOLATILE"),
        ("/not_tf_static", "VOLATILE"),
        ("/tf_static/other", "VOLATILE"),
    ],
)
def test_only_static_transforms_are_latched_without_recorded_qos(
    name: str, durability: str
) -> None:
    assert publisher_qos(BagTopic(name, "x/msg/X")).durability.name == durability


def test_static_transforms_are_latched_whatever_a_bridge_has_recorded() -> None:
    from r1_ros.bags.recording import _qos

    volatile = _qos(latched=False)._replace(reliability=QosReliability.BEST_EFFORT)
    qos = publisher_qos(BagTopic("/tf_static", "tf2_msgs/msg/TFMessage", (volatile,)))
    assert (qos.durability.name, qos.reliability.name) == ("TRANSIENT_LOCAL", "RELIABLE")


def test_topics_that_ros_does_not_allow_are_named_and_the_others_played(
    bag: Path, player_node: Node
) -> None:
    with Bag(bag) as opened:
        first = next(iter(opened.topics.values()))
        for name in ("/cam-1/x", "/1cam", "/a//b", "/图像", ""):
            opened.topics[name] = BagTopic(name, first.type)
        report = Player(opened, player_node, PlayOptions()).play()
    assert report.counts == ALL
    assert [line.partition(":")[0] for line in report.left_out] == [
        *("/cam-1/x", "/1cam", "/a//b", "/图像", "")
    ]


@pytest.mark.parametrize("gap", ["in front", "in the middle"])
def test_a_gap_is_skipped_and_named(
    bag: Path, tmp_path: Path, listener: Listener, player_node: Node, gap: str
) -> None:
    """As with --use-sim-time: what came before /clock has time 0; or a clock was set while
    recording."""
    moved = tmp_path / "moved"
    with Bag(bag) as source, Writer(moved, version=9, storage_plugin=StoragePlugin.MCAP) as out:
        connections = {
            topic.name: out.add_connection(
                topic.name, topic.type, typestore=TYPES, offered_qos_profiles=topic.qos
            )
            for topic in source.topics.values()
        }
        for message in source.messages():
            late = message.time - source.start > 2e8
            if gap == "in front":
                time_ns = 0 if message.topic == "/tf_static" else message.time
            else:
                time_ns = message.time + late * 10**12
            out.write(connections[message.topic], time_ns, message.data)
    said: list[str] = []
    with Bag(moved) as opened:
        report = Player(opened, player_node, PlayOptions(), said.append).play()
        said += opened.notes
    wait_for(lambda: listener.counts() == ALL)
    assert report.seconds < 20 and report.counts == ALL
    assert any("1700000000 s before the rest" in line for line in said) == (gap == "in front")
    assert any("a gap of 1000 s in the bag is skipped" in line for line in said) == (
        gap == "in the middle"
    )


def test_only_some_topics(bag: Path, listener: Listener, player_node: Node) -> None:
    report = play(bag, player_node, topics=("/tf", "/depth/image"), rate=10.0)
    assert report.counts == {"/tf": 6, "/depth/image": 6}
    with pytest.raises(BagError, match="/nothing"):
        play(bag, player_node, topics=("/nothing",))


def test_unknown_types_are_left_out_and_named(
    tmp_path: Path, listener: Listener, player_node: Node
) -> None:
    types = get_typestore(Stores.ROS2_JAZZY)
    types.register(get_types_from_msg("int32 x", "nobodys_msgs/msg/Thing"))
    types.register(get_types_from_msg("int32 x", "std_msgs/msg/NoSuchThing"))
    with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        for topic, kind in (
            ("/thing", "nobodys_msgs/msg/Thing"),
            ("/no", "std_msgs/msg/NoSuchThing"),
            ("/text", "std_msgs/msg/String"),
        ):
            connection = writer.add_connection(topic, kind, typestore=types)
            value = "hello" if topic == "/text" else 5
            data = types.serialize_cdr(types.types[kind](value), kind)
            writer.write(connection, 10**18, data)
    texts: list[str] = []
    listener.node.create_subscription(String, "/text", lambda m: texts.append(m.data), 10)
    report = play(tmp_path / "bag", player_node)
    wait_for(lambda: texts == ["hello"])
    assert report.counts == {"/text": 1}
    assert len(report.left_out) == 2
    assert any("package 'nobodys_msgs'" in reason for reason in report.left_out)
    assert any("std_msgs/msg/NoSuchThing" in reason for reason in report.left_out)
    with pytest.raises(BagError, match="nobodys_msgs"):
        play(tmp_path / "bag", player_node, topics=("/thing",))


def test_best_effort_recordings_are_played_best_effort() -> None:
    from r1_ros.bags.recording import _qos

    def qos(*offered: Qos) -> QoSProfile:
        return publisher_qos(BagTopic("/topic", "std_msgs/msg/String", offered))

    reliable = _qos(latched=False)
    best_effort = reliable._replace(reliability=QosReliability.BEST_EFFORT, depth=50)
    assert qos(best_effort).reliability.name == "BEST_EFFORT"
    assert qos(best_effort).depth == 50
    assert qos(best_effort, reliable).reliability.name == "RELIABLE"
    assert qos().reliability.name == "RELIABLE"
    assert qos(_qos(latched=True)).durability.name == "TRANSIENT_LOCAL"


@pytest.mark.parametrize(
    "options",
    [
        *({"rate": rate} for rate in (0, -1, NAN, math.inf, 1e300)),
        *({"start": start} for start in (-1, NAN, math.inf)),
        *({"clock_hz": clock_hz} for clock_hz in (-5, NAN, math.inf)),
        {"settle_s": -1},
        *({"settle_limit_s": limit} for limit in (-1, NAN)),
    ],
)
def test_senseless_options(options: dict) -> None:
    with pytest.raises(InvalidPlayError, match=next(iter(options))):
        PlayOptions(**options)


@pytest.mark.parametrize("start", [0.6, 100.0, 1e300])
def test_a_start_behind_the_end_is_refused(bag: Path, player_node: Node, start: float) -> None:
    with pytest.raises(InvalidPlayError, match=r"the bag, which is 0\.5 s long, got "):
        play(bag, player_node, start=start)


def r1(*arguments: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "r1_ros.cli.main", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_command_with_remap_on_half_a_bag(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 30, 160, 120)), bag)
    file = next(bag.glob("*.mcap"))
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    listener = Listener("/robot1")
    remaps = [
        part
        for topic in ("color/image", "depth/image", "color/camera_info")
        for part in ("-r", f"/{topic}:=/robot1/{topic}")
    ]
    process = r1("play", bag, "--rate", 2, *remaps)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 3, err
    assert "damaged" in out
    with Bag(bag) as half:
        expected = half.topics["/color/image"].count
    wait_for(lambda: listener.counts()["/robot1/color/image"] == expected)
    listener.close()
    assert 5 < expected < 20


def test_command_stops_on_interrupt(bag: Path, listener: Listener) -> None:
    process = r1("play", bag, "--loop")
    wait_for(lambda: listener.counts()["/color/image"] >= 2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 0, err
    assert "played" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere",), "no such bag"),
        ((".", "--rate", "0"), "rate must be above 0"),
        ((".", "--start", "nan"), "start must be 0 or above and finite, got nan"),
        ((".", "--wait", "nan"), "settle_limit_s, a time to wait, must be 0 or above, got nan"),
        ((".", "-r", "nonsense"), "remap rule"),
        ((".", "-r", "/a:=/b//c"), "remap rule"),
        ((".", "-r", "/a:=b!"), "remap rule"),
        ((".", "--wait-for-node", "bad name"), "'bad name' is no name of a node"),
    ],
)
def test_command_says_what_is_wrong(arguments: tuple[str, ...], message: str) -> None:
    process = r1("play", *arguments)
    _, err = process.communicate(timeout=TIMEOUT_S)
    assert process.returncode == 1
    assert message in err
    assert "Traceback" not in err
