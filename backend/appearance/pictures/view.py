"""View of the skin in a frame: fine structure of its brightness, which points are seen, and how light falls there.

Brightness is compared as a logarithm, so that light is added to colour, and only its fine structure, between two
Gaussians: shades that move over the face while it turns pull whole faces aside, fine structure hardly knows them.
Both Gaussians look at skin alone: background, hair outline, eyes and mouth do not reach into it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ...contract.arrays import Floats, Singles
from ...contract.camera import Intrinsics, project
from ...contract.shading import LIGHT_TERMS, light_terms
from ...fit.geometry.surface_samples import SurfaceSamples, skin_faces
from ...head.model import HeadModel
from ...raster.normals import vertex_normals
from ...raster.rasterizer import Raster
from ...raster.rasterizer_numba import NumbaRasterizer
from ...raster.visibility import FINE_STRUCTURE, visibility
from ...system.compiled import compiled

FACE_PIXELS: Final = 220.0
"""Width of the face at which pictures are compared; larger ones are reduced."""
MARGIN: Final = 0.35
"""How much of the landmarks' extent is kept around them."""
DARK: Final = 6.0
"""Added to 8-bit brightness before the logarithm: below it noise is larger than light."""
DIRECTED_TERMS: Final = LIGHT_TERMS - 1
"""Spherical harmonics that depend on the direction; the constant one belongs to the colour."""
BLACK, BURNT = 8.0, 247.0
"""8-bit brightness up to which and from which on nothing is told."""


@dataclass(frozen=True)
class View:
    """The picture around the face.

    Attributes:
        brightness: Logarithm of the brightness (H, W).
        scale: Pixels of the view per pixel of the full frame, across and down (2,).
        centre: Principal point in pixels of the view (2,).
        bare_skin: How surely it shows each point of the surface without anything before it (N,), see
            `appearance.bare_skin`; None where nobody looked.
    """

    brightness: Singles
    scale: Floats
    centre: Floats
    bare_skin: Singles | None = None

    def unhidden(self, visible: Singles) -> Singles:
        """Return how well each point is seen (N,) where things that hide the skin count."""
        return visible if self.bare_skin is None else visible * self.bare_skin

    def camera(self, focal: float) -> Intrinsics:
        """Return the camera of the view where the full frame has this focal length, in its pixels."""
        height, width = self.brightness.shape
        focal_x, focal_y = (focal * self.scale).tolist()
        centre_x, centre_y = self.centre.tolist()
        return Intrinsics(width, height, focal_x, focal_y, centre_x, centre_y)


@dataclass(frozen=True)
class Feature:
    """What is compared of a view.

    Attributes:
        image: Fine structure of the brightness (H, W), on the device that computes.
        scale, centre: As in `View`.
        visibility: How well each point is seen (N,), 0..1.
        light: Fine structure of the spherical harmonics at each point (N, `DIRECTED_TERMS`).
    """

    image: Singles | Tensor
    scale: Floats
    centre: Floats
    visibility: Singles
    light: Singles


