"""Lips touch and do not pass through each other, and the jaw is shut where the mouth is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from synthetic_clips import MadeClip, context, made_clip, made_landmarks

from backend.bench.chain import surface_landmarks
from backend.contract.camera import project
from backend.contract.names import MEDIAPIPE_SCORES
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit, HeadPose
from backend.fit.evidence.jaw_rest import NEAR, jaw_precision
from backend.fit.evidence.lip_closure import largest_gaps
from backend.fit.geometry.landmark_model import FACING_LIPS, landmark_model
from backend.fit.terms.lip_contact import contact_errors, resting_gaps
from backend.head.builtin import builtin_head
from backend.head.model import HeadModel
from backend.stages import fit as fit_stage

HEAD = builtin_head()
UPPER, LOWER = (list(side) for side in zip(*FACING_LIPS, strict=True))


def _mouths(*, jaw: float, shapes: dict[str, float]) -> MadeClip:
    """The clip of `made_clip`, but its mouth opens as told and comes back, twice."""
    clip = made_clip(24, yaw=0.2)
    swing = 0.5 - 0.5 * np.cos(np.linspace(0, 4 * np.pi, 24))
    expression = np.zeros_like(clip.pose.expression)
    for name, weight in shapes.items():
        expression[:, clip.head.expression_names.index(name)] = weight * swing
    turned = np.zeros_like(clip.pose.jaw)
    turned[:, 0] = jaw * swing
    pose = replace(clip.pose, expression=expression, jaw=turned)
    positions = surface_landmarks(clip.head, pose)
    camera = positions @ np.swapaxes(clip.rotation, 1, 2) + clip.translation[:, None]
    landmarks = made_landmarks(project(camera, clip.intrinsics), clip.landmarks.time)
    return replace(clip, pose=pose, landmarks=landmarks)


def _fitted(clip: MadeClip, tmp_path: Path) -> Fit:
    camera = Camera(clip.intrinsics.focal_x, "known")
    result = fit_stage.run(clip.landmarks, clip.head, camera, FitSettings(device="cpu"), context(tmp_path))
    assert isinstance(result, Fit), result
    return result


def _gaps(head: HeadModel, pose: HeadPose) -> np.ndarray:
    """Of facing points, upper above lower, millimetres."""
    points = surface_landmarks(head, pose)
    return 1000 * (points[:, UPPER, 1] - points[:, LOWER, 1])


def test_the_table_of_what_the_detector_sees_does_not_part_lips_that_touch() -> None:
    assert HEAD.detector_offsets is not None
    np.testing.assert_array_equal(HEAD.detector_offsets[UPPER], HEAD.detector_offsets[LOWER])


def test_the_lips_of_every_identity_touch() -> None:
    lips = landmark_model(HEAD, torch.float64, torch.device("cpu")).lips
    assert lips is not None
    assert float(resting_gaps(lips).abs().max()) < 1e-5


def test_a_gap_costs_below_none_and_above_what_is_seen_of_closed_lips() -> None:
    most = torch.tensor([[0.001, torch.inf]])

    def cost(millimetres: float, column: int) -> float:
        gap = torch.zeros(1, 2)
        gap[0, column] = millimetres / 1000
        return float(contact_errors(gap, most).cost)

    assert cost(-1, 0) > 10 and cost(-1, 1) > 10
    assert cost(0.5, 0) == cost(0.5, 1) == 0
    assert cost(3, 0) > 10
    assert cost(30, 1) == 0


def test_only_lips_that_are_closed_all_along_must_meet() -> None:
    points = np.zeros((2, 478, 2))
    points[:, UPPER, 1] = 1.0
    points[1, UPPER[0], 1] = 9.0
    most = largest_gaps(points, np.full(2, 100.0), 0.06)
    np.testing.assert_allclose(most[0], 0.0006)
    assert np.isinf(most[1]).all()


def test_closed_lips_say_that_the_jaw_is_shut_and_so_do_scores_of_clenched_teeth() -> None:
    points = np.zeros((4, 478, 2))
    points[:, 152, 1] = 120.0
    points[1:, 13, 1] = 20.0
    scores = np.full((4, 52), np.nan)
    scores[2:, MEDIAPIPE_SCORES.index("jawOpen")] = (0.02, 0.5)
    precision = jaw_precision(points, scores, np.full(4, 100.0))
    np.testing.assert_allclose(precision[0], 1 / NEAR**2)
    assert precision[1] == precision[3] < precision[2] / 20


def test_teeth_that_show_between_open_lips_do_not_open_the_jaw(tmp_path: Path) -> None:
    sides = ("Left", "Right")
    teeth = {f"{name}{side}": 0.9 for name in ("mouthUpperUp", "mouthLowerDown") for side in sides}
    clip = _mouths(jaw=0.0, shapes=teeth)
    clip.landmarks.scores[:, MEDIAPIPE_SCORES.index("jawOpen")] = 0.03
    fitted = _fitted(clip, tmp_path)
    assert np.degrees(fitted.pose.jaw[:, 0]).max() < 2.0
    assert _gaps(clip.head, fitted.pose).max() > 0.83 * _gaps(clip.head, clip.pose).max() > 9


def test_a_jaw_that_opens_keeps_its_angle_and_closed_lips_do_not_pass_through_each_other(tmp_path: Path) -> None:
    clip = _mouths(jaw=0.35, shapes={})
    fitted = _fitted(clip, tmp_path)
    angle, true = np.degrees(fitted.pose.jaw[:, 0]), np.degrees(clip.pose.jaw[:, 0])
    assert np.ptp(angle) > 0.9 * np.ptp(true)
    assert angle[0] < 1.0
    assert _gaps(clip.head, fitted.pose).min() > -0.1
