"""Truth on a rendered clip of a head that is not ours, before and after the stage Appearance."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.camera import axis_angles
from ...contract.failure import Failure
from ...contract.settings import HeadSettings
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.flame.flame_file import load_flame
from ...head.model import HeadModel
from ...landmarks.aligned_crop import dlib68
from ..chain import Clock, Setup, face_vertices, find_landmarks, fit, in_camera, refine, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, not_measured, without_target
from ..scenes.independent_head import FilmedHead, read_truth
from .independent import LIDS, MOUTH, QUALITY

SLACK: Final = 0.05
"""Share by which a number may be larger after than before without being worse."""
STEP: Final = 10
"""Vertices of the truth are there for every tenth frame."""


def clip_rows(setup: Setup) -> list[Row] | Failure:
    """The shared ``truth_clip``, quality Best, focal length given, with the FLAME-layout proxy and the built-in head.

    Rotation, lid gap, mouth gap and acceleration as in `independent`. Pitch gain: how much the head's pitch
    changes per change of the true pitch. Face's direction: by how much the face's surface (region `face`, aligned to
    the true mesh by closest points, every tenth frame) still has to be turned, mean rotation vector's length: what the
    rotation as it is means for a head whose axes are not the truth's.
    """
    folder = setup.data / "truth_clip"
    if not (folder / "truth.npz").is_file():
        absent = Failure("no-truth-clip", "the shared truth_clip is not there.", "Give its folder with --data.")
        return [not_measured("appearance, truth clip", absent)]
    truth = read_truth(folder / "truth.npz")
    landmarks = find_landmarks(setup, folder / "clip.mp4", QUALITY, Clock())
    if isinstance(landmarks, Failure):
        return landmarks
    rows: list[Row] = []
    proxy = load_flame(setup.data / "flame_layout_proxy" / "flame_proxy.npz", HeadSettings())
    for name, head in (("proxy", proxy), ("built-in", builtin_head())):
        if isinstance(head, Failure):
            return head
        fitted = fit(setup, landmarks, head, truth.focal)
        if isinstance(fitted, Failure):
            return fitted
        refined = refine(setup, fitted, head, folder / "clip.mp4", Clock())
        if isinstance(refined, Failure):
            return refined
        used = refined.report.appearance is not None and refined.report.appearance.used
        before, after = _errors(head, fitted, truth), _errors(head, refined, truth)
        rows += _rows(f"appearance, truth clip, {name}", before, after, name == "proxy")
        rows.append(without_target(f"appearance, truth clip, {name}: used", float(used), digits=0))
    return rows


def _errors(head: HeadModel, fitted: Fit, truth: FilmedHead) -> dict[str, float]:
    free = metrics.rotation_errors(fitted.rotation, truth.rotation, constant=True)
    estimated = dlib68(in_camera(surface_landmarks(head, fitted.pose), fitted.rotation, fitted.translation))
    pitch, true_pitch = (metrics.yaw_and_pitch(turn[:, :, 2])[1] for turn in (fitted.rotation, truth.rotation))
    mouth = metrics.gap(estimated, *MOUTH) - metrics.gap(truth.points, *MOUTH)
    lids = [
        np.mean([metrics.gap(estimated, *pair) - metrics.gap(truth.points, *pair) for pair in pairs], axis=0)
        for pairs in LIDS
    ]
    return {
        "rotation": float(np.median(metrics.rotation_errors(fitted.rotation, truth.rotation))),
        "free": float(np.median(free)),
        "free95": float(np.percentile(free, 95)),
        "gain": metrics.slope(pitch, true_pitch),
        "direction": _direction(head, fitted, estimated, truth),
        "lids": 1000 * float(np.mean([metrics.rms(one, constant=True) for one in lids])),
        "mouth": 1000 * metrics.rms(mouth, constant=True),
        "acceleration": 1000 * metrics.acceleration_errors(estimated, truth.points)[0],
    }


def _direction(head: HeadModel, fitted: Fit, estimated: np.ndarray, truth: FilmedHead) -> float:
    turns = []
    for row, frame in enumerate(range(0, len(fitted.pose), STEP)):
        one = slice(frame, frame + 1)
        rotation = fitted.rotation[one]
        face = in_camera(face_vertices(head, fitted.pose, one), rotation, fitted.translation[one])[0]
        near = face + (truth.points[frame] - estimated[frame]).mean(axis=0)
        aligned = metrics.surface_alignment(near, truth.vertices[row], truth.triangles)
        turn, _ = metrics.rigid_motion(face, aligned)
        turns.append(axis_angles(rotation[0].T @ turn @ rotation[0]))
    return float(np.degrees(np.linalg.norm(np.mean(turns, axis=0))))


def _rows(name: str, before: dict[str, float], after: dict[str, float], proxy: bool) -> list[Row]:
    def words(key: str, text: str) -> str:
        return f"{name}: {text} (before {before[key]:.2f})"

    def limited(key: str, text: str, target: float, unit: str) -> Row:
        """The target for the proxy; for the built-in head, that it is not worse."""
        return at_most(words(key, text), after[key], target if proxy else round(before[key] * (1 + SLACK), 2), unit)

    def not_worse(key: str, text: str, unit: str) -> Row:
        return at_most(words(key, text), after[key], round(before[key] * (1 + SLACK), 2), unit)

    return [
        not_worse("rotation", "rotation as it is, median", "°"),
        limited("free", "rotation, constant removed, median", 0.9, "°"),
        limited("free95", "rotation, constant removed, 95 %", 2.2, "°"),
        at_least(words("gain", "pitch gain"), after["gain"], 0.9),
        not_worse("direction", "face's direction", "°"),
        limited("lids", "lid gap rms, constant removed", 0.4, " mm"),
        not_worse("mouth", "mouth gap rms, constant removed", " mm"),
        limited("acceleration", "acceleration 3D", 0.45, " mm/frame²"),
    ]
