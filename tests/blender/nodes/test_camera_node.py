"""The node Camera: a camera or a movie clip of Blender's becomes what the engine knows of the lens."""

from __future__ import annotations

from pathlib import Path

import bpy
import film
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import CameraSettings
from flame_extension.blender_flame_tracker.nodes.stages.camera import camera_settings, clip_settings


@pytest.fixture
def clip(tmp_path: Path) -> bpy.types.MovieClip:
    path = tmp_path / "shot.png"
    path.write_bytes(film.png(film.picture(3, 160, 90)))
    return bpy.data.movieclips.load(str(path))


def test_a_clip_gives_focal_length_principal_point_and_distortion(clip: bpy.types.MovieClip) -> None:
    camera = clip.tracking.camera
    camera.focal_length_pixels = 120.0
    camera.principal_point_pixels = (70.0, 39.0)
    camera.k1, camera.k2 = -0.1, 0.02
    settings = clip_settings(clip, "Camera")
    assert isinstance(settings, CameraSettings)
    assert (settings.focal_mode, settings.principal_point, settings.distortion) == ("pixels", "known", "known")
    # Blender counts from the lower left pixel's middle, the setting from the upper left corner.
    assert (settings.centre_x, settings.centre_y) == pytest.approx((70.5, 90 - 39.5), abs=1e-3)
    assert (settings.focal_pixels, settings.k1, settings.k2) == pytest.approx((120.0, -0.1, 0.02), abs=1e-3)


def test_a_clip_that_nobody_has_calibrated_is_straight_and_centred(clip: bpy.types.MovieClip) -> None:
    settings = clip_settings(clip, "Camera")
    assert isinstance(settings, CameraSettings)
    assert (settings.principal_point, settings.distortion) == ("middle", "none")


def test_wide_pixels_of_a_clip_are_counted_as_square_ones(clip: bpy.types.MovieClip) -> None:
    clip.tracking.camera.focal_length_pixels = 120.0
    clip.tracking.camera.pixel_aspect = 4 / 3
    settings = clip_settings(clip, "Camera")
    assert isinstance(settings, CameraSettings) and settings.focal_pixels == pytest.approx(160.0, abs=1e-3)


def test_what_a_clip_cannot_tell_is_said(clip: bpy.types.MovieClip) -> None:
    missing = clip_settings(None, "Camera")
    assert isinstance(missing, Failure) and missing.code == "clip-missing"
    clip.tracking.camera.distortion_model = "NUKE"
    other = clip_settings(clip, "Camera")
    assert isinstance(other, Failure) and "Nuke" in other.sentence


@pytest.mark.parametrize(
    ("fit", "shift"), [("AUTO", (0.1, 0.05)), ("HORIZONTAL", (0.1, 0.05)), ("VERTICAL", (0.05, 0.025))]
)
def test_the_shift_of_a_camera_is_told_in_shares_of_the_longer_side(fit: str, shift: tuple[float, float]) -> None:
    camera = bpy.data.cameras.new("matched")
    camera.sensor_fit, camera.shift_x, camera.shift_y = fit, 0.1, 0.05
    render = bpy.context.scene.render
    render.resolution_x, render.resolution_y = 1280, 640
    settings = camera_settings(camera, render)
    assert settings.principal_point == "shift"
    assert (settings.shift_x, settings.shift_y) == pytest.approx(shift, abs=1e-6)


def test_a_camera_without_shift_looks_through_the_middle() -> None:
    settings = camera_settings(bpy.data.cameras.new("straight"), bpy.context.scene.render)
    assert settings.principal_point == "middle"
