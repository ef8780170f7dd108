"""What a consumer RGB-D camera makes of a perfect picture. Seeded, batched, on any device.

The depth model follows Nguyen et al. (3DIMPVT 2012) for the axial noise of a Kinect, with
disparity steps, flying and lost pixels at edges, and losses on dark, shiny and slanted surfaces.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from r1_training.synthetic.camera.rendered_frames import Frames

AXIAL_BASE, AXIAL_SLOPE = 0.0012, 0.0019  # metres; sigma(z) = base + slope * (z - 0.4)^2
DISPARITY_STEP = 0.0027  # 1 / metres
EDGE = 0.06  # relative jump of depth that counts as an edge


def sample_levels(
    batch: int, generator: torch.Generator, low: float = 0.0, high: float = 1.0
) -> torch.Tensor:
    """How bad the sensor of each room is, (batch,) in [low, high]; 0 is perfect, 1 a Kinect v1."""
    r = torch.rand(batch, device=generator.device, generator=generator)
    return low + (high - low) * r


def apply_sensor(
    frames: Frames, level: torch.Tensor, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Noisy colour and depth.

    Args:
        frames: rendered views of B rooms.
        level: (B,) from `sample_levels`, on the frames' device; 0 leaves frames as they are.
        generator: on the frames' device.

    Returns:
        color (B, V, H, W, 3) uint8; depth (B, V, H, W) float32, metres, 0 where lost; instance
        (B, V, H, W) int16, of the surface that the depth comes from.
    """
    color = noisy_color(frames.color, level, generator)
    # lateral noise: some pixels see what a neighbour should see
    draw = torch.rand(frames.depth.shape, device=level.device, generator=generator)
    shift = 0.12 * level[:, None, None, None]

    def jitter(x: torch.Tensor) -> torch.Tensor:
        x = torch.where(draw < shift, _previous(x, -1), x)
        return torch.where(draw > 1 - shift, _previous(x, -2), x)

    depth = noisy_depth(jitter(frames.depth), jitter(frames.strength), level, generator)
    return color, depth, jitter(frames.instance)


def noisy_depth(
    depth: torch.Tensor, strength: torch.Tensor, level: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Depth (B, V, H, W), metres, as a structured-light sensor measures it; 0 where lost."""
    level = level[:, None, None, None]

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(shape, device=depth.device, generator=generator)

    shape = depth.shape
    # axial noise, fine and smooth
    sigma = level * (AXIAL_BASE + AXIAL_SLOPE * (depth - 0.4).square())
    fine = torch.randn(shape, device=depth.device, generator=generator)
    noisy = depth + sigma * (0.8 * fine + 0.6 * _smooth(shape, generator))
    noisy = noisy * (1 + 0.003 * level * _normal(shape[0], generator))
    # disparity steps
    step = (DISPARITY_STEP * level).clamp_min(1e-6)
    noisy = 1 / ((1 / noisy.clamp_min(0.05) / step).round() * step).clamp_min(0.05)
    # losses: slanted, dark and shiny surfaces in blotches, edges, range
    blotch = (0.5 + 0.5 * _smooth(shape, generator)).clamp(0, 1)
    lost = strength < level * (0.06 + 0.4 * blotch.square())
    jump = (depth - _previous(depth, -1)).abs().maximum((depth - _previous(depth, -2)).abs())
    draw = rand(*shape)
    lost |= (jump > EDGE * depth) & (draw < 0.7 * level)
    lost |= draw > 1 - 0.004 * level
    reach = 9.0 - level * 4.0 * rand(shape[0], 1, 1, 1)
    lost |= (depth <= 0) | (noisy > reach) | ((noisy < 0.35) & (level > 0))
    return torch.where(lost, 0.0, noisy)


def noisy_color(
    color: torch.Tensor, level: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Colour (B, V, H, W, 3) uint8 with exposure, white balance, vignette, blur and noise."""
    batch, views, height, width, _ = color.shape
    device = color.device

    def spread(*shape: int) -> torch.Tensor:
        return torch.rand(shape, device=device, generator=generator) * 2 - 1

    amount = level[:, None, None, None, None]
    image = color.float() / 255
    exposure = 1 + amount * (
        0.16 * spread(batch, 1, 1, 1, 1) + 0.06 * spread(batch, views, 1, 1, 1)
    )
    balance = 1 + 0.07 * amount * spread(batch, 1, 1, 1, 3)
    y = torch.linspace(-1, 1, height, device=device)[:, None, None]
    x = torch.linspace(-1, 1, width, device=device)[None, :, None]
    vignette = 1 - 0.12 * amount * (x * x + y * y)
    image = image * (exposure * balance * vignette)
    soft = F.avg_pool2d(
        image.flatten(0, 1).permute(0, 3, 1, 2), 3, stride=1, padding=1, count_include_pad=False
    )
    soft = soft.permute(0, 2, 3, 1).unflatten(0, (batch, views))
    blur = amount * (0.5 + 0.5 * spread(batch, views, 1, 1, 1))
    image = image + blur * (soft - image)
    image = image.clamp(1e-4, 1) ** (1 + 0.12 * amount * spread(batch, 1, 1, 1, 1))
    noise = torch.randn(image.shape, device=device, generator=generator)
    image = image + amount * 0.02 * noise
    return (image.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def noisy_poses(
    T_scene_camera: torch.Tensor, level: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Poses (B, V, 4, 4) as a localisation gives them: about 3 mm and 0.15 degrees at level 1."""
    shape, device = T_scene_camera.shape[:2], T_scene_camera.device
    scale = level[:, None, None]
    tiny = torch.randn(*shape, 3, device=device, generator=generator) * scale * 0.0026
    shift = torch.randn(*shape, 3, device=device, generator=generator) * scale * 0.003
    skew = torch.zeros(*shape, 3, 3, device=device)
    skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0] = tiny.unbind(-1)
    R = torch.linalg.matrix_exp(skew - skew.transpose(-1, -2)).to(T_scene_camera.dtype)
    T = T_scene_camera.clone()
    T[..., :3, :3] = R @ T[..., :3, :3]
    T[..., :3, 3] += shift
    return T


def _previous(x: torch.Tensor, axis: int) -> torch.Tensor:
    """Each pixel's neighbour along an axis; the first keeps itself."""
    size = x.shape[axis]
    return torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, size - 1)], axis)


def _normal(batch: int, generator: torch.Generator) -> torch.Tensor:
    return torch.randn(batch, 1, 1, 1, device=generator.device, generator=generator)


def _smooth(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Noise with features of about a tenth of the image, roughly unit variance."""
    batch, views, height, width = shape
    coarse = torch.randn(batch, views, 9, 12, device=generator.device, generator=generator)
    return 1.4 * F.interpolate(coarse, (height, width), mode="bilinear", align_corners=True)
