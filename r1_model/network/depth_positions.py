"""The 3D place of every image token: mean back-projected point of its patch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from r1_model.geometry.torch_projection import pixel_slopes
from r1_model.network.layers import ZeroLinear, fourier_features
from r1_model.network.scene_encoder import POSITION_BANDS, POSITION_SCALE


def patch_positions(
    depth: Tensor, K: Tensor, T_scene_camera: Tensor, rows: int, columns: int
) -> tuple[Tensor, Tensor]:
    """Mean scene point of each cell of a rows x columns grid over the image.

    Args:
        depth: (V, H, W) metres along the optical axis, 0 invalid.
        K: (V, 3, 3) pixels of that image.
        T_scene_camera: (V, 4, 4) metres.
        rows, columns: grid of image tokens.

    Returns:
        positions (V, rows * columns, 3) metres in the scene frame, 0 where a cell has no depth, and
        valid (V, rows * columns) bool.
    """
    views, height, width = depth.shape
    across, down = pixel_slopes(K, height, width)
    x, y = across[:, None, :] * depth, down[:, :, None] * depth
    valid = (depth > 0).float()
    maps = torch.stack((x, y, depth, torch.ones_like(depth)), 1) * valid.unsqueeze(1)
    sums = torch.nn.functional.adaptive_avg_pool2d(maps, (rows, columns)).flatten(2)  # (V, 4, T)
    share = sums[:, 3:]
    camera = sums[:, :3] / share.clamp(min=1e-6)
    T = T_scene_camera.float()
    scene = T[:, :3, :3] @ camera + T[:, :3, 3:]
    has_depth = share[:, 0] > 0
    return scene.transpose(1, 2) * has_depth.unsqueeze(-1), has_depth


class DepthPositions(nn.Module):
    """Fourier encoding and MLP of token positions; its last layer starts at zero.

    Starting at zero leaves a pretrained vision-language model as it was.
    """

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(3 * 2 * POSITION_BANDS, hidden_size),
            nn.GELU(),
            ZeroLinear(hidden_size, hidden_size),
        )

    def forward(self, positions: Tensor, valid: Tensor) -> Tensor:
        """positions (..., 3) metres from the minimum corner, valid (...) -> (..., hidden)."""
        encoded = fourier_features(positions, POSITION_BANDS, POSITION_SCALE)
        return self.mlp(encoded.to(next(self.mlp.parameters()).dtype)) * valid.unsqueeze(-1)
