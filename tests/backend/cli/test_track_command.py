"""``track`` with the real stages: a clip goes in, files come out, and bad input ends with one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from fake_stages import ROOT

from backend.cli import track as track_command
from backend.contract.track import Track, read_track
from backend.run import everyone

av = pytest.importorskip("av")
CLIP = ROOT.parent / "shared" / "data" / "videos" / "grid_bbaf2n.mpg"


def track(clip: Path, folder: Path, *flags: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "backend", "track", str(clip), "--out", str(folder / "out é")]
    command += ["--cache", str(folder / "cache"), "--head", "builtin", "--quality", "draft", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.skipif(not CLIP.is_file(), reason="the real clips are not here")
def test_a_real_clip_gives_all_files_and_only_smoothing_is_done_again(tmp_path: Path) -> None:
    range_of_clip = ("--first-frame", "4", "--last-frame", "11", "--no-person-mask")
    first = track(CLIP, tmp_path, *range_of_clip)
    assert first.returncode == 0, first.stderr
    assert "Tracked 8 of 8 frames." in first.stderr
    files = {path.name for path in (tmp_path / "out é").iterdir()}
    assert files == {"track.npz", "overlay.mp4", "sheet.png", "grid_bbaf2n.mp4", "report.json", "report.png"}
    result = read_track(tmp_path / "out é" / "track.npz")
    assert isinstance(result, Track)
    np.testing.assert_array_equal(result.frame_index, np.arange(4, 12))
    report = json.loads((tmp_path / "out é" / "report.json").read_text("utf-8"))
    assert report["summary"]["reprojection_error"]["median_percent_of_eye_distance"] < 1.6
    assert set(report["settings"]) == {"video", "face", "head", "camera", "landmarks", "fit", "smooth", "track"}

    again = track(CLIP, tmp_path, *range_of_clip, "--smooth-pose", "0.2")
    assert again.returncode == 0, again.stderr
    reused = {line.split("  ")[0] for line in again.stderr.splitlines() if " reused  " in line}
    assert reused == {"Video", "Face", "Camera", "Landmarks", "Fit"}


def a_film(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for shade in range(4):
            picture = np.full((240, 320, 3), 40 * shade, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ("absent", "There is no file"),
        ("folder", "is a folder"),
        ("empty", "is empty"),
        ("text", "notes.mp4"),
        ("no face", "No face"),
        ("no frames", "No frame"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(case: str, word: str, tmp_path: Path) -> None:
    clip = tmp_path / "notes.mp4"
    if case == "folder":
        clip.mkdir()
    elif case == "empty":
        clip.touch()
    elif case == "text":
        clip.write_text("no video at all\n" * 100)
    elif case.startswith("no "):
        a_film(clip)
    result = track(clip, tmp_path, *(("--first-frame", "90") if case == "no frames" else ()))
    assert result.returncode == 1
    assert word in result.stderr and "Traceback" not in result.stderr
    assert not (tmp_path / "out é").exists()


def test_everyone_is_tracked_in_a_folder_of_their_own_through_the_lens_of_the_first(tmp_path, monkeypatch, capsys):
    jobs, lens = [], {"focal_x": 640.0, "focal_y": 640.0, "width": 320, "height": 240, "centre_x": 160, "centre_y": 120}
    header = {"report": {"others": [{"number": 1}, {"number": 2}]}, "intrinsics": lens, "video": {}}
    opened = []
    monkeypatch.setattr(track_command, "open_session", lambda _: nullcontext(opened.append("talk") or "talk"))
    monkeypatch.setattr(track_command, "execute_in", lambda _, job, *__: jobs.append(job) or 0)
    monkeypatch.setattr(everyone, "read_parts", lambda *_: (header, {}))
    arguments = ["clip.mp4", "--out", str(tmp_path), "--all-faces"]
    assert track_command.main(arguments) == 0
    faces = [job.stage("face").settings for job in jobs]
    assert [(face.choose, face.number) for face in faces] == [("number", 0), ("number", 1), ("number", 2)]
    files = [Path(job.stage("track").settings.path) for job in jobs]
    assert files == [tmp_path / f"face{number}" / "track.npz" for number in (1, 2, 3)]
    modes = [(job.stage("camera").settings.focal_mode, job.stage("camera").settings.focal_pixels) for job in jobs]
    assert modes == [("metadata", 1000.0), ("pixels", 640.0), ("pixels", 640.0)]
    assert len(opened) == 1, "whoever says 'cancel' is heard once, and means everyone"
    jobs.clear()
    monkeypatch.setattr(track_command, "execute_in", lambda _, job, *__: jobs.append(job) or (130 if jobs[1:] else 0))
    assert track_command.main(arguments) == 130 and len(jobs) == 2
    jobs.clear()
    assert track_command.main([*arguments, "--face-number", "1"]) == 2 and not jobs
    assert "--all-faces" in capsys.readouterr().err
