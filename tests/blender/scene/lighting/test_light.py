"""The light of the footage as a world: it shades a white ball as the harmonics say, turns with the camera, and goes."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.shading import light_terms
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.lighting import world
from flame_extension.blender_flame_tracker.scene.lighting.environment import environment_of
from flame_extension.blender_flame_tracker.scene.rendering import render
from scene_probes import read_picture
from synthetic_tracks import make_track, with_rows

SIDE = 40
FROM_THE_LEFT = np.zeros((9, 3))
FROM_THE_LEFT[0], FROM_THE_LEFT[1], FROM_THE_LEFT[2], FROM_THE_LEFT[3] = 1.0, -0.4, -0.2, -0.3
FROM_THE_LEFT[4:] = np.array([0.05, -0.04, 0.03, 0.06, 0.02])[:, None]
FROM_THE_LEFT = FROM_THE_LEFT * np.array([1.1, 1.0, 0.8])
"""Harmonics of warm light from the left of the picture and from above."""


@pytest.fixture(autouse=True)
def faithful_colours(_empty_file):
    bpy.context.scene.view_settings.view_transform = "Standard"


def lit_track(frames=3, gain=None, light=FROM_THE_LEFT):
    track = make_track(frames, intrinsics=Intrinsics.centred(SIDE, SIDE, 250.0))
    track.header["shading"] = {"space": "own"}
    return with_rows(
        track,
        light=np.broadcast_to(light, (frames, 9, 3)).astype(np.float32),
        gain=np.ones((frames, 3), np.float32) if gain is None else np.asarray(gain, np.float32),
        albedo=np.zeros(2, np.float32),
    )


def add_ball(made):
    """A white matt ball that fills the picture of the camera, in the place of the head."""
    made.parts.head.hide_render = True
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=0.04)
    ball = bpy.context.object
    ball.data.shade_smooth()
    ball.parent = made.parts.camera
    ball.location = (0.0, 0.0, -0.6)
    material = bpy.data.materials.new("white")
    material.use_nodes = True
    material.node_tree.nodes.clear()
    shader = material.node_tree.nodes.new("ShaderNodeBsdfDiffuse")
    shader.inputs["Color"].default_value = (0.5, 0.5, 0.5, 1.0)
    output = material.node_tree.nodes.new("ShaderNodeOutputMaterial")
    material.node_tree.links.new(shader.outputs[0], output.inputs[0])
    ball.data.materials.append(material)


def rendered(frame, folder):
    """The picture through the scene's camera, linear (H, W, 3)."""
    scene = bpy.context.scene
    render.set_renderer(scene, render.StillSettings(samples=32))
    scene.view_settings.view_transform = "Raw"
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.frame_set(frame)
    scene.render.filepath = str(folder / f"ball{frame}.exr")
    bpy.ops.render.render(write_still=True)
    return read_picture(folder / f"ball{frame}.exr")


def difference(picture, light):
    """Root mean square of the difference from the harmonics on the ball, as a share of their mean."""
    # The ball's centre lies 0.6 m before the camera; pixels near its rim are left out.
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    ray = np.stack([(x - (SIDE - 1) / 2) / 250.0, (y - (SIDE - 1) / 2) / 250.0, np.ones((SIDE, SIDE))], axis=-1)
    ray /= np.linalg.norm(ray, axis=-1, keepdims=True)
    along = 0.6 * ray[..., 2]
    inside = 0.04**2 - (0.6**2 - along**2)
    on_ball = inside > 0.2 * 0.04**2
    point = ray * (along - np.sqrt(np.maximum(inside, 0)))[..., None] - np.array([0, 0, 0.6])
    wanted = 0.5 * light_terms(point / 0.04) @ light
    wrong = (picture - wanted)[on_ball]
    return np.sqrt(np.mean(wrong**2)) / wanted[on_ball].mean()


