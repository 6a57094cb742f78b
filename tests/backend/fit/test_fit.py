"""The fit on heads whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fitted_clips import fitted
from synthetic_clips import MadeClip, context, made_clip

from backend.contract.camera import axis_angles
from backend.contract.failure import Failure
from backend.contract.misfit import MISFIT
from backend.contract.ranges import LOW_CONFIDENCE
from backend.contract.settings import FitSettings
from backend.contract.track import INTERPOLATED, MISSING, TRACKED
from backend.data.landmark_distance import eye_distance
from backend.data.types import Camera, Fit, HeadPose, Landmarks
from backend.fit.clip import fit_clip
from backend.fit.clip_input import ASSUMED_FOCAL, ClipInput
from backend.fit.confidence import frame_confidence
from backend.fit.options.fit_options import FitOptions
from backend.fit.options.weights import Tuning
from backend.fit.solvers.motion import solve_in_windows
from backend.head.geometry import rigidly_aligned
from backend.head.skinning import pose_vertices
from backend.stages import fit as fit_stage


def turned(clip: MadeClip, result: Fit) -> np.ndarray:
    """Angle between found and true head rotation per frame, degrees."""
    return np.degrees(np.linalg.norm(axis_angles(np.swapaxes(clip.rotation, 1, 2) @ result.rotation), axis=1))


def face_error(clip: MadeClip, vertices: np.ndarray) -> float:
    """Mean distance of the face's vertices after rigid alignment without scale, mm."""
    face = clip.head.regions["face"]
    true = clip.vertices[:, face]
    return 1000 * float(np.linalg.norm(rigidly_aligned(vertices[:, face], true) - true, axis=2).mean())


def test_exact_landmarks_and_weak_priors_give_the_truth_back():
    """With evidence that outweighs every prior what is left over is the landmarks' interpolated skinning alone."""
    clip = made_clip(frames=24)
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    marks, every = clip.landmarks, np.ones(24)
    given = ClipInput(marks.points, marks.scores, marks.time, every[1:] > 0, every, centre, 1400.0, 0.0)
    tuning = Tuning(evidence=100.0, identity=1.0, contour_slide=1.0)
    solution = fit_clip(clip.head, given, FitOptions(tuning, smoothness=0.0, offsets=False))
    turn = axis_angles(np.swapaxes(clip.rotation, 1, 2) @ solution.frames.rotation.double().numpy())
    assert np.degrees(np.median(np.linalg.norm(turn, axis=1))) < 0.15
    eyes, zero = solution.frames.eyes.double().numpy(), np.zeros((24, 1))
    pose = HeadPose(
        solution.shared.identity.double().numpy(),
        solution.frames.expression.double().numpy(),
        np.zeros((24, 3)),
        solution.frames.jaw.double().numpy(),
        np.concatenate([eyes[:, :2], zero], axis=1),
        np.concatenate([eyes[:, 2:], zero], axis=1),
        np.zeros((24, 2)),
    )
    assert face_error(clip, pose_vertices(clip.head, pose)) < 0.15
    assert np.degrees(np.abs(eyes[:, 1] - clip.pose.left_eye[:, 1])).max() < 0.5


def fitted_face(clip: MadeClip, seed: int, tuning: Tuning) -> np.ndarray:
    """The face at rest (V, 3) from landmarks of which each is off by half a pixel, in all frames the same."""
    off = np.random.default_rng(seed).normal(scale=0.5, size=(clip.landmarks.points.shape[1], 2))
    points = clip.landmarks.points.copy()
    points[..., :2] += off
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    marks, every = clip.landmarks, np.ones(len(points))
    given = ClipInput(points, marks.scores, marks.time, every[1:] > 0, every, centre, clip.intrinsics.focal_x, 0.0)
    identity = fit_clip(clip.head, given, FitOptions(tuning)).shared.identity.double().numpy()
    return (clip.head.template + clip.head.identity_basis @ identity)[clip.head.regions["face"]]


@pytest.mark.parametrize(("focal", "least", "most"), [(200.0, 0.0, 0.95), (1400.0, 0.999, 1.001)])
def test_a_face_of_few_pixels_tells_less_of_the_person(focal: float, least: float, most: float):
    clip = made_clip(frames=12, focal=focal)

    def apart(tuning: Tuning) -> float:
        faces = [fitted_face(clip, seed, tuning) for seed in range(5)]
        middle = np.mean(faces, axis=0)
        return float(np.mean([np.linalg.norm(rigidly_aligned(face[None], middle[None]) - middle) for face in faces]))

    share = apart(Tuning()) / apart(replace(Tuning(), identity_pixels=0.0))
    assert least < share < most


def test_standard_settings_give_back_face_pose_and_place(tmp_path: Path):
    clip = made_clip()
    result = fitted(clip, tmp_path)
    assert face_error(clip, pose_vertices(clip.head, result.pose)) < 1.0
    assert np.median(turned(clip, result)) < 1.0
    assert np.allclose(result.translation[:, 2], clip.translation[:, 2], rtol=0.02)
    assert np.nanmedian(result.reprojection_error) < 0.3
    assert (result.status == TRACKED).all()
    assert (result.confidence > 0.7).all()


def test_a_frame_that_the_model_misses_is_uncertain(tmp_path: Path):
    result = fitted(made_clip(), tmp_path)
    size = eye_distance(result.landmarks.points.astype(np.float64))
    missed = replace(result, reprojection_error=MISFIT * size)
    assert (frame_confidence(missed) < LOW_CONFIDENCE).all()


