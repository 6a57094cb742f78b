"""Truth on a rendered clip of a head that is not ours."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...contract.settings import HeadSettings
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.flame.flame_file import load_flame
from ...head.model import HeadModel
from ...head.skinning import neutral_pose
from ...landmarks.aligned_crop import dlib68
from ..chain import Clock, Setup, face_vertices, find_landmarks, fit, import_stages, in_camera, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, between, without_target
from ..scenes.independent_head import FilmedHead, read_truth

QUALITY: Final = "best"
JAW_DEGREES: Final = 25.3
"""Turn of the jaw that is the truth's jawOpen 1 (README of flame_layout_proxy)."""
MOUTH: Final = (62, 66)
LIDS: Final = (((43, 47), (44, 46)), ((37, 41), (38, 40)))
"""Of the 68 points: middle of the inner lips; facing points of the left eye's lids and of the right eye's."""
SHUT, OPEN = 0.9, 0.1
AWAKE: Final = 0.2


def measure(setup: Setup) -> list[Row] | Failure:
    """The shared ``truth_clip`` (90 frames, an ICT-FaceKit head in Cycles), quality Best, focal length given.

    Once with the FLAME-layout proxy, once with the built-in head. "Constant removed": the truth's 68 points, its head
    axes and its eyes' rest are not the same places as MediaPipe's and ours, so one constant for the clip is removed
    (rotation: one rotation; gaps: the mean; gaze: the median); the number as it is stands beside it.

    Rotation: angle to the true head-to-camera rotation after one constant rotation is removed, median and 95 %.
    Surface: mean distance of the region `face` from the true mesh after rigid alignment without scale (closest points),
    mean of every tenth frame; `template`: the same with the mean head at rest in place of the fit. Mouth gap and lid
    gap: rms difference of the distance between the middle inner lip points, and of the mean of two pairs of facing lid
    points, on the mesh without offsets, mean of both eyes. Closed-lid gap: median gap where the true blink is above 0.9
    over that where it is below 0.1. Jaw: turn of the jaw joint against jawOpen x 25.3 degrees. Gaze: mean absolute yaw
    and pitch error of the eyes' mean direction in camera axes, true blink below 0.2. Acceleration: mean length of the
    error of the second difference of the 68 points in camera axes, 3D and without depth.
    """
    folder = setup.data / "truth_clip"
    if not (folder / "truth.npz").is_file():
        return Failure("no-truth-clip", "The shared truth_clip is not there.", "Give its folder with --data.")
    import_stages()
    truth = read_truth(folder / "truth.npz")
    landmarks = find_landmarks(setup, folder / "clip.mp4", QUALITY, Clock())
    if isinstance(landmarks, Failure):
        return landmarks
    rows: list[Row] = []
    proxy = load_flame(setup.data / "flame_layout_proxy" / "flame_proxy.npz", HeadSettings())
    for name, head, limit in (("proxy", proxy, 1.1), ("built-in", builtin_head(), 2.0)):
        if isinstance(head, Failure):
            return head
        fitted = fit(setup, landmarks, head, truth.focal)
        if isinstance(fitted, Failure):
            return fitted
        points = in_camera(surface_landmarks(head, fitted.pose), fitted.rotation, fitted.translation)
        estimated = dlib68(points)
        rows += rotation_rows(name, fitted, truth)
        rows += surface_rows(name, head, fitted, estimated, truth, limit)
        rows += face_rows(name, fitted, estimated, truth)
        rows += lid_rows(name, estimated, truth)
        rows += motion_rows(name, fitted, estimated, truth)
    return rows


def rotation_rows(name: str, fitted: Fit, truth: FilmedHead) -> list[Row]:
    """Return how far the head's rotation is off."""
    angle = metrics.rotation_errors(fitted.rotation, truth.rotation, constant=True)
    raw = metrics.rotation_errors(fitted.rotation, truth.rotation)
    return [
        at_most(f"{name}: rotation, median", float(np.median(angle)), 1.3, "°", as_it_is=float(np.median(raw))),
        at_most(f"{name}: rotation, 95 %", float(np.percentile(angle, 95)), 3.2, "°"),
    ]


