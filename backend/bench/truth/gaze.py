"""Truth on gaze: error and gain of the gaze, crossed eyes, and a glance of one frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.people import TEXTURE_SIZE
from ..chain import Clock, Setup, find_landmarks, fit, import_stages
from ..measures import metrics
from ..rows import Row, at_least, at_most
from ..scenes.eye_people import CROSSED, GLANCE, film_eyes
from ..scenes.independent_head import read_truth
from .independent import AWAKE
from .lids import PEOPLE


@dataclass(frozen=True)
class _Truth:
    """Where the eyes look in the head's axes: yaw and pitch of both eyes' mean in degrees (T, 2), by how much they
    cross (T,) degrees or None, and whether they are open (T,)."""

    looking: Floats
    crossing: Floats | None
    awake: Array


def measure(setup: Setup) -> list[Row] | Failure:
    """Gaze against the truth, each clip by both networks for landmarks; built-in head, focal length known, Standard.

    ``truth_clip``, ``hard/talk297`` and two painted people (`eye_people`; weights were looked at on both, so neither is
    an independent check). Error: mean absolute difference of yaw and pitch of the eyes' mean direction in the head's
    own axes, while the eyes are open, after one constant is removed (their rest need not be ours). Gain: slope of the
    pitch over the true one. Crossed: by how much more the eyes turn inwards than in four frames before and after, over
    the true amount. Glance: of one frame, how far the yaw leaves its neighbours', over the true amount.
    """
    import_stages()
    head = builtin_head()
    bare = replace(setup, data=setup.work, models=setup.work)
    rows: list[Row] = []
    for name, path, focal, truth in _clips(setup, head):
        for network, own in (("task", setup), ("mesh", bare)):
            found = find_landmarks(own, path, "standard", Clock())
            if isinstance(found, Failure):
                return found
            fitted = fit(setup, found, head, focal)
            if isinstance(fitted, Failure):
                return fitted
            rows += rows_of(f"{name}, {network}", fitted, truth)
    return rows


def rows_of(name: str, fitted: Fit, truth: _Truth) -> list[Row]:
    """Return the rows of one clip and network."""
    still = np.broadcast_to(np.eye(3), fitted.rotation.shape)
    yaw, pitch = _angles(metrics.looking(fitted.pose.left_eye, fitted.pose.right_eye, still))
    awake = truth.awake
    rows = [
        at_most(f"{name}: yaw", metrics.mean_error((yaw - truth.looking[:, 0])[awake], constant=True), 2, "°"),
        at_most(f"{name}: pitch", metrics.mean_error((pitch - truth.looking[:, 1])[awake], constant=True), 2, "°"),
        at_least(f"{name}: vertical gain", metrics.slope(pitch[awake], truth.looking[awake, 1]), 0.7),
    ]
    if truth.crossing is None:
        return rows
    crossing = np.degrees(fitted.pose.right_eye[:, 1] - fitted.pose.left_eye[:, 1])
    kept = _beyond(crossing, _in_crossing) / _beyond(truth.crossing, _in_crossing)
    glance = _beyond(yaw, _in_glance) / _beyond(truth.looking[:, 0], _in_glance)
    return [*rows, at_least(f"{name}: crossed, kept", kept, 0.9), at_least(f"{name}: glance, kept", glance, 0.8)]


def _angles(looking: Floats) -> tuple[Floats, Floats]:
    """Return yaw to the subject's left and pitch downwards in degrees of directions in head axes (T, 3)."""
    return (
        np.degrees(np.arctan2(looking[:, 0], looking[:, 2])),
        -np.degrees(np.arctan2(looking[:, 1], np.hypot(looking[:, 0], looking[:, 2]))),
    )


def _in_crossing(curve: Floats) -> tuple[Floats, Floats]:
    middle = slice(CROSSED.start + 3, CROSSED.stop - 3)
    return curve[middle], np.r_[curve[CROSSED.start - 4 : CROSSED.start], curve[CROSSED.stop : CROSSED.stop + 4]]


def _in_glance(curve: Floats) -> tuple[Floats, Floats]:
    return curve[[GLANCE]], curve[[GLANCE - 1, GLANCE + 1]]


def _beyond(curve: Floats, parts: Callable[[Floats], tuple[Floats, Floats]]) -> float:
    inside, around = parts(curve)
    return float(np.median(inside) - np.median(around))


def _clips(setup: Setup, head: HeadModel) -> list[tuple[str, Path, float, _Truth]]:
    """Return name, file, focal length and truth of the clips that are there."""
    clips: list[tuple[str, Path, float, _Truth]] = []
    folder = setup.data / "truth_clip"
    if (folder / "truth.npz").is_file():
        truth = read_truth(folder / "truth.npz")
        inside = np.einsum("tji,tj->ti", truth.rotation, truth.gaze)
        looking = np.stack(_angles(inside), axis=1)
        awake = truth.blink.max(axis=1) < AWAKE
        clips.append(("truth_clip", folder / "clip.mp4", truth.focal, _Truth(looking, None, awake)))
    if setup.quick:
        return clips
    painted = setup.data / "hard" / "talk297_truth.npz"
    if painted.is_file():
        with np.load(painted) as file:
            looking, awake = np.degrees(file["gaze"]), file["blink"].max(axis=1) < AWAKE
            clips.append(
                (
                    "talk297",
                    painted.with_name("talk297.mp4"),
                    float(np.ravel(file["K"])[0]),
                    _Truth(looking, None, awake),
                )
            )
    canvas = make_canvas(head, TEXTURE_SIZE)
    for seed in PEOPLE:
        video = setup.work / f"eyes{seed}.mp4"
        made = film_eyes(head, seed, video, canvas)
        crossing = np.degrees(made.right_eye[:, 1] - made.left_eye[:, 1])
        seen = _Truth(np.degrees(made.gaze), crossing, made.blink.max(axis=1) < AWAKE)
        clips.append((f"person {seed}", video, made.intrinsics.focal_x, seen))
    return clips
