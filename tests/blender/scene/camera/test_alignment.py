"""The imported head lies where the engine says, through Blender's own camera, to 0.05 px."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.importer import ImportResult, import_track
from scene_probes import pixels_by_engine, pixels_by_matrix, pixels_by_view
from synthetic_tracks import make_track

CAMERAS = {
    "centred": Intrinsics.centred(640, 480, 700.0),
    "off-centre": Intrinsics(1920, 1080, 1500.0, 1500.0, 700.3, 610.8),
    "portrait": Intrinsics(1080, 1920, 1400.0, 1400.0, 560.0, 930.0),
    "wide pixels": Intrinsics(720, 576, 800.0, 880.0, 350.0, 300.0),
    "tall pixels": Intrinsics(720, 480, 880.0, 800.0, 371.0, 222.0),
    "portrait, off-centre, wide pixels": Intrinsics(480, 640, 620.0, 700.0, 200.0, 400.0),
    "4K, long lens": Intrinsics(3840, 2160, 9000.0, 9000.0, 1919.5, 1079.5),
}


@pytest.mark.parametrize("motion", ["camera", "head"])
@pytest.mark.parametrize("intrinsics", CAMERAS.values(), ids=CAMERAS.keys())
def test_head_projects_as_in_the_engine_on_every_frame(intrinsics, motion):
    track = make_track(7, intrinsics=intrinsics)
    made = import_track(track, SceneSettings(motion=motion))
    assert isinstance(made, ImportResult)
    for row in range(len(track)):
        bpy.context.scene.frame_set(1 + row)
        expected = pixels_by_engine(track, row)
        for seen in (pixels_by_view, pixels_by_matrix):
            error = np.abs(seen(made.parts.head, made.parts.camera, intrinsics) - expected).max()
            assert error <= 0.05, f"frame {row}: {error:.4f} px by {seen.__name__}"


def test_the_whole_take_can_be_moved_turned_and_scaled_by_its_root():
    track = make_track(3)
    made = import_track(track, SceneSettings())
    made.parts.root.location = (1.0, -2.0, 0.5)
    made.parts.root.rotation_euler = (0.1, 0.2, 2.0)
    made.parts.root.scale = (2.0, 2.0, 2.0)
    bpy.context.scene.frame_set(2)
    seen = pixels_by_matrix(made.parts.head, made.parts.camera, track.intrinsics)
    assert np.abs(seen - pixels_by_engine(track, 1)).max() <= 0.05


def test_the_camera_is_right_also_when_the_scene_keeps_its_own_resolution():
    track = make_track(3)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 1280, 960
    made = import_track(track, SceneSettings(fit_scene="never"))
    assert (scene.render.resolution_x, scene.render.resolution_y) == (1280, 960)
    scene.frame_set(1)
    twice = Intrinsics.centred(1280, 960, 1400.0)
    seen = pixels_by_matrix(made.parts.head, made.parts.camera, twice)
    assert np.abs((seen + 0.5) / 2 - 0.5 - pixels_by_engine(track, 0)).max() <= 0.05


def test_blender_clips_nothing_of_a_head_that_is_very_near_or_very_far():
    near, far = make_track(2, seed=1), make_track(2, seed=2)
    near.head_translation[:, 2], far.head_translation[:, 2] = 0.16, 900.0
    made = import_track(near, SceneSettings())
    assert made.parts.camera.data.clip_start < 0.16 - 0.11
    made = import_track(far, SceneSettings())
    assert made.parts.camera.data.clip_end > 900.2
