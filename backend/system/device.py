"""Description of this computer for the user, made without loading torch, which takes seconds."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Final

NVIDIA: Final = Path("/proc/driver/nvidia/gpus")
"""Where the NVIDIA driver of Linux names its GPUs."""

DISPLAY_CLASS: Final = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"
"""Where Windows keeps the names of its display adapters."""


def device_name() -> str:
    """Return what will compute: the name of the GPU where the fit can use it, else ``processor, 8 cores``."""
    return (_gpu() if _torch_has_cuda() else "") or _processor()


def _processor() -> str:
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return f"processor, {cores} core{'' if cores == 1 else 's'}"


def _torch_has_cuda() -> bool:
    """Whether the installed torch was built for CUDA: its version file says so."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return False
    try:
        text = Path(spec.origin).with_name("version.py").read_text("utf-8")
    except OSError:
        return False
    return re.search(r"^cuda\b[^=]*= *['\"]", text, flags=re.MULTILINE) is not None


def _gpu() -> str:
    return _gpu_of_windows() if sys.platform == "win32" else gpu_of_linux(NVIDIA)


def gpu_of_linux(folder: Path) -> str:
    """Return the name of the first GPU that the NVIDIA driver lists, or nothing."""
    try:
        for gpu in sorted(folder.iterdir()):
            match = re.search(r"^Model:\s*(.+?)\s*$", (gpu / "information").read_text("utf-8"), flags=re.MULTILINE)
            if match:
                return match.group(1)
    except OSError:
        return ""
    return ""


def _gpu_of_windows() -> str:
    if sys.platform != "win32":
        return ""
    import winreg

    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, DISPLAY_CLASS) as adapters:
        for number in range(winreg.QueryInfoKey(adapters)[0]):
            try:
                with winreg.OpenKey(adapters, f"{number:04d}") as adapter:
                    name = str(winreg.QueryValueEx(adapter, "DriverDesc")[0])
            except OSError:  # not an adapter, or not ours to read
                continue
            if "nvidia" in name.lower():
                return name
    return ""
