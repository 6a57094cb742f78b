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

from ..contract.arrays import Floats, Picture
from ..contract.camera import Intrinsics
from ..data.types import Fit, HeadPose
from ..head.flame_codes import padded
from ..head.skinning import pose_vertices, select_frames
from ..landmarks.aligned_crop import cut, dlib68
from ..landmarks.crop import Region
from ..landmarks.crop_camera import (
    VERSION_1_ANGLE,
    corner_affine,
    corner_matrix,
    corner_pixels,
    crop_in_full_frame,
    full_frame_in_crop,
    six_dof,
    square_camera,
)
from ..parsing.bisenet import SIZE as PARSED
from ..render.lit_head import blended_over, lit_head
from ..render.picture_light import Lit, estimate_light
from .parts import Parts
from .versions import RENDERED, TEXTURE_MODES, VERSION_1


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
        degrees: Angle of view of the crop.
        fit: The fit of this crop where it was fitted by itself.
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
    degrees: float = VERSION_1_ANGLE
    fit: Fit | None = None

    def camera(self, size: int) -> Intrinsics:
        """Return the camera of the crop as a picture of `size` pixels."""
        return square_camera(size, self.degrees)


@dataclass(frozen=True)
class CropContents:
    """What every version's dictionary says of a crop.

    Attributes:
        camera: Of `img`.
        vertices: (V, 3), head axes.
        img: What the head was fitted in (S, S, 3).
        img_aligned: The aligned square (S, S, 3).
        parsing, parsing_aligned: Classes of both (512, 512).
        lit: Light and texture code.
        shape: Identity (I,).
    """

    camera: Intrinsics
    vertices: Floats
    img: Picture
    img_aligned: Picture
    parsing: NDArray[np.int64]
    parsing_aligned: NDArray[np.int64]
    lit: Lit
    shape: Floats


def crop_contents(crop: FittedCrop, parts: Parts, size: int) -> CropContents:
    """Return what is seen in a crop; `size` is the side of the pictures."""
    camera = crop.camera(size)
    vertices = pose_vertices(parts.head, crop.pose)[0]
    img = cut(crop.picture, crop.fitted, size)
    parsing = _parsed(crop, parts, crop.fitted, vertices)
    same = crop.fitted == crop.aligned
    return CropContents(
        camera=camera,
        vertices=vertices,
        img=img,
        img_aligned=img if same else cut(crop.picture, crop.aligned, size),
        parsing=parsing,
        parsing_aligned=parsing if same else _parsed(crop, parts, crop.aligned, vertices),
        lit=light_of(crop, parts, img, camera, vertices),
        shape=crop.pose.identity if parts.known_shape is None else parts.known_shape,
    )


def dictionary_of(crop: FittedCrop, parts: Parts, size: int) -> dict[str, Any]:
    """Return the dictionary of version 1.01; `size` is the side of `img` and `img_aligned`."""
    contents = crop_contents(crop, parts, size)
    pose = select_frames(crop.pose, slice(0, 1))
    return {
        "vertices": contents.vertices.astype(np.float32),
        "shape": padded(contents.shape, VERSION_1.shape_modes)[None].astype(np.float32),
        "exp": padded(pose.expression, VERSION_1.expression_modes).astype(np.float32),
        "pose": np.concatenate([np.zeros((1, 3)), pose.jaw], axis=1).astype(np.float32),
        "eye_pose": np.concatenate([pose.left_eye, pose.right_eye], axis=1).astype(np.float32),
        "tex": padded(contents.lit.code, TEXTURE_MODES)[None].astype(np.float32),
        "light": contents.lit.light[None].astype(np.float32),
        "cam": six_dof(crop.rotation, crop.translation),
        "img_rendered": _rendered(crop, parts, contents),
        "img": contents.img,
        "img_aligned": contents.img_aligned,
        "parsing": contents.parsing,
        "parsing_aligned": contents.parsing_aligned,
        "lmks_dense": corner_pixels(crop.points[:, :2].astype(np.float64)),
        "lmks_68": corner_pixels(dlib68(crop.points[:, :2].astype(np.float64))),
        "blendshape_scores": np.asarray(crop.scores, dtype=np.float32),
        **_beyond(crop, contents.camera),
    }


def light_of(crop: FittedCrop, parts: Parts, img: Picture, camera: Intrinsics, vertices: Floats) -> Lit:
    """Return light and texture code of the picture; only the light where the code is known."""
    placed_mesh = (vertices, parts.head.faces, crop.rotation, crop.translation)
    return estimate_light(img, camera, *placed_mesh, parts.space, parts.skin, crop.texture)


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


def drawn_head(crop: FittedCrop, parts: Parts, contents: CropContents) -> tuple[Floats, Floats]:
    """Return the lit head's colours (256, 256, 3) in 0..1 and how much of each pixel it covers (256, 256)."""
    return lit_head(
        crop.camera(RENDERED), contents.vertices, parts.head.faces, crop.rotation, crop.translation, contents.lit
    )


def reduced(img: Picture) -> Picture:
    """Return a crop at the size of the rendered pictures."""
    return cv2.resize(img, (RENDERED, RENDERED), interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _rendered(crop: FittedCrop, parts: Parts, contents: CropContents) -> Picture:
    return blended_over(reduced(contents.img), *drawn_head(crop, parts, contents))


def _parsed(crop: FittedCrop, parts: Parts, region: Region, vertices: Floats) -> NDArray[np.int64]:
    """Parsing (512, 512) of a square of the picture."""
    height, width = crop.picture.shape[:2]
    parsing_camera = crop.camera(PARSED)
    full, rotation, translation = crop_in_full_frame(
        crop.fitted, parsing_camera, width, height, crop.rotation, crop.translation
    )
    camera, turn = full_frame_in_crop(region, PARSED, full)
    in_camera = (vertices @ rotation.T + translation) @ turn.T
    return parts.parser.parse_square(crop.picture, region, crop.points.astype(np.float64), camera, in_camera)
