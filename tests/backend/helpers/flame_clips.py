"""Clips of a head in FLAME's layout, with lids of its own, and the track that the engine would make of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from portrait_clips import film
from shared_data import DATA
from synthetic_clips import LOOKS_AT_CAMERA, context, made_fit, made_landmarks

from backend.contract.camera import Intrinsics, project, rotation_matrices
from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.contract.track import TRACKED, Track
from backend.data.context import Context
from backend.data.types import HeadPose, TrackFile, Video
from backend.head.flame.flame_file import load_flame
from backend.head.model import HeadModel
from backend.head.skinning import pose_vertices
from backend.stages.track import track_of

PROXY = DATA / "flame_layout_proxy" / "flame_proxy.npz"


@dataclass(frozen=True)
class FlameClip:
    """A head, the arrays of its file under FLAME's names, and a track of it with its footage."""

    head: HeadModel
    model: dict[str, np.ndarray]
    track: Track
    file: TrackFile
    video: Video

    def pixels(self, frame: int) -> np.ndarray:
        """Where the full frame has every vertex, counted from the picture's corner."""
        rotation = rotation_matrices(self.track.head_rotation[frame])
        in_camera = self.track.vertices[frame] @ rotation.T + self.track.head_translation[frame]
        return project(in_camera, self.track.intrinsics) + 0.5


def flame_clip(
    folder: Path, frames: int = 4, *, lids: bool = True, neck: float = 0.1, follows_torso: bool = False
) -> FlameClip:
    """Return somebody who turns, nods, talks, looks about and blinks, 0.8 m away, at the upper right of the picture.

    The neck bends by chance, or as far as the torso stays behind the head.
    """
    if not PROXY.is_file():
        pytest.skip("needs the head in FLAME's layout from ../shared/data")
    folder.mkdir(parents=True, exist_ok=True)
    model = dict(np.load(PROXY))
    np.savez(folder / "flame2023.npz", **model)
    if lids:
        for name, side in (("l_eyelid.npy", "Left"), ("r_eyelid.npy", "Right")):
            np.save(folder / name, _closed_lid(model, side))
    head = load_flame(folder / "flame2023.npz", HeadSettings())
    assert not isinstance(head, Failure)
    settings = {"fit": {"neck": "torso" if follows_torso else "held"}}
    track = _track(head, replace(context(folder), settings=settings), frames, 0.0 if follows_torso else neck)
    random = np.random.default_rng(1)
    small = random.integers(60, 200, (frames, 24, 32, 3), dtype=np.uint8)
    path = film(folder / "clip.mkv", [cv2.resize(each, (640, 480), interpolation=cv2.INTER_CUBIC) for each in small])
    times = np.arange(frames)
    video = Video(path, "0", 640, 480, 0, Fraction(30), frames / 30, times, times / 30, "ffv1", {})
    return FlameClip(head, model, track, TrackFile(folder / "track.npz", track), video)


def _closed_lid(model: dict[str, np.ndarray], side: str) -> np.ndarray:
    """What moves when the lid of one eye closes: the upper one alone, which none of the head's modes does."""
    with np.load(PROXY.with_name("flame_proxy_arkit.npz")) as shapes:
        blink = shapes["deltas"][:, :, shapes["names"].tolist().index(f"eyeBlink_{side[0]}")]
    eye = (model["J_regressor"] @ model["v_template"])[3 if side == "Left" else 4]
    upper = np.clip((model["v_template"][:, 1] - eye[1] + 0.001) / 0.002, 0, 1)
    return upper[:, None] * blink


def _track(head: HeadModel, place: Context, frames: int, neck: float) -> Track:
    random = np.random.default_rng(2)
    identity = 0.5 * random.normal(size=head.identity_basis.shape[2])
    blink = np.linspace(0, 1, frames) if head.eyelids is not None else np.zeros(frames)
    pose = HeadPose(
        identity=identity,
        expression=0.4 * random.normal(size=(frames, head.expression_basis.shape[2])),
        neck=neck * random.normal(size=(frames, 3)),
        jaw=np.outer(np.linspace(0, 0.2, frames), [1, 0.1, 0]),
        left_eye=0.1 * random.normal(size=(frames, 3)),
        right_eye=0.1 * random.normal(size=(frames, 3)),
        eyelids=np.stack([blink, 0.5 * blink], axis=1),
    )
    turns = np.stack([0.1 * np.ones(frames), np.linspace(-0.4, 0.5, frames), 0.1 * np.ones(frames)], axis=1)
    rotation = LOOKS_AT_CAMERA @ rotation_matrices(turns)
    translation = np.stack([np.linspace(0.08, 0.12, frames), np.full(frames, -0.06), np.full(frames, 0.8)], axis=1)
    intrinsics = Intrinsics(640, 480, 1100.0, 1080.0, 330.0, 236.0)
    vertices = pose_vertices(head, pose)
    corners = head.faces[np.maximum(head.landmarks.triangle, 0)]
    places = np.einsum("nk,tnkc->tnc", head.landmarks.barycentric, vertices[:, corners])
    points = project(places @ np.swapaxes(rotation, 1, 2) + translation[:, None], intrinsics)
    landmarks = made_landmarks(points, np.arange(frames) / 30)
    status = np.full(frames, TRACKED, np.int8)
    return track_of(made_fit(landmarks, intrinsics, pose, rotation, translation, status), head, place)
