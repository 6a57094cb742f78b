"""Blender without a window, as a program of its own: what it builds, measures, and says when it fails."""

import json
import subprocess
import sys

import bpy
import film
import numpy as np
from flame_extension.backend.contract.camera import Intrinsics
from flame_extension.backend.contract.track import write_track
from project import ROOT
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
