"""View through the camera of a track: where pixels of the footage lie in a region of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ...backend.contract.camera import BLENDER_FROM_OPENCV, Intrinsics, unproject


@dataclass(frozen=True)
class CameraView:
    """Pixels of the footage in a region.

    Attributes:
        matrix: (2, 3); takes (x, y, 1) in pixels of the footage to the region's pixels, which count from bottom left.
    """

    matrix: NDArray[np.float64]

    def in_region(self, pixels: NDArray[Any]) -> NDArray[np.float64]:
        """Return where pixels (N, 2) lie in the region (N, 2)."""
        return np.asarray(pixels, dtype=np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def pixel_at(self, x: float, y: float) -> tuple[float, float]:
        """Return the pixel of the footage that a point of the region shows."""
        pixel = np.linalg.solve(self.matrix[:, :2], np.array([x, y]) - self.matrix[:, 2])
        return float(pixel[0]), float(pixel[1])

    @property
    def scale(self) -> float:
        """How many of the region's pixels a pixel of the footage takes."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))


def camera_view(region: Any, region_3d: Any, camera: bpy.types.Object, intrinsics: Intrinsics) -> CameraView | None:
    """Return where the footage lies in a region that looks through a camera; None where it lies nowhere.

    Args:
        region: Of a 3D view.
        region_3d: Its view.
        camera: The track's.
        intrinsics: Of the frame that is shown.
    """
    if region_3d is None or region_3d.view_perspective != "CAMERA" or min(region.width, region.height) < 1:
        return None
    corners = np.array([[0.0, 0.0], [float(intrinsics.width), 0.0], [0.0, float(intrinsics.height)]])
    points = unproject(corners, np.ones(3), intrinsics) @ BLENDER_FROM_OPENCV
    world = np.array(camera.matrix_world.normalized(), dtype=np.float64)
    into_picture = np.array(region_3d.perspective_matrix, dtype=np.float64) @ world
    clip = points @ into_picture[:, :3].T + into_picture[:, 3]
    if (clip[:, 3] < 1e-9).any():
        return None
    at = (clip[:, :2] / clip[:, 3:] + 1) / 2 * (region.width, region.height)
    right, down = (at[1] - at[0]) / intrinsics.width, (at[2] - at[0]) / intrinsics.height
    matrix = np.stack([right, down, at[0]], axis=1)
    return CameraView(matrix) if abs(np.linalg.det(matrix[:, :2])) > 1e-12 else None
