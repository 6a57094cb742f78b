"""Drawing of the head as it is lit, into a square picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..contract.arrays import Array, Floats, Picture
from ..contract.camera import Intrinsics, Window, project
from ..head.albedo.albedo_space import AlbedoSpace
from ..raster.normals import facing_camera, vertex_normals
from ..raster.rasterizer import NEAR, Raster
from ..raster.rasterizer_numba import NumbaRasterizer
from .differentiable.choice import best_rasterizer
from .differentiable.clip import lens_of
from .differentiable.drawing import Lighting, draw_lit, textured_mesh
from .differentiable.texture import MipTexture, mip_texture
from .picture_light import FACTORS, Lit, shaded

PROCESSOR: Final = torch.device("cpu")
OPACITY: Final = 0.5
"""Of the head over the picture, as the research tracker has it."""
_SAMPLES: Final = 2
_BORDER: Final = 3
"""Pixels around the head that its smooth outline may reach."""
_ROW: Final = 1024
_LEVELS: Final = 4
_SMALL: Final = 300
"""Side up to which pictures are drawn with several samples for each pixel: lips and lids are thinner than one."""


def lit_head(
    intrinsics: Intrinsics, vertices: Floats, faces: Array, rotation: Floats, translation: Floats, lit: Lit
) -> tuple[Floats, Floats]:
    """Return the head's colours (H, W, 3) in 0..1 and how much of each pixel it covers (H, W)."""
    in_camera = vertices @ rotation.T + translation
    triangles = facing_camera(in_camera, faces)
    raster = NumbaRasterizer(threads=1).rasterize(in_camera, triangles, intrinsics.scaled(_SAMPLES))
    colours = np.clip(shaded(lit, vertex_normals(vertices, faces)), 0, 1)
    return _averaged(raster.interpolate(colours, triangles).astype(np.float32), raster, intrinsics)


@dataclass(frozen=True)
class Skin:
    """The baked texture of a head.

    Attributes:
        texture: sRGB (S, S, 3), row 0 at v = 1.
        uv: Texture coordinates (T, 2).
        uv_faces: Of the triangles' corners (F, 3).
    """

    texture: Picture
    uv: Floats
    uv_faces: Array

    def space(self, faces: Array, count: int) -> AlbedoSpace:
        """Return a space of albedos in which there is only this one, sampled at the vertices."""
        place = np.zeros((count, 2))
        place[faces.reshape(-1)] = self.uv[self.uv_faces.reshape(-1)]
        return AlbedoSpace("baked texture", self._sampled(place).astype(np.float64), np.zeros((count, 3, 0)))

    @cached_property
    def levels(self) -> MipTexture:
        """The colours in 0..1, with mip levels: as many as the border of the texture's islands is wide enough for."""
        return mip_texture(torch.from_numpy(self.texture.astype(np.float32) / 255), _LEVELS)

    def _sampled(self, place: Floats) -> NDArray[np.float32]:
        size = len(self.texture)
        x = (place[:, 0] * size - 0.5).astype(np.float32)
        y = ((1 - place[:, 1]) * size - 0.5).astype(np.float32)
        rows = -(-len(place) // _ROW)
        x, y = (np.resize(values, (rows, _ROW)) for values in (x, y))  # remap takes no longer rows than 32767
        found = cv2.remap(self.texture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return (found.reshape(-1, 3)[: len(place)] / np.float32(255)).astype(np.float32)


def textured_head(
    intrinsics: Intrinsics, vertices: Floats, faces: Array, rotation: Floats, translation: Floats, lit: Lit, skin: Skin
) -> tuple[Floats, Floats]:
    """Return the same as `lit_head` with the baked texture; `lit` is the light on that texture, see `Skin.space`."""
    in_camera = vertices @ rotation.T + translation
    outside = _outside(in_camera, faces)

    def tensor(values: Array, kind: torch.dtype = torch.float32) -> Tensor:
        return torch.as_tensor(np.ascontiguousarray(values)).to(kind)

    mesh = textured_mesh(
        tensor(faces[outside], torch.int64), tensor(skin.uv), tensor(skin.uv_faces[outside], torch.int64)
    )
    light = Lighting(
        tensor(vertex_normals(vertices, faces))[None], tensor(FACTORS[:, None] * lit.light)[None], torch.zeros(1, 3)
    )
    cover = np.zeros((intrinsics.height, intrinsics.width))
    colour = np.zeros((*cover.shape, 3))
    window = _window(in_camera, intrinsics)
    if window is None:
        return colour, cover
    small = intrinsics.cropped(*window)
    fine = small.scaled(_SAMPLES if max(intrinsics.width, intrinsics.height) <= _SMALL else 1)
    nothing = torch.zeros(1, fine.height, fine.width, 3)
    with torch.no_grad():
        drawn = draw_lit(
            best_rasterizer(PROCESSOR), mesh, tensor(in_camera)[None], lens_of(fine), skin.levels, light, nothing
        )
    size = (small.width, small.height)
    seen = np.clip(cv2.resize(drawn.cover[0].numpy(), size, interpolation=cv2.INTER_AREA), 0, 1)
    lit_part = cv2.resize(drawn.colour[0].numpy(), size, interpolation=cv2.INTER_AREA)
    cover[window.slices] = seen
    colour[window.slices] = np.clip(lit_part / np.maximum(seen, 1e-6)[..., None], 0, 1)
    return colour, cover


def _window(in_camera: Floats, intrinsics: Intrinsics) -> Window | None:
    """Return the part of the picture that the head can touch, None where it is beside it: the rest is not drawn."""
    if (in_camera[:, 2] < NEAR).any():
        return Window(0, 0, intrinsics.width, intrinsics.height)
    return intrinsics.window_around(project(in_camera, intrinsics), _BORDER)


def _outside(in_camera: Floats, faces: Array) -> NDArray[np.bool_]:
    """Which triangles show the camera their outer side (F,)."""
    corners = in_camera[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    return np.asarray((normal * corners[:, 0]).sum(axis=1) < 0)


def _averaged(fine: NDArray[np.float32], raster: Raster, intrinsics: Intrinsics) -> tuple[Floats, Floats]:
    """Colours and cover of the picture's own pixels, of a raster with several for each."""
    size = (intrinsics.width, intrinsics.height)
    there = (raster.ids >= 0).astype(np.float32)
    cover = cv2.resize(there, size, interpolation=cv2.INTER_AREA)
    colour = cv2.resize(fine * there[..., None], size, interpolation=cv2.INTER_AREA)
    colour = colour / np.maximum(cover, 1e-6)[..., None]
    return np.asarray(colour, dtype=np.float64), np.asarray(cover, dtype=np.float64)


def blended_over(picture: Picture, colour: Floats, cover: Floats, opacity: float = OPACITY) -> Picture:
    """Return the head blended over a picture of the same size."""
    share = (cover * opacity)[..., None]
    return np.rint(picture * (1 - share) + 255 * colour * share).astype(np.uint8)


def on_white(colour: Floats, cover: Floats) -> Picture:
    """Return the head on white."""
    return np.rint(255 * (1 - cover[..., None] + colour * cover[..., None])).astype(np.uint8)
