"""The page of `r1 serve` in headless Chromium: ask, see boxes, plan, approve, stop."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the optional extra [web] is not installed")
pytest.importorskip("uvicorn", reason="the optional extra [web] is not installed")
pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

from playwright.sync_api import Browser, Page, Route, expect  # noqa: E402

from tests.ros.background import eventually  # noqa: E402
from tests.ros.browser import WAIT_MS  # noqa: E402
from tests.ros.page_rig import TOKEN, PageRobot, page_robot  # noqa: E402
from tests.ros.scripted import room  # noqa: E402

pytestmark = pytest.mark.ros

expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def nodes() -> Iterator[PageRobot]:
    with page_robot() as robot:
        yield robot


@pytest.fixture
def robot(nodes: PageRobot) -> PageRobot:
    nodes.model.__init__()
    nodes.set(require_approval=False)
    return nodes


@pytest.fixture
def page(robot: PageRobot, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    opened.goto(robot.own)
    yield opened
    if folder := os.environ.get("R1_PAGE_PICTURES"):  # for people who want to see the page
        opened.screenshot(path=f"{folder}/{request.node.name}.png")
    opened.close()
    assert complaints == []


def ask(page: Page, question: str, button: str = "Ask") -> None:
    page.get_by_label("Question or goal").fill(question)
    page.get_by_role("button", name=button, exact=True).click()


def last_turn(page: Page) -> str:
    done = page.locator("article[data-done]").last
    return done.inner_text()


def test_ask_box_click_plan_approve_done(robot: PageRobot, page: Page) -> None:
    robot.set(require_approval=True)
    expect(page.locator("#points[data-done]")).to_have_text("20,000 of 20,000 points")
    ask(page, "Find the desk lamp.")
    objects = page.locator("#objects button")
    expect(objects).to_have_count(1)
    assert "desk lamp" in last_turn(page)
    assert page.evaluate("r1Room.boxes.children.length") == 1
    expect(page.locator("#views button.chosen")).to_have_count(2)
    expect(page.locator("#views button").first).to_contain_text("U 0.50text 0.10 · image 0.20")

    objects.first.click()  # the next question is about it
    expect(page.locator("#about-name")).to_have_text("desk lamp")
    ask(page, "What is it?")
    expect(page.locator("article[data-done]")).to_have_count(2)
    assert robot.model.asked[-1][2].center == pytest.approx([1.0, 1.5, 0.9], abs=0.02)

    ask(page, "Put the desk lamp on the desk.", "Plan")
    expect(page.locator("#steps li")).to_have_count(3)
    expect(page.locator("#plan-state")).to_have_text("Nothing moves before you approve.")
    assert not robot.executor._plan_lock.locked()
    page.get_by_role("button", name="Approve and carry out").click()
    expect(page.locator("#plan-state")).to_have_text("done: 3 steps")
    expect(page.locator("#steps li[data-state=done]")).to_have_count(3)


def test_the_answer_appears_while_it_is_said_and_can_be_stopped(
    robot: PageRobot, page: Page
) -> None:
    robot.model.token_seconds = 0.05
    robot.model.say = "<think>I look.</think><answer>" + "so " * 3000 + "</answer>"
    ask(page, "Why?")
    expect(page.locator("article .said")).to_contain_text("so so so")
    page.get_by_role("button", name="Stop answering").click()
    expect(page.locator("article .error")).to_have_text("stopped")


def test_chinese(page: Page) -> None:
    ask(page, "有幾把椅子？")
    expect(page.locator("article[data-done] .said")).to_have_text("四把。")
    assert page.locator("article .said").get_attribute("lang") == "zh-Hant"


def _where_the_first_box_rests(page: Page) -> tuple[float, float]:
    """Its pixel on the page, once nothing moves any more: a slow machine lays out for long."""
    before: list[float] = []
    for _ in range(150):
        now = page.evaluate(
            """() => { const r = r1Room; r.camera.updateMatrixWorld();
            const p = r.boxes.children[0].position.clone().project(r.camera);
            const b = r.canvas.getBoundingClientRect();
            return [b.left + (p.x + 1) / 2 * b.width, b.top + (1 - p.y) / 2 * b.height]; }"""
        )
        if now == before:
            return now[0], now[1]
        before = now
        page.wait_for_timeout(200)
    raise AssertionError(f"the picture never rests: {before}, {now}")


def test_a_click_on_a_box_in_the_picture_asks_about_it(page: Page) -> None:
    expect(page.locator("#points[data-done]")).to_be_visible()
    ask(page, "Find the desk lamp.")
    expect(page.locator("#objects button")).to_have_count(1)
    page.mouse.click(*_where_the_first_box_rests(page))
    expect(page.locator("#about-name")).to_have_text("desk lamp")
    page.get_by_role("button", name="Ask about the whole room again").click()
    expect(page.locator("#about")).to_be_hidden()


def test_what_is_looked_at_stays_where_it_is(page: Page) -> None:
    """Or a click lands beside what it was meant for."""
    expect(page.locator("#points[data-done]")).to_be_visible()
    before = page.locator("#view").bounding_box()
    ask(page, "Find the desk lamp.")
    expect(page.locator("#views button.chosen")).to_have_count(2)
    assert page.locator("#view").bounding_box() == before


def test_colours_come_as_the_camera_saw_them(robot: PageRobot, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    scene = room(20_000)
    scene.colors[:] = (200, 60, 20)
    robot.mapper.scene, robot.mapper.revision = scene, robot.mapper.revision + 1
    page.goto(robot.own)
    expect(page.locator("#points[data-done]")).to_be_visible()
    png = np.frombuffer(page.locator("#view").screenshot(), np.uint8)
    drawn = cv2.imdecode(png, cv2.IMREAD_COLOR_RGB)
    assert (np.abs(drawn.astype(int) - (200, 60, 20)).max(axis=2) <= 2).sum() > 1000
    page.close()
    robot.mapper.scene, robot.mapper.revision = room(20_000), robot.mapper.revision + 1


def test_from_above_no_ceiling_is_in_the_way(page: Page) -> None:
    expect(page.locator("#points[data-done]")).to_be_visible()
    near, z = "r1Room.camera.near", "r1Room.camera.position.z"
    page.get_by_role("button", name="From above").click()
    eventually(lambda: page.evaluate(near) > 0.5, "it is cut")
    assert page.evaluate(f"{z} - {near} - r1Room.focus[0].z") == pytest.approx(2.1)
    page.locator("#view").focus()
    page.keyboard.press("ArrowDown")  # a look from the side: the ceiling is there again
    eventually(lambda: page.evaluate(near) == 0.05, "it is whole")


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"position": [1, 2, 0.1], "yaw": 1.5708, "age_s": 0, "simulated": False},
         "Robot at 1.00, 2.00 m, facing 90°"),
        ({"position": [1, 2, 0.1], "yaw": -1.5708, "age_s": 44, "simulated": True},
         "Simulated robot at 1.00, 2.00 m, facing 270°; 44 s ago"),
        ({"unknown": "no tf"}, "Where the robot is, is unknown: no tf"),
    ],
)  # fmt: skip
def test_the_robot_on_the_map(page: Page, told: dict[str, Any], says: str) -> None:
    state = {"health": [], "execution": {}, "outcome": {}, "robot": told}

    def answer(route: Route) -> None:
        route.fulfill(json=state)

    page.route("**/api/state", answer)
    expect(page.locator("#robot")).to_have_text(says)
    visible, x, y, yaw = page.evaluate(
        """() => { const m = r1Room.robot;
        return [m.visible, m.position.x, m.position.y, m.rotation.z]; }"""
    )
    assert visible == ("yaw" in told)
    if visible:
        assert (x, y, yaw) == pytest.approx((1, 2, told["yaw"]))
        expect(page.locator("#labels span")).to_have_text("robot")
    else:
        expect(page.locator("#labels span")).to_have_count(0)


def test_by_keyboard_alone(page: Page) -> None:
    expect(page.locator("#points[data-done]")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # skip to the question
    page.locator("#question").focus()
    page.keyboard.type("Find the desk lamp.")
    page.keyboard.press("Enter")
    expect(page.locator("#objects button")).to_have_count(1)
    before = page.evaluate("r1Room.camera.position.toArray()")
    page.locator("#view").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("+")
    assert page.evaluate("r1Room.camera.position.toArray()") != before
    page.locator("#objects button").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#about-name")).to_have_text("desk lamp")


def test_the_page_in_chinese(robot: PageRobot, browser: Browser) -> None:
    page = browser.new_page(locale="zh-TW")
    page.goto(robot.own)
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hant", timeout=WAIT_MS)
    page.locator("#question").fill("找到檯燈。")
    page.get_by_role("button", name="提問").click()
    expect(page.locator("#views button.chosen").first).to_contain_text("增添房間的 40 %")
    page.get_by_role("button", name="English").click()
    expect(page.locator("#views button.chosen").first).to_contain_text("adds 40 % of the room")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "en", timeout=WAIT_MS)
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    page.close()


def test_everything_that_can_be_used_has_a_name(page: Page) -> None:
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll(
            "button, textarea, canvas, summary, section")].filter(
        (e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length ||
            e.getAttribute("aria-labelledby"))).map((e) => e.outerHTML)"""
    )
    assert unnamed == []
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_phone_needs_no_sideways_scrolling(robot: PageRobot, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(robot.own)
    expect(page.locator("#views button").first).to_be_visible(timeout=WAIT_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()


def test_a_plan_of_somebody_else_waits_on_the_page(robot: PageRobot, page: Page) -> None:
    robot.set(require_approval=True)
    steps = robot.client.plan("Put the desk lamp on the desk.").steps
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(robot.client.execute_plan, steps)
        expect(page.locator("#plan-goal")).to_have_text(
            "A plan of somebody else waits for approval."
        )
        expect(page.locator("#steps li").first).to_have_text("navigate_to(desk)")
        expect(page.locator("#steps li")).to_have_count(3)
        page.get_by_role("button", name="Approve and carry out").click()
        assert running.result(30.0).steps_done == 3
    expect(page.locator("#plan-state")).to_have_text("done")


def test_stop(robot: PageRobot, page: Page) -> None:
    ask(page, "Put the desk lamp on the desk.", "Plan")
    page.get_by_role("button", name="Approve and carry out").click()
    expect(page.locator("#plan-state")).to_contain_text("step ")
    page.get_by_role("button", name="Stop the robot").click()
    expect(page.locator("#plan-state")).to_contain_text("CANCELED")
    eventually(lambda: not robot.executor._plan_lock.locked(), "the robot stands")


def test_words_of_a_room_are_no_markup(robot: PageRobot, page: Page) -> None:
    robot.model.say = (
        "<answer>A sign: &lt;b&gt; <img src=x onerror=document.title='taken'>"
        "<script>document.title='taken'</script> done.</answer>"
    )
    ask(page, "What does the sign say?")
    expect(page.locator("article[data-done]")).to_have_count(1)
    assert page.locator("article img, article script").count() == 0
    assert page.title() != "taken"


def test_the_token_of_the_address(robot: PageRobot, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(robot.shared)
    expect(page.locator("#trouble")).to_contain_text("token", timeout=WAIT_MS)
    page.goto("about:blank")
    page.goto(f"{robot.shared}/#token={TOKEN.replace(' ', '%20')}")
    expect(page.locator("#summary")).to_contain_text("scene_reasoner", timeout=WAIT_MS)
    assert "token" not in page.url
    page.close()
