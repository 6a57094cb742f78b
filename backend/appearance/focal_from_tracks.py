"""Focal length of a finished fit from its pictures, and the fit with that.

`point_tracks` follows points over frames in which the head is turned differently, `bundle_adjustment` finds the focal
length under which they move as one head, and here that is weighed against what landmarks and outline have said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from ..contract.arrays import Floats, Integers, Picture
from ..contract.track import TRACKED
from ..data.context import Context
from ..data.types import Camera, Fit, Video
from ..fit.clip_input import plausible_lens
from ..fit.confidence import frame_trust
from ..fit.evidence.key_frames import choose_turned_frames
from ..fit.refit import refitted
from ..fit.result import FOCAL_DETERMINED
from ..head.model import HeadModel
from ..head.skinning import pose_vertices, select_frames
from ..video.reader import read_frames
from .bundle_adjustment import Bundle, solve_bundle
from .pictures.view import view_of
from .point_tracks import Expected, PointTracks, TrackPoints, follow_points, track_points

POINTS: Final = 1500
"""Spread over the whole head; about a quarter is seen."""
FRAMES: Final = 24
FEWEST_FRAMES: Final = 8
FEWEST_POINTS: Final = 40
OVERCONFIDENT: Final = 4.5
"""The errors of a point are alike in frames that are alike (highlights, brows, hair that gives way): on rendered people
the focal length was off by this many times what independent errors would do."""
AT_BEST: Final = 0.04
"""Standard deviation of log focal that is left however much is seen."""
WORTH_IT: Final = 0.01
"""The fit is made again where log focal changes by more than this."""


@dataclass(frozen=True)
class PictureEvidence:
    """A Gaussian on log focal, without any prior.

    Attributes:
        log_focal, sigma: Mean and standard deviation.
        points, frames: How many points were followed over how many frames.
    """

    log_focal: float
    sigma: float
    points: int
    frames: int

    def summary(self) -> dict[str, Any]:
        """Return what the fit's report says."""
        return {
            "focal": float(np.exp(self.log_focal)),
            "uncertainty": self.sigma,
            "points": self.points,
            "frames": self.frames,
        }


def estimate_focal_from_tracks(fit: Fit, head: HeadModel, video: Video, context: Context) -> Fit:
    """Return the fit with the focal length that the pictures show as well; as it was where that is known.

    Args:
        fit: A finished fit; its uncertainty of the focal length is 0 where that is known.
        head, video: Of the fit.
        context: Whether to stop.
    """
    if fit.focal_uncertainty <= 0:
        return fit
    context.check()
    evidence = picture_evidence(fit, head, video)
    context.check()
    if evidence is None:
        return fit
    focal, sigma = weighed(fit, evidence)
    report = replace(fit.report, picture_focal=evidence.summary())
    lens = plausible_lens(fit.landmarks, Camera(None, "estimated", varies=fit.zoom is not None))
    assumed = np.inf if lens is None else lens.moments()[1]
    source = "estimated" if sigma < FOCAL_DETERMINED * assumed else fit.focal_source
    if abs(np.log(focal / fit.intrinsics.focal_x)) > WORTH_IT:
        fit = refitted(fit, head, focal, sigma)
    return replace(fit, focal_uncertainty=sigma, focal_source=source, report=report)


def weighed(fit: Fit, evidence: PictureEvidence) -> tuple[float, float]:
    """Return focal length in pixels and standard deviation of its logarithm by landmarks, outline and pictures."""
    before, by_pictures = fit.focal_uncertainty**-2, evidence.sigma**-2
    mean = (before * np.log(fit.intrinsics.focal_x) + by_pictures * evidence.log_focal) / (before + by_pictures)
    return float(np.exp(mean)), float((before + by_pictures) ** -0.5)


def picture_evidence(fit: Fit, head: HeadModel, video: Video) -> PictureEvidence | None:
    """Return what the pictures say, or None where too little is seen."""
    usable = np.flatnonzero((fit.status == TRACKED) & fit.landmarks.open_face)
    if len(usable) < FEWEST_FRAMES:
        return None
    trust = frame_trust(fit.landmarks)[usable]
    frames = usable[choose_turned_frames(fit.rotation[usable], fit.landmarks.time[usable], trust, FRAMES)]
    return evidence_of_pictures(fit, head, read_frames(video, frames.tolist()))


def evidence_of_pictures(fit: Fit, head: HeadModel, pictures: Iterable[tuple[int, Picture]]) -> PictureEvidence | None:
    """Return what some frames say: pairs of position in the clip and picture, all with a face."""
    centre = fit.centre
    views, shown = [], []
    for position, picture in pictures:
        views.append(
            view_of(picture, fit.landmarks.points[position, :, :2].astype(np.float64), centre, fit.zoom_at(position))
        )
        shown.append(position)
    if len(views) < FEWEST_FRAMES:
        return None
    frames = np.array(shown)
    vertices = pose_vertices(head, select_frames(fit.pose, frames))
    in_camera = vertices @ np.swapaxes(fit.rotation[frames], 1, 2) + fit.translation[frames][:, None]
    points = track_points(head, POINTS)
    if points is None:
        return None
    tracks = follow_points(head, points, views, fit.intrinsics.focal_x, in_camera)
    if len(tracks.index) < FEWEST_POINTS:
        return None
    first = solve_bundle(tracks, _start(fit, head, frames, points, tracks, vertices)).bundle
    # What was found somewhere else at first is followed again from where all the others say that it must be.
    expected = Expected(tracks.index, first.pixels())
    again = follow_points(head, points, views, fit.intrinsics.focal_x, in_camera, expected)
    if len(again.index) < FEWEST_POINTS:
        return None
    tracks = again
    adjusted = solve_bundle(tracks, _start(fit, head, frames, points, tracks, vertices))
    sigma = float(np.hypot(OVERCONFIDENT * adjusted.sigma, AT_BEST))
    if not np.isfinite(sigma + adjusted.bundle.log_focal):
        return None
    return PictureEvidence(adjusted.bundle.log_focal, sigma, len(tracks.index), len(frames))


def _start(
    fit: Fit, head: HeadModel, frames: Integers, points: TrackPoints, tracks: PointTracks, vertices: Floats
) -> Bundle:
    """Return the bundle as the fit has it: each point's mean place, and what the expression adds to it."""
    positions = np.stack([points.samples.at(of_frame, head.faces)[tracks.index] for of_frame in vertices])
    visible = tracks.visible[..., None]
    mean = (positions * visible).sum(axis=0) / visible.sum(axis=0)
    log_focal = float(np.log(fit.intrinsics.focal_x))
    return Bundle(mean, positions - mean, fit.rotation[frames], fit.translation[frames], log_focal)
