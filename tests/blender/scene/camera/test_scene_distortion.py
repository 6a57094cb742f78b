"""A curved lens in Blender: its own straightened footage is ours, and an import shows the head over it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.distortion import CurvedLens, Distortion
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import DISTORTION, Track
from flame_extension.blender_flame_tracker.scene.camera.distortion import (
    add_lens,
    clip_distortion,
    clip_intrinsics,
    is_curved,
    write_clip_lens,
)
from flame_extension.blender_flame_tracker.scene.footage.plate import Plate, background_of, show_plate
from flame_extension.blender_flame_tracker.scene.footage.straight_footage import (
    lens_behind,
    on_footage,
    outline_as_shown,
)
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.rendering.compositor_nodes import (
    add_node,
    compositor,
    set_option,
    through,
)
from synthetic_tracks import make_track

WIDTH, HEIGHT = 160, 90


def waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """A smooth pattern that tells every pixel from its neighbours, 0..1."""
    return 0.5 + 0.35 * np.sin(x / 9) * np.cos(y / 7)


def pixels() -> np.ndarray:
    return np.stack(np.meshgrid(np.arange(WIDTH, dtype=float), np.arange(HEIGHT, dtype=float)), axis=-1)


@pytest.fixture
def footage(tmp_path: Path) -> bpy.types.MovieClip:
    grey = np.rint(255 * waves(*np.moveaxis(pixels(), -1, 0))).astype(np.uint8)
    path = tmp_path / "waves.png"
    path.write_bytes(film.png(np.repeat(grey[..., None], 3, axis=2)))
    return bpy.data.movieclips.load(str(path))


def straightened_by_blender(clip: bpy.types.MovieClip, folder: Path) -> np.ndarray:
    """What Blender shows of a clip without its distortion, as behind a camera (H, W), 0..1."""
    scene: Any = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    render.use_sequencer, render.use_compositing = True, False
    render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    scene.sequencer_colorspace_settings.name = "sRGB"
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_clip("footage", clip, 1, 1).undistort = True
    scene.frame_start = scene.frame_end = 1
    scene.frame_set(1)
    render.filepath = str(folder / "straight.png")
    bpy.ops.render.render(write_still=True)
    return picture_of(Path(render.filepath))


def picture_of(path: Path) -> np.ndarray:
    """A picture of the size of the footage (H, W), 0..1."""
    picture = bpy.data.images.load(str(path))
    picture.colorspace_settings.name = "Non-Color"
    values = np.empty(WIDTH * HEIGHT * 4, dtype=np.float32)
    picture.pixels.foreach_get(values)
    return values.reshape(HEIGHT, WIDTH, 4)[::-1, :, 0]


@pytest.mark.parametrize(
    ("distortion", "centre", "squeeze"),
    [
        (Distortion(-0.1), (79.5, 44.5), 1.0),
        (Distortion(-0.15, 0.05, 0.01), (70.0, 50.0), 1.0),
        (Distortion(0.05), (85.0, 40.0), 4 / 3),
        (Distortion(-0.1, 0.02, 0.0, 0.02, -0.03), (70.0, 50.0), 1.0),
    ],
)
def test_blender_straightens_a_clip_as_the_engine_does(
    footage: bpy.types.MovieClip,
    tmp_path: Path,
    distortion: Distortion,
    centre: tuple[float, float],
    squeeze: float,
) -> None:
    lens = CurvedLens(Intrinsics(WIDTH, HEIGHT, 120.0, 120.0 * squeeze, *centre), distortion)
    write_clip_lens(footage, lens)
    source = lens.on_footage(pixels())
    inside = ((source > 2) & (source < (WIDTH - 3, HEIGHT - 3))).all(axis=-1)
    apart = straightened_by_blender(footage, tmp_path) - waves(*np.moveaxis(source, -1, 0))
    # 8 bits and Blender's own interpolation; a tenth of a pixel would be 0.005.
    assert np.abs(apart[inside]).max() < 0.01
    assert np.sqrt((apart[inside] ** 2).mean()) < 0.003


def test_the_lens_of_a_clip_is_read_as_it_was_written(footage: bpy.types.MovieClip) -> None:
    lens = CurvedLens(Intrinsics(WIDTH, HEIGHT, 120.0, 160.0, 70.0, 50.0), Distortion(-0.1, 0.02, 0.0, 0.02, -0.03))
    write_clip_lens(footage, lens)
    assert asdict(clip_intrinsics(footage)) == pytest.approx(asdict(lens.intrinsics), abs=1e-3)
    distortion = clip_distortion(footage)
    assert distortion is not None and asdict(distortion) == pytest.approx(asdict(lens.distortion), abs=1e-6)


def curved(track: Track, distortion: Distortion) -> Track:
    return replace(track, header={**track.header, DISTORTION: asdict(distortion)})


def test_an_import_shows_straight_footage_behind_the_head(tmp_path: Path) -> None:
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)
    size = Intrinsics(film.WIDTH, film.HEIGHT, 150.0, 150.0, 60.0, 33.0)
    plain = make_track(12, intrinsics=size, video={"name": "clip.mkv", "path": str(path)})
    made = import_track(curved(plain, Distortion(-0.1, 0.01)), SceneSettings())
    clip = made.parts.clip
    assert clip_distortion(clip).k1 == pytest.approx(-0.1)
    assert asdict(clip_intrinsics(clip)) == pytest.approx(asdict(size), abs=1e-3)
    assert background_of(made.parts.lens, clip, "BACK").clip_user.use_render_undistorted
    assert background_of(made.parts.lens, clip, "FRONT").clip_user.use_render_undistorted
    again = import_track(plain, SceneSettings())
    assert again.parts.clip == clip and not is_curved(clip)
    assert not background_of(again.parts.lens, clip, "BACK").clip_user.use_render_undistorted


def test_a_lens_that_the_user_gave_our_clip_stays(tmp_path: Path) -> None:
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)
    size = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)
    track = make_track(12, intrinsics=size, video={"name": "clip.mkv", "path": str(path)})
    import_track(track, SceneSettings()).parts.clip.tracking.camera.k1 = 0.07
    assert import_track(track, SceneSettings()).parts.clip.tracking.camera.k1 == pytest.approx(0.07)


@pytest.mark.parametrize(("k1", "shown"), [(-0.1, True), (0.0, False)])
def test_a_clip_that_the_user_has_opened_serves_if_its_lens_is_the_tracks(
    tmp_path: Path, k1: float, shown: bool
) -> None:
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)
    theirs = bpy.data.movieclips.load(str(path))
    size = Intrinsics.centred(film.WIDTH, film.HEIGHT, 150.0)
    theirs.tracking.camera.focal_length_pixels = 150.0
    theirs.tracking.camera.k1 = k1
    track = make_track(12, intrinsics=size, video={"name": "clip.mkv", "path": str(path)})
    made = import_track(curved(track, Distortion(-0.1)), SceneSettings())
    assert (made.parts.clip == theirs) == shown
    assert theirs.tracking.camera.k1 == pytest.approx(k1)


@pytest.mark.parametrize("straighten", [True, False])
@pytest.mark.parametrize(
    ("k1", "centre", "squeeze"),
    [
        (-0.1, (79.5, 44.5), 1.0),
        (-0.1, (70.0, 50.0), 1.0),
        (-0.15, (90.0, 38.0), 1.0),
        (0.06, (74.0, 50.0), 1.0),
        (-0.1, (70.0, 50.0), 2.0),
        (-0.1, (85.0, 40.0), 10 / 11),
    ],
)
def test_the_compositor_bends_a_picture_to_the_pixel(
    footage: bpy.types.MovieClip,
    tmp_path: Path,
    k1: float,
    centre: tuple[float, float],
    squeeze: float,
    straighten: bool,
) -> None:
    lens = CurvedLens(Intrinsics(WIDTH, HEIGHT, 120.0, 120.0 * squeeze, *centre), Distortion(k1))
    write_clip_lens(footage, lens)
    scene: Any = bpy.context.scene
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
    render.image_settings.file_format = "PNG"
    scene.view_settings.view_transform = "Standard"
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    tree, output = compositor(scene)
    source: Any = add_node(tree, "CompositorNodeMovieClip", "Footage", 0, 0)
    source.clip = footage
    bent = add_lens(tree, source.outputs["Image"], footage, (WIDTH, HEIGHT), (0, 0), straighten=straighten)
    tree.links.new(bent, output)
    render.filepath = str(tmp_path / "bent.png")
    bpy.ops.render.render(write_still=True)
    shown = picture_of(tmp_path / "bent.png")
    source_pixels = lens.on_footage(pixels()) if straighten else lens.straightened(pixels())
    inside = ((source_pixels > 8) & (source_pixels < (WIDTH - 9, HEIGHT - 9))).all(axis=-1)
    apart = shown - waves(*np.moveaxis(source_pixels, -1, 0))
    # A pixel is 0.04, and half of one is what 5.2 may be off.
    assert np.sqrt((apart[inside] ** 2).mean()) < (0.005 if bpy.app.version < (5, 1) else 0.02)


@pytest.mark.parametrize("percent", [50, 200])
def test_a_render_of_another_percentage_is_bent_as_far(
    footage: bpy.types.MovieClip, tmp_path: Path, percent: int
) -> None:
    lens = CurvedLens(Intrinsics(WIDTH, HEIGHT, 120.0, 240.0, 70.0, 50.0), Distortion(-0.1))
    write_clip_lens(footage, lens)
    scene: Any = bpy.context.scene
    scene.view_settings.view_transform = "Standard"
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    tree, output = compositor(scene)
    source: Any = add_node(tree, "CompositorNodeMovieClip", "Footage", 0, 0)
    source.clip = footage
    rendered = add_node(tree, "CompositorNodeScale", "As Large as a Render", 0, 0)
    set_option(rendered, "space", "Type", "RENDER_SIZE", "Render Size")
    picture = through(tree, source.outputs["Image"], rendered)
    tree.links.new(add_lens(tree, picture, footage, (WIDTH, HEIGHT), (0, 0), straighten=False), output)
    render = scene.render
    render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, percent
    render.image_settings.file_format, render.filepath = "PNG", str(tmp_path / "bent.png")
    bpy.ops.render.render(write_still=True)
    shown = bpy.data.images.load(render.filepath)
    shown.colorspace_settings.name = "Non-Color"
    width, height = shown.size
    values = np.array(shown.pixels).reshape(height, width, 4)[::-1, :, 0]
    at = np.stack(np.meshgrid(np.arange(width, dtype=float), np.arange(height, dtype=float)), axis=-1)
    filmed = (lens.resized(width, height).straightened(at) + 0.5) * 100 / percent - 0.5
    inside = ((filmed > 8) & (filmed < (WIDTH - 9, HEIGHT - 9))).all(axis=-1)
    apart = values - waves(*np.moveaxis(filmed, -1, 0))
    # A pixel of the footage is 0.04, and half of one of the smaller picture.
    assert np.sqrt((apart[inside] ** 2).mean()) < 0.04


def test_a_point_behind_the_camera_is_found_in_the_footage_and_back(tmp_path: Path) -> None:
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)
    size = Intrinsics(film.WIDTH, film.HEIGHT, 150.0, 150.0, 60.0, 33.0)
    plain = make_track(12, intrinsics=size, video={"name": "clip.mkv", "path": str(path)})
    track = curved(plain, Distortion(-0.1, 0.01, p1=0.02))
    camera = import_track(track, SceneSettings()).parts.camera
    lens = lens_behind(camera)
    assert lens is not None and track.curved is not None and lens.is_like(track.curved, 0.01)
    corners = np.array([(0.05, 0.1), (0.9, 0.15), (0.8, 0.95)])
    filmed = on_footage(corners, lens)
    assert np.abs(filmed - corners).max() > 0.005
    pixels = track.curved.on_footage(corners * (film.WIDTH, film.HEIGHT) - 0.5)
    np.testing.assert_allclose(filmed * (film.WIDTH, film.HEIGHT) - 0.5, pixels, atol=1e-2)
    shown = outline_as_shown(filmed, lens)
    np.testing.assert_allclose(shown[::8], corners, atol=1e-6)
    assert lens_behind(import_track(plain, SceneSettings()).parts.camera) is None


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_footage_that_is_shown_turned_is_bent_about_the_same_point(tmp_path: Path, turn: int) -> None:
    path = film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)
    clip = bpy.data.movieclips.load(str(path))
    across, down = (film.HEIGHT, film.WIDTH) if turn % 2 else (film.WIDTH, film.HEIGHT)
    upright = CurvedLens(Intrinsics(across, down, 150.0, 150.0, 40.0, 35.0), Distortion(-0.1, p1=0.02, p2=-0.01))
    write_clip_lens(clip, upright, turn)
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    show_plate(camera.data, Plate(clip, None, turn), straighten=True)
    found = lens_behind(camera)
    assert found is not None and found.is_like(upright, 0.01)


def test_points_beside_the_picture_stay_where_the_lens_ends() -> None:
    lens = CurvedLens(Intrinsics.centred(160, 90, 150.0), Distortion(-0.2))
    assert lens.is_one_to_one()
    far = np.array([(3.0, 0.5), (0.5, 0.5)])
    np.testing.assert_allclose(on_footage(far, lens), far, atol=1e-6)
    assert np.isfinite(outline_as_shown(far, lens)).all()
