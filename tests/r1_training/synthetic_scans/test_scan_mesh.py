"""A mesh from depth images against a slow one, and what it leaves out."""

import numpy as np
import pytest

from r1_training.synthetic_scans.scan_mesh import SLOPE, STEP, fuse_mesh


def plane(height=6, width=8, depth=2.0):
    """One image of a wall: (1, H, W, 3) points, colours, instances, depth."""
    x, y = np.meshgrid(np.arange(width) * 0.1, np.arange(height) * 0.1)
    z = np.full((height, width), depth)
    points = np.stack([x + 0.01, y + 0.01, z], -1)[None]
    colors = np.full((1, height, width, 3), (10, 20, 30), np.uint8)
    return points, colors, np.ones((1, height, width), int), z[None]


def test_a_wall_has_a_vertex_a_voxel_and_faces_the_camera():
    mesh = fuse_mesh(*plane(), voxel=0.1)
    assert len(mesh.points) == 48 and len(mesh.triangles) == 2 * 5 * 7
    assert (mesh.colors == (10, 20, 30)).all() and (mesh.instance == 1).all()
    corners = mesh.points[mesh.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (normals[:, 2] < 0).all()  # the camera looks along +z


def test_vertices_are_means_and_instances_majorities():
    points, colors, instance, depth = plane()
    rng = np.random.default_rng(1)
    points = points + rng.uniform(-0.004, 0.004, points.shape)
    colors = rng.integers(0, 256, colors.shape).astype(np.uint8)
    instance = rng.integers(-1, 3, instance.shape)
    stacked = [np.concatenate([a, a]) for a in (points, colors, instance, depth)]
    mesh = fuse_mesh(*stacked, voxel=0.3)
    cells = np.floor(stacked[0].reshape(-1, 3) / 0.3).astype(int)
    for point, color, own in zip(mesh.points, mesh.colors, mesh.instance, strict=True):
        inside = (cells == np.floor(point / 0.3)).all(1)
        assert np.allclose(point, stacked[0].reshape(-1, 3)[inside].mean(0))
        mean = stacked[1].reshape(-1, 3)[inside].mean(0)
        assert (np.abs(color - mean) <= 0.5001).all()
        values, votes = np.unique(stacked[2].reshape(-1)[inside], return_counts=True)
        assert votes[values == own] == votes.max()


def test_edges_and_lost_pixels_are_not_bridged():
    points, colors, instance, depth = plane()
    far = 2.0 * (1 + SLOPE) + STEP + 0.01
    depth[:, :, 4:] = points[:, :, 4:, 2] = far
    depth[:, 0, 0] = 0
    mesh = fuse_mesh(points, colors, instance, depth, voxel=0.1)
    z = mesh.points[mesh.triangles][..., 2]
    assert (z.max(1) - z.min(1) < 1e-6).all()
    assert len(mesh.points) == 47
    with pytest.raises(ValueError, match="no pixel"):
        fuse_mesh(points, colors, instance, np.zeros_like(depth), voxel=0.1)
