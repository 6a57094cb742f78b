"""Truth on mouths: jaw and lips that move apart, lips that touch without passing through each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...contract.arrays import Floats
from ...contract.failure import Failure
from ...contract.settings import HeadSettings
from ...data.landmark_distance import eye_distance
from ...data.types import Fit, Landmarks
from ...fit.evidence.lip_closure import CLOSED
from ...fit.geometry.landmark_model import FACING_LIPS
from ...head.builtin import builtin_head
from ...head.flame.flame_file import load_flame
from ...head.model import HeadModel
from ..chain import Setup, found_and_fitted, import_stages, surface_landmarks
from ..measures import metrics
from ..rows import Row, at_least, at_most, between, without_target
from ..scenes.expression_clips import film_faces
from ..scenes.independent_head import read_truth
from ..scenes.known_clips import places_on
from .independent import JAW_DEGREES

SIDES: Final = ("Left", "Right")
MOUTHS: Final[Mapping[str, Mapping[str, float]]] = {
    "teeth": {f"{name}{side}": 0.9 for name in ("mouthUpperUp", "mouthLowerDown") for side in SIDES},
    "jaw": {"jaw": 0.35},
    "pout": {"mouthPucker": 0.5, "mouthShrugLower": 0.5},
    "vowel": {"jaw": 0.15, "mouthFunnel": 0.3},
}
"""What the painted people do with their mouths, one after the other; between them lips and jaw are shut."""
PEOPLE: Final = (70, 71)
PAINTED: Final = ("jaw_open", "talk_still", "talk297", "smile")
REAL: Final = (
    "hard/pyfeat_single_face.mp4",
    "videos/grid_bbaf2n.mpg",
    "videos/grid_lbax4n.mpg",
    "videos/grid_swiz3n.mpg",
)
CLENCHED: Final = "pyfeat_single_face"
CLENCHED_FRAMES: Final = slice(27, 40)
SEEN_TOO_WIDE: Final = 0.75
"""Gap between the lips in frame 37 of that clip, measured by hand in the picture (60 pixels of an enlarged crop), over
that between the detector's points 13 and 14 (80 pixels): it sets them into the lips."""
_UPPER, _LOWER = (list(side) for side in zip(*FACING_LIPS, strict=True))
_MIDDLE: Final = FACING_LIPS.index((13, 14))
_MOVES: Final = 3.0
"""Degrees by which a true jaw must move for a slope to be measured."""


@dataclass(frozen=True)
class Mouth:
    """A fitted clip of T frames.

    Attributes:
        name: For people.
        closed: Whether the lips are shut in the picture (T,).
        gaps: Upper above lower lip on the mesh, at each facing pair (T, P), mm.
        jaw: Its opening (T,), degrees.
        chin: How far the chin is below the tip of the nose (T,), mm.
    """

    name: str
    closed: NDArray[np.bool_]
    gaps: Floats
    jaw: Floats
    chin: Floats


