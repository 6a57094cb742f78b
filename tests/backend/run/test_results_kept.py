"""Files of the user and of other runs stay as they are: what is asked before the work starts."""

from __future__ import annotations

import dataclasses
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_process import Engine
from fake_runs import Runs
from fake_stages import job_for, make_clip, ran

from backend.cli import track as track_command
from backend.cli.log_file import log_problem
from backend.contract.failure import Failure
from backend.contract.job import Job, Stage, parse_job
from backend.contract.outputs import clash, outputs_of
from backend.contract.portable import read_job
from backend.contract.settings import ReportSettings, SmoothSettings, TextureSettings, TrackFileSettings
from backend.run.engine import EXIT_DONE, EXIT_FAILED
from backend.run.result_locks import locked
from backend.run.runner import Finished
from backend.system.writable import writable_problem


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clips")


def job_to(clip: Path, track: Path, **reports: str) -> Job:
    """The usual job with other places for its results."""
    job = job_for(clip, track.parent)
    wanted = {"track": TrackFileSettings(path=str(track)), "report": ReportSettings(**reports)}
    stages = [dataclasses.replace(each, settings=wanted.get(each.kind, each.settings)) for each in job.stages]
    return dataclasses.replace(job, stages=tuple(stages))


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_video_is_never_a_result(overwrite: bool, run: Runs, clip: Path) -> None:
    before = clip.read_bytes()
    linked = clip.with_name("another name.npz")
    linked.hardlink_to(clip)
    for place in (clip, linked):
        result = run(dataclasses.replace(job_to(clip, place), overwrite=overwrite))
        assert isinstance(result, Failure)
        assert "is an input of this run" in result.sentence
    assert clip.read_bytes() == before
    assert ran(clip) == []


@pytest.mark.parametrize("name", ["report.json", "report.png", "sheet.png", "overlay.mp4", "track.npz"])
def test_a_strangers_file_stops_the_run_before_any_work(name: str, run: Runs, clip: Path, tmp_path: Path) -> None:
    place = tmp_path / "out" / name
    place.parent.mkdir()
    place.write_text("of somebody else")
    result = run(job_for(clip, place.parent))
    assert isinstance(result, Failure)
    assert str(place) in result.sentence
    assert "--overwrite" in result.advice
    assert place.read_text() == "of somebody else"
    assert ran(clip) == []
    assert isinstance(run(dataclasses.replace(job_for(clip, place.parent), overwrite=True)), Finished)


def test_results_without_a_mark_that_the_cache_remembers_are_replaced(run: Runs, clip: Path, tmp_path: Path) -> None:
    """The fake stages leave no marks, as earlier versions did not."""
    out = tmp_path / "out"
    assert isinstance(run(job_for(clip, out)), Finished)
    assert isinstance(run(job_for(clip, out, SmoothSettings(pose=0.5))), Finished)
    (out / "track.npz").write_text("edited by the user")
    assert isinstance(run(job_for(clip, out)), Failure)


def test_a_finished_job_whose_results_may_only_be_read_has_nothing_to_do(run: Runs, clip: Path, tmp_path: Path) -> None:
    run(job_for(clip, tmp_path / "out"))
    (tmp_path / "out" / "track.npz").chmod(0o444)
    ran(clip)
    assert isinstance(run(job_for(clip, tmp_path / "out")), Finished)
    assert ran(clip) == []
    result = run(job_for(clip, tmp_path / "out", SmoothSettings(pose=0.5)))
    assert isinstance(result, Failure)
    assert "is read-only" in result.sentence


def test_two_stages_never_write_one_file(run: Runs, clip: Path, tmp_path: Path) -> None:
    place = tmp_path / "out" / "track.npz"
    job = job_to(clip, place)
    again = Stage("second", "track", TrackFileSettings(path=str(tmp_path / "." / "out" / "track.npz")), {"fit": "fit"})
    result = run(dataclasses.replace(job, stages=(*job.stages, again)))
    assert isinstance(result, Failure)
    assert "'track' and 'second' would write the same file" in result.sentence
    assert ran(clip) == []
    elsewhere = dataclasses.replace(again, settings=TrackFileSettings(path=str(tmp_path / "out" / "b.npz")))
    assert clash(dataclasses.replace(job, stages=(*job.stages, elsewhere))) is None


def test_what_a_job_writes_is_known_before_it_runs(clip: Path, tmp_path: Path) -> None:
    job = job_to(clip, tmp_path / "a.npz", folder=str(tmp_path / "report"))
    texture = Stage("texture", "texture", TextureSettings(), {"track": "track", "video": "video"})
    job = dataclasses.replace(job, stages=(*job.stages, texture))
    names = {name: [path.name for path in each.paths] for name, each in outputs_of(job).items()}
    assert names == {
        "track": ["a.npz"],
        "report": ["report.json", "report.png", "sheet.png", "overlay.mp4"],
        "texture": ["texture.png", "texture_light.json"],
    }
    assert outputs_of(job)["report"].files[0].parent == tmp_path / "report"


