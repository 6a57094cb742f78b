"""Blender without a window, as a program of its own: what it builds, measures, and says when it fails."""

import json
import os
import subprocess
import sys

import bpy
import film
import numpy as np
from fbx_reader import read_fbx, shape_curves
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.events import decode
from flame_extension.backend.contract.output_settings import SCENE_FORMATS
from flame_extension.backend.contract.track import write_track
from flame_extension.blender_flame_tracker.exporters.presets import PRESETS
from project import ROOT
from rig_tracks import make_flame_track
from synthetic_tracks import make_track

COMMAND = ROOT / "blender_flame_tracker" / "headless" / "command.py"


def run_command(*arguments):
    return subprocess.run(
        [sys.executable, str(COMMAND), *map(str, arguments)], check=False, capture_output=True, text=True, timeout=120
    )


def test_it_builds_a_scene_in_which_blender_sees_what_the_engine_saw(tmp_path):
    film.write_film(tmp_path / "clip.mkv", np.arange(8) / 25, 25)
    size = Intrinsics.centred(320, 160, 250.0)
    track = make_track(6, intrinsics=size, frame_index=np.arange(1, 7), video={"name": "clip.mkv"})
    assert write_track(tmp_path / "track.npz", track) is None
    scene = ("scene", tmp_path / "track.npz", tmp_path / "s.blend", tmp_path / "s.png")
    done = run_command(*scene, "--engine", "BLENDER_WORKBENCH")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["frames"] == [1, 6] and said["notices"] == []
    assert (tmp_path / "s.blend").stat().st_size > 1000 and (tmp_path / "s.png").stat().st_size > 1000
    done = run_command("check", tmp_path / "track.npz", tmp_path / "s.blend")
    assert json.loads(done.stdout.splitlines()[-1])["worst"] < 0.05, done.stderr


def test_it_says_in_a_sentence_why_it_failed(tmp_path):
    done = run_command("scene", tmp_path / "none.npz", tmp_path / "s.blend")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("There is no track file") and "Traceback" not in done.stderr
    assert not (tmp_path / "s.blend").exists()


def test_it_measures_an_import():
    done = run_command("benchmark", "--frames", 50, "--vertices", 300)
    said = json.loads(done.stdout.splitlines()[-1])
    assert (said["frames"], said["vertices"], said["blender"]) == (50, 300, bpy.app.version_string)
    assert said["import_seconds"] > 0


def events_of(done):
    return [event for event in map(decode, done.stdout.splitlines()) if event is not None]


def test_it_writes_several_targets_in_one_start_and_says_so_as_the_engine_does(tmp_path):
    write_track(tmp_path / "track.npz", make_flame_track(6))
    folders = {name: tmp_path / name for name in ("gltf", "fbx_unreal", "alembic", "camera_fbx")}
    targets = [word for name, folder in folders.items() for word in ("--target", name, folder)]
    done = run_command("export", tmp_path / "track.npz", *targets, "--name", "Kitchen", "--rig")
    assert done.returncode == 0, done.stderr
    events = events_of(done)
    assert [event["name"] for event in events if event["event"] == "progress"] == ["", *folders]
    assert "export-material" in [event["code"] for event in events if event["event"] == "notice"]
    assert "export-skeleton" not in [event.get("code") for event in events], "the rig has the bones that Unreal wants"
    files = {name: folder / f"Kitchen{PRESETS[name].ending}" for name, folder in folders.items()}
    assert events[-1] == {"event": "done", "outputs": {name: str(file) for name, file in files.items()}}
    assert len(shape_curves(read_fbx(files["fbx_unreal"]))) > 1
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.import_scene.gltf(filepath=str(files["gltf"]))
    assert "Jaw" in {bone.name for rig in bpy.data.armatures for bone in rig.bones}


def test_a_camera_alone_moves_also_where_the_head_moves_in_the_other_files(tmp_path):
    write_track(tmp_path / "track.npz", make_track(6))
    done = run_command(
        "export", tmp_path / "track.npz", "--motion", "head", "--target", "camera_alembic", tmp_path / "c"
    )
    assert done.returncode == 0, done.stderr
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.alembic_import(filepath=str(tmp_path / "c" / "take.abc"))
    (camera,) = [thing for thing in bpy.data.objects if thing.type == "CAMERA"]
    places = []
    for frame in (1, 6):
        bpy.context.scene.frame_set(frame)
        places.append(camera.matrix_world.translation.copy())
    assert (places[1] - places[0]).length > 1e-3


def test_what_cannot_be_exported_is_an_event_and_a_sentence(tmp_path):
    write_track(tmp_path / "track.npz", make_track(4))
    for arguments, code in (
        ((tmp_path / "gone.npz", "--target", "usd", tmp_path), "track-not-found"),
        ((tmp_path / "track.npz", "--target", "betamax", tmp_path), "export-target"),
    ):
        done = run_command("export", *arguments)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        error = events_of(done)[-1]
        assert error["event"] == "error" and error["code"] == code
        assert done.stderr.splitlines()[-1] == f"{error['sentence']} {error['advice']}"


def test_it_ends_when_whoever_started_it_is_gone(tmp_path):
    write_track(tmp_path / "track.npz", make_track(4))
    command = [sys.executable, str(COMMAND), "export", str(tmp_path / "track.npz"), "--end-with-input"]
    command += ["--target", "alembic", str(tmp_path / "out")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    assert done.returncode == 130 and not list((tmp_path / "out").glob("*.abc"))


def test_an_old_blender_says_so_before_it_reads_the_package(tmp_path):
    old = "class app:\n    version, version_string = (3, 6, 0), '3.6.0 LTS'\n"
    (tmp_path / "bpy.py").write_text(old)
    command = [sys.executable, str(COMMAND), "export", "track.npz", "--target", "usd", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    (error,) = events_of(done)
    assert done.returncode == 1 and error["code"] == "blender-too-old" and "3.6.0 LTS" in error["sentence"]
    assert done.stderr.strip() == f"{error['sentence']} {error['advice']}" and not (tmp_path / "out").exists()


def test_the_engine_offers_the_targets_under_the_same_names():
    assert {*SCENE_FORMATS, "camera_chan"} == set(PRESETS), "the engine's format 'camera' is that of Nuke"
