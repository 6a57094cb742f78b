"""A lens that zooms: by how much longer it is on each frame, and the landmarks as a lens that does not zoom sees them.

In a zoom face and background grow alike about the principal point, so the pictures are shrunk again by what the
background has grown: what is left is a clip of one focal length, for which everything else is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from scipy.linalg import solveh_banded

from ...contract.arrays import Floats, Integers
from ...contract.failure import Notice
from ...data.context import Context
from ...data.types import Fit, Landmarks, PersonMasks, Video
from ...video.reader import read_frames
from ..geometry.surface_samples import UNDER_THE_NOSE
from .background_growth import UNSEEN, Growth, steps_of

LEAST: Final = 0.03
"""Growth (logarithm) of the background up to which a shot counts as not zoomed: a held camera does it."""
NOTICED: Final = 0.22
"""Growth of the face within a shot from which the background is asked, too: a quarter larger."""
_ALIKE: Final = 0.6
"""Share of the face's growth that the background has at least in a zoom. A camera that is carried to half its distance
from the face, with a wall as far behind, gives 0.4 to 0.6."""
_SURELY: Final = 0.85
"""Share from which on a carried camera is no explanation any more: the wall would stand a sixth of the distance behind
the face. Filmed by code, a lens that zooms gives 0.94, a camera that is carried 0.42 with a wall 1.5 m behind a face
1.5 m away, and 0.71 with a wall 0.4 m behind it."""
_FLOOR: Final = 4e-4
"""Standard deviation of the growth between two frames at best: corners are not placed as independently as they seem."""
_BEND: Final = 0.004
"""Standard deviation of the second difference of the growth, per 1/30 s squared: a zoom begins and ends softly."""
_SEEN: Final = 0.4
"""Share of the steps between frames in which the background must have been seen for a zoom to be told."""
_APPROACH: Final = 0.01
"""Standard deviation by which a face grows in 1/30 s without a zoom: 1 cm nearer at a distance of 1 m. So much its
growth tells of the lens where the background is not seen: near the end of a zoom a face hides most of it."""
_FOREHEAD: Final = 10
"""Landmark in the middle of the hair line; it and that under the nose do not move with the jaw."""
_LOOKS: Final = 60
"""Frames looked at where it is only asked whether there is a zoom."""
_LONGEST: Final = 0.25
"""Seconds between two of them at most: corners must be found again."""


@dataclass(frozen=True)
class Zoom:
    """A zoom.

    Attributes:
        factor: Focal length of each frame (T,) over the longest one of the clip, 0..1.
        visible_share: Share of the steps between frames in which the background was seen.
    """

    factor: Floats
    visible_share: float

    def summary(self) -> dict[str, Any]:
        """Return what the fit's report says."""
        return {"times": float(self.factor.max() / self.factor.min()), "background_seen": self.visible_share}


def estimate_zoom(landmarks: Landmarks, video: Video, context: Context, smoothness: float = 1.0) -> Zoom | None:
    """Return how the lens zooms, from all frames; None where it does not, or the background does not tell.

    Each shot begins with the focal length with which the one before ended: nothing tells another one.

    Args:
        landmarks, video, context: Of the clip.
        smoothness: See `smooth_growth`.
    """
    pictures = context.checked(read_frames(video, list(range(len(landmarks)))))
    steps = steps_of(pictures, _points(landmarks), landmarks.shot)
    size = _face_sizes(landmarks)
    growth = np.zeros(len(landmarks))
    measured: list[bool] = []
    for number in np.unique(landmarks.shot):
        frames = np.flatnonzero(landmarks.shot == number)
        of_shot = [steps.get(int(frame), UNSEEN) for frame in frames[1:]]
        measured += [bool(np.isfinite(step.sigma)) for step in of_shot]
        of_shot = _with_face(of_shot, size[frames], landmarks.time[frames])
        curve = smooth_growth(of_shot, landmarks.time[frames], smoothness)
        growth[frames] = (growth[frames[0] - 1] if frames[0] else 0.0) + curve
    share = float(np.mean(measured)) if measured else 0.0
    if share >= _SEEN and np.ptp(growth) > 0:
        context.notice(_explained(landmarks, growth, size))
    if share < _SEEN:
        context.notice(
            Notice(
                "zoom-unseen",
                "The background shows too little to tell a zoom from a person who comes nearer, so one focal length is"
                " used.",
            )
        )
        return None
    return Zoom(np.exp(growth - growth.max()), share) if np.ptp(growth) > 0 else None


