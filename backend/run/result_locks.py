"""Locks on results while a run makes them, so that two runs never mix their files.

Each file has a lock of its own, taken before the work starts and held to its end: runs that write other files into the
same folder do not hinder each other.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from ..contract.atomic import remove_half_made
from ..contract.failure import Failure
from ..contract.file_access import exists
from ..system.locks import FileLock
from ..system.writable import PAUSE, TRIES, not_writable

LOCK: Final = ".{name}.flame-lock"

LOCK_TIMEOUT: Final = 10.0
"""Seconds to wait for another run that is about to end, as one that was just cancelled."""

_LONGEST_NAME: Final = 50
"""Characters of a result's name in that of its lock."""

_RETRY_INTERVAL: Final = 0.1


@contextlib.contextmanager
def locked(
    paths: Iterable[Path], cancelled: Callable[[], bool], timeout: float = LOCK_TIMEOUT
) -> Iterator[Failure | None]:
    """Lock paths of results for this process; gives why that is not possible, or None.

    What killed runs have left half-made there is removed. Folders that are left empty at the end are removed again.

    Args:
        paths: Files, and folders that are written as a whole; the folders in which they lie are made.
        cancelled: Whether to wait no longer for another run.
        timeout: Seconds to wait for another run.
    """
    until = time.monotonic() + timeout
    with contextlib.ExitStack() as stack:
        # Always in one order: two runs that want the same paths must not wait for each other.
        busy = (_lock(path, stack, cancelled, until) for path in sorted(set(paths)))
        yield next(filter(None, busy), None)


def lock_of(path: Path) -> Path:
    """Return the file by which a result is locked."""
    return path.with_name(LOCK.format(name=path.name[:_LONGEST_NAME]))


def _lock(path: Path, stack: contextlib.ExitStack, cancelled: Callable[[], bool], until: float) -> Failure | None:
    lock = FileLock(lock_of(path))
    try:
        while not _acquired(lock, stack):
            if time.monotonic() > until or cancelled():
                return _in_use(path, lock.holder())
            time.sleep(_RETRY_INTERVAL)
    except OSError as error:
        return not_writable(path.parent, error)
    remove_half_made(path)  # nobody else writes it now
    return None


def _acquired(lock: FileLock, stack: contextlib.ExitStack) -> bool:
    holder = f"process {os.getpid()} on {platform.node() or 'this computer'}, since {time.strftime('%H:%M:%S')}"
    folder = lock.path.parent
    for left in reversed(range(TRIES)):
        new = [path for path in (folder, *folder.parents) if not exists(path)]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not lock.acquire(holder):
                return False
            stack.callback(_release, lock, new)
            return True
        except (FileNotFoundError, FileExistsError):
            if not left:
                raise
            time.sleep(PAUSE)
    return False


def _release(lock: FileLock, new: list[Path]) -> None:
    lock.release()
    with contextlib.suppress(OSError):  # there are results in it
        for path in new:
            path.rmdir()


def _in_use(path: Path, holder: str) -> Failure:
    who = f" ({holder})" if holder else ""
    return Failure(
        "output-in-use",
        f"Another run{who} is writing {path}.",
        "Wait until it has finished, or choose another folder for the results.",
    )
