"""Reading bags of both storages, whole and damaged."""

from __future__ import annotations

import json
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
        assert bag.damage is None and "metadata.yaml is missing" in bag.notes[0]
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
        assert [message.time for message in bag.messages()] == [10, 20, 30]
        assert (bag.start, bag.end) == (10, 30)
        assert bag.damage is None


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


def write_mcap(
    path: Path,
    rows: list[tuple[str, str, int]],
    *,
    profile: str = "ros2",
    encoding: str = "cdr",
    **options: object,
) -> None:
    """Strings (or what `type` says) on channels (topic, type), in the order of `rows`."""
    from mcap.writer import Writer as McapWriter

    with path.open("wb") as file:
        writer = McapWriter(file, **options)
        writer.start(profile, "test")
        channels: dict[tuple[str, str], int] = {}
        for topic, kind, time in rows:
            if (topic, kind) not in channels:
                schema = writer.register_schema(kind, "ros2msg", b"string data")
                channels[topic, kind] = writer.register_channel(topic, encoding, schema)
            data = TYPES.serialize_cdr(String(str(time)), "std_msgs/msg/String")
            writer.add_message(channels[topic, kind], time, data, time)
        writer.finish()


STRING = "std_msgs/msg/String"
ROWS = [("/a", STRING, time) for time in range(10, 90)]


@pytest.mark.parametrize("profile", ["", "ros2", "x"])
@pytest.mark.parametrize("chunked", [True, False])
def test_what_is_whole_is_not_called_damaged(tmp_path: Path, profile: str, chunked: bool) -> None:
    """Other writers name no profile, or leave the index out."""
    from mcap.writer import IndexType

    for index in (IndexType.ALL, IndexType.CHUNK, IndexType.MESSAGE, IndexType.NONE):
        write_mcap(
            tmp_path / "x.mcap", ROWS, profile=profile, use_chunking=chunked, index_types=index
        )
        with Bag(tmp_path / "x.mcap") as bag:
            assert (bag.damage, bag.notes, bag.left_out) == (None, [], [])
            assert [m.time for m in bag.messages()] == list(range(10, 90))
            assert [m.time for m in bag.messages(80)] == list(range(80, 90))


@pytest.mark.parametrize("storage", [StoragePlugin.MCAP, StoragePlugin.SQLITE3])
@pytest.mark.parametrize("name", ["run #2", "what?", "half %41", "a&b=c", "空 間", "-x"])
def test_any_path_works(tmp_path: Path, name: str, storage: StoragePlugin) -> None:
    write_strings(tmp_path / "plain", storage)
    file = storage_file(tmp_path / "plain")
    file.rename(file.with_name(name + file.suffix))
    metadata = tmp_path / "plain" / "metadata.yaml"
    metadata.write_text(metadata.read_text().replace(file.name, json.dumps(name + file.suffix)))
    (tmp_path / "plain").rename(tmp_path / name)
    for path in (tmp_path / name, tmp_path / name / "metadata.yaml", storage_file(tmp_path / name)):
        with Bag(path) as bag:
            assert bag.damage is None
            assert numbers(bag) == list(range(COUNT))


