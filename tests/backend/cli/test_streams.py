"""Standard streams that are closed, full, or read by somebody who wants no more."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from engine_process import FAKE
from fake_stages import ROOT, job_for, make_clip

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="streams as POSIX has them")


@pytest.fixture
def quick(tmp_path: Path) -> Path:
    return make_clip(tmp_path / "clip")


def test_without_standard_streams_the_work_is_done_all_the_same(tmp_path: Path, quick: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(job_for(quick, tmp_path / "out").to_json(), "utf-8")
    command = f"{shlex.join([sys.executable, '-m', 'backend', 'run', str(job), '--cache', str(tmp_path / 'cache')])}"
    for closed in ("<&-", ">&-", "2>&-", "<&- >&- 2>&-", "2>/dev/full"):
        done = subprocess.run(f"{command} {closed}", shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
        # The stages are the real ones, and the clip is none.
        assert done.returncode == 1 and "Traceback" not in done.stderr, (closed, done.stderr)
        assert "2>" in closed or "clip.json" in done.stderr, (closed, done.stderr)
        assert quick.read_text("utf-8") == "{}"


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["cache"], ["doctor"], ["models"]])
def test_an_answer_that_cannot_be_written_is_a_failure(tmp_path: Path, command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "backend", *command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
        )
    assert done.returncode == 1
    assert done.stderr.startswith("The output could not be written: No space left on device."), done.stderr


def test_a_reader_that_wants_no_more_is_no_failure() -> None:
    command = f"{shlex.join([sys.executable, '-m', 'backend', 'track', '--help'])} | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_on_a_full_disk_of_its_messages_the_work_goes_on(tmp_path: Path, quick: Path) -> None:
    job = tmp_path / "job.json"
    job.write_text(job_for(quick, tmp_path / "out").to_json(), "utf-8")
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, str(FAKE), str(job), "--cache", str(tmp_path / "cache")]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=full, stderr=full, check=False)
    assert done.returncode == 0
    assert (tmp_path / "out" / "track.npz").is_file()
