"""Cuts are found where clips were joined, and nowhere else."""

from __future__ import annotations

import cv2
import numpy as np
from portrait_clips import background

from backend.landmarks.cuts import shots


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
