"""Clips whose heads are known frame by frame: the shared hard ones, the independent head, and people who turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...contract.track import TRACKED
from ...data.types import Fit, Landmarks
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...landmarks.aligned_crop import dlib68
from ...sample.canvas import make_canvas
from ...sample.clip import make_clip
from ...sample.motion import turning
from ...sample.people import TEXTURE_SIZE, person
from ..chain import Clock, Setup, find_landmarks, fit, in_camera, surface_landmarks
from ..measures import metrics
from .independent_head import read_truth

TURNING: Final = (320, 321, 322)
"""Seeds of people who turn; `tools.make_detector_turns` learned from others."""
TURNING_FRAMES: Final = 36


@dataclass(frozen=True)
class KnownClip:
    """A clip with its truth.

    Attributes:
        name: For people.
        landmarks: What the detector found.
        focal: In pixels.
        rotation: Head to camera (T, 3, 3).
        points: Some of the head's points in camera axes (T, P, 3).
        dlib: Whether these are dlib's 68 points instead of the places of MediaPipe's 478.
    """

    name: str
    landmarks: Landmarks
    focal: float
    rotation: Floats
    points: Floats
    dlib: bool = False


@dataclass(frozen=True)
class Compared:
    """A fit beside the truth, on the N frames that were tracked.

    Attributes:
        name: Of the clip.
        frames: Which frames (N,).
        rotation, true_rotation: Head to camera (N, 3, 3).
        every_true_rotation: The same of all frames (T, 3, 3).
        degrees, millimetres: Error of the rotation, and mean error of the points (N,), constants removed.
        raw_degrees, raw_millimetres: The same with only the clip's scale removed, which one camera cannot see.
        fit: The whole fit.
    """

    name: str
    frames: NDArray[Any]
    rotation: Floats
    true_rotation: Floats
    every_true_rotation: Floats
    degrees: Floats
    millimetres: Floats
    raw_degrees: Floats
    raw_millimetres: Floats
    fit: Fit

    @property
    def confidence(self) -> Floats:
        """Of these frames (N,)."""
        return self.fit.confidence[self.frames]

    @property
    def stated(self) -> Floats:
        """Errors that the fit states of these frames (N, 2), degrees and millimetres."""
        assert self.fit.stated_error is not None
        return self.fit.stated_error[self.frames]


def hard_clips(setup: Setup, wanted: Sequence[str]) -> Iterator[KnownClip | Failure]:
    """Yield the clips of these names in ``hard/`` of the shared data that are there."""
    for name in wanted:
        path = setup.data / "hard" / f"{name}.mp4"
        if not path.is_file():
            continue
        landmarks = find_landmarks(setup, path, "standard", Clock())
        if isinstance(landmarks, Failure):
            yield landmarks
            return
        with np.load(path.with_name(f"{name}_truth.npz")) as truth:
            rotation = np.asarray(truth["head_rotation"], dtype=np.float64)
            points = in_camera(truth["landmarks_mm"] / 1000, rotation, truth["head_translation"])
            yield KnownClip(name, landmarks, float(np.ravel(truth["K"])[0]), rotation, points)


def independent_clip(setup: Setup) -> Iterator[KnownClip | Failure]:
    """Yield ``truth_clip`` of the shared data if it is there."""
    folder = setup.data / "truth_clip"
    if not (folder / "truth.npz").is_file():
        return
    truth = read_truth(folder / "truth.npz")
    landmarks = find_landmarks(setup, folder / "clip.mp4", "standard", Clock())
    if isinstance(landmarks, Failure):
        yield landmarks
        return
    yield KnownClip("truth_clip", landmarks, truth.focal, truth.rotation, truth.points, dlib=True)


def turning_people(setup: Setup, seeds: Sequence[int]) -> Iterator[KnownClip | Failure]:
    """Yield painted people who turn to all sides; each is filmed first."""
    head = builtin_head()
    canvas = make_canvas(head, TEXTURE_SIZE)
    for seed in seeds:
        plan = person(head, seed, frames=TURNING_FRAMES, rate=Fraction(4), canvas=canvas)
        plan = replace(plan, turns=turning(TURNING_FRAMES, seed))
        video = setup.work / f"turning{seed}.mp4"
        truth = make_clip(head, plan, video, setup.work / f"turning{seed}.npz")
        if isinstance(truth, Failure):
            yield truth
            return
        landmarks = find_landmarks(setup, video, "standard", Clock())
        if isinstance(landmarks, Failure):
            yield landmarks
            return
        positions = places_on(head, truth.vertices)
        points = in_camera(positions, truth.head_rotation, truth.head_translation)
        yield KnownClip(f"person {seed}, turning", landmarks, truth.intrinsics.focal_x, truth.head_rotation, points)


def compared(setup: Setup, clips: Iterator[KnownClip | Failure]) -> list[Compared] | Failure:
    """Fit the built-in head to each, the focal length known, and compare."""
    head = builtin_head()
    result = []
    for clip in clips:
        if isinstance(clip, Failure):
            return clip
        fitted = fit(setup, clip.landmarks, head, clip.focal)
        if isinstance(fitted, Failure):
            return fitted
        result.append(beside_truth(clip, fitted, head))
    return result


def beside_truth(clip: KnownClip, fitted: Fit, head: HeadModel) -> Compared:
    """Return how far a fit is off.

    Constants: the usual rotation between both; the clip's scale, and each point's median place in the head.
    """
    frames = np.flatnonzero(fitted.status[: len(clip.rotation)] == TRACKED)
    estimated, true = fitted.rotation[frames], clip.rotation[frames]
    points = in_camera(surface_landmarks(head, fitted.pose), fitted.rotation, fitted.translation)[frames]
    points = dlib68(points) if clip.dlib else points
    scale = np.median(clip.points[frames, :, 2].mean(axis=1) / points[..., 2].mean(axis=1))
    error = np.einsum("tji,tnj->tni", true, scale * points - clip.points[frames])
    return Compared(
        name=clip.name,
        frames=frames,
        rotation=estimated,
        true_rotation=true,
        every_true_rotation=clip.rotation,
        degrees=metrics.rotation_errors(estimated, true @ metrics.usual_rotation(estimated, true)),
        millimetres=_millimetres(error - np.median(error, axis=0)),
        raw_degrees=metrics.rotation_errors(estimated, true),
        raw_millimetres=_millimetres(error),
        fit=fitted,
    )


def _millimetres(error: Floats) -> Floats:
    return 1000 * np.linalg.norm(error, axis=-1).mean(axis=1)


def places_on(head: HeadModel, vertices: NDArray[Any]) -> Floats:
    """Return the places of the landmarks (T, 478, 3) on a head's vertices (T, V, 3)."""
    corners = head.faces[head.landmarks.triangle]
    return np.einsum("nk,tnkc->tnc", head.landmarks.barycentric, vertices[:, corners].astype(np.float64))
