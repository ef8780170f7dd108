"""Build the ROS interfaces of this repository into the Python environment that runs this script.

The ROS 2 wheels make the environment a ROS prefix, so the generated packages are installed into
`sys.prefix`. `tf2_msgs` is built as well where it is missing. A digest of the interface files is
kept in the environment: when nothing changed the script returns at once.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy

ROOT = Path(__file__).resolve().parent.parent
PREFIX = Path(sys.prefix)
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
STAMP = PREFIX / "share" / "r1_ros" / "interfaces.sha256"


def interface_digest() -> str:
    """Digest of everything that the generated code depends on."""
    digest = hashlib.sha256(sys.version.encode())
    files = [ROOT / "CMakeLists.txt", ROOT / "r1_ros" / "__init__.py", Path(__file__)]
    for pattern in ("msg/*.msg", "srv/*.srv", "action/*.action", "cmake/**/*.*"):
        files += ROOT.glob(pattern)
    for file in sorted(files):
        digest.update(file.relative_to(ROOT).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def repaired_include_folders(text: str, python_include: Path, numpy_include: Path) -> str:
    """A CMake export file whose absolute Python and numpy include folders are the ones given.

    Whatever Python they name is replaced, not only that of the image in which the wheels were
    built: a file out of a package cache may have been repaired for another environment before.
    """
    text = re.sub(r"(?<=[\";])/[^\";]*/site-packages/numpy\b[^\";]*", str(numpy_include), text)
    return re.sub(r"(?<=[\";])/[^\";]*/include/python3\.\d+(?=[\";])", str(python_include), text)


def repair_exported_include_folders() -> None:
    """Point the include folders that the wheels export at this Python.

    The wheels were built in an image whose Python lies in /opt/python; CMake refuses imported
    targets that name include folders which do not exist.
    """
    includes = Path(sysconfig.get_path("include")), Path(numpy.get_include())
    for file in (PREFIX / "share").glob("*/cmake/*.cmake"):
        text = file.read_text()
        repaired = repaired_include_folders(text, *includes)
        if repaired != text:
            replace_file(file, repaired)


def replace_file(file: Path, text: str) -> None:
    """Put a new file in the place of one; never write into it.

    uv installs hard links into its cache: writing into an installed file would change the cache,
    and with it every other environment on this machine.
    """
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text)
    shutil.copymode(file, fresh)
    fresh.replace(file)


def build(source: Path, build_folder: Path, *definitions: str) -> None:
    """Configure, build and install one CMake project; its log is shown only on failure."""
    environment = dict(os.environ, AMENT_PREFIX_PATH=str(PREFIX), CMAKE_PREFIX_PATH=str(PREFIX))
    environment["PATH"] = f"{PREFIX / 'bin'}:{environment['PATH']}"
    configure = [
        "cmake", "-S", str(source), "-B", str(build_folder),
        f"-DCMAKE_INSTALL_PREFIX={PREFIX}", f"-DCMAKE_PREFIX_PATH={PREFIX}",
        f"-DPython3_EXECUTABLE={sys.executable}", f"-DPYTHON_EXECUTABLE={sys.executable}",
        f"-DPYTHON_INSTALL_DIR={SITE_PACKAGES.relative_to(PREFIX)}",
        "-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", *definitions,
    ]  # fmt: skip
    jobs = str(os.cpu_count() or 1)
    compile_and_install = ["cmake", "--build", str(build_folder), "-j", jobs, "--target", "install"]
    for command in (configure, compile_and_install):
        result = subprocess.run(command, env=environment, capture_output=True, text=True)
        if result.returncode:
            sys.stderr.write(result.stdout[-4000:] + result.stderr[-8000:])
            raise SystemExit(f"build_interfaces: failed: {' '.join(command)}")


def main() -> None:
    """Generate, build and install the interfaces unless they are up to date."""
    digest = interface_digest()
    generated = SITE_PACKAGES / "r1_ros" / "msg" / "__init__.py"
    if generated.exists() and STAMP.exists() and STAMP.read_text() == digest:
        return
    repair_exported_include_folders()
    build_folder = ROOT / "build" / "interfaces"
    if importlib.util.find_spec("tf2_msgs") is None:
        print("generating tf2_msgs (not installed)")
        build(ROOT / "cmake" / "tf2_msgs", build_folder / "tf2_msgs")
    print("generating the r1_ros interfaces")
    build(ROOT, build_folder / "r1_ros", "-DR1_INTERFACES_ONLY=ON")
    # Generated package and source tree share a name: both carry the __init__ that joins them.
    shutil.copy(ROOT / "r1_ros" / "__init__.py", SITE_PACKAGES / "r1_ros" / "__init__.py")
    # ament writes metadata of its own for the name that pip already knows; with it there, the next
    # `pip install -e .` would take the generated package for an old version and delete it.
    for metadata in SITE_PACKAGES.glob("r1_ros-*.egg-info"):
        shutil.rmtree(metadata)
    STAMP.parent.mkdir(parents=True, exist_ok=True)
    STAMP.write_text(digest)


if __name__ == "__main__":
    main()
