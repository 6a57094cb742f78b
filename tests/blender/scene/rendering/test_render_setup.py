"""One press sets up a render over the footage; nodes of the user stay in the compositor."""

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from flame_extension.blender_flame_tracker.scene.rendering.over_footage import lay_over_footage
from flame_extension.blender_flame_tracker.scene.rendering.render_settings import RenderSettings
from flame_extension.blender_flame_tracker.scene.rendering.render_setup import set_up_render
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


def rendered(folder, samples=1, color_mode="RGB"):
    """The picture (H, W, 3) that F12 gives on a frame of which the footage shows three."""
    scene = bpy.context.scene
    if scene.render.engine == "CYCLES":
        scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = samples, "CPU", False
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = color_mode
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
    set_up_render(bpy.context.scene, made.parts, RenderSettings(head=head))
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
    set_up_render(scene, made.parts, RenderSettings(head="holdout"))
    picture, footage = rendered(tmp_path), film.picture(FRAME) / 255
    row, column = on_the_head()
    assert np.abs(picture[row, column] - footage[row, column]).max() < 0.03
    assert np.abs(picture[2:6, 2:6] - footage[2:6, 2:6]).max() > 0.1


def lamp_from_above(camera):
    """A sun above and behind the camera."""
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "SUN"))
    lamp.data.energy = 5.0
    lamp.parent, lamp.rotation_euler = camera, (-0.8, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(lamp)


def brim_over(camera):
    """A dark board between the lamp and the head, above the picture."""
    board = bpy.data.objects.new("board", bpy.data.meshes.new("board"))
    board.data.from_pydata([(-9, 0, -9), (9, 0, -9), (9, 0, 9), (-9, 0, 9)], [], [(0, 1, 2, 3)])
    board.parent, board.location = camera, (0.0, 0.9, 0.0)
    bpy.context.scene.collection.objects.link(board)


def test_a_shadow_falls_on_the_face_and_what_is_behind_the_head_is_hidden_by_it(made, tmp_path):
    scene = bpy.context.scene
    footage = film.picture(FRAME) / 255
    row, column = on_the_head()
    lamp_from_above(made.parts.camera)
    wall_behind_the_head()
    set_up_render(scene, made.parts, RenderSettings(head="shadow", engine="cycles"))
    lit = rendered(tmp_path)
    assert scene.render.engine == "CYCLES"
    assert np.abs(lit[row, column] - footage[row, column]).max() < 0.03
    assert np.abs(lit[2:6, 2:6] - footage[2:6, 2:6]).max() > 0.08
    brim_over(made.parts.camera)
    dark = rendered(tmp_path, samples=16)
    assert dark[row, column].max() < 0.6 * footage[row, column].max()


def test_a_guide_is_in_no_render_and_a_head_that_the_user_has_hidden_stays_hidden(made):
    scene, head = bpy.context.scene, made.parts.head
    set_up_render(scene, made.parts, RenderSettings(head="guide"))
    assert head.hide_render and not head.hide_viewport
    set_up_render(scene, made.parts, RenderSettings(head="rendered"))
    assert not head.hide_render
    head.hide_render = True
    set_up_render(scene, made.parts, RenderSettings(head="guide"))
    set_up_render(scene, made.parts, RenderSettings(head="rendered"))
    assert head.hide_render


@pytest.mark.parametrize(
    ("head", "engine", "becomes", "codes"),
    [
        ("holdout", "cycles", {"CYCLES"}, []),
        ("holdout", "eevee", {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"}, []),
        ("shadow", "eevee", {"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"}, []),
        ("guide", "keep", {"BLENDER_WORKBENCH"}, []),
    ],
)
def test_the_engine_is_what_is_asked_unless_the_head_needs_another(made, head, engine, becomes, codes):
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    said = set_up_render(scene, made.parts, RenderSettings(head=head, engine=engine))
    assert scene.render.engine in becomes and [notice.code for notice in said] == codes


def test_motion_blur_softens_the_outline_of_a_head_that_moves(made, tmp_path):
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    soft = []
    for blur in (False, True):
        set_up_render(scene, made.parts, RenderSettings(motion_blur=blur))
        scene.render.motion_blur_shutter = 1.0
        scene.render.use_compositing = False
        rendered(tmp_path, samples=16, color_mode="RGBA")
        image = bpy.data.images.load(str(tmp_path / "render.png"))
        alpha = np.array(image.pixels[:])[3::4]
        bpy.data.images.remove(image)
        soft.append(int(((alpha > 0.1) & (alpha < 0.9)).sum()))
    assert soft[1] > 1.3 * soft[0]


def test_what_the_clip_does_not_fill_is_said(made):
    scene = bpy.context.scene
    scene.frame_end += 10
    said = set_up_render(scene, made.parts, RenderSettings(head="guide"))
    assert [notice.code for notice in said] == ["range-wider"]


def test_two_scenes_have_a_compositor_each(made):
    scene = bpy.context.scene
    set_up_render(scene, made.parts, RenderSettings(head="guide"))
    other = scene.copy()
    set_up_render(other, made.parts, RenderSettings(head="guide", grain=1.0))
    trees = [
        each.compositing_node_group if hasattr(each, "compositing_node_group") else each.node_tree
        for each in (scene, other)
    ]
    assert trees[0] != trees[1]


@pytest.mark.parametrize("size", [(128, 128), (256, 64), (128, 64)])
def test_in_a_picture_of_another_shape_the_footage_keeps_its_own_and_fills_the_width(made, tmp_path, size):
    scene = bpy.context.scene
    scene.render.engine = "BLENDER_WORKBENCH"
    made.parts.head.hide_render = True
    scene.render.resolution_x, scene.render.resolution_y = size
    set_up_render(scene, made.parts, RenderSettings(head="rendered"))
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
    set_up_render(scene, made.parts, RenderSettings(head="rendered"))
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


def test_one_undo_takes_the_whole_set_up_back(made, engine):
    scene = bpy.context.scene
    scene.view_settings.view_transform, scene.render.engine = "AgX", "BLENDER_WORKBENCH"
    scene.render.film_transparent = False
    name = made.parts.head.name
    bpy.ops.ed.undo_push(message="before")
    objects = sorted(each.name for each in bpy.data.objects)
    bpy.ops.flame.set_up_render("EXEC_DEFAULT", head="shadow", view="render", motion_blur=True)
    bpy.ops.ed.undo_push(message="set up")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert scene.view_settings.view_transform == "AgX" and scene.render.engine == "BLENDER_WORKBENCH"
    assert not scene.render.film_transparent and not scene.render.use_motion_blur
    assert sorted(each.name for each in bpy.data.objects) == objects
    assert not bpy.data.objects[name].is_shadow_catcher
    assert not [group for group in bpy.data.node_groups if group.name.startswith("FLAME Finish")]


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


def test_footage_that_was_deleted_is_missed_in_a_sentence(made):
    collection = made.parts.collection
    bpy.data.movieclips.remove(made.parts.clip)
    notices = set_up_render(bpy.context.scene, parts_of(collection), RenderSettings())
    assert "no-footage" in [each.code for each in notices]


def test_footage_that_was_deleted_comes_back_with_an_update(made, tmp_path):
    scene, collection = bpy.context.scene, made.parts.collection
    for _ in range(2):
        bpy.data.movieclips.remove(parts_of(collection).clip)
        assert [each.clip for each in made.parts.lens.background_images] == [None, None]
        import_track(tmp_path / "track.npz", SceneSettings())
        assert "no-footage" not in [each.code for each in set_up_render(scene, parts_of(collection), RenderSettings())]
    pictures = made.parts.lens.background_images
    assert [each.clip for each in pictures] == [parts_of(collection).clip] * 2
    assert sorted(each.display_depth for each in pictures) == ["BACK", "FRONT"]


def test_a_camera_of_an_older_version_minds_deleted_footage_once_its_file_is_open(made, addon, tmp_path):
    lens = made.parts.lens
    del lens["flame_footage"]
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "older.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "older.blend"))
    bpy.context.view_layer.update()
    (lens,) = bpy.data.cameras
    bpy.data.movieclips.remove(bpy.data.movieclips[0])
    assert [each.clip for each in lens.background_images] == [None, None]
