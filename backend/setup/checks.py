"""Checks and demo of `--test` and `--demo`, run once the environments are there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..system.project import PROJECT
from .process import clean_environment
from .reporter import Reporter

_AGAIN: Final = 2
"""How often tests are started again in which Blender's module crashes: half of the runs of 4.2 have, on some days."""


@dataclass(frozen=True)
class Check:
    """One command of the tests.

    Attributes:
        title: What it checks, for the person who waits.
        command: Interpreter and arguments.
        in_blender: Whether it runs in Blender's module, which has crashed by itself now and then: after a crash,
            and only then, it is run again.
    """

    title: str
    command: tuple[str, ...]
    in_blender: bool = False


def test_commands(engine: Path, blenders: dict[str, Path]) -> list[Check]:
    """Return all checks: of the code, of the add-on in other versions of Blender, and last the whole test suite.

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
        for part in _parts(PROJECT / "tests" / "blender"):
            paths = [path.relative_to(PROJECT).as_posix() for path in part]
            title = f"Tests in {name}: {part[0].name if part[0].is_dir() else 'the rest'}"
            checks.append(Check(title, (str(blender), "-m", "pytest", *paths), in_blender=True))
    checks.append(Check("All tests, with Blender 4.5", (python, "-m", "pytest", "tests")))
    return checks


def _parts(folder: Path) -> list[list[Path]]:
    """Return each folder of tests, and the files beside them: each part gets a Blender of its own.

    The module of 4.2 damages its memory now and then, which ends it some hundred tests later.
    """
    folders = [each for each in sorted(folder.iterdir()) if each.is_dir() and any(each.rglob("test_*.py"))]
    return [*([each] for each in folders), sorted(folder.glob("test_*.py"))]


def run_checks(checks: Sequence[Check], project: Path, reporter: Reporter) -> list[str]:
    """Run all checks, what they write going to the terminal; returns the titles of those that failed.

    Those in other versions of Blender run one after the other beside the rest, and are shown when both are done: they
    use one core each, which halves the wait on two. Blender and temporary files are kept out of the user's own folders.
    """
    with tempfile.TemporaryDirectory(prefix="flame-tests-") as scratch:
        environment = clean_environment()
        environment.update(
            TMPDIR=scratch,
            BLENDER_USER_RESOURCES=str(Path(scratch) / "blender"),
            PYTHONDONTWRITEBYTECODE="1",
            # Without it, pyright's wrapper asks the network whether there is a newer one.
            PYRIGHT_PYTHON_IGNORE_WARNINGS="1",
        )
        failed = []
        with _Beside([check for check in checks if check.in_blender], project, environment, Path(scratch)) as beside:
            for check in checks:
                if not check.in_blender:
                    reporter.step(check.title)
                    if run_in_terminal(check.command, project, environment) != 0:
                        failed.append(check.title)
            failed += beside.show(reporter)
    return failed


class _Beside:
    """Checks that run one after the other beside others, in a thread that is ended with the block."""

    def __init__(self, checks: Sequence[Check], project: Path, environment: Mapping[str, str], folder: Path) -> None:
        self._checks = checks
        self._project = project
        self._environment = dict(environment)
        self._logs = [folder / f"check-{number}.log" for number in range(len(checks))]
        self._notes: list[str] = []
        self._statuses: list[int] = []
        self._child: subprocess.Popen[bytes] | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _Beside:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End what still runs: somebody does not want to wait any longer."""
        self._ended = True
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
        self._thread.join()

    def show(self, reporter: Reporter) -> list[str]:
        """Wait for the end, say what the checks have said, and return the titles of those that failed."""
        self._thread.join()
        for check, log in zip(self._checks, self._logs, strict=True):
            reporter.step(check.title)
            sys.stdout.write(log.read_text("utf-8", errors="replace"))
            sys.stdout.flush()
        for note in self._notes:
            reporter.note(note)
        return [check.title for check, status in zip(self._checks, self._statuses, strict=True) if status != 0]

    def _run(self) -> None:
        for check, log in zip(self._checks, self._logs, strict=True):
            status = self._status(check, log)
            for _ in range(_AGAIN):
                if status >= 0 or self._ended:
                    break
                self._notes.append(
                    f"Blender's module crashed (signal {-status}) and was started once more: {check.title}."
                )
                status = self._status(check, log)
            self._statuses.append(status)

    def _status(self, check: Check, log: Path) -> int:
        """Run a check to its end and return its exit status."""
        if self._ended:
            return 1
        with log.open("ab") as said:
            child = self._child = subprocess.Popen(
                list(check.command),
                cwd=self._project,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            return child.wait()


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
