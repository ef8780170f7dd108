"""A ROS message as plain data."""

from __future__ import annotations

import array
import math
from typing import Any

import numpy as np


def message_to_dict(message: Any) -> Any:
    """Nested dicts and lists; NaN and infinities, which JSON lacks, become None."""
    if hasattr(message, "get_fields_and_field_types"):
        names = message.get_fields_and_field_types()
        return {name: message_to_dict(getattr(message, name)) for name in names}
    if isinstance(message, array.array | np.ndarray):
        message = message.tolist()
    if isinstance(message, list | tuple):
        return [message_to_dict(item) for item in message]
    if isinstance(message, float) and not math.isfinite(message):
        return None
    if isinstance(message, np.generic):
        return message_to_dict(message.item())
    return message
