"""The zip that animators install."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from install_helpers import ROOT

from backend.contract.failure import Failure
from backend.setup.add_on_zip import build_zip, files_of
from backend.setup.command import main

PROJECT = (
    "kept.py",
    "tests/kept_not.py",
    "deep/tests/kept.py",
    "deep/__pycache__/kept_not.pyc",
    ".git/config",
    "models/README.md",
    "models/generic_model.pkl",
    "requirements/blender-4.2.txt",
    "requirements/engine.txt",
    "old.zip",
)
PATTERNS = ("__pycache__/", "*.zip", "/.*", "/tests/", "/models/*", "!/models/README.md", "/requirements/blender-*.txt")


def test_patterns_mean_what_they_mean_to_blender(tmp_path: Path) -> None:
    for name in PROJECT:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    kept = [path.relative_to(tmp_path).as_posix() for path in files_of(tmp_path, PATTERNS)]
    assert kept == ["deep/tests/kept.py", "kept.py", "models/README.md", "requirements/engine.txt"]


def test_the_command_builds_the_same_bytes_every_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = []
    for folder in ("a", "b"):
        assert main(["--package", "--out", str(tmp_path / folder)], ROOT) == 0
        built.append(Path(capsys.readouterr().out.strip()))
    assert built[0].name == "blender_flame_tracker-0.1.0.zip"
    assert built[0].read_bytes() == built[1].read_bytes()
    with zipfile.ZipFile(built[0]) as archive:
        names = archive.namelist()
    assert "backend/setup/command.py" in names
    assert not [
        name for name in names if name.startswith(("tests/", "tools/", "backend/bench/")) or name.endswith(".pyc")
    ]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = build_zip(ROOT, tmp_path / "file")
    assert isinstance(result, Failure)
    assert str(tmp_path / "file") in result.sentence
