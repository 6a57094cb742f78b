"""The irises are found in the picture, and the eyes look where the irises are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from synthetic_clips import context, made_clip

from backend.contract.names import LANDMARKS, LEFT_IRIS, RIGHT_IRIS
from backend.contract.settings import FitSettings
from backend.data.landmark_distance import eye_distance
from backend.data.types import Camera, Fit
from backend.fit.evidence.iris_noise import steadiness
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.state import EYES, neutral_frames
from backend.fit.options.weights import Tuning
from backend.fit.terms.priors import frame_prior
from backend.head.builtin import builtin_head
from backend.landmarks.crop import Region, patch_around
from backend.landmarks.iris_picture import with_iris_centres
from backend.stages import fit as fit_stage

SIZE = 256


def drawn_face(right: tuple[float, float], left: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """A flat face with white eyes and brown irises at two places, in pixels from the eyes' middles, and landmarks.

    The landmarks' irises stand in the middles of the eyes.
    """
    points = np.zeros((LANDMARKS, 3))
    template = landmark_model(builtin_head(), torch.float64, torch.device("cpu")).template.numpy()
    points[:, :2] = template[:, :2] * [1, -1] * 1200 + [SIZE / 2, SIZE / 2]
    fine = 8
    picture = np.full((SIZE * fine, SIZE * fine, 3), (205, 160, 140), dtype=np.uint8)
    radius = 0.00585 * 1200
    for move, upper, lower, iris in (
        (right, (33, 246, 161, 160, 159, 158, 157, 173, 133), (155, 154, 153, 145, 144, 163, 7), RIGHT_IRIS),
        (left, (263, 466, 388, 387, 386, 385, 384, 398, 362), (382, 381, 380, 374, 373, 390, 249), LEFT_IRIS),
    ):
        outline = np.round((points[[*upper, *lower], :2] + 0.5) * fine).astype(np.int32)
        inside = np.zeros(picture.shape[:2], dtype=np.uint8)
        cv2.fillPoly(inside, [outline], (255,))
        middle = points[[upper[0], upper[-1]], :2].mean(axis=0)
        points[list(iris), :2] = middle
        eye = np.full_like(picture, 235)
        centre = np.round((middle + move + 0.5) * fine).astype(int)
        cv2.circle(eye, (int(centre[0]), int(centre[1])), round(radius * fine), (80, 50, 40), -1)
        picture[inside > 0] = eye[inside > 0]
    small = cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8), points


@pytest.mark.parametrize("across", [(1.5, 1.0), (1.5, -1.5), (-2.0, -1.0)])
@pytest.mark.parametrize("down", [-1.0, 0.0, 1.0])
def test_irises_are_found_where_they_are(across: tuple[float, float], down: float) -> None:
    right, left = ((move, down) for move in across)
    picture, points = drawn_face(right, left)
    patch = patch_around(picture, Region(SIZE / 2, SIZE / 2, 230.0, 0.0), 256)
    corrected = with_iris_centres(patch, points)
    for iris, move in ((RIGHT_IRIS, right), (LEFT_IRIS, left)):
        error = corrected[iris[0], :2] - points[iris[0], :2] - move
        # A part of the way is left to the networks, more of it far away.
        assert abs(error[0]) < 0.1 + 0.3 * abs(move[0]) and abs(error[1]) < 0.6
        assert np.allclose(
            corrected[list(iris), :2] - corrected[iris[0], :2], points[list(iris), :2] - points[iris[0], :2]
        )


def test_eyes_without_an_iris_stay_as_the_network_has_them() -> None:
    picture, points = drawn_face((0.0, 0.0), (0.0, 0.0))
    patch = patch_around(np.full_like(picture, 150), Region(SIZE / 2, SIZE / 2, 230.0, 0.0), 256)
    assert np.array_equal(with_iris_centres(patch, points), points)


def test_the_solver_looks_for_irises_in_the_plane_of_their_rims() -> None:
    model = landmark_model(builtin_head(), torch.float64, torch.device("cpu"))
    for iris in (RIGHT_IRIS, LEFT_IRIS):
        assert torch.allclose(model.template[iris[0]], model.template[list(iris[1:])].mean(0), atol=1e-5)


def test_crossed_eyes_are_not_pulled_straight_for_being_crossed() -> None:
    model = landmark_model(builtin_head(), torch.float64, torch.device("cpu"))
    like = model.template
    frames = neutral_frames(model, torch.eye(3).to(like).expand(3, 3, 3), like.new_zeros(3, 3))
    prior = frame_prior(model, Tuning(), neck_free=False)
    eyes = like.new_tensor([[0.1, 0.2, 0.1, 0.25], [0.0, -0.3, 0.0, 0.3], [0.0, -0.6, 0.0, 0.6]]).requires_grad_()
    moved = type(frames)(frames.rotation, frames.position, frames.neck, frames.jaw, eyes, frames.expression)
    cost, gradient, _ = prior.evaluate(moved)
    exact = torch.autograd.grad(cost.sum(), eyes)[0]
    assert torch.allclose(gradient[:, EYES], exact)
    # Twice as crossed costs no more force, but for the little that any turn costs.
    assert float((gradient[2] - gradient[1])[EYES.start + 3].detach()) < 0.4


def test_gazes_come_back_from_exact_irises(tmp_path: Path) -> None:
    clip = made_clip(frames=30)
    result = fit_stage.run(
        clip.landmarks, clip.head, Camera(1400.0, "known"), FitSettings(device="cpu"), context(tmp_path)
    )
    assert isinstance(result, Fit)
    for fitted, true in ((result.pose.left_eye, clip.pose.left_eye), (result.pose.right_eye, clip.pose.right_eye)):
        assert np.degrees(np.abs(fitted - true)).mean() < 2.0


@pytest.mark.parametrize(("noise", "least", "most"), [(0.1, 1.0, 1.0), (1.0, 0.15, 0.5)])
def test_irises_that_tremble_say_less_of_where_eyes_look(noise: float, least: float, most: float) -> None:
    points = made_clip(frames=60).landmarks.points.astype(np.float64)
    points[..., :2] += np.random.default_rng(5).normal(scale=noise, size=points[..., :2].shape)
    glance = points.copy()
    glance[30, [RIGHT_IRIS[0], LEFT_IRIS[0]], 0] += 6.0
    size = eye_distance(points)
    assert least <= steadiness(points, size) <= most
    assert steadiness(glance, size) == pytest.approx(steadiness(points, size), rel=0.2)
    # A photograph has no neighbours to tremble against.
    assert steadiness(points[:1], size[:1]) == 1.0
