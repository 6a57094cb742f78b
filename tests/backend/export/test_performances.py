"""Performances in the export of a run: written from the track alone, with what the formats cannot hold."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic_clips import MadeClip, context, made_clip, made_fit

from backend.contract.failure import Failure
from backend.contract.marks import FOLDER_MARK
from backend.contract.output_settings import PERFORMANCE_FORMATS
from backend.contract.performance.formats.reading import read_performance
from backend.contract.performance.formats.writing import FORMATS
from backend.contract.performance.of_track import performance_of_file
from backend.contract.performance.performance import Performance
from backend.contract.settings import ExportSettings
from backend.contract.track import MISSING, TRACKED, Track
from backend.data.types import ExportFiles, TrackFile, Video
from backend.export import performances
from backend.stages import export
from backend.stages.track import track_of

FRAMES = 12
GONE = 5


@pytest.fixture(scope="module")
def clip() -> MadeClip:
    return made_clip(FRAMES)


@pytest.fixture(scope="module")
def track(clip: MadeClip, tmp_path_factory: pytest.TempPathFactory) -> Track:
    status = np.full(FRAMES, TRACKED, np.int8)
    status[GONE] = MISSING
    fit = made_fit(clip.landmarks, clip.intrinsics, clip.pose, clip.rotation, clip.translation, status)
    return track_of(fit, clip.head, context(tmp_path_factory.mktemp("track")))


def exported(clip: MadeClip, track: Track, folder: Path, **formats: Any) -> tuple[ExportFiles | Failure, list[str]]:
    """What the stage answers, and the codes of its notices."""
    video = Video(
        folder / "Anna's take.mkv", "0", 640, 480, 0, Fraction(30), 1.0, np.arange(FRAMES), np.arange(FRAMES) / 30, ""
    )
    codes: list[str] = []
    told = replace(context(folder), emit=lambda event: codes.append(event["code"]) if "code" in event else None)
    settings = ExportSettings(**formats)
    return export.run(TrackFile(folder / "track.npz", track), video, clip.head, settings, told), codes


def test_every_format_is_written_without_the_footage(clip: MadeClip, track: Track, tmp_path: Path) -> None:
    result, codes = exported(clip, track, tmp_path, **dict.fromkeys(PERFORMANCE_FORMATS, True))
    assert isinstance(result, ExportFiles) and set(result.files) == set(PERFORMANCE_FORMATS) == set(FORMATS)
    files = {path.name for path in (tmp_path / "export").rglob("*") if path.is_file() and path.name != FOLDER_MARK}
    csv = next(name for name in files if name.endswith("_Anna-s-take_1_Face.csv"))
    assert files == {
        *(csv, "take.json", "Anna-s-take_controls.csv", "Anna-s-take.vrma", "Anna-s-take_perfect_sync.vrma"),
        *("camera.chan", "camera_still.chan", "head.chan", "lens.json"),
    }
    assert {"export-not-tracked", "export-gaps", "export-no-position", "export-no-head"} <= set(codes)
    assert codes.count("export-not-tracked") == codes.count("export-gaps") == 1


def test_the_csv_holds_the_performance_of_the_track(clip: MadeClip, track: Track, tmp_path: Path) -> None:
    exported(clip, track, tmp_path, live_link=True)
    read = read_performance(next((tmp_path / "export" / "live_link").glob("*.csv")))
    made = performance_of_file(track)
    assert isinstance(read, Performance) and isinstance(made, Performance)
    assert np.flatnonzero(~read.has_face).tolist() == [GONE] and read.rate == 30
    shown, tracked = made.has_face, made.is_tracked
    assert np.abs(read.weights - made.weights)[shown][:, tracked].max() < 1e-9
    assert read.gaze is not None and made.gaze is not None and read.head_rotation is not None
    assert np.degrees(np.abs(read.gaze - made.gaze)[shown]).max() < 0.3


def test_a_second_export_replaces_the_first_and_nothing_else(clip: MadeClip, track: Track, tmp_path: Path) -> None:
    exported(clip, track, tmp_path, vrma=True)
    mine = tmp_path / "export" / "vrma" / "my pose.vrma"
    mine.write_text("work")
    refused, _ = exported(clip, track, tmp_path, vrma=True)
    assert isinstance(refused, Failure) and "my pose.vrma" in refused.sentence
    mine.unlink()
    again, _ = exported(clip, track, tmp_path, vrma=True)
    assert isinstance(again, ExportFiles)


def test_the_camera_needs_no_weights(
    clip: MadeClip, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unsolvable = Failure("no-arkit-shapes", "The head is no face.", "Track another one.")
    monkeypatch.setattr(performances, "performance_of_file", lambda _track: unsolvable)
    refused, _ = exported(clip, track, tmp_path, live_link=True)
    assert refused == unsolvable and not (tmp_path / "export" / "live_link").exists()
    written, _ = exported(clip, track, tmp_path, camera=True)
    assert isinstance(written, ExportFiles)


@pytest.mark.skipif(os.name == "nt", reason="the program that stands in for Blender is a shell script")
def test_what_blender_writes_of_a_run_stands_beside_what_the_engine_writes(
    clip: MadeClip, track: Track, tmp_path: Path
) -> None:
    blender = tmp_path / "blender"
    said = """echo '{"event":"notice","name":"usd","code":"export-hidden","sentence":"A hat is hidden.","advice":""}'"""
    done = """echo '{"event":"done","outputs":{}}'"""
    # `shift` leads to the name and the folder that follow --target.
    finds = 'while [ "$1" != --target ]; do shift; done'
    blender.write_text(f'#!/bin/sh\n{finds}\necho made > "$3/take.$2"\n{said}\n{done}\n')
    blender.chmod(0o755)
    result, codes = exported(clip, track, tmp_path, camera=True, usd=True, blender=str(blender))
    assert isinstance(result, ExportFiles) and list(result.files) == ["camera", "usd"]
    assert (result.files["usd"] / "take.usd").read_text() == "made\n" and codes == ["export-hidden"]
    assert export.summary(result, ExportSettings()) == "camera for Nuke, USD"


def test_a_face_among_several_has_its_number(track: Track) -> None:
    report = {**track.header["report"], "face": 1, "others": [{"number": 0}]}
    assert performances.subject_of(replace(track, header={**track.header, "report": report})) == "Face2"
    assert performances.subject_of(track) == "Face"
