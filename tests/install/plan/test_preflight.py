"""Checks and finds before the first byte is fetched."""

from __future__ import annotations

import json
import os
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from backend.contract.failure import Failure
from backend.contract.installation import Layout
from backend.setup.plan import extras, interpreters, preflight

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"


def stand_in(folder: Path, name: str, version: str, venv: bool = True, implementation: str = "cpython") -> Path:
    """Write a program that answers as a Python of another version would."""
    facts = {
        "version": version,
        "bits": 64,
        "implementation": implementation,
        "executable": str(folder / name),
        "venv": venv,
        "threads": False,
    }
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{json.dumps(facts)}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def lonely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer whose only Pythons are those in the folder returned and the running one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(interpreters, "_folders", lambda version: [])
    return tmp_path


def test_the_running_python_is_taken_when_it_fits() -> None:
    found = interpreters.find_interpreter((RUNNING,))
    assert isinstance(found, interpreters.Interpreter)
    assert found.version == RUNNING
    assert found.executable == Path(os.path.abspath(sys._base_executable))  # type: ignore[attr-defined]  # noqa: PTH100


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for Python")
def test_another_python_on_the_computer_is_found(lonely: Path) -> None:
    stand_in(lonely, "python3", "3.8")
    wanted = stand_in(lonely, "python3.90", "3.90")
    found = interpreters.find_interpreter(("3.90",))
    assert found == interpreters.Interpreter(wanted, "3.90", True)


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for Python")
def test_a_python_of_another_kind_is_not_taken(lonely: Path) -> None:
    stand_in(lonely, "python3.90", "3.90", implementation="pypy")
    assert isinstance(interpreters.find_interpreter(("3.90",)), Failure)
    assert interpreters.probe("C:\\Users\\a\\AppData\\Local\\Microsoft\\WindowsApps\\python.exe") is None


@pytest.mark.skipif(os.name == "nt", reason="a script stands in for Python")
def test_what_to_install_is_said(lonely: Path) -> None:
    failure = interpreters.find_interpreter(("3.90",))
    assert isinstance(failure, Failure)
    assert failure.code == "python-missing"
    assert "3.90" in failure.advice
    stand_in(lonely, "python3.90", "3.90", venv=False)
    failure = interpreters.find_interpreter(("3.90",))
    assert isinstance(failure, Failure)
    assert "apt install python3.90-venv" in failure.advice


def test_a_python_that_was_named_is_the_only_one_tried(tmp_path: Path) -> None:
    failure = interpreters.find_interpreter((RUNNING,), str(tmp_path / "python"))
    assert isinstance(failure, Failure)
    assert "does not start" in failure.sentence


@pytest.mark.parametrize("name", preflight.SUPPORTED_PLATFORMS)
def test_the_three_systems_pass(name: str) -> None:
    assert preflight.check_platform(name) is None


@pytest.mark.parametrize("name", ["darwin-x86_64", "linux-aarch64", "win32-arm64"])
def test_other_systems_are_refused(name: str) -> None:
    failure = preflight.check_platform(name)
    assert failure is not None
    assert name in failure.sentence


def test_room_is_looked_at_where_the_folder_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    asked = []
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: asked.append(path) or usage(0, 0, 2.5e9))
    layout = Layout(tmp_path / "not" / "yet" / "there")
    assert preflight.check_room(layout, 1.9) is None
    failure = preflight.check_room(layout, 2.0)
    assert failure is not None
    assert "2.5 GB free, but 2.6 GB are needed" in failure.sentence
    assert asked == [tmp_path, tmp_path]


def test_paths_too_long_for_windows_are_refused() -> None:
    short, long = Layout(Path("C:/flame")), Layout(Path("C:/Users") / ("x" * 60))
    assert preflight.check_path_length(short, windows=True, long_paths=False) is None
    failure = preflight.check_path_length(long, windows=True, long_paths=False)
    assert failure is not None
    assert "--target C:\\flame" in failure.advice
    assert preflight.check_path_length(long, windows=True, long_paths=True) is None
    assert preflight.check_path_length(long, windows=False, long_paths=False) is None


@pytest.mark.parametrize("name", extras.EXTRAS)
def test_a_missing_compiler_is_named(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_HOME", raising=False)
    failure = extras.check_tools(name)
    assert failure is not None
    assert "C++ compiler" in failure.sentence
    assert ("nvcc" in failure.sentence) == extras.EXTRAS[name].needs_cuda
    assert f"leave --with {name} out" in failure.advice
