"""Lens files that are read: our own `lens.json`, and calibrations that OpenCV wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from ..contract.camera import Intrinsics
from ..contract.distortion import CurvedLens, Distortion
from ..contract.failure import Failure
from ..contract.lens_file import LensFile, file_problem, parse_lens_file

_LARGEST: Final = 1 << 24
"""Bytes: calibrations list the corners of all their pictures."""
_MATRIX: Final = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "K")
_COEFFICIENTS: Final = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "dist_coeffs", "D")
_WIDTH: Final = ("image_width", "image_Width", "width")
_HEIGHT: Final = ("image_height", "image_Height", "height")
"""Names in OpenCV's samples of calibration, the usual ones first."""


def read_lens_file(path: Path) -> LensFile | Failure:
    """Read what a file says of a lens; a failure where it cannot be read or says too little."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        return file_problem(path, f"cannot be read: {error.strerror or error}")
    if len(content) > _LARGEST:
        return file_problem(path, "is too large for a lens file")
    ours = parse_lens_file(content)
    return ours if ours is not None else _calibration(path, content)


def _calibration(path: Path, content: bytes) -> LensFile | Failure:
    """Read a calibration, whose coefficients are k1, k2, p1, p2, k3 and more that must be zero."""
    try:
        storage = cv2.FileStorage(content.decode("utf-8"), cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        matrix, coefficients = _array(storage, _MATRIX), _array(storage, _COEFFICIENTS)
        width, height = _number(storage, _WIDTH), _number(storage, _HEIGHT)
        is_fisheye = bool(_number(storage, ("fisheye_model",)))
    except (cv2.error, UnicodeDecodeError, SystemError):
        return file_problem(path, "is not a lens file")
    if matrix is None or matrix.shape != (3, 3) or not _is_camera(matrix):
        return file_problem(path, "holds no camera matrix")
    if not (1 <= width <= 1e6 and 1 <= height <= 1e6):
        return file_problem(path, "does not say how large the pictures were (image_width, image_height)")
    terms = np.zeros(5) if coefficients is None else coefficients.ravel()
    if is_fisheye or not np.isfinite(terms).all() or np.any(terms[5:] != 0):
        return file_problem(path, "has a model of distortion other than k1, k2, p1, p2, k3")
    k1, k2, p1, p2, k3 = (float(each) for each in np.append(terms, np.zeros(5))[:5])
    (focal_x, _, centre_x), (_, focal_y, centre_y), _ = matrix.tolist()
    camera = Intrinsics(round(width), round(height), focal_x, focal_y, centre_x, centre_y)
    return LensFile(CurvedLens(camera, Distortion(k1, k2, k3, p1, p2)))


def _is_camera(matrix: Any) -> bool:
    return bool(np.isfinite(matrix).all() and np.abs(matrix).max() < 1e6 and min(matrix[0, 0], matrix[1, 1]) > 1e-3)


def _array(storage: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        node = storage.getNode(name)
        if not node.empty():
            found = node.mat()
            return None if found is None else np.asarray(found, dtype=np.float64)
    return None


def _number(storage: Any, names: tuple[str, ...]) -> float:
    """Return the first of some numbers that is there, 0 where none is."""
    nodes = (storage.getNode(name) for name in names)
    return next((float(node.real()) for node in nodes if node.isInt() or node.isReal()), 0.0)
