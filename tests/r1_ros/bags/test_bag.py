"""Reading bags of both storages, whole and damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import zstandard
from rosbags.rosbag2 import CompressionFormat, CompressionMode, Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from r1_ros.bags.bag import Bag, BagError
from r1_ros.bags.recording import record
from r1_ros.bags.rgbd_folder import RgbdFolder

TYPES = get_typestore(Stores.ROS2_JAZZY)
String = TYPES.types["std_msgs/msg/String"]
COUNT = 400


def write_strings(
    path: Path,
    storage: StoragePlugin = StoragePlugin.MCAP,
    compression: CompressionMode = CompressionMode.NONE,
) -> None:
    """400 strings of 20 kB, one a millisecond, on two topics in turn."""
    writer = Writer(path, version=9, storage_plugin=storage)
    writer.set_compression(compression, CompressionFormat.ZSTD)
    rng = np.random.default_rng(0)
    with writer:
        topics = [
            writer.add_connection(name, "std_msgs/msg/String", typestore=TYPES)
            for name in ("/a", "/b")
        ]
        for index in range(COUNT):
            # Not compressible, so that a cut file loses messages with every compression.
            text = f"{index} {rng.bytes(10_000).hex()}"
            data = TYPES.serialize_cdr(String(text), "std_msgs/msg/String")
            writer.write(topics[index % 2], 10**18 + index * 10**6, data)


def numbers(bag: Bag, start: int | None = None) -> list[int]:
    found = []
    for message in bag.messages(start):
        text = TYPES.deserialize_cdr(message.data, "std_msgs/msg/String").data
        found.append(int(text.split()[0]))
        assert message.topic == ("/a", "/b")[found[-1] % 2]
        assert message.time == 10**18 + found[-1] * 10**6
    return found


def cut(file: Path, share: float = 0.5) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])


def storage_file(bag: Path) -> Path:
    return next(file for file in bag.iterdir() if file.name != "metadata.yaml")


LAYOUTS = [
    (StoragePlugin.MCAP, CompressionMode.NONE),
    (StoragePlugin.MCAP, CompressionMode.STORAGE),
    (StoragePlugin.MCAP, CompressionMode.MESSAGE),
    (StoragePlugin.MCAP, CompressionMode.FILE),
    (StoragePlugin.SQLITE3, CompressionMode.NONE),
    (StoragePlugin.SQLITE3, CompressionMode.MESSAGE),
    (StoragePlugin.SQLITE3, CompressionMode.FILE),
]


@pytest.mark.parametrize(("storage", "compression"), LAYOUTS)
def test_whole_half_and_headless(
    tmp_path: Path, storage: StoragePlugin, compression: CompressionMode
) -> None:
    path = tmp_path / "bag"
    write_strings(path, storage, compression)
    with Bag(path) as bag:
        assert bag.damage is None
        assert (bag.count, bag.end - bag.start) == (COUNT, (COUNT - 1) * 10**6)
        assert bag.topics["/a"].type == "std_msgs/msg/String"
        assert numbers(bag) == list(range(COUNT))
        assert numbers(bag, 10**18 + 390 * 10**6) == list(range(390, COUNT))

    (path / "metadata.yaml").rename(tmp_path / "metadata.yaml")
    with Bag(path) as bag:  # the storage file alone tells all but the compression
        assert "metadata.yaml is missing" in bag.damage
        assert numbers(bag) == list(range(COUNT))

    cut(storage_file(path))
    for metadata in (False, True):
        if metadata:
            (tmp_path / "metadata.yaml").rename(path / "metadata.yaml")
        with Bag(path) as bag:
            assert bag.damage
            read = numbers(bag)
            assert read == list(range(len(read)))
            assert COUNT * 0.2 < len(read) == bag.count < COUNT * 0.6
            assert bag.end == 10**18 + read[-1] * 10**6
            assert numbers(bag, bag.start + 50 * 10**6) == read[50:]


@pytest.mark.parametrize("suffix", [".mcap", ".db3"])
def test_a_storage_file_alone(tmp_path: Path, suffix: str) -> None:
    storage = StoragePlugin.MCAP if suffix == ".mcap" else StoragePlugin.SQLITE3
    write_strings(tmp_path / "bag", storage)
    with Bag(tmp_path / "bag" / f"bag{suffix}") as bag:
        assert bag.damage is None
        assert numbers(bag) == list(range(COUNT))


def test_split_bag_with_one_damaged_file(tmp_path: Path) -> None:
    """A recorder that splits its files and dies leaves whole files, a stump, and no metadata."""
    write_strings(tmp_path / "bag")
    file = tmp_path / "bag" / "bag.mcap"
    shutil.copy(file, tmp_path / "bag" / "bag_9.mcap")
    file.rename(tmp_path / "bag" / "bag_10.mcap")
    cut(tmp_path / "bag" / "bag_10.mcap")
    (tmp_path / "bag" / "metadata.yaml").unlink()
    with Bag(tmp_path / "bag") as bag:
        assert "bag_10.mcap is damaged" in bag.damage
        assert len(numbers(bag)) == bag.count > COUNT


def test_mcap_without_index_is_read_front_to_back(tmp_path: Path) -> None:
    from mcap.writer import IndexType
    from mcap.writer import Writer as McapWriter

    path = tmp_path / "plain.mcap"
    with path.open("wb") as file:
        writer = McapWriter(file, use_chunking=False, index_types=IndexType.NONE)
        writer.start("ros2", "test")
        schema = writer.register_schema("std_msgs/msg/String", "ros2msg", b"string data")
        channel = writer.register_channel("/a", "cdr", schema)
        for time in (10, 30, 20):
            data = TYPES.serialize_cdr(String(str(time)), "std_msgs/msg/String")
            writer.add_message(channel, time, data, time)
        writer.finish()
    with Bag(path) as bag:
        assert [message.time for message in bag.messages()] == [10, 30, 20]
        assert (bag.start, bag.end) == (10, 30)
        assert "no index" in bag.damage


@pytest.mark.parametrize("content", [b"", b"no bag at all", b"\x89MCAP0\r\n", bytes(5000)])
@pytest.mark.parametrize("name", ["x.mcap", "x.db3", "x.mcap.zstd"])
def test_garbage_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(BagError, match="no message can be read"), Bag(path):
            pass


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="no such bag"), Bag(tmp_path / "nowhere"):
        pass
    with pytest.raises(BagError, match="holds no rosbag2"), Bag(tmp_path):
        pass
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: [")
    with pytest.raises(BagError, match="holds no rosbag2"), Bag(tmp_path):
        pass


def test_garbled_bytes_never_raise_anything_else(tmp_path: Path) -> None:
    """Overwritten bytes anywhere: either messages come, or BagError."""
    write_strings(tmp_path / "bag", compression=CompressionMode.STORAGE)
    file = tmp_path / "bag" / "bag.mcap"
    whole = file.read_bytes()
    for position in range(20, len(whole) - 200, len(whole) // 40):
        file.write_bytes(whole[:position] + b"\xff" * 64 + whole[position + 64 :])
        try:
            with Bag(tmp_path / "bag") as bag:
                count = sum(1 for _ in bag.messages())
            assert count <= COUNT
        except BagError as error:
            assert "bag" in str(error)


def test_own_recording_is_an_ordinary_bag(rgbd_folder: Path, tmp_path: Path) -> None:
    record(RgbdFolder.open(rgbd_folder), tmp_path / "bag")
    with Bag(tmp_path / "bag") as ours, Reader(tmp_path / "bag") as reference:
        expected = [(c.topic, t, bytes(d)) for c, t, d in reference.messages()]
        assert [tuple(message) for message in ours.messages()] == expected


def test_zstd_file_that_was_cut_says_so(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag")
    file = tmp_path / "bag" / "bag.mcap"
    squeezed = zstandard.ZstdCompressor().compress(file.read_bytes())
    file.unlink()
    (tmp_path / "bag" / "metadata.yaml").unlink()
    (tmp_path / "bag" / "bag.mcap.zstd").write_bytes(squeezed[:-50])
    with Bag(tmp_path / "bag") as bag:
        assert "bag.mcap.zstd" in bag.damage
