"""Export to each target: read back by Blender's importers into an empty scene and compared, nothing left changed."""

import json
import math
import struct

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.failure import Failure
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.exporters import export as export_module
from flame_extension.blender_flame_tracker.exporters.export import export
from flame_extension.blender_flame_tracker.exporters.losses import losses_of
from flame_extension.blender_flame_tracker.exporters.objects import objects_of
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from flame_extension.blender_flame_tracker.scene import keyframes
from flame_extension.blender_flame_tracker.scene.footage.plate import Plate, show_plate
from flame_extension.blender_flame_tracker.scene.importer import import_track
from scene_probes import evaluated_vertices
from synthetic_tracks import make_track

FRAMES = range(1, 9)


def imported(**changes):
    settings = {"plate": False, "motion": "head", **changes}
    return import_track(make_track(len(FRAMES)), SceneSettings(**settings)).parts


def in_the_world(thing):
    bpy.context.view_layer.update()
    matrix = np.array(thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).matrix_world)
    return evaluated_vertices(thing) @ matrix[:3, :3].T + matrix[:3, 3]


def shapes(thing):
    result = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        result.append(in_the_world(thing).copy())
    return result


def views(camera):
    """World matrix of a camera and its horizontal field of view on every frame."""
    result = []
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        bpy.context.view_layer.update()
        result.append((np.array(camera.matrix_world), field_across(camera)))
    return result


def field_across(camera):
    """Horizontal field of view of the scene's picture, however the camera fits its sensor."""
    corners = np.array(camera.data.view_frame(scene=bpy.context.scene))
    return 2 * math.atan(np.ptp(corners[:, 0]) / (2 * -corners[0, 2]))


def worst_distance(wanted, read):
    """Farthest that a vertex was carried away: some formats have vertices in another order, and some twice."""
    gaps = np.linalg.norm(wanted[:, None] - read[None], axis=2)
    return max(gaps.min(axis=1).max(), gaps.min(axis=0).max())


def read_back(path, reader=None):
    """Read a file into an empty scene of the same rate and picture, by another reader if one is given."""
    render = bpy.context.scene.render
    before = render.fps, render.resolution_x, render.resolution_y
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    render = bpy.context.scene.render
    render.fps, render.resolution_x, render.resolution_y = before
    readers = {
        ".glb": bpy.ops.import_scene.gltf,
        ".fbx": bpy.ops.wm.fbx_import if bpy.app.version >= (5, 0) else bpy.ops.import_scene.fbx,
        ".usdc": bpy.ops.wm.usd_import,
        ".abc": bpy.ops.wm.alembic_import,
    }
    # FBX holds the scene's own frames; Blender's readers count from 1 where they are not told.
    (reader or readers[path.suffix])(filepath=str(path), **({"anim_offset": 0.0} if path.suffix == ".fbx" else {}))
    return bpy.context.scene


def kept_state():
    """Everything of the scene that an export might disturb."""
    key = next(iter(bpy.data.shape_keys))
    curve = keyframes.find_curve(key, "eval_time")
    scene = bpy.context.scene
    return (
        key.use_relative,
        key.eval_time,
        None if curve is None else (keyframes.key_frames(curve).tolist(), keyframes.key_values(curve).tolist()),
        sorted((action.name, action.users, action.use_fake_user) for action in bpy.data.actions),
        [each.name for each in bpy.context.view_layer.objects if each.select_get()],
        (scene.frame_start, scene.frame_end, scene.frame_current),
        [block.value for block in key.key_blocks],
    )


@pytest.mark.parametrize("motion", ["camera", "head"])
@pytest.mark.parametrize("name", [name for name, preset in PRESETS.items() if preset.what == "take"])
def test_head_and_camera_come_back_as_they_were(tmp_path, name, motion):
    parts = imported(motion=motion)
    bpy.context.scene.frame_set(3)
    before, wanted, seen_by = kept_state(), shapes(parts.head), views(parts.camera)
    bpy.context.scene.frame_set(3)
    written = export(bpy.context, name, parts, tmp_path / f"take{PRESETS[name].ending}")
    assert not isinstance(written, Failure), written
    assert kept_state() == before
    assert written.frames == (FRAMES[0], FRAMES[-1])
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []
    scene = read_back(written.path)
    (head,) = [thing for thing in scene.objects if thing.type == "MESH"]
    assert max(map(worst_distance, wanted, shapes(head))) < 1e-4
    (camera,) = [thing for thing in scene.objects if thing.type == "CAMERA"]
    for (matrix, angle), (read, read_angle) in zip(seen_by, views(camera), strict=True):
        assert np.abs(matrix[:3, 3] - read[:3, 3]).max() < 1e-4
        assert np.abs(matrix[:3, :3] - read[:3, :3] / np.linalg.norm(read[:3, :3], axis=0)).max() < 1e-3
        assert read_angle == pytest.approx(angle, abs=1e-3)


@pytest.mark.parametrize("name", ["camera_fbx", "camera_alembic"])
def test_the_camera_goes_alone(tmp_path, name):
    parts = imported(motion="camera")
    wanted = views(parts.camera)
    written = export(bpy.context, name, parts, tmp_path / f"camera{PRESETS[name].ending}")
    scene = read_back(written.path)
    assert {thing.type for thing in scene.objects} <= {"CAMERA", "EMPTY"}
    (camera,) = [thing for thing in scene.objects if thing.type == "CAMERA"]
    for (matrix, _), (read, _) in zip(wanted, views(camera), strict=True):
        assert np.abs(matrix[:3, 3] - read[:3, 3]).max() < 1e-4


