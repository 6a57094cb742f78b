"""Folder that trainers of INSTA and FlashAvatar read, as Zielon/metrical-tracker leaves it.

``checkpoint/NNNNN.frame`` is a file of torch with FLAME's parameters and the camera, ``mesh/NNNNN.ply`` the head of
that frame, ``input`` the picture, ``depth`` how far the head is in millimetres, ``canonical.obj`` the head with its
mouth open by 12 degrees. FlashAvatar reads three folders more, which count from 1: ``imgs``, ``alpha`` (the person)
and ``parsing`` (head with neck, and mouth).

That program has no joint for the neck: a bent neck becomes a turn of the whole head. Lids are its own: l_eyelid.npy and
r_eyelid.npy, which this program uses too. Its codes of texture and light are read by no trainer and are zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..contract.camera import rotation_matrices
from ..contract.track import Track
from ..head.flame_codes import Codes, codes_of, identity_to_apply, joint_positions, pose_of, root_poses
from ..head.model import HeadModel
from ..head.skinning import neutral_pose, pose_vertices
from ..head.torso import NECK
from ..landmarks.aligned_crop import SIZE
from ..landmarks.crop_camera import corner_matrix
from ..parsing import classes
from ..raster.rasterizer_numba import NumbaRasterizer
from .avatar import save_quickly
from .square import SquareClip, SquareFrame

OPEN_JAW: Final = math.radians(12)
"""By which the canonical head opens its mouth."""
FOLDERS: Final = ("checkpoint", "mesh", "input", "depth", "imgs", "alpha", "parsing")
_TEXTURE_MODES: Final = 140
_NOT_HEAD: Final = (classes.BACKGROUND, classes.CLOTH, classes.NECKLACE)
_MOUTH: Final = (classes.MOUTH, classes.UPPER_LIP, classes.LOWER_LIP)
_FARTHEST: Final = 65535
_STRAIGHT: Final = 1e-6
"""Radians below which a neck is not bent."""
_JPEG: Final = [cv2.IMWRITE_JPEG_QUALITY, 97]


@dataclass(frozen=True)
class MetricalWriter:
    """Writes the folder of a track.

    Attributes:
        track: The track.
        head: Its head model.
        clip: The window of the clip.
        folder: Where.
    """

    track: Track
    head: HeadModel
    clip: SquareClip
    folder: Path

    def begin(self) -> None:
        """Make the folders and write the canonical head."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        pose = neutral_pose(self.head, identity=identity_to_apply(self.head, self.track))
        pose.jaw[0, 0] = OPEN_JAW
        lines = ["v {:.8f} {:.8f} {:.8f}".format(*row) for row in pose_vertices(self.head, pose)[0].tolist()]
        lines += ["f {} {} {}".format(*row) for row in (self.head.faces + 1).tolist()]
        (self.folder / "canonical.obj").write_text("\n".join(lines) + "\n", "utf-8", newline="\n")

    def write(self, step: int, frame: int, square: SquareFrame) -> None:
        """Write all of a frame; steps count from 0 without a hole, as readers do."""
        name = f"{step:05d}"
        torch.save(self._checkpoint(step, frame), self.folder / "checkpoint" / f"{name}.frame")
        vertices = self._vertices(frame)
        _write_ply(self.folder / "mesh" / f"{name}.ply", vertices, self.head.faces)
        save_quickly(self.folder / "input" / f"{name}.png", square.picture)
        save_quickly(self.folder / "depth" / f"{name}.png", self._depth(square))
        self._write_for_flash_avatar(f"{step + 1:05d}", square)

    def _write_for_flash_avatar(self, name: str, square: SquareFrame) -> None:
        parsing = self.clip.parsing(square)
        share = np.ones((SIZE, SIZE)) if square.share is None else square.share
        head = ~np.isin(parsing, _NOT_HEAD)
        _save_jpeg(self.folder / "imgs" / f"{name}.jpg", square.picture[..., ::-1])
        _save_jpeg(self.folder / "alpha" / f"{name}.jpg", np.rint(255 * share).astype(np.uint8))
        save_quickly(self.folder / "parsing" / f"{name}_neckhead.png", _black_and_white(head))
        mouth = _black_and_white(np.isin(parsing, _MOUTH))
        save_quickly(self.folder / "parsing" / f"{name}_mouth.png", mouth)

    def _checkpoint(self, step: int, frame: int) -> dict[str, Any]:
        codes, single = self._codes, np.float32
        rotation, translation = (self.clip.view.turn @ part[frame] for part in self._straight)
        camera = corner_matrix(self.clip.view.intrinsics)
        flipped = np.diag([-1.0, -1.0, 1.0])  # its renderer's camera looks along +z with x to the left and y up
        jaw, eyes = codes.jaw[frame], codes.eyes[frame]
        flame = {
            "exp": codes.expression_without_lids[frame],
            "shape": codes.shape,
            "tex": np.zeros(_TEXTURE_MODES),
            "sh": np.zeros((9, 3)),
            "eyes": np.concatenate([six_numbers(eyes[:3]), six_numbers(eyes[3:])]),
            "eyelids": codes.eyelids[frame],
            "jaw": six_numbers(jaw),
        }
        seen = {
            "R": _two_rows((flipped @ rotation).T),
            "t": flipped @ translation,
            "fl": np.array([camera[0, 0] * 2 / SIZE]),
            "pp": np.zeros(2),
        }
        opencv = {"R": rotation, "t": translation, "K": camera}
        return {
            **{
                kind: {name: value[None].astype(single) for name, value in values.items()}
                for kind, values in (("flame", flame), ("camera", seen), ("opencv", opencv))
            },
            "img_size": np.array([SIZE, SIZE]),
            "frame_id": f"{step:05d}",
            "global_step": step,
        }

    @cached_property
    def _codes(self) -> Codes:
        """Of all frames."""
        return codes_of(self.track, None)

    @cached_property
    def _straight(self) -> tuple[Floats, Floats]:
        """Head to camera in every frame (T, 3, 3), (T, 3) of a head whose neck is straight."""
        rotation, translation = root_poses(self.head, self.track)
        turn = np.asarray(rotation_matrices(self.track.neck_pose))
        joints = joint_positions(self.head, self.track, NECK)
        move = joints - np.einsum("tij,tj->ti", turn, joints)
        return rotation @ turn, translation + np.einsum("tij,tj->ti", rotation, move)

    @cached_property
    def _bent(self) -> bool:
        return bool(np.abs(self.track.neck_pose).max(initial=0) >= _STRAIGHT)

    def _vertices(self, frame: int) -> Floats:
        """Return the head of a frame with a straight neck (V, 3), in its own space."""
        track = self.track
        if not self._bent:
            return track.vertices[frame].astype(np.float64)
        pose = pose_of(self.head, track, np.zeros_like(track.neck_pose))
        return pose_vertices(self.head, pose, slice(frame, frame + 1))[0]

    def _depth(self, square: SquareFrame) -> NDArray[np.uint16]:
        """Return how far the head is in whole millimetres (512, 512), 0 where it is not."""
        raster = NumbaRasterizer(threads=1).rasterize(square.in_camera, self.head.faces, self.clip.view.intrinsics)
        depth = np.where(np.isfinite(raster.depth), 1000 * raster.depth, 0)
        return np.minimum(np.rint(depth), _FARTHEST).astype(np.uint16)


def six_numbers(axis_angle: Floats) -> Floats:
    """Return the first two rows (6,) of the matrix of a rotation (3,)."""
    return _two_rows(np.asarray(rotation_matrices(axis_angle)))


def _two_rows(matrix: Floats) -> Floats:
    return matrix[:2].reshape(6)


def _write_ply(path: Path, vertices: Floats, faces: NDArray[Any]) -> None:
    """Write a mesh in the binary form of Stanford's format."""
    head = (
        "ply\nformat binary_little_endian 1.0\n"
        f"element vertex {len(vertices)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    rows = np.empty(len(faces), dtype=[("count", "u1"), ("corners", "<i4", (3,))])
    rows["count"], rows["corners"] = 3, faces
    path.write_bytes(head.encode("ascii") + vertices.astype("<f4").tobytes() + rows.tobytes())


def _black_and_white(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(mask, np.uint8(255), np.uint8(0))


def _save_jpeg(path: Path, picture: NDArray[np.uint8]) -> None:
    done, content = cv2.imencode(".jpg", np.ascontiguousarray(picture), _JPEG)
    assert done
    path.write_bytes(content.tobytes())
