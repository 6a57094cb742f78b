"""Finished work on disk, one entry per stage and key, so that nothing is computed twice.

entries/<kind>-<key>.npz    output of a stage (see `serialise`)
entries/<kind>-<key>.json   for stages that write files for the user: which, and what is in them;
                            for quick ones: what was said of their output
entries/contents-<key>.json hashes of the files that were read from a folder, see `contents`
entries/<name>-<key>/       parts of the work that several outputs have in common, as a stage keeps them
work/<kind>-<key>/          unfinished work of a stage, there until the stage is done; .lock beside it while in use
logs/                       a log per run
running/                    a locked file per engine that is at work

Heads, compiled code and previews lie here too; see `cache_folder` for what is ours and may be removed.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from ..contract.atomic import write_atomically
from ..contract.content import size_and_hash
from ..system import cache_folder
from ..system.cache_folder import COMPILED, ENTRIES, HEADS, LOGS, PREVIEWS, RUNNING, WORK
from ..system.locks import FileLock
from ..system.user_folders import user_cache
from . import serialise

LIMIT: Final = 4 * 1024**3
"""Bytes that entries may take; beyond that the ones unused for longest go."""

CONTENTS: Final = "contents"
"""Kind of the entries in which hashes of files are remembered: no results."""

KEPT_LOGS: Final = 20

FORGOTTEN: Final = 14 * 24 * 3600
"""Seconds after which unfinished work is taken for forgotten."""


@dataclass(frozen=True)
class CacheSize:
    """What the cache holds: number of entries, and bytes of all that is ours in it."""

    entries: int
    size: int


class Cache:
    """Entries under one folder. Two engines may use it at once: entries appear whole, by renaming."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries = root / ENTRIES
        self.logs = root / LOGS

    @property
    def usual(self) -> bool:
        """Whether this is the one in the user's own cache folder."""
        return self.root == user_cache()

    def prepare(self) -> None:
        """Make the folders (`cache_folder.ForeignFolder` where they are not ours, OSError where it fails)."""
        cache_folder.claim(self.root, usual=self.usual)
        for name in (ENTRIES, WORK, LOGS, RUNNING):
            (self.root / name).mkdir(exist_ok=True)
        probe = self.root / f".probe-{os.getpid()}"
        probe.touch()
        probe.unlink()

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Let others know that this process works with the cache, so that they leave alone what it needs."""
        lock = FileLock(self.root / RUNNING / f"{os.getpid()}-{secrets.token_hex(4)}.lock")
        with contextlib.suppress(OSError):
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

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
        """Remember which files a stage has written for the user, with a stamp of each."""
        data = {"files": {name: [str(path), *_stamp(path)] for name, path in files.items()}, "meta": meta}
        text = json.dumps(data).encode("utf-8")
        self._write(self._path(kind, key, "json"), lambda stream: stream.write(text))

    def recorded(
        self, kind: str, key: str, paths: Mapping[str, Path] | None = None
    ) -> tuple[dict[str, Path], dict[str, Any]] | None:
        """Return files and meta of `record`, or None where one of the files is gone or changed since.

        Args:
            kind, key: Of the stage.
            paths: Where the files are looked for; where they were written if None.
        """
        path = self._path(kind, key, "json")
        try:
            data = json.loads(path.read_text("utf-8"))
            files = {name: (paths or {}).get(name) or Path(where) for name, (where, _, _) in data["files"].items()}
            untouched = all(stamp in _stamps(files[name]) for name, (_, *stamp) in data["files"].items())
            return (files, data["meta"]) if untouched else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def wrote(self, path: Path) -> bool | None:
        """Whether a file or folder is as a stage once wrote it, None where none did.

        For results of versions that left no mark in them.
        """
        known: bool | None = None
        try:
            stamps = [[str(path), *stamp] for stamp in _stamps(path)]
        except OSError:
            return known
        for record in cache_folder.owned_paths(self.root, ENTRIES):
            if record.suffix == ".json":
                with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
                    written = json.loads(record.read_text("utf-8"))["files"].values()
                    if any(stamp in written for stamp in stamps):
                        return True
                    if any(stamp[0] == str(path) for stamp in written):
                        known = False
        return known

    @contextlib.contextmanager
    def work(self, kind: str, key: str) -> Iterator[Path]:
        """Give a folder for unfinished work of a stage: removed when the stage is done, kept when it raises.

        Where another engine is at the same work just now, this one gets a folder of its own.
        """
        folder = self.root / WORK / f"{kind}-{key}"
        folder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.with_name(f"{folder.name}.lock"))
        if not lock.acquire():
            folder = folder.with_name(f"{folder.name}-{os.getpid()}")
            lock = FileLock(folder.with_name(f"{folder.name}.lock"))
            lock.acquire()
        folder.mkdir(exist_ok=True)
        try:
            yield folder
            cache_folder.remove(folder)
        finally:
            lock.release()

    def new_log(self) -> Path:
        """Return the path of a fresh log file, the oldest ones being removed."""
        for old in list(cache_folder.owned_paths(self.root, LOGS))[: -KEPT_LOGS + 1]:
            cache_folder.remove(old)
        return self.logs / f"engine-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"

    def size(self) -> CacheSize:
        """Return what the cache takes."""
        folders = (ENTRIES, WORK, LOGS, PREVIEWS, HEADS, COMPILED)
        results = [path for path in cache_folder.owned_paths(self.root, ENTRIES) if path.suffix in (".npz", ".json")]
        entries = sum(1 for path in results if not path.name.startswith(f"{CONTENTS}-"))
        return CacheSize(
            entries, sum(cache_folder.size_of(path) for path in cache_folder.owned_files(self.root, *folders))
        )

    def clear(self) -> CacheSize:
        """Remove all that is ours but what running engines are at; return what was freed."""
        before, running = self.size(), cache_folder.running_processes(self.root)
        for path in cache_folder.owned_paths(self.root, WORK):
            cache_folder.remove_work(path)
        for path in cache_folder.owned_paths(self.root, LOGS, PREVIEWS):
            if cache_folder.process_number(path) not in running:
                cache_folder.remove(path)
        # A running engine makes entries again that it misses, but not the folders that compiled code goes to.
        for path in cache_folder.owned_paths(self.root, ENTRIES, *(() if running else (HEADS, COMPILED))):
            cache_folder.remove(path)
        left = self.size()
        return CacheSize(max(0, before.entries - left.entries), max(0, before.size - left.size))

    def prune(self, limit: int = LIMIT) -> None:
        """Remove the entries unused for longest until the rest takes at most `limit` bytes, and forgotten work.

        A disk that is not there any more is passed over: the work itself is done.
        """
        with contextlib.suppress(OSError):
            self._prune(limit)

    def _prune(self, limit: int) -> None:
        forgotten = time.time() - FORGOTTEN
        for path in cache_folder.owned_paths(self.root, WORK):
            if path.is_dir() and cache_folder.modified_time(path) < forgotten:
                cache_folder.remove_work(path)
        files = list(cache_folder.owned_files(self.root, ENTRIES))
        total = 0
        for path in sorted(files, key=cache_folder.modified_time, reverse=True):
            total += cache_folder.size_of(path)
            if total > limit:
                cache_folder.remove(path)
        for path in cache_folder.owned_paths(self.root, ENTRIES):
            if path.is_dir():
                with contextlib.suppress(OSError):
                    path.rmdir()  # only where nothing is left in it

    def _path(self, kind: str, key: str, suffix: str) -> Path:
        return self.entries / f"{kind}-{key}.{suffix}"

    def _write(self, path: Path, write: Callable[[BinaryIO], Any]) -> None:
        def to_file(beside: Path) -> None:
            with beside.open("wb") as stream:
                write(stream)

        write_atomically(path, to_file)


def _stamps(path: Path) -> list[list[Any]]:
    """Return the stamps that a file may be recorded with: of its content, or of its time of change."""
    return [_stamp(path), _outer_stamp(path)]


def _stamp(path: Path) -> list[Any]:
    """Return a stamp of a file's content; of a folder, its size and time of change (OSError where there is none)."""
    content = size_and_hash(path)
    return list(content) if content is not None else _outer_stamp(path)


def _outer_stamp(path: Path) -> list[Any]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]
