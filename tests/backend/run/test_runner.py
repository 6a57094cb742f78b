"""The runner: what is done again and what is not, and what it says meanwhile."""

from __future__ import annotations

import dataclasses
import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import av.error
import cv2
import fake_stages
import pytest
from fake_runs import Runs
from fake_stages import job_for, make_clip, ran

from backend.contract.failure import Failure
from backend.contract.job import ON_REQUEST, STAGES, SUBSTITUTES, Job, default_job
from backend.contract.settings import FitSettings, LandmarkSettings, SmoothSettings, TrackFileSettings, VideoSettings
from backend.run import contents
from backend.run.keys import fingerprint
from backend.run.progress import ProgressThrottle
from backend.run.runner import Finished, Stopped


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clips")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


ALL = ["video", "landmarks", *(f"chunk-{n}" for n in range(6)), "fit", "smooth", "track", "report"]


def test_a_first_run_does_everything_in_the_order_it_announces(run: Runs, clip: Path, out: Path) -> None:
    result = run(job_for(clip, out))
    assert isinstance(result, Finished)
    assert ran(clip) == ALL
    announced = [stage["name"] for stage in next(e for e in run.events if e["event"] == "job")["stages"]]
    assert [e["name"] for e in run.events if e.get("state") == "done"] == announced
    assert result.files == {"track": out / "track.npz", "report": out / "report.txt"}
    assert run.events[-1]["event"] == "done"


def test_a_finished_job_does_nothing_and_names_the_same_files(run: Runs, clip: Path, out: Path) -> None:
    first = run(job_for(clip, out))
    ran(clip)
    again = run(job_for(clip, out))
    assert ran(clip) == []
    assert isinstance(first, Finished) and isinstance(again, Finished)
    assert again.files == first.files
    assert {e["state"] for e in run.events if e["event"] == "stage"} == {"cached"}


