"""Measures how far MediaPipe's landmarks move with each expression of the built-in head, on painted people.

What the networks answer does not follow all that a face does: of a raised cheek they see a third, of a smile's corners
nine tenths, and a mouth that goes aside takes the nose along. It is so for all painted people alike. The fit looks for
what the detector sees of an expression and keeps what the head does.
Run it again with ``python -m tools.make_detector_motions OUT.csv --task face_landmarker.task``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np

from backend.contract import names
from backend.contract.arrays import Floats
from backend.contract.failure import Failure
from backend.data.landmark_mirror import mirror_table
from backend.head.builtin import builtin_head
from backend.head.builtin.detector_motions import MEASURED, OPENED, write_motions
from backend.head.model import HeadModel
from backend.sample.canvas import Canvas, make_canvas
from backend.sample.clip import make_clip
from backend.sample.motion import MOUTH_SHAPES, ONE_SIDED, posed
from backend.sample.people import person
from tools.make_detector_offsets import FIRST_SEED, RATE, TEXTURE_SIZE, errors_across, landmarks_of

Weights = Mapping[str, float]

VIEWS: Final = ((0.0, 0.0, 0.0), (0.3, 0.1, 0.0), (-0.3, -0.1, 0.0))
"""Yaw, pitch and roll of the head, radians: all directions are seen."""
TOGETHER: Final = (
    ("browInnerUp", "browOuterUp"),
    ("browInnerUp", "browDown"),
    ("mouthRollLower", "mouthRollUpper"),
    ("mouthSmile", "cheekSquint"),
    ("mouthSmile", "mouthUpperUp"),
    ("mouthUpperUp", "noseSneer"),
    ("mouthPucker", "mouthFunnel"),
)
"""Shapes that people make together: the detector's answers do not add up."""
STRENGTHS: Final = (0.5, 1.0)
_PRIOR: Final = 8.0
"""Frames' worth of evidence, at weight 1, for landmarks that are seen to move as the head moves them."""


def _sides(name: str, weight: float) -> dict[str, float]:
    """Both sides of a shape that has two."""
    if f"{name}Left" in MEASURED and name != "mouth":
        return {f"{name}Left": weight, f"{name}Right": weight}
    return {name: weight}


def states() -> list[Weights]:
    """Return the weights of all faces that are shown: alone, one-sided, together, and in speech; the first is none."""
    alone = sorted({name.removesuffix("Left") for name in MEASURED if not name.endswith("Right")} - {"mouth"})
    shown: list[Weights] = [{}, *(_sides(name, weight) for name in (*alone, "mouthLeft") for weight in STRENGTHS)]
    shown += [{f"{name}Right": 1.0} for name in (*alone, "mouth") if f"{name}Right" in MEASURED]
    shown += [_sides(one, weight) | _sides(other, weight) for one, other in TOGETHER for weight in STRENGTHS]
    for shape in MOUTH_SHAPES.values():
        sided = [{n: w} if n not in ONE_SIDED else _sides(n, w) for n, w in shape.items()]
        shown.append({name: weight for part in sided for name, weight in part.items()})
    return [*shown, {"jaw": OPENED}]


@dataclass(frozen=True)
class DetectorFrames:
    """F frames of one person or more, in all states and views.

    Attributes:
        weights: Of the shapes of `MEASURED`, and the jaw's opening as a share of `OPENED` (F, M + 1).
        rotation: Head to camera (F, 3, 3).
        offset: How far beside their places landmarks are seen, less the same at rest in this view (F, 478, 2), metres.
        scores: MediaPipe's scores (F, 52).
    """

    weights: Floats
    rotation: Floats
    offset: Floats
    scores: Floats


def joined(parts: list[DetectorFrames]) -> DetectorFrames:
    """Return all frames in a row."""
    return DetectorFrames(
        *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(DetectorFrames))
    )


