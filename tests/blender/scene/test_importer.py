"""An import makes one collection; importing again replaces it and nothing else."""

from fractions import Fraction

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.camera import Intrinsics, blender_points
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.parts import parts_of
from scene_probes import evaluated_vertices, pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track


def datablocks():
    """Names of everything in the file, without the collection that the file started with."""
    kinds = ("objects", "meshes", "cameras", "collections", "materials", "actions", "shape_keys", "movieclips")
    return {(kind, block.name) for kind in kinds for block in getattr(bpy.data, kind)}


def test_everything_is_in_one_collection_named_after_the_clip():
    made = import_track(make_track(3, video={"name": "Interview 07.mov"}), SceneSettings())
    collection = bpy.context.scene.collection.children["Interview 07"]
    assert made.parts.collection == collection
    assert set(collection.objects) == {made.parts.root, made.parts.head, made.parts.camera} == set(bpy.data.objects)
    assert made.parts.head.parent == made.parts.camera.parent == made.parts.root


def test_the_mesh_is_smooth_and_has_uvs_and_a_group_per_region():
    track = make_track(2, full_size=True)
    head = import_track(track, SceneSettings()).parts.head
    mesh = head.data
    assert (len(mesh.vertices), len(mesh.polygons)) == (5023, len(track.faces))
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    assert not mesh.validate()
    corners = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    assert np.array_equal(corners.reshape(-1, 3), track.faces)
    uv = np.empty(2 * len(mesh.loops), dtype=np.float32)
    mesh.uv_layers["UVMap"].uv.foreach_get("vector", uv)
    assert np.array_equal(uv.reshape(-1, 2), track.uv[track.uv_faces.ravel()])
    for name, indices in track.regions.items():
        group = head.vertex_groups[name].index
        members = [vertex.index for vertex in mesh.vertices if group in {each.group for each in vertex.groups}]
        assert members == sorted(indices.tolist())


def test_the_scene_gets_rate_range_resolution_and_camera():
    intrinsics = Intrinsics(720, 576, 800.0, 880.0, 350.0, 300.0)
    made = import_track(make_track(10, rate=Fraction(30000, 1001), intrinsics=intrinsics), SceneSettings())
    scene = bpy.context.scene
    assert (scene.render.fps, scene.render.fps_base) == (30, pytest.approx(1.001))
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (1, 10, 1)
    assert (scene.render.resolution_x, scene.render.resolution_y) == (720, 576)
    assert scene.render.resolution_percentage == 100
    assert scene.render.pixel_aspect_x / scene.render.pixel_aspect_y == pytest.approx(880 / 800)
    assert scene.camera == made.parts.camera


