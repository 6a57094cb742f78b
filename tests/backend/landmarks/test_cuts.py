"""Cuts are found where clips were joined, and nowhere else."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
from portrait_clips import background

from backend.landmarks.crop import Region
from backend.landmarks.cuts import parted_by_gaps, shots, shots_of
from backend.landmarks.face import Face
from backend.landmarks.observations import FaceObservations, ObservedFace, ObservedFrame, gather


def thumbnails(frames: list[np.ndarray]) -> np.ndarray:
    return np.stack([cv2.resize(frame, (32, 18), interpolation=cv2.INTER_AREA) for frame in frames])


def scene(seed: int, base: tuple[int, int, int], shift: int = 0) -> np.ndarray:
    wide = background(180, 640, seed, base)
    cv2.circle(wide, (200 + 40 * (seed % 5), 90), 50, tuple(int(255 - c) for c in base), -1)
    return np.ascontiguousarray(wide[:, shift : shift + 320])


def test_cuts_are_found_where_clips_were_joined() -> None:
    first = [scene(1, (200, 120, 60), k) for k in range(12)]
    second = [scene(7, (60, 90, 200), 2 * k) for k in range(10)]
    third = [scene(3, (120, 200, 120))] * 6
    frames = thumbnails(first + second + third)
    assert shots(frames, np.ones(28, bool)).tolist() == [0] * 12 + [1] * 10 + [2] * 6


def test_fast_pans_and_flashes_are_no_cuts() -> None:
    pan = [scene(1, (200, 120, 60), 25 * k) for k in range(12)]
    assert shots(thumbnails(pan), np.ones(12, bool)).max() == 0
    still = [scene(1, (200, 120, 60), k) for k in range(14)]
    still[6] = np.full_like(still[6], 250)
    still[7] = np.clip(still[7].astype(int) + 120, 0, 255).astype(np.uint8)
    assert shots(thumbnails(still), np.ones(14, bool)).max() == 0


def test_a_flash_of_three_white_frames_is_no_cut() -> None:
    still = [scene(1, (200, 120, 60), k) for k in range(16)]
    still[6:9] = [np.full_like(still[6], 250)] * 3
    assert shots(thumbnails(still), np.ones(16, bool)).max() == 0


def seen(frames: list[np.ndarray], portraits: list[np.ndarray], moves: list[float]) -> FaceObservations:
    """A clip in which one face, seen in every frame, lies so many pixels to the right."""
    points = np.random.default_rng(0).uniform(100, 200, (478, 3))
    none = np.full(478, np.nan)
    looks = []
    for small, portrait, move in zip(thumbnails(frames), portraits, moves, strict=True):
        face = Face(points + np.array([move, 0, 0]), none, np.full(52, np.nan), 0.9, Region(150 + move, 150, 150, 0))
        looks.append(ObservedFrame((ObservedFace(face, portrait, None),), small))
    return gather(0, looks)


def portrait(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, (20, 20, 3)).astype(np.uint8)


def in_a_room(shirt: tuple[int, int, int]) -> np.ndarray:
    """One wall, and before it somebody in a shirt: too much stays for colours and structure to call it a cut."""
    picture = background(180, 320, 1, (200, 120, 60))
    picture[100:, 100:220] = shirt
    return picture


def test_another_person_in_the_same_room_is_a_cut() -> None:
    frames = [in_a_room((120, 60, 40))] * 8 + [in_a_room((190, 150, 50))] * 8
    assert shots(thumbnails(frames), np.ones(16, bool)).max() == 0
    clip = seen(frames, [portrait(1)] * 8 + [portrait(2)] * 8, [0.0] * 8 + [20.0] * 8)
    assert shots_of(clip).tolist() == [0] * 8 + [1] * 8


def test_a_picture_that_changes_behind_a_face_that_stays_is_no_cut() -> None:
    frames = [in_a_room((120, 60, 40))] * 8 + [in_a_room((190, 150, 50))] * 8
    assert shots_of(seen(frames, [portrait(1)] * 16, [0.1 * k for k in range(16)])).max() == 0


def test_a_gap_in_which_the_picture_became_another_is_not_bridged() -> None:
    found = np.array([True] * 4 + [False] * 4 + [True] * 4)
    one = np.zeros(12, dtype=np.int64)
    same = thumbnails([in_a_room((40, 40, 40))] * 12)
    assert parted_by_gaps(one, found, same).max() == 0
    other = thumbnails([in_a_room((40, 40, 40))] * 6 + [scene(7, (60, 90, 200))] * 6)
    assert parted_by_gaps(one, found, other).tolist() == [0] * 8 + [1] * 4


def test_frames_of_white_after_which_the_picture_comes_back_are_no_shot() -> None:
    frames = [in_a_room((120, 60, 40))] * 20
    frames[8:14] = [np.full_like(frames[0], 250)] * 6
    clip = seen(frames, [portrait(1)] * 20, [0.0] * 20)
    assert shots_of(clip).max() == 2, "with a face in them they are a shot"
    there = ~np.isin(clip.frame, np.arange(8, 14))
    kept = {
        name: getattr(clip, name)[there] for name in ("frame", "points", "spread", "scores", "presence", "portrait")
    }
    assert shots_of(dataclasses.replace(clip, **kept)).max() == 0
