"""Speed of every rasteriser that works here."""

from __future__ import annotations

import time
from typing import Final

import numpy as np
import torch
from torch import Tensor

from ...contract.camera import Intrinsics, rotation_matrices
from ...contract.failure import Failure
from ...head.builtin import builtin_head
from ...render.differentiable.choice import rasterizers
from ...render.differentiable.clip import MeshRasterizer, clip_space, lens_of
from ..chain import Setup
from ..rows import Row, not_measured, without_target

SIZES: Final = (256, 512)
FRAMES: Final = (1, 32)
LONGEST: Final = 20.0
"""Seconds that one measurement may be expected to take; else it is left out."""
_REPEATS: Final = 5


def measure(setup: Setup) -> list[Row] | Failure:
    """Milliseconds of wall time to rasterise the built-in head, turned differently in every frame, filling the picture.

    From vertices in clip space to triangles, barycentrics and depth, all on the device; the smallest of five
    repetitions after one that is not timed. Those that are not installed or do not work are named with the reason.
    """
    del setup
    devices = [torch.device("cpu"), *([torch.device("cuda")] if torch.cuda.is_available() else [])]
    head = builtin_head()
    rows: list[Row] = []
    for device in devices:
        available = rasterizers(device)
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
        for size in SIZES:
            for frames in FRAMES:
                clip, faces = _scene(head.template, head.faces, size, frames, device)
                rows += [_row(one, name, clip, faces, size) for one in available.working]
        rows += [not_measured(f"{one}, {name}", Failure("none", why, "")) for one, why in available.problems.items()]
    return rows


def _scene(
    template: np.ndarray, faces: np.ndarray, size: int, frames: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return the head in clip space (frames, V, 4), turned by up to 40 degrees, and its triangles."""
    middle = (template.max(axis=0) + template.min(axis=0)) / 2
    turn = np.linspace(-0.7, 0.7, frames)[:, None] * [0.3, 1.0, 0.1]
    upright = np.diag([1.0, -1.0, -1.0])
    vertices = (template - middle) @ np.swapaxes(upright @ rotation_matrices(turn), 1, 2) + (0, 0, 1.0)
    reach = float(np.ptp(template, axis=0).max())
    lens = lens_of(Intrinsics.centred(size, size, 0.9 * size / reach))
    points = torch.as_tensor(vertices, dtype=torch.float32, device=device)
    return clip_space(points, lens, size, size), torch.as_tensor(faces.astype(np.int64), device=device)


def _row(rasterizer: MeshRasterizer, device: str, clip: Tensor, faces: Tensor, size: int) -> Row:
    frames = len(clip)
    what = f"{rasterizer.name}, {device}: {size}x{size}, {frames} frame{'s' if frames > 1 else ''}"
    first = _seconds(rasterizer, clip[:1], faces, size)
    first = _seconds(rasterizer, clip[:1], faces, size) if first < LONGEST else first
    if first * frames > LONGEST:
        return not_measured(what, Failure("too-slow", f"one frame alone takes {1e3 * first:.0f} ms", ""))
    repeats = max(1, min(_REPEATS, int(LONGEST / max(first * frames, 1e-6))))
    _seconds(rasterizer, clip, faces, size)
    best = min(_seconds(rasterizer, clip, faces, size) for _ in range(repeats))
    return without_target(f"{what} ({1e3 * best / frames:.2f} ms each)", 1e3 * best, " ms")


def _seconds(rasterizer: MeshRasterizer, clip: Tensor, faces: Tensor, size: int) -> float:
    started = time.perf_counter()
    rasterizer.rasterize(clip, faces, size, size)
    if clip.device.type == "cuda":
        torch.cuda.synchronize(clip.device)
    return time.perf_counter() - started
