"""Compiles inner loops with numba and keeps the machine code in a place that can be written to."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numba
from numba.core import config
from numba.core.caching import FunctionCache, IndexDataCacheFile

from ..contract.atomic import write_atomically
from .user_folders import user_cache

_ENDING: Final = b"sha256:"
"""Stands before the hash at the end of a file; numba reads no further than its own content."""

_SHARED_NAME: Final = "flame-head-tracker-numba"


def _writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or in the nearest parent of it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _temporary() -> Path:
    """Return a temporary folder that nobody else can write to: whoever could would choose what is run."""
    owner = os.getuid() if sys.platform != "win32" else 0
    folder = Path(tempfile.gettempdir()) / f"{_SHARED_NAME}-{owner}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        private = status.st_uid == owner and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if stat.S_ISDIR(status.st_mode) and (private or sys.platform == "win32"):
            return folder
    private_folder = Path(tempfile.mkdtemp(prefix=f"{_SHARED_NAME}-"))
    atexit.register(shutil.rmtree, private_folder, ignore_errors=True)
    return private_folder


def _choose_cache() -> None:
    """Point numba at the user's cache folder, or a temporary one where that cannot be written to.

    Left alone, numba writes beside the code, which may be an add-on that has to stay as it was installed.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        usual = user_cache() / "numba"
        os.environ["NUMBA_CACHE_DIR"] = str(usual if _writable(usual) else _temporary())
        config.reload_config()


_choose_cache()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over arrays on its first call, cached on disk, without the interpreter's lock.

    Threads are Python's own, each with a band of rows: numba's thread pools and torch's get in each other's way.
    """
    dispatcher = numba.njit(nogil=True, fastmath=False, error_model="numpy")(function)
    with contextlib.suppress(RuntimeError):  # no place at all to keep it: it is compiled each time
        dispatcher._cache = _CheckedCache(function)  # pyright: ignore[reportAttributeAccessIssue] - no public way
    return dispatcher


class _CheckedCache(FunctionCache):
    """numba's own, but a damaged file is one that is not there; numba would raise whatever unpickling it raises."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _CheckedFile(self._cache_path, self._impl.filename_base, stamp)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code; a disk that is full costs only the time of compiling again."""
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)


class _CheckedFile(IndexDataCacheFile):
    """Index and code in files that end on the hash of their content: machine code must not differ by one bit."""

    def _load_index(self) -> dict[Any, str]:
        return super()._load_index() if _is_intact(Path(self._index_path)) else {}

    def _load_data(self, name: str) -> Any:
        path = Path(self._data_path(name))
        if not _is_intact(path):
            raise OSError(f"{path.name} is damaged")  # numba takes it for removed
        return super()._load_data(name)

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:  # pyright: ignore[reportIncompatibleMethodOverride]
        stream = io.BytesIO()
        yield stream
        content = stream.getvalue()
        ending = _ENDING + hashlib.sha256(content).digest()
        write_atomically(Path(filepath), lambda partial: partial.write_bytes(content + ending))


def _is_intact(path: Path) -> bool:
    """Whether a file ends on the hash of its content; one that does not is removed."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    length = len(content) - hashlib.sha256().digest_size - len(_ENDING)
    if length >= 0 and content[length:] == _ENDING + hashlib.sha256(content[:length]).digest():
        return True
    if _ENDING in content:  # else it is of an earlier version
        sys.stderr.write(f"The compiled code in {path} is damaged; it is compiled again.\n")
    with contextlib.suppress(OSError):
        path.unlink()
    return False