def frames_of_person(head: HeadModel, seed: int, task: Path, work: Path, canvas: Canvas) -> DetectorFrames | Failure:
    """Film a person in all states and views, and look at the clip."""
    shown = states()
    columns = (*MEASURED, "jaw")
    weights = np.array([[state.get(name, 0.0) for name in columns] for _ in VIEWS for state in shown])
    curves = {name: weights[:, column].copy() for column, name in enumerate(columns)}
    weights[:, -1] /= OPENED
    angles = np.repeat(np.array(VIEWS), len(shown), axis=0)
    plan = person(head, seed, frames=len(weights), rate=Fraction(RATE), canvas=canvas)
    clip = work / f"{seed}.mp4"
    truth = make_clip(head, plan, clip, work / f"{seed}.npz", performance=posed(head, plan.identity, curves, angles))
    if isinstance(truth, Failure):
        return truth
    landmarks = landmarks_of(clip, task, work)
    if isinstance(landmarks, Failure):
        return landmarks
    detected = landmarks.found
    if not detected[:: len(shown)].all():
        return Failure("face-not-found", f"Person {seed} was not found at rest.", "Take another seed.")
    error, _ = errors_across(head, truth, landmarks, np.arange(len(weights)))
    views = error.reshape(len(VIEWS), len(shown), *error.shape[1:])
    beside = (views - views[:, :1]).reshape(error.shape)
    return DetectorFrames(
        weights[detected],
        truth.head_rotation[detected],
        beside[detected],
        landmarks.scores[detected].astype(np.float64),
    )


def motions(observed: DetectorFrames) -> Floats:
    """Return what landmarks are seen to move beside the head's motion (478, 3, M + 1), metres per unit of weight.

    Least squares over all frames and their mirror images, shapes and jaw together; little evidence leaves little.
    """
    turn = np.diag([-1.0, 1.0, 1.0])
    weights = np.concatenate([observed.weights, observed.weights[:, _mirrored_columns()]])
    rotation = np.concatenate([observed.rotation, turn @ observed.rotation @ turn])
    beside = np.concatenate([observed.offset, observed.offset[:, mirror_table()] * [-1.0, 1.0]])
    rows = np.einsum("tm,tai->tami", weights, rotation[:, :2]).reshape(2 * len(weights), -1)
    right = beside.transpose(0, 2, 1).reshape(2 * len(weights), -1)
    matrix = rows.T @ rows + _PRIOR * np.eye(rows.shape[1])
    solution = np.linalg.solve(matrix, rows.T @ right).reshape(weights.shape[1], 3, -1)
    result = solution.transpose(2, 1, 0).copy()
    result[names.FACE_LANDMARKS :] = 0.0
    return result


def _mirrored_columns() -> list[int]:
    """Return the column of each shape's mirror image, the jaw's last."""

    def other(name: str) -> str:
        for one, two in (("Left", "Right"), ("Right", "Left")):
            if name.endswith(one):
                return name.removesuffix(one) + two
        return name

    return [*(MEASURED.index(other(name)) for name in MEASURED), len(MEASURED)]


def measure(people: int, task: Path) -> Floats | Failure:
    """Return `motions` over painted people."""
    head = builtin_head()
    canvas = make_canvas(head, TEXTURE_SIZE)
    parts: list[DetectorFrames] = []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(FIRST_SEED, FIRST_SEED + 2 * people):
            observed = frames_of_person(head, seed, task, Path(folder), canvas)
            if isinstance(observed, Failure):
                print(observed.sentence, file=sys.stderr)
                continue
            parts.append(observed)
            print(f"person {seed}: {1000 * np.linalg.norm(observed.offset, axis=2).mean():.2f} mm", file=sys.stderr)
            if len(parts) == people:
                return motions(joined(parts))
    return Failure("too-few-people", f"Only {len(parts)} of {people} people were found.", "Ask for fewer people.")


def main(arguments: list[str]) -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="python -m tools.make_detector_motions", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--task", type=Path, required=True, help="face_landmarker.task")
    parser.add_argument("--people", type=int, default=7)
    options = parser.parse_args(arguments)
    measured = measure(options.people, options.task)
    if isinstance(measured, Failure):
        print(measured, file=sys.stderr)
        return 1
    write_motions(options.out, measured)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
