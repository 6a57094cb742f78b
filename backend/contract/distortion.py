"""Distortion of a lens: where a pinhole camera would have a pixel, and where the footage has it.

The polynomial is that of OpenCV and of Blender's movie clip camera (libmv, ``ApplyPolynomialDistortionModel`` in
``distortion_models.cc``), and Brown's in libmv has the same terms under other names. It goes from the straight picture
to the footage; the other way is Newton's. The straight picture is as large as the footage, with the same principal
point and the same focal length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .arrays import Array
from .camera import Intrinsics, project

_STEPS: Final = 30
_EXACT: Final = 1e-12
"""Error in focal lengths at which Newton's method stops."""
_LEAST_GROWTH: Final = 0.05
"""Of an area, from the straight picture to the footage: below it a picture is all but folded."""
_GRID: Final = 33
_WAY: Final = 10
"""Points between the centre and a pixel at which it is asked whether the picture is folded."""


@dataclass(frozen=True)
class Distortion:
    """Coefficients on coordinates in focal lengths from the principal point, x right and y down.

    Attributes:
        k1, k2, k3: Of the second, fourth and sixth power of the distance: below zero lines bend like a barrel.
        p1, p2: Of a lens that is not quite parallel to the sensor, in OpenCV's order.
    """

    k1: float = 0.0
    k2: float = 0.0
    k3: float = 0.0
    p1: float = 0.0
    p2: float = 0.0

    @property
    def is_none(self) -> bool:
        """Whether nothing is distorted."""
        return not any((self.k1, self.k2, self.k3, self.p1, self.p2))

    def distorted(self, points: Array) -> Array:
        """Return where points (..., 2) of a pinhole camera are in the footage, both in focal lengths."""
        x, y = points[..., 0], points[..., 1]
        square = x * x + y * y
        radial = self._factor(points)
        across = x * radial + 2 * self.p1 * x * y + self.p2 * (square + 2 * x * x)
        down = y * radial + self.p1 * (square + 2 * y * y) + 2 * self.p2 * x * y
        return np.stack([across, down], axis=-1)

    def jacobian(self, points: Array) -> Array:
        """Return the derivatives (..., 2, 2) of `distorted`: rows are its coordinates, columns those of the points."""
        x, y = points[..., 0], points[..., 1]
        square = x * x + y * y
        radial = self._factor(points)
        slope = 2 * (self.k1 + square * (2 * self.k2 + 3 * square * self.k3))
        mixed = x * y * slope + 2 * self.p1 * x + 2 * self.p2 * y
        across = radial + x * x * slope + 2 * self.p1 * y + 6 * self.p2 * x
        down = radial + y * y * slope + 6 * self.p1 * y + 2 * self.p2 * x
        return np.stack([np.stack([across, mixed], axis=-1), np.stack([mixed, down], axis=-1)], axis=-2)

    def undistorted(self, points: Array) -> Array:
        """Return the points (..., 2) of a pinhole camera that `distorted` takes to given ones, NaN if there is none.

        Newton's method from the centre outwards. A barrel ends at a circle, beyond which the footage shows nothing.
        """
        wanted = np.asarray(points, dtype=np.float64)
        result = wanted.copy()
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                miss = self.distorted(result) - wanted
                if not np.nanmax(np.abs(miss), initial=0.0) > _EXACT:
                    break
                (a, b), (_, d) = np.moveaxis(self.jacobian(result), (-2, -1), (0, 1))
                area = a * d - b * b
                step = np.stack([d * miss[..., 0] - b * miss[..., 1], a * miss[..., 1] - b * miss[..., 0]], axis=-1)
                result = result - step / area[..., None]
            missed = np.abs(self.distorted(result) - wanted).max(axis=-1)
            # A polynomial may come back to the same point beyond its fold.
            way = np.linspace(0.1, 1.0, _WAY).reshape(-1, *(1,) * result.ndim) * result
            reached = (missed < 1e-9) & (self.growth(way) > 0).all(axis=0) & (self._factor(result) > 0)
        return np.where(reached[..., None], result, np.nan)

    def _factor(self, points: Array) -> Array:
        """Return by how much points (..., 2) are farther from the centre in the footage, by the radial terms."""
        square = (points * points).sum(axis=-1)
        return 1 + square * (self.k1 + square * (self.k2 + square * self.k3))

    def growth(self, points: Array) -> Array:
        """Return by how much an area about points (..., 2) is larger in the footage; below zero where it is folded."""
        jacobian = self.jacobian(points)
        return jacobian[..., 0, 0] * jacobian[..., 1, 1] - jacobian[..., 0, 1] ** 2

    def for_focal(self, factor: float) -> Distortion:
        """Return the coefficients that distort the same pixels alike with a focal length longer by a factor."""
        square = factor * factor
        return Distortion(
            self.k1 * square, self.k2 * square**2, self.k3 * square**3, self.p1 * factor, self.p2 * factor
        )


