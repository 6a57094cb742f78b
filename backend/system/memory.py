"""Memory of this computer and of single processes, as far as the system tells without packages of others."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import Final

_GROUP: Final = Path("/sys/fs/cgroup")
"""Limits of a container on Linux, both versions below."""


def total_memory() -> int:
    """Return the bytes of memory of this computer, or of the container; 0 where the system does not say."""
    if sys.platform == "win32":
        return _windows_memory()[0]
    with contextlib.suppress(AttributeError, ValueError, OSError):
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        limit = _group_number("memory.max", "memory/memory.limit_in_bytes")
        return min(whole, limit) if limit else whole
    return 0


def free_memory() -> int | None:
    """Return the bytes that programs can still have without swapping; None where the system does not say."""
    if sys.platform == "win32":
        return _windows_memory()[1] or None
    try:
        text = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return None
    match = re.search(r"^MemAvailable:\s*(\d+) kB", text, flags=re.MULTILINE)
    free = int(match[1]) * 1024 if match else None
    limit = _group_number("memory.max", "memory/memory.limit_in_bytes")
    used = _group_number("memory.current", "memory/memory.usage_in_bytes")
    if free is None or not limit or not used:
        return free
    return min(free, max(0, limit - used))


def memory_of(pid: int) -> tuple[int, int] | None:
    """Return the bytes that a process holds, and those that it held at most; None where the system does not say."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return None
    sizes = {name: int(size) * 1024 for name, size in re.findall(r"^(VmRSS|VmHWM):\s*(\d+) kB", text, re.MULTILINE)}
    return (sizes["VmRSS"], sizes["VmHWM"]) if len(sizes) == 2 else None


def _group_number(*names: str) -> int:
    """Return what the first of these files of the container says; 0 where there is none, or it says ``max``."""
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            return int((_GROUP / name).read_text("ascii"))
    return 0


def _windows_memory() -> tuple[int, int]:
    """Return all and free bytes, see ``GlobalMemoryStatusEx`` of the Windows API; zeros where it fails."""
    if sys.platform != "win32":
        return 0, 0
    import ctypes

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in ("total", "free", "page_total", "page_free")),
            *((name, ctypes.c_ulonglong) for name in ("virtual_total", "virtual_free", "extended")),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return 0, 0
    return status.total, status.free
