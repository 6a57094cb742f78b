"""Exports read by programs that are not Blender: OpenUSD's own library, and a reader of FBX from its description."""

import importlib.util
import json
import subprocess
import sys
from dataclasses import replace

import bpy
import numpy as np
import pytest
from fbx_reader import read_fbx, shape_curves
from flame_extension.backend.contract.camera import Intrinsics, blender_points, project, rotation_matrices
from flame_extension.backend.contract.settings import SceneSettings
from flame_extension.blender_flame_tracker.exporters.export import export
from flame_extension.blender_flame_tracker.scene.importer import import_track
from synthetic_tracks import make_track

FRAMES = 6

# Blender's module has a USD of its own inside: both in one process would get in each other's way.
READ_USD = """
import sys
import numpy as np
from pxr import Usd, UsdGeom
stage = Usd.Stage.Open(sys.argv[1])
print(UsdGeom.GetStageUpAxis(stage), stage.GetStartTimeCode(), stage.GetEndTimeCode(), stage.GetTimeCodesPerSecond())
(mesh,) = [UsdGeom.Mesh(prim) for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
assert any(prim.IsA(UsdGeom.Camera) for prim in stage.Traverse())
frames = np.arange(stage.GetStartTimeCode(), stage.GetEndTimeCode() + 1)
shapes = []
for frame in frames:
    matrix = np.array(UsdGeom.XformCache(frame).GetLocalToWorldTransform(mesh.GetPrim()))
    points = np.array(mesh.GetPointsAttr().Get(frame), dtype=float)
    shapes.append(points @ matrix[:3, :3] + matrix[3, :3])
np.save(sys.argv[2], np.array(shapes))
"""


READ_LENS = """
import json, sys
import numpy as np
from pxr import Usd, UsdGeom
stage = Usd.Stage.Open(sys.argv[1])
(prim,) = [prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Camera)]
lenses = []
for frame in np.arange(stage.GetStartTimeCode(), stage.GetEndTimeCode() + 1):
    lens = UsdGeom.Camera(prim).GetCamera(frame)
    size = lens.horizontalAperture, lens.verticalAperture
    offset = lens.horizontalApertureOffset, lens.verticalApertureOffset
    matrix = np.array(UsdGeom.XformCache(frame).GetLocalToWorldTransform(prim))
    lenses.append([lens.focalLength, size, offset, matrix.tolist()])
print(json.dumps(lenses))
"""


def imported(track):
    return import_track(track, SceneSettings(plate=False, motion="head")).parts


def in_the_world(parts):
    shapes = []
    for frame in range(1, FRAMES + 1):
        bpy.context.scene.frame_set(frame)
        evaluated = parts.head.evaluated_get(bpy.context.evaluated_depsgraph_get())
        points = np.empty(3 * len(evaluated.data.vertices))
        evaluated.data.vertices.foreach_get("co", points)
        matrix = np.array(evaluated.matrix_world)
        shapes.append(points.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3])
    return np.array(shapes)


@pytest.mark.skipif(importlib.util.find_spec("pxr") is None, reason="OpenUSD's library is not installed here")
def test_openusd_reads_the_same_head_with_y_up(tmp_path):
    parts = imported(make_track(FRAMES))
    wanted = in_the_world(parts)
    written = export(bpy.context, "usd", parts, tmp_path / "take.usdc")
    command = [sys.executable, "-c", READ_USD, str(written.path), str(tmp_path / "shapes.npy")]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert told.stdout.split() == ["Y", "1.0", str(float(FRAMES)), "25.0"]
    read = np.load(tmp_path / "shapes.npy")
    # Y up: (x, y, z) there is (x, -z, y) in Blender.
    assert np.abs(np.stack([read[..., 0], -read[..., 2], read[..., 1]], axis=-1) - wanted).max() < 1e-5


@pytest.mark.skipif(importlib.util.find_spec("pxr") is None, reason="OpenUSD's library is not installed here")
@pytest.mark.parametrize("pixel_aspect", [1.0, 1.25])
def test_openusd_sees_the_head_through_a_lens_beside_the_middle_that_zooms_where_the_track_has_it(
    tmp_path, pixel_aspect
):
    size = Intrinsics(1280, 720, 1100.0, 1100.0 * pixel_aspect, 730.0, 300.0)
    track = replace(make_track(FRAMES, intrinsics=size), zoom=np.linspace(1, 1.5, FRAMES))
    parts = imported(track)
    in_blender = in_the_world(parts)
    written = export(bpy.context, "usd", parts, tmp_path / "take.usdc")
    command = [sys.executable, "-c", READ_LENS, str(written.path)]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    for row, (focal, aperture, offset, matrix) in enumerate(json.loads(told.stdout)):
        points = np.stack([in_blender[row, :, 0], in_blender[row, :, 2], -in_blender[row, :, 1]], axis=-1)
        seen = (np.c_[points, np.ones(len(points))] @ np.linalg.inv(matrix))[:, :3]
        on_sensor = focal * seen[:, :2] / -seen[:, 2:]
        share = (on_sensor - offset) / aperture * (1, -1) + 0.5
        pixels = share * (size.width, size.height) - 0.5
        in_camera = track.vertices[row] @ rotation_matrices(track.head_rotation[row]).T + track.head_translation[row]
        assert np.abs(pixels - project(in_camera, track.intrinsics_at(row))).max() < 0.05


@pytest.mark.parametrize("target", ["fbx_unity", "fbx_unreal"])
def test_fbx_holds_every_shape_with_a_curve_on_every_frame(tmp_path, target):
    track = make_track(FRAMES)
    parts = imported(track)
    written = export(bpy.context, target, parts, tmp_path / "take.fbx")
    file = read_fbx(written.path)
    curves = shape_curves(file)
    names = [block.name for block in parts.mesh.shape_keys.key_blocks[1:]]
    assert sorted(curves) == sorted(names)
    rate = bpy.context.scene.render.fps
    for row, name in enumerate(names):
        time, percent = curves[name]
        frames = np.round(time * rate).astype(int)
        assert np.abs(time * rate - frames).max() < 1e-6
        assert dict(zip(frames, percent, strict=True))[row + 1] == pytest.approx(100.0)
        assert percent[frames != row + 1] == pytest.approx(0.0)
    (objects,) = file.all("Objects")
    bones = [node for node in objects.all("Model") if node.values[2] == "LimbNode"]
    assert bones == []
    largest = max(
        np.abs(node.all("Vertices")[0].values[0]).max() for node in objects.all("Geometry") if node.values[2] == "Shape"
    )
    assert largest == pytest.approx(
        np.abs(blender_points(track.vertices) - blender_points(track.neutral_vertices)).max(), rel=1e-3
    )
