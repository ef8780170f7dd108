"""Parameters as dataclasses: one definition gives default, description, range and validation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

_UNBOUNDED_INTEGER = 2**63 - 1
_UNBOUNDED_FLOAT = 1.7e308


class InvalidParameterError(ValueError):
    """A parameter has a value that is not allowed; the message names parameter, value and rule."""


def parameter(
    default: bool | int | float | str,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[str] = (),
    live: bool = False,
) -> Any:
    """A dataclass field that is a ROS parameter.

    Args:
        default: its type is the parameter's type.
        description: one sentence, with the unit in brackets.
        low, high: inclusive bounds of a number; None: unbounded.
        choices: the allowed texts.
        live: a change applies at once. Others are read at `configure` and refused while the node
            is configured.
    """
    metadata = {
        "description": description,
        "low": low,
        "high": high,
        "choices": tuple(choices),
        "live": live,
    }
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True)
class ParameterGroup:
    """Base of parameters that are declared together; checks each value's type and range.

    Subclasses add rules that span parameters in `check`.

    Raises:
        InvalidParameterError: a value is not allowed.
    """

    def __post_init__(self) -> None:
        for spec in dataclasses.fields(self):
            _check_value(spec, getattr(self, spec.name))
        self.check()

    def check(self) -> None:
        """Rules that span parameters; raise InvalidParameterError."""


NICENESS = (
    "By how much the node's process yields the CPU to others, as nice(1): added to what it was "
    "started with, once, at its start."
)


@dataclass(frozen=True)
class NodeConfig(ParameterGroup):
    """Base of every node's parameters."""

    autostart: bool = parameter(
        True, "Configure and activate at start, without a lifecycle manager."
    )
    diagnostics_period: float = parameter(
        1.0, "Time between two messages on /diagnostics [s].", low=0.1, high=60.0
    )
    niceness: int = parameter(0, NICENESS, low=0, high=19)


Config = TypeVar("Config", bound=ParameterGroup)


def _check_value(spec: dataclasses.Field, value: Any) -> None:
    rules = spec.metadata
    if type(value) is not type(spec.default):
        way = f"; write {value}.0" if type(value) is int and type(spec.default) is float else ""
        raise InvalidParameterError(
            f"{spec.name} must be a {type(spec.default).__name__}, got {value!r}{way}"
        )
    below = rules["low"] is not None and not value >= rules["low"]  # NaN fails too
    above = rules["high"] is not None and not value <= rules["high"]
    if below or above:
        raise InvalidParameterError(
            f"{spec.name} must lie in [{_bound(rules['low'])}, {_bound(rules['high'])}], "
            f"got {value!r}"
        )
    if rules["choices"] and value not in rules["choices"]:
        raise InvalidParameterError(
            f"{spec.name} must be one of {', '.join(rules['choices'])}, got {value!r}"
        )


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def declare_config(node: Node, config_class: type[Config], prefix: str = "") -> Config:
    """Declare every parameter of `config_class` on the node and read them.

    From then on a set that breaks a rule is refused with the reason.

    Args:
        node: whose parameters they are.
        config_class: names, defaults and rules.
        prefix: before every name, as `front.` of `front.depth_max`.

    Raises:
        InvalidParameterError: a value from the command line or a parameter file is not allowed.
    """
    for spec in dataclasses.fields(config_class):
        try:
            node.declare_parameter(prefix + spec.name, spec.default, _descriptor(spec, prefix))
        except InvalidParameterTypeException as error:
            hint = " (write 1.0, not 1)" if isinstance(spec.default, float) else ""
            raise InvalidParameterError(f"{error}{hint}") from None
        except InvalidParameterValueException as error:
            raise InvalidParameterError(str(error)) from None
    config = read_config(node, config_class, prefix)
    node.add_on_set_parameters_callback(lambda changes: _vet(node, config_class, prefix, changes))
    return config


def read_config(node: Node, config_class: type[Config], prefix: str = "") -> Config:
    """The node's present parameters.

    Raises:
        InvalidParameterError: a value is not allowed.
    """
    return _made(config_class, prefix, _present(node, config_class, prefix))


def live_names(config_class: type[ParameterGroup]) -> frozenset[str]:
    """Names of the parameters that apply at once when they are set."""
    return frozenset(s.name for s in dataclasses.fields(config_class) if s.metadata["live"])


def parameter_table(config_class: type[ParameterGroup], prefix: str = "") -> str:
    """Parameters as a Markdown table, for docs/interfaces.md; `prefix` stands before each name."""
    lines = ["| parameter | default | range | meaning |", "|---|---|---|---|"]
    for spec in dataclasses.fields(config_class):
        rules = spec.metadata
        allowed = ", ".join(f"`{choice}`" for choice in rules["choices"])
        if rules["low"] is not None or rules["high"] is not None:
            allowed = f"{_bound(rules['low'])} to {_bound(rules['high'])}"
        default = str(spec.default).lower() if isinstance(spec.default, bool) else spec.default
        live = " Applies at once." if rules["live"] else ""
        shown = f"`{default}`" if default != "" else "empty"
        lines.append(
            f"| `{prefix}{spec.name}` | {shown} | {allowed} | {rules['description']}{live} |"
        )
    return "\n".join(lines)


def _present(node: Node, config_class: type[ParameterGroup], prefix: str) -> dict[str, Any]:
    names = [spec.name for spec in dataclasses.fields(config_class)]
    return {name: node.get_parameter(prefix + name).value for name in names}


def _made(config_class: type[Config], prefix: str, values: dict[str, Any]) -> Config:
    try:
        return config_class(**values)
    except InvalidParameterError as error:
        raise InvalidParameterError(f"{prefix}{error}") from None


def _vet(
    node: Node, config_class: type[ParameterGroup], prefix: str, changes: list[Parameter]
) -> SetParametersResult:
    names = {prefix + spec.name: spec.name for spec in dataclasses.fields(config_class)}
    wanted = {names[change.name]: change.value for change in changes if change.name in names}
    if wanted:
        try:
            _made(config_class, prefix, _present(node, config_class, prefix) | wanted)
        except InvalidParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _descriptor(spec: dataclasses.Field, prefix: str) -> ParameterDescriptor:
    rules = spec.metadata
    descriptor = ParameterDescriptor(name=prefix + spec.name, description=rules["description"])
    if rules["choices"]:
        descriptor.additional_constraints = "one of: " + ", ".join(rules["choices"])
    if rules["low"] is None and rules["high"] is None:
        return descriptor
    if isinstance(spec.default, float):
        low = -_UNBOUNDED_FLOAT if rules["low"] is None else float(rules["low"])
        high = _UNBOUNDED_FLOAT if rules["high"] is None else float(rules["high"])
        descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
    else:
        low = -_UNBOUNDED_INTEGER if rules["low"] is None else int(rules["low"])
        high = _UNBOUNDED_INTEGER if rules["high"] is None else int(rules["high"])
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    return descriptor
