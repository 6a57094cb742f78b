"""Portable tracks: names of files in a track that is handed on to somebody else."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.contract.job import Job, default_job, parse_job
from backend.contract.portable import job_text, near_name, portable_header, portable_name, read_job, stated_file
from backend.contract.settings import HeadSettings, PhotographSettings, TrackFileSettings, VideoSettings
from backend.system.user_folders import user_cache


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home" / "anna.smith"
    folder.mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: folder)
    return folder


@pytest.mark.parametrize(
    ("video", "results", "name"),
    [
        ("home/anna.smith/clients/a.mp4", "home/anna.smith/clients/out", "../a.mp4"),
        ("home/anna.smith/clients/a.mp4", "home/anna.smith/tracks", "../clients/a.mp4"),
        ("home/anna.smith/clients/a.mp4", "results", "a.mp4"),
        ("home/bob/a.mp4", "home/anna.smith/tracks", "a.mp4"),
        ("film/shots/a.mp4", "film/tracks", "../shots/a.mp4"),
    ],
)
def test_a_file_is_named_from_the_folder_and_never_through_a_home(
    video: str, results: str, name: str, home: Path, tmp_path: Path
) -> None:
    assert portable_name(tmp_path / video, tmp_path / results) == name


def test_a_file_that_shares_nothing_with_the_folder_but_the_root_is_named_alone(tmp_path: Path) -> None:
    assert portable_name(Path(tmp_path.anchor) / "elsewhere" / "a.mp4", tmp_path) == "a.mp4"


def test_what_has_to_be_found_again_keeps_its_whole_path_where_it_is_far(tmp_path: Path) -> None:
    far = Path(tmp_path.anchor) / "elsewhere" / "a.mp4"
    assert near_name(far, tmp_path) == str(far)
    assert near_name(tmp_path / "clips" / "a.mp4", tmp_path / "out") == "../clips/a.mp4"


def test_what_was_named_is_found_again_from_the_folder(tmp_path: Path) -> None:
    video, results = tmp_path / "shots" / "é" / "a.mp4", tmp_path / "tracks"
    for folder in (video.parent, results):
        folder.mkdir(parents=True)
    video.touch()
    link = tmp_path / "link"
    link.symlink_to(results)
    for folder in (results, link):
        found = stated_file(portable_name(video, folder), folder)
        assert found is not None
        assert found.samefile(video)


def test_whole_paths_of_older_tracks_are_taken_as_they_are(tmp_path: Path) -> None:
    assert stated_file(str(tmp_path / "a.mp4"), tmp_path / "out") == tmp_path / "a.mp4"
    assert stated_file("a.mp4", None) is None
    assert stated_file("", tmp_path) is None


def test_a_header_holds_no_whole_path(home: Path) -> None:
    results = home / "tracks"
    header = {
        "video": {"name": "a.mp4", "path": str(home / "clients" / "a.mp4"), "sha256": "12"},
        "settings": {
            "video": {"path": str(home / "clients" / "a.mp4"), "first_frame": 3},
            "photographs": {"path": f"{home / 'a.jpg'} | {home / 'b.jpg'}", "folder": ""},
            "track": {"path": str(results / "track.npz")},
            "head": {"source": "file", "file": "/opt/flame/generic_model.pkl", "identity_track": ""},
            "a stage of a newer version": {"path": 3},
        },
        "report": {"face": 0},
    }
    portable = portable_header(header, results)
    assert "anna" not in json.dumps(portable["settings"]["video"])
    assert portable["video"] == {"name": "a.mp4", "path": "../clients/a.mp4", "sha256": "12"}
    assert portable["settings"]["video"] == {"path": "../clients/a.mp4", "first_frame": 3}
    assert portable["settings"]["track"] == {"path": "track.npz"}
    assert portable["settings"]["head"]["file"] == "generic_model.pkl"
    assert portable["settings"]["a stage of a newer version"] == {"path": 3}
    assert "anna" not in json.dumps(portable)


def job_of(folder: Path) -> Job:
    head = HeadSettings(source="file", file=str(Path(folder.anchor) / "opt" / "flame.pkl"))
    video, track = VideoSettings(path=str(folder / "clips" / "a|b.mp4")), folder / "out" / "track.npz"
    return default_job({"video": video, "track": TrackFileSettings(path=str(track)), "head": head})


def test_a_job_moves_together_with_its_files(home: Path) -> None:
    (home / "shot").mkdir()
    text = job_text(job_of(home / "shot"), home / "shot")
    assert "anna" not in text
    moved = home / "moved"
    moved.mkdir()
    assert read_job(text, moved) == job_of(moved)
    photographs = PhotographSettings(path=" | ".join(str(home / name) for name in ("a.jpg", "b.jpg")))
    job = default_job({"photographs": photographs}, ["photographs"])
    read = read_job(job_text(job, home), moved)
    assert isinstance(read, Job)
    assert read.stage("photographs").settings.path == f"{moved / 'a.jpg'}|{moved / 'b.jpg'}"


def test_a_home_folder_in_a_job_is_that_of_whoever_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    text = job_text(default_job({"video": VideoSettings(path="~/clip.mp4")}), tmp_path / "project")
    read = read_job(text, tmp_path / "project")
    assert isinstance(read, Job) and read.stage("video").settings.path == "~/clip.mp4"


def test_who_has_no_home_folder_can_hand_on_jobs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    assert portable_name(tmp_path / "clip.mp4", tmp_path / "results") == "../clip.mp4"
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    assert user_cache().name == "flame-head-tracker"


def test_a_job_that_does_not_say_so_is_read_as_before(tmp_path: Path) -> None:
    job = default_job({"video": VideoSettings(path="clip.mp4")})
    assert read_job(job.to_json(), tmp_path) == job == parse_job(job.to_json())
    assert isinstance(read_job("[]", tmp_path), Failure)
    assert dataclasses.replace(job_of(tmp_path), overwrite=True) == read_job(
        job_text(dataclasses.replace(job_of(tmp_path), overwrite=True), tmp_path), tmp_path
    )
