"""Changes that only the installer makes in its folder: claim, lock, switch to an environment, clear away others."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from ..contract.atomic import write_atomically
from ..contract.failure import Failure
from ..contract.installation import Layout, Stamp, read_pointer
from ..system.locks import FileLock
from .plan.preflight import check_target

MARKER_TEXT = "Made by install_deps.py. Nothing else is installed on this computer: delete this folder to uninstall.\n"


def claim(layout: Layout) -> Failure | None:
    """Create the folder and mark it as ours, or say why it cannot be used."""
    failure = check_target(layout)
    if failure is not None:
        return failure
    try:
        layout.environments.mkdir(parents=True, exist_ok=True)
        if not layout.marker.exists():
            layout.marker.write_text(MARKER_TEXT, encoding="utf-8")
    except OSError as error:
        return Failure(
            "target-not-writable",
            f"The folder {layout.root} cannot be written ({error.strerror}).",
            "Choose a folder of your own with --target.",
        )
    return None


@contextmanager
def locked(layout: Layout) -> Iterator[Failure | None]:
    """Hold the folder for one installer at a time; gives a `Failure` when another one has it."""
    lock = FileLock(layout.lock)
    if not lock.acquire():
        yield Failure(
            "installer-running",
            f"Another installation into {layout.root} is under way.",
            "Wait until it has ended, or stop it.",
        )
        return
    try:
        yield None
    finally:
        lock.release()


def write_pointer(layout: Layout, content: Mapping[str, str]) -> None:
    """Switch to other environments in one step: a reader sees the old file or the new one. May raise `OSError`."""
    text = json.dumps(dict(content), indent=1) + "\n"
    write_atomically(layout.pointer, lambda beside: beside.write_text(text, encoding="utf-8"), synced=True)


def write_stamp(environment: Path, stamp: Stamp) -> None:
    """Declare an environment complete. May raise `OSError`."""
    text = json.dumps(asdict(stamp), indent=1) + "\n"
    write_atomically(environment / "stamp.json", lambda beside: beside.write_text(text, encoding="utf-8"), synced=True)


def is_environment_name(name: str) -> bool:
    """Whether a folder is called as `new_environment` calls them."""
    return re.fullmatch(r"[a-z0-9.-]+-[0-9a-f]{8}-[0-9]+", name) is not None


def new_environment(layout: Layout, name: str, key: str) -> Path:
    """Return a path for an environment that is not taken yet."""
    number = 1
    while (layout.environments / f"{name}-{key}-{number}").exists():
        number += 1
    return layout.environments / f"{name}-{key}-{number}"


def remove_leftovers(layout: Layout) -> list[Path]:
    """Remove environments that are not in use and scratch files; returns what could not be removed, e.g. in use."""
    used = {layout.environments / Path(folder).name for folder in read_pointer(layout).values()}
    stays = []
    for folder in layout.environments.iterdir():
        # What somebody else has put there is theirs.
        if is_environment_name(folder.name) and folder not in used and (_in_use(folder) or not remove(folder)):
            stays.append(folder)
    remove(layout.temporary)
    return stays


def remove(folder: Path) -> bool:
    """Remove a folder with all that is in it, as far as that goes; tell whether it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _in_use(environment: Path) -> bool:
    """Tell whether a running engine still imports from an environment; see `install.launcher`."""
    if not (environment / "in-use").exists():
        return False
    lock = FileLock(environment / "in-use")
    try:
        taken = lock.acquire()
    except OSError:
        return True
    lock.release()
    return not taken


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below a folder, links not followed."""
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 - ten times faster on 60 000 files
            except OSError:
                # Gone between the two calls.
                continue
    return total
