"""Hostile .npz files: a named error, and memory in proportion to the file."""

from __future__ import annotations

import io
import tracemalloc
import zipfile

import numpy as np
import pytest

from r1_model.scene.array_file import DamagedArraysError, read_arrays

KINDS = {"points": ("f4", (None, 3)), "name": ("U", ())}
POINTS = np.arange(12, dtype=np.float32).reshape(4, 3)


def saved(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **({"points": POINTS, "name": np.str_("光")} | arrays))
    return file.getvalue()


def with_header(header: str, body: bytes = b"", method: int = zipfile.ZIP_STORED) -> bytes:
    """`points` with a header as given."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, array in (("points", None), ("name", np.str_("x"))):
            entry = io.BytesIO()
            if array is None:
                text = header.encode() + b"\n"
                entry.write(b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body)
            else:
                np.save(entry, array)
            archive.writestr(f"{name}.npy", entry.getvalue())
    return file.getvalue()


def header(shape: str, descr: str = "<f4") -> str:
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"


@pytest.mark.parametrize("points", [POINTS, np.asfortranarray(POINTS), POINTS[:0]])
def test_arrays_come_back_as_they_were(points) -> None:
    arrays = read_arrays(saved(points=points), KINDS)
    assert np.array_equal(arrays["points"], points) and arrays["points"].dtype == np.float32
    assert str(arrays["name"]) == "光"


def test_missing_unknown_and_optional_arrays() -> None:
    with pytest.raises(DamagedArraysError, match="missing arrays: stamp"):
        read_arrays(saved(), KINDS | {"stamp": ("i8", ())})
    assert "stamp" not in read_arrays(
        saved(), KINDS | {"stamp": ("i8", ())}, optional=frozenset({"stamp"})
    )
    with pytest.raises(DamagedArraysError, match="unknown arrays: .'extra'"):
        read_arrays(saved(extra=1), KINDS)
    assert read_arrays(saved(extra=1), KINDS, others=True).keys() == KINDS.keys()


@pytest.mark.parametrize(
    "text",
    [
        header("(1000000000000, 3)"),
        header("(99999999999999999999, 3)"),
        header("(-1, 3)"),
        header("(1000000000000, 3)", "<U0"),
        header("(1, 3)", "|O"),
        header("(1, 3)")[:-3],
        "((((((((",
        "(" * 5000,
        "{[]: 1}",
        "",
    ],
)
def test_headers_that_lie_allocate_nothing(text: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(DamagedArraysError):
            read_arrays(with_header(text), KINDS)
        assert tracemalloc.get_traced_memory()[1] < 30e6
    finally:
        tracemalloc.stop()


def test_what_unpacks_to_more_is_refused() -> None:
    data = with_header(header("(1000000, 3)"), bytes(12_000_000), zipfile.ZIP_DEFLATED)
    assert len(data) < 100_000
    with pytest.raises(DamagedArraysError, match="points.npy is compressed"):
        read_arrays(data, KINDS)


@pytest.mark.parametrize(("offset", "value"), [(8, 1), (10, 99), (6, 255), (22, 255)])
def test_fields_of_the_directory(offset: int, value: int) -> None:
    """Encrypted, an unknown method, a version to come, another size."""
    data = bytearray(saved())
    data[data.find(b"PK\x01\x02") + offset] = value
    with pytest.raises(DamagedArraysError):
        read_arrays(bytes(data), KINDS)


def test_no_cut_and_no_flipped_bit_raises_anything_else() -> None:
    data = saved()
    before = {name: array.tobytes() for name, array in read_arrays(data, KINDS).items()}
    damaged = [data[:length] for length in range(0, len(data), 7)]
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 1 << index % 8
        damaged.append(bytes(changed))
    found = 0
    for contents in damaged:
        try:
            arrays = read_arrays(contents, KINDS)
        except DamagedArraysError as error:
            assert "\n" not in str(error)
            found += 1
        else:  # a date or a comment that nobody reads
            assert {name: array.tobytes() for name, array in arrays.items()} == before
    assert found > len(damaged) / 2
