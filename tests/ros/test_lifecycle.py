"""ManagedNode: autostart, failure with a sentence, parameters, clean end on a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from r1_ros.msg import ErrorCode, PlanStep
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter

from r1_ros.client import R1Client, RequestFailedError
from r1_ros.configuration.parameter_schema import InvalidParameterError, NodeConfig, parameter
from r1_ros.runtime.lifecycle import ManagedNode
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros


@dataclass(frozen=True)
class _Config(NodeConfig):
    size: float = parameter(1.0, "Size [m].", low=0.0, high=5.0)
    label: str = parameter("a", "Label.", choices=("a", "b"))
    speed: int = parameter(3, "Speed.", low=0, live=True)

    def check(self) -> None:
        if self.label == "b" and self.size > 2:
            raise InvalidParameterError(f"size must be at most 2 for label b, got {self.size}")


class _Node(ManagedNode[_Config]):
    config_class = _Config

    def __init__(self, fail: Exception | None = None, **parameters: object) -> None:
        self.log: list[str] = []
        self.fail = fail
        overrides = [Parameter(name, value=value) for name, value in parameters.items()]
        super().__init__("managed", parameter_overrides=overrides)

    def configure(self) -> None:
        self.log.append("configure")
        if self.fail is not None:
            raise self.fail

    def activate(self) -> None:
        self.log.append("activate")

    def deactivate(self) -> None:
        self.log.append("deactivate")

    def cleanup(self) -> None:
        self.log.append("cleanup")


def test_autostart_activates_and_end_undoes_it(ros: Spinner) -> None:
    node = ros.add(_Node())
    ros.until(lambda: node.is_active)
    node.end()
    assert node.log == ["configure", "activate", "deactivate", "cleanup"]


def test_a_destroyed_node_leaves_no_services_behind(ros: Spinner) -> None:
    """Half of them, left to the garbage collector, hides those of the next node of the name."""
    watching = ros.add(Node("watching"))
    request = "rq/managed/get_stateRequest"

    def services() -> int:
        return len(watching.get_subscriptions_info_by_topic(request, no_mangle=True))

    node = _Node(autostart=False)  # held until the end: nothing is collected
    ros.until(lambda: services() == 1)
    node.destroy_node()
    ros.until(lambda: services() == 0)


def test_without_autostart_a_manager_drives_the_node(ros: Spinner) -> None:
    node = ros.add(_Node(autostart=False))
    ros.spin(0.2)
    assert node.log == []
    change = node.create_client(ChangeState, "managed/change_state")
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert ros.call(change, request).success
    state = ros.call(node.create_client(GetState, "managed/get_state"), GetState.Request())
    assert state.current_state.label == "active" and node.is_active


def test_a_transition_that_the_state_has_not_is_refused(ros: Spinner, capfd) -> None:
    """rclpy raises in the service's callback, and the process would end."""
    node = ros.add(_Node(autostart=False))
    change = node.create_client(ChangeState, "managed/change_state")
    for transition in (Transition.TRANSITION_ACTIVATE, 77):
        request = ChangeState.Request(transition=Transition(id=transition))
        assert not ros.call(change, request).success
    assert "no transition 77 from 'unconfigured'; there are: configure" in capfd.readouterr().err
    assert node.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_a_known_error_fails_the_transition_with_one_line(ros: Spinner, capfd) -> None:
    node = ros.add(_Node(fail=OSError("no such\n model"), autostart=False))
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    assert node.log == ["configure", "cleanup"]
    assert "configure failed: no such model" in capfd.readouterr().err
    node.fail = None
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_a_defect_is_logged_with_its_trace_and_leaves_the_node_alive(ros: Spinner, capfd) -> None:
    node = ros.add(_Node(fail=ZeroDivisionError("oops"), autostart=False))
    assert node.trigger_configure() == TransitionCallbackReturn.ERROR
    assert "ZeroDivisionError: oops" in capfd.readouterr().err
    node.fail = None
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


@pytest.mark.parametrize(
    "bad", [{"size": 9.0}, {"size": 1}, {"label": "c"}, {"label": "b", "size": 3.0}]
)
def test_a_bad_value_at_start_is_refused_by_name(ros: Spinner, bad: dict) -> None:
    with pytest.raises(InvalidParameterError, match="|".join(bad)):
        _Node(**bad)


def test_sets_are_checked_and_live_ones_followed(ros: Spinner) -> None:
    node = ros.add(_Node())
    ros.until(lambda: node.is_active)

    def set_one(name: str, value: object):
        return node.set_parameters([Parameter(name, value=value)])[0]

    assert set_one("speed", 7).successful and node.config.speed == 7
    refused = set_one("speed", -1)
    assert not refused.successful and node.config.speed == 7
    late = set_one("size", 2.0)
    assert not late.successful and "clean up" in late.reason
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert set_one("size", 3.0).successful
    rule = set_one("label", "b")
    assert not rule.successful and "at most 2" in rule.reason
    node.trigger_configure()
    assert node.config.size == 3.0