def test_every_stage_tells_its_result_again_when_nothing_is_left_to_do(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    run(job_for(clip, out))
    told = {e["name"]: e["summary"] for e in run.events if e["event"] == "stage"}
    assert set(told) == set(STAGES) - {*ON_REQUEST, *SUBSTITUTES} and set(told.values()) == {"well"}


def test_another_smoothing_starts_at_smoothing(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    run(job_for(clip, out, SmoothSettings(pose=0.2)))
    assert ran(clip) == ["smooth", "track", "report"]


def test_another_fit_setting_keeps_the_landmarks(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    track = TrackFileSettings(path=str(out / "track.npz"))
    run(default_job({"video": VideoSettings(str(clip)), "track": track, "fit": FitSettings(smoothness=2.0)}))
    assert ran(clip) == ["fit", "smooth", "track", "report"]


def test_the_number_of_threads_changes_no_result(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    track = TrackFileSettings(path=str(out / "track.npz"))
    run(default_job({"video": VideoSettings(str(clip)), "track": track, "landmarks": LandmarkSettings(threads=3)}))
    assert ran(clip) == []


def test_a_changed_video_is_tracked_anew(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    make_clip(clip.parent, seconds=0.0)
    run(job_for(clip, out))
    assert ran(clip) == ALL


def test_a_project_that_was_copied_finds_its_work_again(run: Runs, clip: Path, out: Path, tmp_path: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    copy = tmp_path / "another machine" / clip.name
    copy.parent.mkdir()
    shutil.copyfile(clip, copy)
    clip.unlink()
    assert isinstance(run(job_for(copy, tmp_path / "another machine")), Finished)
    assert not {"landmarks", "fit"} & set(ran(copy))


def test_a_file_is_read_as_a_whole_only_when_it_has_changed(run: Runs, tmp_path: Path, monkeypatch) -> None:
    file, read = tmp_path / "clip.mp4", []
    file.write_bytes(bytes(300_000))
    monkeypatch.setattr(contents, "fingerprint", lambda path: read.append(path) or fingerprint(path))
    looks = []
    for _ in range(2):
        known = contents.Contents(run.cache)
        looks.append(known.fingerprint(file))
        known.save()
    assert looks[0] == looks[1] == fingerprint(file) and read == [file]
    file.write_bytes(bytes(299_999) + b"x")
    assert contents.Contents(run.cache).fingerprint(file) != looks[0] and len(read) == 2
    assert contents.Contents(run.cache).fingerprint(tmp_path / "absent") == fingerprint(tmp_path / "absent")


def test_a_new_model_file_counts(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    (run.models / "flame2023.pkl").write_bytes(b"another head")
    run(job_for(clip, out))
    assert ran(clip) == ["fit", "smooth", "track", "report"]


def test_a_track_file_that_was_deleted_or_touched_is_written_again(run: Runs, clip: Path, out: Path) -> None:
    run(job_for(clip, out))
    ran(clip)
    (out / "track.npz").unlink()
    run(job_for(clip, out))
    assert ran(clip) == ["smooth", "track"]
    (out / "report.txt").write_text("scribbled over")
    run(job_for(clip, out))
    assert ran(clip) == ["report"]
    assert (out / "report.txt").read_text() == "all well"


def test_another_output_folder_computes_no_landmarks(run: Runs, clip: Path, tmp_path: Path) -> None:
    run(job_for(clip, tmp_path / "one"))
    ran(clip)
    run(job_for(clip, tmp_path / "two"))
    assert ran(clip) == ["smooth", "track", "report"]
    assert (tmp_path / "two" / "track.npz").is_file()


@pytest.mark.parametrize("damage", ["cut", "garbage", "flipped"])
def test_a_damaged_entry_is_computed_again_and_that_is_said(run: Runs, clip: Path, out: Path, damage: str) -> None:
    run(job_for(clip, out))
    ran(clip)
    (entry,) = run.cache.entries.glob("fit-*.npz")
    whole = entry.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]
    entry.write_bytes({"cut": whole[:middle], "garbage": b"no archive", "flipped": flipped}[damage])
    result = run(job_for(clip, out, SmoothSettings(pose=0.1)))
    assert isinstance(result, Finished)
    assert ran(clip) == ["fit", "smooth", "track", "report"]
    assert run.codes("notice") == ["cache-damaged"]
    run(job_for(clip, out, SmoothSettings(pose=0.3)))
    assert ran(clip) == ["smooth", "track", "report"]


def test_a_stage_that_fails_ends_the_job_with_its_sentence(run: Runs, tmp_path: Path, out: Path) -> None:
    clip = make_clip(tmp_path / "empty", no_face=True)
    result = run(job_for(clip, out))
    assert isinstance(result, Failure) and result.code == "no-face"
    assert run.events[-1]["event"] == "error" and run.events[-1]["name"] == "landmarks"
    assert not (out / "track.npz").exists()


def test_a_stopped_run_says_so_and_the_next_one_goes_on(run: Runs, clip: Path, out: Path) -> None:
    stop = lambda: len(list(run.cache.root.glob("work/landmarks-*/chunk-*.npy"))) >= 3  # noqa: E731
    slow = make_clip(clip.parent, seconds=0.3)
    assert isinstance(run(job_for(slow, out), cancelled=stop), Stopped)
    assert run.events[-1] == {"event": "cancelled"}
    assert [name for name in ran(clip) if name.startswith("chunk")] == ["chunk-0", "chunk-1", "chunk-2", "chunk-3"]
    assert isinstance(run(job_for(slow, out)), Finished)
    assert ran(clip) == ["landmarks", "chunk-3", "chunk-4", "chunk-5", "fit", "smooth", "track", "report"]
    assert list(run.cache.root.glob("work/*")) == []


def test_results_that_cannot_be_kept_do_not_stop_the_work(run: Runs, clip: Path, out: Path, monkeypatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(run.cache, "store", full)
    assert isinstance(run(job_for(clip, out)), Finished)
    assert set(run.codes("notice")) == {"cache-not-written"}
    assert (out / "track.npz").is_file()


def test_a_full_disk_in_a_stage_is_a_failure_with_a_sentence(run: Runs, clip: Path, out: Path) -> None:
    def full(**_inputs: object) -> None:
        raise OSError(28, "No space left on device", "track.npz")

    registry = fake_stages.registry()
    registry["track"] = dataclasses.replace(registry["track"], run=full)
    result = run(job_for(clip, out), registry)
    assert isinstance(result, Failure) and result.code == "disk-full"
    assert "track.npz" in result.sentence


def test_too_little_memory_is_a_failure_with_a_sentence(run: Runs, clip: Path, out: Path) -> None:
    def greedy(**_inputs: object) -> None:
        raise MemoryError

    registry = fake_stages.registry()
    registry["fit"] = dataclasses.replace(registry["fit"], run=greedy)
    result = run(job_for(clip, out), registry)
    assert isinstance(result, Failure) and result.code == "out-of-memory"


def of_an_encoder() -> OSError:
    """What the writer of the overlay makes of an encoder that does not open."""
    error = OSError(-1, "FFmpeg: Generic error in an external library", "overlay.mp4")
    error.__cause__ = av.error.ExternalError(-1, "Generic error in an external library")
    return error


ENDINGS = [
    (of_an_encoder, "media-failed", "external library"),
    (lambda: av.error.PatchWelcomeError(-1, "Not yet implemented in FFmpeg"), "media-failed", "Not yet implemented"),
    (lambda: av.error.ExternalError(-1, "Generic error in an external library"), "media-failed", "external library"),
    (lambda: av.error.MemoryError(-12, "Cannot allocate memory"), "out-of-memory", "memory"),
    (lambda: av.error.ExternalError(-1, "Cannot allocate memory"), "out-of-memory", "memory"),
    (
        lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory"),
        "out-of-memory",
        "memory",
    ),
    (lambda: RuntimeError("can't start new thread"), "out-of-memory", "memory"),
    (lambda: ImportError("libtorch_cpu.so: failed to map segment from shared object"), "out-of-memory", "memory"),
    (lambda: cv2.error("Insufficient memory (Failed to allocate 99 bytes)"), "out-of-memory", "memory"),
    (lambda: OSError(errno.ENOMEM, "Cannot allocate memory"), "out-of-memory", "memory"),
    (lambda: OSError(errno.EIO, "Input/output error", "clip.mp4"), "input-not-readable", "clip.mp4"),
    (lambda: OSError(errno.ENOSPC, "No space left on device"), "disk-full", "result of 'Fit'"),
]


@pytest.mark.parametrize(("made", "code", "words"), ENDINGS)
def test_what_stops_a_stage_from_outside_is_told_by_its_kind(
    made: Callable[[], Exception], code: str, words: str, run: Runs, clip: Path, out: Path
) -> None:
    def stopped(**_inputs: object) -> None:
        raise made()

    registry = fake_stages.registry()
    registry["fit"] = dataclasses.replace(registry["fit"], run=stopped)
    result = run(job_for(clip, out), registry)
    assert isinstance(result, Failure) and result.code == code, result
    assert words in result.sentence


def test_a_fault_of_the_program_is_not_taken_for_something_from_outside(run: Runs, clip: Path, out: Path) -> None:
    def faulty(**_inputs: object) -> None:
        raise RuntimeError("expected a tensor of two sides")

    registry = fake_stages.registry()
    registry["fit"] = dataclasses.replace(registry["fit"], run=faulty)
    with pytest.raises(RuntimeError, match="two sides"):
        run(job_for(clip, out), registry)


def test_an_output_folder_in_the_way_is_refused_before_any_work(run: Runs, clip: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be")
    result = run(job_for(clip, tmp_path / "taken"))
    assert isinstance(result, Failure) and result.code == "output-not-writable"
    assert ran(clip) == []


def test_two_track_files_of_one_job_are_both_named(run: Runs, clip: Path, tmp_path: Path) -> None:
    job = job_for(clip, tmp_path / "one")
    other = TrackFileSettings(path=str(tmp_path / "two" / "track.npz"))
    second = dataclasses.replace(job.stage("track"), name="rough", settings=other, inputs={"fit": "fit"})
    result = run(Job((*job.stages, second)))
    assert isinstance(result, Finished)
    assert result.files["track"] == tmp_path / "one" / "track.npz"
    assert result.files["rough/track"] == tmp_path / "two" / "track.npz"


def test_the_time_left_counts_from_the_first_progress_of_this_run() -> None:
    now = [0.0]
    said: list[dict] = []
    pace = ProgressThrottle(lambda event: said.append(dict(event)), clock=lambda: now[0])
    for moment, done in ((0.0, 50), (1.0, 60), (1.01, 61), (2.0, 70)):
        now[0] = moment
        pace({"event": "progress", "name": "fit", "done": done, "total": 100, "seconds_left": None})
    assert [event["done"] for event in said] == [50, 60, 70]
    assert [event["seconds_left"] for event in said] == [None, 4.0, 3.0]
