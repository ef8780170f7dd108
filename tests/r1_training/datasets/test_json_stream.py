import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.datasets import json_stream
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.json_stream import (
    iterate_array,
    iterate_lines,
    iterate_members,
    iterate_rows,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, max_size=8), st.integers(1, 40), st.sampled_from([None, 0, 2]))
def test_arrays_read_as_json_load_reads_them(tmp_path_factory, items, chunk, indent):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(items, indent=indent, ensure_ascii=False), encoding="utf-8")
    before, json_stream.CHUNK = json_stream.CHUNK, chunk
    try:
        assert [value for _, value in iterate_array(path)] == json.loads(path.read_text())
    finally:
        json_stream.CHUNK = before


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.text(), VALUES, max_size=6), st.integers(1, 40))
def test_objects_read_as_json_load_reads_them(tmp_path_factory, value, chunk):
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    before, json_stream.CHUNK = json_stream.CHUNK, chunk
    try:
        assert {key: item for _, key, item in iterate_members(path)} == value
    finally:
        json_stream.CHUNK = before


def test_lines_are_those_of_the_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text('\n[\n{"a":\n1},\n\n {"a": 2}\n]\n')
    for chunk in (1, 3, 1000):
        monkeypatch.setattr(json_stream, "CHUNK", chunk)
        assert list(iterate_array(path)) == [(3, {"a": 1}), (6, {"a": 2})]


def test_arrays_under_a_key(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"info": {"rows": [9]}, "n": 12, "rows": [1, 2], "rest": broken')
    assert [value for _, value in iterate_array(path, "rows")] == [1, 2]
    with pytest.raises(FileFormatError, match="broken JSON"):
        list(iterate_array(path, "questions"))
    path.write_text('{"info": 1}')
    with pytest.raises(FileFormatError, match="has no key `questions`"):
        list(iterate_array(path, "questions"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.json:1: the file ends too early"),
        ("[1, 2", "the file ends too early"),
        ("[1 2]", "expected , or ], got '2'"),
        ('[1,\n{"a" 1}]', "a.json:2: broken JSON"),
        ("[1,\n2,\n]", "a.json:3: broken JSON"),
        ('{"a": 1}', "expected [, got '{'"),
        ("[1] x", "text after the end"),
        ('["a', "broken JSON: Unterminated string"),
    ],
)
def test_broken_files_name_file_and_line(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(FileFormatError) as error:
        list(iterate_array(path))
    assert message in str(error.value)


@pytest.mark.parametrize("item", ["[" * 100_000, '{"a": ' + "9" * 5_000 + "}"])
def test_endless_brackets_and_digits_are_named(tmp_path, item):
    path = tmp_path / "a.json"
    path.write_text(f"[1,\n{item}]")
    with pytest.raises(FileFormatError, match=r"a\.json:2: JSON that cannot be read: "):
        list(iterate_array(path))
    path.write_text(f'{{"b": 1,\n"a": {item}}}')
    with pytest.raises(FileFormatError, match=r"a\.json:2: JSON that cannot be read: "):
        list(iterate_members(path))
    path.write_text(f"1\n{item}\n2\n")
    first, broken, last = iterate_lines(path)
    assert (first, last) == ((1, 1), (3, 2))
    assert isinstance(broken[1], RowError) and "cannot be read" in str(broken[1])


def test_files_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'["\xff\xfe"]')
    with pytest.raises(FileFormatError, match="not UTF-8"):
        list(iterate_array(path))
    with pytest.raises(FileFormatError, match="not UTF-8"):
        list(iterate_lines(path))


def test_an_error_early_in_a_large_file_does_not_read_the_rest(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("[" + "{'broken': 1}," + '{"a": 1},' * 200_000 + "{}]")
    with path.open() as file:
        reader = json_stream._Reader(path, file)
        reader.expect("[")
        with pytest.raises(FileFormatError):
            reader.value()
        assert file.buffer.tell() < 300_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"a": 1, "a": 2}]', "the key 'a' comes twice in one object"),
        (b"id,answer\n", "expected a list of JSON, at 'id,answer"),
        (b"[1,\n]", "a.json:2: broken JSON: .*, at '\\]'"),
        (b"\xff\xfe\0\0[\0\0\0", "UTF-32"),
        ("[1]".encode("utf-16-le"), "zero bytes"),
        (b"PAR1\0\0", "zero bytes"),
    ],
)
def test_what_stands_in_a_file_is_shown(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match=message):
        list(iterate_array(path))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize(
    "content", ['[{"a": 1}, {"a": 2}]', '[\n{"a": 1},\n{"a": 2}\n]', '\n{"a": 1}\n\n{"a": 2}\n']
)
def test_rows_of_lists_and_of_lines(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    assert [row for _, row in iterate_rows(path)] == [{"a": 1}, {"a": 2}]


def test_a_key_twice_in_a_line_is_a_bad_row(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": {"b": 1, "b": 2}}\n{"a": 1}\n')
    (_, bad), (_, good) = iterate_lines(path)
    assert "'b' comes twice" in str(bad) and good == {"a": 1}
