"""TSDF fusion as it is written in textbooks (Curless and Levoy 1996): slow, dense, readable."""

from __future__ import annotations

import numpy as np


class ReferenceTsdf:
    """A dense grid of voxels; voxel (i, j, k) has its centre at (i, j, k) * voxel_size + origin."""

    def __init__(self, origin, shape, voxel_size: float, truncation: float) -> None:
        self.origin = np.asarray(origin, float)
        self.voxel_size, self.truncation = voxel_size, truncation
        self.tsdf = np.zeros(shape)
        self.weight = np.zeros(shape)
        self.color = np.zeros((*shape, 3))

    def centre(self, index) -> np.ndarray:
        return self.origin + np.array(index) * self.voxel_size

    def integrate(self, depth_m, color, K, T_scene_camera) -> None:
        T_camera_scene = np.linalg.inv(T_scene_camera)
        height, width = depth_m.shape
        for index in np.ndindex(self.tsdf.shape):
            x, y, z = T_camera_scene[:3, :3] @ self.centre(index) + T_camera_scene[:3, 3]
            if z <= 0:
                continue
            u = round(K[0, 0] * x / z + K[0, 2])
            v = round(K[1, 1] * y / z + K[1, 2])
            if not (0 <= u < width and 0 <= v < height) or depth_m[v, u] <= 0:
                continue
            distance = depth_m[v, u] - z
            if distance < -self.truncation:
                continue  # hidden behind the surface
            value = min(1.0, distance / self.truncation)
            w = self.weight[index]
            self.tsdf[index] = (w * self.tsdf[index] + value) / (w + 1)
            self.color[index] = (w * self.color[index] + color[v, u]) / (w + 1)
            self.weight[index] = w + 1

    def extract(self, min_observations: float):
        """Zero crossings on the edges between neighbouring voxels: points and colours."""
        points, colors = [], []
        for index in np.ndindex(self.tsdf.shape):
            for axis in range(3):
                other = list(index)
                other[axis] += 1
                other = tuple(other)
                if other[axis] >= self.tsdf.shape[axis]:
                    continue
                if min(self.weight[index], self.weight[other]) < min_observations:
                    continue
                a, b = self.tsdf[index], self.tsdf[other]
                if a * b >= 0:
                    continue
                t = a / (a - b)
                points.append((1 - t) * self.centre(index) + t * self.centre(other))
                colors.append((1 - t) * self.color[index] + t * self.color[other])
        return np.array(points).reshape(-1, 3), np.array(colors).reshape(-1, 3)
