"""Truth on real clips: landmarks that the fit was not shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ...contract import names
from ...contract.camera import project
from ...contract.failure import Failure
from ...contract.track import TRACKED
from ...data.landmark_distance import eye_distance
from ...data.types import Fit
from ...fit.conversion import to_state
from ...fit.evidence.detector_bias import without_turn_bias
from ...fit.geometry.landmark_model import landmark_model
from ...fit.geometry.projection import pose_landmarks
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Clock, Setup, find_landmarks, fit, import_stages
from ..rows import Row, at_most, not_measured

LIMIT: Final = 1.6
EVERY: Final = 5
ENDINGS: Final = (".mpg", ".mkv", ".gif", ".mp4", ".mov")


def measure(setup: Setup) -> list[Row] | Failure:
    """Every clip of the shared ``videos``: the fit is not shown every fifth of the 468 surface landmarks (0, 5, ...).

    Quality Standard, built-in head, focal length unknown. The held-out landmarks have no weight, alone and in pairs,
    and are left out of the first pose; they are then compared where the posed mesh has them, without any offset of
    this clip.
    Value: median over all of them that are seen, on all tracked frames, of their distance in pixels over that frame's
    distance between the eye centres (means of both corners of each eye, as detected). With --quick every second clip.
    """
    clips = sorted(path for path in (setup.data / "videos").glob("*") if path.suffix in ENDINGS)
    if not clips:
        return Failure("no-clips", "There are no clips (shared/data/videos is not there).", "Give --data.")
    import_stages()
    head = builtin_head()
    rows, every = [], []
    for clip in clips[:: 2 if setup.quick else 1]:
        landmarks = find_landmarks(setup, clip, "standard", Clock())
        fitted = landmarks if isinstance(landmarks, Failure) else fit(setup, landmarks, without(head, held()), None)
        if isinstance(fitted, Failure):
            return fitted
        shares = held_out_errors(head, fitted)
        every.append(shares)
        rows.append(_row(clip.name, shares))
    return [_row("all clips", np.concatenate(every)), *rows]


def held() -> NDArray[np.bool_]:
    """Return which landmarks are held out (478,)."""
    result = np.zeros(names.LANDMARKS, dtype=np.bool_)
    result[: names.FACE_LANDMARKS : EVERY] = True
    return result


def without(head: HeadModel, hidden: NDArray[np.bool_]) -> HeadModel:
    """Return the head as one that has no place for the hidden landmarks, so that no fit uses them."""
    return replace(head, landmarks=replace(head.landmarks, known=head.landmarks.known & ~hidden))


def held_out_errors(head: HeadModel, fitted: Fit) -> NDArray[Any]:
    """Return the errors (K,) of all held-out landmarks that are seen, as shares of the distance between the eyes."""
    tracked = fitted.status == TRACKED
    model = landmark_model(head, torch.float64, torch.device("cpu"))
    shared, frames = to_state(fitted, model, np.arange(len(fitted.pose)), head.detector_offsets)
    bare = replace(shared, offsets=torch.zeros_like(shared.offsets))
    pixels = project(pose_landmarks(model, bare, frames).camera.numpy(), fitted.intrinsics)
    centre = (fitted.intrinsics.centre_x, fitted.intrinsics.centre_y)
    observed = without_turn_bias(fitted.landmarks.points[..., :2].astype(np.float64), centre)
    distance = np.linalg.norm(pixels - observed, axis=2) / eye_distance(observed)[:, None]
    counted = tracked[:, None] & (fitted.visibility > 0.5) & (held() & head.landmarks.known)
    return distance[counted]


def _row(what: str, shares: NDArray[Any]) -> Row:
    if len(shares) == 0:
        return not_measured(what, Failure("nothing-seen", "The fit shows none of the landmarks.", "Look at the clip."))
    value = 100 * float(np.median(shares))
    high = 100 * float(np.percentile(shares, 95))
    return at_most(f"held-out landmarks, median, {what}", value, LIMIT, " % of eye distance", percentile_95=high)