@pytest.mark.parametrize("motion", ["camera", "head"])
def test_a_white_ball_is_shaded_as_the_harmonics_say_wherever_the_camera_turns(motion, tmp_path):
    made = import_track(lit_track(), SceneSettings(light="world", motion=motion, plate=False))
    assert made.notices == ()
    made.parts.root.rotation_euler = (0.3, 0.2, 1.1)
    add_ball(made)
    for frame in (1, 2):
        assert difference(rendered(frame, tmp_path), FROM_THE_LEFT) < 0.03


def test_the_exposure_of_every_frame_is_keyed_where_that_is_asked(tmp_path):
    gain = np.array([[1.0, 1.0, 1.0], [0.7, 0.8, 0.9], [1.2, 1.2, 1.2]])
    made = import_track(lit_track(gain=gain), SceneSettings(light="exposure", plate=False))
    add_ball(made)
    assert difference(rendered(2, tmp_path), FROM_THE_LEFT * gain[1]) < 0.03
    made = import_track(lit_track(gain=gain), SceneSettings(light="world", plate=False))
    made.parts.head.hide_render = True
    assert bpy.context.scene.world.node_tree.animation_data.action is None
    assert difference(rendered(2, tmp_path), FROM_THE_LEFT * gain.mean(axis=0)) < 0.03


def test_the_world_of_the_user_is_kept_and_comes_back():
    scene = bpy.context.scene
    scene.world = mine = bpy.data.worlds.new("mine")
    import_track(lit_track(), SceneSettings(light="world"))
    assert scene.world != mine and mine.name == "mine" and mine.users > 0
    lit, images = scene.world, len(bpy.data.images)
    import_track(lit_track(), SceneSettings(light="exposure"))
    assert scene.world == lit and (len(bpy.data.worlds), len(bpy.data.images)) == (2, images)
    assert scene.render.film_transparent, "the footage stays behind the head"
    import_track(lit_track(), SceneSettings(light="none"))
    assert not scene.render.film_transparent
    assert scene.world == mine and len(bpy.data.worlds) == 1 and len(bpy.data.images) == images - 1


def test_the_world_of_the_user_comes_back_when_the_track_is_deleted():
    scene = bpy.context.scene
    scene.world = mine = bpy.data.worlds.new("mine")
    world.register()
    try:
        made = import_track(lit_track(), SceneSettings(light="world"))
        bpy.data.collections.remove(made.parts.collection)
        bpy.context.view_layer.update()
        assert scene.world == mine
    finally:
        world.unregister()


def test_a_scene_without_a_world_has_none_again():
    scene = bpy.context.scene
    scene.world = None
    import_track(lit_track(), SceneSettings(light="world"))
    assert scene.world is not None
    import_track(lit_track(), SceneSettings())
    assert scene.world is None


def test_the_world_is_there_again_when_the_file_is_opened(tmp_path):
    import_track(lit_track(), SceneSettings(light="world", plate=False))
    before = environment_of(FROM_THE_LEFT).radiance
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "lit.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "lit.blend"))
    (image,) = (each for each in bpy.data.images if each.packed_file)
    pixels = np.empty(len(image.pixels), np.float32)
    image.pixels.foreach_get(pixels)
    assert np.allclose(pixels.reshape(*before.shape[:2], 4)[..., :3], before, atol=2e-3)


def test_a_track_without_light_says_so_and_leaves_the_world():
    scene = bpy.context.scene
    scene.world = mine = bpy.data.worlds.new("mine")
    made = import_track(make_track(3), SceneSettings(light="world"))
    assert [notice.code for notice in made.notices if notice.code != "plate-missing"] == ["no-light"]
    assert scene.world == mine


def test_a_view_that_changes_colours_is_told():
    bpy.context.scene.view_settings.view_transform = "AgX"
    made = import_track(lit_track(), SceneSettings(light="world", plate=False, fit_scene="never"))
    assert [notice.code for notice in made.notices] == ["scene-kept", "view-transform"]


def test_light_that_is_stronger_than_light_can_be_is_told():
    light = FROM_THE_LEFT.copy()
    light[1] = -1.6
    made = import_track(lit_track(light=light), SceneSettings(light="world", plate=False))
    assert [notice.code for notice in made.notices] == ["light-rough"]
    pixels = environment_of(light).radiance
    assert pixels.min() >= 0
