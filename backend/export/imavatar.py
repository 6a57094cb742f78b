"""Folder that trainers of IMavatar, PointAvatar and SplattingAvatar read, as IMavatar's preprocessing leaves it.

``flame_params.json`` holds FLAME's parameters of all frames, the camera and its place; beside it lie ``image``,
``mask``, ``semantic`` (classes of the parsing, in grey) and, for SplattingAvatar, ``images`` with the mask as
transparency.

That form knows 100 identity and 50 expression modes, a head four times its size, a camera that looks along -z, and no
lids but what expression can show. The camera of these files never turns; the head does, by FLAME's global rotation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..contract.arrays import Floats
from ..contract.camera import BLENDER_FROM_OPENCV, axis_angles
from ..contract.failure import Notice
from ..contract.names import LEFT_IRIS, RIGHT_IRIS
from ..contract.track import Track
from ..head.flame_codes import Codes, codes_of, identity_to_apply, root_poses
from ..head.model import HeadModel
from ..head.skinning import shaped_template
from ..landmarks.aligned_crop import SIZE, dlib68
from ..landmarks.crop_camera import corner_matrix, corner_pixels
from .avatar import save_quickly
from .lids import LidCodes
from .portraits import modelled_landmarks
from .square import SquareClip, SquareFrame

SHAPE: Final = 100
EXPRESSION: Final = 50
SCALE: Final = 4.0
"""How much larger than life the head is."""
FOLDERS: Final = ("image", "images", "mask", "semantic")
_SEEN: Final = 2e-4
"""Metres that the modes beyond those may move the head unsaid."""


@dataclass(frozen=True)
class ImavatarWriter:
    """Writes the folder of a track.

    Attributes:
        track: The track.
        head: Its head model.
        lids: What stands for its closed lids, in the first 50 modes.
        clip: The window of the clip.
        folder: Where.
    """

    track: Track
    head: HeadModel
    lids: LidCodes | None
    clip: SquareClip
    folder: Path

    def begin(self) -> None:
        """Make the folders."""
        for name in FOLDERS:
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def write(self, step: int, frame: int, square: SquareFrame) -> dict[str, Any]:
        """Write the pictures of a frame and return what ``flame_params.json`` says of it; names count from 1."""
        name = f"{step + 1}"
        share = np.ones((SIZE, SIZE)) if square.share is None else square.share
        mask = np.rint(255 * share).astype(np.uint8)
        save_quickly(self.folder / "image" / f"{name}.png", square.picture)
        save_quickly(self.folder / "images" / f"{name}.png", np.dstack([square.picture, mask]))
        save_quickly(self.folder / "mask" / f"{name}.png", mask)
        save_quickly(self.folder / "semantic" / f"{name}.png", self.clip.parsing(square).astype(np.uint8))
        return {"file_path": f"./image/{name}", **self._parameters(frame), **self._landmarks(square)}

    def finish(self, frames: list[dict[str, Any]]) -> Path:
        """Write the list of frames and return its path."""
        camera = corner_matrix(self.clip.view.intrinsics) / SIZE
        content = {
            "frames": frames,
            "intrinsics": [-camera[0, 0], camera[1, 1], camera[0, 2], camera[1, 2]],
            "shape_params": self._codes.shape[:SHAPE].tolist(),
        }
        path = self.folder / "flame_params.json"
        path.write_text(json.dumps(content, allow_nan=False), "utf-8")
        return path

    @cached_property
    def _codes(self) -> Codes:
        """Of all frames."""
        return codes_of(self.track, None if self.lids is None else self.lids.expression)

    @cached_property
    def _roots(self) -> Floats:
        """The place of the root joint in each frame (T, 3), as those programs have it with the modes that they know."""
        row = self.head.joint_regressor[0]
        person = identity_to_apply(self.head, self.track)
        person = np.where(np.arange(len(person)) < SHAPE, person, 0)
        basis = np.einsum("v,vce->ec", row, self.head.expression_basis[:, :, :EXPRESSION])
        return row @ shaped_template(self.head, person) + self._codes.expression[:, : len(basis)] @ basis

    @cached_property
    def _root_poses(self) -> tuple[Floats, Floats]:
        return root_poses(self.head, self.track)

    def _parameters(self, frame: int) -> dict[str, Any]:
        codes, root = self._codes, self._roots[frame]
        rotation, translation = (self.clip.view.turn @ part[frame] for part in self._root_poses)
        turn = BLENDER_FROM_OPENCV @ rotation
        position = BLENDER_FROM_OPENCV @ translation + turn @ root - root
        pose = np.concatenate([axis_angles(turn), codes.neck[frame], codes.jaw[frame], codes.eyes[frame]])
        return {
            "world_mat": np.column_stack([np.eye(3), SCALE * position]).tolist(),
            "expression": codes.expression[frame, :EXPRESSION].tolist(),
            "pose": pose.tolist(),
        }

    def _landmarks(self, square: SquareFrame) -> dict[str, Any]:
        """The face's frame and the model's 68 points and irises, from -1 to 1 over the picture."""
        camera = self.clip.view.intrinsics
        modelled = modelled_landmarks(self.track, square.in_camera, camera)
        irises = modelled[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2]
        keys = corner_pixels(np.concatenate([dlib68(modelled), irises])) * 2 / SIZE - 1
        seen = corner_pixels(dlib68(square.landmarks)) * 2 / SIZE - 1
        box = np.concatenate([seen.min(axis=0), seen.max(axis=0)])
        return {"bbox": box.tolist(), "flame_keypoints": keys.tolist()}


def modes_notice(head: HeadModel, track: Track) -> Notice | None:
    """Return what to say of modes that have no place in these files, None where nobody would see the difference."""
    person = identity_to_apply(head, track)[SHAPE:]
    lost = head.identity_basis[:, :, SHAPE : SHAPE + len(person)] @ person
    strongest = np.abs(track.expression[:, EXPRESSION:]).max(axis=0, initial=0)
    size = np.linalg.norm(head.expression_basis[:, :, EXPRESSION : EXPRESSION + len(strongest)], axis=1)
    moved = (np.linalg.norm(lost, axis=1) + size @ strongest).max(initial=0)
    if moved < _SEEN:
        return None
    sentence = (
        f"IMavatar's files hold {SHAPE} identity and {EXPRESSION} expression modes: the head in them is up to"
        f" {1000 * moved:.1f} mm off."
    )
    return Notice(
        "export-modes", sentence, "Track with --identity-modes 100 --expression-modes 50 to fit with just these."
    )
