"""`r1 serve`'s server with real nodes and a scripted model, and a browser for it."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn
from rclpy.parameter import Parameter

from r1_ros.client import R1Client
from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.nodes.scene_reasoner import SceneReasoner
from r1_ros.web.access import LOOPBACK_NAMES, Access
from r1_ros.web.robot_link import RobotLink
from r1_ros.web.server import make_app
from tests.ros.background import background, eventually
from tests.ros.scripted import ScriptedReasoner, StubMapper, room

NAMESPACE = "page"
TOKEN = "a token of the tests"

# https://playwright.dev: no network of its own, and WebGL without a GPU
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip


def chromium_path() -> str:
    """The browser of this machine; empty: none."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), "")


@dataclass
class PageRobot:
    """The nodes, and where their page is."""

    executor: PlanExecutor
    model: ScriptedReasoner
    mapper: StubMapper
    client: R1Client
    own: str
    shared: str

    def set(self, **parameters: object) -> None:
        results = self.executor.set_parameters(
            [Parameter(n, value=v) for n, v in parameters.items()]
        )
        assert all(result.successful for result in results), results


@contextmanager
def page_robot(model: ScriptedReasoner | None = None, points: int = 20_000) -> Iterator[PageRobot]:
    """Nodes with two servers: one for this machine, one that wants TOKEN."""
    with background() as spinning:
        model = model or ScriptedReasoner()
        common = {"namespace": NAMESPACE, "context": spinning.context}
        values = {
            "robot": "simulated", "simulated_step_seconds": 1.0, "diagnostics_period": 0.2,
        }  # fmt: skip
        overrides = [Parameter(name, value=value) for name, value in values.items()]
        executor = PlanExecutor(parameter_overrides=overrides, **common)
        reasoner = SceneReasoner(
            lambda _: model,
            parameter_overrides=[Parameter("diagnostics_period", value=0.2)],
            **common,
        )
        mapper = StubMapper(room(points), **common)
        spinning.start(mapper, reasoner, executor)
        eventually(lambda: reasoner.is_active and executor.is_active, "the nodes are active")
        with (
            R1Client(NAMESPACE) as client,
            served(Access(hosts=LOOPBACK_NAMES)) as own,
            served(Access(token=TOKEN)) as shared,
        ):
            yield PageRobot(executor, model, mapper, client, own, shared)


@contextmanager
def served(access: Access) -> Iterator[str]:
    """Address of a server that runs in a thread."""
    listening = socket.create_server(("127.0.0.1", 0))
    with RobotLink(NAMESPACE) as link:
        app = make_app(link, access)
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
        )
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            eventually(lambda: server.started, "the server runs")
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20.0)
            listening.close()