def test_the_scene_stays_as_it_is_where_that_is_asked():
    scene = bpy.context.scene
    scene.render.fps, scene.frame_start, scene.frame_end = 24, 7, 77
    camera = bpy.data.objects.new("mine", bpy.data.cameras.new("mine"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    before = (scene.render.resolution_x, scene.render.resolution_y, scene.render.fps_base)
    made = import_track(make_track(10, rate=Fraction(30)), SceneSettings(fit_scene="never", plate=False))
    assert [notice.sentence for notice in made.notices] == [
        "The scene keeps its frame rate (24, the clip has 30), frame range, resolution and camera."
    ]
    assert (scene.render.fps, scene.frame_start, scene.frame_end, scene.camera) == (24, 7, 77, camera)
    assert (scene.render.resolution_x, scene.render.resolution_y, scene.render.fps_base) == before


def test_importing_again_changes_the_same_objects_and_leaves_no_rest(tmp_path):
    path = film.write_film(tmp_path / "clip.mkv", np.arange(12) / 25, 25)
    video = {"name": "clip.mkv", "path": str(path)}
    first = import_track(make_track(12, video=video), SceneSettings(motion="camera"))
    names = datablocks()
    track = make_track(9, full_size=True, video=video, seed=5)
    second = import_track(track, SceneSettings(motion="camera"))
    assert second.parts == first.parts and second.parts.clip == first.parts.clip
    assert datablocks() == names
    bpy.context.scene.frame_set(6)
    assert np.array_equal(evaluated_vertices(second.parts.head), blender_points(track.vertices[5]))
    seen = pixels_by_matrix(second.parts.head, second.parts.camera, track.intrinsics)
    assert np.abs(seen - pixels_by_engine(track, 5)).max() <= 0.05


def test_importing_again_with_the_other_motion_leaves_no_key_of_the_first():
    import_track(make_track(5), SceneSettings(motion="camera"))
    made = import_track(make_track(5), SceneSettings(motion="head"))
    assert keyframes.find_curve(made.parts.camera, "location") is None
    assert len(bpy.data.actions) == 2  # Head and shape keys.


def test_what_the_user_added_stays_when_importing_again():
    made = import_track(make_track(5), SceneSettings())
    head, camera, collection = made.parts.head, made.parts.camera, made.parts.collection
    hat = bpy.data.objects.new("hat", bpy.data.meshes.new("hat"))
    collection.objects.link(hat)
    hat.parent = head
    elsewhere = bpy.data.objects.new("elsewhere", None)
    bpy.context.scene.collection.objects.link(elsewhere)
    head.modifiers.new("Subdivision", "SUBSURF")
    head.vertex_groups.new(name="mine").add([3, 4], 0.5, "REPLACE")
    head.data.color_attributes.new("painted", "FLOAT_COLOR", "POINT")
    camera.data.dof.use_dof = True
    keyframes.write_channels(camera, [keyframes.Channel("data.dof.aperture_fstop", 0, np.array([1]), np.array([2]))])
    own = bpy.data.materials.new("own skin")
    head.data.materials[0] = own
    made.parts.root.location = (1, 2, 3)
    collection.name, head.name = "Renamed", "Hero"
    again = import_track(make_track(7, seed=3), SceneSettings())
    assert again.parts.head == head and head.name == "Hero" and again.parts.collection.name == "Renamed"
    assert hat.parent == head and hat.name in collection.objects and elsewhere.name in bpy.context.scene.objects
    assert "Subdivision" in head.modifiers and head.vertex_groups["mine"].weight(4) == 0.5
    assert "painted" in head.data.color_attributes
    assert camera.data.dof.use_dof and keyframes.find_curve(camera, "data.dof.aperture_fstop") is not None
    assert head.data.materials[0] == own
    assert tuple(made.parts.root.location) == (1, 2, 3)


def test_the_collection_goes_where_it_is_asked_to_and_stays_where_it_is_moved():
    scene = bpy.context.scene
    made = import_track(make_track(3), SceneSettings(collection="Takes")).parts.collection
    assert list(scene.collection.children) == [bpy.data.collections["Takes"]]
    assert list(bpy.data.collections["Takes"].children) == [made]
    other = bpy.data.collections.new("Other")
    scene.collection.children.link(other)
    bpy.data.collections["Takes"].children.unlink(made)
    other.children.link(made)
    import_track(make_track(3), SceneSettings(collection="Takes"))
    assert list(other.children) == [made]
    import_track(make_track(3), SceneSettings(collection=""))
    assert made in list(scene.collection.children) and len(other.children) == 0
    # A name that would put it into itself changes nothing.
    import_track(make_track(3), SceneSettings(collection=made.name))
    assert made in list(scene.collection.children) and made not in list(made.children)


def test_a_deleted_head_comes_back():
    made = import_track(make_track(5), SceneSettings())
    bpy.data.objects.remove(made.parts.head)
    lost = parts_of(made.parts.collection)
    assert isinstance(lost, Failure) and lost.code == "track-incomplete"
    again = import_track(make_track(5), SceneSettings())
    bpy.context.scene.frame_set(3)
    assert (
        np.abs(
            pixels_by_matrix(again.parts.head, again.parts.camera, make_track(5).intrinsics)
            - pixels_by_engine(make_track(5), 2)
        ).max()
        <= 0.05
    )


def test_two_tracks_of_one_clip_have_a_collection_each(tmp_path):
    left, right = make_track(4, seed=1), make_track(4, seed=2)
    write_track(tmp_path / "left.npz", left)
    write_track(tmp_path / "right.npz", right)
    first = import_track(tmp_path / "left.npz", SceneSettings())
    second = import_track(tmp_path / "right.npz", SceneSettings())
    assert first.parts.head != second.parts.head
    assert (first.parts.collection.name, second.parts.collection.name) == ("take one", "take one.001")
    bpy.context.scene.frame_set(2)
    again = import_track(tmp_path / "right.npz", SceneSettings())
    assert again.parts.head == second.parts.head
    bpy.context.scene.frame_set(2)
    assert np.array_equal(evaluated_vertices(first.parts.head), blender_points(left.vertices[1]))
    assert np.array_equal(evaluated_vertices(second.parts.head), blender_points(right.vertices[1]))
    assert not set(first.parts.head.data.materials) & set(second.parts.head.data.materials)


def test_two_scenes_have_an_import_each():
    other = bpy.data.scenes.new("other")
    first = import_track(make_track(4), SceneSettings())
    second = import_track(make_track(4), SceneSettings(), scene=other)
    assert first.parts.head != second.parts.head
    assert other.camera == second.parts.camera and bpy.context.scene.camera == first.parts.camera


def test_saving_and_opening_keeps_all_and_importing_goes_on_from_there(tmp_path):
    track = make_track(6)
    made = import_track(track, SceneSettings())
    head_name, camera_name = made.parts.head.name, made.parts.camera.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    head, camera = bpy.data.objects[head_name], bpy.data.objects[camera_name]
    for row in range(6):
        bpy.context.scene.frame_set(1 + row)
        assert np.array_equal(evaluated_vertices(head), blender_points(track.vertices[row]))
        assert np.abs(pixels_by_matrix(head, camera, track.intrinsics) - pixels_by_engine(track, row)).max() <= 0.05
    names = datablocks()
    again = import_track(track, SceneSettings())
    assert again.parts.head == head and datablocks() == names


@pytest.mark.parametrize("content", [None, b"", b"not a zip at all", b"PK\x03\x04 half of one"])
def test_a_missing_or_damaged_track_changes_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / "track.npz").write_bytes(content)
    refusal = import_track(tmp_path / "track.npz", SceneSettings())
    assert isinstance(refusal, Failure) and refusal.advice
    assert len(bpy.data.objects) == len(bpy.data.collections) == 0


def test_materials_of_skin_and_eyes_go_to_the_right_faces():
    track = make_track(2, full_size=True)
    mesh = import_track(track, SceneSettings()).parts.head.data
    names = [material.name.split()[-1] for material in mesh.materials]
    assert names == ["skin", "sclera", "iris", "pupil", "mouth", "teeth", "tongue"]
    slots = np.empty(len(mesh.polygons), dtype=np.int32)
    mesh.polygons.foreach_get("material_index", slots)
    centres = track.neutral_vertices[track.faces].mean(axis=1)
    eyeballs = np.concatenate([track.regions["left_eyeball"], track.regions["right_eyeball"]])
    on_eye = np.isin(track.faces, eyeballs).all(axis=1)
    assert (slots[~on_eye] == 0).all() and set(slots[on_eye]) == {1, 2, 3}
    # Pupil within iris within sclera, at the front of the eye.
    side = np.sign(centres[:, 0])
    eye = np.stack([track.joints[3] if s > 0 else track.joints[4] for s in side])
    off_axis = np.linalg.norm((centres - eye)[:, :2], axis=1)
    front = on_eye & ((centres - eye)[:, 2] > 0)
    assert off_axis[slots == 3].max() < off_axis[slots == 2].max() < off_axis[front & (slots == 1)].max()
    assert ((centres - eye)[slots >= 2][:, 2] > 0).all()


def test_a_head_without_regions_is_all_skin():
    track = make_track(2)
    track.header["regions"].clear()
    mesh = import_track(track, SceneSettings()).parts.head.data
    assert {polygon.material_index for polygon in mesh.polygons} == {0}
