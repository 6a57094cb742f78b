"""Export of the face by Blender's own exporters: each file is read back into an empty scene and compared."""

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import blender_points
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.head.shape_keys import make_relative
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.record import read_record
from scene_probes import evaluated_vertices
from synthetic_tracks import make_track

RELATIVE = {"plate": False, "key_kind": "relative"}
TENTH_OF_A_MILLIMETRE = 1e-4


def write_gltf(path):
    bpy.ops.export_scene.gltf(filepath=str(path), export_cameras=True, **merged())
    return lambda: bpy.ops.import_scene.gltf(filepath=str(path))


def merged():
    """How glTF must be asked to take motion and keys as one animation where actions have no slots."""
    return {} if bpy.app.version >= (4, 4) else {"export_animation_mode": "ACTIVE_ACTIONS"}


def write_fbx(path):
    bpy.ops.export_scene.fbx(filepath=str(path))
    # The older importer of 5.0 fails on lights.
    importer = bpy.ops.wm.fbx_import if bpy.app.version >= (5, 0) else bpy.ops.import_scene.fbx
    return lambda: importer(filepath=str(path))


def in_the_world(thing):
    """Vertices (V, 3) of an object on the current frame, in the world."""
    bpy.context.view_layer.update()
    matrix = np.array(thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    return evaluated_vertices(thing) @ matrix[:3, :3].T + matrix[:3, 3]


def worst_distance(wanted, read):
    """Farthest that a vertex was carried away: glTF has vertices in another order, and some twice."""
    gaps = np.linalg.norm(wanted[:, None] - read[None], axis=2)
    return max(gaps.min(axis=1).max(), gaps.min(axis=0).max())


def carried(write, path, frames):
    """Greatest error in metres of the head of this scene after it was written and read back."""
    scene = bpy.context.scene
    (head,) = [thing for thing in scene.objects if thing.type == "MESH"]
    wanted = {}
    for frame in frames:
        scene.frame_set(frame)
        wanted[frame] = in_the_world(head)
    rate = scene.render.fps
    read = write(path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    scene.render.fps = rate
    read()
    (head,) = [thing for thing in scene.objects if thing.type == "MESH"]
    worst = 0.0
    for frame, points in wanted.items():
        scene.frame_set(frame)
        worst = max(worst, worst_distance(points, in_the_world(head)))
    return worst


@pytest.mark.parametrize("motion", ["camera", "head"])
@pytest.mark.parametrize(("write", "name"), [(write_gltf, "head.glb"), (write_fbx, "head.fbx")])
def test_relative_keys_carry_the_face_and_the_motion_out_of_blender(tmp_path, write, name, motion):
    import_track(make_track(8), SceneSettings(motion=motion, **RELATIVE))
    assert carried(write, tmp_path / name, range(1, 9)) <= TENTH_OF_A_MILLIMETRE


def test_relative_keys_show_the_same_head_as_absolute_ones_also_between_frames():
    track = make_track(6, frame_index=np.array([0, 1, 2, 5, 6, 7]))
    head = import_track(track, SceneSettings(**RELATIVE)).parts.head
    for row, index in enumerate(track.frame_index):
        bpy.context.scene.frame_set(1 + int(index))
        assert np.allclose(evaluated_vertices(head), blender_points(track.vertices[row]), atol=1e-6)
    bpy.context.scene.frame_set(1, subframe=0.25)
    halfway = blender_points(0.75 * track.vertices[0] + 0.25 * track.vertices[1])
    assert np.allclose(evaluated_vertices(head), halfway, atol=1e-6)


def test_keys_that_are_turned_show_the_same_head_on_every_frame_and_between_also_over_gaps_and_odd_times():
    time = np.array([0, 1, 2.1, 3, 5, 6, 6.9, 8, 11, 12]) / 25
    status = np.array([2, 2, 0, 0, 2, 2, 2, 2, 2, 2])
    head = import_track(make_track(10, time=time, status=status), SceneSettings(plate=False)).parts.head
    moments = np.arange(4, 54) / 4

    def seen():
        shapes = []
        for moment in moments:
            bpy.context.scene.frame_set(int(moment), subframe=moment - int(moment))
            shapes.append(evaluated_vertices(head).copy())
        return np.array(shapes)

    before = seen()
    assert make_relative(head.data.shape_keys) and not make_relative(head.data.shape_keys)
    assert np.abs(seen() - before).max() < 1e-6


def test_importing_again_turns_the_keys_and_leaves_no_rest():
    usual = import_track(make_track(5), SceneSettings(plate=False))
    count = len(bpy.data.actions)
    import_track(make_track(5), SceneSettings(**RELATIVE))
    made = import_track(make_track(5), SceneSettings(plate=False))
    key = made.parts.head.data.shape_keys
    assert not key.use_relative and keyframes.find_curve(key, "eval_time") is not None
    assert len(bpy.data.actions) == count and made.parts == usual.parts


def test_who_exports_absolute_keys_is_told_and_a_press_turns_them(engine, tmp_path):
    write_track(tmp_path / "track.npz", make_track(8))
    made = import_track(tmp_path / "track.npz", SceneSettings(plate=False, motion="head"))
    assert bpy.ops.flame.prepare_export() == {"FINISHED"}
    assert not bpy.ops.flame.prepare_export.poll()
    assert read_record(made.parts.collection).settings.key_kind == "relative"
    assert carried(write_gltf, tmp_path / "head.glb", range(1, 9)) <= TENTH_OF_A_MILLIMETRE


def test_after_switching_who_moves_all_is_one_animation_still(engine, tmp_path):
    write_track(tmp_path / "track.npz", make_track(8))
    import_track(tmp_path / "track.npz", SceneSettings(motion="head", **RELATIVE))
    bpy.ops.flame.switch_motion()
    bpy.ops.flame.switch_motion()
    bpy.ops.flame.switch_motion()
    assert carried(write_gltf, tmp_path / "head.glb", range(1, 9)) <= TENTH_OF_A_MILLIMETRE


def test_usd_says_nothing_of_what_is_kept_with_the_camera(tmp_path, capfd):
    import_track(make_track(3), SceneSettings(plate=False))
    bpy.ops.wm.usd_export(filepath=str(tmp_path / "head.usda"), export_animation=True)
    said = capfd.readouterr()
    assert (tmp_path / "head.usda").is_file() and "flame_motion" not in said.out + said.err