def test_a_job_says_overwrite_only_where_it_shall(clip: Path, tmp_path: Path) -> None:
    job = job_for(clip, tmp_path)
    assert "overwrite" not in json.loads(job.to_json())
    assert parse_job(job.to_json()) == job
    said = dataclasses.replace(job, overwrite=True)
    assert parse_job(said.to_json()) == said
    wrong = json.loads(job.to_json()) | {"overwrite": "yes"}
    assert isinstance(parse_job(json.dumps(wrong)), Failure)


def test_a_second_run_says_who_writes_into_the_folder(tmp_path: Path) -> None:
    slow = make_clip(tmp_path / "clips", seconds=1.5)
    first = Engine(tmp_path, slow)
    first.wait_for_chunk()
    with locked([tmp_path / "out" / "track.npz"], lambda: False, timeout=0.0) as busy:
        assert busy is not None
        assert f"process {first.process.pid} on" in busy.sentence
        assert "track.npz" in busy.sentence
        assert "another folder" in busy.advice
    with locked([tmp_path / "out" / "another.npz"], lambda: False, timeout=0.0) as busy:
        assert busy is None, "runs that write other files there do not hinder each other"
    assert first.finish()[0] == EXIT_DONE
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["report.txt", "track.npz"]


def test_a_second_run_waits_for_one_that_is_about_to_end(tmp_path: Path) -> None:
    slow = make_clip(tmp_path / "clips", seconds=1.0)
    first = Engine(tmp_path, slow)
    first.wait_for_chunk()
    second = Engine(tmp_path, slow)
    assert (first.finish()[0], second.finish()[0]) == (EXIT_DONE, EXIT_DONE)


def test_a_folder_is_free_again_when_its_run_was_killed(tmp_path: Path) -> None:
    slow = make_clip(tmp_path / "clips", seconds=20.0)
    first = Engine(tmp_path, slow)
    first.wait_for_chunk()
    first.process.kill()
    first.process.wait()
    for name in (".track.123-0123abcd.partial.npz", ".other.123-0123abcd.partial.npz"):
        (tmp_path / "out" / name).touch()
    with locked([tmp_path / "out" / "track.npz"], lambda: False, timeout=0.0) as busy:
        assert busy is None
        left = {path.name for path in (tmp_path / "out").iterdir() if "lock" not in path.name}
        assert left == {".other.123-0123abcd.partial.npz"}, "another run may be at that one"
    first.finish()


def test_a_lock_leaves_no_folder_behind(tmp_path: Path) -> None:
    with locked([tmp_path / "new" / "deep" / "track.npz"], lambda: False) as busy:
        assert busy is None
    assert list(tmp_path.iterdir()) == []


def test_runs_that_start_at_once_do_not_refuse_each_other_a_new_folder(tmp_path: Path) -> None:
    found: list[Failure | None] = []

    def start() -> None:
        for _ in range(60):
            found.append(writable_problem(tmp_path / "new" / "out"))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(found) == {None}


def test_a_job_file_is_not_written_over_the_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    video, notes, job = tmp_path / "clip.mp4", tmp_path / "notes.json", tmp_path / "job.json"
    video.write_bytes(b"a film")
    notes.write_text("{}")
    for place in (video, notes):
        before = place.read_bytes()
        assert track_command.main([str(video), "--out", str(tmp_path), "--write-job", str(place)]) == EXIT_FAILED
        assert str(place) in capsys.readouterr().err
        assert place.read_bytes() == before
    for flags in ((), ("--overwrite",)):
        written = ["--out", str(tmp_path), "--write-job", str(job), *flags]
        assert track_command.main([str(video), *written]) == EXIT_DONE
        read = read_job(job.read_text("utf-8"), tmp_path)
        assert isinstance(read, Job)
        assert read.overwrite is bool(flags)


def _video(path: Path) -> None:
    path.write_bytes(b"\0\0\0\x18ftypmp42\xff\xfe")


def _report(path: Path) -> None:
    path.with_suffix(".json").write_text("{}")


@pytest.mark.parametrize(
    ("name", "make"),
    [("clip.mp4", _video), ("clip.log", _video), ("report.json", _report), ("folder", Path.mkdir)]
    + ([("pipe.log", os.mkfifo)] if hasattr(os, "mkfifo") else []),
)
def test_a_log_is_only_ever_added_to_a_log(name: str, make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / name)
    problem = log_problem(tmp_path / name)
    assert problem is not None
    assert name in problem.sentence


def test_new_empty_and_earlier_logs_may_be_added_to(tmp_path: Path) -> None:
    earlier, empty = tmp_path / "engine.log", tmp_path / "empty"
    earlier.write_text("Grüße\n" * 1000, "utf-8")
    empty.touch()
    for place in (earlier, empty, tmp_path / "new.log", Path(os.devnull)):
        assert log_problem(place) is None
    assert log_problem(tmp_path / "no folder" / "x.log") is not None


def test_waiting_for_a_folder_ends_when_the_user_cancels(tmp_path: Path) -> None:
    slow = make_clip(tmp_path / "clips", seconds=20.0)
    first = Engine(tmp_path, slow)
    first.wait_for_chunk()
    begun = time.monotonic()
    with locked([tmp_path / "out" / "track.npz"], lambda: time.monotonic() - begun > 0.3, timeout=60.0) as busy:
        assert busy is not None
    assert time.monotonic() - begun < 30
    first.process.kill()
    first.finish()
