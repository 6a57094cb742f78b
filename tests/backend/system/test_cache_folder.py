"""Tidying of the cache folder: files that are not ours stay, whoever asks; so do those of a running engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fake_stages
import numpy as np
import pytest

from backend.cli.cache import main
from backend.data.previews import preview_folder
from backend.run.cache import Cache
from backend.system.cache_folder import MARKER, ForeignFolder

KEY = "0123456789abcdef" * 2
LONG_AGO = (1e9, 1e9)


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def someones(folder: Path) -> set[str]:
    """Fill a folder with what a user may have in folders that are called as ours are; return the files."""
    names = [
        *("work/thesis/a.txt", "work/fit/b.txt", "entries/novel.npz", "entries/fit-12.npz", "logs/engine-1.log"),
        *("logs/diary.log", "previews/1/holiday.png", "previews/new/000001.png", "heads/mine.npz", "numba/x/y.nbi"),
    ]
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bytes(10))
    for path in folder.rglob("*"):
        os.utime(path, LONG_AGO)
    return set(names)


def filled(root: Path) -> Cache:
    """A cache with something of every kind of ours in it."""
    cache = Cache(root)
    cache.prepare()
    cache.store("fit", KEY, {"a": np.zeros(10)}, {})
    for name in (
        *("heads/builtin_head_0123456789abcdef0123.npz", f"numba/render_{'1' * 40}/overlay._draw-1.py311.nbi"),
        *("logs/engine-20260101-120000-1.log", "previews/1/000001.png", f"work/fit-{KEY}/chunk_00001.npz"),
        *(f"work/fit-{KEY}.lock", f"entries/observations-{KEY}/chunk_00000.npz"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(bytes(10))
    return cache


@contextmanager
def another_engine(cache: Cache) -> Iterator[int]:
    """Another process that works with the cache, at work on the fit; gives its number."""
    code = (
        "import sys; from pathlib import Path; from backend.run.cache import Cache\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        f"with cache.in_use(), cache.work('fit', '{KEY}') as folder:\n"
        "    (folder / 'mine').touch(); print('ready', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(cache.root)]
    process = subprocess.Popen(command, cwd=fake_stages.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process.pid
    process.communicate("")
    assert process.returncode == 0


def test_a_folder_with_other_things_is_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = someones(tmp_path)
    with pytest.raises(ForeignFolder, match="other things"):
        Cache(tmp_path).prepare()
    for action in ("clear", "show"):
        assert main([action, "--cache", str(tmp_path)]) == 1
        assert "is not a cache of this program" in capsys.readouterr().err
    assert files(tmp_path) == before


def test_only_names_of_our_own_form_are_removed_from_a_cache(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    theirs = someones(cache.root)
    cache.prune(limit=0)
    preview_folder(cache.root)
    cache.new_log()
    assert theirs <= files(cache.root)
    cache.clear()
    assert files(cache.root) == theirs | {MARKER}


def test_clearing_removes_all_that_is_ours(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    assert cache.clear().size > 0
    assert files(cache.root) == {MARKER}
    assert cache.size().size == 0


def test_a_link_in_a_cache_is_not_followed(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "000001.png").touch()
    (cache.root / "work" / f"smooth-{KEY}").symlink_to(elsewhere)
    (cache.root / "previews" / "2").symlink_to(elsewhere)
    cache.prune(limit=0)
    cache.clear()
    assert files(elsewhere) == {"000001.png"}


def test_a_cache_of_an_earlier_version_is_taken_over(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    (cache.root / MARKER).unlink()
    (cache.root / "running").rmdir()
    again = Cache(cache.root)
    again.prepare()
    assert (cache.root / MARKER).is_file()
    assert again.meta("fit", KEY) == {}
    (cache.root / MARKER).unlink()
    (cache.root / "entries" / "novel.npz").touch()
    with pytest.raises(ForeignFolder):
        again.prepare()


def test_the_folder_in_the_users_own_cache_is_ours_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.run.cache.user_cache", lambda: tmp_path)
    (tmp_path / "note.txt").touch()
    Cache(tmp_path).prepare()
    assert (tmp_path / MARKER).is_file()


def test_clearing_leaves_what_a_running_engine_is_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache = filled(tmp_path / "cache")
    with another_engine(cache) as number:
        of_theirs = f"previews/{number}/000003.png"
        (cache.root / of_theirs).parent.mkdir()
        (cache.root / of_theirs).touch()
        assert main(["clear", "--cache", str(cache.root)]) == 0
        left = files(cache.root)
        assert {f"work/fit-{KEY}/mine", of_theirs} <= left
        assert any(name.startswith("numba/") for name in left)
        assert not any(name.startswith(("entries/", "previews/1/")) for name in left)
        assert "An engine is running" in capsys.readouterr().out
    main(["clear", "--cache", str(cache.root)])
    assert files(cache.root) == {MARKER}


def test_pruning_spares_work_that_an_engine_is_at_for_weeks(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    with another_engine(cache):
        os.utime(cache.root / "work" / f"fit-{KEY}", LONG_AGO)
        cache.prune()
        assert (cache.root / "work" / f"fit-{KEY}" / "mine").exists()
    assert cache.root.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_names_that_vanish_or_dangle_do_not_stop_pruning(tmp_path: Path) -> None:
    cache = filled(tmp_path / "cache")
    for folder in ("work", "entries", "previews"):
        (cache.root / folder / f"fit-{'f' * 32}").symlink_to(tmp_path / "nowhere")
    cache.prune(limit=0)
    cache.clear()
    for folder in ("entries", "work", "logs"):
        for path in (cache.root / folder).iterdir():
            path.unlink()
        (cache.root / folder).rmdir()
    cache.prune()
    assert cache.clear().size == 0
