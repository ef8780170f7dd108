"""The page on a real recording, with the weights in the box: from a question to a done plan."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="the optional extra [web] is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, expect  # noqa: E402

from tests.docs.terminal import Terminal  # noqa: E402
from tests.ros.background import eventually  # noqa: E402

pytestmark = [
    pytest.mark.ros,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="minutes: R1_LONG=1"),
]

WAIT_MS = 90_000


@pytest.fixture(scope="module")
def page_address(kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Nodes, a simulated robot and the page, after the kitchen was played to them."""
    terminal = Terminal(tmp_path_factory.mktemp("page"))
    try:
        terminal.run(f"r1 record {kitchen} bag")
        terminal.start("r1 up --use-sim-time --robot simulated")
        log = terminal.start("r1 serve --port 8397 --base-frame camera_link")
        terminal.run("r1 play bag --wait-for-node /scene_mapper")
        yield eventually(
            lambda: (found := re.search(r"http://\S+", log.read_text())) and found[0], "an address"
        )
    finally:
        terminal.close()


@pytest.mark.parametrize(
    ("locale", "question", "answer", "goal"),
    [
        ("en-US", "How many chairs are there?", "five", "Go to the dining table."),
        ("zh-TW", "找到餐桌。", "餐桌", "走到餐桌旁邊。"),
    ],
)
def test_from_a_question_to_the_end_of_a_plan(
    page_address: str, browser: Browser, locale: str, question: str, answer: str, goal: str
) -> None:
    page = browser.new_page(locale=locale)
    page.set_default_timeout(WAIT_MS)
    page.goto(page_address)
    expect(page.locator("#points[data-done]")).to_be_visible(timeout=WAIT_MS)
    page.locator("#question").fill(question)
    page.locator("#ask button[type=submit]").click()
    expect(page.locator("article[data-done=true] .said")).to_contain_text(answer, timeout=WAIT_MS)
    assert page.evaluate("r1Room.boxes.children.length") == page.locator("#objects button").count()
    assert page.locator("#objects button").count() >= 1
    expect(page.locator("#views button.chosen").first).to_be_visible(timeout=WAIT_MS)

    page.locator("#question").fill(goal)
    page.locator("#make-plan").click()
    expect(page.locator("#steps li").first).to_be_visible(timeout=WAIT_MS)
    page.locator("#approve").click()
    steps = page.locator("#steps li").count()
    expect(page.locator("#steps li[data-state=done]")).to_have_count(steps, timeout=WAIT_MS)
    robot = page.evaluate("[r1Room.robot.visible, ...r1Room.robot.position.toArray()]")
    assert robot[0] is True and all(abs(value) < 5 for value in robot[1:])
    page.close()
