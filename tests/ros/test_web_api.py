"""The page's /api, with real nodes and a scripted model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the optional extra [web] is not installed")
pytest.importorskip("uvicorn", reason="the optional extra [web] is not installed")

from tests.ros.background import eventually  # noqa: E402
from tests.ros.page_rig import NAMESPACE, TOKEN, PageRobot, page_robot  # noqa: E402
from tests.ros.scripted import room  # noqa: E402

pytestmark = pytest.mark.ros


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
def web(robot: PageRobot) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=robot.own, timeout=30.0) as client:
        yield client


def stream(web: httpx.Client, path: str, **body: object) -> list[dict[str, Any]]:
    with web.stream("POST", path, json=body) as response:
        assert response.status_code == 200, response.read()
        return [json.loads(line) for line in response.iter_lines()]


@pytest.mark.parametrize(
    ("question", "says"), [("How many chairs?", "There are four."), ("有幾把椅子？", "四把。")]
)
def test_an_answer_is_streamed(robot: PageRobot, web: httpx.Client, question, says) -> None:
    robot.model.token_seconds = 0.05
    lines = stream(web, "/api/ask", question=question)
    texts = [line["text"] for line in lines if line.get("text")]
    assert len(texts) > 3 and all(b.startswith(a) for a, b in zip(texts, texts[1:], strict=False))
    assert lines[-1]["answer"]["answer"] == says


def test_an_object_and_a_point_can_be_asked_about(robot: PageRobot, web: httpx.Client) -> None:
    answer = stream(web, "/api/ask", question="Find the desk lamp.", session="s")[-1]["answer"]
    name = answer["objects"][0]["id"]
    stream(web, "/api/ask", question="What is it?", session="s", object_id=name)
    assert robot.model.asked[-1][2].center == pytest.approx([1.0, 1.5, 0.9], abs=0.02)
    stream(web, "/api/ask", question="What is it?", point=[1.0, 2.0, 0.5])
    assert robot.model.asked[-1][2].center.tolist() == [1.0, 2.0, 0.5]


def test_who_hangs_up_stops_the_model(robot: PageRobot, web: httpx.Client) -> None:
    robot.model.token_seconds = 0.05
    robot.model.say = "<answer>" + "very " * 2000 + "long</answer>"
    with web.stream("POST", "/api/ask", json={"question": "How long?"}) as response:
        next(response.iter_lines())
    robot_is_free = lambda: stream(web, "/api/ask", question="And now?")[-1]  # noqa: E731
    eventually(lambda: robot.model.__init__() or "answer" in robot_is_free(), "it answers again")


def test_the_map_is_sent_whole(robot: PageRobot, web: httpx.Client) -> None:
    scene = web.get("/api/scene").json()
    assert scene["points"] == 20_000 and [view["id"] for view in scene["views"]] == [3, 7]
    content = web.get(f"/api/points/{scene['revision']}").content
    steps = np.frombuffer(content[: 20_000 * 6], "<u2").reshape(-1, 3) / 65535
    low, high = np.array(scene["low"]), np.array(scene["high"])
    sent, true = low + steps * (high - low), room(20_000).points
    assert np.abs(np.sort(sent, axis=0) - np.sort(true, axis=0)).max() < 1e-3
    picture = web.get(f"/api/views/{scene['revision']}/7.jpg")
    assert picture.headers["content-type"] == "image/jpeg" and picture.content[:2] == b"\xff\xd8"
    assert picture.headers["cache-control"] == "no-store"
    assert web.get(f"/api/views/{scene['revision']}/8.jpg").status_code == 404


def test_a_changed_map_is_told(robot: PageRobot, web: httpx.Client) -> None:
    before = web.get("/api/scene").json()["revision"]
    robot.mapper.scene, robot.mapper.revision = room(300), robot.mapper.revision + 1
    after = web.get("/api/scene").json()
    assert after["revision"] != before and after["points"] == 300
    assert web.get(f"/api/points/{before}").status_code == 404
    robot.mapper.scene, robot.mapper.revision = room(20_000), robot.mapper.revision + 1


def test_why_keyframes_are_shown(web: httpx.Client) -> None:
    scores = web.post("/api/reasons", json={"question": "Where is the lamp?"}).json()
    assert scores[0] == {
        "id": 3, "utility": 0.5, "text_3d": 0.1, "image_3d": 0.2, "clip": 0.3, "coverage": 0.4,
    }  # fmt: skip


def test_a_plan_is_carried_out_once(robot: PageRobot, web: httpx.Client) -> None:
    robot.set(require_approval=True)
    last = stream(web, "/api/plan", goal="Put the desk lamp on the desk.")[-1]
    assert [step["action"] for step in last["answer"]["steps"]] == ["navigate_to", "pick", "place"]
    assert not robot.executor._plan_lock.locked()  # shown, not started
    assert web.post("/api/carry_out", json={"plan_id": last["plan_id"]}).status_code == 200
    done = eventually(lambda: not (s := web.get("/api/state").json()["outcome"])["running"] and s)
    assert done == {"plan": last["plan_id"], "running": False, "steps_done": 3}
    again = web.post("/api/carry_out", json={"plan_id": last["plan_id"]})
    assert again.status_code == 404 and "no plan" in again.json()["error"]


def test_stop_stops_whatever_runs(robot: PageRobot, web: httpx.Client) -> None:
    last = stream(web, "/api/plan", goal="Put the desk lamp on the desk.")[-1]
    web.post("/api/carry_out", json={"plan_id": last["plan_id"]})
    eventually(lambda: web.get("/api/state").json()["execution"].get("steps_done") == 1)
    assert web.post("/api/stop").json() == {"stopping": True}
    outcome = eventually(
        lambda: not (s := web.get("/api/state").json()["outcome"])["running"] and s
    )
    assert "CANCELED" in outcome["error"] and outcome["steps_done"] < 3


def test_health_of_the_nodes(web: httpx.Client) -> None:
    health = eventually(
        lambda: len(h := web.get("/api/state").json()["health"]) >= 2 and h, "diagnostics"
    )
    assert {"plan_executor: plans"} <= {status["name"] for status in health}
    assert {status["level"] for status in health} <= {"ok", "warning", "error", "stale"}


@pytest.mark.parametrize(
    ("path", "body"),
    [("/api/ask", {}), ("/api/ask", {"question": "x" * 5000}),
     ("/api/ask", {"question": "x", "session": "../other"}),
     ("/api/ask", {"question": "x", "point": [1, 2]}),
     ("/api/ask", {"question": "x", "point": [1, 2, "nan"]}),
     ("/api/plan", {"goal": 7}), ("/api/approve", {"plan_id": "x"})],
)  # fmt: skip
def test_bodies_that_make_no_sense(web: httpx.Client, path: str, body: dict[str, Any]) -> None:
    assert web.post(path, json=body).status_code == 422


def test_errors_of_the_robot_are_told(web: httpx.Client) -> None:
    assert stream(web, "/api/ask", question=" ")[-1]["code"] == 2
    answer = web.post("/api/approve", json={"plan_id": "0" * 32, "approve": True})
    assert answer.status_code == 502 and "no plan waits" in answer.json()["error"]


def test_without_the_token_a_second_user_is_refused(robot: PageRobot) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/api/state", "/api/scene"):
        assert httpx.get(robot.shared + path).status_code == 401
        assert httpx.get(robot.shared + path, headers=bearer, timeout=30).status_code == 200
    evil = {"Origin": "http://evil.example"}
    for base, headers in ((robot.own, evil), (robot.shared, bearer | evil)):
        assert httpx.post(f"{base}/api/stop", headers=headers).status_code == 403
    assert httpx.get(robot.own, headers={"Host": "evil.example"}).status_code == 421


def test_the_page_takes_nothing_from_elsewhere(robot: PageRobot) -> None:
    page = httpx.get(robot.own)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("http-equiv", "")


def test_a_port_that_is_taken_is_named(robot: PageRobot) -> None:
    port = robot.own.rpartition(":")[2]
    command = [sys.executable, "-m", "r1_ros.cli.main", "serve", "--namespace", NAMESPACE]
    ended = subprocess.run([*command, "--port", port], capture_output=True, text=True, timeout=60)
    assert ended.returncode != 0 and "address already in use" in ended.stderr
