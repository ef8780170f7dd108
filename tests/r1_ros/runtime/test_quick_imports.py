"""Imports without what nobody needs; everything is as before afterwards."""

from __future__ import annotations

import gc
import importlib.util
import sys

import pytest

from r1_ros.runtime.quick_imports import quick_imports


def test_packages_are_absent_for_a_while() -> None:
    assert "antigravity" not in sys.modules and "json" in sys.modules
    with quick_imports(without=["antigravity", "json"]):
        assert not gc.isenabled()
        assert importlib.util.find_spec("antigravity") is None
        with pytest.raises(ImportError):
            import antigravity  # noqa: F401
        import json

        assert json.loads("1") == 1  # it was there before
    assert gc.isenabled()
    assert importlib.util.find_spec("antigravity") is not None


def test_all_is_as_before_after_an_error() -> None:
    with pytest.raises(ImportError), quick_imports(without=["antigravity"]):
        raise ImportError("no such package")
    assert gc.isenabled() and "antigravity" not in sys.modules


def test_who_collects_no_garbage_goes_on_so() -> None:
    gc.disable()
    try:
        with quick_imports():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
