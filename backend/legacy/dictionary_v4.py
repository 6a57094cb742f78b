"""The dictionary of version 4: its keys, shapes, types and units, with a leading axis for the picture.

What it has besides: ``crop_matrix`` from `img` to the picture, and always ``neck_pose`` and ``lmks_ears``, which that
version writes in some of its ways only. `texture` and `mesh_rendered` are there for a head that is painted, as there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Picture
from ..contract.camera import project
from ..contract.names import LEFT_IRIS, RIGHT_IRIS
from ..fit.geometry.parallel import single_threaded_operations
from ..head.ears import ear_in_view
from ..head.flame_codes import padded
from ..head.skinning import select_frames
from ..landmarks.aligned_crop import dlib68
from ..landmarks.crop import apply, inverse
from ..landmarks.crop_camera import corner_affine, corner_matrix, edge_to_edge, six_dof
from ..render.lit_head import Skin, blended_over, on_white, textured_head
from ..render.picture_light import Lit, estimate_light
from .dictionary_v1 import CropContents, FittedCrop, crop_contents, drawn_head, reduced
from .parts import Parts
from .versions import RENDERED, TEXTURE_MODES, VERSION_4

PAINTED: Final = 256
"""Side of `texture`."""


def dictionary_v4_of(crop: FittedCrop, parts: Parts, size: int, painted: Skin | None = None) -> dict[str, Any]:
    """Return the dictionary of one picture.

    Args:
        crop: The fitted head.
        parts: What it is made of.
        size: Side of `img` and `img_aligned`.
        painted: The head's texture, where the dictionary shall have it; `light` is the light on it then.
    """
    contents = crop_contents(crop, parts, size)
    pose = select_frames(crop.pose, slice(0, 1))
    colour, cover = drawn_head(crop, parts, contents)
    lit = contents.lit if painted is None else _light_on(painted, crop, parts, contents)
    singles = {
        "shape": padded(contents.shape, VERSION_4.shape_modes)[None],
        "exp": padded(pose.expression, VERSION_4.expression_modes),
        "head_pose": np.zeros((1, 3)),
        "jaw_pose": pose.jaw,
        "neck_pose": pose.neck,
        "eye_pose": np.concatenate([pose.left_eye, pose.right_eye], axis=1),
        "tex": padded(contents.lit.code, TEXTURE_MODES)[None],
        **({} if painted is None else {"texture": as_planes(painted.texture)}),
        "light": lit.light[None],
        "cam": six_dof(crop.rotation, crop.translation)[None],
        "fov": np.array([crop.degrees]),
        "K": corner_matrix(crop.camera(RENDERED))[None],
    }
    pictures: dict[str, NDArray[Any]] = {
        "img_rendered": blended_over(reduced(contents.img), colour, cover),
        "shape_rendered": on_white(colour, cover),
    }
    if painted is not None:
        pictures["mesh_rendered"] = _painted_head(painted, crop, parts, contents, lit)
    pictures |= {
        "img": contents.img,
        "img_aligned": contents.img_aligned,
        "parsing": contents.parsing,
        "parsing_aligned": contents.parsing_aligned,
    }
    return {
        **{name: np.asarray(values, dtype=np.float32) for name, values in singles.items()},
        **{name: picture[None] for name, picture in pictures.items()},
        **{name: points[None].astype(np.float32) for name, points in _landmarks(crop, parts, contents, size).items()},
        "blendshape_scores": np.asarray(crop.scores, dtype=np.float32)[None],
        "crop_matrix": corner_affine(crop.fitted.to_image(size))[None],
    }


def stacked(dictionaries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return dictionaries of single pictures as one, along the leading axis."""
    return {key: np.concatenate([each[key] for each in dictionaries]) for key in dictionaries[0]}


def as_planes(texture: Picture) -> NDArray[np.float32]:
    """Return a texture (S, S, 3), 0..255, as (1, 3, 256, 256), 0..1."""
    small = cv2.resize(texture, (PAINTED, PAINTED), interpolation=cv2.INTER_AREA)
    return (small.astype(np.float32) / 255).transpose(2, 0, 1)[None]


def texture_of_planes(planes: NDArray[Any]) -> Picture:
    """Return planes (1, 3, S, S), 0..1, as a texture (S, S, 3), 0..255."""
    return np.ascontiguousarray(np.rint(255 * np.clip(planes[0], 0, 1)).astype(np.uint8).transpose(1, 2, 0))


def _landmarks(crop: FittedCrop, parts: Parts, contents: CropContents, size: int) -> dict[str, Floats]:
    """Points of the crop, -1..1 from edge to edge."""
    inside = apply(inverse(crop.fitted.to_image(size)), crop.points[:, :2].astype(np.float64))
    points = {"lmks_68": dlib68(inside), "lmks_eyes": inside[[*RIGHT_IRIS, *LEFT_IRIS]]}
    if parts.ears is not None:
        ear = ear_in_view(parts.ears, contents.vertices, crop.rotation, crop.translation)
        points["lmks_ears"] = project(ear, contents.camera)
    return {name: edge_to_edge(values, size) for name, values in points.items()}


def _light_on(painted: Skin, crop: FittedCrop, parts: Parts, contents: CropContents) -> Lit:
    head = parts.head
    space = painted.space(head.faces, head.vertex_count)
    placed_mesh = (contents.vertices, head.faces, crop.rotation, crop.translation)
    return estimate_light(contents.img, contents.camera, *placed_mesh, space, parts.skin, np.zeros(0))


def _painted_head(painted: Skin, crop: FittedCrop, parts: Parts, contents: CropContents, lit: Lit) -> Picture:
    placed_mesh = (contents.vertices, parts.head.faces, crop.rotation, crop.translation)
    with single_threaded_operations():  # so small a picture takes several times as long on threads that others want
        return on_white(*textured_head(crop.camera(RENDERED), *placed_mesh, lit, painted))
