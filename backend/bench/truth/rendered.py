"""Truth on rendered people: everything from the picture on."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import numpy as np

from ...contract.camera import axis_angles
from ...contract.failure import Failure
from ...contract.track import MISSING
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...sample.clip import Truth
from ...sample.people import FOCALS
from ..chain import Clock, Setup, face_vertices, find_landmarks, fit, import_stages
from ..measures import metrics
from ..rows import Row, at_most, without_target
from ..scenes.painted_people import painted_people

FRAMES, QUICK_FRAMES = 48, 24
RATE: Final = Fraction(24)
STEP: Final = 3
PEOPLE: Final = len(FOCALS)


def measure(setup: Setup) -> list[Row] | Failure:
    """Six painted people of the built-in head, each with a camera of its own, filmed by our renderer: 640x480, H.264.

    48 frames at 24 frames/s each, face 190 px wide, focal lengths 0.9 to 2.5 picture widths; landmarks by MediaPipe's
    networks from the file, quality Standard. Every fit once with the focal length given, once without. The people
    differ in size too (which one camera cannot see and which is part of the error here).

    Face vertices: mean distance of the region `face` to the true vertices after rigid alignment of each frame without
    scale, every third frame. Rotation: median angle to the true head-to-camera rotation, as it is; then with one
    constant rotation for the clip removed, and by how much that constant turns the face upwards. Depth: median of
    |depth of the head's origin over the true one - 1|.
    Values are means over the people, the worst person stands beside; each one's are in the JSON file.
    """
    import_stages()
    head = builtin_head()
    people: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for made in painted_people(setup, head, range(PEOPLE), QUICK_FRAMES if setup.quick else FRAMES, RATE):
        if isinstance(made, Failure):
            return made
        video, truth = made
        landmarks = find_landmarks(setup, video, "standard", Clock())
        if isinstance(landmarks, Failure):
            return landmarks
        for known, errors in people.items():
            fitted = fit(setup, landmarks, head, truth.intrinsics.focal_x if known else None)
            if isinstance(fitted, Failure):
                return fitted
            errors.append(errors_of(head, fitted, truth))
    return [*_rows(people[True], "focal known"), *_rows(people[False], "focal estimated")]


def errors_of(head: HeadModel, fitted: Fit, truth: Truth) -> dict[str, float]:
    """Return what `measure` describes, for one person; frames without a face are left out."""
    rows = np.flatnonzero(fitted.status != MISSING)
    some = rows[::STEP]
    true = truth.vertices[some][:, head.regions["face"]].astype(np.float64)
    estimated, turn = fitted.rotation[rows], truth.head_rotation[rows]
    depth = fitted.translation[rows, 2] / truth.head_translation[rows, 2] - 1
    return {
        "face": 1000 * float(metrics.vertex_errors(face_vertices(head, fitted.pose, some), true).mean()),
        "rotation": float(np.median(metrics.rotation_errors(estimated, turn))),
        "rotation_free": float(np.median(metrics.rotation_errors(estimated, turn, constant=True))),
        "pitch": -float(np.degrees(axis_angles(metrics.constant_rotation(estimated, turn))[0])),
        "depth": 100 * float(np.median(np.abs(depth))),
        "focal": 100 * (fitted.intrinsics.focal_x / truth.intrinsics.focal_x - 1),
        "frames": float(len(rows)),
    }


def _rows(people: list[dict[str, float]], camera: str) -> list[Row]:
    def of(name: str) -> tuple[float, str, list[float]]:
        values = [person[name] for person in people]
        return float(np.mean(values)), f"worst {max(values):.2f}", values

    face, worst_face, faces = of("face")
    turn, worst_turn, turns = of("rotation")
    free, _, frees = of("rotation_free")
    depth, worst_depth, depths = of("depth")
    return [
        at_most(f"{len(people)} rendered people, {camera}: face vertices ({worst_face})", face, 2, " mm", people=faces),
        at_most(f"rendered people, {camera}: rotation ({worst_turn})", turn, 2, "°", people=turns),
        without_target(f"rendered people, {camera}: rotation, constant removed", free, "°", people=frees),
        without_target(
            f"rendered people, {camera}: that constant's pitch, upwards", of("pitch")[0], "°", people=of("pitch")[2]
        ),
        without_target(f"rendered people, {camera}: depth ({worst_depth})", depth, " %", people=depths),
    ]
