"""Compiles inner loops with numba and keeps the machine code in a place that can be written to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from ..folders import user_cache

_FALLBACK = Path(tempfile.gettempdir()) / "flame-head-tracker-numba"


def _writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or in the nearest parent of it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _choose_cache() -> None:
    """Point numba at the user's cache folder, or a temporary one where that cannot be written to.

    Left alone, numba writes beside the code, which may be an add-on that has to stay as it was installed.
    """
    if "NUMBA_CACHE_DIR" not in os.environ:
        usual = user_cache() / "numba"
        os.environ["NUMBA_CACHE_DIR"] = str(usual if _writable(usual) else _FALLBACK)
        config.reload_config()


_choose_cache()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over arrays on its first call, cached on disk, without the interpreter's lock.

    Threads are Python's own, each with a band of rows: numba's thread pools and torch's get in each other's way.
    """
    return numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
