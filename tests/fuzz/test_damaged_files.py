"""A short, fixed share of the damaged files; `python -m tests.fuzz` runs as many as one likes."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .damage import damaged_bytes
from .ending import CRASH, HANG, HARM, INTERNAL, SENTENCE, VALUE, Ending, ending_of, judged
from .suite import Counts, content_of, is_good, table

ROOT = Path(__file__).resolve().parents[2]
KINDS = {
    "events": 40,
    "jobs": 40,
    "tracks": 80,
    "corrections": 80,
    "pictures": 40,
    "videos": 80,
    "pickles": 60,
    "heads": 20,
    "weights": 40,
    "performances": 40,
    "characters": 60,
}
IN_BLENDER = {"imports": 20, "blends": 12}


def fuzz(counts: dict[str, int], folder: Path) -> None:
    """Run the command; its table is the message where it fails."""
    for name, count in counts.items():
        command = [sys.executable, "-m", "tests.fuzz", "--only", name, "--count", str(count), "--work", str(folder)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("name", KINDS)
def test_damaged_files_end_as_a_value_or_a_clear_sentence(name: str, tmp_path: Path) -> None:
    fuzz({name: KINDS[name]}, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="Blender's module is not installed here.")
@pytest.mark.parametrize("name", IN_BLENDER)
def test_damaged_tracks_and_blends_do_nobody_harm_in_blender(name: str, tmp_path: Path) -> None:
    fuzz({name: IN_BLENDER[name]}, tmp_path)


def test_every_case_can_be_had_again() -> None:
    from .pictures import KIND

    assert content_of(KIND, "pictures", 7, 1) == content_of(KIND, "pictures", 7, 1)
    assert content_of(KIND, "pictures", 7, 1) != content_of(KIND, "pictures", 7, 2)
    assert damaged_bytes(b"good", random.Random(3)) == damaged_bytes(b"good", random.Random(3))


def test_what_should_not_be_is_told_from_what_may(tmp_path: Path) -> None:
    from backend.contract.failure import Failure

    def elsewhere() -> None:
        (tmp_path.parent / "elsewhere").write_text("x")

    def raises() -> None:
        raise KeyError("gone")

    good = Failure("a", "It is damaged.", "Copy it again.")
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    for work, kind in (
        (lambda: 3, VALUE),
        (lambda: good, SENTENCE),
        (lambda: Failure("internal", "Something went wrong.", "Report it."), INTERNAL),
        (raises, INTERNAL),
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), CRASH),
        (lambda: os._exit(3), CRASH),
        (elsewhere, HARM),
        (lambda: subprocess.run(["true"], check=False), HARM),
        (lambda: os.system("true"), HARM),
        (outside.mkdir, HARM),
        (lambda: (inside / "own").write_text("x"), VALUE),
    ):
        found = ending_of(work, inside)
        assert found.kind == kind, (found, kind)
    assert judged(good) == (SENTENCE, "a")


def test_the_table_names_the_cases_that_went_wrong() -> None:
    counts = Counts()
    for number in range(5):
        counts.add(number, Ending(VALUE, "", 0.1))
    assert is_good({"videos": counts})
    counts.add(5, Ending(HANG, "no end after 30 s", 30.0))
    told = table({"videos": counts})
    assert not is_good({"videos": counts})
    assert "hang" in told and "cases 5" in told and "30.0 s (case 5)" in told
