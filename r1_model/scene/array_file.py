"""Reads .npz files of known arrays from strangers: nothing in them is run, nothing huge allocated.

numpy's own reader believes what a header says: a file of 1 kB can ask for terabytes.
"""

from __future__ import annotations

import io
import math
import struct
import tokenize
import zipfile
from collections.abc import Mapping

import numpy as np

# What zipfile and numpy raise for damaged bytes. RuntimeError: encryption, unknown versions
# (NotImplementedError), deep nesting (RecursionError); MemoryError: Python's parser on the same.
_DAMAGE = (
    zipfile.BadZipFile,
    struct.error,
    tokenize.TokenError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)
_SUFFIX = ".npy"

Kind = tuple[str, tuple[int | None, ...]]


class DamagedArraysError(ValueError):
    """The bytes are no such file; the message names the array where it is one that is wrong."""


def read_arrays(
    data: bytes,
    kinds: Mapping[str, Kind],
    *,
    optional: frozenset[str] = frozenset(),
    others: bool = False,
) -> dict[str, np.ndarray]:
    """The arrays of a file that `numpy.savez` wrote.

    Args:
        data: contents of the file.
        kinds: dtype (`f4`, `U` for texts of any length) and shape of each array; None is any
            length.
        optional: those that may be missing.
        others: pass over arrays that are not in `kinds` instead of refusing them.

    Raises:
        DamagedArraysError: sums differ, arrays are missing, unknown or of another kind.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = {entry.filename.removesuffix(_SUFFIX): entry for entry in archive.infolist()}
            if missing := kinds.keys() - optional - entries.keys():
                raise DamagedArraysError(f"missing arrays: {', '.join(sorted(missing))}")
            unknown = entries.keys() - kinds.keys()
            if unknown and not others:
                raise DamagedArraysError(f"unknown arrays: {sorted(unknown)}"[:200])
            return {
                name: _array(name, _contents(archive, entries[name], len(data)), kinds[name])
                for name in kinds
                if name in entries
            }
    except DamagedArraysError:
        raise
    except _DAMAGE as error:
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise DamagedArraysError(why[:200]) from error


def _contents(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    # uncompressed, as savez writes it: no entry is larger than the file then
    if entry.compress_type != zipfile.ZIP_STORED:
        raise DamagedArraysError(f"{entry.filename} is compressed, method {entry.compress_type}")
    if not entry.file_size == entry.compress_size <= most:
        raise DamagedArraysError(f"{entry.filename} declares {entry.file_size} bytes")
    return archive.read(entry)  # checks the sum


def _array(name: str, data: bytes, kind: Kind) -> np.ndarray:
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise DamagedArraysError(f"{name} is of .npy version {version}, not (1, 0)")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    code, lengths = kind
    fits = dtype.isnative and dtype.names is None and dtype.subdtype is None
    fits = fits and code in (dtype.kind, dtype.str[1:]) and dtype.itemsize > 0
    fits = fits and len(shape) == len(lengths)
    if not fits or any(
        length < 0 or expected not in (None, length)
        for length, expected in zip(shape, lengths, strict=True)
    ):
        expected = f"{code} {lengths}".replace("None", "N")
        raise DamagedArraysError(f"{name} is {dtype} {shape}, not {expected}"[:200])
    if math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        held = len(data) - stream.tell()
        raise DamagedArraysError(f"{name} declares {shape}, but holds {held} bytes"[:200])
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
