"""A scene_reasoner with a scripted model, a mapper and a client; the rest between them is real."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from rclpy.parameter import Parameter

from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import Background, eventually
from tests.ros.scripted import ScriptedReasoner, StubMapper, room


@dataclass
class Robot:
    """A reasoner with a mapper, and a client of both."""

    spinning: Background
    node: SceneReasoner
    model: ScriptedReasoner
    mapper: StubMapper
    client: R1Client

    def set(self, **parameters: object) -> None:
        results = self.node.set_parameters([Parameter(n, value=v) for n, v in parameters.items()])
        assert all(result.successful for result in results), results


def start_robot(spinning: Background, namespace: str = "", **parameters: object) -> Robot:
    model = ScriptedReasoner()
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = SceneReasoner(
        lambda _: model,
        namespace=namespace,
        context=spinning.context,
        parameter_overrides=overrides,
    )
    mapper = StubMapper(room(), namespace=namespace, context=spinning.context)
    spinning.start(mapper, node)
    eventually(lambda: node.is_active, "the node is active")
    return Robot(spinning, node, model, mapper, R1Client(namespace))


def refused(call, code: int) -> RequestFailedError:
    """The error of a call that must fail with `code` and a sentence."""
    with pytest.raises(RequestFailedError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    assert len(str(caught.value)) > 10 and "\n" not in str(caught.value)
    return caught.value
