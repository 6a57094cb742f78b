"""The button that writes a performance for other programs: calibrated, beside nothing of others, read back."""

from __future__ import annotations

import wave
from dataclasses import replace
from pathlib import Path

import bpy
import film
import numpy as np
import pytest
from flame_extension.backend.contract.marks import FOLDER_MARK
from flame_extension.backend.contract.performance.channels import CHANNELS, INDEX
from flame_extension.backend.contract.performance.formats.reading import read_performance
from flame_extension.backend.contract.performance.performance import Performance
from flame_extension.blender_flame_tracker.calibration.properties import of_holder
from performed_tracks import FRAMES, imported, performed

RAMP = np.linspace(0, 0.8, FRAMES)
GONE = [25, 26]


@pytest.fixture
def holder(addon, tmp_path):
    return imported(tmp_path, performed(mouthSmileLeft=RAMP, mouthSmileRight=RAMP, jawOpen=0.25))


def exported(target: str, folder: Path, **options) -> list[Path]:
    assert bpy.ops.flame.export_performance(target=target, directory=str(folder), **options) == {"FINISHED"}
    return sorted(path for path in (folder / target).iterdir() if path.name != FOLDER_MARK)


def read(path: Path) -> Performance:
    performance = read_performance(path)
    assert isinstance(performance, Performance), performance
    return performance


def test_live_link_face_has_the_calibrated_weights(holder, tmp_path):
    csv, take = exported("live_link", tmp_path / "export")
    plain = read(csv)
    of_holder(holder).channel("jawOpen").gain = 2.0
    assert [path.name for path in exported("live_link", tmp_path / "export")] == [csv.name, take.name]
    gained = read(csv)
    shown = np.delete(np.arange(FRAMES), GONE)
    assert np.allclose(plain.weights[shown, INDEX["jawOpen"]], 0.25)
    assert np.allclose(gained.weights[shown, INDEX["jawOpen"]], 0.5)
    assert np.allclose(gained.weights[shown, INDEX["mouthSmileLeft"]], RAMP[shown], atol=1e-6)
    assert np.flatnonzero(~gained.has_face).tolist() == GONE and gained.rate == plain.rate == 25


def test_a_folder_with_files_of_others_is_kept(holder, tmp_path):
    (tmp_path / "metahuman").mkdir()
    (tmp_path / "metahuman" / "mine.txt").write_text("mine")
    with pytest.raises(RuntimeError, match="not written by this program"):
        bpy.ops.flame.export_performance(target="metahuman", directory=str(tmp_path))
    assert [path.name for path in (tmp_path / "metahuman").iterdir()] == ["mine.txt"]
    (controls,) = exported("metahuman", tmp_path, overwrite=True)
    assert controls.read_text().count("CTRL_expressions_jawOpen,") == FRAMES - len(GONE)


def test_it_needs_a_performance_and_a_folder(addon, tmp_path):
    assert not bpy.ops.flame.export_performance.poll()
    imported(tmp_path, performed())
    assert bpy.ops.flame.export_performance.poll()
    with pytest.raises(RuntimeError, match="No folder is named"):
        bpy.ops.flame.export_performance(target="vrma")


def test_blenders_own_importer_reads_a_vrm_animation_as_gltf(holder, tmp_path):
    own = next(path for path in exported("vrma", tmp_path) if path.stem.endswith("_perfect_sync"))
    bpy.ops.wm.read_factory_settings(use_empty=True)
    assert bpy.ops.import_scene.gltf(filepath=str(own)) == {"FINISHED"}
    objects = {thing.name: thing for thing in bpy.data.objects}
    expected = {channel for channel in CHANNELS if not channel.startswith("eyeLook")} - {"tongueOut"}
    assert expected | {"hips", "neck", "head", "lookAt"} <= set(objects)
    scene = bpy.context.scene
    rate = scene.render.fps / scene.render.fps_base
    for frame in (0, 10, 20):
        seconds = frame / 25 * rate
        scene.frame_set(int(seconds), subframe=seconds % 1)
        assert objects["mouthSmileLeft"].matrix_world.translation.x == pytest.approx(RAMP[frame], abs=1e-4)
        assert objects["jawOpen"].matrix_world.translation.x == pytest.approx(0.25, abs=1e-4)
    # Blender's glTF is Z up: a T-pose that faces -Y, the left hand at +X.
    assert objects["leftHand"].matrix_world.translation.x > 0.5 and objects["head"].matrix_world.translation.z > 1.3


@pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this Blender module was built without sound")
def test_the_sound_of_the_footage_lies_beside_the_csv(addon, tmp_path):
    tone = (8000 * np.sin(np.arange(2 * film.SOUND_RATE) / 3)).astype(np.int16)
    video = film.write_film(tmp_path / "clip.mkv", np.arange(50) / 25, 25, sound=tone)
    track = performed(first_frame=5, jawOpen=0.25)
    imported(tmp_path, replace(track, header={**track.header, "video": {"name": "clip.mkv", "path": str(video)}}))
    csv, sound, _ = exported("live_link", tmp_path / "export")
    assert sound.stem == csv.stem and sound.suffix == ".wav"
    with wave.open(str(sound)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, file.getnchannels())[:, 0]
        assert file.getframerate() == film.SOUND_RATE and len(samples) == FRAMES * film.SOUND_RATE // 25
    begin = 5 * film.SOUND_RATE // 25
    assert np.abs(samples.astype(int) - tone[begin : begin + len(samples)]).max() <= 2