def _explained(landmarks: Landmarks, growth: Floats, size: Floats) -> Notice:
    """Say whether face and background grow alike, as in a zoom alone, or what else it may be.

    Args:
        landmarks: Of the clip.
        growth: Of the background since the first frame (T,), logarithms.
        size: Of the face (T,), logarithms; NaN where there is none.
    """
    usable = np.flatnonzero(np.isfinite(size))
    first, last = sorted((usable[growth[usable].argmin()], usable[growth[usable].argmax()]))
    behind, face = float(growth[last] - growth[first]), float(size[last] - size[first])
    frames = f"From frame {int(landmarks.frame_index[first])} to {int(landmarks.frame_index[last])}"
    # A face that moves on its own by a few centimetres grows by as many percent.
    if abs(face - behind) <= max(2 * LEAST, (1 / _SURELY - 1) * abs(behind)):
        return Notice("zoom-alone", f"{frames} the background {_grows(behind)} and the face with it: the lens zooms.")
    return Notice(
        "zoom-or-move",
        f"{frames} the background {_grows(behind)} and the face {_grows(face)}: either the lens zooms while the person"
        " comes nearer or goes away, or the camera itself moves. The picture does not tell which, and the focal"
        " lengths follow the background.",
        "Turn off Zoom (--focal-varies) if the camera was carried and the lens did not zoom.",
    )


def _grows(growth: float) -> str:
    return f"{'grows' if growth > 0 else 'shrinks'} {np.exp(abs(growth)):.2g} times"


def _with_face(steps: list[Growth], size: Floats, times: Floats) -> list[Growth]:
    """Return the steps with the face's growth in place of those that were not seen; `size` (T,) as a logarithm."""
    grown = np.diff(size)
    doubt = _APPROACH * 30 * np.diff(times)
    return [
        step if np.isfinite(step.sigma) or not np.isfinite(growth) else Growth(float(growth), float(sigma))
        for step, growth, sigma in zip(steps, grown, doubt, strict=True)
    ]


def smooth_growth(steps: list[Growth], times: Floats, smoothness: float = 1.0) -> Floats:
    """Return the growth (T,) since the first frame of a shot, logarithms, from the T - 1 steps.

    What was measured is followed closely; where nothing was seen the curve is carried on smoothly.

    Args:
        steps: Between neighbouring frames.
        times: Of the frames, seconds (T,).
        smoothness: By how much less the growth may bend than a zoom usually does.
    """
    count = len(times)
    if count < 3 or not any(np.isfinite(step.sigma) for step in steps):
        return np.zeros(count)
    growth = np.array([step.growth for step in steps])
    precision = 1 / (np.array([step.sigma for step in steps]) ** 2 + _FLOOR**2)
    between = np.maximum(np.diff(times), 1e-3)
    # Unknown is the speed between frames; a change of speed costs by the time that it takes.
    speed = growth / between
    stiffness = precision * between**2
    bend = (_BEND / smoothness * 30**2) ** -2 / ((between[1:] + between[:-1]) / 2) ** 2
    bands = np.zeros((2, count - 1))
    bands[1] = stiffness + 1e-9 * stiffness.max()
    bands[1, :-1] += bend
    bands[1, 1:] += bend
    bands[0, 1:] = -bend
    curve = np.concatenate([[0.0], np.cumsum(solveh_banded(bands, stiffness * speed) * between)])
    return curve if np.ptp(curve) > LEAST else np.zeros(count)


def zoomed_fit(fit: Fit, landmarks: Landmarks, factor: Floats | None) -> Fit:
    """Return a fit to `unzoomed` landmarks as one to the landmarks themselves; its intrinsics are the first frame's."""
    if factor is None:
        return fit
    return replace(
        fit,
        landmarks=landmarks,
        intrinsics=fit.intrinsics.zoomed(float(factor[0])),
        zoom=factor / factor[0],
        reprojection_error=fit.reprojection_error * factor,
    )


