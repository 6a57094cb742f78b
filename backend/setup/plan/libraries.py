"""System libraries that wheels expect and that a bare Linux lacks, with the package that brings each."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

# Library -> (Debian and Ubuntu, Fedora)
PACKAGES = {
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libXrender.so.1": ("libxrender1", "libXrender"),
    "libXfixes.so.3": ("libxfixes3", "libXfixes"),
    "libXi.so.6": ("libxi6", "libXi"),
    "libXxf86vm.so.1": ("libxxf86vm1", "libXxf86vm"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libSM.so.6": ("libsm6", "libSM"),
    "libICE.so.6": ("libice6", "libICE"),
    "libgomp.so.1": ("libgomp1", "libgomp"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
}
# Native modules that link against the system: OpenCV and Blender.
WATCHED = ("cv2/*.so", "bpy/__init__.so")


def missing_libraries(packages: Path, said: str = "") -> list[str]:
    """Return the names of system libraries that cannot be found.

    Args:
        packages: Folder of the installed packages, whose native modules are asked with `ldd` where there is one.
        said: What a failed check wrote; its ``cannot open shared object file`` is read too.
    """
    found = set(re.findall(r"(lib[\w.+-]+\.so[.\d]*): cannot open shared object", said))
    if sys.platform.startswith("linux") and shutil.which("ldd"):
        for pattern in WATCHED:
            for module in packages.glob(pattern):
                found.update(_not_found(module))
    return sorted(found)


def missing_display_libraries() -> list[str]:
    """Return what Blender's Workbench and EEVEE open at run time and do not find; without it they cannot render."""
    if not sys.platform.startswith("linux"):
        return []
    return [name for name in ("libEGL.so.1", "libGL.so.1") if not _opens(name)]


def how_to_get(libraries: Iterable[str]) -> str:
    """Return one sentence with the commands that install the packages of these libraries."""
    libraries = list(libraries)
    known = [PACKAGES[name] for name in libraries if name in PACKAGES]
    unknown = [name for name in libraries if name not in PACKAGES]
    parts = []
    if known:
        debian = " ".join(sorted({names[0] for names in known}))
        fedora = " ".join(sorted({names[1] for names in known}))
        parts.append(f"Debian, Ubuntu: sudo apt install {debian}; Fedora: sudo dnf install {fedora}.")
    if unknown:
        parts.append(f"Find the package of your system that holds {', '.join(unknown)}.")
    return " ".join(parts)


def _not_found(module: Path) -> list[str]:
    try:
        answer = subprocess.run(["ldd", str(module)], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.SubprocessError):
        return []
    return re.findall(r"^\s*(\S+) => not found", answer.stdout, flags=re.MULTILINE)


def _opens(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
