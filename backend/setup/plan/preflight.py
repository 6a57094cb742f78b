"""Checks before the first byte is fetched: system, room on the disk, length of paths."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ...contract.failure import Failure
from ...contract.installation import (
    ENGINE,
    WINDOWS_LONGEST_PATH,
    Layout,
    longest_path_below,
    normalised,
    platform_name,
    read_pointer,
)
from .downloads import Download

# MediaPipe 0.10.21 and torch 2.13 both have wheels for these and for no others.
SUPPORTED_PLATFORMS = ("linux-x86_64", "win32-amd64", "darwin-arm64")


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
    free = shutil.disk_usage(existing(layout.root)).free / 1e9
    if free >= needed:
        return None
    return Failure(
        "disk-full",
        f"The disk of {layout.root} has {free:.1f} GB free, but {needed:.1f} GB are needed.",
        "Make room, or choose a folder on another disk with --target.",
    )


def check_target(layout: Layout) -> Failure | None:
    """Refuse a folder that is somebody else's or cannot be written; nothing is created."""
    root = layout.root
    try:
        if root.exists() and not layout.marker.exists() and (not root.is_dir() or any(root.iterdir())):
            return Failure(
                "target-not-ours",
                f"{root} exists already and was not made by this installer, so it is left alone.",
                "Move it away, or choose another folder with --target.",
            )
        writable = os.access(existing(root), os.W_OK | os.X_OK)
    except OSError:
        writable = False
    if writable:
        return None
    return Failure(
        "target-not-writable",
        f"The folder {root} cannot be written.",
        "Choose a folder of your own with --target.",
    )


def check_owner(layout: Layout, project: Path) -> Failure | None:
    """Refuse the environment inside another copy of the program: its own installer may have put more into it."""
    owner = read_pointer(layout).get("project", "")
    if not owner or Path(owner).is_absolute():
        return None
    folder = (layout.root / owner).resolve()
    if folder == project.resolve() or not (folder / "install_deps.py").is_file():
        return None
    return Failure(
        "target-of-another",
        f"{layout.root} belongs to the program in {folder}.",
        "Update it there with: python3 install_deps.py; or choose another folder with --target.",
    )


def check_wheels(folder: Path | None, packages: Sequence[Download]) -> Failure | None:
    """Refuse a folder of wheels that lacks some of the packages, when it is all that may be used."""
    if folder is None or not folder.is_dir():
        return Failure("wheelhouse-missing", f"There is no folder {folder}.", "Name one that has wheels.")
    there = set()
    for file in folder.glob("*.whl"):
        name, version = [*file.name.split("-"), "", ""][:2]
        there.add((normalised(name), version.partition("+")[0]))
    missing = [f"{each.name} {each.version}" for each in packages if (each.name, each.version) not in there]
    # pip comes with Python; the one in the list is only newer.
    missing = [name for name in missing if not name.startswith("pip ")]
    if not missing:
        return None
    shown = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
    return Failure(
        "wheels-missing",
        f"The folder {folder} lacks {shown}.",
        "Fill it with 'pip download' on a computer of the same kind, as docs/reference.md tells.",
    )


def check_path_length(
    layout: Layout, name: str = ENGINE, windows: bool | None = None, long_paths: bool | None = None
) -> Failure | None:
    """Refuse a folder in which files would exceed the longest path that Windows opens."""
    windows = sys.platform == "win32" if windows is None else windows
    if not windows or (_long_paths_enabled() if long_paths is None else long_paths):
        return None
    longest = longest_path_below(layout, name)
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


def existing(path: Path) -> Path:
    """Return the path or the nearest folder above it that is there."""
    while not path.exists():
        path = path.parent
    return path
