"""Truth on exact landmarks: what the solver itself is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...data.types import Fit, HeadPose
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ..chain import Setup, face_vertices, fit, import_stages, in_camera, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, without_target
from ..scenes.synthetic import Scene, scene

FOCALS: Final = (1.2, 1.5, 1.9)
"""Focal lengths of the three people's cameras in picture widths; the fit assumes 1.5 where it is not given."""
FRAMES, QUICK_FRAMES = 150, 60
STEP: Final = 3
"""Every third frame's vertices are compared."""
CLOSED_LIDS, CLOSED_LIPS = 0.003, 0.002
"""Closings that count as peaks stand out by at least this much, metres."""
LIDS: Final = ((386, 374), (159, 145))
LIPS: Final = (13, 14)
"""Middle of upper and lower lid, left and right eye; of upper and lower inner lip."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Three random people (identity 0.8 standard deviations) of the built-in head, 150 frames each at 30 frames/s.

    Landmarks are the exact places on the posed mesh, projected, with 1 px Gaussian noise per axis on all and 20 px on
    2 % of them; no scores. The face is 300 px wide, the head turns by 30 degrees to both sides, nods, talks, blinks and
    looks about. Focal lengths 1.2, 1.5, 1.9 picture widths; unknown: the fit is given none. One camera cannot see
    how large a head is: the people's landmarks have the template's mean radius.

    Face vertices: mean distance of region `face` to the true vertices after rigid alignment of each frame without
    scale. Rotation: median angle to the true head-to-camera rotation, then the same after one constant rotation for
    the whole clip is removed. Depth: median of |mean depth of the face's vertices over the true one - 1|. Acceleration:
    mean length of the error of the second difference of the face's vertices in camera axes. Gaze: mean angle between
    the mean direction of both eyes in camera axes and the true one, while the eyes are open. Peaks kept: closing of the
    lids (lips) at the true peaks over the true closing, on the mesh; median of all peaks. Values are means over the
    people; each person's are in the JSON file.
    """
    import_stages()
    # Exact landmarks lie on their places, not where a detector would see them.
    head = replace(builtin_head(), detector_offsets=None)
    frames = QUICK_FRAMES if setup.quick else FRAMES
    rows: list[Row] = []
    scenes = [scene(head, seed, frames, focal) for seed, focal in enumerate(FOCALS)]
    for known in (True, False):
        people = []
        for one in scenes:
            fitted = fit(setup, one.landmarks, head, one.intrinsics.focal_x if known else None)
            if isinstance(fitted, Failure):
                return fitted
            people.append(errors(head, one, fitted))
        rows += _rows(people, known)
    return rows


def errors(head: HeadModel, one: Scene, fitted: Fit) -> dict[str, float]:
    """Return what `measure` describes, for one person."""
    chosen = slice(0, None, STEP)
    estimated, true = face_vertices(head, fitted.pose, chosen), face_vertices(head, one.pose, chosen)
    placed = in_camera(estimated, fitted.rotation[chosen], fitted.translation[chosen])
    true_placed = in_camera(true, one.rotation[chosen], one.translation[chosen])
    shake, shake_across = acceleration(head, one, fitted)
    awake = one.blink.max(axis=1) < 0.2
    gaze = metrics.angles_between(
        metrics.looking(fitted.pose.left_eye, fitted.pose.right_eye, fitted.rotation),
        metrics.looking(one.pose.left_eye, one.pose.right_eye, one.rotation),
    )
    return {
        "face": 1000 * float(metrics.vertex_errors(estimated, true).mean()),
        "rotation": float(np.median(metrics.rotation_errors(fitted.rotation, one.rotation))),
        "rotation_free": float(np.median(metrics.rotation_errors(fitted.rotation, one.rotation, constant=True))),
        "depth": 100 * float(np.median(metrics.depth_errors(placed, true_placed))),
        "focal": 100 * abs(fitted.intrinsics.focal_x / one.intrinsics.focal_x - 1),
        "acceleration": 1000 * shake,
        "acceleration_across": 1000 * shake_across,
        "gaze": float(gaze[awake].mean()),
        **closings(head, one, fitted),
    }


def acceleration(head: HeadModel, one: Scene, fitted: Fit) -> tuple[float, float]:
    """Return the acceleration error of the face's vertices, every eighth vertex and all frames, metres per frame^2."""

    def path(pose: HeadPose, rotation: Floats, translation: Floats) -> Floats:
        return in_camera(face_vertices(head, pose)[:, ::8], rotation, translation)

    estimated = path(fitted.pose, fitted.rotation, fitted.translation)
    return metrics.acceleration_errors(estimated, path(one.pose, one.rotation, one.translation))


def closings(head: HeadModel, one: Scene, fitted: Fit) -> dict[str, float]:
    """Return the median share of lid and lip closings that is kept, and the number of peaks."""
    estimated, true = surface_landmarks(head, fitted.pose), surface_landmarks(head, one.pose)

    def kept_share(pairs: Mapping[int, int], least: float) -> Floats:
        shares = [
            metrics.kept_peaks(-metrics.gap(estimated, upper, lower), -metrics.gap(true, upper, lower), least)
            for upper, lower in pairs.items()
        ]
        return np.concatenate(shares)

    blinks, lips = kept_share(dict(LIDS), CLOSED_LIDS), kept_share(dict([LIPS]), CLOSED_LIPS)
    return {
        "blinks_kept": 100 * float(np.median(blinks)) if len(blinks) else float("nan"),
        "blinks": float(len(blinks)),
        "lips_kept": 100 * float(np.median(lips)) if len(lips) else float("nan"),
        "lip_closures": float(len(lips)),
    }


def _rows(people: list[dict[str, float]], known: bool) -> list[Row]:
    def mean(name: str) -> float:
        return float(np.nanmean([person[name] for person in people]))

    def each(name: str) -> dict[str, Any]:
        return {"people": [person[name] for person in people]}

    camera = "focal known" if known else "focal unknown"
    rows = [
        at_most(f"exact, {camera}: face vertices", mean("face"), 0.7 if known else 1.0, " mm", **each("face")),
        at_most(f"exact, {camera}: rotation", mean("rotation"), 0.5, "°", **each("rotation")),
        without_target(
            f"exact, {camera}: rotation, constant removed", mean("rotation_free"), "°", **each("rotation_free")
        ),
        at_most(f"exact, {camera}: depth", mean("depth"), 2 if known else 6, " %", **each("depth")),
    ]
    if not known:
        rows.append(without_target(f"exact, {camera}: focal length error", mean("focal"), " %", **each("focal")))
    shake = mean("acceleration")
    across = f"{mean('acceleration_across'):.3f} across the view"
    rows += [
        at_most(
            f"exact, {camera}: acceleration error in 3D ({across})",
            shake,
            0.1,
            " mm/frame²",
            3,
            **each("acceleration"),
        ),
        at_most(f"exact, {camera}: gaze", mean("gaze"), 2, "°", **each("gaze")),
        at_least(f"exact, {camera}: blinks kept", mean("blinks_kept"), 90, " %", 0, **each("blinks_kept")),
        at_least(f"exact, {camera}: lip closures kept", mean("lips_kept"), 90, " %", 0, **each("lips_kept")),
    ]
    return rows