def surface_rows(
    name: str, head: HeadModel, fitted: Fit, estimated: Floats, truth: FilmedHead, limit: float
) -> list[Row]:
    """Return how far the face's surface is from the true one, and whether the mean head is nearer."""
    frames = np.arange(0, len(fitted.pose), 10)
    rotation, translation = fitted.rotation[frames], fitted.translation[frames]
    faces = in_camera(face_vertices(head, fitted.pose, frames), rotation, translation)
    resting = face_vertices(head, neutral_pose(head, len(frames)))
    template = in_camera(resting, rotation, translation)
    distances = []
    for row, frame in enumerate(frames):
        turn, shift = metrics.rigid_motion(estimated[frame], truth.points[frame])
        pair = (faces[row] @ turn.T + shift, template[row] @ turn.T + shift)
        distances.append([metrics.surface_distance(one, truth.vertices[row], truth.triangles) for one in pair])
    ours, mean_head = 1000 * np.mean(distances, axis=0)
    depth = metrics.depth_errors(estimated, truth.points)
    rows = [
        at_most(f"{name}: face surface (template: {mean_head:.2f} mm)", float(ours), limit, " mm"),
        without_target(f"{name}: depth", 100 * float(np.median(depth)), " %"),
    ]
    if name == "proxy":
        rows.insert(1, at_most(f"{name}: face surface minus template's", float(ours - mean_head), 0.0, " mm"))
    return rows


def face_rows(name: str, fitted: Fit, estimated: Floats, truth: FilmedHead) -> list[Row]:
    """Return the errors of mouth and jaw."""
    difference = 1000 * (metrics.gap(estimated, *MOUTH) - metrics.gap(truth.points, *MOUTH))
    jaw, true = np.degrees(fitted.pose.jaw[:, 0]), JAW_DEGREES * truth.jaw
    correlation = float(np.corrcoef(jaw, true)[0, 1])
    return [
        at_most(f"{name}: mouth gap rms", metrics.rms(difference), 0.55, " mm"),
        at_most(f"{name}: mouth gap rms, constant removed", metrics.rms(difference, constant=True), 0.55, " mm"),
        at_least(f"{name}: jaw correlation", correlation, 0.93),
        between(f"{name}: jaw slope", metrics.slope(jaw, true), 0.85, 1.1, 3),
    ]


def lid_rows(name: str, estimated: Floats, truth: FilmedHead) -> list[Row]:
    """Return the errors of the lids."""
    raw, free, closed, true_closed = [], [], [], []
    for side, pairs in enumerate(LIDS):
        ours = np.mean([metrics.gap(estimated, *pair) for pair in pairs], axis=0)
        true = np.mean([metrics.gap(truth.points, *pair) for pair in pairs], axis=0)
        raw.append(1000 * metrics.rms(ours - true))
        free.append(1000 * metrics.rms(ours - true, constant=True))
        shut, opened = truth.blink[:, side] > SHUT, truth.blink[:, side] < OPEN
        closed.append(np.median(ours[shut]) / np.median(ours[opened]))
        true_closed.append(np.median(true[shut]) / np.median(true[opened]))
    ratio, true_ratio = 100 * float(np.mean(closed)), 100 * float(np.mean(true_closed))
    return [
        at_most(f"{name}: lid gap rms", float(np.mean(raw)), 0.45, " mm"),
        at_most(f"{name}: lid gap rms, constant removed", float(np.mean(free)), 0.45, " mm"),
        at_most(f"{name}: closed-lid gap (truth: {true_ratio:.0f} %)", ratio, 30, " % of open", 0),
    ]


def motion_rows(name: str, fitted: Fit, estimated: Floats, truth: FilmedHead) -> list[Row]:
    """Return the errors of gaze and acceleration."""
    awake = truth.blink.max(axis=1) < AWAKE
    gaze = metrics.looking(fitted.pose.left_eye, fitted.pose.right_eye, fitted.rotation)[awake]
    rows = []
    for angle, ours, true in zip(
        ("yaw", "pitch"), metrics.yaw_and_pitch(gaze), metrics.yaw_and_pitch(truth.gaze[awake]), strict=True
    ):
        rows.append(at_most(f"{name}: gaze {angle}", metrics.mean_error(ours - true), 2, "°"))
        free = metrics.mean_error(ours - true, constant=True)
        rows.append(at_most(f"{name}: gaze {angle}, constant removed", free, 2, "°"))
    whole, across = metrics.acceleration_errors(estimated, truth.points)
    return [
        *rows,
        at_most(f"{name}: acceleration 3D", 1000 * whole, 0.5, " mm/frame²"),
        at_most(f"{name}: acceleration lateral", 1000 * across, 0.3, " mm/frame²"),
    ]
