"""A limit on the memory of this process, beyond which it ends by itself instead of slowing the computer down."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final

EXIT_MEMORY: Final = 77
_PAUSE: Final = 0.1
"""Seconds between two measurements where the system has no limit of its own."""


def limit_memory(most: int) -> None:
    """Let this process have at most so many bytes: more are refused (Linux), or end it with `EXIT_MEMORY`."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    else:
        threading.Thread(target=_watch, args=(most,), daemon=True).start()


def _watch(most: int) -> None:
    while _used() < most:
        time.sleep(_PAUSE)
    os._exit(EXIT_MEMORY)


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of psapi.h."""

        _fields_ = (
            ("size", wintypes.DWORD),
            ("faults", wintypes.DWORD),
            *((name, ctypes.c_size_t) for name in ("peak_resident", "resident", "peak_paged", "paged")),
            *((name, ctypes.c_size_t) for name in ("peak_other", "other", "committed", "peak_committed")),
        )

    def _used() -> int:
        counters = _Counters()
        counters.size = ctypes.sizeof(counters)
        library = ctypes.WinDLL("kernel32")
        library.GetCurrentProcess.restype = wintypes.HANDLE
        library.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD)
        library.K32GetProcessMemoryInfo(library.GetCurrentProcess(), ctypes.byref(counters), counters.size)
        return int(counters.committed)

else:

    def _used() -> int:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS
