"""Where a lens model can be believed: polynomials turn back outside of what they fit."""

from __future__ import annotations

import cv2
import numpy as np


def unfolded(map_x: np.ndarray, map_y: np.ndarray, u: float, v: float) -> np.ndarray:
    """(H, W) bool: the pixels around the principal point that the model shows once.

    With coefficients that are too large, or of a lens whose calibration saw its middle alone,
    what lies farther out comes back toward the middle: it would be mapped a second time, mirrored.

    Args:
        map_x, map_y: (H, W) float32, where in the distorted image each pixel comes from.
        u, v: principal point of the undistorted image, pixels; may lie outside.
    """
    height, width = map_x.shape
    if min(height, width) < 2:
        return np.ones((height, width), bool)
    (x_down, x_right), (y_down, y_right) = np.gradient(map_x), np.gradient(map_y)
    with np.errstate(invalid="ignore", over="ignore"):
        upright = x_right * y_down - x_down * y_right > 0
    # Beyond the first fold may lie a second one, behind which all is upright again.
    _, parts = cv2.connectedComponents(upright.astype(np.uint8), connectivity=4)
    middle = parts[round(np.clip(v, 0, height - 1)), round(np.clip(u, 0, width - 1))]
    return (parts == middle) & upright
