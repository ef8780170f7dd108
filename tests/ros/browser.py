"""Chromium without a window, for the page and the viewer."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

WAIT_MS = 30_000  # WebGL on a busy CPU

# https://playwright.dev: no network of its own, and WebGL without a GPU
_ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip


def chromium_path() -> str:
    """The browser of this machine; empty: none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), "")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of this machine, which must have one."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path(), args=_ARGUMENTS)
        try:
            yield started
        finally:
            started.close()
