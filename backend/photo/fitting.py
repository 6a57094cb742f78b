"""Landmarks and context for a fit of pictures that stand by themselves: each is a shot of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ..contract.arrays import Floats
from ..data.context import Context
from ..data.types import Landmarks, PersonMasks
from ..landmarks.face import Face
from .people import stacked

Emit = Callable[[Mapping[str, Any]], None]


def silent_context(work: Path, emit: Emit | None = None) -> Context:
    """Return a context for a stage that is called on its own; events go to `emit` or nowhere."""
    return Context("photo", emit or (lambda _event: None), lambda: False, work, work)


def landmarks_of(
    faces: list[Face | None],
    width: int,
    height: int,
    *,
    masks: PersonMasks | None = None,
    video: Mapping[str, Any] | None = None,
    source: str = "",
) -> Landmarks:
    """Return what the stage Landmarks would; each picture is a shot of its own, so that nothing is smoothed across.

    Args:
        faces: One per picture, in pixels of pictures that all have one size; None where it was not found.
        width, height: That size.
        masks: Person masks.
        video: Summary of the source for a track file.
        source: Which networks found the landmarks.
    """
    found = np.array([face is not None for face in faces])
    count = len(faces)
    points = np.full((count, 478, 3), np.nan, np.float32)
    spread = np.full((count, 478), np.nan, np.float32)
    scores = np.full((count, 52), np.nan, np.float32)
    seen = [face for face in faces if face is not None]
    if seen:
        points[found], spread[found], scores[found] = stacked(seen)
    certainty = np.array([0.0 if face is None else face.presence for face in faces], dtype=np.float32)
    return Landmarks(
        frame_index=np.arange(count),
        time=np.arange(count, dtype=np.float64),
        rate=Fraction(1),
        width=width,
        height=height,
        found=found,
        points=points,
        spread=spread,
        scores=scores,
        detection=certainty,
        shot=np.arange(count),
        masks=masks,
        source=source,
        others=(),
        number=0,
        video=dict(video or {}),
        metadata={},
    )


def moved(face: Face, matrix: Floats) -> Face:
    """Return a face in the pixels of another picture: `matrix` (2, 3) is a similarity from old pixels to new."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    points = face.points.copy()
    points[:, :2] = face.points[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    points[:, 2] = face.points[:, 2] * scale
    return dataclasses.replace(face, points=points, spread=face.spread * scale)
