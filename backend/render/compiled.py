"""Compiles inner loops with numba and keeps the machine code in a place that can be written to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

_FALLBACK = Path(tempfile.gettempdir()) / "flame-head-tracker-numba"


def _writable(folder: Path) -> bool:
    """Whether files can be made in `folder`, or in the nearest parent of it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _choose_cache() -> None:
    """Point numba at a temporary folder where neither the package nor the home folder can be written to.

    Left alone, numba raises when a cached function finds no such place.
    """
    places = (Path(__file__).parent / "__pycache__", Path.home() / ".cache")
    if "NUMBA_CACHE_DIR" not in os.environ and not any(_writable(place) for place in places):
        os.environ["NUMBA_CACHE_DIR"] = str(_FALLBACK)
        config.reload_config()


_choose_cache()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop over arrays on its first call, cached on disk, without the interpreter's lock.

    Threads are Python's own, each with a band of rows: numba's thread pools and torch's get in each other's way.
    """
    return numba.njit(cache=True, nogil=True, fastmath=False, error_model="numpy")(function)
