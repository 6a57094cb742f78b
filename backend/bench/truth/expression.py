"""Truth on expressions: how much of one the fit keeps, and how still it is where the face rests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.camera import Intrinsics, unproject
from ...contract.failure import Failure
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Setup, found_and_fitted, import_stages, in_camera, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, between
from ..scenes.expression_clips import FACES, film_faces
from ..scenes.known_clips import places_on

CALM_SHARE: Final = 0.05
"""Share of the frames in which each shape is smallest: what is left there is not expression."""

Curve = Callable[[Floats], Floats]
"""Takes points (T, 478, 3) in head space; returns one number per frame."""


def _above(points: tuple[int, int], origin: tuple[int, ...], axis: int) -> Curve:
    return lambda estimated: estimated[:, points, axis].mean(axis=1) - estimated[:, origin, axis].mean(axis=1)


def _mouth_aside(estimated: Floats) -> Floats:
    return estimated[:, (13, 14, 61, 291), 0].mean(axis=1) - estimated[:, _EYES, 0].mean(axis=1)


def _mouth_width(estimated: Floats) -> Floats:
    return metrics.gap(estimated, 61, 291)


def _lip_height(estimated: Floats) -> Floats:
    return metrics.gap(estimated, 0, 17)


def _mouth_gap(estimated: Floats) -> Floats:
    return metrics.gap(estimated, 13, 14)


_EYES: Final = (33, 263)


@dataclass(frozen=True)
class Measured:
    """A name for people, what is followed, the least share to be kept, and the greatest."""

    title: str
    curve: Curve
    least: float
    most: float | None = None


CLIPS: Final[Mapping[str, Measured]] = {
    "smile": Measured("mouth corners up", _above((61, 291), _EYES, 1), 0.8),
    "brows": Measured("brows up", _above((105, 334), _EYES, 1), 0.8),
    "pucker": Measured("width of the mouth", _mouth_width, 0.8),
    "aside": Measured("mouth aside", _mouth_aside, 0.5),
    "jaw_open": Measured("chin down", _above((152, 152), (1,), 1), 0.9, 1.1),
    "talk297": Measured("width in speech", _mouth_width, 0.8),
    "talk_still": Measured("mouth gap", _mouth_gap, 0.9, 1.1),
}
MADE: Final[Mapping[str, Measured]] = {
    **{name: CLIPS[name] for name in ("smile", "brows", "pucker", "aside")},
    "rolled lips": Measured("height of the lips", _lip_height, 0.8),
    "frown": Measured("mouth corners down", CLIPS["smile"].curve, 0.5),
}
"""What is followed in the clips of `expression_clips`."""
PEOPLE: Final = (40, 41)
"""Seeds of people on whom nothing was measured or tuned."""
OF_DETECTOR: Final = 0.95
"""Least share of what the detector keeps."""


@dataclass(frozen=True)
class _Clip:
    """What is compared, in head space: points on the mesh, as detected, and true (T, 478, 3), metres."""

    estimated: Floats
    detected: Floats
    true: Floats


def measure(setup: Setup) -> list[Row] | Failure:
    """Share of a movement that the mesh keeps, and what coefficients are left at rest.

    Clips ``hard/`` of the shared data whose points are known, and two painted people of other seeds who make one face
    after the other. Quality Standard, built-in head, focal length known. The share is the slope of a distance on the
    fitted mesh, in head space and without landmark offsets, over the true one. Beside it the share that the detector's
    own points have, taken back into head space with the true pose and depth, and ours over theirs.
    Left at rest: the 5th percentile of each coefficient's size over the clip, summed over all shapes.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    for name in CLIPS:
        path = setup.data / "hard" / f"{name}.mp4"
        file = path.with_name(f"{name}_truth.npz")
        if not (path.is_file() and file.is_file()) or (setup.quick and name not in ("smile", "jaw_open")):
            continue
        with np.load(file) as truth:
            true = np.asarray(truth["landmarks_mm"], dtype=np.float64) / 1000
            lens = np.ravel(truth["K"]).tolist()
            pose = truth["head_rotation"], truth["head_translation"]
        fitted = found_and_fitted(setup, path, head, lens[0])
        if isinstance(fitted, Failure):
            return fitted
        camera = Intrinsics(int(lens[4]), int(lens[5]), *lens[:4])
        clip = _compared(head, fitted, true, *pose, camera)
        rows += rows_of(name, CLIPS[name], clip.estimated, clip.true, clip.detected)
        rows.append(_rest(name, fitted.pose.expression))
    for seed in PEOPLE[: 1 if setup.quick else None]:
        more = _made_rows(setup, head, seed)
        if isinstance(more, Failure):
            return more
        rows += more
    return rows


def _made_rows(setup: Setup, head: HeadModel, seed: int) -> list[Row] | Failure:
    clip = film_faces(setup, head, seed, FACES)
    if isinstance(clip, Failure):
        return clip
    truth = clip.truth
    fitted = found_and_fitted(setup, clip.video, head, truth.intrinsics.focal_x)
    if isinstance(fitted, Failure):
        return fitted
    true = places_on(head, truth.vertices)
    whole = _compared(head, fitted, true, truth.head_rotation, truth.head_translation, truth.intrinsics)
    rows = []
    for name, measured in MADE.items():
        part = clip.part[name]
        rows += rows_of(
            f"person {seed}, {name}", measured, whole.estimated[part], whole.true[part], whole.detected[part]
        )
    return [*rows, _rest(f"person {seed}", fitted.pose.expression)]


def _compared(
    head: HeadModel, fitted: Fit, true: Floats, rotation: Floats, translation: Floats, camera: Intrinsics
) -> _Clip:
    """Return what is compared; frames that one of both has not are left out."""
    estimated = surface_landmarks(head, fitted.pose)
    count = min(len(estimated), len(true))
    true, rotation, translation = true[:count], rotation[:count], translation[:count]
    depth = in_camera(true, rotation, translation)[..., 2]
    pixels = fitted.landmarks.points[:count, :, :2].astype(np.float64)
    detected = (unproject(pixels, depth, camera) - translation[:, None]) @ rotation
    return _Clip(estimated[:count], detected, true)


def rows_of(name: str, measured: Measured, estimated: Floats, true: Floats, detected: Floats) -> list[Row]:
    """Return the rows of one movement.

    Args:
        name: Of the clip.
        measured: What is followed.
        found, true, detected: Points in head space (T, 478, 3), metres.
    """
    ours, theirs = (metrics.slope(measured.curve(points), measured.curve(true)) for points in (estimated, detected))
    what = f"{name}: {measured.title}, kept (detector: {theirs:.2f})"
    if measured.most is None:
        first = at_least(what, ours, measured.least, detector=theirs)
    else:
        first = between(what, ours, measured.least, measured.most, detector=theirs)
    return [first, at_least(f"{name}: share of the detector's", ours / max(theirs, 1e-9), OF_DETECTOR)]


def _rest(name: str, expression: Floats) -> Row:
    rest = np.quantile(np.abs(expression), CALM_SHARE, axis=0)
    return at_most(f"{name}: coefficients at rest, all shapes", float(rest.sum()), 0.25)
