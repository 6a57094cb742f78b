"""The dictionary of version 1.01 for one picture whose head is fitted: its keys, shapes, types, units and conventions.

Version 1.01 fits inside of a square crop that has an angle of view of 20 degrees, whatever the camera; FLAME's own head
pose is zero, and the camera carries the motion. The fit here is ours, made in that same crop with that same camera, so
nothing is approximated on the way: `vertices` seen by `cam` fall on `img` where the full frame has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..aligned.camera import (
    corner_affine,
    corner_matrix,
    corner_pixels,
    crop_in_full_frame,
    full_frame_in_crop,
    six_dof,
    square_camera,
)
from ..aligned.crop import cut, dlib68
from ..aligned.drawing import lit_head, over
from ..aligned.light import Lit, estimate_light
from ..contract.camera import Intrinsics
from ..export.codes import padded
from ..head.model import Floats, HeadPose
from ..head.skinning import pose_vertices, select_frames
from ..landmarks.crop import Picture, Region
from ..parsing.bisenet import SIZE as PARSED
from .parts import EXPRESSION_MODES, SHAPE_MODES, TEXTURE_MODES, Parts

RENDERED = 256
"""Side of `img_rendered`."""


@dataclass(frozen=True)
class FittedCrop:
    """A head that was fitted inside of a crop.

    Attributes:
        picture: Full frame, RGB.
        fitted: The square that became `img`.
        aligned: FFHQ's square, enlarged; the same as `fitted` where the picture was realigned.
        points: Landmarks (478, 2 or more), full-frame pixels.
        scores: (52,).
        pose: Parameters of this one frame.
        rotation, translation: Head to the camera of the crop.
        texture: Known texture code, or None where it is estimated from this picture.
    """

    picture: Picture
    fitted: Region
    aligned: Region
    points: Floats
    scores: NDArray[np.floating[Any]]
    pose: HeadPose
    rotation: Floats
    translation: Floats
    texture: Floats | None = None


def dictionary_of(crop: FittedCrop, parts: Parts, size: int) -> dict[str, Any]:
    """Return the dictionary; `size` is the side of `img` and `img_aligned`."""
    camera = square_camera(size)
    vertices = pose_vertices(parts.head, crop.pose)[0]
    img = cut(crop.picture, crop.fitted, size)
    same = crop.fitted == crop.aligned
    img_aligned = img if same else cut(crop.picture, crop.aligned, size)
    lit = light_of(crop, parts, img, camera, vertices)
    parsing = _parsed(crop, parts, crop.fitted, vertices)
    pose = select_frames(crop.pose, slice(0, 1))
    return {
        "vertices": vertices.astype(np.float32),
        "shape": padded(pose.identity, SHAPE_MODES)[None].astype(np.float32),
        "exp": padded(pose.expression, EXPRESSION_MODES).astype(np.float32),
        "pose": np.concatenate([np.zeros((1, 3)), pose.jaw], axis=1).astype(np.float32),
        "eye_pose": np.concatenate([pose.left_eye, pose.right_eye], axis=1).astype(np.float32),
        "tex": padded(lit.code, TEXTURE_MODES)[None].astype(np.float32),
        "light": lit.light[None].astype(np.float32),
        "cam": six_dof(crop.rotation, crop.translation),
        "img_rendered": _rendered(crop, parts, img, vertices, lit),
        "img": img,
        "img_aligned": img_aligned,
        "parsing": parsing,
        "parsing_aligned": parsing if same else _parsed(crop, parts, crop.aligned, vertices),
        "lmks_dense": corner_pixels(crop.points[:, :2].astype(np.float64)),
        "lmks_68": corner_pixels(dlib68(crop.points.astype(np.float64))),
        "blendshape_scores": np.asarray(crop.scores, dtype=np.float32),
        **_beyond(crop, camera),
    }


def light_of(crop: FittedCrop, parts: Parts, img: Picture, camera: Intrinsics, vertices: Floats) -> Lit:
    """Return light and texture code of the picture; only the light where the code is known."""
    place = (vertices, parts.head.faces, crop.rotation, crop.translation)
    return estimate_light(img, camera, *place, parts.space, parts.skin, crop.texture)


def _beyond(crop: FittedCrop, camera: Intrinsics) -> dict[str, Any]:
    """What version 1.01 threw away: camera and place of the crop, and the same head in the camera of the full frame."""
    height, width = crop.picture.shape[:2]
    full, rotation, translation = crop_in_full_frame(
        crop.fitted, camera, width, height, crop.rotation, crop.translation
    )
    return {
        "intrinsics": corner_matrix(camera),
        "crop_matrix": corner_affine(crop.fitted.to_image(camera.width)),
        "intrinsics_full": corner_matrix(full),
        "head_to_camera_full": np.concatenate([rotation, translation[:, None]], axis=1),
    }


def _rendered(crop: FittedCrop, parts: Parts, img: Picture, vertices: Floats, lit: Lit) -> Picture:
    camera = square_camera(RENDERED)
    colour, cover = lit_head(camera, vertices, parts.head.faces, crop.rotation, crop.translation, lit)
    small = cv2.resize(img, (RENDERED, RENDERED), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    return over(small, colour, cover)


def _parsed(crop: FittedCrop, parts: Parts, region: Region, vertices: Floats) -> NDArray[np.int64]:
    """Parsing (512, 512) of a square of the picture."""
    height, width = crop.picture.shape[:2]
    own = square_camera(PARSED)
    full, rotation, translation = crop_in_full_frame(crop.fitted, own, width, height, crop.rotation, crop.translation)
    camera, turn = full_frame_in_crop(region, PARSED, full)
    in_camera = (vertices @ rotation.T + translation) @ turn.T
    return parts.parser.parse_square(crop.picture, region, crop.points.astype(np.float64), camera, in_camera)
