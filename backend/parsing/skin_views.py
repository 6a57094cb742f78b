"""Pictures of a head on its unrolled skin: the texel of every pixel, and the colour of every texel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.camera import Intrinsics, Window, project
from ..raster.normals import facing_camera, vertex_normals
from ..raster.rasterizer import NEAR
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import SKIN_PICTURE, is_unobstructed
from . import classes
from .atlas import Atlas

Parse = Callable[[NDArray[np.uint8]], NDArray[np.int64]]
"""From an RGB picture (H, W, 3) to the class of each of its pixels (H, W)."""
OWN: Final = (*(k for k in classes.FACE if k != classes.GLASSES), classes.LEFT_EAR, classes.RIGHT_EAR,
              classes.MOUTH, classes.NECK)  # fmt: skip
"""Classes that are the head's own skin."""
HEAD_PIXELS: Final = 120.0
"""Width of the head at which pictures are compared; larger ones are reduced."""
_DARK: Final = 10.0
"""Added to 8-bit values before the logarithm: below it noise is larger than light."""
_LIT: Final = (8, 251)
"""Green of pixels that tell a colour: below is noise, above the sensor is full (red skin fills red before)."""


@dataclass(frozen=True)
class PosedPicture:
    """A picture, with the head as the fit has it in it.

    Attributes:
        picture: RGB (H, W, 3) uint8, the frame or a part of it.
        camera: Of this very picture.
        vertices: Of the head in camera axes (V, 3), metres.
        hidden: Which of its pixels (H, W) shall not count; None where all do.
    """

    picture: NDArray[np.uint8]
    camera: Intrinsics
    vertices: Array
    hidden: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class HeadPart:
    """The part of a picture around the face, reduced: (h, w) pixels.

    Attributes:
        window: Rows and columns of the picture.
        camera: Of the reduced part.
        colour: (h, w, 3).
        visible: 1 for skin that faces the camera and is neither black nor burnt out (h, w), else 0.
        normals: Camera axes (h, w, 3).
        texel: Place in the atlas, across and down (h, w, 2).
        depth: Metres (h, w).
    """

    window: tuple[slice, slice]
    camera: Intrinsics
    colour: Singles
    visible: Singles
    normals: Singles
    texel: Singles
    depth: Singles


def head_part(atlas: Atlas, posed: PosedPicture) -> HeadPart | None:
    """Return the part of a picture around the face; None where the head is not in the picture."""
    found = _window(posed)
    if found is None:
        return None
    window, scale = found
    part = np.ascontiguousarray(posed.picture[window.slices])
    width, height = max(round(window.width * scale), 8), max(round(window.height * scale), 8)
    camera = posed.camera.cropped(*window).resized(width, height)
    small = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    faces = facing_camera(posed.vertices, atlas.faces)
    raster = NumbaRasterizer(threads=1).rasterize(posed.vertices, faces, camera)
    values = np.column_stack([vertex_normals(posed.vertices, atlas.faces), atlas.texel, atlas.skin])
    shown = raster.interpolate(values, faces).astype(np.float32)
    normals, texel = np.ascontiguousarray(shown[..., :3]), np.ascontiguousarray(shown[..., 3:5])
    lit = (small[..., 1] >= _LIT[0]) & (small[..., 1] <= _LIT[1])
    visible = (lit & (shown[..., 5] > 0.99) & (_facing(normals, camera) > SKIN_PICTURE.hidden)).astype(np.float32)
    if posed.hidden is not None:
        hidden = posed.hidden[window.slices].astype(np.float32)
        visible *= cv2.resize(hidden, (width, height), interpolation=cv2.INTER_AREA) <= 0
    return HeadPart(window.slices, camera, logarithms(small), visible, normals, texel, raster.depth)


def _window(posed: PosedPicture) -> tuple[Window, float] | None:
    """The part of the picture around the head, and how much it is reduced."""
    inside = posed.vertices[posed.vertices[:, 2] > NEAR]
    if len(inside) == 0:
        return None
    pixels = project(inside, posed.camera)
    window = posed.camera.window_around(pixels, margin=2, least=4)
    scale = min(1.0, HEAD_PIXELS / max(float(np.ptp(pixels[:, 0])), 1.0))
    return None if window is None else (window, scale)


def _facing(normals: Singles, camera: Intrinsics) -> Singles:
    """Cosine between normal and view (h, w)."""
    height, width = normals.shape[:2]
    x = (np.arange(width, dtype=np.float32) - np.float32(camera.centre_x)) / np.float32(camera.focal_x)
    y = ((np.arange(height, dtype=np.float32) - np.float32(camera.centre_y)) / np.float32(camera.focal_y))[:, None]
    along = normals[..., 0] * x + normals[..., 1] * y + normals[..., 2]
    return -along / np.sqrt(x * x + y * y + 1)


def logarithms(picture: NDArray[np.uint8]) -> Singles:
    """Return brightness and two tints (..., 3) of RGB: the mean logarithm, red and blue against green."""
    table = np.log(np.arange(256, dtype=np.float32) + np.float32(_DARK))
    red, green, blue = (table[picture[..., k]] for k in range(3))
    return np.stack([(red + green + blue) / 3, red - green, blue - green], axis=-1)


@dataclass(frozen=True)
class TexelObservation:
    """Colours in a picture of the N texels of the atlas that lie on the head.

    Attributes:
        colour: (N, 3).
        visible: Whether the picture shows them (N,).
        normals: Camera axes (N, 3).
        own: Whether the classes call them the head's own (N,); None without classes.
    """

    colour: Singles
    visible: NDArray[np.bool_]
    normals: Singles
    own: NDArray[np.bool_] | None


def observe_texels(atlas: Atlas, posed: PosedPicture, parse: Parse | None) -> TexelObservation:
    """Return colours and visibility of the texels in a picture; `parse` gives classes where a network can."""
    inside = atlas.raster.ids >= 0
    values = np.column_stack([posed.vertices, vertex_normals(posed.vertices, atlas.faces)])
    points = atlas.raster.interpolate(values, atlas.faces)[inside].astype(np.float32)
    part = head_part(atlas, posed)
    if part is None:
        nothing = np.zeros(len(points), dtype=bool)
        own = None if parse is None else nothing
        return TexelObservation(np.zeros((len(points), 3), np.float32), nothing, points[:, 3:], own)
    pixels: Array = project(points[:, :3], part.camera, nearest=NEAR).astype(np.float32)
    maps = pixels[:, None, 0], pixels[:, None, 1]
    colour = cv2.remap(part.colour, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    there = np.where(part.visible > 0, part.depth, np.float32(0))
    visible = is_unobstructed(points[:, :3], pixels, there, SKIN_PICTURE)
    own = None
    if parse is not None:
        face = np.isin(parse(np.ascontiguousarray(posed.picture[part.window])), OWN).astype(np.float32)
        face = cv2.resize(face, part.visible.shape[::-1], interpolation=cv2.INTER_AREA)
        own = cv2.remap(face, *maps, cv2.INTER_LINEAR)[:, 0] > 0.5
    return TexelObservation(colour.astype(np.float32), visible, points[:, 3:], own)
