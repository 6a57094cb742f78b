"""Finished work on disk, one entry per stage and key, so that nothing is computed twice.

entries/<kind>-<key>.npz    output of a stage (see `serialise`)
entries/<kind>-<key>.json   for stages that write files for the user: which, with size and time of change;
                            for quick ones: what was said of their output
entries/<name>-<key>/       parts of the work that several outputs have in common, as a stage keeps them
work/<kind>-<key>/          unfinished work of a stage, there until the stage is done; .lock beside it while in use
logs/                       a log per run
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from . import serialise
from .contract.atomic import write_atomically
from .locks import FileLock

LIMIT: Final = 4 * 1024**3
"""Bytes that entries may take; beyond that the ones unused for longest go."""

KEPT_LOGS: Final = 20

FORGOTTEN: Final = 14 * 24 * 3600
"""Seconds after which unfinished work is taken for forgotten."""


@dataclass(frozen=True)
class CacheSize:
    """What the cache holds: number of entries, and bytes of entries, unfinished work and logs together."""

    entries: int
    size: int


class Cache:
    """Entries under one folder. Two engines may use it at once: entries appear whole, by renaming."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries = root / "entries"
        self.logs = root / "logs"

    def prepare(self) -> None:
        """Make the folders (OSError where that is impossible)."""
        for folder in (self.entries, self.root / "work", self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        probe = self.root / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()

    def store(self, kind: str, key: str, value: Any, meta: dict[str, Any]) -> None:
        """Keep a stage's output (OSError where there is no space)."""
        self._write(self._path(kind, key, "npz"), lambda stream: serialise.write(stream, value, meta))

    def load(self, kind: str, key: str) -> Any:
        """Return a stage's output (`serialise.Unreadable` where it is damaged; the entry is then removed)."""
        path = self._path(kind, key, "npz")
        try:
            value = serialise.read(path)
        except serialise.Unreadable:
            path.unlink(missing_ok=True)
            raise
        os.utime(path)
        return value

    def meta(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return what was said of a stored output, or None where there is none or it is damaged."""
        path = self._path(kind, key, "npz")
        if not path.is_file():
            return None
        return serialise.read_meta(path)

    def forget(self, kind: str, key: str) -> None:
        """Remove an entry."""
        for suffix in ("npz", "json"):
            self._path(kind, key, suffix).unlink(missing_ok=True)

    def record(self, kind: str, key: str, files: dict[str, Path], meta: dict[str, Any]) -> None:
        """Remember which files a stage has written for the user, and what they look like from outside."""
        data = {"files": {name: [str(path), *_look(path)] for name, path in files.items()}, "meta": meta}
        text = json.dumps(data).encode("utf-8")
        self._write(self._path(kind, key, "json"), lambda stream: stream.write(text))

    def recorded(self, kind: str, key: str) -> tuple[dict[str, Path], dict[str, Any]] | None:
        """Return files and meta of `record`, or None where one of the files is gone or changed since."""
        path = self._path(kind, key, "json")
        try:
            data = json.loads(path.read_text("utf-8"))
            files = {name: Path(where) for name, (where, _, _) in data["files"].items()}
            untouched = all(_look(files[name]) == seen for name, (_, *seen) in data["files"].items())
            return (files, data["meta"]) if untouched else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @contextlib.contextmanager
    def work(self, kind: str, key: str) -> Iterator[Path]:
        """Give a folder for unfinished work of a stage: removed when the stage is done, kept when it raises.

        Where another engine is at the same work just now, this one gets a folder of its own.
        """
        folder = self.root / "work" / f"{kind}-{key}"
        lock = FileLock(folder.with_suffix(".lock"))
        if not lock.take():
            folder = folder.with_name(f"{folder.name}-{os.getpid()}")
        folder.mkdir(parents=True, exist_ok=True)
        try:
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            lock.release()

    def new_log(self) -> Path:
        """Return the path of a fresh log file, the oldest ones being removed."""
        for old in sorted(self.logs.glob("engine-*.log"))[: -KEPT_LOGS + 1]:
            old.unlink(missing_ok=True)
        return self.logs / f"engine-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"

    def size(self) -> CacheSize:
        """Return what the cache takes."""
        entries = sum(1 for path in self.entries.glob("*") if path.suffix in (".npz", ".json"))
        return CacheSize(entries, sum(_size(path) for path in _files(self.root)))

    def clear(self) -> CacheSize:
        """Remove every entry, all unfinished work and the logs; return what was freed."""
        freed = self.size()
        for folder in (self.entries, self.root / "work", self.logs):
            shutil.rmtree(folder, ignore_errors=True)
        return freed

    def prune(self, limit: int = LIMIT) -> None:
        """Remove the entries unused for longest until the rest takes at most `limit` bytes, and forgotten work."""
        for folder in (self.root / "work").iterdir():
            if time.time() - folder.stat().st_mtime > FORGOTTEN:
                shutil.rmtree(folder, ignore_errors=True)
        found = sorted(
            ((path.stat().st_mtime, path.stat().st_size, path) for path in _files(self.entries)), reverse=True
        )
        total = 0
        for _, size, path in found:
            total += size
            if total > limit:
                path.unlink(missing_ok=True)
        for folder in self.entries.iterdir():
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    def _path(self, kind: str, key: str, suffix: str) -> Path:
        return self.entries / f"{kind}-{key}.{suffix}"

    def _write(self, path: Path, write: Callable[[BinaryIO], Any]) -> None:
        def to_file(beside: Path) -> None:
            with beside.open("wb") as stream:
                write(stream)

        write_atomically(path, to_file)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # another engine has just finished with it
        return 0


def _look(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
