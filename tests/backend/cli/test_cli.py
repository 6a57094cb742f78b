"""The command line as a user and as Blender see it: flags, exit codes, events, and every way of stopping it."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_helpers import backend
from engine_process import FAKE, Engine
from fake_stages import ROOT, job_for, make_clip, ran

from backend.contract.events import decode
from backend.run.engine import CANCEL_TIMEOUT, FINAL_EVENT_TIMEOUT, ORPHAN_TIMEOUT, Stop, watch_input
from backend.system.device import device_name, gpu_of_linux

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits as POSIX has them")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "Aufnahme für Zoë", seconds=2.5)


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "Aufnahme für Zoë")


def test_events_are_the_only_thing_on_standard_output(tmp_path: Path, quick: Path) -> None:
    code, events, error = Engine(tmp_path, quick, "--events").run_to_end()
    assert code == 0
    assert [e["event"] for e in events[:2]] == ["hello", "job"]
    assert events[-1]["event"] == "done"
    assert Path(events[-1]["outputs"]["track"]).is_file()
    assert error == ""


def test_the_engine_is_heard_at_least_every_two_seconds(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", seconds=15.0)
    engine = Engine(tmp_path, clip, "--events")
    assert engine.process.stdout is not None
    moments = []
    for line in engine.process.stdout:
        moments.append(time.monotonic())
        if decode(line) and decode(line)["event"] == "heartbeat":  # type: ignore[index]
            break
    engine.process.kill()
    engine.process.wait()
    assert decode(line)["event"] == "heartbeat"  # type: ignore[index]


def test_without_events_people_read_lines_and_the_end(tmp_path: Path, quick: Path) -> None:
    code, lines, error = Engine(tmp_path, quick).finish()
    assert (code, lines) == (0, [])
    assert "Landmarks" in error and error.endswith("The end.\n")


def test_a_failure_is_one_sentence_with_advice(tmp_path: Path) -> None:
    code, _, error = Engine(tmp_path, make_clip(tmp_path / "clip", no_face=True)).finish()
    assert code == 1
    assert "No face was found. Choose another range." in error
    assert "Traceback" not in error


def test_a_fault_of_the_program_shows_no_traceback_but_the_log_has_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip", **{"break": True})
    code, events, _ = Engine(tmp_path, clip, "--events").run_to_end()
    assert code == 1
    assert events[-1]["event"] == "error" and events[-1]["code"] == "internal"
    log = Path(events[-1]["log"]).read_text()
    assert "Traceback" in log and "a fault of the program" in log


@POSIX
def test_ctrl_c_stops_the_work_and_the_next_run_goes_on(tmp_path: Path, slow: Path) -> None:
    engine = Engine(tmp_path, slow, "--events")
    engine.wait_for_chunk()
    engine.process.send_signal(signal.SIGINT)
    code, events, _ = engine.run_to_end()
    assert code == 130
    assert events[-1] == {"event": "cancelled"}
    before = ran(slow)
    code, *_ = Engine(tmp_path, slow, "--events").run_to_end()
    after = ran(slow)
    assert code == 0
    assert set(before) & set(after) <= {"landmarks", *(n for n in before if n == before[-1])}, (
        "only the torn chunk again"
    )


def test_a_kill_in_the_middle_leaves_a_cache_from_which_work_goes_on(tmp_path: Path, slow: Path) -> None:
    engine = Engine(tmp_path, slow)
    engine.wait_for_chunk()
    engine.process.kill()
    engine.finish()
    assert not (tmp_path / "out" / "track.npz").exists()
    ran(slow)
    code, *_ = Engine(tmp_path, slow).finish()
    assert code == 0
    assert "chunk-0" not in ran(slow)
    assert not list((tmp_path / "cache").rglob("*.partial"))


def test_the_engine_ends_when_its_parent_is_gone(tmp_path: Path, slow: Path) -> None:
    """A parent that dies closes the pipe, whatever it dies of."""
    engine = Engine(tmp_path, slow, "--events")
    engine.wait_for_chunk()
    assert engine.process.stdin is not None
    engine.process.stdin.close()
    engine.process.stdin = None
    code, events, _ = engine.run_to_end()
    assert code == 130
    assert events[-1] == {"event": "cancelled"}


@POSIX
def test_a_killed_parent_leaves_no_orphan(tmp_path: Path, slow: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(job_for(slow, tmp_path / "out").to_json(), "utf-8")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "print(child.pid, flush=True)\n"
            "time.sleep(60)",
            *(sys.executable, str(FAKE), str(job), "--events", "--cache", str(tmp_path / "cache")),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    for _ in range(1000):
        if list(tmp_path.glob("cache/work/landmarks-*/chunk-0.npy")):
            break
        time.sleep(0.01)
    parent.kill()
    parent.wait()
    for _ in range(1000):
        if not _alive(child):
            return
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("the engine outlived its parent")


def _alive(pid: int) -> bool:
    """Whether the process runs (one that has ended and waits for its parent to notice does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_line_cancel_stops_the_engine(tmp_path: Path, slow: Path) -> None:
    engine = Engine(tmp_path, slow, "--events")
    engine.wait_for_chunk()
    assert engine.process.stdin is not None
    engine.process.stdin.write("noise\ncancel\n")
    engine.process.stdin.flush()
    code, events, _ = engine.run_to_end()
    assert (code, events[-1]) == (130, {"event": "cancelled"})


@POSIX
def test_a_second_ctrl_c_ends_a_stage_that_does_not_listen(tmp_path: Path) -> None:
    deaf = make_clip(tmp_path / "clip", seconds=300.0, deaf=True)
    engine = Engine(tmp_path, deaf, "--events")
    assert engine.process.stdout is not None
    for line in engine.process.stdout:
        if '"landmarks","state":"running"' in line:
            break
    engine.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    engine.process.send_signal(signal.SIGINT)
    code, events, _ = engine.run_to_end()
    assert (code, events[-1]) == (130, {"event": "cancelled"})


@POSIX
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_stage_that_waits_in_a_library_for_ever(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    engine = Engine(tmp_path, make_clip(tmp_path / "clip", blocked=True))
    assert engine.process.stderr is not None
    while not (tmp_path / "clip" / "ran.txt").is_file() or "landmarks" not in ran(tmp_path / "clip" / "clip.json"):
        time.sleep(0.05)
    engine.process.send_signal(number)
    ended, _, error = engine.finish()
    assert ended == code
    assert error.endswith("Stopped. Finished work is kept; run the same command again to continue.\n")


@POSIX
def test_a_polite_kill_has_an_exit_code_of_its_own(tmp_path: Path, slow: Path) -> None:
    engine = Engine(tmp_path, slow, "--events")
    engine.wait_for_chunk()
    engine.process.send_signal(signal.SIGTERM)
    code, events, _ = engine.run_to_end()
    assert (code, events[-1]) == (143, {"event": "cancelled"})


def test_a_stage_that_does_not_listen_ends_with_the_program_that_started_it(tmp_path: Path) -> None:
    """The stage would take five minutes, the test's timeout is one."""
    deaf = make_clip(tmp_path / "clip", seconds=300.0, deaf=True)
    engine = Engine(tmp_path, deaf, "--events")
    assert engine.process.stdout is not None and engine.process.stdin is not None
    for line in engine.process.stdout:
        if '"landmarks","state":"running"' in line:
            break
    engine.process.stdin.close()
    engine.process.stdin = None
    code, events, _ = engine.run_to_end()
    assert code in (1, 130), "on a busy computer the last resort may come first"
    assert not any(event["event"] == "done" for event in events)


@pytest.mark.parametrize(
    ("said", "timeout"), [(b"noise\ncancel\n", [CANCEL_TIMEOUT, ORPHAN_TIMEOUT]), (b"", [ORPHAN_TIMEOUT])]
)
def test_cancelling_is_patient_and_a_dead_parent_is_not(
    said: bytes, timeout: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked(Stop):
        def __init__(self) -> None:
            super().__init__()
            self.timeout: list[float] = []

        def ask(self, timeout: float = CANCEL_TIMEOUT) -> None:
            self.timeout.append(timeout)

    reading, writing = os.pipe()
    os.write(writing, said)
    os.close(writing)
    stop = Asked()
    with os.fdopen(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        watch_input(stop)
    assert stop.timeout == timeout
    assert ORPHAN_TIMEOUT + 1.5 * FINAL_EVENT_TIMEOUT < 3 < CANCEL_TIMEOUT


def test_the_computer_is_described_in_words(tmp_path: Path) -> None:
    assert re.fullmatch(r"processor, \d+ cores?|.*NVIDIA.*", device_name())
    gpu = tmp_path / "0000:01:00.0"
    gpu.mkdir()
    (gpu / "information").write_text("Model: \t\t NVIDIA RTX A4000\nIRQ:   \t\t 73\n")
    assert gpu_of_linux(tmp_path) == "NVIDIA RTX A4000"
    assert gpu_of_linux(tmp_path / "absent") == ""


@POSIX
def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, quick: Path) -> None:
    """Files may grow to 12 kB only: the landmarks do not fit into the cache, and a sentence says so."""
    import resource

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    code, _, error = Engine(tmp_path, quick, preexec_fn=small_files).finish()
    assert code == 0
    assert "could not be saved" in error
    assert not list(tmp_path.rglob("*.partial"))
    assert not list((tmp_path / "cache" / "entries").glob("landmarks-*"))


def test_an_unusable_cache_folder_is_said(tmp_path: Path, quick: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    code, _, error = Engine(tmp_path, quick).finish()
    assert code == 1
    assert "cannot be used" in error and "--cache" in error


def test_a_video_that_is_not_there(tmp_path: Path) -> None:
    result = backend("track", tmp_path / "nö video.mp4", "--out", tmp_path / "out", "--cache", tmp_path / "cache")
    assert result.returncode == 1
    assert "nö video.mp4" in result.stderr and "Traceback" not in result.stderr


@POSIX
@pytest.mark.parametrize("command", [["track", "a.mp4", "--out", "b"], ["image", "a.png", "--out", "b"], ["models"]])
def test_a_working_directory_that_is_gone_is_said(tmp_path: Path, command: list[str]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = f"rmdir {gone} && exec {shlex.join([sys.executable, '-m', 'backend', *command])}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(shell, shell=True, cwd=gone, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "The folder in which this was started is gone. Change to another one and start again.\n"


def test_cache_shows_and_clears(tmp_path: Path, quick: Path) -> None:
    Engine(tmp_path, quick).finish()
    shown = backend("cache", "--cache", tmp_path / "cache").stdout
    assert "9 results" in shown
    assert "9 results" in backend("cache", "clear", "--cache", tmp_path / "cache").stdout
    assert "0 results" in backend("cache", "--cache", tmp_path / "cache").stdout
