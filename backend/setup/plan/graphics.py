"""NVIDIA's driver: whether this computer has one, and which CUDA it can run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class NvidiaDriver:
    """What `nvidia-smi` says.

    Attributes:
        names: Names of the GPUs.
        version: Version of the driver, e.g. ``570.86.10``.
        cuda: Newest CUDA that the driver runs, e.g. (12, 8); (0, 0) when it does not say.
        memory: Memory of each GPU as it prints it, e.g. ``24564 MiB``.
    """

    names: tuple[str, ...]
    version: str
    cuda: tuple[int, int]
    memory: tuple[str, ...]


def find_nvidia_driver(command: str | None = None) -> NvidiaDriver | None:
    """Return the driver, or None when there is no working one."""
    if command is None:
        command = shutil.which("nvidia-smi")
        beside_system = Path("C:\\Windows\\System32\\nvidia-smi.exe")
        if command is None and sys.platform == "win32" and beside_system.exists():
            command = str(beside_system)
    if command is None:
        return None
    listing = _ask([command, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    rows = [[cell.strip() for cell in line.split(",")] for line in listing.splitlines()]
    rows = [row for row in rows if len(row) == 3]
    if not rows:
        return None
    cuda = re.search(r"CUDA (?:UMD )?Version\s*:\s*(\d+)\.(\d+)", _ask([command]))
    return NvidiaDriver(
        names=tuple(row[0] for row in rows),
        version=rows[0][1],
        cuda=(int(cuda.group(1)), int(cuda.group(2))) if cuda else (0, 0),
        memory=tuple(row[2] for row in rows),
    )


def _ask(command: list[str]) -> str:
    try:
        answer = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return answer.stdout
