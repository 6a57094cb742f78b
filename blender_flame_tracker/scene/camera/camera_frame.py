"""Frame of a camera in a 3D view: where the picture lies on the screen, in shares of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from bpy_extras.view3d_utils import location_3d_to_region_2d
from numpy.typing import NDArray


@dataclass(frozen=True)
class CameraFrame:
    """Where a picture lies in a region, whose pixels count from bottom left.

    Attributes:
        left, top, right, bottom: Of the picture in the region.
    """

    left: float
    top: float
    right: float
    bottom: float

    def share_at(self, x: float, y: float) -> tuple[float, float]:
        """Return which point of the picture, in shares from top left, a point of the region shows."""
        return (x - self.left) / (self.right - self.left), (self.top - y) / (self.top - self.bottom)

    def in_region(self, shares: NDArray[Any]) -> NDArray[np.float64]:
        """Return where points of the picture (N, 2) lie in the region (N, 2)."""
        low = np.array([self.left, self.top])
        return low + np.asarray(shares) * (self.right - self.left, self.bottom - self.top)


def camera_frame(region: Any, region_3d: Any, scene: bpy.types.Scene) -> CameraFrame | None:
    """Return where the picture of the scene's camera lies in a view that looks through it, None where none does."""
    camera = scene.camera
    if camera is None or region_3d is None or region_3d.view_perspective != "CAMERA":
        return None
    data: Any = camera.data
    world = camera.matrix_world.normalized()
    corners = [location_3d_to_region_2d(region, region_3d, world @ each) for each in data.view_frame(scene=scene)]
    if any(each is None for each in corners):
        return None
    points = np.array([(each.x, each.y) for each in corners if each is not None])
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return CameraFrame(left, top, right, bottom) if right - left > 1 and top - bottom > 1 else None
