"""A clip in which much goes wrong: black and burnt-out frames, a strobe light, a face that is covered for a second."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_stages import ROOT
from portrait_clips import background, film, placement, put

from backend.contract.track import INTERPOLATED, MISSING, TRACKED, Track, read_track

pytest.importorskip("mediapipe")
BLACK, BURNT, STROBE, COVERED, FRAMES = 4, 7, range(9, 14), range(15, 45), 52
EYES = np.array([265.0, 210.0])
"""Between the eyes, in pixels of the portrait."""


def where(frame: int) -> np.ndarray:
    """Portrait pixels -> pixels of a frame: the face slides and sways."""
    return placement(130 + frame, 120 + 6 * np.sin(frame / 6), 90, roll=5 * np.sin(frame / 9))


def picture(frame: int) -> np.ndarray:
    if frame in (BLACK, BURNT):
        return np.full((240, 320, 3), 0 if frame == BLACK else 255, np.uint8)
    shown = put(background(240, 320), where(frame))
    if frame in STROBE:
        shown = np.clip(shown * (1.8 if frame % 2 else 0.35), 0, 255).astype(np.uint8)
    if frame in COVERED:
        cv2.ellipse(shown, (130 + frame, 120), (75, 95), 0, 0, 360, (70, 80, 60), -1)
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the engine makes of the clip with everything switched on."""
    folder = tmp_path_factory.mktemp("hard")
    clip = film(folder / "clip.mkv", [picture(frame) for frame in range(FRAMES)])
    command = [sys.executable, "-m", "backend", "track", str(clip), "--out", str(folder), "--head", "builtin"]
    command += ["--cache", str(folder / "cache"), "--quality", "draft", "--add", "appearance", "--add", "texture"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def track(folder: Path) -> Track:
    result = read_track(folder / "track.npz")
    assert isinstance(result, Track)
    return result


def test_frames_without_a_picture_of_the_face_are_bridged_or_missing(track: Track) -> None:
    assert (track.status[[BLACK, BURNT]] == INTERPOLATED).all()
    inner = track.status[COVERED.start + 1 : COVERED.stop - 1]
    assert (inner == MISSING).mean() > 0.8, "a second is too long to be bridged"
    assert (track.status[COVERED.stop + 1 :] == TRACKED).mean() > 0.9, "the same face goes on afterwards"
    assert np.isfinite(track.head_translation).all() and np.isfinite(track.head_rotation).all()


def test_landmarks_are_where_the_face_is_under_a_strobe_light_too(track: Track) -> None:
    tracked = np.flatnonzero(track.status == TRACKED)
    assert set(STROBE) <= set(tracked.tolist())
    away = []
    for frame in tracked:
        matrix = where(int(frame))
        detected = track.landmarks[frame][[33, 133, 263, 362]].mean(axis=0)
        away.append(detected - matrix[:, :2] @ EYES - matrix[:, 2])
    assert np.abs(away - np.median(away, axis=0)).max() < 2, "it follows the face to the pixel"


def test_the_texture_has_no_trace_of_what_was_no_face(folder: Path) -> None:
    texture = cv2.cvtColor(np.asarray(cv2.imread(str(folder / "texture.png"))), cv2.COLOR_BGR2RGB)
    middle = texture[len(texture) // 3 : 2 * len(texture) // 3].reshape(-1, 3).astype(float)
    assert ((middle.max(axis=1) < 10) | (middle.min(axis=1) > 245)).mean() < 0.1
    facts = json.loads((folder / "texture_light.json").read_text("utf-8"))
    assert facts["psnr"] > 20
