"""Compiled code on disk: a damaged file is one that is not there, and nobody else may say what is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fake_stages
import pytest

CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import doubled
print(doubled.twice(21))
"""
LOOP = """
from backend.system.compiled import compiled

@compiled
def twice(number):
    return 2 * number
"""


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    """Call a compiled function in a process of its own, with its code kept in a folder."""
    (folder / "doubled.py").write_text(LOOP)
    os.utime(folder / "doubled.py", (1e9, 1e9))
    command = [sys.executable, "-c", CODE, str(folder)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder / "kept")}
    done = subprocess.run(command, cwd=fake_stages.ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "42\n"
    return done


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "kept").rglob("*") if path.is_file())


def test_damaged_files_are_compiled_again(tmp_path: Path) -> None:
    run(tmp_path)
    files = kept(tmp_path)
    assert [path.suffix for path in files] == [".nbc", ".nbi"]
    times = [path.stat().st_mtime_ns for path in files]
    run(tmp_path)
    assert [path.stat().st_mtime_ns for path in files] == times, "it is read, not made again"
    evil = b"cpathlib\nPath.touch\n(cpathlib\nPath\n(V" + str(tmp_path / "ran").encode() + b"\ntRtR."
    whole = files[0].read_bytes()
    flipped = bytes([*whole[:100], whole[100] ^ 1, *whole[101:]])
    for damaged in (b"", b"xx", whole[: len(whole) // 2], flipped, evil):
        for path in files:
            path.write_bytes(damaged)
        run(tmp_path)
        assert kept(tmp_path) == files
        assert all(path.read_bytes() != damaged for path in files)
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="rights as POSIX has them")
def test_a_folder_that_others_can_write_to_is_not_read(tmp_path: Path) -> None:
    planted = tmp_path / f"flame-head-tracker-numba-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    code = "from backend.system import compiled; print(compiled._temporary())"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    chosen = subprocess.run(
        command, cwd=fake_stages.ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(chosen) != planted
    assert not Path(chosen).exists(), "it goes with its process"
    planted.chmod(0o700)
    chosen = subprocess.run(
        command, cwd=fake_stages.ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert Path(chosen) == planted
