"""Folders that may not be entered, as those of other users: they are answered in sentences, not in system errors."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backend.cli.main import main
from backend.contract.failure import Failure
from backend.contract.file_access import access_problem, exists, is_file, is_folder
from backend.contract.model_files import find_model_file, head_files, task_file
from backend.contract.settings import VideoSettings
from backend.data.context import Context
from backend.photo.read import read_photo
from backend.run.result_locks import locked
from backend.system.writable import writable_problem
from backend.video.opening import open_video


@pytest.fixture
def closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that exists and answers as the system does to whoever may not enter it; an administrator always may."""
    folder = tmp_path / "closed"
    folder.mkdir()

    def refusing(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if isinstance(path, (str, Path)) and folder in Path(path).parents:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return ask(path, *arguments, **options)

        return asked

    for name in ("stat", "lstat", "open", "mkdir"):
        monkeypatch.setattr(os, name, refusing(getattr(os, name)))
    return folder


def test_nothing_is_seen_in_a_closed_folder(closed: Path) -> None:
    assert is_folder(closed) and not is_file(closed)
    assert not any(ask(closed / "a.mp4") for ask in (is_file, is_folder, exists))
    assert access_problem(closed / "a.mp4") == "Permission denied" and access_problem(closed.parent / "no.mp4") == ""


def test_a_closed_folder_of_models_has_no_models(closed: Path) -> None:
    assert task_file(closed) is None and find_model_file(closed, "mica.tar") is None and head_files(closed) == []


def test_a_clip_or_photograph_in_a_closed_folder_is_named_with_the_reason(closed: Path, context: Context) -> None:
    clip = open_video(VideoSettings(path=str(closed / "clip.mp4")), context)
    for found in (clip, read_photo(closed / "face.jpg")):
        assert isinstance(found, Failure) and "can't be read: Permission denied." in found.sentence


def test_results_in_a_closed_folder_are_refused_before_the_work(closed: Path) -> None:
    problem = writable_problem(closed / "results")
    assert problem is not None and problem.code == "output-not-writable"
    with locked([closed / "results" / "track.npz"], lambda: False) as busy:
        assert busy is not None and busy.code == "output-not-writable"


def test_a_cache_in_a_closed_folder_is_named(closed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cache", "clear", "--cache", str(closed / "cache")]) == 1
    assert "cannot be read: Permission denied." in capsys.readouterr().err
