"""A lens that zooms: Blender's camera has it frame by frame, and the head stays on the footage to a pixel."""

from dataclasses import replace

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import SCHEMA, Track, read_track, write_track
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.importer import ImportResult, import_track
from scene_probes import pixels_by_engine, pixels_by_matrix, pixels_by_view
from synthetic_tracks import make_track

CAMERAS = {
    "centred": Intrinsics.centred(640, 480, 700.0),
    "portrait, off-centre, wide pixels": Intrinsics(480, 640, 620.0, 700.0, 200.0, 400.0),
}
FACTOR = np.array([1.0, 1.0, 1.1, 1.3, 1.6, 1.9, 2.0])


def zooming(intrinsics: Intrinsics | None = None, **other) -> Track:
    """A track whose lens doubles its focal length."""
    track = make_track(len(FACTOR), intrinsics=intrinsics, **other)
    return replace(track, zoom=FACTOR, header={**track.header, "schema": SCHEMA})


def worst_pixel(made: ImportResult, track: Track, start: int = 1) -> float:
    """Largest distance between Blender's projection and the engine's on any frame."""
    worst = 0.0
    for row, index in enumerate(track.frame_index):
        bpy.context.scene.frame_set(start + int(index))
        for seen in (pixels_by_view, pixels_by_matrix):
            pixels = seen(made.parts.head, made.parts.camera, track.intrinsics)
            worst = max(worst, float(np.abs(pixels - pixels_by_engine(track, row)).max()))
    return worst


@pytest.mark.parametrize("motion", ["camera", "head"])
@pytest.mark.parametrize("intrinsics", CAMERAS.values(), ids=CAMERAS.keys())
def test_the_head_lies_on_the_footage_in_a_zoom(tmp_path, intrinsics, motion):
    write_track(tmp_path / "zoom.npz", zooming(intrinsics))
    track = read_track(tmp_path / "zoom.npz")
    made = import_track(tmp_path / "zoom.npz", SceneSettings(motion=motion))
    assert isinstance(made, ImportResult)
    assert worst_pixel(made, track) <= 0.05
    lens = made.parts.camera.data.lens
    bpy.context.scene.frame_set(1)
    assert lens == pytest.approx(2 * made.parts.camera.data.lens, rel=1e-5)


def test_a_zoom_that_is_tracked_with_one_lens_again_leaves_no_keys_behind(tmp_path):
    write_track(tmp_path / "take.npz", zooming())
    made = import_track(tmp_path / "take.npz", SceneSettings())
    assert keyframes.find_curve(made.parts.camera.data, "lens") is not None
    still = make_track(len(FACTOR))
    write_track(tmp_path / "take.npz", still)
    again = import_track(tmp_path / "take.npz", SceneSettings())
    assert again.parts.camera == made.parts.camera
    assert keyframes.find_curve(again.parts.camera.data, "lens") is None
    assert worst_pixel(again, still) <= 0.05


def test_a_second_person_shares_the_zoom(tmp_path):
    first = import_track(zooming(), SceneSettings())
    write_track(tmp_path / "two.npz", zooming(Intrinsics.centred(640, 480, 640.0), seed=9))
    second = import_track(tmp_path / "two.npz", SceneSettings(same_camera=first.parts.collection.name))
    assert second.parts.shares_camera
    assert worst_pixel(second, read_track(tmp_path / "two.npz")) <= 0.05


def test_a_second_person_tracked_without_the_zoom_is_told_so(tmp_path):
    first = import_track(zooming(), SceneSettings())
    write_track(tmp_path / "two.npz", make_track(len(FACTOR), seed=9))
    second = import_track(tmp_path / "two.npz", SceneSettings(same_camera=first.parts.collection.name))
    (notice,) = [notice for notice in second.notices if notice.code == "other-zoom"]
    assert "100 %" in notice.sentence
