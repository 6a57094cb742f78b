"""Points followed over a turning head show the focal length; a head that keeps still shows nothing of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_clips import LOOKS_AT_CAMERA, MadeClip, context, made_clip

from backend.appearance import focal_from_tracks as picture_focal
from backend.appearance.bundle_adjustment import Bundle, solve_bundle
from backend.appearance.focal_from_tracks import (
    PictureEvidence,
    estimate_focal_from_tracks,
    evidence_of_pictures,
    weighed,
)
from backend.appearance.pictures.view import View
from backend.appearance.point_tracks import PointTracks, follow_points, track_points
from backend.contract.camera import project, rotation_matrices
from backend.contract.settings import FitSettings
from backend.data.types import Camera, Fit
from backend.raster.rasterizer_numba import NumbaRasterizer
from backend.stages import fit

FRAMES, FOCAL = 10, 900.0


def turning(yaw: float) -> tuple[np.ndarray, np.ndarray]:
    """Poses of a head that turns to one side and nods a little, 0.6 m away."""
    share = np.linspace(0, 1, FRAMES)
    angles = yaw * np.stack([0.2 * np.sin(6 * share), share, 0 * share], axis=1)
    return LOOKS_AT_CAMERA @ rotation_matrices(angles), np.tile([0.01, 0.02, 0.6], (FRAMES, 1))


def tracks_of_a_ball(yaw: float, noise: float = 0.0, moved: float = 0.0) -> tuple[PointTracks, Bundle]:
    """Tracks of points on the front of a ball, and the truth behind them."""
    random = np.random.default_rng(2)
    points = random.normal(size=(120, 3)) * (1, 1, 0.4)
    points = 0.09 * points / np.linalg.norm(points, axis=1, keepdims=True)
    points[:, 2] = np.abs(points[:, 2])
    expression = moved * random.normal(size=(FRAMES, 1, 3)) * (points[:, 1:2] > 0.05)
    rotation, translation = turning(yaw)
    truth = Bundle(points, expression, rotation, translation, float(np.log(FOCAL)))
    pixels = truth.pixels() + noise * random.normal(size=(FRAMES, 120, 2))
    precision = np.tile(np.eye(2) / max(noise, 0.1) ** 2, (FRAMES, 120, 1, 1))
    return PointTracks(np.arange(120), pixels, precision), truth


def mistaken(truth: Bundle, log_focal: float) -> Bundle:
    """A fit with another focal length: as large in the picture, its points some millimetres off."""
    random = np.random.default_rng(3)
    translation = truth.translation * (1, 1, np.exp(log_focal - truth.log_focal))
    points = truth.points + 0.002 * random.normal(size=truth.points.shape)
    return replace(truth, points=points, translation=translation, log_focal=log_focal)


@pytest.mark.parametrize("off", [-0.4, 0.4])
def test_a_turning_head_shows_its_focal_length(off: float):
    tracks, truth = tracks_of_a_ball(0.5, noise=0.2, moved=0.002)
    solution = solve_bundle(tracks, mistaken(truth, truth.log_focal + off))
    assert abs(solution.bundle.log_focal - truth.log_focal) < 3 * solution.sigma
    assert solution.sigma < 0.05


def test_a_still_head_shows_nothing_and_says_so():
    tracks, truth = tracks_of_a_ball(0.02, noise=0.2)
    turned, _ = tracks_of_a_ball(0.5, noise=0.2)
    still = solve_bundle(tracks, mistaken(truth, truth.log_focal + 0.3))
    assert still.sigma > 5 * solve_bundle(turned, truth).sigma


def test_points_that_go_astray_hardly_count():
    tracks, truth = tracks_of_a_ball(0.5, noise=0.2)
    pixels = tracks.pixels.copy()
    pixels[4:, :8] += 12.0
    solution = solve_bundle(replace(tracks, pixels=pixels), mistaken(truth, truth.log_focal + 0.2))
    assert solution.bundle.log_focal == pytest.approx(truth.log_focal, abs=0.08)


def pictured(clip: MadeClip, frame: int, light: float = 0.0) -> View:
    """The head with a pattern that stays on its surface, and light from one side that does not."""
    vertices = clip.in_camera(clip.vertices[frame], frame)
    raster = NumbaRasterizer().rasterize(vertices, clip.head.faces, clip.intrinsics)
    position = raster.interpolate(clip.head.template, clip.head.faces)
    waves = np.random.default_rng(1).normal(size=(30, 3))
    waves *= np.linspace(250, 1200, 30)[:, None] / np.linalg.norm(waves, axis=1, keepdims=True)
    pattern = 0.06 * np.sin(position @ waves.T + np.arange(30)).sum(axis=-1)
    shade = light * np.linspace(0, 1, clip.intrinsics.width) * frame
    brightness = np.where(raster.ids >= 0, 4 + pattern + shade, 1.0).astype(np.float32)
    return View(brightness, np.ones(2), np.array([clip.intrinsics.centre_x, clip.intrinsics.centre_y]))


def test_points_are_followed_where_the_fit_is_off_by_some_pixels():
    clip = made_clip(30, yaw=0.4, focal=FOCAL)
    frames = [0, 6, 12, 18, 24]
    views = [pictured(clip, frame, light=0.1) for frame in frames]
    true = np.stack([clip.in_camera(clip.vertices[frame], frame) for frame in frames])
    shaken = true + 0.002 * np.random.default_rng(0).normal(size=(len(frames), 1, 3)) * (1, 1, 0)
    points = track_points(clip.head, 600)
    assert points is not None
    tracks = follow_points(clip.head, points, views, FOCAL, shaken)
    positions = np.stack([points.samples.at(vertices, clip.head.faces)[tracks.index] for vertices in true])
    centre = (clip.intrinsics.centre_x, clip.intrinsics.centre_y)
    error = tracks.pixels - (project(positions, clip.intrinsics) - centre)
    error -= (error * tracks.visible[..., None]).sum(axis=0) / tracks.visible.sum(axis=0)[:, None]
    assert len(tracks.index) > 50
    assert np.median(np.linalg.norm(error, axis=-1)[tracks.visible]) < 0.4  # the fit is 3 px off


def test_a_head_that_does_not_name_its_parts_has_no_points_to_follow():
    assert track_points(replace(made_clip(2).head, regions={}), 100) is None


def wrong_fit(clip: MadeClip, tmp_path, focal: float | None = None) -> Fit:
    result = fit.run(
        clip.landmarks,
        clip.head,
        Camera(focal, "known" if focal else "estimated"),
        FitSettings(key_frames=6, device="cpu"),
        context(tmp_path),
    )
    assert isinstance(result, Fit)
    return result


def rgb(view: View) -> np.ndarray:
    """The picture of a view."""
    return np.repeat(np.clip(np.exp(view.brightness) - 6, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def test_the_pictures_correct_the_focal_length_of_a_fit(tmp_path, monkeypatch):
    clip = made_clip(40, yaw=0.7, focal=600.0)
    before = replace(wrong_fit(clip, tmp_path, focal=900.0), focal_uncertainty=0.3, focal_source="assumed")
    pictures = {frame: rgb(pictured(clip, frame)) for frame in range(0, 40, 4)}
    evidence = evidence_of_pictures(before, clip.head, pictures.items())
    assert evidence is not None
    monkeypatch.setattr(picture_focal, "picture_evidence", lambda *_: evidence)
    after = estimate_focal_from_tracks(before, clip.head, None, context(tmp_path))  # type: ignore[arg-type]
    off_before, off_after = (abs(np.log(one.intrinsics.focal_x / 600)) for one in (before, after))
    assert abs(evidence.log_focal - np.log(600)) < min(0.5 * off_before, 1.5 * evidence.sigma)
    assert off_after < 0.7 * off_before
    assert after.focal_uncertainty < before.focal_uncertainty
    assert after.report.picture_focal is not None and after.report.picture_focal["frames"] == len(pictures)
    assert np.nanmedian(after.reprojection_error) < np.nanmedian(before.reprojection_error) + 0.3


def test_a_known_focal_length_asks_no_pictures(tmp_path):
    clip = made_clip(12, focal=FOCAL)
    known = wrong_fit(clip, tmp_path, focal=FOCAL)
    assert estimate_focal_from_tracks(known, clip.head, None, context(tmp_path)) is known  # type: ignore[arg-type]


def test_what_is_surer_weighs_more(tmp_path):
    clip = made_clip(12, focal=FOCAL)
    before = replace(wrong_fit(clip, tmp_path), focal_uncertainty=0.2)
    focal, sigma = weighed(before, PictureEvidence(np.log(2000.0), 0.1, 100, 20))
    expected = (np.log(before.intrinsics.focal_x) + 4 * np.log(2000.0)) / 5
    assert np.log(focal) == pytest.approx(expected)
    assert sigma == pytest.approx(0.2 / np.sqrt(5))