def measure(setup: Setup) -> list[Row] | Failure:
    """Painted people (``hard/``, and two made here), the independent head with both heads, real clips; Standard.

    Closed: frames in which no pair of facing landmarks of the inner lips is farther apart than 3 % of the distance
    between the eyes. Gap: height in the head of nine facing points of the slit on the mesh, without landmark offsets;
    negative where lips pass through each other. Jaw: turn of the joint about x; its slope against the truth where that
    moves. Chin: point 152 below point 1 in the head.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    for result in _painted(setup, head):
        if isinstance(result, Failure):
            return result
        rows += result
    for result in (*_independent(setup, head), *_real(setup, head), *_made(setup, head)):
        if isinstance(result, Failure):
            return result
        rows += result
    return rows


def mouth_of(name: str, head: HeadModel, fitted: Fit) -> Mouth:
    """Return what a fit says of the mouth."""
    return _mouth(name, surface_landmarks(head, fitted.pose), fitted.pose.jaw, fitted.landmarks)


def rows_of(mouth: Mouth) -> list[Row]:
    """Return the rows that need no truth."""
    rows = [at_least(f"{mouth.name}: smallest gap of the lips", float(np.nanmin(mouth.gaps)), -0.2, " mm")]
    if mouth.closed.any():
        jaw = float(np.median(np.abs(mouth.jaw[mouth.closed])))
        apart = float(np.median(mouth.gaps[mouth.closed].max(axis=1)))
        rows.append(at_most(f"{mouth.name}: jaw behind closed lips", jaw, 1, "°"))
        rows.append(without_target(f"{mouth.name}: widest gap of closed lips", apart, " mm"))
    return rows


def true_rows(mouth: Mouth, true: Mouth) -> list[Row]:
    """Return the rows that compare with the truth, of as many frames as both have."""
    count = min(len(mouth.jaw), len(true.jaw))
    found_jaw, true_jaw = mouth.jaw[:count], true.jaw[:count]
    found_chin, true_chin = mouth.chin[:count], true.chin[:count]
    rows = []
    if np.ptp(true_jaw) > _MOVES:
        rows.append(between(f"{mouth.name}: jaw, slope", metrics.slope(found_jaw, true_jaw), 0.9, 1.1))
        share = metrics.slope(found_chin, true_chin)
        rows.append(between(f"{mouth.name}: chin drop, slope (of {np.ptp(true_chin):.0f} mm)", share, 0.9, 1.1))
    difference = mouth.gaps[:count, _MIDDLE] - true.gaps[:count, _MIDDLE]
    return [*rows, at_most(f"{mouth.name}: gap of the lips, rms error", metrics.rms(difference), 1.0, " mm")]


def _mouth(name: str, points: Floats, jaw: Floats, landmarks: Landmarks | None = None) -> Mouth:
    gaps = 1000 * (points[:, _UPPER, 1] - points[:, _LOWER, 1])
    closed = np.zeros(len(points), dtype=bool)
    if landmarks is not None:
        pixels = np.where(landmarks.found[:, None, None], landmarks.points[..., :2], np.nan).astype(np.float64)
        pixel_gap = np.linalg.norm(pixels[:, _UPPER] - pixels[:, _LOWER], axis=-1) / eye_distance(pixels)[:, None]
        closed = np.nan_to_num(pixel_gap, nan=np.inf).max(axis=1) < CLOSED
        gaps = np.where(landmarks.found[:, None], gaps, np.nan)
    return Mouth(name, closed, gaps, np.degrees(jaw[:, 0]), 1000 * (points[:, 1, 1] - points[:, 152, 1]))


def _painted(setup: Setup, head: HeadModel) -> Iterator[list[Row] | Failure]:
    for name in PAINTED:
        path = setup.data / "hard" / f"{name}.mp4"
        file = path.with_name(f"{name}_truth.npz")
        if not (path.is_file() and file.is_file()) or (setup.quick and name != "jaw_open"):
            continue
        with np.load(file) as truth:
            focal = float(np.ravel(truth["K"])[0])
            points = np.asarray(truth["landmarks_mm"], dtype=np.float64) / 1000
            jaw = np.asarray(truth["jaw"], dtype=np.float64).reshape(len(points), -1)
        fitted = found_and_fitted(setup, path, head, focal)
        if isinstance(fitted, Failure):
            yield fitted
            return
        mouth = mouth_of(name, head, fitted)
        yield [*rows_of(mouth), *true_rows(mouth, _mouth(name, points, jaw))]


def _independent(setup: Setup, head: HeadModel) -> Iterator[list[Row] | Failure]:
    folder = setup.data / "truth_clip"
    if setup.quick or not (folder / "truth.npz").is_file():
        return
    truth = read_truth(folder / "truth.npz")
    proxy = load_flame(setup.data / "flame_layout_proxy" / "flame_proxy.npz", HeadSettings())
    for name, one in (("proxy", proxy), ("built-in", head)):
        if isinstance(one, Failure):
            yield one
            return
        fitted = found_and_fitted(setup, folder / "clip.mp4", one, truth.focal)
        if isinstance(fitted, Failure):
            yield fitted
            return
        mouth = mouth_of(f"truth_clip, {name}", one, fitted)
        slope = metrics.slope(mouth.jaw, JAW_DEGREES * truth.jaw)
        yield [*rows_of(mouth), between(f"{mouth.name}: jaw, slope", slope, 0.9, 1.1)]


def _real(setup: Setup, head: HeadModel) -> Iterator[list[Row] | Failure]:
    for name in REAL:
        path = setup.data / name
        if not path.is_file() or (setup.quick and path.stem != CLENCHED):
            continue
        fitted = found_and_fitted(setup, path, head, None)
        if isinstance(fitted, Failure):
            yield fitted
            return
        mouth = mouth_of(path.stem, head, fitted)
        yield [*rows_of(mouth), *(_clenched(mouth, fitted) if path.stem == CLENCHED else [])]


def _clenched(mouth: Mouth, fitted: Fit) -> list[Row]:
    """Teeth that are clenched while the lips part."""
    jaw = float(np.abs(mouth.jaw[CLENCHED_FRAMES]).max())
    pixels = fitted.landmarks.points[CLENCHED_FRAMES, :, :2].astype(np.float64)
    pixel_gap = SEEN_TOO_WIDE * float((metrics.gap(pixels, 13, 14) / eye_distance(pixels)).mean())
    size = 1000 * float(eye_distance(surface_landmarks(builtin_head(), fitted.pose)[CLENCHED_FRAMES]).mean())
    share = float(mouth.gaps[CLENCHED_FRAMES, _MIDDLE].mean()) / (pixel_gap * size)
    return [
        at_most(f"{mouth.name}: jaw of clenched teeth, largest", jaw, 2.5, "°"),
        between(f"{mouth.name}: gap of the lips before clenched teeth, over the picture's", share, 0.9, 1.1),
    ]


def _made(setup: Setup, head: HeadModel) -> Iterator[list[Row] | Failure]:
    for seed in PEOPLE[:1] if setup.quick else PEOPLE:
        made = film_faces(setup, head, seed, MOUTHS)
        if isinstance(made, Failure):
            yield made
            return
        fitted = found_and_fitted(setup, made.video, head, made.truth.intrinsics.focal_x)
        if isinstance(fitted, Failure):
            yield fitted
            return
        name = f"person {seed}"
        mouth = mouth_of(name, head, fitted)
        true = _mouth(name, places_on(head, made.truth.vertices), np.asarray(made.truth.jaw, dtype=np.float64))
        teeth = made.part["teeth"]
        share = float(mouth.gaps[teeth, _MIDDLE].max() / true.gaps[teeth, _MIDDLE].max())
        yield [
            *rows_of(mouth),
            *true_rows(mouth, true),
            at_most(f"{name}: jaw while teeth show, largest", float(np.abs(mouth.jaw[teeth]).max()), 2.5, "°"),
            between(f"{name}: gap while teeth show, kept", share, 0.85, 1.15),
        ]