def test_a_storage_file_without_its_suffix(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag", StoragePlugin.SQLITE3)
    storage_file(tmp_path / "bag").rename(tmp_path / "recording")
    with Bag(tmp_path / "recording") as bag:
        assert bag.damage is None and numbers(bag) == list(range(COUNT))


@pytest.mark.parametrize("early", [1, 3])
@pytest.mark.parametrize("topic", ["/tf_static", "/a"])
def test_a_gap_that_a_clock_left_in_front_is_named(tmp_path: Path, topic: str, early: int) -> None:
    second = 10**9
    rows = [(topic, STRING, time) for time in range(early)]
    rows += [("/a", STRING, 10**18 + k * second) for k in range(20)]
    write_mcap(tmp_path / "x.mcap", rows)
    with Bag(tmp_path / "x.mcap") as bag:
        assert (bag.first, bag.start, bag.end) == (0, 10**18, 10**18 + 19 * second)
        assert f"the first {early} message(s) lie 1000000000 s before the rest" in bag.notes[0]
        assert bag.damage is None and len(list(bag.messages())) == len(rows)


def test_latched_topics_that_waited_for_the_robot_are_a_gap_others_are_not(tmp_path: Path) -> None:
    for topic, starts in (("/tf_static", 60), ("/a", 1)):
        rows = [(topic, STRING, 10**9), ("/a", STRING, 60 * 10**9), ("/a", STRING, 61 * 10**9)]
        write_mcap(tmp_path / "x.mcap", rows)
        with Bag(tmp_path / "x.mcap") as bag:
            assert bag.start == starts * 10**9


def test_a_second_type_on_a_topic_and_foreign_encodings_are_named(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    rows = [*ROWS, *(("/a", "std_msgs/msg/Bool", time) for time in (20, 30))]
    write_mcap(tmp_path / "bag" / "a.mcap", rows)
    write_mcap(tmp_path / "bag" / "b.mcap", [("/j", "Thing", 5)], encoding="json")
    with Bag(tmp_path / "bag") as bag:
        assert (bag.count, len(list(bag.messages()))) == (len(ROWS), len(ROWS))
        assert bag.left_out == [
            f"/a: 2 messages of type std_msgs/msg/Bool, the others are {STRING}",
            "/j: 1 messages encoded as 'json', not as CDR",
        ]


def test_what_metadata_does_not_know_is_played_and_what_it_misses_is_named(tmp_path: Path) -> None:
    """A recorder that died wrote metadata.yaml before its last file; files get lost."""
    write_strings(tmp_path / "bag")
    write_mcap(tmp_path / "bag" / "more.mcap", [("/c", STRING, 10**18 + 5)])
    with Bag(tmp_path / "bag") as bag:
        assert bag.damage is None and bag.count == COUNT + 1
        assert [m.topic for m in bag.messages()][:3] == ["/a", "/c", "/b"]
    (tmp_path / "bag" / "bag.mcap").unlink()
    with Bag(tmp_path / "bag") as bag:
        assert bag.damage == "bag.mcap is missing, which metadata.yaml names"
        assert bag.count == 1


@pytest.mark.parametrize("storage", StoragePlugin)
def test_a_file_and_its_decompressed_twin_are_played_once(
    tmp_path: Path, storage: StoragePlugin
) -> None:
    """`zstd -d` leaves both; who stops it leaves one cut off; who is tidy leaves the new one."""
    write_strings(tmp_path / "bag", storage, CompressionMode.FILE)
    packed = storage_file(tmp_path / "bag")
    plain = packed.with_suffix("")
    data = zstandard.ZstdDecompressor().decompressobj().decompress(packed.read_bytes())
    plain.write_bytes(data)
    with Bag(tmp_path / "bag") as bag:
        assert numbers(bag) == list(range(COUNT)) and bag.damage is None
        assert bag.notes == [f"{packed.name} holds what {plain.name} holds and is left out"]
    plain.write_bytes(data[: len(data) // 2])
    with Bag(tmp_path / "bag") as bag:
        assert numbers(bag) == list(range(COUNT)) and bag.damage is None
        assert bag.notes == [f"{plain.name} holds what {packed.name} holds and is left out"]
    plain.write_bytes(data)
    packed.unlink()
    with Bag(tmp_path / "bag") as bag:
        assert bag.count == COUNT and bag.damage is None and not bag.notes


def test_a_copy_beside_a_file_and_what_macos_leaves_are_no_part_of_the_bag(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag")
    file = storage_file(tmp_path / "bag")
    shutil.copy(file, file.with_name("bag (copy).MCAP"))
    file.with_name("._bag.mcap").write_bytes(b"\0\5\x16\7" + bytes(100))
    with Bag(tmp_path / "bag") as bag:
        assert numbers(bag) == list(range(COUNT)) and bag.damage is None
        assert bag.notes == ["bag (copy).MCAP holds what bag.mcap holds and is left out"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "x.db3 is empty"),
        (b"\x1f\x8b\x08" + bytes(99), "x.db3 is compressed with gzip.*gunzip it first"),
        (b"hello", "x.db3 is neither mcap nor sqlite3: it begins with b'hello'"),
    ],
)
def test_what_is_no_bag_is_not_called_damaged(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "x.db3").write_bytes(content)
    with pytest.raises(BagError, match=said) as error, Bag(tmp_path):
        pass
    assert "damaged" not in str(error.value)


def test_metadata_that_counts_more_than_there_is(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag")
    metadata = tmp_path / "bag" / "metadata.yaml"
    metadata.write_text(
        metadata.read_text().replace(f"message_count: {COUNT}", "message_count: 500")
    )
    with Bag(tmp_path / "bag") as bag:
        assert bag.damage == f"metadata.yaml counts 500 messages, the files hold {COUNT}"


def test_messages_that_sqlite_has_not_merged_yet(tmp_path: Path) -> None:
    """A recorder that was killed leaves them in the write-ahead log."""
    import sqlite3

    write_strings(tmp_path / "bag", StoragePlugin.SQLITE3)
    database = tmp_path / "bag" / "bag.db3"
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    data = TYPES.serialize_cdr(String("400"), STRING)
    connection.execute(
        "INSERT INTO messages(topic_id, timestamp, data) VALUES (1, ?, ?)",
        (10**18 + COUNT * 10**6, bytes(data)),
    )
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "bag", copy)  # as it lies on the disk at that moment
    connection.close()
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    with Bag(copy) as bag:
        assert numbers(bag) == list(range(COUNT + 1))
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before


@pytest.mark.parametrize("name", ["small.bag", "small.bag.active", "small"])
def test_ros_1_bags_are_named_with_the_way_out(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"#ROSBAG V2.0\n" + bytes(5000))
    paths = [tmp_path / name, *([tmp_path] if "." in name else [])]
    for path in paths:
        with pytest.raises(BagError, match="is a ROS 1 bag; convert it: rosbags-convert --src"):
            Bag(path).__enter__()


def test_ros_1_messages_in_an_mcap_are_named(tmp_path: Path) -> None:
    write_mcap(tmp_path / "x.mcap", ROWS, profile="ros1", encoding="ros1")
    with pytest.raises(BagError, match="messages of ROS 1.*rosbags-convert"):
        Bag(tmp_path / "x.mcap").__enter__()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("UPDATE topics SET offered_qos_profiles = CAST(x'2d2000' AS TEXT)", COUNT),
        ("UPDATE messages SET timestamp = 'soon' WHERE id = 41", 40),
    ],
)
def test_values_in_a_database_that_are_none(tmp_path: Path, change: str, left: int) -> None:
    """Found by fuzzing."""
    import sqlite3

    write_strings(tmp_path / "bag", StoragePlugin.SQLITE3)
    with sqlite3.connect(tmp_path / "bag" / "bag.db3") as database:
        database.execute(change)
    with Bag(tmp_path / "bag") as bag:
        assert bag.count == left and (bag.damage is None) == (left == COUNT)
        assert numbers(bag) == list(range(left))
    with sqlite3.connect(tmp_path / "bag" / "bag.db3") as database:
        database.execute("UPDATE messages SET data = 'text' WHERE id = 31")
    with Bag(tmp_path / "bag") as bag:
        read = []
        try:
            read += bag.messages()
        except BagError as error:
            assert "damaged" in str(error)
        assert len(read) <= 30


def test_without_an_index_messages_come_in_the_order_of_time_all_the_same(tmp_path: Path) -> None:
    """As of converters that write one topic after the other, and of recorders that were killed."""
    from mcap.writer import IndexType

    rows = [row for name in ("/b", "/a") for row in [(name, STRING, t) for t in range(10, 90)]]
    write_mcap(tmp_path / "x.mcap", rows, use_chunking=False, index_types=IndexType.NONE)
    write_mcap(tmp_path / "y.mcap", rows, chunk_size=300)
    data = (tmp_path / "y.mcap").read_bytes()
    (tmp_path / "y.mcap").write_bytes(data[: len(data) * 4 // 5])
    for name, whole in (("x.mcap", True), ("y.mcap", False)):
        with Bag(tmp_path / name) as bag:
            assert (bag.damage is None) == whole
            times = [m.time for m in bag.messages()]
            assert times == sorted(times) and len(times) == bag.count > 80
            assert {m.topic for m in bag.messages()} == {"/a", "/b"}


@pytest.mark.parametrize(
    ("topic", "kind"),
    [("a", STRING), ("/a", "std_msgs/String"), ("/a", "std_msgs::msg::String")],
)
def test_names_and_types_as_other_programs_write_them(
    tmp_path: Path, topic: str, kind: str
) -> None:
    write_mcap(tmp_path / "x.mcap", [(topic, kind, 10), ("/a", STRING, 11)], encoding="CDR")
    with Bag(tmp_path / "x.mcap") as bag:
        assert [(t.name, t.type, t.count) for t in bag.topics.values()] == [("/a", STRING, 2)]
        assert [m.topic for m in bag.messages()] == ["/a", "/a"] and not bag.left_out


def test_a_bag_whose_file_has_another_name_is_whole(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag")
    file = storage_file(tmp_path / "bag")
    file.rename(file.with_name("bag.MCAP"))
    with Bag(tmp_path / "bag") as bag:
        assert bag.damage is None and bag.count == COUNT


def test_the_same_in_both_storages_is_played_once(tmp_path: Path) -> None:
    write_strings(tmp_path / "bag")
    write_strings(tmp_path / "converted", StoragePlugin.SQLITE3)
    shutil.copy(storage_file(tmp_path / "converted"), tmp_path / "bag")
    with Bag(tmp_path / "bag") as bag:
        assert numbers(bag) == list(range(COUNT)) and len(bag.notes) == 1


def test_messages_of_no_topic_are_named(tmp_path: Path) -> None:
    import sqlite3

    write_strings(tmp_path / "bag", StoragePlugin.SQLITE3)
    with sqlite3.connect(storage_file(tmp_path / "bag")) as database:
        database.execute("UPDATE messages SET topic_id = 7 WHERE id > 390")
    with Bag(tmp_path / "bag") as bag:
        assert len(list(bag.messages())) == 390 == bag.count
        assert bag.left_out == ["10 messages of topics that the file does not name"]


def test_a_folder_without_a_bag_says_what_is_there(tmp_path: Path) -> None:
    write_strings(tmp_path / "data" / "run 1")
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "a.mcap.gz").write_bytes(b"x")
    for name, said in (("data", "one below it: .*run 1"), ("packed", "it holds a.mcap.gz")):
        with pytest.raises(BagError, match=said):
            Bag(tmp_path / name).__enter__()
