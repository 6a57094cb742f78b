"""Folders of results are locked while a run writes into them, so that two runs never mix their files."""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from .contract.atomic import remove_half_made
from .contract.failure import Failure
from .locks import FileLock
from .stages.folders import PAUSE, TRIES, not_writable

LOCK: Final = ".flame-head-tracker.lock"

PATIENCE: Final = 10.0
"""Seconds to wait for another run that is about to end, as one that was just cancelled."""

_LOOK_AGAIN: Final = 0.1


@contextlib.contextmanager
def locked(
    folders: Iterable[Path], cancelled: Callable[[], bool], patience: float = PATIENCE
) -> Iterator[Failure | None]:
    """Keep folders for this process; gives why that is not possible, or None. Folders left empty are removed again.

    Args:
        folders: Folders of results, made where they are not there.
        cancelled: Whether to wait no longer for another run.
        patience: Seconds to wait for another run.
    """
    with contextlib.ExitStack() as stack:
        yield next(filter(None, (_lock(folder, stack, cancelled, patience) for folder in folders)), None)


def _lock(folder: Path, stack: contextlib.ExitStack, cancelled: Callable[[], bool], patience: float) -> Failure | None:
    lock, until = FileLock(folder / LOCK), time.monotonic() + patience
    try:
        while not _taken(lock, stack):
            if time.monotonic() > until or cancelled():
                return _busy(folder, lock.holder())
            time.sleep(_LOOK_AGAIN)
    except OSError as error:
        return not_writable(folder, error)
    remove_half_made(folder)  # by runs that were killed: nobody else writes here now
    return None


def _taken(lock: FileLock, stack: contextlib.ExitStack) -> bool:
    holder = f"process {os.getpid()} on {platform.node() or 'this computer'}, since {time.strftime('%H:%M:%S')}"
    folder = lock.path.parent
    for left in reversed(range(TRIES)):
        new = [place for place in (folder, *folder.parents) if not place.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not lock.take(holder):
                return False
            stack.callback(_give_back, lock, new)
            return True
        except (FileNotFoundError, FileExistsError):
            if not left:
                raise
            time.sleep(PAUSE)
    return False


def _give_back(lock: FileLock, new: list[Path]) -> None:
    lock.release()
    with contextlib.suppress(OSError):  # there are results in it
        for place in new:
            place.rmdir()


def _busy(folder: Path, holder: str) -> Failure:
    who = f" ({holder})" if holder else ""
    return Failure(
        "output-in-use",
        f"Another run writes its results to {folder}{who}.",
        "Wait until it has finished, or choose another folder for the results.",
    )
