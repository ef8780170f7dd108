"""Lifecycle nodes that start by themselves, fail with a sentence and end cleanly."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import rclpy
from lifecycle_msgs.msg import State
from rclpy.callback_groups import CallbackGroup, MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions
from rclpy.timer import Timer

from r1_model.errors import R1Error
from r1_ros.configuration.parameter_schema import (
    Config,
    InvalidParameterError,
    declare_config,
    live_names,
    read_config,
)
from r1_ros.runtime.bond import Bond
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.executor import NodeExecutor
from r1_ros.runtime.freed_memory import GIVE_BACK_S, give_back_freed, share_heaps
from r1_ros.runtime.niceness import yield_to_others

# Of a shutdown with a second signal: launch sends SIGTERM after 5 s, and SIGKILL after 10.
_PATIENCE_S = 9.0
# How soon a signal ends the node: rclpy's wait is C code that Python signal handlers cannot cut.
_SIGNAL_POLL_S = 0.2
# Of callbacks that run when a signal comes; launch kills 15 s after it.
_LAST_CALLBACKS_S = 5.0
# How long results may take to be sent once the callbacks that made them were released.
_LAST_RESULTS_S = 0.3
# For timers that must go on while simulated time stands still.
_CHANGE_STATE = "_LifecycleNodeMixin__change_state"  # rclpy's, private to its class
STEADY = Clock(clock_type=ClockType.STEADY_TIME)


T = TypeVar("T")


class NotConfiguredError(RuntimeError):
    """A part of a node that `configure` makes was used before that, or after `cleanup`."""


def configured(part: T | None) -> T:
    """What `configure` made.

    Raises:
        NotConfiguredError: it is not there.
    """
    if part is None:
        raise NotConfiguredError("the node is not configured")
    return part


class ManagedNode(LifecycleNode, Generic[Config]):
    """Base of the nodes. Subclasses override `configure`, `activate`, `deactivate`, `cleanup`.

    These may raise any of `start_errors`: the transition then fails and the message is logged as
    one line. `deactivate` and `cleanup` must also work after a half-finished start. With the
    parameter `autostart` the node configures and activates itself once it is spun.

    Attributes:
        config: the parameters; read again at `configure`, live ones follow at once.
        executor_threads: threads of the executor that `spin_node` makes.
        inline_group: callbacks that run in the thread that spins (many short ones).
        start_errors: exceptions that a transition reports as a failure.
        broken: set it when the node cannot go on in this process: it ends with status 1.
    """

    config_class: ClassVar[type]
    executor_threads: ClassVar[int] = 3
    start_errors: ClassVar[tuple[type[Exception], ...]] = (OSError, ValueError, R1Error)

    def __init__(self, name: str, **node_arguments: Any) -> None:
        """Declare the parameters.

        Args:
            name: of the node.
            **node_arguments: as for `rclpy.node.Node` (namespace, parameter_overrides, ...).

        Raises:
            InvalidParameterError: a parameter has a value that is not allowed.
        """
        super().__init__(name, **node_arguments)
        self.inline_group: CallbackGroup | None = None
        self._live = live_names(self.config_class)
        names = {field.name for field in dataclasses.fields(self.config_class)}
        self._fixed = names - self._live
        self._state = State.PRIMARY_STATE_UNCONFIGURED
        self._ending = False
        self.broken = False
        self._bond: Bond | None = None
        self._bond_group = MutuallyExclusiveCallbackGroup()
        self._start_is_over = threading.Event()
        self.config: Config = declare_config(self, self.config_class)
        self.add_on_set_parameters_callback(self._refuse_late_changes)
        self.add_post_set_parameters_callback(self._follow_live_changes)
        self._autostart_timer: Timer | None = None
        if not self.config.autostart:
            self._start_is_over.set()
            self.get_logger().info(
                f"waiting to be configured: ros2 lifecycle set {self.get_fully_qualified_name()} "
                "configure, then activate"
            )
        else:
            self._autostart_timer = self.create_timer(
                0.0,
                self._autostart,
                callback_group=MutuallyExclusiveCallbackGroup(),
                clock=STEADY,  # simulated time may not have begun
            )

    # What a node does at each transition.

    def configure(self) -> None:
        """Make what needs no input: load files and models, create publishers and services."""

    def activate(self) -> None:
        """Start to take messages and requests."""

    def deactivate(self) -> None:
        """Stop what `activate` started."""

    def cleanup(self) -> None:
        """Undo `configure`."""

    def interrupt(self) -> None:
        """The process is about to end: release the threads in which callbacks wait.

        Overrides call this first: whatever asks from now on finds the node inactive.
        """
        self._ending = True

    @property
    def is_active(self) -> bool:
        """True between the end of `activate` and the start of `deactivate` or of the end."""
        return self._state == State.PRIMARY_STATE_ACTIVE and not self._ending

    def wait_for_start(self) -> None:
        """Wait until a node that starts by itself has done so, or failed to.

        Services and actions exist from `configure` on: whoever waits for them to appear may ask a
        moment before the node is active, and should be served. For callbacks of a thread pool.
        """
        self._start_is_over.wait()

    def fix_while_configured(self, names: Iterable[str]) -> None:
        """Refuse changes of more parameters than those of `config_class` while configured."""
        self._fixed |= set(names)

    def end(self) -> None:
        """Deactivate and clean up, from whatever state; before `destroy_node`."""
        if self._state == State.PRIMARY_STATE_ACTIVE:
            self.on_deactivate(LifecycleState("active", State.PRIMARY_STATE_ACTIVE))
        if self._state == State.PRIMARY_STATE_INACTIVE:
            self.on_cleanup(LifecycleState("inactive", State.PRIMARY_STATE_INACTIVE))

    # rclpy's side.

    def destroy_node(self) -> None:
        """As rclpy's; and destroy the lifecycle services, which it leaves to the garbage collector.

        Clients of the next node of this name would count servers that are half gone, and find none.
        """
        super().destroy_node()
        self._state_machine.destroy_when_not_in_use()

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `configure`."""

        def configure() -> None:
            self.config = read_config(self, self.config_class)
            self.configure()

        result = self._attempt("configure", configure, undo=self.cleanup)
        if result == TransitionCallbackReturn.SUCCESS:
            self._state = State.PRIMARY_STATE_INACTIVE
            result = super().on_configure(state)
        return result

    def _LifecycleNodeMixin__change_state(  # noqa: N802  # rclpy's own name
        self, transition_id: int
    ) -> TransitionCallbackReturn:
        """As rclpy's (Jazzy's 7.1), which raises where the state has no such transition.

        That would end the process: a manager that lost a response asks for the same one again.
        """
        available = self._state_machine.available_transitions
        if transition_id not in {transition[0] for transition in available}:
            names = ", ".join(sorted({transition[1] for transition in available})) or "none"
            state = self._state_machine.current_state[1]
            self.get_logger().warning(
                f"no transition {transition_id} from {state!r}; there are: {names}"
            )
            return TransitionCallbackReturn.FAILURE
        change: Callable[[int], TransitionCallbackReturn] = getattr(super(), _CHANGE_STATE)
        return change(transition_id)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `activate`."""
        result = self._attempt("activate", self.activate, undo=self.deactivate)
        if result == TransitionCallbackReturn.SUCCESS:
            self._state = State.PRIMARY_STATE_ACTIVE
            result = super().on_activate(state)
            self._bond = Bond(self, self._bond_group)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `deactivate`."""
        self._state = State.PRIMARY_STATE_INACTIVE
        if self._bond is not None:
            self._bond.close()
            self._bond = None
        super().on_deactivate(state)
        return self._attempt("deactivate", self.deactivate)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """See `cleanup`."""
        self._state = State.PRIMARY_STATE_UNCONFIGURED
        super().on_cleanup(state)
        return self._attempt("cleanup", self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate and clean up."""
        self.end()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up after a defect, so that the node can be configured again."""
        self.end()
        return super().on_error(state)

    def _attempt(
        self, name: str, work: Callable[[], None], undo: Callable[[], None] | None = None
    ) -> TransitionCallbackReturn:
        try:
            work()
        except self.start_errors as error:
            line = " ".join(str(error).split()) or type(error).__name__
            self.get_logger().error(f"{name} failed: {line}")
            if undo is not None:
                undo()
            return TransitionCallbackReturn.FAILURE
        except Exception:
            # rclpy turns this into a silent ERROR state; the trace would be lost.
            self.get_logger().fatal(f"{name} failed by a defect:\n{traceback.format_exc()}")
            raise
        return TransitionCallbackReturn.SUCCESS

    def _autostart(self) -> None:
        if self._autostart_timer is not None:
            self._autostart_timer.cancel()
        try:
            if self._state != State.PRIMARY_STATE_UNCONFIGURED:
                return  # somebody was faster
            configured = self.trigger_configure() == TransitionCallbackReturn.SUCCESS
            if configured and not self._ending:
                self.trigger_activate()
        finally:
            self._start_is_over.set()

    def _refuse_late_changes(self, changes: list[Parameter]) -> rclpy.node.SetParametersResult:
        late = [change.name for change in changes if change.name in self._fixed]
        if late and self._state != State.PRIMARY_STATE_UNCONFIGURED:
            return rclpy.node.SetParametersResult(
                successful=False,
                reason=f"{', '.join(late)} cannot change now: deactivate and clean up first",
            )
        return rclpy.node.SetParametersResult(successful=True)

    def _follow_live_changes(self, changes: list[Parameter]) -> None:
        live = {c.name: c.value for c in changes if c.name in self._live}
        if live:
            self.config = dataclasses.replace(self.config, **live)


def spin_node(node_class: Callable[[], ManagedNode], arguments: Sequence[str] | None = None) -> int:
    """Run a node until SIGINT, SIGTERM or a shutdown of its context.

    Returns:
        Exit status: 0 after a clean end; 1 when the node could not be made (one line says why), or
        has found itself `broken`: whoever started it is to start it again.
    """
    share_heaps()
    use_large_message_transport()
    arguments = list(sys.argv if arguments is None else arguments)
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.UnknownROSArgsError as error:
        return _not_started(arguments[0], f"unknown ROS arguments: {error}")
    except rclpy_implementation.RCLError as error:  # of a parameter file or a remap rule
        # rcl goes on with where in its own source that was
        return _not_started(arguments[0], str(error).partition(", at /")[0].strip())
    signals = _Signals()
    try:
        node = node_class()
    except InvalidParameterError as error:
        print(f"{node_class.__name__}: {error}", file=sys.stderr)
        rclpy.try_shutdown()
        signals.restore()
        return 1
    executor = NodeExecutor(node.executor_threads, node.inline_group)
    executor.add_node(node)
    try:
        yield_to_others(node.config.niceness)
    except OSError as error:  # a robot maps without it too
        node.get_logger().warning(f"niceness {node.config.niceness} is not kept: {error}")
    try:
        _spin_while(executor, lambda: not signals.came and not node.broken)
        _answer_callers(node, executor)
    except ExternalShutdownException:
        pass
    finally:
        node.interrupt()  # what came in since; and where a defect ended the spinning
        if executor.shutdown(timeout_sec=_LAST_CALLBACKS_S) and not node.broken:
            node.end()
            node.destroy_node()
        # else a model is still being loaded: nothing is taken from under it, the process ends
        rclpy.try_shutdown()
    return int(node.broken)  # signals stay handled until the process has ended


def _not_started(program: str, why: str) -> int:
    print(f"{Path(program).stem}: {why}", file=sys.stderr)
    return 1


def end_process(status: int) -> NoReturn:
    """End at once, with what was written.

    The interpreter would take every module apart first. With torch in it that took 25 s on two
    busy cores, and a launcher kills what has not ended after 15.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()
    os._exit(status)


def _spin_while(executor: NodeExecutor, condition: Callable[[], bool]) -> None:
    given_back = time.monotonic()
    while rclpy.ok() and condition():
        if time.monotonic() - given_back > GIVE_BACK_S:
            give_back_freed()
            given_back = time.monotonic()
        # rclpy raises it for an event of a subscription that was destroyed a moment ago
        with contextlib.suppress(InvalidHandle):
            executor.spin_once(timeout_sec=_SIGNAL_POLL_S)


class _Signals:
    """SIGINT and SIGTERM end the node; more of them within the patience change nothing.

    Ctrl-C reaches a node from the terminal and once more from its launcher: callers are answered
    all the same. After the patience a signal ends a shutdown that hangs, as if nobody had handled
    it.
    """

    def __init__(self) -> None:
        self.came = False
        self._first = 0.0
        self._previous: dict[signal.Signals, Any] = {
            number: signal.signal(number, self._handle)
            for number in (signal.SIGINT, signal.SIGTERM)
        }

    def restore(self) -> None:
        """Back to what was before."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: object) -> None:
        if not self.came:
            self.came, self._first = True, time.monotonic()
        elif time.monotonic() - self._first > _PATIENCE_S:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)


def _answer_callers(node: ManagedNode, executor: NodeExecutor) -> None:
    """Release the callbacks that wait, and spin on: the executor sends the results of actions."""
    interrupting = threading.Thread(target=node.interrupt, name="interrupt", daemon=True)
    interrupting.start()
    _spin_while(executor, interrupting.is_alive)
    deadline = time.monotonic() + _LAST_RESULTS_S
    _spin_while(executor, lambda: time.monotonic() < deadline)
