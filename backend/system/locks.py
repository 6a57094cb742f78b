"""A lock on a file that its process cannot forget to give back: the system does when the process ends."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_TAKEN: Final = frozenset({errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK})
"""What the system answers where another process has the lock; anything else means that there are no locks here."""

_LOCKED_BYTE: Final = 1 << 30
"""Windows lets nobody read a byte that is locked: it lies far behind what is written into the file."""


_held: set[FileLock] = set()


def release_all() -> None:
    """Give back all locks of this process, which is about to end in the middle of its work."""
    for lock in list(_held):
        lock.release()


class FileLock:
    """Held from `take` until `release` or the end of the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self, holder: str = "") -> bool:
        """Take the lock without waiting; false where another process has it.

        Where the file system knows no locks, as some network drives, everybody gets it.

        Args:
            holder: Text that the file holds meanwhile, for those who find it locked.

        Raises:
            OSError: The file cannot be made.
        """
        while self._descriptor is None:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
            try:
                if not _lock(descriptor):
                    os.close(descriptor)
                    return False
                if self._still_names(descriptor):
                    os.ftruncate(descriptor, 0)
                    os.write(descriptor, holder.encode("utf-8"))
                    self._descriptor = descriptor
                    _held.add(self)
                else:  # its last holder removed it after we had opened it
                    os.close(descriptor)
            except OSError:
                os.close(descriptor)
                raise
        return True

    def holder(self) -> str:
        """Return what the process that has the lock wrote into its file; empty where nothing can be read."""
        try:
            return self.path.read_text("utf-8")
        except (OSError, ValueError):
            return ""

    def release(self) -> None:
        """Give the lock back and remove its file."""
        _held.discard(self)
        if self._descriptor is not None:
            if sys.platform != "win32":  # removed while it is still ours: nobody can take it in between
                self._remove()
            os.close(self._descriptor)
            self._descriptor = None
            if sys.platform == "win32":
                self._remove()

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()

    def _still_names(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), self.path.stat())
        except OSError:
            return False


def _lock(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _TAKEN
    return True
