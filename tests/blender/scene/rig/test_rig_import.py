"""The rig is the track: every frame to a twentieth of a millimetre, on every Blender, in both motion modes."""

from fractions import Fraction

import bpy
import numpy as np
import pytest
from flame_extension.backend.contract.camera import BLENDER_WORLD_FROM_FLAME, blender_points, rotation_matrices
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.backend.contract.track import HEAD, MISSING, TORSO, TRACKED
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.camera.motion import CAMERA_MOVES, HEAD_MOVES, switch_motion
from flame_extension.blender_flame_tracker.scene.importer import import_track
from flame_extension.blender_flame_tracker.scene.rig.decomposition import LIDS
from rig_probes import BOUND, bring_in, largest_distance
from rig_tracks import make_flame_track
from scene_probes import evaluated_vertices, pixels_by_engine, pixels_by_matrix
from synthetic_tracks import make_track, with_rows


@pytest.mark.parametrize("turns", [TORSO, HEAD])
@pytest.mark.parametrize("motion", [CAMERA_MOVES, HEAD_MOVES])
def test_every_frame_is_the_tracks(turns, motion):
    track = make_flame_track(turns=turns)
    made = bring_in(track, motion=motion)
    assert largest_distance(made, track) < BOUND and not made.notices
    for row in (0, 7, 19):
        bpy.context.scene.frame_set(1 + row)
        away = pixels_by_matrix(made.parts.head, made.parts.camera, track.intrinsics) - pixels_by_engine(track, row)
        assert np.abs(away).max() < 0.1


def test_the_built_in_head_is_exact_too():
    pytest.importorskip("scipy")
    from flame_extension.backend.data.types import HeadPose
    from flame_extension.backend.head.builtin import builtin_head
    from flame_extension.backend.head.skinning import pose_vertices, rest_joints, shaped_template

    head, frames = builtin_head(), 6
    random = np.random.default_rng(3)
    base = make_track(frames, full_size=True)
    pose = HeadPose(
        identity=0.5 * random.standard_normal(head.identity_basis.shape[2]),
        expression=random.uniform(0, 0.7, (frames, head.expression_basis.shape[2])),
        neck=random.uniform(-0.3, 0.3, (frames, 3)),
        jaw=random.uniform(0, 1, (frames, 3)) * (0.4, 0.05, 0.05),
        left_eye=random.uniform(-0.3, 0.3, (frames, 3)),
        right_eye=random.uniform(-0.3, 0.3, (frames, 3)),
        eyelids=np.zeros((frames, 2)),
    )
    track = with_rows(
        base,
        vertices=pose_vertices(head, pose).astype(np.float32),
        neutral_vertices=shaped_template(head, pose.identity).astype(np.float32),
        expression=pose.expression,
        expression_basis=head.expression_basis.astype(np.float32),
        pose_correctives=head.pose_correctives.astype(np.float32),
        neck_pose=pose.neck,
        jaw_pose=pose.jaw,
        left_eye_pose=pose.left_eye,
        right_eye_pose=pose.right_eye,
        joints=rest_joints(head, pose.identity),
        skinning_weights=head.skinning_weights.astype(np.float32),
        faces=head.faces.astype(np.int32),
        uv_faces=head.faces.astype(np.int32) % len(base.uv),
        header={**base.header, "expression_names": list(head.expression_names), "regions": {}},
    )
    made = bring_in(track)
    assert largest_distance(made, track) < BOUND
    names = made.parts.mesh.shape_keys.key_blocks.keys()
    assert names[:3] == ["Neutral", "eyeBlinkLeft", "eyeSquintLeft"] and "Jaw Corrective 1" in names
    # The head's correctives go with the sine of a turn about x alone, those of the eyes about x and about y.
    assert len(names) == 1 + len(head.expression_names) + 5


def test_keys_have_names_that_an_animator_reads_and_sliders_with_room():
    track = make_flame_track(strength=4.5)
    key = bring_in(track).parts.mesh.shape_keys
    assert key.use_relative
    names = ["Neutral", "jawForward", "Expression 02", "mouthSmileLeft", "Expression 04", 'Ärger "laut"', *LIDS]
    assert key.key_blocks.keys()[: len(names)] == names
    for index in range(5):
        block, values = key.key_blocks[1 + index], track.expression[:, index]
        assert block.slider_min <= values.min() and values.max() <= block.slider_max
    assert key.key_blocks["Eyelid Left"].slider_min == -3 and key.key_blocks["jawForward"].slider_max >= 1


