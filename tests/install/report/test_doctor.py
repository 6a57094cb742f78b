"""`doctor`: one page that can be put into a bug report as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from install_helpers import ROOT, Installation

from backend.contract.installation import Layout
from backend.setup.plan.graphics import NvidiaDriver
from backend.setup.report import doctor, inspection
from backend.setup.report.inspection import EnvironmentState, Inspection

ANSWER = {
    "python": "3.11.7",
    "packages": {"torch": "2.13.0+cpu", "bpy": "4.5.15"},
    "devices": {"cuda": False, "mps": False},
    "models": [
        {"file": "flame2023_Open.pkl", "name": "FLAME 2023 Open", "licence": "CC BY 4.0", "problems": []},
        {"file": "odd.pkl", "name": "odd.pkl", "licence": "", "problems": ["odd.pkl has no shapedirs."]},
    ],
    "cache": {"folder": str(Path.home() / "cache"), "entries": 3, "bytes": 12_000_000},
}


def page(monkeypatch: pytest.MonkeyPatch, found: Inspection, full: bool = False) -> doctor.Page:
    monkeypatch.setattr(doctor, "inspect", lambda layout, project: found)
    monkeypatch.setattr(doctor, "find_nvidia_driver", lambda: None)
    return doctor.write_page(Layout(Path.home() / "secret project" / "venv"), full)


def test_a_computer_where_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Inspection([EnvironmentState("engine", "complete", "3.11", ("engine",))], True, ANSWER)
    text = "\n".join((result := page(monkeypatch, ready)).lines)
    assert result.missing == []
    assert "The engine is ready." in text
    assert "FLAME 2023 Open; licence: CC BY 4.0" in text
    assert "odd.pkl has no shapedirs." in text
    assert "12 MB in 3 results" in text
    assert len(result.lines) < 60


def test_no_personal_paths_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Inspection([EnvironmentState("engine", "complete", "3.11", ("engine",))], True, ANSWER)
    short, full = ("\n".join(page(monkeypatch, ready, full=asked).lines) for asked in (False, True))
    assert str(Path.home() / "secret project") in full
    assert sys.executable in full
    for private in ("secret project", str(Path.home() / "cache"), sys.executable, str(ROOT)):
        assert private not in short


def test_what_is_missing_comes_with_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = EnvironmentState("engine", "complete", "3.11", ("engine",), libraries=("libGL.so.1",))
    result = page(monkeypatch, Inspection([engine], True, ANSWER))
    assert any("sudo apt install libgl1" in sentence for sentence in result.missing)
    nothing = Inspection([EnvironmentState("engine", "not installed")], True, {}, "not installed")
    result = page(monkeypatch, nothing)
    assert any(sentence.endswith("python3 install_deps.py") for sentence in result.missing)
    assert "The engine is ready." not in result.lines


def test_a_gpu_that_the_engine_does_not_use_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ready = Inspection([EnvironmentState("engine", "complete", "3.11", ("engine",))], True, ANSWER)
    monkeypatch.setattr(doctor, "inspect", lambda layout, project: ready)
    driver = NvidiaDriver(("NVIDIA H200",), "590.44", (13, 1), ("143771 MiB",))
    monkeypatch.setattr(doctor, "find_nvidia_driver", lambda: driver)
    result = doctor.write_page(Layout(Path("anywhere")), full=False)
    assert any("NVIDIA H200, 143771 MiB" in line for line in result.lines)
    assert any("--torch cuda" in sentence for sentence in result.possible)


def test_states_of_an_environment(installation: Installation) -> None:
    layout = Layout(installation.target)
    assert inspection.inspect(layout, ROOT).environments[0].state == "not installed"
    (layout.environments / "engine-00000000-1").mkdir(parents=True)
    assert inspection.inspect(layout, ROOT).environments[0].state == "half-made"


def test_it_runs_before_anything_is_installed(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-S", str(ROOT / "install_deps.py"), "--doctor", "--target", str(tmp_path / "venv")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 1
    assert "The engine (not installed): python3 install_deps.py" in run.stdout
    assert run.stderr == ""
    assert not (tmp_path / "venv").exists()
