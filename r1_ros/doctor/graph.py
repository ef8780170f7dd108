"""What runs on the ROS network: nodes, lifecycle states, topics with QoS, tf."""

from __future__ import annotations

import time

from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from r1_ros.doctor.check import Check
from r1_ros.doctor.setup import InputLog, check_setup
from r1_ros.doctor.tf_tree import TransformLog, check_transforms
from r1_ros.doctor.topics import MAPPER, check_topics, tf_topics

_NODES = (MAPPER, "scene_reasoner", "plan_executor")


def check_graph(node: Node, seconds: float) -> list[Check]:
    """Listen for `seconds` and report what is there. `node` carries the namespace to look in."""
    log, inputs = TransformLog(node), InputLog(node)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        inputs.listen()
        log.listen(tf_topics(node))  # the mapper, and with it their names, may show up late
        executor.spin_once(timeout_sec=0.1)
    return [
        *_nodes(node, executor),
        *check_topics(node),
        *check_transforms(log, seconds),
        *check_setup(node, executor, inputs, list(log.counts)),
    ]


def _nodes(node: Node, executor: SingleThreadedExecutor) -> list[Check]:
    present = set(node.get_node_names_and_namespaces())
    checks = []
    for name in _NODES:
        if (name, node.get_namespace()) not in present:
            checks.append(Check("nodes", name, "info", "not running (start it with `r1 up`)"))
            continue
        client = node.create_client(GetState, f"{name}/get_state")
        future = client.call_async(GetState.Request())
        executor.spin_until_future_complete(future, timeout_sec=2.0)
        if not future.done():
            checks.append(Check("nodes", name, "warn", "runs, but does not answer get_state"))
            continue
        state = future.result().current_state.label
        if state == "active":
            checks.append(Check("nodes", name, "ok", state))
            continue
        way = "configure, then activate" if state == "unconfigured" else "activate"
        text = f"{state}; {way} it: ros2 lifecycle set {name} ..., or autostart: true; see its log"
        checks.append(Check("nodes", name, "warn", text))
    return checks
