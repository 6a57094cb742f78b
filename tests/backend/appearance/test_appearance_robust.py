"""Pictures that mislead: a hand before the face, strobe light, black and burnt-out frames; the head goes right."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from synthetic_clips import MadeClip, made_clip
from textured_heads import as_fit, textured_pictures

from backend.appearance import clip as photometric_clip
from backend.appearance.clip import RefinedClip, Refinement, refine_clip
from backend.appearance.key_frame_solve import PhotometricProblem, PhotometricState, camera_vertices, unrefined_state
from backend.appearance.pictures.view import View, exposed
from backend.contract.arrays import Integers
from backend.contract.camera import axis_angles, project
from backend.fit.clip_input import ClipInput
from backend.fit.geometry.parallel import single_threaded_operations
from backend.fit.geometry.state import Frames, Shared
from backend.fit.options.fit_options import FitOptions
from backend.head.geometry import rigid_motion

COVERED, BLACK, BURNT = np.arange(12, 18), np.array([5, 24]), np.array([28])
KEYS = np.array([0, 4, 9, 13, 16, 20, 24, 30, 35, 39])
TURN = np.radians([2.5, 0.0, 0.0])


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    """A head that turns by 45 degrees in 40 frames."""
    return made_clip(40, yaw=0.8)


def misled(clip: MadeClip) -> list[View]:
    """What the camera saw of it: light that flashes, a hand with a pattern of its own, frames that show nothing."""
    views = textured_pictures(clip, np.arange(40))
    random = np.random.default_rng(1)
    hand = 4.0 + 0.3 * random.normal(size=(480, 640)).astype(np.float32)
    result = []
    for frame, view in enumerate(views):
        image = view.brightness + (0.6 if frame % 2 else 0.0)
        if frame in COVERED:
            x = int(np.nanmean(clip.landmarks.points[frame, :, 0]))
            image[:, x : x + 200] = hand[:, :200]
        if frame in BLACK:
            image = np.full_like(image, 1.8)
        if frame in BURNT:
            image = np.full_like(image, 5.56)
        result.append(replace(view, brightness=image))
    return result


def refined(clip: MadeClip, views: list[View], turn: np.ndarray) -> RefinedClip:
    """The clip refined where the detector saw all faces turned by a constant, and the fit with it."""
    fit, count = as_fit(clip, turn), len(views)
    landmarks = clip.landmarks
    corners = clip.vertices[:, clip.head.faces[clip.head.landmarks.triangle]]
    positions = np.einsum("nk,tnkc->tnc", clip.head.landmarks.barycentric, corners)
    pixels = project(positions @ np.swapaxes(fit.rotation, 1, 2) + fit.translation[:, None], clip.intrinsics)

    def views_of(wanted: Integers) -> list[View | None]:
        return [views[index] for index in wanted]

    clip_input = ClipInput(
        points=pixels,
        scores=landmarks.scores,
        times=landmarks.time,
        together=np.ones(count - 1, dtype=bool),
        trust=np.ones(count),
        centre=(clip.intrinsics.centre_x, clip.intrinsics.centre_y),
        focal=clip.intrinsics.focal_x,
        focal_sigma=0.0,
    )
    work = Refinement(
        fit=fit,
        head=clip.head,
        clip=clip_input,
        solved=np.arange(count),
        keys=KEYS,
        key_views=[views[index] for index in KEYS],
        views=views_of,
        options=FitOptions(),
        trust=1.0,
    )
    with single_threaded_operations():
        return refine_clip(work)


def errors(clip: MadeClip, result: RefinedClip) -> np.ndarray:
    """How far the faces are turned against the true ones, degrees: of their surface, whatever the head's axes are."""
    face = clip.head.regions["face"]
    vertices = camera_vertices(clip.head, result.model, result.shared, result.frames)[:, face]
    turns = [
        rigid_motion(one, clip.in_camera(clip.vertices[frame][face], frame))[0] for frame, one in enumerate(vertices)
    ]
    return np.degrees(np.linalg.norm(axis_angles(np.stack(turns)), axis=1))


def test_a_head_goes_right_though_a_hand_a_strobe_and_empty_frames_are_in_the_way(clip: MadeClip):
    result = refined(clip, misled(clip), TURN)
    off = errors(clip, result)
    assert off.max() < 0.8 * np.degrees(np.linalg.norm(TURN))
    assert np.median(off[COVERED]) < 1.2 * np.median(off)


def test_key_frames_that_stand_out_of_their_neighbours_do_not_let_the_head_tremble(
    clip: MadeClip, monkeypatch: pytest.MonkeyPatch
):
    """Key frames are refined each alone: what they are off by is no motion of the head."""
    unsteady = np.random.default_rng(5).normal(0, 0.5, (40, 478, 2))
    steady = project
    monkeypatch.setattr(sys.modules[__name__], "project", lambda *given: steady(*given) + unsteady)

    def standing_out(problem: PhotometricProblem, shared: Shared, frames: Frames, **_: object) -> PhotometricState:
        position = frames.position.clone()
        position[::2, 2] += 0.02
        return replace(unrefined_state(problem, shared, frames), frames=replace(frames, position=position))

    monkeypatch.setattr(photometric_clip, "solve_photometric", standing_out)
    result = refined(clip, textured_pictures(clip, np.arange(40)), np.zeros(3))
    depth = result.frames.translation(result.shared.focal)[:, 2].double().numpy()
    assert 1000 * np.abs(np.diff(depth - clip.translation[:, 2], 2)).mean() < 0.1


def test_a_picture_that_is_half_burnt_out_is_told_by_its_share():
    picture = np.full((40, 60, 3), 120, dtype=np.uint8)
    picture[:, 30:] = 255
    corners = np.array([[10.0, 5.0], [49.0, 34.0]])
    assert exposed(picture, corners) == pytest.approx(0.5, abs=0.05)
    assert exposed(np.zeros_like(picture), corners) == 0
    assert exposed(picture[:, :30], corners) == 1
