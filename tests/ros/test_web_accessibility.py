"""The page held against axe-core's rules (WCAG 2.1 A and AA, best practice): light, dark, phone."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files

import pytest

pytest.importorskip("fastapi", reason="the optional extra [web] is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")

from playwright.sync_api import Browser, Page, expect  # noqa: E402

from tests.ros.browser import WAIT_MS  # noqa: E402
from tests.ros.page_rig import PageRobot, page_robot  # noqa: E402

pytestmark = pytest.mark.ros

DESKTOP, PHONE = (1280, 800), (390, 844)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def robot() -> Iterator[PageRobot]:
    with page_robot() as nodes:
        nodes.set(require_approval=True)
        yield nodes


def violations(page: Page) -> list[str]:
    """What axe-core finds: rule, and the elements that break it."""
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}})", RULES
    )["violations"]
    return [f"{rule['id']}: {[node['html'] for node in rule['nodes']]}" for rule in found]


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    (width, height), scheme = request.param
    opened = browser.new_page(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        has_touch=width < 500,
    )
    opened.set_default_timeout(WAIT_MS)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "page",
    [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    indirect=True,
    ids=["desktop", "desktop-dark", "phone", "phone-dark"],
)
def test_nothing_is_in_anybodys_way(robot: PageRobot, page: Page) -> None:
    page.goto(robot.own)
    expect(page.locator("#points[data-done]")).to_be_visible(timeout=WAIT_MS)
    assert violations(page) == []
    question = page.get_by_label("Question or goal")
    question.fill("Find the desk lamp.")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#views button.chosen")).to_have_count(2, timeout=WAIT_MS)
    page.locator("#objects button").first.click()
    question.fill("Put the desk lamp on the desk.")
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.locator("#steps li")).to_have_count(3, timeout=WAIT_MS)
    page.locator("#health summary").click()
    page.locator("article summary").first.click()
    assert violations(page) == []


@pytest.mark.parametrize("page", [(PHONE, "light")], indirect=True)
def test_stop_is_at_hand_wherever_one_has_scrolled(robot: PageRobot, page: Page) -> None:
    page.goto(robot.own)
    page.get_by_label("Question or goal").fill("Put the desk lamp on the desk.")
    page.get_by_role("button", name="Plan", exact=True).click()
    expect(page.locator("#steps li")).to_have_count(3, timeout=WAIT_MS)
    page.locator("#health summary").click()
    page.locator("#health").scroll_into_view_if_needed()
    page.mouse.wheel(0, 5000)
    expect(page.locator("#stop")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


@pytest.mark.parametrize("page", [(DESKTOP, "light")], indirect=True)
def test_a_fault_would_be_seen(robot: PageRobot, page: Page) -> None:
    page.goto(robot.own)
    page.evaluate("document.querySelector('label').remove()")
    page.locator("#question").evaluate("element => element.removeAttribute('placeholder')")
    assert any(line.startswith("label:") for line in violations(page))
