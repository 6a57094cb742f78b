"""Folder that trainers of Gaussian avatars read, as VHAP writes it and GaussianAvatars loads it.

``transforms.json`` (and its parts for training, validation and test) lists frames with intrinsics, camera to world in
OpenGL's axes, a picture, a mask and a file of FLAME's parameters. Either the camera stands still and the head moves,
the world shifted so that the head is at its origin on average, or the head stays at the origin and the camera moves.
The trainer poses FLAME by the parameters; `static_offset` and `dynamic_offset` are what FLAME's own modes do not hold
(here nothing, and what expression leaves of closed lids). ``flame_param.npz`` holds the motion of the whole clip, to
drive another avatar with it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Picture
from ..contract.camera import BLENDER_FROM_OPENCV, Intrinsics, rotation_matrices
from ..contract.failure import Notice
from ..contract.track import Track
from ..head.flame_codes import EXPRESSION, SHAPE, codes_of, global_pose, has_flame_mesh, padded
from ..head.model import HeadModel
from .lids import LidCodes
from .npz import write_npz

TRAINED_SHARE: Final = 0.7
"""Of the frames, from the start, that go into training; the rest is the test (VHAP, split_json)."""
OPEN_JAW: Final = 0.3
"""Radians by which the canonical head opens its mouth."""
_OFF_CENTRE: Final = 1.0
"""Pixels that nobody sees in an avatar."""
_TEETH: Final = 120
"""Vertices that VHAP and GaussianAvatars add behind FLAME's own."""
_QUICK: Final = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]


