"""Errors of the detector on turned heads, and a fit that is not led astray by them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from shared_data import DATA
from synthetic_clips import made_clip, made_landmarks

from backend.bench.chain import Clock, Setup, find_landmarks
from backend.bench.measures import metrics
from backend.bench.scenes.independent_head import read_truth
from backend.contract.camera import Intrinsics, project
from backend.data.landmark_mirror import mirror_table
from backend.data.types import Camera
from backend.fit.clip_input import clip_input
from backend.fit.evidence.detector_bias import TERMS, terms, turn_table, views, without_turn_bias
from backend.fit.solved_frames import solved_frames
from backend.head.builtin import builtin_head
from backend.head.embedding.registration import neutral_face
from backend.report.measures import head_angles
from backend.sample.canvas import make_canvas
from backend.sample.clip import truth_of
from backend.sample.people import person
from tools.make_detector_turns import Turned, turn_bias, turning

CENTRE = (319.5, 239.5)


def a_face_in_front(scale: float = 1500.0) -> np.ndarray:
    """The detector's neutral face as an affine camera sees it, in pixels (1, 478, 2)."""
    face = np.concatenate([neutral_face(), np.zeros((10, 3))])
    return (np.array(CENTRE) + scale * face[:, :2] * (1.0, -1.0))[None]


def test_a_face_that_looks_into_the_camera_keeps_its_landmarks() -> None:
    points = a_face_in_front()

    assert np.allclose(without_turn_bias(points, CENTRE), points, atol=1e-6)


def test_frames_without_a_face_stay_without() -> None:
    points = np.concatenate([a_face_in_front(), np.full((1, 478, 2), np.nan)])

    assert np.isnan(without_turn_bias(points, CENTRE)[1]).all()


def test_a_mirrored_face_is_corrected_to_the_mirror_image() -> None:
    clip = made_clip(frames=12)
    points = clip.landmarks.points[..., :2].astype(np.float64)
    mirrored = (points * (-1.0, 1.0) + (2 * CENTRE[0], 0.0))[:, mirror_table()]

    corrected = without_turn_bias(points, CENTRE)
    other = without_turn_bias(mirrored, CENTRE)

    assert np.abs(corrected - points).max() > 1
    assert np.allclose(other, (corrected * (-1.0, 1.0) + (2 * CENTRE[0], 0.0))[:, mirror_table()], atol=0.05)


def test_exact_landmarks_are_fitted_as_they_are() -> None:
    clip = made_clip(frames=6)
    solved = solved_frames(clip.landmarks, 0.5)
    detected = replace(clip.landmarks, detected=True)

    exact = clip_input(clip.landmarks, Camera(1400.0, "known"), solved)
    corrected = clip_input(detected, Camera(1400.0, "known"), solved)

    assert (exact.points == clip.landmarks.points).all()
    assert not np.allclose(corrected.points, clip.landmarks.points)


def test_the_bias_of_a_detector_is_learned_from_heads_that_turn() -> None:
    head = builtin_head()
    canvas = make_canvas(head, 64)
    corners, weights = head.faces[head.landmarks.triangle], head.landmarks.barycentric
    clips = []
    for seed in (1, 2):
        plan = replace(person(head, seed, frames=36, rate=Fraction(4), canvas=canvas), turns=turning(36, seed))
        truth = truth_of(head, plan)
        positions = np.einsum("nk,tnkc->tnc", weights, truth.vertices[:, corners].astype(np.float64))
        camera = np.einsum("tij,tnj->tni", truth.head_rotation, positions) + truth.head_translation[:, None]
        points = project(camera, truth.intrinsics)
        face_view = views(points, (truth.intrinsics.centre_x, truth.intrinsics.centre_y))
        # A detector that slips by 4 mm per radian of pitch everywhere, upwards.
        slip = (
            0.004 * face_view.pitch[:, None, None] * camera[:, :1, 2:] ** 0 * truth.intrinsics.focal_x / camera[..., 2:]
        )
        landmarks = made_landmarks(points + slip * face_view.axes[:, None, 1], np.arange(36) / 4)
        clips.append(Turned(head, truth, landmarks, ours=True))

    bias = turn_bias(clips)

    nose = bias[[1, 4, 6, 168, 197]]
    assert np.allclose(nose[:, 0, 1], 0.004, atol=4e-4)
    assert np.abs(nose[:, 1:, 0]).max() < 5e-4


def test_the_table_says_that_the_brow_slips_down_as_a_head_looks_up() -> None:
    table = turn_table()
    between_the_brows, down = 9, 0.0

    assert table.shape == (478, TERMS, 2)
    assert table[between_the_brows, 0, 1] < down


@pytest.mark.skipif(not (DATA / "truth_clip" / "clip.mp4").is_file(), reason="needs ../shared/data/truth_clip")
def test_the_pitch_of_an_independent_head_is_seen_nearly_whole(tmp_path: Path) -> None:
    truth = read_truth(DATA / "truth_clip" / "truth.npz")
    setup = Setup(DATA, tmp_path, Path(tempfile.mkdtemp(dir=tmp_path)))
    landmarks = find_landmarks(setup, DATA / "truth_clip" / "clip.mp4", "draft", Clock())
    camera = Intrinsics.centred(landmarks.width, landmarks.height, truth.focal)
    centre = (camera.centre_x, camera.centre_y)
    _, pitch, _ = head_angles(truth.rotation)

    before, after = (
        metrics.slope(np.degrees(views(points, centre).pitch), pitch)
        for points in (landmarks.points, without_turn_bias(landmarks.points, centre))
    )

    assert abs(1 - after) < abs(1 - before) - 0.05


def test_terms_rest_beyond_what_was_learned() -> None:
    far = replace(views(a_face_in_front(), CENTRE), pitch=np.array([9.0]), yaw=np.array([-9.0]))

    assert np.allclose(terms(far), [[0.4, -0.7, 0.49, -0.28, 0.16, 0.6, -0.6]])
