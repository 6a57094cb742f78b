"""After the first import the head is seen at once; nothing of the user's is touched but Blender's own cube."""

import bpy
import pytest
from film import write_picture
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.results.first_view import import_and_show
from review_helpers import make_good_track, write_file


@pytest.fixture
def startup():
    bpy.ops.wm.read_homefile(use_factory_startup=True)


def bring(folder, **settings):
    return import_and_show(write_file(folder, make_good_track(4)), SceneSettings(**settings), bpy.context.scene)


def test_the_untouched_cube_of_the_startup_file_is_hidden_and_said(startup, tmp_path):
    cube = bpy.data.objects["Cube"]
    made = bring(tmp_path)
    assert cube.hide_get() and cube.hide_render and "cube-hidden" in [notice.code for notice in made.notices]
    cube.hide_set(False)
    again = bring(tmp_path)
    assert not cube.hide_get() and "cube-hidden" not in [notice.code for notice in again.notices]


@pytest.mark.parametrize("change", ["moved", "modelled", "modified", "unwanted"])
def test_a_cube_that_somebody_works_on_stays_to_be_seen(startup, tmp_path, change):
    cube = bpy.data.objects["Cube"]
    if change == "moved":
        cube.location.x = 3
    elif change == "modelled":
        cube.data.vertices[0].co.x += 0.1
    elif change == "modified":
        cube.modifiers.new("Bevel", "BEVEL")
    bring(tmp_path, camera_view=change != "unwanted")
    assert not cube.hide_get() and not cube.hide_render


def test_the_head_becomes_the_active_object_and_the_only_selected_one(startup, tmp_path):
    head = bring(tmp_path).parts.head
    assert bpy.context.view_layer.objects.active == head and list(bpy.context.selected_objects) == [head]


def test_solid_views_show_the_texture_once_the_head_has_one(startup, tmp_path):
    shadings = [
        area.spaces.active.shading
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    if not shadings:
        pytest.skip("this Blender module opens no window of the startup file")
    bring(tmp_path)
    assert {each.color_type for each in shadings} == {"MATERIAL"}
    write_picture(tmp_path / "texture.png", (1.0, 0.0, 0.0))
    bring(tmp_path)
    assert {each.color_type for each in shadings} == {"TEXTURE"}
    shadings[0].color_type = "MATERIAL"
    bring(tmp_path)
    assert shadings[0].color_type == "MATERIAL", "what the user has chosen since then stays"


def test_views_look_through_the_camera_after_the_first_import_only(startup, tmp_path):
    views = [
        area.spaces.active.region_3d
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    if not views:
        pytest.skip("this Blender module opens no window of the startup file")
    bring(tmp_path)
    assert {view.view_perspective for view in views} == {"CAMERA"}
    views[0].view_perspective = "PERSP"
    bring(tmp_path)
    assert views[0].view_perspective == "PERSP"


def test_a_head_in_an_excluded_collection_is_imported_all_the_same(startup, tmp_path):
    made = bring(tmp_path)
    bpy.context.view_layer.layer_collection.children[made.parts.collection.name].exclude = True
    assert bring(tmp_path).parts.head == made.parts.head
