"""`r1 serve`'s server with real nodes and a scripted model."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from rclpy.parameter import Parameter

from r1_model.scene.scene import Scene
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


@dataclass
class PageRobot:
    """The nodes, and where their page is."""

    executor: PlanExecutor
    model: Any
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
def page_robot(model: Any = None, scene: Scene | None = None) -> Iterator[PageRobot]:
    """Nodes with two servers: one for this machine, one that wants TOKEN.

    Args:
        model: a Reasoner, or what stands in for one.
        scene: what the mapper serves; by default a cloud of 20,000 points in a room.
    """
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
        mapper = StubMapper(scene or room(20_000), **common)
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
