"""Check what pip cannot install, before anything slow starts: one clear line per missing thing.

As root on a Debian-like system the missing libraries are installed.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

# library that Open3D's wheel links to -> Debian package
LIBRARIES = {"usb-1.0": "libusb-1.0-0", "EGL": "libegl1", "GL": "libgl1", "gomp": "libgomp1"}
COMMANDS = {"gcc": "gcc", "g++": "g++", "cmake": "cmake", "make": "make"}


def missing_packages() -> list[str]:
    """Debian packages that provide what is missing on this machine."""
    packages = [
        package for name, package in LIBRARIES.items() if ctypes.util.find_library(name) is None
    ]
    packages += [package for command, package in COMMANDS.items() if not shutil.which(command)]
    if not (Path(sysconfig.get_path("include")) / "Python.h").exists():
        packages.append(f"python3.{sys.version_info.minor}-dev")
    if importlib.util.find_spec("ensurepip") is None:  # Debian splits it off; venv needs it
        packages.append(f"python3.{sys.version_info.minor}-venv")
    return packages


def main() -> None:
    """Exit with one line that names what is missing, or install it when root."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        version = ".".join(map(str, sys.version_info[:2]))
        raise SystemExit(
            f"r1_ros needs Python 3.11 or 3.12, this is {version}: make PYTHON=python3.11 ..."
        )
    packages = missing_packages()
    if not packages:
        return
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"installing system packages: {' '.join(packages)}")
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        return
    raise SystemExit(f"missing system packages; install them with: sudo {' '.join(install)}")


if __name__ == "__main__":
    main()
