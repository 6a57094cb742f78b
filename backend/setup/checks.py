"""Checks and demo of `--test` and `--demo`, run once the environments are there."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import clean_environment
from .reporter import Reporter


@dataclass(frozen=True)
class Check:
    """One command of the tests.

    Attributes:
        title: What it checks, for the person who waits.
        command: Interpreter and arguments.
        in_blender: Whether it runs in Blender's module, which has crashed in its own importers about once in thirty
            runs: after a crash, and only then, it is run once more.
    """

    title: str
    command: tuple[str, ...]
    in_blender: bool = False


def test_commands(engine: Path, blenders: dict[str, Path]) -> list[Check]:
    """Return all checks in the order in which they run; the whole test suite comes last, its summary being the end.

    Args:
        engine: Interpreter of the engine, with Blender 4.5 and the development tools.
        blenders: Interpreters of the other versions of Blender by name.
    """
    python = str(engine)
    checks = [
        Check("Style of the code", (python, "-m", "ruff", "check", ".")),
        Check("Layout of the code", (python, "-m", "ruff", "format", "--check", ".")),
        Check("Types", (python, "-m", "pyright", "--pythonpath", python)),
    ]
    for name, blender in blenders.items():
        checks.append(Check(f"Tests in {name}", (str(blender), "-m", "pytest", "tests/blender"), in_blender=True))
    checks.append(Check("All tests, with Blender 4.5", (python, "-m", "pytest", "tests")))
    return checks


def run_checks(checks: Sequence[Check], project: Path, reporter: Reporter) -> list[str]:
    """Run all checks, what they write going to the terminal; returns the titles of those that failed.

    Blender and temporary files are kept out of the user's own folders.
    """
    failed = []
    with tempfile.TemporaryDirectory(prefix="flame-tests-") as scratch:
        environment = clean_environment()
        environment.update(
            TMPDIR=scratch,
            BLENDER_USER_RESOURCES=str(Path(scratch) / "blender"),
            PYTHONDONTWRITEBYTECODE="1",
            # Without it, pyright's wrapper asks the network whether there is a newer one.
            PYRIGHT_PYTHON_IGNORE_WARNINGS="1",
        )
        for check in checks:
            reporter.step(check.title)
            status = run_in_terminal(check.command, project, environment)
            if status < 0 and check.in_blender:
                reporter.note(f"Blender's module crashed (signal {-status}); once more: {check.title}.")
                status = run_in_terminal(check.command, project, environment)
            if status != 0:
                failed.append(check.title)
    return failed


def run_demo(engine: Path, project: Path, reporter: Reporter) -> int:
    """Run the demo; returns its exit status."""
    reporter.step("Demo: a clip is made, tracked, imported and compared with the truth")
    environment = clean_environment()
    with tempfile.TemporaryDirectory(prefix="flame-demo-") as scratch:
        environment["BLENDER_USER_RESOURCES"] = scratch
        return run_in_terminal((str(engine), "-m", "backend.sample.demo", "--out", "demo"), project, environment)


def run_in_terminal(command: Sequence[str], folder: Path, environment: dict[str, str]) -> int:
    """Run a command with its output on the terminal; it ends when we are interrupted. Returns its exit status."""
    child = subprocess.Popen(list(command), cwd=folder, env=environment, stdin=subprocess.DEVNULL)
    try:
        return child.wait()
    except KeyboardInterrupt:
        # On a terminal it got the signal too and tidies up by itself.
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        raise
    finally:
        if child.poll() is None:
            child.kill()
