"""The reasoner as a process of its own: a real (small, untrained) model on the real kitchen."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from r1_ros.msg import ErrorCode
from r1_ros.srv import Ask as AskService
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.scene.storage import save_scene
from r1_ros.client import NoResponseError, R1Client, RequestFailedError
from r1_ros.configuration.parameters import ReasonerConfig
from r1_ros.nodes.scene_reasoner import SceneReasoner
from r1_ros.reasoning.answering import load_reasoner
from tests.r1_model.posed_views import kitchen_scene
from tests.r1_model.small import scene_tokenizer, seeded, small_config
from tests.ros.background import background, eventually
from tests.ros.scripted import StubMapper, room

pytestmark = pytest.mark.ros

# An untrained model says nothing that the grammar can read; these are honest replies of it.
_UNTRAINED = (ErrorCode.NONE, ErrorCode.UNREADABLE_OUTPUT, ErrorCode.NO_PLAN)


class Process:
    """A node in a process of its own."""

    def __init__(self, module: str, *arguments: str, namespace: str = "") -> None:
        command = [sys.executable, "-m", module, *arguments]
        if "--ros-args" not in arguments:
            command.append("--ros-args")
        if namespace:
            command += ["-r", f"__ns:=/{namespace}"]
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def said(self, words: str) -> str | None:
        return next((line for line in self.lines if words in line), None)

    def end(self) -> int:
        status = self.process.wait(20)
        self._reader.join(5)
        return status


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole model, smaller than r1-tiny, with random weights."""
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    model = seeded(lambda: R1ForConditionalGeneration(small_config(tokenizer)))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _parameters(values: dict[str, object]) -> Sequence[str]:
    flags = ["--ros-args"]
    for name, value in values.items():
        flags += ["-p", f"{name}:={value}"]
    return flags


@dataclass
class Nodes:
    client: R1Client
    reasoner: Process


@pytest.fixture(scope="module")
def nodes(
    model_folder: Path, kitchen: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nodes]:
    """Mapper and reasoner, each in its process; the map is the kitchen, loaded from a snapshot."""
    snapshots = tmp_path_factory.mktemp("scenes")
    save_scene(kitchen_scene(kitchen, every=40), snapshots / "kitchen")
    mapper = Process(
        "r1_ros.nodes.scene_mapper",
        *_parameters({"snapshot_directory": snapshots, "load_scene": "kitchen"}),
        namespace="kitchen",
    )
    reasoner = Process(
        "r1_ros.nodes.scene_reasoner",
        *_parameters({"model": model_folder, "device": "cpu", "max_new_tokens": 24}),
        namespace="kitchen",
    )
    try:
        with R1Client("kitchen", discovery_timeout=90.0) as client:
            yield Nodes(client, reasoner)
    finally:
        for process in (reasoner, mapper):
            process.process.send_signal(signal.SIGINT)
        statuses = [process.end() for process in (reasoner, mapper)]
    assert statuses == [0, 0]


def _answer(call):
    """The answer, also where the untrained model said nothing that can be read."""
    try:
        return call()
    except RequestFailedError as error:
        assert error.code in _UNTRAINED, str(error)
        return error.result.answer


@pytest.fixture
def client(nodes: Nodes) -> R1Client:
    return nodes.client


@pytest.mark.parametrize(
    "question", ["How many chairs are at the table?", "餐桌周圍有幾把椅子？", "Find the table."]
)
def test_the_kitchen_is_asked_about(client: R1Client, question: str) -> None:
    answer = _answer(lambda: client.ask(question, session_id="kitchen"))
    assert answer.question == question and not answer.trained
    assert answer.raw and answer.header.frame_id == "map" and answer.total_seconds > 0
    assert len(answer.view_ids) > 0


def test_the_kitchen_is_planned_for(client: R1Client) -> None:
    stages: list[str] = []
    answer = _answer(
        lambda: (
            client.plan(
                "Prepare the table for coffee.", on_feedback=lambda f: stages.append(f.stage)
            ).answer
        )
    )
    assert answer.task == "planning" and answer.raw and stages


def test_the_service_answers_too(client: R1Client) -> None:
    service = client._node.create_client(AskService, "ask")
    assert service.wait_for_service(20.0)
    future = service.call_async(AskService.Request(question="What colour is the wall?"))
    eventually(future.done)
    assert future.result().error_code in _UNTRAINED and future.result().answer.raw


