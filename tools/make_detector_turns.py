"""Learns how MediaPipe's landmarks move across a face when the head turns, on rendered heads that turn far.

Run it again with ``python -m tools.make_detector_turns TURNS.csv OFFSETS.csv --task face_landmarker.task
--flame flame_proxy.npz``. The second file says where the detector sees landmarks once the first is taken off.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from backend.contract import names
from backend.contract.arrays import Floats
from backend.contract.failure import Failure
from backend.contract.settings import HeadSettings
from backend.data.landmark_mirror import mirror_table
from backend.data.types import Landmarks
from backend.fit.evidence.detector_bias import TERMS, terms, views, without_turn_bias
from backend.fit.evidence.observations import LID_PAIRS, LIP_PAIRS
from backend.head.builtin import builtin_head
from backend.head.flame.flame_file import load_flame
from backend.head.model import HeadModel
from backend.sample.canvas import Canvas, make_canvas
from backend.sample.clip import ClipPlan, Truth, make_clip
from backend.sample.motion import YAW, turning
from backend.sample.people import person
from backend.sample.portrait import fit_portrait, portrait_file, portrayed, read_picture
from tools.make_detector_offsets import (
    RATE,
    detector_offsets,
    errors_across,
    facing_camera,
    landmarks_of,
    meeting,
    symmetric,
)

FIRST_SEED: Final = 300
FRAMES: Final = 36
TEXTURE_SIZE: Final = 640
PROFILE_YAW = 64.0
"""Largest yaw in degrees of every third person, who is filmed again turning to the profile. Up to 70 the detector's
wildest points are among those learned from: two other people turned by 55 to 64 were then off by 10 and 5 degrees, not
by 5.5 and 3."""
_FACING: Final = (0.1, 0.5)
_PRIOR: Final = np.array([0.1, 0.3, 0.06, 0.02, 0.01, 0.05, 0.05])
"""Evidence for no bias, in frames times squared radians (of each term): what no frame shows stays at zero."""
_MIRRORED: Final = np.array([1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0])
"""What a mirror makes of the terms."""


@dataclass(frozen=True)
class Turned:
    """A clip of a head that turns, and what the detector said of it; `ours`: of the built-in head."""

    head: HeadModel
    truth: Truth
    landmarks: Landmarks
    ours: bool


def plans(flame: HeadModel | None, people: int, models: Path) -> Iterator[tuple[HeadModel, ClipPlan] | Failure]:
    """Yield who is filmed: painted people, the portrait, and painted people of the other head."""
    head = builtin_head()
    canvas = make_canvas(head, TEXTURE_SIZE)

    def turned(one: HeadModel, drawn: Canvas, seed: int) -> Iterator[tuple[HeadModel, ClipPlan]]:
        plan = person(one, seed, frames=FRAMES, rate=RATE, canvas=drawn)
        for furthest in (YAW, PROFILE_YAW) if seed % 3 == 0 else (YAW,):
            yield one, replace(plan, turns=turning(FRAMES, seed, furthest))

    for seed in range(FIRST_SEED, FIRST_SEED + people):
        yield from turned(head, canvas, seed)
    portrait = fit_portrait(head, portrait_file(), models)
    if isinstance(portrait, Failure):
        yield portrait
        return
    _, plan = next(turned(head, canvas, FIRST_SEED + people))
    looks = portrayed(canvas, read_picture(portrait_file()), portrait)
    yield head, replace(plan, appearance=looks, identity=np.clip(portrait.pose.identity, -2, 2))
    if flame is not None:
        flame = _talking_as_ours(flame, head)
        painted = make_canvas(flame, TEXTURE_SIZE)
        for seed in range(FIRST_SEED, FIRST_SEED + people):
            yield from turned(flame, painted, seed)


def _talking_as_ours(flame: HeadModel, ours: HeadModel) -> HeadModel:
    """Return a head in FLAME's layout that can be painted and filmed: jaw and eyes move, expressions do not show."""
    empty = np.zeros(0, dtype=np.int64)
    still = np.zeros((flame.vertex_count, 3, len(ours.expression_names)))
    return replace(
        flame,
        regions={**dict.fromkeys(("mouth_inside", "teeth", "tongue"), empty), **flame.regions},
        expression_basis=still,
        expression_names=ours.expression_names,
        expression_range=ours.expression_range,
    )


def filmed(flame: HeadModel | None, people: int, task: Path) -> list[Turned] | Failure:
    """Film them all and let the detector look."""
    result = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for number, planned in enumerate(plans(flame, people, work)):
            if isinstance(planned, Failure):
                return planned
            head, plan = planned
            clip = work / f"{number}.mp4"
            truth = make_clip(head, plan, clip, work / f"{number}.npz")
            if isinstance(truth, Failure):
                return truth
            landmarks = landmarks_of(clip, task, work)
            if isinstance(landmarks, Failure):
                return landmarks
            print(f"clip {number}: {landmarks.found.sum()} faces", file=sys.stderr)
            result.append(Turned(head, truth, landmarks, head.detector_offsets is not None))
    return result