@dataclass(frozen=True)
class AvatarWriter:
    """Writes the folder of a track.

    Attributes:
        track: The track.
        head: Its head model.
        lids: What stands for its closed lids.
        folder: Where.
        behind: Grey that what is not the person gets in the pictures, 0..255; None keeps the footage.
        still_head: Whether the camera moves instead of the head.
        camera: Of the pictures that are written, see `with_square_pixels`.
    """

    track: Track
    head: HeadModel
    lids: LidCodes | None
    folder: Path
    behind: int | None
    still_head: bool
    camera: Intrinsics

    def begin(self) -> None:
        """Make the folders and write what belongs to the whole clip."""
        for name in ("images", "fg_masks", "flame_param"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        still = np.zeros((1, 3), dtype=np.float32)
        canonical = {
            **self._person,
            "translation": still,
            "rotation": still,
            "neck_pose": still,
            "jaw_pose": np.array([[OPEN_JAW, 0, 0]], dtype=np.float32),
            "eyes_pose": np.zeros((1, 6), dtype=np.float32),
            "expr": np.zeros((1, EXPRESSION), dtype=np.float32),
        }
        write_npz(self.folder / "canonical_flame_param.npz", canonical)
        if not self.head.file_name:
            write_head(self.folder / "head_model.npz", self.head)

    def write_picture(self, step: int, picture: Picture, share: Floats | None) -> None:
        """Write picture and mask of a frame; `share` is how surely each pixel is the person, None where unknown."""
        name = f"{step:05d}_00.png"
        if share is not None:
            save_quickly(self.folder / "fg_masks" / name, np.rint(255 * share).astype(np.uint8))
            if self.behind is not None:
                picture = _laid_over(picture, share, self.behind)
        save_quickly(self.folder / "images" / name, picture)

    def finish(self, frames: Integers, *, masked: bool) -> Path:
        """Write parameters of all frames and the lists of them; return the path of transforms.json."""
        rotation, translation, cameras, first_cameras = self._world(frames)
        self._write_parameters(frames, rotation, translation)
        listed = [self._entry(step, frame, masked) for step, frame in enumerate(frames.tolist())]
        self._list("_backup", listed, first_cameras)
        entries = [{**entry, "flame_param_path": f"flame_param/{step:05d}.npz"} for step, entry in enumerate(listed)]
        self._list("_backup_flame", entries, cameras)
        self._list("", entries, cameras)
        trained = math.ceil(TRAINED_SHARE * len(listed))
        self._list("_train", entries[:trained], cameras[:trained])
        self._list("_val", [], cameras, range(trained))
        self._list("_test", entries[trained:], cameras[trained:])
        return self.folder / "transforms.json"

    def _world(self, frames: Integers) -> tuple[Floats, Floats, Floats, Floats]:
        """Return FLAME's global rotation and translation (N, 3), the cameras' pose in that world (N, 4, 4), and before
        the head was moved to its origin: so VHAP keeps them.
        """
        if self.still_head:
            cameras = cameras_about_head(self.track, frames)
            return np.zeros((len(frames), 3)), np.zeros((len(frames), 3)), cameras, cameras
        rotation, translation = (part[frames] for part in global_pose(self.head, self.track))
        first = np.tile(np.eye(4), (len(frames), 1, 1))
        shift = -translation.mean(axis=0)
        moved = first.copy()
        moved[:, :3, 3] = shift
        return rotation, translation + shift, moved, first

    def _list(self, name: str, entries: list[dict[str, Any]], cameras: Floats, steps: range | None = None) -> None:
        """Write a list of frames; one without frames still says which steps it would be of."""
        content = {
            "frames": [
                {**entry, "transform_matrix": camera.tolist()}
                for entry, camera in zip(entries, cameras[: len(entries)], strict=True)
            ],
            **self._camera,
            "timestep_indices": [entry["timestep_index"] for entry in entries] if steps is None else list(steps),
            "camera_indices": [0] if steps is None else [],
        }
        text = json.dumps(content, indent=1, allow_nan=False)
        (self.folder / f"transforms{name}.json").write_text(text, "utf-8")

    def _entry(self, step: int, frame: int, masked: bool) -> dict[str, Any]:
        number = int(self.track.frame_index[frame])
        entry = {
            "timestep_index": step,
            "timestep_index_original": number,
            "timestep_id": f"frame_{number:05d}",
            "camera_index": 0,
            "camera_id": "0",
            **_intrinsics(self._camera_at(frame)),
            "file_path": f"images/{step:05d}_00.png",
        }
        return {**entry, "fg_mask_path": f"fg_masks/{step:05d}_00.png"} if masked else entry

    @cached_property
    def _camera(self) -> dict[str, Any]:
        return _intrinsics(self.camera)

    def _camera_at(self, frame: int) -> Intrinsics:
        """The camera of the pictures with the lens of one frame."""
        return self.camera.on_frame(frame, self.track.zoom)

    @property
    def _offsets(self) -> int:
        """Vertices of an offset: those readers have, who add teeth to FLAME."""
        count = self.head.vertex_count
        return count + _TEETH if has_flame_mesh(self.head) else count

    @cached_property
    def _person(self) -> dict[str, Any]:
        identity = padded(self.track.identity, SHAPE).astype(np.float32)
        return {"shape": identity, "static_offset": np.zeros((1, self._offsets, 3), dtype=np.float32)}

    def _write_parameters(self, frames: Integers, rotation: Floats, translation: Floats) -> None:
        """Write the parameters of each frame, and those of all of them in one file."""
        codes = codes_of(self.track, None if self.lids is None else self.lids.expression)
        # A still head keeps its neck straight: were the torso still instead, the camera would hardly move about it.
        straight = self.still_head and self.track.neck_turns_torso
        motion = {
            "translation": translation,
            "rotation": rotation,
            "neck_pose": np.zeros_like(codes.neck[frames]) if straight else codes.neck[frames],
            "jaw_pose": codes.jaw[frames],
            "eyes_pose": codes.eyes[frames],
            "expr": codes.expression[frames],
        }
        motion = {name: value.astype(np.float32) for name, value in motion.items()}
        motion["dynamic_offset"] = self._dynamic_offset(frames)
        write_npz(self.folder / "flame_param.npz", {**self._person, **motion})
        if self.lids is None:
            del motion["dynamic_offset"]
        for step in range(len(frames)):
            content = {name: value[step : step + 1] for name, value in motion.items()}
            write_npz(self.folder / "flame_param" / f"{step:05d}.npz", {**self._person, **content})

    def _dynamic_offset(self, frames: Integers) -> NDArray[np.float32]:
        """Return what moves besides FLAME's modes (N, vertices of an offset, 3), metres."""
        shape = (len(frames), self._offsets, 3)
        if self.lids is None:
            return np.broadcast_to(np.float32(0), shape)
        offset = np.zeros(shape, dtype=np.float32)
        for step, frame in enumerate(frames):
            offset[step, : self.head.vertex_count] = self.lids.rest @ self.track.eyelids[frame]
        return offset


def with_square_pixels(camera: Intrinsics) -> Intrinsics:
    """Return the camera of the footage with pixels stretched to squares: GaussianAvatars knows but one focal length."""
    across, down = max(1.0, camera.focal_y / camera.focal_x), max(1.0, camera.focal_x / camera.focal_y)
    width, height = round(camera.width * across), round(camera.height * down)
    return camera.resized(width, height)


def centre_notice(camera: Intrinsics) -> Notice | None:
    """Return what to say of a lens whose centre is not the picture's, None where the difference does not matter."""
    away = np.hypot(camera.centre_x + 0.5 - camera.width / 2, camera.centre_y + 0.5 - camera.height / 2)
    if away < _OFF_CENTRE:
        return None
    return Notice(
        "export-off-centre",
        f"The centre of the lens lies {away:.0f} pixels beside the picture's; GaussianAvatars takes it to be there.",
        "VHAP and other readers of cx and cy are right. For GaussianAvatars crop the footage around the lens's centre.",
    )


def cameras_about_head(track: Track, frames: Integers) -> Floats:
    """Return the camera's pose in the head's own space in some frames (N, 4, 4), in OpenGL's axes."""
    back = np.swapaxes(rotation_matrices(track.head_rotation[frames]), 1, 2)
    cameras = np.tile(np.eye(4), (len(frames), 1, 1))
    cameras[:, :3, :3] = back @ BLENDER_FROM_OPENCV
    cameras[:, :3, 3] = -np.einsum("tij,tj->ti", back, track.head_translation[frames])
    return cameras


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


def _laid_over(picture: Picture, share: Floats, grey: int) -> Picture:
    weight = cv2.merge([share.astype(np.float32)] * 3)
    blended = cv2.multiply(picture, weight, dtype=cv2.CV_32F) + grey * (1 - weight)
    return np.rint(blended).astype(np.uint8)


def save_quickly(path: Path, picture: NDArray[Any]) -> None:
    """Write a picture, RGB, RGBA or grey with 8 or 16 bits, as a PNG that is larger than need be."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA if picture.shape[2] == 4 else cv2.COLOR_RGB2BGR)
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
