"""Checks of `--test`: which failed is known, and a crash of Blender's own module is told and tried once more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from backend.setup.checks import Check, run_checks

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a crash has no signal there")

CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
CRASH_ONCE = f"import pathlib; p = pathlib.Path('crashed'); first = not p.exists(); p.touch()\nif first: {CRASH}"


class _Notes(list[str]):
    """A reporter that keeps what it is given."""

    def step(self, text: str) -> None:
        pass

    def note(self, text: str) -> None:
        self.append(text)


def _failed(folder: Path, code: str, *, in_blender: bool) -> tuple[list[str], _Notes]:
    notes = _Notes()
    check = Check("Tests", (sys.executable, "-c", code), in_blender)
    return run_checks([check], folder, notes), notes  # type: ignore[arg-type]


def test_a_crash_of_blender_is_told_and_tried_once_more(tmp_path: Path) -> None:
    failed, notes = _failed(tmp_path, CRASH_ONCE, in_blender=True)
    assert failed == [] and "crashed (signal 11)" in notes[0]


def test_blender_that_always_crashes_fails(tmp_path: Path) -> None:
    assert _failed(tmp_path, CRASH, in_blender=True)[0] == ["Tests"]


def test_checks_in_blender_run_beside_the_others(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    waits = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.01)\nprint('in Blender')"
    lets_go = "import pathlib; pathlib.Path('go').touch(); print('others')"
    checks = [
        Check("In Blender", (sys.executable, "-c", waits), in_blender=True),
        Check("Others", (sys.executable, "-c", lets_go)),
    ]
    assert run_checks(checks, tmp_path, _Notes()) == []  # type: ignore[arg-type]
    assert capfd.readouterr().out.split("\n")[:2] == ["others", "in Blender"]


def test_nothing_else_is_tried_again(tmp_path: Path) -> None:
    assert _failed(tmp_path, CRASH_ONCE, in_blender=False) == (["Tests"], [])
    assert _failed(tmp_path, "raise SystemExit(1)", in_blender=True) == (["Tests"], [])
