"""Answers as vision_msgs/Detection3DArray, on machines that have vision_msgs."""

from __future__ import annotations

import importlib
import math
from typing import Any

from r1_ros.msg import SceneAnswer


def detection_type() -> type | None:
    """The class Detection3DArray; None where vision_msgs is not installed."""
    try:
        return importlib.import_module("vision_msgs.msg").Detection3DArray
    except ImportError:
        return None


def detections_message(answer: SceneAnswer) -> Any:
    """The objects of an answer; ids are stable within its session.

    A score that the model did not give is 1.0: tools such as RViz hide NaN.
    """
    messages = importlib.import_module("vision_msgs.msg")
    array = messages.Detection3DArray()
    array.header = answer.header
    for item in answer.objects:
        hypothesis = messages.ObjectHypothesisWithPose()
        hypothesis.hypothesis.class_id = item.label
        hypothesis.hypothesis.score = 1.0 if math.isnan(item.score) else float(item.score)
        hypothesis.pose.pose = item.pose
        detection = messages.Detection3D()
        detection.header = answer.header
        detection.id = item.id
        detection.results = [hypothesis]
        detection.bbox.center = item.pose
        detection.bbox.size = item.size
        array.detections.append(detection)
    return array