_PROGRAM = """
    import sys
    from tests.ros.test_lifecycle import _Node
    from r1_ros.runtime.lifecycle import spin_node
    class Loud(_Node):
        def activate(self):
            print("active", flush=True)
        def cleanup(self):
            print("cleaned", flush=True)
    sys.exit(spin_node(Loud))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_process_cleanly(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_PROGRAM)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "active"
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0 and "cleaned" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--params-file", "bad.yaml"), "bad.yaml"),
        (("--params-file", "nowhere.yaml"), "nowhere.yaml"),
        (("-r", "a b"), "remap rule: '-r a b'"),
        (("--what",), "unknown ROS arguments: ['--what']"),
    ],
)
def test_arguments_that_ros_refuses_are_told_without_a_traceback(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfea")
    command = [sys.executable, "-c", textwrap.dedent(_PROGRAM), "--ros-args", *arguments]
    root = Path(__file__).parents[2]
    process = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 1 and not process.stdout
    assert said in process.stderr.splitlines()[-1] and "Traceback" not in process.stderr


_SLOW_END = """
    import sys, time
    from tests.ros.test_lifecycle import _Node
    from r1_ros.runtime.lifecycle import spin_node
    class Slow(_Node):
        def activate(self):
            print("active", flush=True)
        def deactivate(self):
            time.sleep(2.0)
        def cleanup(self):
            print("cleaned", flush=True)
    sys.exit(spin_node(Slow))
"""


def test_signals_in_quick_succession_end_the_process_cleanly() -> None:
    """Ctrl-C reaches a node from the terminal and from its launcher, SIGTERM may follow."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_SLOW_END)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().strip() == "active"
    for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
        time.sleep(0.4)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0 and "cleaned" in out
    assert "Traceback" not in errors


def test_a_node_that_nobody_starts_says_what_it_waits_for() -> None:
    text = (
        "import sys, threading, os, signal\n"
        "from tests.ros.test_lifecycle import _Node\n"
        "from r1_ros.runtime.lifecycle import spin_node\n"
        "threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()\n"
        "sys.exit(spin_node(_Node))\n"
    )
    command = [sys.executable, "-c", text, "--ros-args", "-p", "autostart:=false"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0 and "waiting to be configured" in done.stderr


_SLOW_INTERPRETER = """
    import atexit, time
    from tests.ros.test_lifecycle import _Node
    from r1_ros.runtime.lifecycle import end_process, spin_node
    class Heavy(_Node):
        def activate(self):
            print("active", flush=True)
        def cleanup(self):
            print("cleaned")  # not flushed
    atexit.register(time.sleep, 60.0)  # as modules that are taken apart
    end_process(spin_node(Heavy))
"""
_SLOW_START = """
    import time
    from tests.ros.test_lifecycle import _Node
    from r1_ros.runtime.lifecycle import end_process, spin_node
    class Slow(_Node):
        def configure(self):
            print("active", flush=True)  # a model is loaded
            time.sleep(60.0)
    end_process(spin_node(Slow))
"""


@pytest.mark.parametrize(("program", "said"), [(_SLOW_INTERPRETER, "cleaned"), (_SLOW_START, "")])
def test_a_node_ends_before_its_launcher_loses_patience(program: str, said: str) -> None:
    """15 s after SIGINT ROS's launch kills: the libraries' own end and a load may take longer."""
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().strip() == "active"
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=40)
    assert process.returncode == 0 and said in out


_LONG_PLAN = """
    import sys
    from r1_ros.runtime.lifecycle import spin_node
    from r1_ros.nodes.plan_executor import PlanExecutor
    from r1_ros.plans.simulated_robot import SimulatedRobot
    class Slow(SimulatedRobot):
        def execute(self, *arguments):
            print("executing", flush=True)
            super().execute(*arguments)
    node = lambda: PlanExecutor(lambda _: Slow(60.0), namespace="ending_plan")
    sys.exit(spin_node(node))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_middle_of_a_goal_ends_it_with_a_result(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_LONG_PLAN)], stdout=subprocess.PIPE, text=True
    )
    with R1Client("ending_plan", discovery_timeout=30.0) as client, ThreadPoolExecutor(1) as pool:
        plan = pool.submit(client.execute_plan, [PlanStep(action="wait")])
        assert process.stdout.readline().strip() == "executing"
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
        with pytest.raises(RequestFailedError) as caught:
            plan.result(timeout=20)
    assert caught.value.code == ErrorCode.INACTIVE


def test_a_bad_parameter_ends_the_process_with_one_line() -> None:
    command = [sys.executable, "-c", textwrap.dedent(_PROGRAM), "--ros-args", "-p", "size:=77.0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, env=os.environ)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1 and "size" in done.stderr
