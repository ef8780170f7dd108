"""Text files in the encodings that programs write."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1_ros.configuration.text_files import TextFileError, read_json, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marked_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x").write_bytes('{"椅子": 1}'.encode(encoding))
    assert read_json(tmp_path / "x") == {"椅子": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\xfc\n", r"x:2: byte 0xfc is not utf-8"),
        (b"\xff\xfea", r"x:1: byte 0x.* is not utf-16"),
        (b'{"a":\n}', r"x:2: not JSON"),
        (b"", r"x:1: not JSON"),
        (b"[" * 100_000, r"x: not JSON"),
        (b"9" * 5_000, r"x: not JSON"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(TextFileError, match=message):
        read_json(tmp_path / "x")


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(TextFileError, match="missing: .*nowhere"):
        read_text(tmp_path / "nowhere")
    with pytest.raises(TextFileError, match="cannot read"):
        read_text(tmp_path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x").write_bytes(data)
    try:
        read_json(tmp_path / "x")
    except TextFileError as error:
        assert "x" in str(error)