def view_of(picture: NDArray[np.uint8], points: Floats, centre: tuple[float, float], zoom: float = 1.0) -> View:
    """Return the part of a picture around a face.

    Args:
        picture: Of the full frame (H, W, 3).
        points: Landmarks (N, 2), pixels.
        centre: Principal point.
        zoom: By how much longer the lens is than that for which the view is made: its full frame is the smaller one.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    pad = MARGIN * float((high - low).max())
    left, top = np.maximum(np.floor(low - pad), 0).astype(int)
    right, bottom = np.minimum(np.ceil(high + pad).astype(int) + 1, (picture.shape[1], picture.shape[0]))
    part = picture[top:bottom, left:right]
    factor = min(1.0, FACE_PIXELS / max(float(high[0] - low[0]), 1.0))
    width, height = max(round(part.shape[1] * factor), 8), max(round(part.shape[0] * factor), 8)
    if factor < 1.0:
        part = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    grey = part.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    # A camera whose focal length is a pixel tells what reducing does to a focal length and to the principal point.
    full = Intrinsics(picture.shape[1], picture.shape[0], 1.0, 1.0, *centre)
    reduced = full.cropped(left, top, right - left, bottom - top).resized(width, height)
    scale = np.array([reduced.focal_x, reduced.focal_y])
    return View(np.log(grey + np.float32(DARK)), scale * zoom, np.array([reduced.centre_x, reduced.centre_y]))


def exposed(picture: NDArray[np.uint8], points: Floats) -> float:
    """Return the share of a picture (H, W, 3) amid landmarks (N, 2) that is neither black nor burnt out."""
    low = np.maximum(np.floor(points.min(axis=0)), 0).astype(int)
    high = np.ceil(points.max(axis=0)).astype(int) + 1
    amid = picture[low[1] : high[1] : 2, low[0] : high[0] : 2].mean(axis=-1)
    return float(((amid > BLACK) & (amid < BURNT)).mean()) if amid.size else 0.0


class FeatureMaker:
    """Makes features of views for one head and one set of points."""

    def __init__(self, head: HeadModel, samples: SurfaceSamples) -> None:
        self._faces = head.faces.astype(np.int32)
        self._skin = skin_faces(head)
        self._samples = samples
        self._corners = head.faces[samples.triangle]

    def make(self, view: View, focal: float, vertices: Floats, narrow: float, wide: float) -> Feature:
        """Return the fine structure between two Gaussians.

        Args:
            view: The picture.
            focal: Focal length in pixels of the full frame.
            vertices: Of the head where it is believed to be (V, 3), camera axes, metres.
            narrow, wide: Standard deviations of the Gaussians, pixels of the view.
        """
        camera = view.camera(focal)
        raster = NumbaRasterizer(threads=1).rasterize(vertices, self._faces, camera)
        normals = vertex_normals(vertices, self._faces)
        points = self._at(vertices)
        pixels = project(points, camera, nearest=1e-3)
        visible = visibility(points, self._at(normals), pixels, raster.depth, FINE_STRUCTURE)
        unhidden = view.unhidden(visible.astype(np.float32))
        mask = self._mask(raster)
        window = _extent(mask)
        bases = _directed_light(raster.interpolate(normals, self._faces)[window].astype(np.float32))
        both = np.concatenate([view.brightness[window][..., None], bases], axis=2)
        fine = band_pass(both, mask[window], narrow, wide)
        corner = np.array([window[1].start, window[0].start], dtype=np.float64)
        light = np.zeros((len(pixels), DIRECTED_TERMS), dtype=np.float32)
        read_many(np.ascontiguousarray(fine[..., 1:]), pixels - corner, light)
        return Feature(np.ascontiguousarray(fine[..., 0]), view.scale, view.centre - corner, unhidden, light)

    def _at(self, values: Floats) -> Floats:
        return np.einsum("nk,nkc->nc", self._samples.barycentric, values[self._corners])

    def _mask(self, raster: Raster) -> Singles:
        mask = (raster.ids >= 0) & self._skin[raster.ids]
        return cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)


def _extent(mask: Singles) -> tuple[slice, slice]:
    """Return rows and columns of what a mask covers, with a border; everything where it covers nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) == 0:
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    return slice(max(rows[0] - 2, 0), rows[-1] + 3), slice(max(columns[0] - 2, 0), columns[-1] + 3)


def _directed_light(normals: Singles) -> Singles:
    """Return the spherical harmonics that depend on the direction (..., `DIRECTED_TERMS`) of normals (..., 3)."""
    length = np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), np.float32(1e-9))
    return light_terms(normals / length)[..., 1:]


def band_pass(image: Singles, mask: Singles, narrow: float, wide: float) -> Singles:
    """Return the difference of two Gaussian means of an image (H, W, C) over a mask (H, W)."""

    def mean(sigma: float) -> Any:
        total = cv2.GaussianBlur(mask, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        blurred = cv2.GaussianBlur(image * mask[..., None], (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        return blurred / np.maximum(total, np.float32(1e-3))[..., None]

    return (mean(narrow) - mean(wide)).astype(np.float32)


@compiled
def _bilinear(image, x, y):
    """Read an image (H, W) between pixels; outside it repeats its border."""
    x = min(max(x, 0.0), image.shape[1] - 1.001)
    y = min(max(y, 0.0), image.shape[0] - 1.001)
    i, j = int(x), int(y)
    a, b = x - i, y - j
    upper = image[j, i] * (1 - a) + image[j, i + 1] * a
    lower = image[j + 1, i] * (1 - a) + image[j + 1, i + 1] * a
    return upper * (1 - b) + lower * b


@compiled
def read_many(image, pixels, values):
    """Read an image (H, W, C) at pixels (N, 2) into values (N, C)."""
    for index in range(pixels.shape[0]):
        x = min(max(pixels[index, 0], 0.0), image.shape[1] - 1.001)
        y = min(max(pixels[index, 1], 0.0), image.shape[0] - 1.001)
        i, j = int(x), int(y)
        a, b = x - i, y - j
        for channel in range(image.shape[2]):
            upper = image[j, i, channel] * (1 - a) + image[j, i + 1, channel] * a
            lower = image[j + 1, i, channel] * (1 - a) + image[j + 1, i + 1, channel] * a
            values[index, channel] = upper * (1 - b) + lower * b


@compiled
def read_with_slope(image, pixels, values, slopes):
    """Read an image (H, W) at pixels (N, 2) into values (N,) and its derivative by the pixel into slopes (N, 2)."""
    for index in range(pixels.shape[0]):
        x, y = pixels[index, 0], pixels[index, 1]
        values[index] = _bilinear(image, x, y)
        slopes[index, 0] = _bilinear(image, x + 0.5, y) - _bilinear(image, x - 0.5, y)
        slopes[index, 1] = _bilinear(image, x, y + 0.5) - _bilinear(image, x, y - 0.5)