def test_coefficients_beyond_blenders_sliders_are_counted_in_larger_steps():
    track = make_flame_track(strength=25.0)
    made = bring_in(track)
    assert largest_distance(made, track, range(0, 20, 3)) < BOUND


def test_correctives_follow_the_bones_without_python():
    made = bring_in(make_flame_track())
    drivers = made.parts.mesh.shape_keys.animation_data.drivers
    assert len(drivers) == 36 and all(curve.driver.is_simple_expression for curve in drivers)
    # Each quaternion has nine products: with any correctives, a joint needs no more than nine keys.
    assert sum("Jaw Corrective" in curve.data_path for curve in drivers) == 9


def test_correctives_follow_a_bone_in_another_rotation_mode():
    track = make_flame_track(lids=False)
    made = bring_in(track)
    bpy.context.scene.frame_set(5)
    jaw = made.parts.rig.pose.bones["Jaw"]
    matrix = jaw.matrix_basis.copy()
    made.parts.rig.animation_data.action = None
    jaw.rotation_mode = "XYZ"
    jaw.rotation_euler = matrix.to_euler("XYZ")
    bpy.context.view_layer.update()
    away = evaluated_vertices(made.parts.head) - blender_points(track.vertices[4])
    assert np.linalg.norm(away, axis=1).max() < BOUND


def test_the_bones_turn_as_an_animator_expects():
    made = bring_in(make_flame_track())
    rig = made.parts.rig
    assert [bone.name for bone in rig.data.bones] == ["Root", "Neck", "Head", "Jaw", "Eye.L", "Eye.R"]
    assert [bone.parent.name for bone in rig.data.bones if bone.parent] == ["Root", "Neck", "Head", "Head", "Head"]
    for bone in rig.data.bones:
        assert np.allclose(bone.matrix_local.col[0][:3], (1, 0, 0), atol=1e-5), bone.name
        assert rig.pose.bones[bone.name].rotation_mode == "QUATERNION"
        assert rig.pose.bones[bone.name].custom_shape is not None and bone.color.palette != "DEFAULT"
    for name in ("Eye.L", "Eye.R"):
        assert np.allclose(rig.data.bones[name].matrix_local.col[1][:3], (0, -1, 0), atol=1e-5)
    assert rig.data.bones["Eye.L"].head_local.x > 0 > rig.data.bones["Eye.R"].head_local.x
    # A positive turn about X opens the jaw: the chin goes down.
    made.parts.rig.animation_data.action = None
    for bone in rig.pose.bones:
        bone.matrix_basis.identity()
    before = rig.pose.bones["Jaw"].tail.copy()
    rig.pose.bones["Jaw"].rotation_quaternion = (np.cos(0.1), np.sin(0.1), 0, 0)
    bpy.context.view_layer.update()
    assert rig.pose.bones["Jaw"].tail.z < before.z


def test_quaternions_go_the_short_way_and_stay_units():
    track = make_flame_track(60)
    track.jaw_pose[:] = np.stack([np.linspace(-3.6, 3.6, 60), np.zeros(60), np.zeros(60)], axis=1)
    rig = bring_in(track).parts.rig
    path = 'pose.bones["Jaw"].rotation_quaternion'
    values = np.stack([keyframes.key_values(keyframes.find_curve(rig, path, index)) for index in range(4)], axis=1)
    assert (np.einsum("ki,ki->k", values[1:], values[:-1]) > 0.9).all()
    assert np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("turns", [TORSO, HEAD])
