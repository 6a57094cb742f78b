"""Observations of a run of frames: all faces and a thumbnail each; kept in files so that a killed run resumes."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats, Integers, Singles
from ..contract.atomic import write_atomically
from ..contract.names import LANDMARKS, MEDIAPIPE_SCORES
from .face import Face
from .masks import HeadMasks

CHUNK: Final = 100
"""Frames per chunk file. The search for faces starts afresh at each, so a resumed run gives the same result."""
THUMBNAIL: Final = (18, 32)
PORTRAIT: Final = 20
MASK: Final = 256


@dataclass(frozen=True)
class ObservedFace:
    """A face in a frame, with what is needed to know it again and, on some frames, the masks around it."""

    face: Face
    portrait: NDArray[np.uint8]
    masks: HeadMasks | None


@dataclass(frozen=True)
class ObservedFrame:
    """All that is kept of a frame."""

    faces: tuple[ObservedFace, ...]
    thumbnail: NDArray[np.uint8]


@dataclass(frozen=True)
class FaceObservations:
    """Faces of a run of frames. N faces in all, T frames.

    Attributes:
        decoded: Whether the frame could be read (T,).
        thumbnail: (T, 18, 32, 3) uint8.
        frame: Position in the clip of each face (N,).
        points: (N, 478, 3) full-frame pixels.
        spread: (N, 478) pixels, NaN for one run.
        scores: (N, 52), NaN where there are none.
        presence: (N,) 0..1.
        portrait: (N, 20, 20, 3) uint8, the face upright.
        mask_face: Number of the face (its row) of each mask (K,).
        mask: (K, 256, 256) uint8, 255 = person.
        skin: (K, 256, 256) uint8, 255 = bare skin.
        mask_to_image: (K, 2, 3).
    """

    decoded: NDArray[np.bool_]
    thumbnail: NDArray[np.uint8]
    frame: Integers
    points: Singles
    spread: Singles
    scores: Singles
    presence: Singles
    portrait: NDArray[np.uint8]
    mask_face: Integers
    mask: NDArray[np.uint8]
    skin: NDArray[np.uint8]
    mask_to_image: Floats


def gather(first: int, frames: list[ObservedFrame | None]) -> FaceObservations:
    """Return the arrays of consecutive frames, the first of which has the position `first`; None = not decoded."""
    faces = [(first + k, observed) for k, frame in enumerate(frames) if frame is not None for observed in frame.faces]
    masks = [(row, observed.masks) for row, (_, observed) in enumerate(faces) if observed.masks is not None]
    black = np.zeros((*THUMBNAIL, 3), dtype=np.uint8)

    def stack(values: list[NDArray[np.generic]], shape: tuple[int, ...], kind: type) -> NDArray[np.generic]:
        return np.stack(values).astype(kind) if values else np.zeros((0, *shape), dtype=kind)

    return FaceObservations(
        decoded=np.array([frame is not None for frame in frames], dtype=np.bool_),
        thumbnail=np.stack([black if frame is None else frame.thumbnail for frame in frames]),
        frame=np.array([k for k, _ in faces], dtype=np.int64),
        points=stack([s.face.points for _, s in faces], (LANDMARKS, 3), np.float32),  # pyright: ignore
        spread=stack([s.face.spread for _, s in faces], (LANDMARKS,), np.float32),  # pyright: ignore
        scores=stack([s.face.scores for _, s in faces], (len(MEDIAPIPE_SCORES),), np.float32),  # pyright: ignore
        presence=np.array([s.face.presence for _, s in faces], dtype=np.float32),
        portrait=stack([s.portrait for _, s in faces], (PORTRAIT, PORTRAIT, 3), np.uint8),  # pyright: ignore
        mask_face=np.array([row for row, _ in masks], dtype=np.int64),
        mask=stack([m.person for _, m in masks], (MASK, MASK), np.uint8),  # pyright: ignore
        skin=stack([m.skin for _, m in masks], (MASK, MASK), np.uint8),  # pyright: ignore
        mask_to_image=stack([m.to_image for _, m in masks], (2, 3), np.float64),  # pyright: ignore
    )


def join(parts: list[FaceObservations]) -> FaceObservations:
    """Return consecutive parts as one."""
    rows = np.cumsum([0] + [len(part.frame) for part in parts])
    joined = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(FaceObservations)}
    joined["mask_face"] = np.concatenate([part.mask_face + start for part, start in zip(parts, rows[:-1], strict=True)])
    return FaceObservations(**joined)


def write_chunk(folder: Path, number: int, key: str, part: FaceObservations, full: int) -> None:
    """Keep a chunk; a disk that is full or locked costs only the resuming, so that is passed over.

    Args:
        full: So many faces of a frame got all the runs of the quality.
    """
    arrays = {f.name: getattr(part, f.name) for f in fields(FaceObservations)}
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(
            folder / f"chunk_{number:05d}.npz",
            lambda partial: np.savez(partial, key=np.array(key), full=np.array(full), **arrays),
        )


def read_chunk(folder: Path, number: int, key: str, full: int) -> FaceObservations | None:
    """Return a chunk of the same work, or None where there is none, it is damaged, or its faces got too few runs."""
    path = folder / f"chunk_{number:05d}.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            if str(archive["key"]) != key:
                return None
            part = FaceObservations(**{f.name: archive[f.name] for f in fields(FaceObservations)})
            most = int(np.unique(part.frame, return_counts=True)[1].max(initial=0))
            if int(archive["full"]) != full and most > min(int(archive["full"]), full):
                return None
        os.utime(path)  # in use: the cache removes what was unused for longest
        return part
    except Exception:  # noqa: BLE001 - however it is damaged, it is found again
        with contextlib.suppress(OSError):
            path.unlink()
        return None
