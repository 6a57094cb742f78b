"""The room that a track takes is looked at before the fit, and a full disk is said in a sentence."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import fake_stages
import numpy as np
import pytest
from engine_process import FAKE
from fake_runs import Runs
from fake_stages import job_for, make_clip, ran
from small_fits import a_fit, a_head

from backend.contract.failure import Failure
from backend.contract.settings import TrackFileSettings
from backend.data.context import Context
from backend.data.types import Fit, TrackFile
from backend.head.model import HeadModel
from backend.run.engine import EXIT_DONE, EXIT_FAILED
from backend.run.run_failures import failure_of_stage
from backend.stages import track as track_stage

Usage = namedtuple("Usage", "total used free")


def test_the_size_of_a_track_is_known_before_it_is_made(tmp_path: Path) -> None:
    head = a_head()
    fit = a_fit(head)
    context = Context("track", lambda _event: None, lambda: False, tmp_path, tmp_path)
    written = track_stage.run(fit, head, TrackFileSettings(path=str(tmp_path / "track.npz")), context)
    assert isinstance(written, TrackFile)
    size = written.path.stat().st_size
    many = len(fit.pose)
    per_frame = track_stage.track_bytes(many + 1, head) - track_stage.track_bytes(many, head)
    arrays = written.track
    real = sum(
        np.asarray(getattr(arrays, name)).nbytes / many
        for name in ("vertices", "landmarks", "landmark_visibility", "scores", "expression", "head_rotation")
    )
    assert real < per_frame < real + 2000
    assert abs(track_stage.track_bytes(many, head) - size) < 0.25 * size + 30_000


def test_a_disk_that_is_too_small_stops_the_run_before_the_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, clip = Runs(tmp_path), make_clip(tmp_path / "clips")
    registry = fake_stages.registry()

    def track(fit: Fit, head: HeadModel, settings: TrackFileSettings, context: Context) -> fake_stages.Files:
        return fake_stages.track(fit, "a head", settings, context)

    registry["head"] = dataclasses.replace(registry["head"], run=lambda settings, context: a_head())
    registry["track"] = dataclasses.replace(registry["track"], run=track, check_outputs=track_stage.check_outputs)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(10**9, 10**9 - 10**4, 10**4))
    result = run(job_for(clip, tmp_path / "out"), registry)
    assert isinstance(result, Failure)
    assert result.code == "disk-too-small"
    assert "6 frames" in result.sentence
    assert "fit" not in ran(clip)
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(0, 0, 0))
    run(job_for(clip, tmp_path / "out"), registry)
    assert "fit" in ran(clip), "a drive that does not know its size is no full one"


def said(error: OSError) -> Failure:
    failure = failure_of_stage(error, "Report", writes=True)
    assert failure is not None
    return failure


def test_a_full_disk_is_said_in_a_sentence_with_or_without_a_name() -> None:
    full = (errno.ENOSPC, "No space left on device")
    assert said(OSError(*full)).sentence == "The disk is full, so the result of 'Report' could not be written."
    assert said(OSError(*full, "/a/b.png")).sentence == "The disk is full, so /a/b.png could not be written."


def test_advice_fits_what_went_wrong() -> None:
    assert "moved or deleted" in said(FileNotFoundError(errno.ENOENT, "No such file", "/a/b.png")).advice
    assert "may write to" in said(PermissionError(errno.EACCES, "Permission denied", "/a/b.png")).advice


def test_a_temporary_cache_goes_with_its_run(tmp_path: Path) -> None:
    temporary, nowhere = tmp_path / "temporary", tmp_path / "file"
    temporary.mkdir()
    nowhere.touch()

    def run(**behaviour: bool) -> int:
        job = tmp_path / "job.json"
        job.write_text(
            job_for(make_clip(tmp_path / "clips", **behaviour), tmp_path / str(behaviour)).to_json(), "utf-8"
        )
        caches = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"), str(nowhere))
        folders = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))
        command = [sys.executable, str(FAKE), str(job), "--models", str(tmp_path)]
        return subprocess.run(command, env=os.environ | caches | folders, capture_output=True, check=False).returncode

    assert run() == EXIT_DONE
    assert list(temporary.iterdir()) == []
    assert run(**{"break": True}) == EXIT_FAILED
    (log,) = (path for path in temporary.rglob("*") if path.is_file())
    assert "a fault of the program" in log.read_text("utf-8"), "there is something to report with"
