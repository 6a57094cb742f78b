"""Truth of corrections: what pinned frames and an excluded hand bring to the frames around."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ...contract.arrays import Floats
from ...contract.corrections.corrections import Area, AreaKey, Corrections, Pin, PinnedFrame
from ...contract.corrections.frame_solve import solve_frame
from ...contract.corrections.posed_head import PosedHead
from ...contract.failure import Failure
from ...contract.options import to_dict
from ...contract.settings import FitSettings, PinsSettings, VideoSettings
from ...contract.track import TRACKED, Track
from ...corrections.exclusion import landmarks_without
from ...corrections.pinned_fit import pinned_fit
from ...data.context import Context
from ...data.types import Fit
from ...head.builtin import builtin_head
from ...head.model import HeadModel
from ...stages import video as video_stage
from ...stages.track import track_of
from ..chain import Setup, context, fit, import_stages, in_camera, surface_landmarks
from ..rows import Row, at_most, without_target
from ..scenes.known_clips import Compared, KnownClip, beside_truth, hard_clips

CLIPS: Final = ("jaw_open", "occluder", "pucker", "talk297", "smile", "profile", "shake")
QUICK: Final = ("jaw_open", "occluder")
EVERY: Final = (10, 20, 40)
"""Frames from one pinned frame to the next."""
SPREAD, AGAIN, EXACT = "spread", "again", "exact"
SHOWN: Final = {SPREAD: "", AGAIN: ", solved again", EXACT: " at the true pixels of another face"}
"""How frames are pinned, or what follows -> how rows say so."""
PINNED: Final = (4, 152, 33, 263, 61, 291, 105, 334)
"""Landmarks whose places are pinned: tip of the nose, chin, corners of eyes and mouth, brows."""
OCCLUDER: Final = "occluder"
_HAND: Final = (
    (240, 205), (268, 190), (330, 190), (402, 196), (432, 288), (492, 315), (492, 480), (370, 480), (370, 405),
    (300, 402), (242, 370),
)  # fmt: skip
_HAND_ACROSS: Final = {19: 357, 26: 0, 36: 0, 42: 366}
"""Outline of the hand in that clip while it rests, pixels of 640x480, and how far to the right it is on some frames."""
HAND_FRAMES: Final = range(24, 40)
"""Frames in which it is before the face."""


def measure(setup: Setup) -> list[Row] | Failure:
    """Clips of ``hard/`` with a truth, built-in head, focal length known, quality Standard.

    Pins: on every n-th frame eight points of the surface are pinned to the pixels at which the truth has them, after
    what is constant in the clip (the head's shape and place) is taken off; the frame is solved as in Blender, and the
    stage Pins does the rest, with and without solving frames again. Once more to the truth's own pixels, from which the
    head's shape keeps it. Errors: mean over all frames of rotation and of the
    face's points, constants removed (see `known_clips`); trembling: mean second difference of the points' error.
    Excluded: the hand of the clip ``occluder`` as an area with four keys; errors while it is before the face.
    """
    import_stages()
    head = builtin_head()
    clips = []
    for clip in hard_clips(setup, QUICK if setup.quick else CLIPS):
        if isinstance(clip, Failure):
            return clip
        fitted = fit(setup, clip.landmarks, head, clip.focal)
        if isinstance(fitted, Failure):
            return fitted
        clips.append((clip, fitted))
    if not clips:
        return Failure("no-data", "The shared clips are not there.", "Name their folder with --data.")
    rows = _summed("before", [beside_truth(clip, fitted, head) for clip, fitted in clips], clips, head)
    for every in EVERY:
        for how in SHOWN:
            found = [_with_pins(setup, head, clip, fitted, every, how) for clip, fitted in clips]
            results = [each for each in found if not isinstance(each, Failure)]
            if len(results) < len(found):
                return next(each for each in found if isinstance(each, Failure))
            compared = [beside_truth(clip, result, head) for (clip, _), result in zip(clips, results, strict=True)]
            name = f"pins every {every} frames{SHOWN[how]}"
            made = [(clip, result) for (clip, _), result in zip(clips, results, strict=True)]
            rows += _summed(name, compared, made, head)
    excluded = next(((clip, fitted) for clip, fitted in clips if clip.name == OCCLUDER), None)
    return rows if excluded is None else [*rows, *_excluded(setup, head, *excluded)]


def _summed(name: str, compared: list[Compared], made: list[tuple[KnownClip, Fit]], head: HeadModel) -> list[Row]:
    values = {
        "points of the face": ([float(one.millimetres.mean()) for one in compared], " mm"),
        "rotation": ([float(one.degrees.mean()) for one in compared], "°"),
        "trembling": ([_trembling(clip, fitted, head) for clip, fitted in made], " mm"),
    }
    names = [one.name for one in compared]
    return [
        without_target(f"{name}: {what}", float(np.mean(each)), unit, clips=dict(zip(names, each, strict=True)))
        for what, (each, unit) in values.items()
    ]


def _trembling(clip: KnownClip, fitted: Fit, head: HeadModel) -> float:
    points = in_camera(surface_landmarks(head, fitted.pose), fitted.rotation, fitted.translation)
    return 1000 * float(np.linalg.norm(np.diff(points - clip.points, 2, axis=0), axis=2).mean())


def _with_pins(setup: Setup, head: HeadModel, clip: KnownClip, fitted: Fit, every: int, how: str) -> Fit | Failure:
    stage = _stage_context(setup)
    track = track_of(fitted, head, stage)
    pixels = _exact_pixels(clip, fitted) if how == EXACT else _skin_pixels(clip, fitted, head)
    pinned = _pinned(track, pixels, fitted, every)
    if isinstance(pinned, Failure):
        return pinned
    corrections = Corrections(pinned=pinned)
    return pinned_fit(fitted, track, head, corrections, PinsSettings(refine=how == AGAIN), stage)


def _stage_context(setup: Setup) -> Context:
    return replace(context(setup, "pins"), settings={"fit": to_dict(FitSettings())})


def _pinned(track: Track, pixels: Floats, fitted: Fit, every: int) -> tuple[PinnedFrame, ...] | Failure:
    """Return every n-th frame as somebody pins it who sees the landmarks at some pixels (T, 478, 2)."""
    posed, result = PosedHead(track), []
    for row in range(every // 2, len(track), every):
        if fitted.status[row] != TRACKED:
            continue
        shown = [landmark for landmark in PINNED if fitted.visibility[row, landmark] > 0.5]
        pins = [_pin(track, landmark, pixels[row, landmark]) for landmark in shown]
        solved = solve_frame(posed.on(row), posed.pose_at(row), pins, track.intrinsics_at(row))
        if isinstance(solved, Failure):
            return solved
        result.append(PinnedFrame(int(track.frame_index[row]), solved.pose, tuple(pins)))
    return tuple(result)


def _pin(track: Track, landmark: int, pixel: Floats) -> Pin:
    first, second, third = map(float, track.landmark_barycentric[landmark])
    x, y = map(float, pixel)
    return Pin(int(track.landmark_triangle[landmark]), (first, second, third), (x, y))


def _skin_pixels(clip: KnownClip, fitted: Fit, head: HeadModel) -> Floats:
    """Return where places of the skin truly are (T, 478, 2): the head's own ones where they usually lie on the truth's.

    The head that was fitted has another shape than the true one, and nobody pins that away on single frames.
    """
    points = in_camera(surface_landmarks(head, fitted.pose), fitted.rotation, fitted.translation)
    tracked = fitted.status == TRACKED
    scale = np.median((clip.points[..., 2].mean(axis=1) / points[..., 2].mean(axis=1))[tracked])
    away = np.einsum("tji,tnj->tni", clip.rotation, scale * points - clip.points)
    true = clip.points + np.einsum("tij,nj->tni", clip.rotation, np.median(away[tracked], axis=0))
    return clip.focal * true[..., :2] / true[..., 2:] + np.array(fitted.centre)


def _exact_pixels(clip: KnownClip, fitted: Fit) -> Floats:
    """Return where the truth has the landmarks (T, 478, 2): on a face that is not quite the head's."""
    return clip.focal * clip.points[..., :2] / clip.points[..., 2:] + np.array(fitted.centre)


def _excluded(setup: Setup, head: HeadModel, clip: KnownClip, fitted: Fit) -> list[Row]:
    keys = tuple(
        AreaKey(frame, tuple(((x + right) / 640, y / 480) for x, y in _HAND)) for frame, right in _HAND_ACROSS.items()
    )
    area = Area("hand", keys, min(_HAND_ACROSS), max(_HAND_ACROSS))
    path = setup.data / "hard" / f"{OCCLUDER}.mp4"
    video = video_stage.run(VideoSettings(path=str(path)), context(setup, "video"))
    if isinstance(video, Failure):
        return []
    landmarks = landmarks_without(clip.landmarks, video, Corrections(areas=(area,)), context(setup, "exclude"))
    if isinstance(landmarks, Failure):
        return []
    without = fit(setup, landmarks, head, clip.focal)
    if isinstance(without, Failure):
        return []
    rows = []
    for name, result, limits in (("a hand", fitted, None), ("a hand, excluded", without, (2.5, 1.5))):
        compared = beside_truth(clip, result, head)
        there = np.isin(compared.frames, HAND_FRAMES)
        values = float(compared.millimetres[there].mean()), float(compared.degrees[there].mean())
        for what, value, unit, number in (("points of the face", values[0], " mm", 0), ("rotation", values[1], "°", 1)):
            label = f"{name}: {what} while it is there"
            rows.append(
                without_target(label, value, unit) if limits is None else at_most(label, value, limits[number], unit)
            )
    return rows
