"""Pixels of the footage are where Blender's camera shows them in the view."""

import bpy
import numpy as np
import pytest
from flame_extension.blender_flame_tracker.pinning.view import camera_view
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from pin_helpers import View, shown_track
from scene_probes import pixels_by_engine


@pytest.mark.parametrize("scale", [1.0, 7.0])
def test_a_point_of_the_head_is_where_its_pixel_is(take, scale):
    parts, track = parts_of(take), shown_track(take)
    parts.root.scale = (scale, scale, scale)
    parts.root.location = (1.0, 2.0, 3.0)
    bpy.context.scene.frame_set(4)
    view = View(parts.camera)
    found = camera_view(view.region, view.region_3d, parts.camera, track.intrinsics_at(3))
    pixels = pixels_by_engine(track, 3)[:50]
    expected = np.stack([pixels[:, 0] + 0.5, 480 - pixels[:, 1] - 0.5], axis=1)
    assert np.abs(found.in_region(pixels) - expected).max() < 0.02
    assert np.allclose(found.pixel_at(*expected[7]), pixels[7], atol=0.02)
    assert found.scale == pytest.approx(1.0, abs=1e-3)


def test_a_view_from_elsewhere_shows_no_pixels(take):
    parts, track = parts_of(take), shown_track(take)
    view = View(parts.camera)
    elsewhere = view.region_3d
    elsewhere.view_perspective = "PERSP"
    assert camera_view(view.region, elsewhere, parts.camera, track.intrinsics) is None
