"""Line on the neck at which an avatar ends: FLAME has no shoulders, so a shirt would have to be made of neck.

The cut is VHAP's: everything below a line through the front end of the neck, tilted as the neck is, with a soft edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import Intrinsics, project
from ..head.flame_codes import has_flame_mesh
from ..head.model import HeadModel

_FLAME_NECK: Final = (3193, 3296, 3285)
"""Vertices of FLAME at the left and right of the neck and at its front end, as VHAP chooses them."""
_SOFT: Final = 0.03
"""Width of the soft edge as a share of the picture's width."""


@dataclass(frozen=True)
class NeckLine:
    """Vertices at the subject's left and right of the neck, and at the middle of its front end."""

    left: int
    right: int
    front: int


def neck_line(head: HeadModel) -> NeckLine:
    """Return the vertices that the cut goes by; on a mesh other than FLAME's they lie on the rim of the neck."""
    if has_flame_mesh(head):
        return NeckLine(*_FLAME_NECK)
    rim = np.asarray(head.regions.get("boundary", ()), dtype=np.int64)
    rim = rim if len(rim) else _lowest_rim(head)
    positions = head.template[rim]
    return NeckLine(
        *(int(rim[index]) for index in (positions[:, 0].argmax(), positions[:, 0].argmin(), positions[:, 2].argmax()))
    )


def _lowest_rim(head: HeadModel) -> np.ndarray:
    """Return the vertices of the open edges far down on the head."""
    edges = np.sort(np.concatenate([head.faces[:, pair] for pair in ([0, 1], [1, 2], [2, 0])]), axis=1)
    found, count = np.unique(edges, axis=0, return_counts=True)
    rim = np.unique(found[count == 1])
    height = head.template[:, 1]
    low = rim[height[rim] < height.min() + np.ptp(height) / 3]
    return low if len(low) else np.argsort(height)[:3]


def above_neck_line(line: NeckLine, in_camera: Floats, camera: Intrinsics) -> Floats:
    """Return how far each pixel (H, W) belongs to head and neck, 0..1.

    Args:
        line: Which vertices lie on the neck.
        in_camera: Vertices in the camera's axes (V, 3).
        camera: Of the picture.
    """
    left, right, front = project(in_camera[[line.left, line.right, line.front]], camera) + 0.5
    across = left - right
    # The normal of the line points to the head, whichever way up it is.
    normal = np.array([-across[1], across[0]])
    middle = project(in_camera.mean(axis=0), camera) + 0.5
    normal = normal if normal @ (middle - front) > 0 else -normal
    columns, rows = np.arange(camera.width) - front[0], np.arange(camera.height) - front[1]
    inside = (columns[None] * normal[0] + rows[:, None] * normal[1] > 0).astype(np.float32)
    size = int(_SOFT * camera.width) // 2 * 2 + 1
    return cv2.GaussianBlur(inside, (size, size), size, borderType=cv2.BORDER_REFLECT_101).astype(np.float64)
