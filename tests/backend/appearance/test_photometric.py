"""Direct refinement by the pictures: derivatives, the equations of all key frames, recovery, and when it keeps out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from solver_problems import random_frames, random_model, random_shared
from synthetic_clips import made_clip
from textured_heads import as_fit, problem_of
from torch import Tensor

from backend.appearance import key_frame_solve as photometric
from backend.appearance.key_frame_solve import KeyFrameFit, KeyFrameUnknowns, solve_photometric
from backend.appearance.pictures.view import Feature, band_pass
from backend.appearance.terms.photometric_term import PhotometricTuning, brightness, colours, frame_rows, no_light
from backend.fit.conversion import head_pose, to_state
from backend.fit.geometry.landmark_model import landmark_model
from backend.fit.geometry.parallel import single_threaded_operations
from backend.fit.geometry.projection import pose_landmarks, project_landmarks
from backend.fit.geometry.state import Shared
from backend.fit.geometry.surface_samples import points_of
from backend.fit.options.weights import Tuning
from backend.fit.solvers.levenberg_marquardt import Step
from backend.fit.terms.priors import LOCKED, shared_prior, with_free_rigid_offset

MODEL = random_model()
SHARED = random_shared(MODEL)
FRAMES = random_frames(MODEL)
SLOPE = np.array([0.02, -0.013], dtype=np.float32)


def ramp(size: int = 1600) -> Feature:
    """A picture whose brightness rises evenly: what is seen at a pixel is known exactly."""
    row, column = np.mgrid[:size, :size].astype(np.float32)
    image = SLOPE[0] * column + SLOPE[1] * row
    scale, centre = np.array([0.5, 0.5]), np.array([size / 2, size / 2])
    visibility = np.ones(MODEL.points, dtype=np.float32)
    return Feature(image, scale, centre, visibility, np.zeros((MODEL.points, 8), dtype=np.float32))


def test_derivatives_of_brightness_agree_with_autograd():
    feature, frame = ramp(), FRAMES[:1]

    def brightness_after(step: Tensor, identity: Tensor, log_focal: Tensor) -> Tensor:
        still = torch.zeros_like(SHARED.offsets)
        moved = Shared(SHARED.identity + identity, SHARED.log_focal + log_focal, still)
        camera = pose_landmarks(MODEL, moved, frame.retract(step)).camera
        pixels = project_landmarks(camera, moved.focal, torch.zeros(2)) * 0.5 + 800
        return (pixels @ torch.as_tensor(SLOPE).double())[0]

    zeros = (torch.zeros(1, frame.unknowns).double(), torch.zeros_like(SHARED.identity), torch.zeros(()).double())
    measured = brightness(MODEL, SHARED, frame, [feature])
    np.testing.assert_allclose(measured.value[0], brightness_after(*zeros).numpy(), atol=2e-3)
    step, identity, log_focal = torch.autograd.functional.jacobian(brightness_after, zeros)
    rows = frame_rows(MODEL, SHARED, frame, feature, measured.slope[0], feature.visibility)
    assert rows.identity is not None and rows.log_focal is not None
    size = float(step.abs().max())
    assert torch.allclose(rows.frame_columns, step[:, 0], atol=2e-3 * size)
    assert torch.allclose(rows.identity, identity, atol=2e-3 * float(identity.abs().max()))
    assert torch.allclose(rows.log_focal, log_focal, atol=2e-3 * float(log_focal.abs().max()))


def test_some_points_of_a_model_move_as_they_do_in_the_whole():
    index = torch.tensor([2, 3, 11, 29])
    part = points_of(MODEL, index)
    unshifted = replace(SHARED, offsets=torch.zeros_like(MODEL.template))
    whole = pose_landmarks(MODEL, unshifted, FRAMES).camera[:, index]
    assert torch.allclose(
        pose_landmarks(part, replace(unshifted, offsets=unshifted.offsets[index]), FRAMES).camera, whole
    )
    assert [len(reach) for reach in part.reach] == [4] * 5


def test_colour_is_not_misled_by_an_occluder_and_needs_three_frames():
    value = np.full((9, 3), 0.02, dtype=np.float32)
    value[4, 0] = 0.5
    visibility = np.ones_like(value)
    visibility[2:, 2] = 0
    colour, weight = colours(value, visibility, PhotometricTuning(), rounds=8)
    assert colour[0] == pytest.approx(0.02, abs=1e-3)
    assert weight[4, 0] < 0.01
    assert not weight[:, 2].any()


def test_fine_structure_of_an_even_face_is_nothing_even_beside_a_bright_wall():
    mask = np.zeros((60, 60), dtype=np.float32)
    mask[15:45, 15:45] = 1
    image = np.where(mask > 0, 3.0, 5.5).astype(np.float32)[..., None]
    fine = band_pass(image, mask, 0.8, 3.0)[..., 0]
    assert np.abs(fine[mask > 0]).max() < 1e-5


def test_offsets_may_turn_together_at_little_cost_when_loosened():
    head_prior = shared_prior(MODEL, Tuning(), log_focal=6.5, focal_sigma=LOCKED, offsets=True)
    loose = with_free_rigid_offset(head_prior, MODEL, 0.07, 0.003)
    turned = 0.07 * torch.linalg.cross(torch.tensor([1.0, 0, 0]).double().expand(MODEL.points, 3), MODEL.template)
    turned = turned - turned.mean(0)
    offsets = (MODEL.tangents @ (MODEL.tangents.transpose(1, 2) @ turned[..., None]))[..., 0]
    shared = Shared(torch.zeros(MODEL.identity_modes).double(), torch.tensor(6.5).double(), offsets)
    tight, free = float(head_prior.evaluate(shared)[0]), float(loose.evaluate(shared)[0])
    assert free < 1.0 < 20 * free < tight
    along = (offsets[:, None] @ MODEL.tangents).flatten()
    assert free == pytest.approx(0.5 * float(along @ loose.offset_hessian() @ along), rel=1e-6)


def test_state_of_a_fit_and_back():
    clip = made_clip(4)
    model = landmark_model(clip.head, torch.float64, torch.device("cpu"))
    shared, frames = to_state(as_fit(clip, np.zeros(3)), model, np.arange(4), None)
    pose = head_pose(model, shared, frames)
    np.testing.assert_allclose(pose.jaw, clip.pose.jaw)
    np.testing.assert_allclose(pose.left_eye, clip.pose.left_eye)
    vertices = photometric.camera_vertices(clip.head, model, shared, frames)
    np.testing.assert_allclose(vertices[2], clip.in_camera(clip.vertices[2], 2), atol=1e-9)


def test_the_equations_of_all_key_frames_tell_how_the_cost_changes():
    clip = made_clip(40, yaw=0.4)
    frames = np.array([0, 4, 8, 12, 16])
    problem, shared, state = problem_of(clip, as_fit(clip, np.array([0.01, 0.005, 0.0])), frames, torch.float64)
    at = KeyFrameUnknowns(shared, state, no_light())
    fit = KeyFrameFit(problem, at, (2.0, 6.0))
    system = fit.linearise(at)
    expected, measured = [], []
    for column in [frame * state.unknowns + unknown for frame in range(len(frames)) for unknown in range(6)]:
        scale = float(problem.landmarks.frame_prior.scale[column % state.unknowns])
        step = torch.zeros_like(system.gradient)
        step[column] = 2e-4 * scale
        there, back = (fit.cost(fit.retract(at, Step(sign * step, 0.0))) for sign in (1, -1))
        expected.append(float(system.gradient[column]) * scale)
        measured.append((there - back) / 4e-4)
    # Not exactly alike: the slope between pixels is a mean over one pixel, so that steps do not see the grid.
    assert np.corrcoef(expected, measured)[0, 1] > 0.98
    assert np.linalg.norm(np.subtract(expected, measured)) < 0.2 * np.linalg.norm(measured)


def test_a_head_turned_by_a_constant_is_turned_back_by_its_texture():
    clip = made_clip(40, yaw=0.4)
    frames = np.array([2, 10, 18, 28, 38])
    fit = as_fit(clip, np.radians([3.0, 0.0, 0.0]))
    with single_threaded_operations():
        problem, shared, state = problem_of(clip, fit, frames)
        solved = solve_photometric(problem, shared, state)
    rotation = solved.frames.rotation.double().numpy()
    error = np.degrees(np.arccos((np.einsum("tij,tij->t", rotation, clip.rotation[frames]).clip(-1, 3) - 1) / 2))
    assert np.median(error) < 0.6
    assert solved.cost_after < solved.cost_before
