"""One shot at work, with programs in the engine's place that do what no engine should."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from backend.batch import worker
from backend.batch.shot import Record, Shot
from backend.batch.worker import ShotWorker
from backend.contract.job import STAGES
from backend.contract.supervision.process import Engine
from backend.system.project import PROJECT

HELLO = 'import os, time; print(\'{"event":"hello","protocol":1,"version":"x","device":"x","pid":1}\', flush=True); '


def worked(folder: Path, program: str) -> Record:
    """Let a program work on a shot until that has ended."""
    clip = folder / "clip.mp4"
    clip.touch()
    settings = {kind: spec.settings() for kind, spec in STAGES.items()}
    record = Record("clip", Shot(clip, settings))
    command = [sys.executable, "-c", program]
    at_work = ShotWorker(record, folder / "out", Engine(Path(sys.executable), PROJECT), lambda *_: command, False)
    at_work.start()
    for _ in range(2000):
        at_work.poll()
        if at_work.over:
            break
        time.sleep(0.01)
    at_work.close()
    return record


def test_a_worker_that_hangs_is_started_once_more_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SILENCE", 0.5)
    record = worked(tmp_path, HELLO + "time.sleep(60)")
    assert (record.state, record.starts) == ("failed", 2)
    assert record.failure is not None and record.failure.code == "worker-died"
    assert "no sign of life" in record.failure.sentence


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
def test_a_worker_without_memory_is_named_as_such(tmp_path: Path) -> None:
    record = worked(tmp_path, HELLO + "os.kill(os.getpid(), 9)")
    assert record.failure is not None and record.starts == 2
    assert "killed, by a person or because the memory was full" in record.failure.sentence
    assert "--workers" in record.failure.advice


def test_a_failure_keeps_the_log_and_a_job_to_try_again(tmp_path: Path) -> None:
    error = '{"event":"error","name":"video","code":"torn","sentence":"It is torn.","advice":"Copy it again."}'
    program = HELLO + f"import sys; sys.stderr.write('details'); print({error!r}, flush=True); sys.exit(1)"
    record = worked(tmp_path, program)
    assert record.failure is not None and str(record.failure) == "It is torn. Copy it again."
    assert record.starts == 1, "an engine that says why it failed is not started again"
    assert (tmp_path / "out" / record.log).read_text() == "details"
    assert (tmp_path / "out" / "clip" / "job.json").is_file()
