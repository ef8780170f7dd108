"""What `make interfaces` does to the CMake files that the ROS wheels bring."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "build_interfaces.py"
PYTHON_INCLUDE = Path("/here/include/python3.11")
NUMPY_INCLUDE = Path("/here/.venv/lib/python3.11/site-packages/numpy/_core/include")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("build_interfaces", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "python",
    ["/opt/python/cp311-cp311", "/opt/python/cp312-cp312", "/home/me/gone/.venv", "/here/.venv"],
)
@pytest.mark.parametrize("headers", ["/core/include", "/_core/include", ""])
def test_include_folders_of_any_python_become_those_of_this_one(tool, python, headers):
    exported = (
        f'  INTERFACE_INCLUDE_DIRECTORIES "{python}/include/python3.12;'
        f'{python}/lib/python3.12/site-packages/numpy{headers}"\n'
    )
    repaired = tool.repaired_include_folders(exported, PYTHON_INCLUDE, NUMPY_INCLUDE)
    assert repaired == f'  INTERFACE_INCLUDE_DIRECTORIES "{PYTHON_INCLUDE};{NUMPY_INCLUDE}"\n'
    assert tool.repaired_include_folders(repaired, PYTHON_INCLUDE, NUMPY_INCLUDE) == repaired


@pytest.mark.parametrize(
    "line",
    [
        'INTERFACE_INCLUDE_DIRECTORIES "${_IMPORT_PREFIX}/include/sensor_msgs"',
        'INTERFACE_INCLUDE_DIRECTORIES "/opt/ros/include/python3.11_tools"',
        'set(folder "/usr/share/numpydoc/include")',
    ],
)
def test_other_folders_are_left_alone(tool, line):
    assert tool.repaired_include_folders(line, PYTHON_INCLUDE, NUMPY_INCLUDE) == line


def test_a_file_that_is_linked_into_a_package_cache_leaves_the_cache_as_it_was(tool, tmp_path):
    cached, installed = tmp_path / "cached.cmake", tmp_path / "installed.cmake"
    cached.write_text("of the wheel")
    cached.chmod(0o640)
    os.link(cached, installed)
    tool.replace_file(installed, "of this environment")
    assert cached.read_text() == "of the wheel"
    assert installed.read_text() == "of this environment"
    assert installed.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cached.cmake", "installed.cmake"]
