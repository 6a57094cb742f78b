"""Truth on lids: those shut in the picture are shut on the mesh, open ones as open as the person's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from ...contract.arrays import Array, Floats
from ...contract.failure import Failure
from ...data.types import Landmarks
from ...fit.evidence.lid_gaps import EYES, MIDDLE, openings
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...sample.canvas import make_canvas
from ...sample.people import TEXTURE_SIZE
from ..chain import Clock, Setup, find_landmarks, fit, import_stages, surface_landmarks
from ..rows import Row, at_least, at_most
from ..scenes.eye_people import BLINK, film_eyes

MIDDLES: Final = tuple((upper[MIDDLE], lower[MIDDLE]) for upper, lower in EYES)
"""The middles of upper and lower lid of the right and the left eye."""
SHUT_FRAMES: Final[Mapping[str, tuple[int, ...]]] = {
    "videos/grid_bbaf2n.mpg": (43, 44, 51, 52, 53),
    "videos/grid_lbax4n.mpg": (28, 29),
    "hard/pyfeat_single_face.mp4": (27,),
    "hard/asl_eat.mkv": (),
}
"""Real clips, and the frames in which both eyes are shut, by eye."""
PEOPLE: Final = (60, 62)
"""Painted people. The networks' gaps were measured beside the first; weights of the eyes were looked at on both, so
neither is an independent check."""
SHUT: Final = 0.9


@dataclass(frozen=True)
class _Clip:
    """A clip, its focal length where it is known, and how far each eye is closed where that is known."""

    name: str
    path: Path
    focal: float | None = None
    blink: Array | None = None
    """Right, left (T, 2), 0 open to 1 shut; NaN where not known."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Clips with shut eyes, each by both networks for landmarks; built-in head, quality Standard, without Appearance.

    Painted and rendered ones with their truth (``hard/blink``, ``truth_clip``, two people of `eye_people`) and real
    ones in whose shut frames somebody looked. Shut: height of the gap between the middles of the lids on the mesh, in
    head space, largest of both eyes and of all shut frames. Blink kept: largest weight of eyeBlink in a blink of three
    frames, the smaller of both eyes. At rest: median over the clip and both eyes of the opening over the width of the
    eye, mesh against the landmarks of face_landmarker.task, absolute difference.
    """
    import_stages()
    head = builtin_head()
    rows: list[Row] = []
    for clip in _clips(setup, head):
        seen = find_landmarks(setup, clip.path, "standard", Clock())
        # Without the file the networks of the mediapipe package are taken.
        bare = replace(setup, data=setup.work, models=setup.work)
        for network, found in (("task", seen), ("mesh", find_landmarks(bare, clip.path, "standard", Clock()))):
            if isinstance(seen, Failure):
                return seen
            if isinstance(found, Failure):
                return found
            fitted = fit(setup, found, head, clip.focal)
            if isinstance(fitted, Failure):
                return fitted
            name = f"{clip.name}, {network}"
            rows += rows_of(name, surface_landmarks(head, fitted.pose), seen, clip.blink)
            if clip.name.startswith("person"):
                columns = [head.expression_names.index(f"eyeBlink{side}") for side in ("Right", "Left")]
                kept = float(fitted.pose.expression[BLINK][:, columns].max(axis=0).min())
                rows.append(at_least(f"{name}: blink of three frames, kept", kept, 0.9))
    return rows


def rows_of(name: str, points: Floats, seen: Landmarks, blink: Array | None) -> list[Row]:
    """Return the rows of one clip.

    Args:
        name: Of the clip and the network.
        points: Landmarks on the mesh in head space (T, 478, 3), metres.
        seen: Landmarks in the picture, by face_landmarker.task.
        blink: How far the right and the left eye are closed (T, 2), or None.
    """
    rows: list[Row] = []
    if blink is not None:
        gap = np.stack([np.abs(points[:, above, 1] - points[:, below, 1]) for above, below in MIDDLES], axis=1)
        shut = np.zeros(gap.shape, dtype=np.bool_)
        shut[: len(blink)] = blink[: len(gap)] > SHUT
        rows.append(at_most(f"{name}: shut, largest gap", 1000 * float(gap[shut].max()), 0.5, " mm"))
    rest, wanted = float(np.median(openings(points))), float(np.nanmedian(openings(seen.points[seen.found])))
    rows.append(at_most(f"{name}: opening at rest, difference", abs(rest - wanted), 0.03, digits=3))
    return rows


def _clips(setup: Setup, head: HeadModel) -> list[_Clip]:
    """Return the clips that are there."""
    found = [_Clip(Path(file).stem, setup.data / file, None, _shut_in(frames)) for file, frames in SHUT_FRAMES.items()]
    painted = setup.data / "hard" / "blink_truth.npz"
    if painted.is_file():
        with np.load(painted) as truth:
            focal, blink = float(np.ravel(truth["K"])[0]), truth["blink"][:, ::-1]
        found.append(_Clip("blink", painted.with_name("blink.mp4"), focal, blink))
    rendered = setup.data / "truth_clip" / "truth.npz"
    if rendered.is_file():
        with np.load(rendered) as truth:
            focal, blink = float(truth["K"][0, 0]), truth["blink"][:, ::-1]
        found.append(_Clip("truth_clip", rendered.with_name("clip.mp4"), focal, blink))
    found = [clip for clip in found if clip.path.is_file()]
    if setup.quick:
        return found[:1]
    canvas = make_canvas(head, TEXTURE_SIZE)
    for seed in PEOPLE:
        video = setup.work / f"eyes{seed}.mp4"
        truth = film_eyes(head, seed, video, canvas)
        found.append(_Clip(f"person {seed}", video, truth.intrinsics.focal_x, truth.blink[:, ::-1]))
    return found


def _shut_in(frames: tuple[int, ...]) -> Array | None:
    if not frames:
        return None
    blink = np.full((max(frames) + 1, 2), np.nan)
    blink[list(frames)] = 1.0
    return blink
