"""Input of the solver from a clip: landmarks without the detector's habits, camera, and the trust in each frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..contract.arrays import Floats
from ..data.landmark_distance import eye_distance
from ..data.types import Camera, Landmarks
from .confidence import frame_trust
from .evidence.detector_bias import without_turn_bias
from .evidence.lid_gaps import with_true_lids
from .evidence.observations import where_counted
from .lens.lens_prior import LensPrior, lens_prior, one_guess, source_of
from .outline.silhouette import Masks
from .solved_frames import SolvedFrames

ASSUMED_FOCAL: Final = 1.5
"""Focal length to start from where nothing is known, in units of the longer side: between a phone's selfie camera (0.8)
and a portrait or interview lens (2.5); VHAP starts from the same value (vhap/config/base.py)."""

GUESS_SIGMA: Final = 0.4
"""Standard deviation of log focal around somebody's guess."""

_FRONTAL: Final = 90
"""Percentile of the distances between the eyes at which the face is seen from the front."""


@dataclass(frozen=True)
class ClipInput:
    """The frames of a clip that are solved.

    Attributes:
        points: Landmarks in full-frame pixels (T, 478, 2 or 3); NaN where the face was not found.
        scores: MediaPipe's expression scores (T, 52), NaN where there are none.
        times: Seconds (T,).
        together: Whether t and t + 1 belong together: same shot, no long gap (T - 1,) bool.
        trust: Reliability of each frame, 0..1 (T,).
        centre: Principal point in pixels.
        focal: Focal length in pixels, known or assumed.
        focal_sigma: Standard deviation of its logarithm; 0 where it is known.
        lens: What is plausible of the focal length, or None where it is known.
        masks: Person masks, whose outline helps where the focal length is not known.
        counted: Which landmarks count (T, 478); None where all do.
    """

    points: np.ndarray
    scores: np.ndarray
    times: Floats
    together: np.ndarray
    trust: Floats
    centre: tuple[float, float]
    focal: float
    focal_sigma: float
    lens: LensPrior | None = None
    masks: Masks | None = None
    counted: NDArray[np.bool_] | None = None

    @property
    def counted_points(self) -> np.ndarray:
        """The points (T, 478, 2 or 3), NaN those that do not count, too."""
        return where_counted(self.points, self.counted)


def clip_input(landmarks: Landmarks, camera: Camera, frames: SolvedFrames) -> ClipInput:
    """Return what the solver gets of the frames that are solved."""
    focal = camera.focal or camera.guess or ASSUMED_FOCAL * max(landmarks.width, landmarks.height)
    lens = plausible_lens(landmarks, camera)
    centre = camera.centre_of(landmarks.width, landmarks.height)
    points = with_true_lids(landmarks)[frames.index]
    return ClipInput(
        points=without_turn_bias(points, centre) if landmarks.detected else points,
        scores=landmarks.scores[frames.index],
        times=landmarks.time[frames.index],
        together=frames.together,
        trust=frame_trust(landmarks)[frames.index],
        centre=centre,
        focal=float(focal),
        focal_sigma=0.0 if lens is None else lens.moments()[1],
        lens=lens,
        masks=_masks(landmarks, frames),
        counted=None if landmarks.counted is None else landmarks.counted[frames.index],
    )


def plausible_lens(landmarks: Landmarks, camera: Camera) -> LensPrior | None:
    """Return what is plausible of the focal length before the head is fitted; None where it is known."""
    if camera.focal:
        return None
    if camera.guess:
        return one_guess(camera.guess, GUESS_SIGMA)
    eyes = eye_distance(landmarks.points[landmarks.found, :, :2].astype(np.float64))
    rotation = float(landmarks.video.get("rotation") or 0)
    size = (landmarks.width, landmarks.height)
    source = source_of(*size, float(np.percentile(eyes, _FRONTAL)), landmarks.metadata, rotation)
    return lens_prior(replace(source, zooms=camera.varies))


def _masks(landmarks: Landmarks, frames: SolvedFrames) -> Masks | None:
    masks = landmarks.masks
    if masks is None:
        return None
    solved = np.flatnonzero(np.isin(masks.frame, frames.index))
    position = np.searchsorted(frames.index, masks.frame[solved])
    skin = None if masks.skin is None else masks.skin[solved]
    return Masks(position, masks.mask[solved], masks.to_image[solved], landmarks.width, landmarks.height, skin)
