"""What is looked at before the first byte is fetched: system, room on the disk, length of paths."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ..contract.failure import Failure
from ..contract.installation import Layout, platform_name

# MediaPipe 0.10.21 and torch 2.13 both have wheels for these and for no others.
SUPPORTED_PLATFORMS = ("linux-x86_64", "win32-amd64", "darwin-arm64")
# The longest path inside site-packages, measured over all wheels in requirements/: a licence file of torch.
LONGEST_MEMBER = 171
WINDOWS_LONGEST_PATH = 259


def check_platform(name: str | None = None) -> Failure | None:
    """Refuse systems that the packages do not exist for."""
    name = platform_name() if name is None else name
    if name in SUPPORTED_PLATFORMS:
        return None
    return Failure(
        "platform-unsupported",
        f"MediaPipe and torch have no ready-made files for this system ({name}).",
        "The tracking engine runs on Linux (x86-64), Windows (x86-64) and macOS (Apple silicon).",
    )


def check_room(layout: Layout, gigabytes: float) -> Failure | None:
    """Refuse when the disk has less room than the packages need, with 30 % to spare for what is fetched."""
    needed = gigabytes * 1.3
    free = shutil.disk_usage(_existing(layout.root)).free / 1e9
    if free >= needed:
        return None
    return Failure(
        "disk-full",
        f"The disk of {layout.root} has {free:.1f} GB free, but {needed:.1f} GB are needed.",
        "Make room, or choose a folder on another disk with --target.",
    )


def check_path_length(layout: Layout, windows: bool | None = None, long_paths: bool | None = None) -> Failure | None:
    """Refuse a folder in which files would exceed the longest path that Windows opens."""
    windows = sys.platform == "win32" if windows is None else windows
    if not windows or (_long_paths_enabled() if long_paths is None else long_paths):
        return None
    environment = layout.environments / "blender-4.2-00000000-10" / "Lib" / "site-packages"
    longest = len(str(environment)) + 1 + LONGEST_MEMBER
    if longest <= WINDOWS_LONGEST_PATH:
        return None
    return Failure(
        "path-too-long",
        f"Windows opens paths of up to {WINDOWS_LONGEST_PATH} characters, "
        f"but files below {layout.root} would reach {longest}.",
        "Choose a shorter folder, e.g. --target C:\\flame, or enable long paths in Windows.",
    )


def _long_paths_enabled() -> bool:
    if sys.platform != "win32":
        return True
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\FileSystem") as key:
            return winreg.QueryValueEx(key, "LongPathsEnabled")[0] == 1
    except OSError:
        return False


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