def test_a_still_mesh_lands_on_its_landmarks_in_the_picture(tmp_path: Path):
    """Rotation, translation, pose and intrinsics of a fit belong together: its vertices project onto what was seen."""
    clip = made_clip(frames=12)
    result = fitted(clip, tmp_path, landmark_offsets=False)
    corners = clip.head.faces[clip.head.landmarks.triangle]
    vertices = pose_vertices(clip.head, result.pose)
    positions = np.einsum("nk,tnkc->tnc", clip.head.landmarks.barycentric, vertices[:, corners])
    camera = positions @ np.swapaxes(result.rotation, 1, 2) + result.translation[:, None]
    pixels = camera[..., :2] / camera[..., 2:] * result.intrinsics.focal_x
    pixels += [result.intrinsics.centre_x, result.intrinsics.centre_y]
    assert np.median(np.linalg.norm(pixels - clip.landmarks.points[..., :2], axis=2)) < 0.5


def test_a_blink_keeps_its_height(tmp_path: Path):
    clip = made_clip(yaw=0.2, blink_at=20)
    result = fitted(clip, tmp_path)
    left = result.pose.expression[:, clip.head.expression_names.index("eyeBlinkLeft")]
    assert left[20] - np.median(left) > 0.8
    assert abs(int(np.argmax(left)) - 20) <= 1


def _without(landmarks: Landmarks, frames: slice) -> Landmarks:
    detected, points = landmarks.found.copy(), landmarks.points.copy()
    detected[frames] = False
    points[frames] = np.nan
    return replace(landmarks, found=detected, points=points)


def test_a_short_gap_is_interpolated_and_a_long_one_left_out(tmp_path: Path):
    clip = made_clip(yaw=0.2)
    landmarks = _without(_without(clip.landmarks, slice(8, 12)), slice(20, 36))
    result = fitted(clip, tmp_path, landmarks, longest_gap=0.3)
    assert (result.status[8:12] == INTERPOLATED).all()
    assert (result.status[20:36] == MISSING).all()
    assert turned(clip, result)[8:12].max() < 3.0
    assert (result.confidence[8:12] < result.confidence[7]).all()
    assert (result.confidence[20:36] == 0).all()
    assert np.isnan(result.reprojection_error[[9, 25]]).all()


def test_nothing_is_smoothed_across_a_cut(tmp_path: Path):
    clip = made_clip(frames=20, yaw=0.0)
    points = clip.landmarks.points.copy()
    points[10:, :, 0] += 120.0
    shot = np.repeat([0, 1], 10)
    moved = replace(clip.landmarks, points=points)
    with_cut = fitted(clip, tmp_path, replace(moved, shot=shot), smoothness=30.0)
    without = fitted(clip, tmp_path, moved, smoothness=30.0)
    jump = np.diff(with_cut.translation[:, 0])[9]
    assert jump == pytest.approx(120 / 1400 * 0.75, rel=0.05)
    assert np.nanmax(with_cut.reprojection_error) < 0.5 * np.nanmax(without.reprojection_error)


def test_windows_agree_with_one_solve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    clip = made_clip(frames=60)
    whole = fitted(clip, tmp_path)

    def in_small_windows(problem_of, start, **options):
        return solve_in_windows(problem_of, start, window=20, overlap=15, **options)

    monkeypatch.setattr("backend.fit.every_frame.solve_in_windows", in_small_windows)
    parts = fitted(clip, tmp_path)
    difference = axis_angles(np.swapaxes(whole.rotation, 1, 2) @ parts.rotation)
    assert np.degrees(np.abs(difference)).max() < 0.05
    assert np.abs(whole.translation - parts.translation).max() < 5e-4


def test_a_known_focal_length_is_kept_and_an_unseen_one_is_called_assumed(tmp_path: Path):
    clip = made_clip(frames=10, yaw=0.0)
    assert fitted(clip, tmp_path).intrinsics.focal_x == pytest.approx(1400, rel=1e-4)
    unknown = fit_stage.run(
        clip.landmarks, clip.head, Camera(None, "estimated"), FitSettings(device="cpu"), context(tmp_path)
    )
    assert isinstance(unknown, Fit)
    assert unknown.focal_source == "assumed"
    assert unknown.focal_uncertainty > 0.1


def test_a_turning_head_draws_the_focal_length_to_its_own(tmp_path: Path):
    clip = made_clip(frames=40, yaw=0.6)
    unknown = fit_stage.run(
        clip.landmarks, clip.head, Camera(None, "estimated"), FitSettings(device="cpu"), context(tmp_path)
    )
    assert isinstance(unknown, Fit)
    assumed = ASSUMED_FOCAL * 640
    assert np.log(1400 / unknown.intrinsics.focal_x) < 0.6 * np.log(1400 / assumed)


def test_one_single_frame_is_enough(tmp_path: Path):
    clip = made_clip(frames=1)
    assert fitted(clip, tmp_path).status.tolist() == [TRACKED]


def test_no_face_is_a_failure_with_advice(tmp_path: Path):
    clip = made_clip(frames=3)
    blind = _without(clip.landmarks, slice(None))
    result = fit_stage.run(blind, clip.head, Camera(None, "estimated"), FitSettings(), context(tmp_path))
    assert isinstance(result, Failure)
    assert result.code == "no-face"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_device_that_is_not_there_is_named(tmp_path: Path):
    clip = made_clip(frames=3)
    settings = FitSettings(device="cuda")
    result = fit_stage.run(clip.landmarks, clip.head, Camera(None, "estimated"), settings, context(tmp_path))
    assert isinstance(result, Failure)
    assert "cuda" in result.sentence


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_devices_agree(tmp_path: Path):
    clip = made_clip(frames=20)
    on_processor, on_gpu = fitted(clip, tmp_path), fitted(clip, tmp_path, device="cuda")
    assert np.abs(on_processor.translation - on_gpu.translation).max() < 1e-3
