"""A photograph's track of one frame: the picture itself is behind the head, at its size."""

from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import footage_picture
from synthetic_tracks import make_track

WIDTH, HEIGHT = 96, 64


def write_png(path):
    """Left half red, right half blue."""
    image = bpy.data.images.new("photo", WIDTH, HEIGHT)
    pixels = np.zeros((HEIGHT, WIDTH, 4), dtype=np.float32)
    pixels[:, : WIDTH // 2, 0] = pixels[:, WIDTH // 2 :, 2] = pixels[..., 3] = 1
    image.pixels.foreach_set(pixels.ravel())
    image.filepath_raw, image.file_format = str(path), "PNG"
    image.save()
    bpy.data.images.remove(image)


@pytest.mark.parametrize("name", ["anna é.png", "IMG_0042.png"])
def test_the_photograph_is_behind_the_head(name, tmp_path):
    path = tmp_path / name
    write_png(path)
    camera = Intrinsics.centred(WIDTH, HEIGHT, 150.0)
    video = {"name": path.name, "path": str(path)}
    track = make_track(1, rate=Fraction(1), frame_index=np.arange(1), intrinsics=camera, video=video)
    made = import_track(track, SceneSettings())
    assert made.notices == ()
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (WIDTH, HEIGHT)
    assert (scene.frame_start, scene.frame_end) == (1, 1)
    picture = footage_picture(made.parts.clip, 1, tmp_path)
    assert picture[HEIGHT // 2, 4, 0] > 0.8 and picture[HEIGHT // 2, 4, 2] < 0.2
    assert picture[HEIGHT // 2, WIDTH - 4, 2] > 0.8


def test_photographs_have_no_rate_and_take_that_of_the_scene():
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.collection.objects.link(bpy.data.objects.new("set", None))
    camera = Intrinsics.centred(WIDTH, HEIGHT, 150.0)
    several = make_track(4, rate=Fraction(24), intrinsics=camera, video={"name": "a.png", "photographs": ["a", "b"]})
    made = import_track(several, SceneSettings(plate=False))
    assert list(made.timeline.frame) == [1, 2, 3, 4] and "frame rate" not in made.notices[0].sentence
    one = make_track(1, rate=Fraction(1), intrinsics=camera, video={"name": "b.png"})
    assert "frame rate" not in import_track(one, SceneSettings(plate=False)).notices[0].sentence


def test_one_photograph_leaves_an_empty_scene_its_rate():
    import_track(make_track(1, rate=Fraction(1)), SceneSettings(plate=False))
    assert bpy.context.scene.render.fps == 24