def unzoomed(landmarks: Landmarks, factor: Floats | None, principal_point: tuple[float, float]) -> Landmarks:
    """Return the landmarks as a lens of factor 1 sees them; as they are where nothing zooms (None)."""
    if factor is None:
        return landmarks
    larger = 1 / factor
    centre = np.array(principal_point)
    points = landmarks.points.astype(np.float64) * larger[:, None, None]
    points[..., :2] += centre - larger[:, None, None] * centre
    return replace(
        landmarks,
        points=points.astype(np.float32),
        spread=(landmarks.spread * larger[:, None]).astype(np.float32),
        masks=_unzoomed_masks(landmarks.masks, larger, centre),
    )


def _unzoomed_masks(masks: PersonMasks | None, larger: Floats, centre: Floats) -> PersonMasks | None:
    if masks is None:
        return None
    scale = larger[masks.frame][:, None, None]
    to_image = scale * masks.to_image
    to_image[:, :, 2] += (1 - scale[:, :, 0]) * centre
    return replace(masks, to_image=to_image)


def notice_of_zoom(landmarks: Landmarks, video: Video, context: Context) -> Notice | None:
    """Return what to tell the user where face and background grow alike in a clip that is fitted with one lens."""
    frames = _growing(landmarks)
    if frames is None:
        return None
    steps = steps_of(context.checked(read_frames(video, frames.tolist())), _points(landmarks), landmarks.shot)
    growths = [steps.get(int(frame), UNSEEN) for frame in frames[1:]]
    measured = np.array([np.isfinite(step.sigma) for step in growths])
    behind = sum(step.growth for step in growths)
    size = _face_sizes(landmarks)[frames]
    face = float(np.diff(size)[measured].sum())
    if measured.mean() < _SEEN or abs(face) < _ALIKE * NOTICED or behind / face < _ALIKE:
        return None
    first, last = (int(landmarks.frame_index[frame]) for frame in (frames[0], frames[-1]))
    whole = float(size[-1] - size[0])
    if behind / face < _SURELY:
        return Notice(
            "zoom-or-move",
            f"From frame {first} to {last} the face {_grows(whole)} and the background by less: either the lens zooms"
            " too, or the camera comes nearer and the background is close behind. The picture does not tell which, and"
            " one focal length is used.",
            "Turn on Zoom (--focal-varies) if the lens zooms.",
        )
    return Notice(
        "zoom",
        f"From frame {first} to {last} the face {_grows(whole)} and the background with it: the lens zooms,"
        " and the head seems to move instead.",
        "Turn on Zoom (--focal-varies) to have a focal length for each frame.",
    )


def _growing(landmarks: Landmarks) -> Integers | None:
    """Return the frames to look at, over which the face grows or shrinks; None where it does not by much."""
    size = _face_sizes(landmarks)
    most, best = NOTICED, None
    for number in np.unique(landmarks.shot[landmarks.found]):
        frames = np.flatnonzero((landmarks.shot == number) & landmarks.found)
        of_shot = size[frames]
        ends = sorted((int(of_shot.argmin()), int(of_shot.argmax())))
        if np.ptp(of_shot) > most:
            most, best = float(np.ptp(of_shot)), frames[ends[0] : ends[1] + 1]
    return None if best is None else _looked_at(best, landmarks.time)


def _looked_at(frames: Integers, times: Floats) -> Integers:
    seconds = float(times[frames[-1]] - times[frames[0]])
    count = min(len(frames), max(_LOOKS, int(np.ceil(seconds / _LONGEST)) + 1))
    return frames[np.unique(np.linspace(0, len(frames) - 1, count).round().astype(np.int64))]


def _face_sizes(landmarks: Landmarks) -> Floats:
    """Return the logarithm of the height of each face from nose to hair line (T,); NaN where there is none.

    Turning to the side and talking leave it alone.
    """
    points = _points(landmarks)
    return np.log(np.linalg.norm(points[:, _FOREHEAD] - points[:, UNDER_THE_NOSE], axis=1))


def _points(landmarks: Landmarks) -> Floats:
    return landmarks.points[..., :2].astype(np.float64)
