"""Colours of fixed points on the skin of a filmed head, from which light and albedo are estimated.

Linear sRGB, camera axes. A frame is reduced to a small picture of the head first, which also averages the grain away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Array, Singles
from ..contract.camera import Intrinsics, project
from ..raster.normals import facing_camera, vertex_normals
from ..raster.rasterizer import NEAR
from ..raster.rasterizer_numba import NumbaRasterizer
from ..raster.visibility import SKIN_COLOUR, visibility
from ..render.srgb import linear_from_srgb

SkinMask = Callable[[int, NDArray[np.uint8], Intrinsics, Array], Singles]
"""(frame, part of its picture (H, W, 3), that part's camera, vertices) -> how surely each pixel is bare skin (H, W)."""

POINTS: Final = 3000
HEAD_PIXELS: Final = 160.0
"""Width of the head at which its colours are read; larger ones are reduced."""
DARKEST, BRIGHTEST = 0.004, (0.88, 0.96)
"""Linear brightness below which noise is larger than light, and between which a channel counts less and less: beyond
it is blown out."""
_MARGIN: Final = 0.15
_NOT_SKIN: Final = ("eyeball", "mouth", "teeth", "tongue", "iris", "eyelid")
"""Parts of the names of regions that light reaches otherwise or that move by themselves."""
_PATTERNED: Final = ("lip", "eyebrow")
"""Parts of the names of regions whose colour is their own: they tell of albedo, not of light."""


@dataclass(frozen=True)
class FilmedHead:
    """A head as the fit has it in a clip.

    Attributes:
        faces: (F, 3) int32.
        regions: Vertices by name.
        intrinsics: Camera of the full frame.
        vertices: Position in the clip -> vertices in camera axes (V, 3), metres.
        count: Number of vertices V.
        trust: How good each frame is (T,), 0 where there is no face.
        shot: Number of the shot (T,).
        skin_mask: Gives the mask without hands, hair and glasses; None where there is none.
        zoom: By how much longer the lens is on each frame than `intrinsics` say (T,); None where it stays the same.
    """

    faces: NDArray[np.int32]
    regions: Mapping[str, Array]
    intrinsics: Intrinsics
    vertices: Callable[[int], Array]
    count: int
    trust: Array
    shot: Array
    skin_mask: SkinMask | None = None
    zoom: Array | None = None

    def camera(self, frame: int) -> Intrinsics:
        """Return the camera of the full frame on one frame."""
        return self.intrinsics.on_frame(frame, self.zoom)


@dataclass(frozen=True)
class SkinPoints:
    """Vertices whose colour is read.

    Attributes:
        index: (N,).
        plain: Whether their colour tells of the light (N,): plain skin, no lips or brows.
    """

    index: NDArray[np.int64]
    plain: NDArray[np.bool_]


@dataclass(frozen=True)
class SkinObservation:
    """What a frame shows of N points.

    Attributes:
        value: Colours (N, 3).
        normals: Unit (N, 3).
        weight: How well each channel of each is seen (N, 3), 0..1.
    """

    value: Singles
    normals: Singles
    weight: Singles


def skin_points(head: FilmedHead, most: int = POINTS) -> SkinPoints:
    """Return vertices of the face, spread evenly over their order; of the whole head where it names no face."""
    chosen = np.zeros(head.count, dtype=bool)
    for name in ("face", "forehead"):
        chosen[head.regions.get(name, np.zeros(0, dtype=np.int64))] = True
    if not chosen.any():
        chosen[:] = True
    plain = chosen.copy()
    for name, vertices in head.regions.items():
        if any(part in name for part in _NOT_SKIN):
            chosen[vertices] = False
        if any(part in name for part in _PATTERNED):
            plain[vertices] = False
    index = np.flatnonzero(chosen)
    index = index[evenly(len(index), most)]
    return SkinPoints(index, plain[index])


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the positions 0 ... count - 1, evenly spread."""
    return np.unique(np.round(np.linspace(0, count - 1, min(count, most))).astype(np.int64))


def head_window(vertices: Array, camera: Intrinsics) -> tuple[tuple[slice, slice], Intrinsics] | None:
    """Return rows and columns around a head and the camera of that part; None where the head is not in the picture."""
    inside = vertices[vertices[:, 2] > NEAR]
    if len(inside) == 0:
        return None
    pixels = project(inside, camera)
    window = camera.window_around(pixels, _MARGIN * float(np.ptp(pixels, axis=0).max()), least=5)
    return None if window is None else (window.slices, camera.cropped(*window))


def observe_skin(
    head: FilmedHead, points: SkinPoints, frame: int, picture: NDArray[np.uint8]
) -> SkinObservation | None:
    """Return what a full frame (H, W, 3) shows of the points, or None where the head is not in it."""
    vertices = head.vertices(frame)
    head_part = head_window(vertices, head.camera(frame))
    if head_part is None:
        return None
    window, camera = head_part
    part = np.ascontiguousarray(picture[window])
    skin_mask = None if head.skin_mask is None else head.skin_mask(frame, part, camera, vertices)
    small, camera = _reduced(part, camera, vertices)
    normals = vertex_normals(vertices, head.faces)[points.index]
    positions = vertices[points.index]
    pixels = project(positions, camera, nearest=NEAR)
    maps = pixels[:, :1].astype(np.float32), pixels[:, 1:].astype(np.float32)
    value = cv2.remap(linear_from_srgb(small), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    depth = NumbaRasterizer(threads=1).rasterize(vertices, facing_camera(vertices, head.faces), camera).depth
    weight = visibility(positions, normals, pixels, depth, SKIN_COLOUR)
    if skin_mask is not None:
        small_mask = cv2.resize(skin_mask, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        weight = weight * cv2.remap(small_mask, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
    value = np.asarray(value, dtype=np.float32)
    exposed = np.clip((BRIGHTEST[1] - value) / (BRIGHTEST[1] - BRIGHTEST[0]), 0, 1) * (value > DARKEST)
    return SkinObservation(value, normals.astype(np.float32), (weight[:, None] * exposed).astype(np.float32))


def _reduced(part: NDArray[np.uint8], camera: Intrinsics, vertices: Array) -> tuple[NDArray[np.uint8], Intrinsics]:
    """Return a smaller picture of the head and its camera."""
    across = camera.focal_x * float(np.ptp(vertices[:, 0])) / max(float(np.median(vertices[:, 2])), NEAR)
    scale = min(1.0, HEAD_PIXELS / max(across, 1.0))
    if scale == 1.0:
        return part, camera
    width, height = max(round(part.shape[1] * scale), 5), max(round(part.shape[0] * scale), 5)
    smaller = cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(smaller, dtype=np.uint8), camera.resized(width, height)