def test_a_hat_on_the_head_bone_stays_on_the_head_in_both_motion_modes(turns):
    track = make_flame_track(turns=turns, lids=False)
    made = bring_in(track, motion=CAMERA_MOVES)
    hat = bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    hat.parent, hat.parent_type, hat.parent_bone = made.parts.rig, "BONE", "Head"
    apart = []
    for who in (CAMERA_MOVES, HEAD_MOVES):
        switch_motion(made.parts.carrier, made.parts.camera, who)
        for frame in (1, 8, 15):
            bpy.context.scene.frame_set(frame)
            bone = made.parts.rig.matrix_world @ made.parts.rig.pose.bones["Head"].matrix
            apart.append(np.array(bone.inverted() @ hat.matrix_world.translation))
            turned = np.array(made.parts.rig.pose.bones["Head"].matrix.to_3x3())
            wanted = np.eye(3) if turns == TORSO else rotation_matrices(track.neck_pose[frame - 1])
            # The bone's axes at rest are the head's.
            assert np.allclose(turned, BLENDER_WORLD_FROM_FLAME @ wanted, atol=1e-5)
    assert np.allclose(apart, apart[0], atol=1e-6)


def test_the_head_is_hidden_where_no_face_was_found():
    status = np.where(np.isin(np.arange(12), (0, 5, 6)), MISSING, TRACKED)
    track = make_flame_track(12, status=status)
    track.vertices[status == MISSING] = np.nan
    made = bring_in(track, start_at=30)
    assert largest_distance(made, track, np.flatnonzero(status != MISSING), start=30) < BOUND
    bpy.context.scene.frame_set(35)
    assert made.parts.head.hide_render


def test_a_scene_of_another_rate_shows_the_same_at_the_same_time():
    track = make_flame_track(25, rate=Fraction(25))
    bpy.context.scene.render.fps = 50
    made = bring_in(track, fit_scene="never")
    for row in (0, 6, 24):
        bpy.context.scene.frame_set(1 + 2 * row)
        away = evaluated_vertices(made.parts.head) - blender_points(track.vertices[row])
        assert np.linalg.norm(away, axis=1).max() < BOUND


def test_importing_again_renews_the_same_objects_and_keeps_what_the_user_added():
    first = bring_in(make_flame_track())
    rig, head, key = first.parts.rig, first.parts.head, first.parts.mesh.shape_keys
    own = head.shape_key_add(name="my smile", from_mix=False)
    own.value = 0.4
    track = make_flame_track(24, seed=5)
    again = bring_in(track)
    assert (again.parts.rig, again.parts.head, again.parts.mesh.shape_keys) == (rig, head, key)
    assert key.key_blocks["my smile"].value == pytest.approx(0.4)
    key.key_blocks["my smile"].mute = True
    assert largest_distance(again, track) < BOUND
    assert len([thing for thing in bpy.data.objects if thing.type == "ARMATURE"]) == 1
    assert not [notice for notice in again.notices if notice.code == "edits-kept"]


def test_rig_and_shape_keys_stand_beside_each_other():
    track = make_flame_track(8)
    made = bring_in(track, form="both")
    frames = made.parts.frames
    assert frames.hide_render and frames.hide_viewport and frames.parent == made.parts.rig
    frames.hide_viewport = False
    for row in (0, 4, 7):
        bpy.context.scene.frame_set(1 + row)
        assert np.array_equal(evaluated_vertices(frames), blender_points(track.vertices[row]))
    again = bring_in(track)
    assert again.parts.frames is None and largest_distance(again, track) < BOUND


def test_from_a_rig_to_shape_keys_and_back_by_importing_again():
    track = make_flame_track(8)
    hat = bpy.data.objects.new("hat", None)
    bpy.context.scene.collection.objects.link(hat)
    made = bring_in(track, motion=HEAD_MOVES)
    hat.parent, hat.parent_type, hat.parent_bone = made.parts.rig, "BONE", "Head"
    bpy.context.scene.frame_set(3)
    where = np.array(hat.matrix_world)
    plain = bring_in(track, form="keys", motion=HEAD_MOVES)
    assert plain.parts.rig is None and not [each for each in bpy.data.objects if each.type == "ARMATURE"]
    assert not bpy.data.armatures and hat.parent == plain.parts.head
    for row in range(8):
        bpy.context.scene.frame_set(1 + row)
        assert np.array_equal(evaluated_vertices(plain.parts.head), blender_points(track.vertices[row]))
    bpy.context.scene.frame_set(3)
    assert np.allclose(np.array(hat.matrix_world), where, atol=1e-5)
    assert not plain.parts.head.vertex_groups.get("Jaw") and not plain.parts.head.modifiers
    assert largest_distance(bring_in(track), track) < BOUND


