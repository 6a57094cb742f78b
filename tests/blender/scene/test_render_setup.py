"""One press sets up a render over the footage; nodes of the user stay in the compositor."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.over_footage import lay_over_footage
from flame_extension.blender_flame_tracker.scene.render_setup import set_up_render
from scene_probes import pixels_by_engine, read_picture
from synthetic_tracks import make_track

SIZE = Intrinsics.centred(film.WIDTH, film.HEIGHT, 130.0)
FRAME = 3


@pytest.fixture
def made(tmp_path):
    # With sound: a strip of it in the sequencer must not take the place of what is rendered.
    sound = np.zeros(film.SOUND_RATE // 4, dtype=np.int16)
    path = film.write_film(tmp_path / "clip.mkv", np.arange(6) / 25, 25, sound=sound)
    track = make_track(6, intrinsics=SIZE, video={"name": "clip.mkv", "path": str(path)})
    write_track(tmp_path / "track.npz", track)
    return import_track(tmp_path / "track.npz", SceneSettings())


def rendered(folder):
    """The picture (H, W, 3) that F12 gives on a frame of which the footage shows three."""
    scene = bpy.context.scene
    if scene.render.engine == "CYCLES":
        scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 1, "CPU", False
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    scene.frame_set(1 + FRAME)
    scene.render.filepath = str(folder / "render.png")
    bpy.ops.render.render(write_still=True)
    return read_picture(folder / "render.png")


def on_the_head():
    """Row and column of a pixel in the middle of the head."""
    points = pixels_by_engine(make_track(6, intrinsics=SIZE), FRAME)
    left, top = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return int((top + bottom) / 2), int((left + right) / 2)


@pytest.mark.parametrize(("head", "seen"), [("rendered", True), ("holdout", False), ("shadow", False)])
def test_the_footage_is_behind_the_render_and_the_head_does_what_is_asked(made, tmp_path, head, seen):
    bpy.context.scene.render.engine = "CYCLES"
    assert set_up_render(bpy.context.scene, made.parts, head)
    picture, footage = rendered(tmp_path), film.picture(FRAME) / 255
    assert np.abs(picture[2:6, 2:6] - footage[2:6, 2:6]).max() < 0.03
    row, column = on_the_head()
    assert (np.abs(picture[row, column] - footage[row, column]).max() > 0.05) == seen


def wall_behind_the_head():
    """A plane that fills the picture."""
    wall = bpy.data.objects.new("wall", bpy.data.meshes.new("wall"))
    wall.data.from_pydata([(-90, 9, -90), (90, 9, -90), (90, 9, 90), (-90, 9, 90)], [], [(0, 1, 2, 3)])
    bpy.context.scene.collection.objects.link(wall)


def test_what_is_behind_the_head_is_hidden_by_a_holdout(made, tmp_path):
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    wall_behind_the_head()
    set_up_render(scene, made.parts, "holdout")
    picture, footage = rendered(tmp_path), film.picture(FRAME) / 255
    row, column = on_the_head()
    assert np.abs(picture[row, column] - footage[row, column]).max() < 0.03
    assert np.abs(picture[2:6, 2:6] - footage[2:6, 2:6]).max() > 0.1


@pytest.mark.parametrize("size", [(128, 128), (256, 64), (128, 64)])
def test_in_a_picture_of_another_shape_the_footage_keeps_its_own_and_fills_the_width(made, tmp_path, size):
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    made.parts.head.hide_render = True
    scene.render.resolution_x, scene.render.resolution_y = size
    set_up_render(scene, made.parts, "rendered")
    picture = rendered(tmp_path)
    middle = picture[size[1] // 2]
    assert film.number_in(middle[None]) == FRAME
    covered = (picture.max(axis=(1, 2)) > 0.05).sum()
    assert covered == pytest.approx(min(size[1], size[0] // 2), abs=2)


def test_what_is_rendered_is_seen_also_where_the_footage_leaves_bars(made, tmp_path):
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.resolution_x, scene.render.resolution_y = 64, 128
    wall_behind_the_head()
    set_up_render(scene, made.parts, "rendered")
    picture = rendered(tmp_path)
    assert picture[4, 32].max() > 0.1 and picture[124, 32].max() > 0.1


def test_nodes_of_the_user_stay_and_pressing_again_adds_none(made, tmp_path):
    scene = bpy.context.scene
    clip = made.parts.clip
    lay_over_footage(scene, clip)
    tree = scene.compositing_node_group if hasattr(scene, "compositing_node_group") else scene.node_tree
    over = tree.nodes["FLAME Over"]
    front = [socket for socket in over.inputs if socket.type == "RGBA"][1]
    blur = tree.nodes.new("CompositorNodeInvert")
    source = front.links[0].from_socket
    tree.links.new(source, next(socket for socket in blur.inputs if socket.type == "RGBA"))
    tree.links.new(blur.outputs[0], front)
    names = {node.name for node in tree.nodes}
    lay_over_footage(scene, clip)
    assert {node.name for node in tree.nodes} == names
    front = [socket for socket in tree.nodes["FLAME Over"].inputs if socket.type == "RGBA"][1]
    assert front.links[0].from_node == blur


def test_the_button_sets_up_the_render_through_the_camera_of_the_track(made, engine):
    scene = bpy.context.scene
    scene.camera = None
    scene.view_settings.view_transform = "AgX"
    assert bpy.ops.flame.set_up_render(head="holdout") == {"FINISHED"}
    assert scene.camera == made.parts.camera and scene.render.film_transparent
    assert scene.view_settings.view_transform == "Standard" and made.parts.head.is_holdout
    bpy.ops.flame.set_up_render(head="rendered")
    assert not made.parts.head.is_holdout


def test_loose_objects_are_parented_where_they_are_and_stay_on_the_head_when_the_motion_is_switched(made, engine):
    scene = bpy.context.scene
    hat = bpy.data.objects.new("hat", None)
    made.parts.collection.objects.link(hat)
    hat.location = (0, 0, 0.2)
    scene.frame_set(2)
    assert bpy.ops.flame.parent_loose_objects() == {"FINISHED"}
    assert not bpy.ops.flame.parent_loose_objects.poll()
    bpy.context.view_layer.update()
    assert np.allclose(hat.matrix_world.translation, (0, 0, 0.2), atol=1e-6)
    on_head = made.parts.head.matrix_world.inverted() @ hat.matrix_world.translation
    bpy.ops.flame.switch_motion()
    scene.frame_set(5)
    assert np.allclose(made.parts.head.matrix_world.inverted() @ hat.matrix_world.translation, on_head, atol=1e-6)
