"""Measures `neutral_face.csv`; run it again with ``python -m tools.make_neutral_face OUT.csv``.

Needs mediapipe with all that it asks for, OpenCV, matplotlib and scikit-image, of which the last two bring the
portraits: in an environment of its own, because the engine's has of mediapipe only the files. The program itself only
reads the table.
"""

from __future__ import annotations

import sys

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.transform import Rotation

from backend.contract.arrays import Floats, Integers
from backend.head.builtin.tables import NEUTRAL_FACE
from backend.head.geometry import rigid_motion

PAIRS = ((33, 263), (133, 362), (61, 291), (10, 10), (152, 152), (234, 454), (1, 1), (168, 168), (13, 13))
"""Landmarks and their mirror images to start from."""
FACE_HEIGHTS, ROLLS, SHIFTS = (300, 360, 420), (-6, -3, 0, 3, 6), (-0.05, 0.05)
"""Height of the face in pixels, roll in degrees and shift (share of 300 px) of the thirty runs."""
PITCH = np.radians(-6.0)
EYE_DISTANCE = 63.0


def measured_runs(image: np.ndarray) -> Floats:
    """Return the landmarks (468, 3) of a portrait (RGB), y up and z towards the viewer, mean of thirty runs."""
    import cv2
    from mediapipe.python.solutions.face_mesh import FaceMesh

    mesh = FaceMesh(static_image_mode=True, refine_landmarks=True, min_detection_confidence=0.3)

    def landmarks(picture: np.ndarray) -> Floats:
        height, width = picture.shape[:2]
        landmarks = mesh.process(picture).multi_face_landmarks[0].landmark  # type: ignore[attr-defined]
        return np.array([[p.x * width, p.y * height, p.z * width] for p in landmarks])[:468]

    first = landmarks(image)
    centre, size = first[:, :2].mean(axis=0), np.ptp(first[:, 1])
    runs = []
    for scale in (float(height / size) for height in FACE_HEIGHTS):
        for roll in ROLLS:
            for shift in SHIFTS:
                turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), roll, scale)
                turn[:, 2] += np.array([350 + shift * 300, 350]) - centre
                run = landmarks(cv2.warpAffine(image, turn, (700, 700), borderMode=cv2.BORDER_REFLECT))
                run[:, :2] = (run[:, :2] - turn[:, 2]) @ np.linalg.inv(turn[:, :2]).T
                run[:, 2] /= scale
                runs.append(run)
    return np.mean(runs, axis=0) * (1.0, -1.0, -1.0)


def mirror_pairs(points: Floats) -> Integers:
    """Return each landmark's mirror image (468,), found by turning the mirrored face onto the face."""
    one, other = (np.array([pair[k] for pair in PAIRS]) for k in (0, 1))
    one, other = np.concatenate([one, other]), np.concatenate([other, one])
    mirrored = points * (-1.0, 1.0, 1.0)
    for _ in range(8):
        turn, shift = rigid_motion(mirrored[other], points[one])
        moved = mirrored @ turn.T + shift
        distance = np.linalg.norm(points[:, None] - moved[None], axis=-1)
        one, other = linear_sum_assignment(distance**2)
    return np.asarray(other, np.int64)


def symmetric_face(points: Floats, mirror: Integers) -> Floats:
    """Return a face (468, 3) turned upright, averaged with its mirror image, 63 mm between the eyes, these at 0."""
    turn, _ = rigid_motion(points, points[mirror] * (-1.0, 1.0, 1.0))
    half = Rotation.from_rotvec(Rotation.from_matrix(turn).as_rotvec() / 2).as_matrix()
    upright = (points - points.mean(axis=0)) @ half.T
    even = 0.5 * (upright + upright[mirror] * (-1.0, 1.0, 1.0))
    left, right = even[[263, 362]].mean(axis=0), even[[33, 133]].mean(axis=0)
    even *= EYE_DISTANCE / abs(left[0] - right[0])
    return even - even[[263, 362]].mean(axis=0) * (0.0, 1.0, 1.0)


def measured_face() -> Floats:
    """Return the table's landmarks (468, 3) in millimetres."""
    import matplotlib.cbook
    import matplotlib.pyplot as plt
    from skimage import data  # pyright: ignore[reportMissingImports] - not among the engine's packages

    hopper = measured_runs(plt.imread(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))))
    collins = measured_runs(data.astronaut())
    mirror = mirror_pairs(hopper)
    one, other = symmetric_face(hopper, mirror), symmetric_face(collins, mirror)
    share = 0.45 * np.clip((one[:, 1:2] + 45.0) / 30.0, 0.0, 1.0)  # Collins smiles: her mouth is left out
    face = one * (1 - share) + other * share
    c, s = np.cos(PITCH), np.sin(PITCH)
    return face @ np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]]).T


def main(arguments: list[str]) -> int:
    """Write the table, keeping the head of the one in the repository; 2 for a wrong call."""
    if len(arguments) != 1:
        print("usage: python -m tools.make_neutral_face OUT.csv", file=sys.stderr)
        return 2
    old = NEUTRAL_FACE.read_text(encoding="utf-8").splitlines()
    header = "\n".join(line for line in old if line.startswith("#"))
    np.savetxt(arguments[0], measured_face(), fmt="%.3f", delimiter=",", header=header, comments="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