def test_a_mesh_whose_vertices_are_not_the_tracks_parameters_is_said_to_be_off():
    track = make_flame_track(6)
    track.vertices[3, 5] += 0.002
    notices = bring_in(track).notices
    assert [notice.code for notice in notices] == ["rig-inexact"] and " 1.9" in notices[0].sentence


def test_while_a_mesh_is_edited_it_is_refused_and_nothing_is_made():
    thing = bpy.data.objects.new("thing", bpy.data.meshes.new("thing"))
    bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.objects.active = thing
    bpy.ops.object.mode_set(mode="EDIT")
    refusal = import_track(make_flame_track(4), SceneSettings(form="rig"))
    bpy.ops.object.mode_set(mode="OBJECT")
    assert isinstance(refusal, Failure) and "Object Mode" in refusal.sentence and not bpy.data.armatures


def test_a_head_without_correctives_or_expression_is_a_rig_too():
    track = make_flame_track(5, lids=False)
    track.pose_correctives[:] = 0
    bare = with_rows(track, expression=np.zeros((5, 0)), expression_basis=np.zeros((*track.neutral_vertices.shape, 0)))
    made = bring_in(bare)
    assert made.parts.mesh.shape_keys.key_blocks.keys() == ["Neutral"]
    assert keyframes.find_curve(made.parts.rig, 'pose.bones["Jaw"].rotation_quaternion') is not None


def test_a_rig_that_was_deleted_comes_back_with_the_next_import():
    track = make_flame_track(6)
    made = bring_in(track)
    bpy.data.objects.remove(made.parts.rig)
    again = bring_in(track)
    assert again.parts.rig.parent == again.parts.root and largest_distance(again, track) < BOUND
    bpy.data.objects.remove(again.parts.rig)
    plain = bring_in(track, form="keys")
    assert plain.parts.head.parent == plain.parts.root and not plain.parts.head.modifiers
    bpy.context.scene.frame_set(3)
    assert np.array_equal(evaluated_vertices(plain.parts.head), blender_points(track.vertices[2]))


def test_two_rigs_share_a_camera():
    first = bring_in(make_flame_track(6, seed=2), motion=HEAD_MOVES)
    track = make_flame_track(6, seed=3, video={"name": "second.mp4"})
    second = bring_in(track, same_camera=first.parts.collection.name)
    assert second.parts.camera == first.parts.camera and second.parts.rig.parent == second.parts.root
    assert largest_distance(second, track) < BOUND
    for row in (0, 4):
        bpy.context.scene.frame_set(1 + row)
        away = pixels_by_matrix(second.parts.head, second.parts.camera, track.intrinsics) - pixels_by_engine(track, row)
        assert np.abs(away).max() < 0.1


def test_what_is_linked_from_another_file_is_refused_in_one_sentence(tmp_path):
    made = bring_in(make_flame_track(4))
    name = made.parts.collection.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.collections = [name]
    linked = wanted.collections[0]
    bpy.context.scene.collection.children.link(linked)
    linked.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    refusal = import_track(make_flame_track(4), SceneSettings(form="rig", plate=False))
    assert isinstance(refusal, Failure) and refusal.code == "linked"


def test_a_rig_comes_into_a_scene_that_is_not_the_current_one_and_into_a_collection_that_is_excluded():
    current = bpy.context.scene
    other = bpy.data.scenes.new("other")
    track = make_flame_track(4)
    made = import_track(track, SceneSettings(form="rig", plate=False), other)
    assert not isinstance(made, Failure) and made.parts.rig.name not in current.objects
    assert made.parts.rig.data.bones[0].name == "Root" and bpy.context.mode == "OBJECT"
    here = bring_in(track)
    bpy.context.view_layer.layer_collection.children[here.parts.collection.name].exclude = True
    again = bring_in(make_flame_track(4, seed=8))
    assert again.parts.rig == here.parts.rig and here.parts.rig.users_collection[:] == (here.parts.collection,)
    bpy.context.view_layer.layer_collection.children[here.parts.collection.name].exclude = False
    assert largest_distance(again, make_flame_track(4, seed=8)) < BOUND
