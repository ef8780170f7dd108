"""sensor_msgs CameraInfo: the pinhole camera behind an image, and how to take distortion out."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo

from r1_ros.messages.lens_folds import unfolded
from r1_ros.runtime.errors import BadMessageError

# Names of distortion models as drivers write them, small letters and digits only.
_EQUIDISTANT = ("equidistant", "fisheye", "kannalabrandt", "kannalabrandt4", "kb4")
_POLYNOMIAL = ("plumbbob", "rationalpolynomial", "radtan", "radialtangential", "brownconrady")
_NO_DISTORTION = ("", "none", "pinhole", "perspective")
# pinhole cameras whose coefficients OpenCV would read the wrong way round: zeros alone are clear
_OTHER_POLYNOMIALS = ("inversebrownconrady", "modifiedbrownconrady")
_MOST_CAMERAS = 16  # on one topic; frames with new names must not fill the memory
_MAX_SIDE = 32_766  # OpenCV's remap takes no longer ones, and no camera has them
# How far sideways a pixel may look, per metre ahead (89.4 degrees): what lies in that direction
# would be mapped beyond any room.
_MAX_SLOPE = 100.0
# Part of an image's sides at which no principal point lies, unless the image is a part of another
# one: K is of a larger image then. Lenses and rectification shift it by a tenth or two.
_FAR_SIDE = 0.8
# Nor does it lie this far off in both: K is of another size then (2/3 or half of one, or more).
_FAR_CORNER, _NEAR_CORNER = 0.7, 0.3
_MOST_SKEW = 1.0  # pixels; calibrations of straight pixels end with a little of it
_LEAST_SHOWN = 0.05  # of an image's pixels; where a lens model leaves fewer, it is of no lens


@dataclass(frozen=True)
class CameraModel:
    """A calibrated camera.

    Attributes:
        K: (3, 3) float64 pixels, of the images as they are sent (binning and ROI applied) and of
            the images that `undistort_*` return.
        width, height: size of the images, pixels; 0 where the message did not say.
    """

    K: np.ndarray
    width: int
    height: int
    _distortion: np.ndarray
    _fisheye: bool
    _cropped: bool = False
    # None: the distortion leaves next to nothing of an image of that size
    _maps: dict[tuple[int, int], tuple[np.ndarray, np.ndarray] | None] = field(default_factory=dict)

    @property
    def distorted(self) -> bool:
        """True where `undistort_*` change the image.

        A fisheye lens does so with coefficients of 0 as well: it is no pinhole then either.
        """
        return self._fisheye or bool(self._distortion.any())

    def check(self, width: int, height: int) -> None:
        """An image of this size, pixels, can come from this camera.

        Raises:
            BadMessageError: the camera info tells of another size, no pixel could look where its
                corners would, or OpenCV cannot work on an image that long.
        """
        if (self.width or width, self.height or height) != (width, height):
            raise BadMessageError(
                "sizes differ",
                f"images are {width}x{height}, the camera info says {self.width}x{self.height}",
            )
        if max(width, height) > _MAX_SIDE:
            raise BadMessageError(
                "bad image size", f"{width}x{height}, sides end at {_MAX_SIDE} pixels"
            )
        corners = np.array([[0, 0], [width - 1, height - 1]])
        with np.errstate(over="ignore"):
            slopes = np.abs((corners - self.K[:2, 2]) / self.K.diagonal()[:2])
        if not slopes.max() <= _MAX_SLOPE:
            raise BadMessageError(
                "bad camera info",
                f"no lens sees the corners of a {width}x{height} image with K {self.K.tolist()}",
            )
        u, v = self.K[:2, 2]
        low, high = sorted((u / width, v / height))
        if not self._cropped and not (
            high <= _FAR_SIDE and low <= _FAR_CORNER and high >= _NEAR_CORNER
        ):
            raise BadMessageError(
                "bad camera info",
                f"the principal point ({u:g}, {v:g}) is far from the middle of a {width}x{height} "
                "image: is K of an image of another size? A part of one is told by the roi",
            )
        if self.distorted and self._maps_of((height, width)) is None:
            raise BadMessageError(
                "bad camera info",
                f"with K {self.K.tolist()} and D {self._distortion.tolist()} next to nothing of "
                f"a {width}x{height} image is left",
            )

    def undistort_color(self, image: np.ndarray) -> np.ndarray:
        """Image (H, W, 3) as a pinhole camera with the same K sees it; black where it sees more.

        `check` has accepted its size.
        """
        if not self.distorted:
            return image
        return cv2.remap(image, *self._map(image.shape), cv2.INTER_LINEAR)

    def undistort_depth(self, depth: np.ndarray) -> np.ndarray:
        """Depth (H, W) likewise. Nearest pixel: averages across an edge measure nothing."""
        if not self.distorted:
            return depth
        return cv2.remap(depth, *self._map(depth.shape), cv2.INTER_NEAREST)

    def _map(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        maps = self._maps_of(shape)
        if maps is None:
            raise BadMessageError("bad camera info", "see `check`")
        return maps

    def _maps_of(self, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray] | None:
        """Where each pixel comes from; -1 where the lens model cannot be believed."""
        size = (shape[1], shape[0])
        if size not in self._maps:
            self._maps.clear()  # sizes that change with every image must not fill the memory
            make = cv2.fisheye if self._fisheye else cv2
            x, y = make.initUndistortRectifyMap(
                self.K, self._distortion, np.eye(3), self.K, size, cv2.CV_32FC1
            )
            known = unfolded(x, y, *self.K[:2, 2])
            x[~known] = y[~known] = -1
            shown = (x >= 0) & (x < size[0]) & (y >= 0) & (y < size[1])
            self._maps[size] = (x, y) if shown.mean() >= _LEAST_SHOWN else None
        return self._maps[size]


def camera_model(message: CameraInfo, *, rectified: bool = False) -> CameraModel:
    """The camera of a message.

    Args:
        message: K or P, distortion, binning and region of interest are honoured.
        rectified: the images are rectified already, as on topics named image_rect: take P and
            leave the distortion alone.

    Raises:
        BadMessageError: K is all zeros (uncalibrated), not finite or not a camera's, or the
            distortion model is unknown.
    """
    matrix = np.array(message.p, np.float64).reshape(3, 4)[:, :3] if rectified else message.k
    K = np.array(matrix, np.float64).reshape(3, 3)
    if not K.any():
        name, other = ("P", message.k) if rectified else ("K", message.p)
        way = f"images_rectified: {str(not rectified).lower()} takes {'K' if rectified else 'P'}"
        raise BadMessageError(
            "uncalibrated camera",
            f"{name} is all zeros; " + (way if np.any(other) else "calibrate the camera"),
        )
    usable = np.isfinite(K).all() and K[0, 0] > 0 and K[1, 1] > 0 and K[2, 2] == 1
    # Nothing here reads the rest of K: skewed pixels, or a matrix written column by column.
    if not usable or max(abs(K[0, 1]), abs(K[1, 0]), abs(K[2, 0]), abs(K[2, 1])) > _MOST_SKEW:
        raise BadMessageError(
            "bad camera info", f"K is {K.tolist()}, not [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
        )
    binning = np.array([max(1, message.binning_x), max(1, message.binning_y)], np.float64)
    roi = message.roi
    width, height = roi.width or message.width, roi.height or message.height
    for offset, part, whole in (
        (roi.x_offset, roi.width, message.width),
        (roi.y_offset, roi.height, message.height),
    ):
        if part and whole and offset + part > whole:
            raise BadMessageError(
                "bad camera info",
                f"the roi, {part} pixels from {offset} on, does not lie in the image of {whole}",
            )
    K[:2, 2] -= (roi.x_offset, roi.y_offset)
    K[:2] /= binning[:, None]
    distortion = np.zeros(0) if rectified else np.array(message.d, np.float64)
    if not np.isfinite(distortion).all():
        raise BadMessageError("bad camera info", f"D is {distortion.tolist()}")
    fisheye = False
    if not rectified:
        fisheye, distortion = _lens(message.distortion_model, distortion)
    width, height = int(width // binning[0]), int(height // binning[1])
    return CameraModel(K, width, height, distortion, fisheye, bool(roi.width or roi.height))


def _lens(name: str, coefficients: np.ndarray) -> tuple[bool, np.ndarray]:
    """Whether a lens is a fisheye, and its coefficients as OpenCV wants them."""
    model = "".join(character for character in name.lower() if character.isalnum())
    if model in _EQUIDISTANT:
        if coefficients.size not in (0, 4) and coefficients[4:].any():
            raise BadMessageError("bad camera info", f"D has {coefficients.size} numbers, not 4")
        return True, np.resize(np.append(coefficients, np.zeros(4)), 4)
    straight = not coefficients.any()
    if model in _POLYNOMIAL or (straight and model in _NO_DISTORTION + _OTHER_POLYNOMIALS):
        if straight:
            return False, np.zeros(0)
        if coefficients.size not in (4, 5, 8, 12, 14):
            raise BadMessageError("bad camera info", f"D has {coefficients.size} numbers")
        return False, coefficients
    if not model and coefficients.size in (4, 5, 8, 12, 14):
        return False, coefficients  # nothing but the numbers: those of OpenCV
    raise BadMessageError(
        "bad camera info",
        f"unknown distortion model {name!r} with D {coefficients.tolist()}; rectify the images "
        "(image_proc) and set images_rectified",
    )


class CameraCache:
    """The cameras of the last messages, made anew only when a message says something else.

    Args:
        rectified: see `camera_model`.
    """

    def __init__(self, *, rectified: bool = False) -> None:
        self._rectified = rectified
        self._known: dict[str, tuple[tuple, CameraModel]] = {}

    def get(self, message: CameraInfo) -> CameraModel:
        """See `camera_model`; one camera is kept for each frame that messages name."""
        roi = message.roi
        key = (
            *(message.width, message.height, message.binning_x, message.binning_y),
            *(roi.x_offset, roi.y_offset, roi.width, roi.height),
            message.distortion_model,
            *(message.k.tobytes(), message.p.tobytes(), bytes(message.d)),
        )
        frame = message.header.frame_id
        known = self._known.get(frame)
        if known is not None and known[0] == key:
            return known[1]
        model = camera_model(message, rectified=self._rectified)
        if frame not in self._known and len(self._known) >= _MOST_CAMERAS:
            self._known.pop(next(iter(self._known)))
        self._known[frame] = (key, model)
        return model
