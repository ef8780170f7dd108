"""The access policy that ships lets the nodes do what they do, and is a policy."""

from __future__ import annotations

import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node

from r1_model.plans.skills import SKILLS
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.node_commands import NODES, NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup

pytestmark = pytest.mark.ros
POLICY = Path(__file__).resolve().parents[2] / "config" / "security" / "sros2_policy.xml"
TIMEOUT_S = 90.0
# element -> attribute -> items, as sros2's schema 0.2.0 has them
SCHEMA = {
    "topics": ({"publish", "subscribe"}, "topic"),
    "services": ({"reply", "request"}, "service"),
    "actions": ({"call", "execute"}, "action"),
}
_ACTION = "/_action/"


def full(name: str, node: str) -> str:
    name = name.replace("~", f"/{node}", 1)
    return name if name.startswith("/") else f"/{name}"


def profiles() -> dict[str, dict[str, set[str]]]:
    """node -> "topics publish", ... -> full names."""
    root = ElementTree.parse(POLICY).getroot()
    assert (root.tag, root.get("version")) == ("policy", "0.2.0")
    found: dict[str, dict[str, set[str]]] = {}
    for profile in root.findall("enclaves/enclave/profiles/profile"):
        node = profile.get("node")
        rules = found.setdefault(node, {})
        for rule in profile:
            attributes, item = SCHEMA[rule.tag]
            ((attribute, value),) = rule.attrib.items()
            assert attribute in attributes and value == "ALLOW"
            assert all(child.tag == item and child.text for child in rule)
            names = {full(child.text, node) for child in rule}
            rules.setdefault(f"{rule.tag} {attribute}", set()).update(names)
    return found


def test_every_skill_is_allowed() -> None:
    called = profiles()["plan_executor"]["actions call"]
    assert {f"/skills/{name}" for name in SKILLS} <= called


def allowed(rules: dict[str, set[str]], name: str, rule: str, action: str) -> bool:
    if _ACTION in name:
        return name.split(_ACTION)[0] in rules.get(f"actions {action}", set())
    return name in rules.get(rule, set())


@pytest.mark.timeout(150)
def test_everything_that_the_nodes_do_is_allowed(tmp_path: Path) -> None:
    use_large_message_transport()
    context = Context()
    rclpy.init(context=context)
    looking = Node("looking", context=context)
    try:
        with ProcessGroup() as group, NodeStates(NODES) as states:
            for name in NODES:
                command = node_command(name, NodeOptions(), tmp_path)
                group.start(name, command, log=tmp_path / f"{name}.log")
            deadline = time.monotonic() + TIMEOUT_S
            while set(states.read().values()) != {"active"}:
                assert time.monotonic() < deadline, states.read()
                time.sleep(0.5)
            time.sleep(2.0)  # what was made last must be discovered, too
            for node, rules in profiles().items():
                kinds = (
                    ("topics publish", "execute", looking.get_publisher_names_and_types_by_node),
                    ("topics subscribe", "call", looking.get_subscriber_names_and_types_by_node),
                    ("services reply", "execute", looking.get_service_names_and_types_by_node),
                    ("services request", "call", looking.get_client_names_and_types_by_node),
                )
                for rule, action, endpoints in kinds:
                    names = [name for name, _ in endpoints(node, "/")]
                    assert names or rule.endswith(("request", "subscribe")), (node, rule)
                    refused = [n for n in names if not allowed(rules, n, rule, action)]
                    assert not refused, (node, rule)
    finally:
        looking.destroy_node()
        context.shutdown()
