"""Scenes for the tests of the rasterisers and of what is drawn with them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backend.contract.camera import Intrinsics
from backend.render.differentiable.choice import rasterizers
from backend.render.differentiable.clip import clip_space, lens_of

CAMERA = Intrinsics(80, 60, 100.0, 110.0, 39.5, 29.5)
PLACES = (("cpu", "numba"), ("cpu", "PyTorch3D"), ("cuda", "numba"), ("cuda", "nvdiffrast"), ("cuda", "PyTorch3D"))
"""Where each library can run."""


def opened(place):
    """The rasteriser of a place and its device; skips the test where it is not to be had."""
    device, name = torch.device(place[0]), place[1]
    if device.type == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    found = rasterizers(device)
    own = next((rasterizer for rasterizer in found.working if rasterizer.name == name), None)
    if own is None:
        pytest.skip(found.problems[name])
    return own, device


def at_pixels(pixels, depth, camera=CAMERA):
    """Points in camera axes that project to the given pixels."""
    pixels, depth = np.asarray(pixels, dtype=float), np.broadcast_to(depth, len(pixels))
    x = (pixels[:, 0] - camera.centre_x) / camera.focal_x * depth
    y = (pixels[:, 1] - camera.centre_y) / camera.focal_y * depth
    return np.stack([x, y, depth], axis=1)


def sphere(rings=40, segments=60, radius=0.1, centre=(0.02, -0.01, 0.5)):
    """A ball (V, 3) and its triangles (F, 3), turned outwards."""
    theta = np.linspace(0, np.pi, rings)[1:-1]
    phi = np.arange(segments) / segments * 2 * np.pi
    up = np.cos(theta)[:, None] + 0 * phi
    east, north = np.outer(np.sin(theta), np.cos(phi)), np.outer(np.sin(theta), np.sin(phi))
    ring = np.stack([east, up, north], axis=-1).reshape(-1, 3)
    vertices = np.concatenate([ring, [[0, 1, 0], [0, -1, 0]]]) * radius + centre
    top, bottom = len(ring), len(ring) + 1
    faces = []
    for s in range(segments):
        n = (s + 1) % segments
        faces.append((top, n, s))
        faces.append((bottom, (rings - 3) * segments + s, (rings - 3) * segments + n))
        for r in range(rings - 3):
            a, b, c, d = r * segments + s, r * segments + n, (r + 1) * segments + s, (r + 1) * segments + n
            faces += [(a, b, d), (a, d, c)]
    return vertices, np.array(faces)


def in_clip_space(vertices, camera=CAMERA, device="cpu", dtype=torch.float32):
    """Vertices in camera axes (V, 3) or (B, V, 3) as (B, V, 4)."""
    points = torch.as_tensor(np.asarray(vertices), dtype=dtype, device=device)
    points = points[None] if points.ndim == 2 else points
    return clip_space(points, lens_of(camera), camera.width, camera.height)


def drawn_by(rasterizer, vertices, faces, camera=CAMERA, device="cpu"):
    """What a rasteriser sees, on the processor."""
    clip = in_clip_space(vertices, camera, device)
    return rasterizer.rasterize(clip, torch.as_tensor(np.asarray(faces), device=device), camera.width, camera.height)