@dataclass(frozen=True)
class CurvedLens:
    """A distortion in pixels: coefficients, and the camera whose focal length and principal point they refer to.

    Attributes:
        intrinsics: Of the straight picture, which is as large as the footage.
        distortion: Of the lens.
    """

    intrinsics: Intrinsics
    distortion: Distortion

    def on_footage(self, pixels: Array) -> Array:
        """Return pixels (..., 2) of the straight picture as those of the footage."""
        return self._pixels(self.distortion.distorted(self._in_focal_lengths(pixels)))

    def straightened(self, pixels: Array) -> Array:
        """Return pixels (..., 2) of the footage as those of the straight picture; NaN beyond the edge of a barrel."""
        return self._pixels(self.distortion.undistorted(self._in_focal_lengths(pixels)))

    def growth(self, pixels: Array) -> Array:
        """Return by how much lengths about pixels (..., 2) of the straight picture are longer in the footage."""
        return np.sqrt(np.maximum(self.distortion.growth(self._in_focal_lengths(pixels)), 0.0))

    def resized(self, width: int, height: int) -> CurvedLens:
        """Return the lens of the same picture with another number of pixels."""
        return replace(self, intrinsics=self.intrinsics.resized(width, height))

    def turned_back(self, quarters: int) -> CurvedLens:
        """Return the lens of the picture turned anticlockwise by quarter turns, as a file holds it that says so."""
        lens = self
        for _ in range(quarters % 4):
            camera, d = lens.intrinsics, lens.distortion
            turned = Intrinsics(
                camera.height,
                camera.width,
                camera.focal_y,
                camera.focal_x,
                camera.centre_y,
                camera.width - 1 - camera.centre_x,
            )
            lens = CurvedLens(turned, Distortion(d.k1, d.k2, d.k3, p1=-d.p2, p2=d.p1))
        return lens

    def in_focal_lengths_of(self, intrinsics: Intrinsics) -> Distortion:
        """Return the coefficients for another focal length of the same picture."""
        return self.distortion.for_focal(intrinsics.focal_x / self.intrinsics.focal_x)

    def bent(self, points: Array, camera: Intrinsics) -> Array:
        """Return points (..., 3) in camera axes moved so that a pinhole camera draws them where the footage has them.

        Args:
            points: In front of the camera, metres; their depth stays.
            camera: Of the footage or of a smaller or larger copy of it, with any focal length.
        """
        lens = self if (camera.width, camera.height) == self._size else self.resized(camera.width, camera.height)
        depth = np.maximum(points[..., 2:], 1e-6)
        pixels = lens.on_footage(project(np.concatenate([points[..., :2], depth], axis=-1), camera))
        across = (pixels - (camera.centre_x, camera.centre_y)) / (camera.focal_x, camera.focal_y) * depth
        return np.concatenate([across, points[..., 2:]], axis=-1)

    def is_like(self, other: CurvedLens, within: float) -> bool:
        """Whether two lenses of the same picture bend it alike, to some pixels."""
        grid = self._grid()
        return bool(np.abs(self.on_footage(grid) - other.on_footage(grid)).max() < within)

    def _grid(self) -> Array:
        """Pixels (N, N, 2) all over the picture."""
        across = np.linspace(-0.5, self.intrinsics.width - 0.5, _GRID)
        down = np.linspace(-0.5, self.intrinsics.height - 0.5, _GRID)
        return np.stack(np.meshgrid(across, down), axis=-1)

    def is_one_to_one(self) -> bool:
        """Whether the straight picture and the footage both lie where nothing is folded."""
        pixels = self._grid()
        growth = self.distortion.growth(self._in_focal_lengths(pixels))
        return bool((growth > _LEAST_GROWTH).all() and np.isfinite(self.straightened(pixels)).all())

    @property
    def _size(self) -> tuple[int, int]:
        return self.intrinsics.width, self.intrinsics.height

    @property
    def _scale(self) -> tuple[tuple[float, float], tuple[float, float]]:
        camera = self.intrinsics
        return (camera.centre_x, camera.centre_y), (camera.focal_x, camera.focal_y)

    def _in_focal_lengths(self, pixels: Array) -> Array:
        centre, focal = self._scale
        return (np.asarray(pixels, dtype=np.float64) - centre) / focal

    def _pixels(self, points: Array) -> Array:
        centre, focal = self._scale
        return points * focal + centre


@dataclass(frozen=True)
class BlenderDistortion:
    """What a movie clip's tracking camera needs.

    Attributes:
        model: ``POLYNOMIAL`` or ``BROWN``: only the second has tangential terms.
        values: Property of the tracking camera -> value.
    """

    model: str
    values: dict[str, float]


def blender_distortion(distortion: Distortion) -> BlenderDistortion:
    """Return a distortion as Blender's movie clip has it, whose y goes up and whose Brown names p1 and p2 reversed."""
    if distortion.p1 == 0 and distortion.p2 == 0:
        return BlenderDistortion("POLYNOMIAL", {"k1": distortion.k1, "k2": distortion.k2, "k3": distortion.k3})
    radial = {"brown_k1": distortion.k1, "brown_k2": distortion.k2, "brown_k3": distortion.k3, "brown_k4": 0.0}
    return BlenderDistortion("BROWN", {**radial, "brown_p1": distortion.p2, "brown_p2": -distortion.p1})


def distortion_of_blender(model: str, values: dict[str, float]) -> Distortion | None:
    """Return the distortion of a movie clip's tracking camera; None for a model without these coefficients.

    Brown's fourth coefficient must be zero.
    """
    if model == "POLYNOMIAL":
        return Distortion(values["k1"], values["k2"], values["k3"])
    if model != "BROWN" or not math.isclose(values["brown_k4"], 0.0, abs_tol=1e-9):
        return None
    radial = (values["brown_k1"], values["brown_k2"], values["brown_k3"])
    return Distortion(*radial, p1=-values["brown_p2"], p2=values["brown_p1"])