def turn_bias(clips: list[Turned]) -> Floats:
    """Return the coefficients (478, 7, 2), metres, see `fit.evidence.detector_bias.turn_table`.

    Least squares of where the detector sees each landmark beside its exactly projected place, in the face's own axes of
    the picture. What is constant in a clip is the head's, not the view's, and taken off; left and right are averaged,
    and points that meet (both lids, both lips) move together.
    """
    mirror = mirror_table()
    matrix = np.zeros((names.LANDMARKS, TERMS, TERMS))
    right = np.zeros((names.LANDMARKS, TERMS, 2))
    for clip in clips:
        terms_of_view, error, visibility = _offsets_across(clip)
        both = (
            (terms_of_view, error, visibility),
            (terms_of_view * _MIRRORED, error[:, mirror] * (-1.0, 1.0), visibility[:, mirror]),
        )
        for view, moved, weight in both:
            total = np.maximum(weight.sum(axis=0), 1e-6)[:, None]
            terms_off = view[:, None] - np.einsum("tn,tk->nk", weight, view) / total
            moved_off = moved - np.einsum("tn,tna->na", weight, moved) / total
            matrix += np.einsum("tn,tnk,tnl->nkl", weight, terms_off, terms_off)
            right += np.einsum("tn,tnk,tna->nka", weight, terms_off, moved_off)
    result = np.linalg.solve(matrix + np.diag(_PRIOR), right)
    # Where the irises are seen depends on the gaze; they go with the corners of their eye.
    for iris, corners in ((names.RIGHT_IRIS, names.RIGHT_EYE_CORNERS), (names.LEFT_IRIS, names.LEFT_EYE_CORNERS)):
        result[list(iris)] = result[list(corners)].mean(axis=0)
    pairs = np.array(LID_PAIRS + LIP_PAIRS)
    result[pairs] = result[pairs].mean(axis=1, keepdims=True)
    return result


def _offsets_across(clip: Turned) -> tuple[Floats, Floats, Floats]:
    """Return terms (T, 7), how far beside its place each landmark is seen (T, 478, 2), metres, and weight (T, 478)."""
    truth, detected = clip.truth, np.flatnonzero(clip.landmarks.found)
    view = views(clip.landmarks.points[detected], (truth.intrinsics.centre_x, truth.intrinsics.centre_y))
    error, positions = errors_across(clip.head, truth, clip.landmarks, detected)
    facing = facing_camera(clip.head, truth, truth.head_rotation[detected], positions)
    visibility = np.clip((facing - _FACING[0]) / (_FACING[1] - _FACING[0]), 0, 1) * clip.head.landmarks.known
    return terms(view), np.einsum("tac,tnc->tna", view.axes, error), visibility


def remaining_offsets(clips: list[Turned], table: Floats) -> Floats:
    """Return the built-in head's constant offsets (478, 3), metres, of landmarks from which the bias is taken off."""
    own = []
    for clip in clips:
        if clip.ours:
            centre = (clip.truth.intrinsics.centre_x, clip.truth.intrinsics.centre_y)
            corrected = replace(clip.landmarks, points=without_turn_bias(clip.landmarks.points, centre, table))
            own.append(detector_offsets(clip.head, clip.truth, corrected))
    return meeting(symmetric(np.mean(own, axis=0)))


HEADER: Final = """\
# How MediaPipe's detector moves the 478 landmarks across a face that is turned from the camera: for pitch p (up), yaw y
# (to the subject's left), y*y, p*y, p*p, b and b*sign(y), all in radians, as its own points tell them, the movement to
# the face's left and up in the picture, millimetres; row = landmark. b: by how much the yaw is beyond 0.7, where the
# other terms rest. Learned on painted people of the built-in head, its portrait, and painted people of a head in the
# layout of FLAME; symmetric; irises go with their eye's corners, lids and lips together.
# Regenerate with: python -m tools.make_detector_turns TURNS.csv OFFSETS.csv --task face_landmarker.task --flame HEAD
"""


OFFSETS_HEADER: Final = """\
# Where MediaPipe's detector sees the 478 landmarks of the built-in head, beside their places on it, once what a turned
# head does to them (detector_turns.csv) is taken off: x (subject's left), y (up), z (forward), millimetres; row =
# landmark. Mean over painted people and the portrait, symmetric, irises zero, edges of the lips together.
# Regenerate with: python -m tools.make_detector_turns TURNS.csv OFFSETS.csv --task face_landmarker.task --flame HEAD
"""


def main(arguments: list[str]) -> int:
    """Measure and write both tables."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_detector_turns", description=__doc__)
    parser.add_argument("turns", type=Path)
    parser.add_argument("offsets", type=Path)
    parser.add_argument("--task", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--flame", type=Path, help="a head in FLAME's layout")
    parser.add_argument("--people", type=int, default=9)
    options = parser.parse_args(arguments)
    flame = load_flame(options.flame, HeadSettings()) if options.flame else None
    clips = flame if isinstance(flame, Failure) else filmed(flame, options.people, options.task)
    if isinstance(clips, Failure):
        print(clips, file=sys.stderr)
        return 1
    table = turn_bias(clips)
    options.turns.write_text(HEADER + _rows(table.reshape(names.LANDMARKS, -1)), encoding="utf-8")
    options.offsets.write_text(OFFSETS_HEADER + _rows(remaining_offsets(clips, table)), encoding="utf-8")
    return 0


def _rows(table: Floats) -> str:
    """Metres as millimetres; 0.0 is added so that nothing is written as -0.00."""
    return "\n".join(",".join(f"{value:.2f}" for value in row) for row in np.round(1000 * table, 2) + 0.0) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