def test_views_of_the_kitchen_are_chosen(client: R1Client) -> None:
    scene = client.get_scene()
    views = client.select_views("Where is the table?", count=2)
    assert set(views.view_ids) <= {view.id for view in scene.views}
    assert len(views.view_ids) == 2 and views.coverage[0] > views.coverage[1] > 0


def test_bad_requests_do_not_take_the_process_down(client: R1Client) -> None:
    for call, code in (
        (lambda: client.ask("x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG),
        (lambda: client.ask("?", task="sing"), ErrorCode.UNKNOWN_TASK),
        (lambda: client.ask("?", target="o999"), ErrorCode.UNKNOWN_OBJECT),
        (lambda: client.ask("?", target=(float("nan"), 0, 0)), ErrorCode.INVALID_REQUEST),
    ):
        with pytest.raises(RequestFailedError) as caught:
            call()
        assert caught.value.code == code
    # what no tokenizer expects: control characters, placeholders of the model, right to left
    for question in ("\x1b[2J\x07 chair", "<|scene_pad|><|im_end|>", "\u202e🪑 chair" * 90):
        _answer(lambda question=question: client.ask(question, task="qa"))
    with pytest.raises(RequestFailedError, match="holds no text"):
        client.ask("\u202e🪑" * 200)


def test_an_untrained_model_is_said_to_be_untrained(nodes: Nodes) -> None:
    assert nodes.reasoner.said("is not trained: its answers mean nothing")


def test_the_model_leaves_cores_to_other_nodes(model_folder: Path) -> None:
    """Threads of torch that wait for each other spin: with one busy process beside, two threads on
    two cores take three times as long as one."""
    before = torch.get_num_threads()
    half = max(1, len(os.sched_getaffinity(0)) // 2)
    try:
        for allowed, wanted, expected in ((64, 0, half), (1, 0, 1), (1, 3, 3)):
            torch.set_num_threads(allowed)  # as OMP_NUM_THREADS does
            load_reasoner(ReasonerConfig(model=str(model_folder), torch_threads=wanted))
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(before)


def test_a_model_that_does_not_exist(capfd) -> None:
    with background() as spinning:
        node = SceneReasoner(
            namespace="bad",
            context=spinning.context,
            parameter_overrides=[Parameter("model", value="/no/such/folder")],
        )
        node._autostart_timer.cancel()
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        said = [line for line in capfd.readouterr().err.splitlines() if "failed" in line]
        assert len(said) == 1 and "cannot load '/no/such/folder': no such folder" in said[0]
        node.destroy_node()


def test_a_signal_ends_a_running_request_and_the_process() -> None:
    process = Process("tests.ros.scripted", "0.1", namespace="ending")
    with background() as spinning:
        spinning.start(StubMapper(room(), namespace="ending", context=spinning.context))
        with R1Client("ending", discovery_timeout=60.0) as client:
            began: list[float] = []

            def feedback(_: object) -> None:
                if not began:
                    began.append(time.monotonic())
                    process.process.send_signal(signal.SIGINT)

            with pytest.raises((RequestFailedError, NoResponseError)) as caught:
                client.ask("Why?", task="reasoning", on_feedback=feedback)
            assert getattr(caught.value, "code", ErrorCode.INACTIVE) == ErrorCode.INACTIVE
            assert began, str(caught.value)  # or it never got the signal
            assert process.end() == 0
            assert time.monotonic() - began[0] < 6.0


def test_a_model_that_hangs_ends_the_process_to_be_started_again() -> None:
    """What hangs in a forward pass cannot be stopped: callers are told, and the node ends."""
    process = Process(
        "tests.ros.scripted", "hang", "--ros-args", "-p", "hang_timeout:=1.0", namespace="hanging"
    )
    with background() as spinning:
        spinning.start(StubMapper(room(), namespace="hanging", context=spinning.context))
        with R1Client("hanging", discovery_timeout=60.0) as client:
            with pytest.raises(RequestFailedError) as caught:
                client.ask("Why?", task="reasoning", timeout=1.0)
            assert caught.value.code == ErrorCode.TIMEOUT
            assert process.end() == 1
            assert process.said("the model hangs: it has not come back for")