def rotation(axis, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows = {
        "x": [[1, 0, 0], [0, c, -s], [0, s, c]],
        "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
        "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]],
    }
    return np.array(rows[axis])


@pytest.mark.parametrize("motion", ["camera", "head"])
def test_a_line_of_chan_is_the_camera_that_was_written(tmp_path, motion):
    parts = imported(motion=motion)
    parts.root.location = (1.0, 2.0, 3.0)
    wanted = views(parts.camera)
    written = export(bpy.context, "camera_chan", parts, tmp_path / "camera.chan")
    lines = [list(map(float, line.split("\t"))) for line in written.path.read_text().splitlines()]
    assert [line[0] for line in lines] == list(FRAMES)
    for line, (matrix, angle) in zip(lines, wanted, strict=True):
        # Nuke's order ZXY turns about z first; its world has y up where Blender's has z.
        turned = rotation("y", line[5]) @ rotation("x", line[4]) @ rotation("z", line[6])
        assert np.allclose(rotation("x", 90) @ turned, matrix[:3, :3], atol=1e-5)
        assert np.allclose(rotation("x", 90) @ np.array(line[1:4]), matrix[:3, 3], atol=1e-5)
        render = bpy.context.scene.render
        high = 2 * math.atan(math.tan(angle / 2) * render.resolution_y / render.resolution_x)
        assert math.radians(line[7]) == pytest.approx(high, abs=1e-7)


def test_gltf_holds_no_normals_of_shapes_and_names_every_one(tmp_path):
    parts = imported()
    written = export(bpy.context, "gltf", parts, tmp_path / "take.glb")
    content = written.path.read_bytes()
    length, kind = struct.unpack_from("<I4s", content, 12)
    assert kind == b"JSON"
    (mesh,) = json.loads(content[20 : 20 + length])["meshes"]
    assert all(set(target) == {"POSITION"} for target in mesh["primitives"][0]["targets"])
    assert len(mesh["extras"]["targetNames"]) == len(FRAMES)


def test_what_a_target_does_not_carry_is_said_before_it_is_written():
    parts = imported()
    parts.head.modifiers.new("No Neck", "MASK")
    parts.lens.shift_x = 0.02
    codes = {
        notice.code for notice in losses_of(PRESETS["fbx_unreal"], parts, objects_of(PRESETS["fbx_unreal"], parts))
    }
    assert codes == {"export-shift", "export-mask", "export-skeleton"}
    assert losses_of(PRESETS["usd"], parts, objects_of(PRESETS["usd"], parts)) == []
    parts.head.hide_set(True)
    assert [each.code for each in losses_of(PRESETS["usd"], parts, [parts.head])] == ["export-hidden"]


def test_a_camera_that_fits_straightened_footage_alone_is_said_to(tmp_path):
    parts = imported()
    footage = bpy.data.movieclips.load(str(film.write_film(tmp_path / "clip.mkv", np.arange(20) / 25, 25.0)))
    footage.tracking.camera.focal_length_pixels, footage.tracking.camera.k1 = 200.0, -0.1
    show_plate(parts.lens, Plate(footage, None, 0), straighten=True)
    for name in ("usd", "camera_fbx"):
        notices = losses_of(PRESETS[name], parts, objects_of(PRESETS[name], parts))
        assert [each.code for each in notices] == ["export-distortion"]


def test_an_excluded_collection_is_refused(tmp_path):
    parts = imported()
    bpy.context.view_layer.layer_collection.children[parts.collection.name].exclude = True
    refused = export(bpy.context, "alembic", parts, tmp_path / "take.abc")
    assert isinstance(refused, Failure) and refused.code == "export-excluded"
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_when_writing_fails(tmp_path):
    parts = imported()
    older = tmp_path / "take.glb"
    older.mkdir()
    (older / "mine.txt").write_text("mine")
    refused = export(bpy.context, "gltf", parts, older)
    assert isinstance(refused, Failure) and (older / "mine.txt").read_text() == "mine"
    assert not next(iter(bpy.data.shape_keys)).use_relative


def test_the_menu_exports_what_is_chosen(addon, tmp_path):
    parts = imported()
    bpy.context.view_layer.objects.active = parts.head
    assert bpy.ops.flame.export_take(target="alembic", filepath=str(tmp_path / "take")) == {"FINISHED"}
    assert (tmp_path / "take.abc").is_file()


def test_an_exporter_that_fails_says_why_in_a_line(tmp_path, monkeypatch):
    parts = imported()
    traceback = (
        'Error: Python: Traceback (most recent call last):\n  File "io.py", line 3\nOSError: [Errno 28] No space'
    )
    said = {
        traceback: "OSError: [Errno 28] No space",
        "Error: Cannot open file.": "Error: Cannot open file",
        "": "Error",
    }

    def fail(text):
        raise RuntimeError(text)

    for text, words in said.items():
        monkeypatch.setattr(export_module, "_write", lambda *_arguments, text=text: fail(text))
        failure = export(bpy.context, "alembic", parts, tmp_path / "take.abc")
        assert isinstance(failure, Failure) and f"{words}." in failure.sentence and "Traceback" not in failure.sentence
