"""Pictures in memory that belong to one person, fitted together as the frames of a clip."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from ..contract.arrays import Floats, Picture
from ..contract.failure import Failure, Notice
from ..contract.settings import FaceSettings
from ..data.context import Context
from ..data.types import Landmarks
from ..landmarks.cuts import shots
from ..landmarks.face import Face
from ..landmarks.pipeline import thumbnail_of
from ..parsing.parser import whole_square
from ..photo.fitting import landmarks_of
from ..photo.people import chosen_face
from ..regress.starts import guessed_starts
from .clip import FittedClip, Prepare, fit_found, unchanged
from .config import LegacyConfig
from .parts import Parts

_RATE: Final = 25
"""Pictures per second where they follow each other as frames do; nobody says how many there are."""
_LISTED: Final = 10
_GUESSED: Final = 8
_SEE_A_FACE: Final = "Choose pictures that show a face at least 30 pixels wide."


def checked_picture(picture: object) -> Picture | Failure:
    """Return a picture, contiguous, or why it is none."""
    if isinstance(picture, np.ndarray):
        flat = picture.ndim != 3 or picture.shape[2] != 3
        if not flat and picture.dtype == np.uint8 and min(picture.shape[:2]) >= 2:
            return np.ascontiguousarray(picture)
        what = f"{picture.dtype} {picture.shape}"
    else:
        what = f"a {type(picture).__name__}"
    return Failure("photo-unreadable", f"The picture is {what}.", "Give RGB pixels, uint8 (H, W, 3).")


def checked_pictures(pictures: Sequence[object]) -> list[Picture] | Failure:
    """Return pictures, contiguous, or why one of them is none."""
    if not len(pictures):
        return Failure("photo-not-given", "The list of pictures is empty.", "Give at least one.")
    result: list[Picture] = []
    for picture in pictures:
        checked = checked_picture(picture)
        if isinstance(checked, Failure):
            return checked
        result.append(checked)
    return result


def fit_pictures(
    pictures: Sequence[Picture],
    parts: Parts,
    config: LegacyConfig,
    context: Context,
    *,
    realign: bool,
    prepare: Prepare = unchanged,
    apart: bool = False,
) -> FittedClip | Failure:
    """Return the fit of one person's pictures with one identity.

    The largest face of each picture counts; motion is smooth where pictures go on as frames of a video do.

    Args:
        pictures, parts, config, context: What is fitted and how.
        realign: Whether in the aligned squares.
        prepare: See `clip.Prepare`.
        apart: The pictures do not follow each other in time: nothing is smoothed.
    """
    faces: list[Face | None] = []
    for number, picture in enumerate(pictures):
        face = chosen_face(parts.networks, picture, f"picture {number}", FaceSettings(), context)
        faces.append(None if isinstance(face, Failure) else face)
    absent = [number for number, face in enumerate(faces) if face is None]
    if len(absent) == len(pictures):
        searched = "the picture" if len(pictures) == 1 else f"any of the {len(pictures)} pictures"
        return Failure("no-face", f"No face was found in {searched}.", _SEE_A_FACE)
    if absent:
        listed = ", ".join(map(str, absent[:_LISTED])) + (" ..." if len(absent) > _LISTED else "")
        sentence = f"No face was found in {len(absent)} of {len(pictures)} pictures, which are left out: {listed}."
        context.notice(Notice("photo-left-out", sentence))
    landmarks = _landmarks(pictures, faces, parts.networks_source, apart=apart)
    starts = guessed_starts(_some(pictures, faces), parts.head, parts.guesses, context)
    squares = None if realign else [whole_square(picture) for picture in pictures]
    clip = fit_found(landmarks, starts, parts, config, context, squares=squares)
    return clip if isinstance(clip, Failure) else dataclasses.replace(clip, frame_pictures=pictures, prepare=prepare)


def _landmarks(pictures: Sequence[Picture], faces: list[Face | None], source: str, *, apart: bool) -> Landmarks:
    width, height = (max(picture.shape[side] for picture in pictures) for side in (1, 0))
    landmarks = landmarks_of(faces, width, height, source=source)
    if apart:
        return landmarks
    small = np.stack([thumbnail_of(picture) for picture in pictures])
    cut = np.diff(shots(small, np.ones(len(pictures), dtype=np.bool_))) != 0
    sizes = np.array([picture.shape[:2] for picture in pictures])
    other_size = (np.diff(sizes, axis=0) != 0).any(axis=1)
    shot = np.concatenate([[0], (cut | other_size).cumsum()]).astype(np.int64)
    return dataclasses.replace(landmarks, shot=shot, time=np.arange(len(pictures)) / _RATE, rate=Fraction(_RATE))


def _some(pictures: Sequence[Picture], faces: list[Face | None]) -> list[tuple[Picture, Floats]]:
    """A few pictures and their landmarks, spread over all that show a face."""
    with_face = [(picture, face.points) for picture, face in zip(pictures, faces, strict=True) if face is not None]
    return [with_face[number] for number in np.unique(np.linspace(0, len(with_face) - 1, _GUESSED).round().astype(int))]
