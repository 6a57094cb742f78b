"""The folder that trainers of Gaussian avatars read, as VHAP writes it and GaussianAvatars loads it.

``transforms.json`` (and its parts for training, validation and test) lists frames with intrinsics, camera to world in
OpenGL's axes, a picture, a mask and a file of FLAME's parameters. The camera stands still and the head moves; the world
is shifted so that the head is at its origin on average. The trainer poses FLAME by the parameters; `static_offset` and
`dynamic_offset` are what FLAME's own modes do not hold (here nothing, and the closed lids).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from ..contract.camera import Intrinsics
from ..contract.track import Track
from ..head.model import Floats, HeadModel, Integers
from ..landmarks.crop import Picture
from .codes import EXPRESSION, SHAPE, codes_of, global_pose, padded

TRAINED_SHARE: Final = 0.7
"""Of the frames, from the start, that go into training; the rest is the test (VHAP, split_json)."""
OPEN_JAW: Final = 0.3
"""Radians by which the canonical head opens its mouth."""
_QUICK: Final = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]


@dataclass(frozen=True)
class AvatarWriter:
    """Writes the folder of a track.

    Attributes:
        track: The track.
        head: Its head model.
        folder: Where.
        white: Whether what is not the person becomes white in the pictures.
    """

    track: Track
    head: HeadModel
    folder: Path
    white: bool

    def begin(self, frames: Integers) -> Floats:
        """Make the folders and write what belongs to the whole clip; return the shift of the world (3,)."""
        for name in ("images", "fg_masks", "flame_param"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        _, translation = global_pose(self.head, self.track)
        shift = -translation[frames].mean(axis=0)
        still = np.zeros((1, 3), dtype=np.float32)
        canonical = {
            **self._person(),
            "translation": still,
            "rotation": still,
            "neck_pose": still,
            "jaw_pose": np.array([[OPEN_JAW, 0, 0]], dtype=np.float32),
            "eyes_pose": np.zeros((1, 6), dtype=np.float32),
            "expr": np.zeros((1, EXPRESSION), dtype=np.float32),
        }
        np.savez(self.folder / "canonical_flame_param.npz", **canonical)
        if not self.head.file_name:
            write_head(self.folder / "head_model.npz", self.head)
        return shift

    def write_picture(self, step: int, picture: Picture, share: Floats | None) -> None:
        """Write picture and mask of a frame; `share` is how surely each pixel is the person, None where unknown."""
        name = f"{step:05d}_00.png"
        if share is not None:
            _save(self.folder / "fg_masks" / name, np.rint(255 * share).astype(np.uint8))
            if self.white:
                picture = _over_white(picture, share)
        _save(self.folder / "images" / name, np.ascontiguousarray(picture[..., ::-1]))

    def finish(self, frames: Integers, shift: Floats, *, masked: bool) -> Path:
        """Write parameters of all frames and the lists of them; return the path of transforms.json."""
        self._write_parameters(frames, shift)
        shared = _intrinsics(self.track.intrinsics)
        matrix = np.eye(4)
        matrix[:3, 3] = shift
        listed = [self._entry(step, int(frame), matrix, shared, masked) for step, frame in enumerate(frames)]
        trained = math.ceil(TRAINED_SHARE * len(listed))
        parts = {"": (0, len(listed)), "_train": (0, trained), "_val": (0, 0), "_test": (trained, len(listed))}
        for name, (first, end) in parts.items():
            content = {
                "frames": listed[first:end],
                **shared,
                "timestep_indices": list(range(first, trained if name == "_val" else end)),
                "camera_indices": [] if name == "_val" else [0],
            }
            path = self.folder / f"transforms{name}.json"
            path.write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
        return self.folder / "transforms.json"

    def _entry(self, step: int, frame: int, matrix: Floats, shared: dict[str, Any], masked: bool) -> dict[str, Any]:
        entry = {
            "timestep_index": step,
            "timestep_index_original": int(self.track.frame_index[frame]),
            "timestep_id": f"frame_{int(self.track.frame_index[frame]):05d}",
            "camera_index": 0,
            "camera_id": "0",
            **shared,
            "transform_matrix": matrix.tolist(),
            "file_path": f"images/{step:05d}_00.png",
            "flame_param_path": f"flame_param/{step:05d}.npz",
        }
        if masked:
            entry["fg_mask_path"] = f"fg_masks/{step:05d}_00.png"
        return entry

    def _person(self) -> dict[str, Any]:
        vertices = self.head.vertex_count
        identity = padded(self.track.identity, SHAPE).astype(np.float32)
        return {"shape": identity, "static_offset": np.zeros((1, vertices, 3), dtype=np.float32)}

    def _write_parameters(self, frames: Integers, shift: Floats) -> None:
        codes = codes_of(self.track)
        rotation, translation = global_pose(self.head, self.track)
        lids = self.head.eyelids
        for step, frame in enumerate(frames):
            values = {
                "translation": translation[frame] + shift,
                "rotation": rotation[frame],
                "neck_pose": codes.neck[frame],
                "jaw_pose": codes.jaw[frame],
                "eyes_pose": codes.eyes[frame],
                "expr": codes.expression[frame],
            }
            if lids is not None:
                values["dynamic_offset"] = lids @ codes.eyelids[frame]
            content = {name: value[None].astype(np.float32) for name, value in values.items()}
            path = self.folder / "flame_param" / f"{step:05d}.npz"
            np.savez(path, **self._person(), **content)


def _intrinsics(camera: Intrinsics) -> dict[str, Any]:
    return {
        "cx": camera.centre_x + 0.5,
        "cy": camera.centre_y + 0.5,
        "fl_x": camera.focal_x,
        "fl_y": camera.focal_y,
        "h": camera.height,
        "w": camera.width,
        "camera_angle_x": 2 * math.atan(camera.width / 2 / camera.focal_x),
        "camera_angle_y": 2 * math.atan(camera.height / 2 / camera.focal_y),
    }


def _over_white(picture: Picture, share: Floats) -> Picture:
    weight = cv2.merge([share.astype(np.float32)] * 3)
    blended = cv2.multiply(picture, weight, dtype=cv2.CV_32F) + 255 * (1 - weight)
    return np.rint(blended).astype(np.uint8)


def _save(path: Path, picture: np.ndarray) -> None:
    done, content = cv2.imencode(".png", picture, _QUICK)
    assert done
    path.write_bytes(content.tobytes())  # by Python: OpenCV can't open names with accents on Windows


def write_head(path: Path, head: HeadModel) -> None:
    """Write a head under the names of a FLAME file, 300 identity and 100 expression modes, unused ones zero."""
    shapes = np.zeros((head.vertex_count, 3, SHAPE + EXPRESSION), dtype=np.float32)
    identity, expression = head.identity_basis, head.expression_basis
    shapes[:, :, : identity.shape[2]] = identity[:, :, :SHAPE]
    shapes[:, :, SHAPE : SHAPE + expression.shape[2]] = expression[:, :, :EXPRESSION]
    parents = np.stack([head.joint_parents, np.arange(len(head.joint_parents))]).astype(np.int64)
    np.savez_compressed(
        path,
        v_template=head.template,
        f=head.faces.astype(np.uint32),
        shapedirs=shapes,
        posedirs=head.pose_correctives.astype(np.float32),
        J_regressor=head.joint_regressor,
        weights=head.skinning_weights,
        kintree_table=parents,
    )
